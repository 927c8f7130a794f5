/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "restrain/sweep.h"

bool rst_sweep_prediction_holds(const struct rst_lr_limits *theory, double lr, enum rst_regime regime,
                                bool *predicts) {
  *predicts = !isnan(lr) && !isnan(theory->lr_lo) && !isnan(theory->lr_hi) && regime != RST_REGIME_UNDECIDED;
  if (!*predicts) {
    return false;
  }
  if (lr < theory->lr_lo) {
    return rst_regime_agrees(regime, RST_REGIME_CONVERGED);
  }
  if (lr <= theory->lr_hi) {
    return rst_regime_agrees(regime, RST_REGIME_BOUNDED);
  }
  return regime == RST_REGIME_DIVERGENT;
}
