/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TENSOR_FILE_H
#define RST_TENSOR_FILE_H

#include "core/array.h"

/** @file
 * A file of named tensors, of several kinds behind one interface. Numbers are read in parts, as double, so that a tensor of any
 * size takes the memory of a part.
 *
 * | kind        | endings           | tensors                                                                            |
 * |-------------|-------------------|------------------------------------------------------------------------------------|
 * | npy         | .npy              | one, `weights`                                                                     |
 * | npz         | .npz              | its arrays                                                                         |
 * | safetensors | .safetensors      | those of F64, F32, F16 and BF16                                                    |
 * | hdf5        | .h5, .hdf5, other | numeric datasets, in groups too; each object once, however many links lead to it   |
 *
 * All have at least one axis. Numbers may be integers; they are taken as they are.
 */

struct rst_tensor_shape {
  char *name; /**< "0.weight", in a group "layer/weight" */
  int rank;   /**< 1 to RST_ARRAY_MOST_AXES */
  size_t dims[RST_ARRAY_MOST_AXES];
  size_t count;    /**< product of dims */
  bool is_coarse;  /**< floats of fewer than 8 bytes: they round as float does */
  bool is_weights; /**< unlike scales of axes and, in a file of restrain's own, all but the state */
};

struct rst_tensor_file_type;

struct rst_tensor_file {
  struct rst_context *context;
  char *path;
  const struct rst_tensor_file_type *type;
  void *source; /**< the kind's own */
  size_t count, capacity;
  struct rst_tensor_shape *tensors;
};

/** A kind. */
struct rst_tensor_file_type {
  const char *ending;
  /** List the tensors. On failure close() follows. */
  enum rst_status (*open)(struct rst_tensor_file *file);
  enum rst_status (*read)(struct rst_tensor_file *file, size_t tensor, size_t first, size_t count,
                          double *values);
  void (*close)(struct rst_tensor_file *file);
};

extern const struct rst_tensor_file_type rst_tensor_file_npy, rst_tensor_file_npz,
    rst_tensor_file_safetensors, rst_tensor_file_hdf5;

/** The kind that the ending tells, HDF5 for any other; whether it tells one, .h5 and .hdf5 included. */
const struct rst_tensor_file_type *rst_tensor_file_kind(const char *path);
bool rst_tensor_file_is_known(const char *path);

/** RST_ERROR_IO naming the file if it is missing, unreadable or not of its kind. */
enum rst_status rst_tensor_file_open(struct rst_context *context, const char *path,
                                     struct rst_tensor_file **file);
void rst_tensor_file_close(struct rst_tensor_file **file);

/** Its place, `count` if there is none of that name. */
size_t rst_tensor_file_find(const struct rst_tensor_file *file, const char *name);
/** Numbers first ... first + count - 1 of a tensor in C order, which it has. */
enum rst_status rst_tensor_file_read(struct rst_tensor_file *file, size_t tensor, size_t first, size_t count,
                                     double *values);

/** For the kinds: add a tensor with the shape and type of the array, unless it has no axes or no numbers. */
enum rst_status rst_tensor_file_add(struct rst_tensor_file *file, const char *name,
                                    const struct rst_array *array, bool is_weights);

#endif
