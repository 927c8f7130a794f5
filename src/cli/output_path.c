/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/output_path.h"

#include <string.h>

#include "core/core.h"
#include "core/files.h"

/* "cases/heat-0.4.yaml" gives "heat-0.4": the last extension goes, other dots stay. */
static void find_stem(const char *path, const char **stem, int *length) {
  const char *slash = strrchr(path, '/');
  *stem = slash ? slash + 1 : path;
  const char *dot = strrchr(*stem, '.');
  *length = (int)(dot && dot != *stem ? (size_t)(dot - *stem) : strlen(*stem));
}

struct rst_output_options rst_output_at(const struct rst_arguments *arguments, const char *path) {
  return (struct rst_output_options){.path = path,
                                     .resume = arguments->resume,
                                     .force = arguments->force,
                                     .argc = arguments->argc,
                                     .argv = arguments->argv,
                                     .make_folders = true};
}

enum rst_status rst_output_find(struct rst_context *context, const struct rst_arguments *arguments,
                                const char *configured, const char *name, char **path,
                                struct rst_output_options *output) {
  const char *given = arguments->output ? arguments->output : configured;
  const char *stem = NULL;
  int length = 0;
  if (strpbrk(given ? given : arguments->subject, ":|")) {
    rst_warn(context, "'%s' contains ':' or '|': ParaView does not open files beside such names",
             given ? given : arguments->subject);
  }
  find_stem(rst_is_standard_input(arguments) ? "standard-input" : arguments->subject, &stem, &length);
  RST_TRY(given ? rst_files_follow(context, given, path)
                : rst_format(context, path, "output/%.*s/%s", length, stem, name));
  *output = rst_output_at(arguments, *path);
  return RST_OK;
}
