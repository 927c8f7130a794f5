/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/command.h"

enum rst_exit rst_command_check(struct rst_context *context, const struct rst_arguments *arguments) {
  struct rst_case *loaded = NULL;
  const enum rst_status status = rst_arguments_load(context, arguments, &loaded);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  fputs(arguments->json ? rst_case_json(loaded) : rst_case_effective(loaded), stdout);
  rst_case_destroy(&loaded);
  return RST_EXIT_DONE;
}
