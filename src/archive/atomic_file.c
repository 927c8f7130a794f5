/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/atomic_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/additions.h"
#include "archive/sidecars.h"
#include "core/core.h"
#include "core/files.h"

struct writer {
  struct rst_context *context;
  const char *path, *part;
  const struct rst_atomic_file *whole;
};

static bool is_of_same(hid_t file, const struct rst_provenance *provenance) {
  RST_IDS(ids);
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, "provenance", H5P_DEFAULT));
  RST_SCOPED char *identifier = group >= 0 ? rst_hdf5_attribute_text(group, "identifier") : NULL;
  return provenance->identifier && strcmp(identifier ? identifier : "", provenance->identifier) == 0;
}

/* The results at hand are worth more than a file that cannot be read any more. */
static enum rst_status keep_additions(const struct writer *writer, hid_t file) {
  RST_IDS(ids);
  hid_t old = H5I_INVALID_HID;
  if (access(writer->path, F_OK) != 0) {
    return RST_OK;
  }
  if (rst_hdf5_open(writer->context, writer->path, &ids, &old) != RST_OK) {
    rst_warn(writer->context, "%s and is replaced; what others may have added to it is lost",
             rst_context_message(writer->context));
    return RST_OK;
  }
  return is_of_same(old, writer->whole->provenance)
             ? rst_additions_copy(writer->context, writer->path, old, file)
             : RST_OK;
}

static enum rst_status write_content(void *user, hid_t file) {
  const struct writer *writer = user;
  const struct rst_atomic_file *whole = writer->whole;
  RST_TRY(whole->write(whole->user, file));
  RST_TRY(rst_provenance_write(writer->context, file, writer->part, whole->provenance, NULL));
  RST_TRY(
      rst_provenance_finish(writer->context, file, writer->part, whole->exit_reason, whole->wall_seconds));
  return keep_additions(writer, file);
}

static enum rst_status publish(struct rst_context *context, const char *part, const char *path) {
  RST_TRY(rst_files_synchronise(context, part));
  RST_TRY(rst_sidecars_remove(context, path));
  return rst_files_replace(context, part, path, true);
}

enum rst_status rst_atomic_file_write(struct rst_context *context, const char *path,
                                      const struct rst_atomic_file *whole) {
  RST_QUIET();
  RST_SCOPED char *part = NULL;
  RST_TRY(rst_files_sibling(context, path, ".partial.h5", &part));
  struct writer writer = {context, path, part, whole};
  enum rst_status status = rst_hdf5_write_whole(context, part, write_content, &writer);
  if (status == RST_OK) {
    status = publish(context, part, path);
  }
  if (status != RST_OK) {
    (void)unlink(part);
  }
  return status;
}
