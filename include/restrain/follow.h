/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_FOLLOW_H
#define RESTRAIN_FOLLOW_H

#include <stddef.h>

#include "restrain/context.h"
#include "restrain/output.h"

/** @file
 * Weight trajectories of any program: how they part, where, how fast; and how far the first of them goes.
 *
 * A trajectory is one HDF5 file with tensors (time, ...), or a folder or pattern of .npy, .npz, .safetensors or HDF5 files, one
 * for each time (src/follow/stored_trajectory.h). The first is the reference, u_t; the others are its twins, which have the same
 * tensors at the same steps. All numbers are found for all weights together and for each tensor, n weights each; e = A - B is the
 * difference of the reference and a twin, d its Euclidean norm:
 *
 * | number                        | is                                                                                   |
 * |-------------------------------|--------------------------------------------------------------------------------------|
 * | difference (twin, time)       | mean of 2 abs(A - B)/(abs(A) + abs(B)), 0 where both are 0                           |
 * | distance (twin, time)         | d                                                                                    |
 * | participation (twin, time)    | (sum e^2)^2/(n sum e^4), the share of weights that part; NaN where none does         |
 * | growth rate, plateau (twin)   | of d, with saturation and error, by rst_divergence_measure(); the rate is over steps |
 * | weight_norm (time)            | Euclidean norm of u_t                                                                |
 * | local_displacement (time)     | square norm of u_{t+1} - u_t; NaN at the last time                                   |
 * | global_displacement (time)    | square norm of u_t - u_0                                                             |
 * | displacement_exponent         | c of global_displacement ~ (step_t - step_0)^c                                       |
 * | window_wasserstein (window)   | distance W1 of the distributions of weight_norm in two successive windows            |
 * | window_kolmogorov (window)    | their distance KS                                                                    |
 * | window_difference (window)    | as difference, of the first states of the two windows                                |
 *
 * The exponent and its standard error are those of a straight line by least squares, of logarithms over the second half of the
 * times, as for the anomalous diffusion of arXiv 2107.09133; NaN of fewer than three times.
 *
 * The times are cut into RST_FOLLOW_WINDOWS windows of as many times each, those over at the end left out; with fewer than two
 * times in each there are no windows. Where weights wander on while what is seen of them settles (arXiv 2110.06256), W1 and KS
 * tend to 0 and window_difference does not.
 *
 * An interval of growth are consecutive updates in which the distance to a twin, positive before, grows by more than
 * RST_FOLLOW_TOLERANCE of itself. Its place is told by the growing energy of each tensor, the sum over its updates of
 * max(0, d_{t+1}^2 - d_t^2).
 *
 * Numbers are read once, in parts (of compressed datasets with larger chunks once for each part that a chunk has numbers of):
 * besides the results, that takes 50 MB of memory and that of a chunk. Sums are in double.
 */

#define RST_FOLLOW_TOLERANCE 1e-9
enum { RST_FOLLOW_WINDOWS = 8 };

/** How a twin parts; steps, -1 where there is none. */
struct rst_followed_twin {
  double difference, distance;           /**< at the last time */
  double growth_rate, growth_rate_error; /**< per step, NaN where there was no growth */
  double first, last;                    /**< of the growing phase */
  double saturation;                     /**< the distance reaches half of its plateau */
  double plateau;                        /**< mean distance over the last half of the times */
};

/** All weights, or those of a tensor. */
struct rst_followed_part {
  char *name;                                       /**< "" for all */
  size_t count;                                     /**< of weights */
  double *difference, *distance, *participation;    /**< [twin][time] */
  double *weight_norm;                              /**< [time] */
  double *local_displacement, *global_displacement; /**< [time] */
  double *window_difference;                        /**< [window] */
  double *window_wasserstein, *window_kolmogorov;   /**< [window] */
  double displacement_exponent, displacement_exponent_error;
  struct rst_followed_twin *twins;
};

struct rst_growth_interval {
  size_t twin;
  double first, last;    /**< steps: it begins after the first and has ended at the last */
  double amplification;  /**< distance at its end over that at its begin */
  double peak;           /**< the largest growth of an update */
  double peak_step;      /**< where that begins */
  size_t tensor;         /**< holds most of the growing energy */
  double *tensor_shares; /**< [tensor] of it */
};

struct rst_follow {
  size_t time_count, twin_count, tensor_count, window_count, interval_count;
  double *time, *step;   /**< [time] */
  double *window;        /**< [window], the step at which the second of the two windows begins */
  const char *reference; /**< its name and the twins', borrowed from the options */
  const char *const *twins;
  struct rst_followed_part all;
  struct rst_followed_part *tensors;     /**< in the order of the reference */
  struct rst_growth_interval *intervals; /**< by twin, then by time */
  double wall_seconds;
};

struct rst_follow_progress {
  double done; /**< of the numbers to be read, 0 to 1 */
};

struct rst_follow_options {
  struct rst_output_options output; /**< a path of NULL stores nothing; it cannot be resumed */
  const char *const *paths;         /**< the reference and its twins */
  size_t path_count;                /**< 1 follows the reference alone */
  /** Called after every part, unless NULL: a reason to stop, or NULL. */
  const char *(*poll)(void *user, const struct rst_follow_progress *progress);
  void *user;
};

/** Follow and store, whole or not at all. `stopped` is the reason by poll(); then nothing is stored and there are no results.
 * RST_ERROR_ARGUMENT for trajectories that do not match, RST_ERROR_IO for files that cannot be read, also for numbers that are
 * not finite. The caller destroys the results. */
RST_API enum rst_status rst_follow(struct rst_context *context, const struct rst_follow_options *options,
                                   struct rst_follow **follow, const char **stopped);
RST_API void rst_follow_destroy(struct rst_follow **follow);

#endif
