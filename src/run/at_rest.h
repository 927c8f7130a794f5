/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_AT_REST_H
#define RST_AT_REST_H

#include <stdbool.h>

#include "restrain/regime.h"

/** @file
 * When an orbit may end early because it stands still. It has settled after at least RST_REGIME_AT_REST consecutive updates
 * that are rounding (regime.h) if perturbations shrank over them by more than exp(RST_REGIME_SIGNIFICANCE), and if they
 * began in time for the last quarter of all updates asked for to be rounding: then the whole orbit converges, too.
 * Written without branches, for loops over many orbits.
 */

/** Count one more update; a stretch that is interrupted begins anew. `rest` and `log_growth` are the updates of the stretch
 * and the logarithm of the growth over it. */
static inline __attribute__((always_inline)) void rst_at_rest_add(double update_norm, double norm,
                                                                  double epsilon, double log_growth_of_update,
                                                                  double *rest, double *log_growth) {
  const bool rests = update_norm <= RST_REGIME_ROUNDING * epsilon * norm;
  const bool known = log_growth_of_update == log_growth_of_update;
  *rest = (rests & known) ? *rest + 1.0 : 0.0;
  *log_growth = (rests & known) ? *log_growth + log_growth_of_update : 0.0;
}

/** @param done updates done, @param asked all of them. */
static inline __attribute__((always_inline)) bool rst_is_at_rest(double rest, double log_growth, double done,
                                                                 double asked) {
  return (rest >= RST_REGIME_AT_REST) & (log_growth < -RST_REGIME_SIGNIFICANCE) &
         (4.0 * (done - rest) <= 3.0 * asked);
}

#endif
