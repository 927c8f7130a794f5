/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/follow_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/mpi_ranks.h"
#include "cli/output_path.h"
#include "cli/watch.h"
#include "core/core.h"
#include "core/files.h"

/* What the output is named after: a file; or the folder of a series, with a dot behind it, for what follows a name's last dot is
 * left out. */
static enum rst_status name_subject(struct rst_context *context, const char *first, char **subject) {
  struct stat status;
  size_t length = strlen(first);
  if (stat(first, &status) == 0 && !S_ISDIR(status.st_mode)) {
    return rst_format(context, subject, "%s", first);
  }
  if (stat(first, &status) != 0) {
    const size_t fixed = strcspn(first, "*?[");
    length = fixed;
    while (length > 0 && first[length - 1] != '/') {
      --length;
    }
  }
  while (length > 1 && first[length - 1] == '/') {
    --length;
  }
  return length > 0 && strncmp(first, ".", length) != 0
             ? rst_format(context, subject, "%.*s.", (int)length, first)
             : rst_format(context, subject, "follow");
}

static enum rst_exit print(struct rst_context *context, const struct rst_arguments *arguments,
                           const struct rst_follow *follow, const char *path) {
  struct rst_text text = {0};
  if (arguments->json) {
    rst_follow_add_json(&text, follow, path);
  } else {
    RST_SCOPED char *sidecar = NULL;
    if (follow->twin_count > 0 && rst_files_sibling(context, path, ".xdmf", &sidecar) == RST_OK) {
      rst_text_add(&text, "%s; ParaView opens %s\n", path, sidecar);
    } else {
      rst_text_add(&text, "%s\n", path);
    }
    rst_follow_add_text(&text, follow);
  }
  return rst_print_text(&text);
}

static enum rst_exit follow_all(struct rst_context *context, const struct rst_arguments *arguments,
                                const struct rst_output_options *output) {
  struct rst_watch watch;
  const struct rst_follow_options options = {.output = *output,
                                             .paths = (const char *const *)arguments->subjects,
                                             .path_count = arguments->subject_count,
                                             .poll = rst_watch_poll_follow,
                                             .user = &watch};
  struct rst_follow *follow = NULL;
  const char *stopped = NULL;
  rst_watch_start(&watch, 0.0, arguments->quiet);
  const enum rst_status status = rst_follow(context, &options, &follow, &stopped);
  rst_watch_stop(&watch);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  if (stopped) {
    fprintf(stderr, "restrain: stopped by %s: nothing was stored; run it again\n", stopped);
    return RST_EXIT_STOPPED;
  }
  const enum rst_exit code = print(context, arguments, follow, output->path);
  rst_follow_destroy(&follow);
  return code;
}

enum rst_exit rst_command_follow(struct rst_context *context, const struct rst_arguments *arguments) {
  struct rst_arguments named = *arguments;
  struct rst_output_options output;
  RST_SCOPED char *subject = NULL;
  RST_SCOPED char *path = NULL;
  if (rst_ranks_count() > 1) {
    fputs("restrain: following is one process, but several were started\n", stderr);
    return RST_EXIT_USAGE;
  }
  enum rst_status status = name_subject(context, arguments->subject, &subject);
  if (status == RST_OK) {
    named.subject = subject;
    status = rst_output_find(context, &named, NULL, "follow.h5", &path, &output);
  }
  return status == RST_OK ? follow_all(context, arguments, &output) : rst_report_failure(context, status);
}
