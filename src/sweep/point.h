/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_POINT_H
#define RST_SWEEP_POINT_H

#include "restrain/bifurcation.h"
#include "restrain/sweep.h"

/** What a sweep keeps of an orbit. */
static inline struct rst_sweep_point rst_sweep_point_of(const struct rst_orbit *orbit, double mean_loss) {
  return (struct rst_sweep_point){.regime = orbit->regime.regime,
                                  .final_loss = orbit->loss,
                                  .mean_loss = mean_loss,
                                  .lyapunov = orbit->regime.exponent,
                                  .max_growth = orbit->max_growth,
                                  .period = orbit->regime.period,
                                  .iterations_run = orbit->iterations};
}

#endif
