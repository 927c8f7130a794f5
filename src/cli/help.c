/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

enum { WIDTH = 80 };

const struct rst_exit_meaning rst_exit_meanings[] = {
    {RST_EXIT_DONE, "done"},
    {RST_EXIT_FAILURE, "failure"},
    {RST_EXIT_USAGE, "usage or case error"},
    {RST_EXIT_DIVERGED, "the run diverged (its file is complete up to there)"},
    {RST_EXIT_IO, "input or output"},
    {RST_EXIT_STOPPED, "stopped by a signal or the wall limit, go on with --resume"},
    {RST_EXIT_DONE, NULL},
};

/* Paragraphs, which empty lines part, in lines of at most WIDTH columns. */
static void print_paragraphs(const char *text) {
  int column = 0;
  while (*text) {
    const size_t gap = strspn(text, " \n");
    const bool parted = column > 0 && strncmp(text, "\n\n", 2) == 0;
    text += gap;
    const int length = (int)strcspn(text, " \n");
    if (length == 0) {
      break;
    }
    const bool fits = column + 1 + length <= WIDTH;
    const char *before = column == 0 ? "" : parted ? "\n\n" : fits ? " " : "\n";
    printf("%s%.*s", before, length, text);
    column = fits && !parted && column > 0 ? column + 1 + length : length;
    text += length;
  }
  putchar('\n');
}

void rst_help_column(int indent, const char *text) {
  int column = indent;
  while (*text) {
    const int length = (int)strcspn(text, " ");
    if (column > indent && column + 1 + length > WIDTH) {
      printf("\n%*s", indent, "");
      column = indent;
    }
    column += printf("%s%.*s", column > indent ? " " : "", length, text);
    text += length + (text[length] == ' ');
  }
  putchar('\n');
}

void rst_help_overview(void) {
  enum { INDENT = 21 };
  puts("restrain: the numerical analysis of training\n\nusage:");
  for (const struct rst_command *command = rst_commands; command->name; ++command) {
    printf("  restrain %-9s ", command->name);
    rst_help_column(INDENT, command->usage);
    printf("%*s", INDENT, "");
    rst_help_column(INDENT, command->summary);
  }
  puts(
      "\nrestrain help COMMAND lists its options, restrain help case the keys of case\n"
      "files, restrain help KEY one of them.\n\nexit codes:");
  for (const struct rst_exit_meaning *row = rst_exit_meanings; row->meaning; ++row) {
    printf("  %2d  %s\n", (int)row->code, row->meaning);
  }
  puts(
      "\nfirst steps:\n"
      "  restrain run cases/nonlinear-lr-0.01.yaml\n"
      "  restrain info output/nonlinear-lr-0.01/run.h5");
}

void rst_help_command(const struct rst_command *command) {
  const int indent = printf("usage: restrain %s ", command->name);
  rst_help_column(indent, command->usage);
  printf("\n");
  rst_help_column(printf("%s: ", command->name), command->summary);
  printf("\n");
  print_paragraphs(command->details);
  putchar('\n');
  rst_options_describe(command->options);
}

enum rst_exit rst_command_help(struct rst_context *context, const struct rst_arguments *arguments) {
  if (arguments->json) {
    return rst_help_json(context);
  }
  if (!arguments->subject) {
    rst_help_overview();
    return RST_EXIT_DONE;
  }
  const struct rst_command *command = rst_command_find(arguments->subject);
  if (command) {
    rst_help_command(command);
    return RST_EXIT_DONE;
  }
  char *text = NULL;
  const bool all = strcmp(arguments->subject, "case") == 0;
  const enum rst_status status =
      all ? rst_case_reference(context, &text) : rst_case_explain(context, arguments->subject, &text);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  fputs(text, stdout);
  free(text);
  return RST_EXIT_DONE;
}
