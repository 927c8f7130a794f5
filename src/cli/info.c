/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"

enum rst_exit rst_command_info(struct rst_context *context, const struct rst_arguments *arguments) {
  char *text = NULL;
  const enum rst_status status = rst_archive_describe(context, arguments->subject, arguments->json, &text);
  if (status != RST_OK) {
    return rst_report(context, status);
  }
  fputs(text, stdout);
  free(text);
  return RST_EXIT_DONE;
}
