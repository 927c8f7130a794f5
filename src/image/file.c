/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"
#include "core/files.h"
#include "image/kinds.h"
#include "restrain/archive.h"

/** @file
 * Images from files. What a file holds is told by its first bytes; a name "file:/path" whose part before the
 * colon is a file means a dataset in it.
 */

enum { MAGIC_LENGTH = 8 };

/* Read the dataset that `name` denotes; `found` tells whether it denotes one. */
static enum rst_status read_dataset(struct rst_context *context, const char *name, size_t most_points,
                                    bool *found, struct rst_field **image) {
  char *file = NULL;
  char *dataset = NULL;
  RST_TRY(rst_files_split_dataset(context, name, &file, &dataset));
  *found = file != NULL;
  const enum rst_status status =
      *found ? rst_archive_read_field(context, file, dataset, most_points, image) : RST_OK;
  free(file);
  free(dataset);
  return status;
}

enum rst_status rst_image_check_points(struct rst_context *context, const struct rst_image_file *file,
                                       size_t ny, size_t nx) {
  RST_REQUIRE(context, ny <= file->most_points / nx, RST_ERROR_IO, RST_TOO_MANY_POINTS, file->name, ny, nx,
              file->most_points);
  return RST_OK;
}

static enum rst_status decode(struct rst_context *context, const struct rst_image_file *file,
                              struct rst_field **image) {
  static const unsigned char png[MAGIC_LENGTH] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static const unsigned char hdf5[MAGIC_LENGTH] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  unsigned char magic[MAGIC_LENGTH] = {0};
  const size_t length = fread(magic, 1, sizeof magic, file->stream);
  RST_REQUIRE(context, length > 0, RST_ERROR_IO, "'%s' is empty", file->name);
  rewind(file->stream);
  if (memcmp(magic, png, sizeof png) == 0) {
    return rst_image_decode_png(context, file, image);
  }
  if (magic[0] == 'P' && (magic[1] == '2' || magic[1] == '5')) {
    return rst_image_decode_pgm(context, file, image);
  }
  if (memcmp(magic, "\x93NUMPY", sizeof "\x93NUMPY" - 1) == 0) {
    return rst_image_decode_npy(context, file, image);
  }
  RST_REQUIRE(context, memcmp(magic, hdf5, sizeof hdf5) != 0, RST_ERROR_IO,
              "'%s' is an HDF5 file; name a dataset in it, as in '%s:/kernel'", file->name, file->name);
  return rst_fail(context, RST_ERROR_IO,
                  "'%s' is neither a PNG (8 or 16 bit) nor a PGM (P2 or P5) image nor a .npy file",
                  file->name);
}

enum rst_status rst_image_read(struct rst_context *context, const char *file, size_t most_points,
                               struct rst_field **image) {
  RST_REQUIRE(context, file && *file, RST_ERROR_ARGUMENT,
              "the kind 'file' needs the name of a PNG, PGM or .npy file or of a dataset 'file.h5:/path'");
  struct stat information;
  if (stat(file, &information) != 0) {
    const int error = errno;
    bool found = false;
    RST_TRY(read_dataset(context, file, most_points, &found, image));
    return found ? RST_OK : rst_fail(context, RST_ERROR_IO, "'%s' cannot be read: %s", file, strerror(error));
  }
  RST_REQUIRE(context, S_ISREG(information.st_mode), RST_ERROR_IO,
              "'%s' is a folder or device, not an image file", file);
  const struct rst_image_file opened = {file, fopen(file, "rb"), (size_t)information.st_size, most_points};
  RST_REQUIRE(context, opened.stream, RST_ERROR_IO, "'%s' cannot be read: %s", file, strerror(errno));
  const enum rst_status status = decode(context, &opened, image);
  (void)fclose(opened.stream); /* nothing was written */
  return status;
}

enum rst_status rst_image_make_file(struct rst_context *context,
                                    const struct rst_image_parameters *parameters, struct rst_field **image) {
  return rst_image_read(context, parameters->file,
                        parameters->most_points ? parameters->most_points : RST_IMAGE_MOST_POINTS, image);
}
