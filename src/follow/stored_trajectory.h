/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_STORED_TRAJECTORY_H
#define RST_STORED_TRAJECTORY_H

#include "follow/file_series.h"
#include "follow/tensor_file.h"

/** @file
 * Weights over times, as some program stored them: one HDF5 file with datasets (time, ...), or a series of files, one for each
 * time. Either way it is tensors of one shape at every time, and is read in parts.
 *
 * In one file the times are /time, or /iteration, whichever first has tensors: datasets of two or more axes whose first is as
 * long. The steps, by which rates are told, are /step or /iteration, whichever is as long as the times; else the times. Of a
 * series both are what rst_file_series finds.
 */

struct rst_stored_trajectory {
  struct rst_context *context;
  const char *name;                 /**< as given, borrowed */
  size_t times;                     /**< at least 1 */
  double *time, *step;              /**< [times], steps rise */
  bool is_coarse;                   /**< a tensor rounds as float does */
  size_t tensor_count, count;       /**< numbers of all tensors at one time */
  struct rst_tensor_shape *tensors; /**< at one time; names are borrowed from `first` */
  struct rst_tensor_file *first;    /**< the file of the first time, or of all */
  struct rst_tensor_file *turned;   /**< of a series, another one that was read last; NULL before */
  size_t at;                        /**< its time */
  struct rst_file_series series;    /**< of no files where there is one file of all times */
};

/** RST_ERROR_IO for a file that cannot be read, RST_ERROR_ARGUMENT for one without tensors; both name it. */
enum rst_status rst_stored_trajectory_open(struct rst_context *context, const char *name,
                                           struct rst_stored_trajectory *trajectory);
/** A zeroed one is closed. */
void rst_stored_trajectory_close(struct rst_stored_trajectory *trajectory);

/** places[i] = the place in `twin` of tensor i of the reference. RST_ERROR_ARGUMENT unless both have the same tensors of the same
 * shapes at the same steps. */
enum rst_status rst_stored_trajectory_match(const struct rst_stored_trajectory *reference,
                                            const struct rst_stored_trajectory *twin, size_t *places);

/** Numbers first ... first + count - 1 of a tensor at a time. */
enum rst_status rst_stored_trajectory_read(struct rst_stored_trajectory *trajectory, size_t time,
                                           size_t tensor, size_t first, size_t count, double *values);

#endif
