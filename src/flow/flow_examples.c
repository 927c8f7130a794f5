/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>
#include <string.h>

#include "core/core.h"
#include "flow/flow_type.h"

/* What flows over examples offer; see flow.h. */

static const double momentum = 0.1;

size_t rst_flow_example_count(const struct rst_flow *flow, enum rst_example_set set) {
  return flow->type->example_count ? flow->type->example_count(flow, set) : 0;
}

size_t rst_flow_root_rows(const struct rst_flow *flow) {
  return flow->type->root_rows ? flow->type->root_rows(flow) : 0;
}

void rst_flow_root_row(const struct rst_flow *flow, size_t index, struct rst_field *row) {
  assert(index < rst_flow_root_rows(flow));
  rst_field_fill(0.0, row);
  flow->type->root_row(flow, index, row);
}

enum rst_status rst_flow_prepare(struct rst_flow *flow, size_t count) {
  RST_REQUIRE(flow->context, flow->type->prepare, RST_ERROR_UNSUPPORTED,
              "the flow %s has no examples to choose from; leave sampling at full", flow->name);
  return flow->type->prepare(flow, count);
}

void rst_flow_choose(struct rst_flow *flow, const struct rst_draw *draw) {
  assert((flow->type->choose || !draw) && (flow->type->root_rows || !draw || !draw->noise));
  if (flow->type->choose) {
    flow->type->choose(flow, draw);
  }
}

void rst_flow_assess(struct rst_flow *flow, enum rst_example_set set, const struct rst_field *u,
                     const double *averages, struct rst_assessment *assessment, struct rst_field *gradient) {
  assert(rst_flow_example_count(flow, set) > 0 && (set == RST_TRAINING_SET || !gradient));
  flow->type->assess(flow, set, u, averages, assessment, gradient);
}

const struct rst_layout *rst_flow_averages(const struct rst_flow *flow) {
  const struct rst_layout *layout = NULL;
  if (flow->type->statistics) {
    (void)flow->type->statistics(flow, &layout);
  }
  return layout && layout->count > 0 ? layout : NULL;
}

void rst_flow_start_averages(const struct rst_flow *flow, double *averages) {
  if (flow->type->start_averages) {
    flow->type->start_averages(flow, averages);
  }
}

void rst_flow_statistics(const struct rst_flow *flow, double *statistics) {
  const struct rst_layout *layout = NULL;
  const double *own = flow->type->statistics ? flow->type->statistics(flow, &layout) : NULL;
  if (layout && layout->count > 0) {
    memcpy(statistics, own, layout->count * sizeof *statistics);
  }
}

void rst_flow_average(const struct rst_flow *flow, const double *statistics, double *averages) {
  const struct rst_layout *layout = rst_flow_averages(flow);
  for (size_t i = 0; layout && i < layout->count; ++i) {
    averages[i] = (1.0 - momentum) * averages[i] + momentum * statistics[i];
  }
}
