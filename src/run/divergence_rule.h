/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DIVERGENCE_RULE_H
#define RST_DIVERGENCE_RULE_H

#include <math.h>
#include <stdbool.h>

/** A trajectory has diverged when its state has left the ball of radius blow_up * max(|u_0|, 1), or is not finite. */
static inline bool rst_has_diverged(double norm, double initial_norm, double blow_up) {
  return !(norm <= blow_up * fmax(initial_norm, 1.0));
}

#endif
