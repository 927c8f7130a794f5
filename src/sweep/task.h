/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TASK_H
#define RST_TASK_H

#include "restrain/bifurcation.h"

/** @file
 * What a sweep has to compute, by the section `sweep` or `bifurcation` of a case. A bifurcation diagram is a sweep of one axis
 * that keeps samples of its orbits.
 */

struct rst_sweep_task {
  const struct rst_case *given; /**< borrowed, as its strings and lists below are */
  /** Its content, with the axes of the task in the section `sweep` and the updates of an orbit in step.iterations. */
  struct rst_case from;
  struct rst_sweep_axis parameter; /**< of a diagram, the one axis; the task may not move in memory */
  size_t samples;                  /**< states at the end of an orbit that are kept, 0 for a sweep */
};

/** Value `index` of an axis that has `count` of them. */
double rst_sweep_value(const struct rst_sweep_axis *axis, size_t count, size_t index);

/** The content of the case of a variant (rst_sweep_table_variant()). @param made owns it, to be destroyed; NULL where all axes
 * are of step.lr and step.weight_decay, so that the task has but one. */
enum rst_status rst_sweep_task_vary(struct rst_context *context, const struct rst_sweep_task *task,
                                    size_t variant, struct rst_case **made, struct rst_case *from);
/** How many variants there are. */
size_t rst_sweep_task_variants(const struct rst_sweep_task *task);

void rst_sweep_task_of_sweep(const struct rst_case *given, struct rst_sweep_task *task);
void rst_sweep_task_of_bifurcation(const struct rst_case *given, struct rst_sweep_task *task);

#endif
