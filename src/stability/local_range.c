/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/local_range.h"

#include "core/core.h"

enum rst_status rst_local_range_find(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters,
                                     struct rst_local_range *range) {
  const bool decoupled = parameters->decay == RST_DECAY_DECOUPLED;
  range->lowest = decoupled ? parameters->momentum * parameters->weight_decay : 0.0;
  range->largest = INFINITY;
  double growth = 0.0;
  const enum rst_status status = rst_scheme_growth(context, parameters, 0.0, &growth);
  if (status == RST_ERROR_UNSUPPORTED) { /* a scheme without growth polynomial adapts its step to its limit */
    return RST_OK;
  }
  RST_TRY(status);
  range->largest = rst_scheme_local_limit(context, parameters);
  if (isnan(range->largest)) {
    range->largest = -INFINITY;
  }
  return RST_OK;
}
