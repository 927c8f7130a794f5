/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PROVENANCE_H
#define RST_PROVENANCE_H

#include <hdf5.h>

#include "restrain/case.h"
#include "restrain/record.h"

/** @file
 * The group /provenance of an HDF5 file, and the attributes of / that say how to read it, Conventions, and of which case it is:
 * case_name, title, reference, lr, weight_decay, image_levels; those that are there stay. `path` is for messages.
 */

/** The rules of files.md that every file keeps. */
#define RST_CONVENTIONS "restrain-1"

/** Written to /provenance; borrowed during the call. */
struct rst_provenance {
  const char *case_source, *case_effective;
  const char *wisdom;     /**< NULL or "" for none */
  const char *identifier; /**< of the computation */
  int argc;
  char *const *argv;
  int threads, ranks;
  const char *rigor, *correlation;
  const struct rst_case *from;    /**< whose name and step the file bears; NULL for none */
  const char *name;               /**< in place of its name; NULL for none */
  struct rst_image_levels levels; /**< of the image's file; 0 and 0 for none or unknown */
};

/** @param created a UTC time, NULL for now. */
enum rst_status rst_provenance_write(struct rst_context *context, hid_t file, const char *path,
                                     const struct rst_provenance *provenance, const char *created);
/** The same, as far as it tells of the result, as attributes of a record. */
enum rst_status rst_provenance_record(struct rst_context *context, struct rst_record *record,
                                      const struct rst_provenance *provenance);
/** @param wisdom receives a malloc'ed text, NULL if there is none or on failure; NULL if it is not wanted. */
enum rst_status rst_provenance_read(struct rst_context *context, hid_t file, const char *path,
                                    double *wall_seconds, char **wisdom);
/** Overwrites what is known at the end only. */
enum rst_status rst_provenance_finish(struct rst_context *context, hid_t file, const char *path,
                                      const char *exit_reason, double wall_seconds);

/** malloc'ed effective case of an existing file, and the identifier of its computation, "" if it has none; NULL if that is not
 * wanted. RST_ERROR_IO if it is no file of results. */
enum rst_status rst_provenance_effective(struct rst_context *context, const char *path, char **effective,
                                         char **identifier);

#endif
