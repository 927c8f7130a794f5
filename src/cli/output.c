/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/output.h"

#include <string.h>

#include "core/core.h"

/* "cases/heat-0.4.yaml" gives "heat-0.4": the last extension goes, other dots stay. */
static void find_stem(const char *path, const char **stem, int *length) {
  const char *slash = strrchr(path, '/');
  *stem = slash ? slash + 1 : path;
  const char *dot = strrchr(*stem, '.');
  *length = (int)(dot && dot != *stem ? (size_t)(dot - *stem) : strlen(*stem));
}

enum rst_status rst_output_path(struct rst_context *context, const struct rst_arguments *arguments,
                                const char *configured, const char *name, char **path, bool *by_default) {
  const char *given = arguments->output ? arguments->output : configured;
  *by_default = given == NULL;
  if (strpbrk(given ? given : arguments->subject, ":|")) {
    rst_warn(context, "'%s' contains ':' or '|': ParaView does not open files beside such names",
             given ? given : arguments->subject);
  }
  if (given) {
    return rst_format(context, path, "%s", given);
  }
  const char *stem = NULL;
  int length = 0;
  find_stem(arguments->subject, &stem, &length);
  return rst_format(context, path, "output/%.*s/%s", length, stem, name);
}
