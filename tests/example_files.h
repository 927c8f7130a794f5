/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEST_EXAMPLE_FILES_H
#define RST_TEST_EXAMPLE_FILES_H

#include <hdf5.h>

#include "restrain/examples.h"
#include "support.h"

/** @file
 * Files of examples, written to the working folder as their formats say and not by the code that reads them.
 */

void rst_test_write(const char *name, const void *bytes, size_t size);
/** The same bytes, compressed by gzip. */
void rst_test_write_gz(const char *name, const void *bytes, size_t size);
/** An idx file of bytes: dims[0] x ... */
size_t rst_test_idx(unsigned char *file, int rank, const unsigned *dims, const void *bytes, size_t size);
/** A .npy file of that version and dictionary. */
void rst_test_write_npy(const char *name, int version, const char *dictionary, const void *bytes,
                        size_t size);
/** A dataset in a new HDF5 file. */
void rst_test_write_dataset(const char *name, const char *dataset, hid_t type, int rank, const hsize_t *dims,
                            const void *values);

/** rst_examples_create() that fails the test on error. */
struct rst_examples *rst_test_examples(struct rst_context *context,
                                       const struct rst_examples_parameters *parameters,
                                       const struct rst_examples *training);
/** Number `at` of an example, scaled. */
double rst_test_pixel(const struct rst_examples *set, size_t example, size_t at);

#endif
