/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/atomic_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/core.h"
#include "core/files.h"

static enum rst_status write_content(struct rst_context *context, hid_t file, const char *part,
                                     const struct rst_atomic_file *whole) {
  RST_TRY(whole->write(whole->user, file));
  RST_TRY(rst_provenance_write(context, file, part, whole->provenance, NULL));
  RST_TRY(rst_provenance_finish(context, file, part, whole->exit_reason, whole->wall_seconds));
  return rst_hdf5_flush(context, part, file, false);
}

static enum rst_status write_part(struct rst_context *context, const char *part,
                                  const struct rst_atomic_file *whole) {
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_files_probe(context, part));
  RST_TRY(rst_hdf5_create(context, part, &file));
  const enum rst_status status = write_content(context, file, part, whole);
  if (status == RST_OK) {
    return rst_hdf5_close_writable(context, part, file);
  }
  rst_hdf5_abandon(file);
  return status;
}

static enum rst_status publish(struct rst_context *context, const char *part, const char *path) {
  char *sidecar = NULL;
  RST_TRY(rst_files_synchronise(context, part));
  RST_TRY(rst_files_sibling(context, path, ".xdmf", &sidecar));
  const enum rst_status status = rst_files_remove(context, sidecar);
  free(sidecar);
  RST_TRY(status);
  return rst_files_replace(context, part, path, true);
}

enum rst_status rst_atomic_file_write(struct rst_context *context, const char *path,
                                      const struct rst_atomic_file *whole) {
  char *part = NULL;
  enum rst_status status = RST_OK;
  RST_TRY(rst_files_sibling(context, path, ".partial.h5", &part));
  H5E_BEGIN_TRY {
    status = write_part(context, part, whole);
  }
  H5E_END_TRY
  if (status == RST_OK) {
    status = publish(context, part, path);
  }
  if (status != RST_OK) {
    (void)unlink(part);
  }
  free(part);
  return status;
}
