/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CHECKSUM_H
#define RST_CHECKSUM_H

#include "core/text.h"
#include "hdf5/support.h"

/** @file
 * Checksums over the values of datasets, so that damaged ones are not believed. Datasets in chunks have HDF5's filter fletcher32,
 * which every reader checks. All others have an attribute crc32, zlib's checksum of their bytes as they are stored (of labels, of
 * the texts with a newline after each), -1 as long as the values are not final. Not covered: attributes, the structures of HDF5
 * itself, virtual datasets (what they show is), and whatever was written without.
 */

/** Give a dataset the checksum of its values, or of none yet where they are NULL; and replace it in place. */
bool rst_checksum_attach(hid_t dataset, size_t size, const void *values);
bool rst_checksum_update(hid_t dataset, size_t size, const void *values);
/** Whether these are the values that the dataset's checksum is of; true where it has none. */
bool rst_checksum_holds(hid_t dataset, size_t size, const void *values);

/** Whether its values have a checksum. */
bool rst_dataset_is_covered(hid_t dataset);
/** Read everything, and list the places that are damaged as selections, "[511:1022], [1022:1533]"; "[()]" is all. */
enum rst_status rst_dataset_find_damage(struct rst_context *context, hid_t dataset, struct rst_text *places);
/** RST_ERROR_IO if there are such places. @param path of the file, for the message. */
enum rst_status rst_dataset_require_intact(struct rst_context *context, const char *path, hid_t file,
                                           const char *name);

#endif
