/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_COMMAND_H
#define RST_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"
#include "restrain/restrain.h"

/** @file
 * The program: commands, options, exit codes. Results go to standard output, progress and messages to
 * standard error.
 */

/** Exit codes, part of the interface. */
enum rst_exit {
  RST_EXIT_DONE = 0,
  RST_EXIT_FAILURE = 1,
  RST_EXIT_USAGE = 2,
  RST_EXIT_DIVERGED = 3,
  RST_EXIT_IO = 4,
  RST_EXIT_STOPPED = 75
};

/** What the command line says; strings are borrowed from argv. */
struct rst_arguments {
  int argc;
  char **argv;
  const char *subject; /**< CASE.yaml, FILE.h5, or the topic of help; NULL if absent */
  char **
      subjects; /**< all of them, [subject_count]: several with --merge, --verify and commands that take them */
  size_t subject_count;
  const char **overrides; /**< -D */
  size_t override_count;
  const char *output; /**< -o, NULL if absent */
  int threads;
  double wall_limit;    /**< seconds, 0 for none */
  size_t shard, shards; /**< shards is 0 if absent */
  bool resume, force, quiet, json, dry_run, merge, profile, plan, verify, help, version;
};

struct rst_command {
  const char *name;
  const char *usage;   /**< what follows the name */
  const char *summary; /**< one line */
  const char *details; /**< paragraphs for `restrain help NAME` */
  unsigned options;    /**< the options it takes, see options.c */
  bool needs_subject;
  bool takes_several; /**< subjects */
  enum rst_exit (*execute)(struct rst_context *context, const struct rst_arguments *arguments);
};

/** All commands, ended by one without name. */
extern const struct rst_command rst_commands[];
const struct rst_command *rst_command_find(const char *name);

enum rst_exit rst_command_run(struct rst_context *context, const struct rst_arguments *arguments);
enum rst_exit rst_command_analyze(struct rst_context *context, const struct rst_arguments *arguments);
enum rst_exit rst_command_bifurcate(struct rst_context *context, const struct rst_arguments *arguments);
enum rst_exit rst_command_sweep(struct rst_context *context, const struct rst_arguments *arguments);
enum rst_exit rst_command_follow(struct rst_context *context, const struct rst_arguments *arguments);
enum rst_exit rst_command_check(struct rst_context *context, const struct rst_arguments *arguments);
enum rst_exit rst_command_info(struct rst_context *context, const struct rst_arguments *arguments);
enum rst_exit rst_command_help(struct rst_context *context, const struct rst_arguments *arguments);

/** Bits of rst_command.options. */
enum {
  RST_OPTION_DEFINE = 1U << 0U,
  RST_OPTION_OUTPUT = 1U << 1U,
  RST_OPTION_RESUME = 1U << 2U,
  RST_OPTION_FORCE = 1U << 3U,
  RST_OPTION_DRY_RUN = 1U << 4U,
  RST_OPTION_THREADS = 1U << 5U,
  RST_OPTION_WALL_LIMIT = 1U << 6U,
  RST_OPTION_QUIET = 1U << 7U,
  RST_OPTION_JSON = 1U << 8U,
  RST_OPTION_SHARD = 1U << 9U,
  RST_OPTION_MERGE = 1U << 10U,
  RST_OPTION_PROFILE = 1U << 11U,
  RST_OPTION_PLAN = 1U << 12U,
  RST_OPTION_VERIFY = 1U << 13U
};

/** Parse the arguments after the command's name. On a fault one message goes to standard error and false is
 * returned. The overrides are freed with rst_arguments_clear(). */
bool rst_arguments_parse(const struct rst_command *command, int argc, char **argv,
                         struct rst_arguments *arguments);
void rst_arguments_clear(struct rst_arguments *arguments);
/** Print the options that a command takes. */
void rst_options_describe(unsigned options);
/** Append them as JSON objects with "name", "letter", "value" and "help", all but the first with a comma before. */
void rst_options_add_json(unsigned options, struct rst_text *text);

/** Print the words of a text from the column `indent` on, in lines that begin there. */
void rst_help_column(int indent, const char *text);
/** The general help, that of one command, and that of all commands, keys and words of results for programs. */
void rst_help_overview(void);
void rst_help_command(const struct rst_command *command);
enum rst_exit rst_help_json(struct rst_context *context);

/** What an exit code means; ended by one without meaning. */
struct rst_exit_meaning {
  enum rst_exit code;
  const char *meaning;
};
extern const struct rst_exit_meaning rst_exit_meanings[];

/** Print the context's message to standard error and, after rst_report_as_json(), an object {"error", "exit_code"} to
 * standard output; map the status to an exit code. */
enum rst_exit rst_report_failure(struct rst_context *context, enum rst_status status);
void rst_report_as_json(void);
/** Print a text to standard output, with a line's end unless it has one, and clear it. */
enum rst_exit rst_print_text(struct rst_text *text);

/** Print the command that goes on with what was stopped: the same one, with --resume. */
void rst_print_resumption(const struct rst_arguments *arguments);

/** Whether the case is to be read from standard input. */
bool rst_is_standard_input(const struct rst_arguments *arguments);
/** Load the case that the arguments name, or that comes from standard input ("-"), with their overrides; and its threads. */
enum rst_status rst_arguments_load(struct rst_context *context, const struct rst_arguments *arguments,
                                   struct rst_case **loaded);

/** Load the case and execute a command that writes one file and so is one process; `what` names it in the message
 * that refuses several, and is NULL for a command that several may share. */
enum rst_exit rst_command_on_case(struct rst_context *context, const struct rst_arguments *arguments,
                                  const char *what,
                                  enum rst_exit (*execute)(struct rst_context *context,
                                                           const struct rst_arguments *arguments,
                                                           const struct rst_case *loaded));

#endif
