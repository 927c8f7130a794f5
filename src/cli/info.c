/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"

/* A file that cannot be read is damaged as a whole. */
static bool verify(struct rst_context *context, const char *path, bool json, struct rst_text *results) {
  char *text = NULL;
  bool intact = false;
  if (rst_archive_verify(context, path, json, &text, &intact) == RST_OK) {
    rst_text_add(results, "%s", text);
  } else if (json) {
    const struct rst_member members[] = {{"file", path, 0.0}, {"error", rst_context_message(context), 0.0}};
    rst_text_add_object(results, members, sizeof members / sizeof *members);
  } else {
    rst_text_add(results, "%s: damaged: %s\n", path, rst_context_message(context));
  }
  free(text);
  return intact;
}

static enum rst_exit verify_all(struct rst_context *context, const struct rst_arguments *arguments) {
  struct rst_text results = {0};
  bool intact = true;
  rst_text_add(&results, arguments->json ? "{\"files\": [" : "");
  for (size_t i = 0; i < arguments->subject_count; ++i) {
    rst_text_add(&results, arguments->json && i > 0 ? ", " : "");
    intact = verify(context, arguments->subjects[i], arguments->json, &results) && intact;
  }
  rst_text_add(&results, arguments->json ? "]}" : "");
  const enum rst_exit printed = rst_print_text(&results);
  return printed == RST_EXIT_DONE && !intact ? RST_EXIT_IO : printed;
}

enum rst_exit rst_command_info(struct rst_context *context, const struct rst_arguments *arguments) {
  char *text = NULL;
  if (arguments->verify) {
    return verify_all(context, arguments);
  }
  const enum rst_status status = rst_archive_describe(context, arguments->subject, arguments->json, &text);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  fputs(text, stdout);
  free(text);
  return RST_EXIT_DONE;
}
