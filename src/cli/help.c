/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

enum { WIDTH = 110 };

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

void rst_help_overview(void) {
  puts("restrain: the numerical analysis of training\n\nusage:");
  for (const struct rst_command *command = rst_commands; command->name; ++command) {
    printf("  restrain %-9s %s\n                     %s\n", command->name, command->usage, command->summary);
  }
  puts(
      "\nrestrain help COMMAND lists its options, restrain help case the keys of case files.\n\n"
      "exit codes: 0 done; 1 failure; 2 usage or case error; 3 the run diverged (its file is complete up to "
      "there);\n"
      "            4 input or output; 75 stopped by a signal or the wall limit, go on with --resume\n\n"
      "first steps:\n"
      "  restrain run cases/nonlinear-lr-0.01.yaml\n"
      "  restrain info output/nonlinear-lr-0.01/run.h5");
}

void rst_help_command(const struct rst_command *command) {
  printf("usage: restrain %s %s\n\n%s: %s.\n\n", command->name, command->usage, command->name,
         command->summary);
  print_paragraphs(command->details);
  putchar('\n');
  rst_options_describe(command->options);
}

enum rst_exit rst_command_help(struct rst_context *context, const struct rst_arguments *arguments) {
  if (!arguments->subject) {
    rst_help_overview();
    return RST_EXIT_DONE;
  }
  const struct rst_command *command = rst_command_find(arguments->subject);
  if (command) {
    rst_help_command(command);
    return RST_EXIT_DONE;
  }
  if (strcmp(arguments->subject, "case") != 0) {
    fprintf(stderr, "restrain: there is no help on '%s'; see restrain help\n", arguments->subject);
    return RST_EXIT_USAGE;
  }
  char *text = NULL;
  const enum rst_status status = rst_case_reference(context, &text);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  fputs(text, stdout);
  free(text);
  return RST_EXIT_DONE;
}
