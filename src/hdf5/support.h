/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SUPPORT_H
#define RST_SUPPORT_H

#include <hdf5.h>

#include "core/core.h"

/** @file
 * What all sources share that use HDF5.
 */

/** Version of the library in use: major, minor, release. */
void rst_hdf5_version(unsigned version[3]);

/** In a function, from here to its end: HDF5 prints nothing, and the application's own setting returns. Public functions begin
 * with it. */
#define RST_QUIET()                                                                                          \
  __attribute__((unused, cleanup(rst_quiet_end))) struct rst_quiet rst_quiet = rst_quiet_begin()
struct rst_quiet {
  H5E_auto2_t print;
  void *data;
  bool known;
};
struct rst_quiet rst_quiet_begin(void);
void rst_quiet_end(struct rst_quiet *quiet);

/** Identifiers that are closed together, the last one first. */
struct rst_ids {
  hid_t id[24];
  int count;
};

/** Declare some, closed at the end of the block, by which the reason of a failure is kept. */
#define RST_IDS(name) struct rst_ids name __attribute__((cleanup(rst_ids_close))) = {0}

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

/** Create a file, replacing an older one, that survives a kill at any moment (kill_safe_driver.h); close it: errno if any write to
 * it has failed, else 0; drop what was not flushed, for good. */
enum rst_status rst_hdf5_create(struct rst_context *context, const char *path, hid_t *file);
int rst_hdf5_close(hid_t file);
void rst_hdf5_discard(hid_t file);
/** Between what a growing file has from the start and its rows: from here on rows, groups with their links and virtual datasets
 * may be added and numbers and texts overwritten in place, nothing else. All other identifiers of the file must be closed;
 * `file` is another one afterwards, or none on failure. */
enum rst_status rst_hdf5_end_header(struct rst_context *context, const char *path, hid_t *file);
/** Make everything visible to readers and safe against a kill; if `durable`, also against loss of power. Fails if any write has
 * failed so far. */
enum rst_status rst_hdf5_flush(struct rst_context *context, const char *path, hid_t file, bool durable);
/** Create a file, have it filled and close it; on failure what is left under its name is of no use. */
enum rst_status rst_hdf5_write_whole(struct rst_context *context, const char *path,
                                     enum rst_status (*write)(void *user, hid_t file), void *user);
/** Properties of links by which the groups of a path are made with its last member. */
hid_t rst_hdf5_whole_paths(struct rst_ids *ids);
/** A group that may be filled while its file grows, by so many names of 7 characters at most. */
enum { RST_HDF5_GROUP_NAMES = 500 };
bool rst_hdf5_make_group(hid_t location, const char *name);
/** Open for reading without a lock, so that a growing file can be read. */
enum rst_status rst_hdf5_open(struct rst_context *context, const char *path, struct rst_ids *ids,
                              hid_t *file);

/** Attributes: a UTF-8 string of fixed length (at least `room` bytes); `count` numbers, 0 for a scalar. */
bool rst_hdf5_set_text(hid_t object, const char *name, const char *text, size_t room);
bool rst_hdf5_set_numbers(hid_t object, const char *name, hid_t type, const void *values, hsize_t count);
/** Overwrite an attribute in place; a text longer than its room is cut. Like reading, false unless it has just so many numbers. */
bool rst_hdf5_update_text(hid_t object, const char *name, const char *text);
bool rst_hdf5_update_numbers(hid_t object, const char *name, hid_t type, const void *values, size_t count);
bool rst_hdf5_read_numbers(hid_t object, const char *name, hid_t type, void *values, size_t count);
/** The type of UTF-8 strings of variable length. */
hid_t rst_hdf5_label_type(struct rst_ids *ids);
/** A scalar dataset holding a UTF-8 string. */
bool rst_hdf5_write_text(hid_t location, const char *name, const char *text);

/** malloc'ed string of fixed or variable length held by an attribute or a dataset; NULL if there is none. */
char *rst_hdf5_attribute_text(hid_t object, const char *name);
char *rst_hdf5_dataset_text(hid_t location, const char *name);
/** malloc'ed texts of a one-dimensional dataset of strings of variable length, a newline after each; NULL if there is none. */
char *rst_hdf5_dataset_labels(hid_t location, const char *name);
/** RST_ERROR_IO if the dataset keeps its numbers in other files: a file that is missing would be read as zeros, and a name of
 * any file on the machine can stand there. */
enum rst_status rst_hdf5_require_own_numbers(struct rst_context *context, const char *path, const char *name,
                                             hid_t dataset);
/** Whether a link of that name exists at `location` and leads to an object. */
bool rst_hdf5_has(hid_t location, const char *name);

#endif
