/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/mpi_ranks.h"
#include "core/core.h"
#include "core/text.h"

static bool reports_json = false;

void rst_report_as_json(void) {
  reports_json = true;
}

static enum rst_exit exit_of(enum rst_status status) {
  switch (status) {
  case RST_OK:
    return RST_EXIT_DONE;
  case RST_ERROR_ARGUMENT:
  case RST_ERROR_CASE:
  case RST_ERROR_UNSUPPORTED:
    return RST_EXIT_USAGE;
  case RST_ERROR_IO:
    return RST_EXIT_IO;
  default:
    return RST_EXIT_FAILURE;
  }
}

enum rst_exit rst_report_failure(struct rst_context *context, enum rst_status status) {
  const char *message = rst_context_message(context);
  const enum rst_exit code = exit_of(status);
  message = *message ? message : rst_status_text(status);
  if (reports_json) {
    struct rst_text text = {0};
    const struct rst_member members[] = {{"error", message, 0.0}, {"exit_code", NULL, (double)code}};
    rst_text_add_object(&text, members, sizeof members / sizeof *members);
    (void)rst_print_text(&text);
  }
  /* Faults of a case file carry their own places, several at once. */
  if (status == RST_ERROR_CASE) {
    fputs(message, stderr);
    fputs("\n", stderr);
  } else {
    fprintf(stderr, "restrain: %s\n", message);
  }
  return code;
}

enum rst_exit rst_print_text(struct rst_text *text) {
  char *taken = rst_text_take(text);
  if (!taken) {
    fputs("restrain: memory is exhausted\n", stderr);
    return RST_EXIT_FAILURE;
  }
  const size_t length = strlen(taken);
  fputs(taken, stdout);
  fputs(length > 0 && taken[length - 1] == '\n' ? "" : "\n", stdout);
  free(taken);
  return RST_EXIT_DONE;
}

/* Options may be shortened. */
static bool is_option(const char *argument, const char *option) {
  const size_t length = strlen(argument);
  return length > 2 && strncmp(argument, option, length) == 0;
}

void rst_print_resumption(const struct rst_arguments *arguments) {
  struct rst_text text = {0};
  rst_text_add(&text, "restrain");
  rst_text_add_argument(&text, arguments->argv[1]);
  for (size_t i = 0; i < arguments->subject_count; ++i) {
    rst_text_add_argument(&text, arguments->subjects[i]);
  }
  /* getopt has put what is no option to the end. */
  for (int i = 2; i < arguments->argc - (int)arguments->subject_count; ++i) {
    const char *argument = arguments->argv[i];
    if (!is_option(argument, "--force") && !is_option(argument, "--resume")) {
      rst_text_add_argument(&text, argument);
    }
  }
  char *line = rst_text_take(&text);
  printf("go on with: %s --resume%s\n", line ? line : "",
         rst_is_standard_input(arguments) ? " < CASE.yaml" : "");
  free(line);
}

bool rst_is_standard_input(const struct rst_arguments *arguments) {
  return strcmp(arguments->subject, "-") == 0;
}

/* The case that is written to standard input; its file names are relative to the current folder. */
static enum rst_status read_case(struct rst_context *context, const struct rst_arguments *arguments,
                                 struct rst_case **loaded) {
  struct rst_text text = {0};
  char part[BUFSIZ];
  for (size_t length = 1; length > 0;) {
    length = fread(part, 1, sizeof part, stdin);
    rst_text_add(&text, "%.*s", (int)length, part);
  }
  RST_SCOPED char *taken = rst_text_take(&text);
  RST_REQUIRE(context, taken, RST_ERROR_MEMORY, "memory is exhausted");
  RST_REQUIRE(context, !ferror(stdin), RST_ERROR_IO, "standard input cannot be read");
  return rst_case_parse(context, taken, NULL, arguments->overrides, arguments->override_count, loaded);
}

enum rst_status rst_arguments_load(struct rst_context *context, const struct rst_arguments *arguments,
                                   struct rst_case **loaded) {
  RST_TRY(rst_context_set_threads(context, arguments->threads));
  return rst_is_standard_input(arguments) ? read_case(context, arguments, loaded)
                                          : rst_case_load(context, arguments->subject, arguments->overrides,
                                                          arguments->override_count, loaded);
}

enum rst_exit rst_command_on_case(struct rst_context *context, const struct rst_arguments *arguments,
                                  const char *what,
                                  enum rst_exit (*execute)(struct rst_context *context,
                                                           const struct rst_arguments *arguments,
                                                           const struct rst_case *loaded)) {
  if (what && rst_ranks_count() > 1) {
    fprintf(stderr, "restrain: %s is one process, but %d were started and would write the same file\n", what,
            rst_ranks_count());
    return RST_EXIT_USAGE;
  }
  struct rst_case *loaded = NULL;
  struct rst_ranks ranks;
  const enum rst_status status = rst_arguments_load(context, arguments, &loaded);
  /* No rank may wait for one that has no case; one message and one exit code are enough. */
  rst_ranks_connect(&ranks);
  const int first = rst_ranks_first_failed(status != RST_OK);
  if (first >= 0) {
    rst_case_destroy(&loaded);
    return first == ranks.rank ? rst_report_failure(context, status) : RST_EXIT_DONE;
  }
  const enum rst_exit code = execute(context, arguments, loaded);
  rst_case_destroy(&loaded);
  return code;
}
