/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "cli/command.h"

static void add_command(const struct rst_command *command, struct rst_text *text) {
  const struct rst_member words[] = {{"name", command->name, 0.0},
                                     {"usage", command->usage, 0.0},
                                     {"summary", command->summary, 0.0},
                                     {"details", command->details, 0.0}};
  rst_text_add(text, "{\"words\": ");
  rst_text_add_object(text, words, sizeof words / sizeof *words);
  rst_text_add(text, ",\n \"options\": [");
  rst_options_add_json(command->options, text);
  rst_text_add(text, "]}");
}

enum rst_exit rst_help_json(struct rst_context *context) {
  char *tables = NULL;
  const enum rst_status status = rst_case_tables(context, &tables);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  struct rst_text text = {0};
  rst_text_add(&text, "{\"version\": ");
  rst_text_add_quoted(&text, rst_version()->version);
  rst_text_add(&text, ",\n\"commands\": [");
  for (const struct rst_command *command = rst_commands; command->name; ++command) {
    rst_text_add(&text, "%s", command == rst_commands ? "\n" : ",\n");
    add_command(command, &text);
  }
  rst_text_add(&text, "],\n\"exit_codes\": [");
  for (const struct rst_exit_meaning *row = rst_exit_meanings; row->meaning; ++row) {
    const struct rst_member members[] = {{"code", NULL, (double)row->code}, {"meaning", row->meaning, 0.0}};
    rst_text_add(&text, "%s", row == rst_exit_meanings ? "\n" : ",\n");
    rst_text_add_object(&text, members, sizeof members / sizeof *members);
  }
  rst_text_add(&text, "],\n\"case\": %s}", tables);
  free(tables);
  return rst_print_text(&text);
}
