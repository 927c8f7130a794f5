/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_NPY_H
#define RST_NPY_H

#include "core/array.h"

/** @file
 * NumPy's .npy format, versions 1.0, 2.0 and 3.0: a magic string, the version, the length of the header and the header, a Python
 * dictionary like
 *
 *     {'descr': '<f8', 'fortran_order': False, 'shape': (60000, 28, 28), }
 *
 * then the numbers. It comes from files of its own and as a part of others.
 */

/** Where the bytes come from: `read` gives the next `size` of them or fails. */
struct rst_npy_stream {
  struct rst_context *context;
  const char *name; /**< for messages */
  enum rst_status (*read)(void *user, void *bytes, size_t size);
  void *user;
};

/** Read up to the first number: type and shape, without memory for numbers. RST_ERROR_IO for what is no such array, of another
 * type, or in Fortran order. */
enum rst_status rst_npy_read_header(const struct rst_npy_stream *stream, struct rst_array *array);

/** Read a file, which may be compressed by gzip; the caller frees the array. */
enum rst_status rst_npy_read(struct rst_context *context, const char *name, struct rst_array *array);

#endif
