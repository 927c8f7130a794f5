/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ATOMIC_FILE_H
#define RST_ATOMIC_FILE_H

#include "archive/provenance.h"
#include "hdf5/support.h"

/** @file
 * HDF5 files that are written in one go and replace an older one as a whole.
 */

struct rst_atomic_file {
  const struct rst_provenance *provenance;
  const char *exit_reason;
  double wall_seconds;
  /** Writes everything but the provenance. */
  enum rst_status (*write)(void *user, hid_t file);
  void *user;
};

/** Write under the temporary name FILE.partial.h5 and rename, durably. The sidecars of the file that is replaced, which would
 * show the new one wrongly, are removed before. What others have added to an older file of the same computation, by its
 * identifier, is kept (additions.h). On failure nothing is left but what was there. */
enum rst_status rst_atomic_file_write(struct rst_context *context, const char *path,
                                      const struct rst_atomic_file *whole);

#endif
