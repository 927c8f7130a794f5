/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ERGODIC_H
#define RST_ERGODIC_H

#include "core/blocks.h"
#include "hdf5/dataset.h"
#include "motion/motion.h"
#include "restrain/case.h"
#include "restrain/ergodic.h"
#include "run/noise_watch.h"

/** @file
 * The ergodic record of a run, from ergodic.burn_in on: sums, as running means need them, and the state that it began with. What
 * the numbers are says restrain/ergodic.h. An update costs one pass over the state; the memory is that of a state and some
 * 50 KiB, whatever the number of iterations.
 */

struct rst_ergodic;

/** Of the record up to u_t; NaN before it begins. */
struct rst_ergodic_numbers {
  double loss_mean, grad_norm_mean;
  double loss_change_mean, loss_change_envelope; /**< NaN before the first update */
  double noise_norm_mean, objective_grad_norm_mean;
  double local_displacement;  /**< |u_{t+1} - u_t|^2 */
  double global_displacement; /**< |u_t - u_{t_0}|^2 */
};

/** The flow is used during the call only. @param noise what of the noise is measured. */
enum rst_status rst_ergodic_create(struct rst_context *context, const struct rst_case *run,
                                   struct rst_flow *flow, const struct rst_noise_wanted *noise,
                                   struct rst_ergodic **ergodic);
void rst_ergodic_destroy(struct rst_ergodic **ergodic);

/** Add the fields that later measurements depend on. */
void rst_ergodic_list(const struct rst_ergodic *ergodic, struct rst_blocks *blocks);

/** Once for each iteration, in order, after its step or at the last state. */
void rst_ergodic_measure(struct rst_ergodic *ergodic, const struct rst_observation *seen,
                         const struct rst_noise_numbers *noise, struct rst_ergodic_numbers *numbers);

/** Whether the noise is measured; iterations between rows; and the lengths of windows as an axis, valid while the record lives. */
bool rst_ergodic_has_noise(const struct rst_ergodic *ergodic);
long rst_ergodic_every(const struct rst_ergodic *ergodic);
const struct rst_axis *rst_ergodic_window_axis(const struct rst_ergodic *ergodic);

/** The summary of a run that ended at u_t; of windows, all but the distances of distributions, which are NaN. */
void rst_ergodic_summarize(const struct rst_ergodic *ergodic, long t, struct rst_ergodic_summary *summary);

#endif
