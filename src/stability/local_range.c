/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/local_range.h"

#include "core/core.h"

enum rst_status rst_local_range_find(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters,
                                     struct rst_local_range *range) {
  double growth = 0.0;
  const enum rst_status status = rst_scheme_growth(context, parameters, 0.0, &growth);
  if (status != RST_OK && status != RST_ERROR_UNSUPPORTED) {
    return status;
  }
  const struct rst_scheme_facts facts = rst_scheme_facts(parameters->kind);
  const bool decoupled = parameters->decay == RST_DECAY_DECOUPLED;
  const double kept = facts.preconditioned ? -1.0 : parameters->momentum;
  range->lowest = decoupled ? kept * parameters->weight_decay : 0.0;
  if (facts.adapts) {
    range->largest = INFINITY;
    return RST_OK;
  }
  range->largest = rst_scheme_local_limit(context, parameters);
  if (isnan(range->largest)) {
    range->largest = -INFINITY;
  }
  return RST_OK;
}
