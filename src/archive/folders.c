/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/folders.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"

enum rst_status rst_folders_make(struct rst_context *context, const char *path) {
  const mode_t permissions = 0777;
  char *folder = NULL;
  RST_TRY(rst_format(context, &folder, "%s", path));
  enum rst_status status = RST_OK;
  for (char *slash = strchr(folder + 1, '/'); slash && status == RST_OK; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(folder, permissions) != 0 && errno != EEXIST) {
      status =
          rst_fail(context, RST_ERROR_IO, "the folder %s cannot be made: %s; choose another place with -o",
                   folder, strerror(errno));
    }
    *slash = '/';
  }
  free(folder);
  return status;
}
