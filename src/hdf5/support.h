/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SUPPORT_H
#define RST_SUPPORT_H

#include <hdf5.h>

#include "core/core.h"

/** @file
 * What the archive's sources share in using HDF5. Public functions wrap their work in H5E_BEGIN_TRY ...
 * H5E_END_TRY, so that HDF5 prints nothing and the application's own setting stays as it was.
 */

/** Version of the library in use: major, minor, release. */
void rst_hdf5_version(unsigned version[3]);

/** Identifiers that are closed together, the last one first. */
struct rst_ids {
  hid_t id[24];
  int count;
};

/** Remember `id`, if it is valid, and return it. */
hid_t rst_ids_keep(struct rst_ids *ids, hid_t id);
void rst_ids_close(struct rst_ids *ids);

/** RST_ERROR_IO with the printf message, followed by the innermost reason that HDF5 gives. To be called
 * before any other HDF5 function. */
enum rst_status rst_hdf5_fail(struct rst_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Return from the calling function with rst_hdf5_fail() unless `condition` holds. */
#define RST_HDF5(context, condition, ...)                                                                    \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      return rst_hdf5_fail(context, __VA_ARGS__);                                                            \
    }                                                                                                        \
  } while (0)

/** Create (replacing) or open for writing, through the ordered driver (kill_safe_driver.h). */
enum rst_status rst_hdf5_create(struct rst_context *context, const char *path, hid_t *file);
enum rst_status rst_hdf5_open_writable(struct rst_context *context, const char *path, hid_t *file);
/** Close a file that one of the two above opened; false if what was written could not be completed. */
bool rst_hdf5_close_writable(hid_t file);
/** Open for reading without a lock, so that a growing file can be read. */
enum rst_status rst_hdf5_open(struct rst_context *context, const char *path, hid_t *file);

/** Attributes: a UTF-8 string of fixed length (at least `room` bytes); `count` numbers, 0 for a scalar. */
bool rst_hdf5_set_text(hid_t object, const char *name, const char *text, size_t room);
bool rst_hdf5_set_numbers(hid_t object, const char *name, hid_t type, const void *values, hsize_t count);
/** Overwrite the value of an attribute in place; a text longer than its room is cut. */
bool rst_hdf5_update_text(hid_t object, const char *name, const char *text);
bool rst_hdf5_update_number(hid_t object, const char *name, hid_t type, const void *value);
/** The type of UTF-8 strings of variable length. */
hid_t rst_hdf5_label_type(struct rst_ids *ids);
/** A scalar dataset holding a UTF-8 string. */
bool rst_hdf5_write_text(hid_t location, const char *name, const char *text);

/** malloc'ed string of fixed or variable length held by an attribute or a dataset; NULL if there is none. */
char *rst_hdf5_attribute_text(hid_t object, const char *name);
char *rst_hdf5_dataset_text(hid_t location, const char *name);
/** malloc'ed texts of a one-dimensional dataset of strings of variable length, a newline after each; NULL if there is none. */
char *rst_hdf5_dataset_labels(hid_t location, const char *name);
enum { RST_HDF5_READ_RANK = 10 };
/** A dataset of so many dimensions or fewer, which must have the lengths given, into memory. */
bool rst_hdf5_read_values(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
                          void *values);
/** RST_ERROR_IO if the dataset keeps its numbers in other files: a file that is missing would be read as zeros, and a name of
 * any file on the machine can stand there. */
enum rst_status rst_hdf5_require_own_numbers(struct rst_context *context, const char *path, const char *name,
                                             hid_t dataset);
/** Whether a link of that name exists at `location` and leads to an object. */
bool rst_hdf5_has(hid_t location, const char *name);

#endif
