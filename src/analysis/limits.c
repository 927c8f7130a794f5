/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

struct rst_scheme_parameters rst_working_scheme(const struct rst_scheme_parameters *scheme,
                                                double lambda_max) {
  const double limit_of_euler = 2.0;
  struct rst_scheme_parameters working = *scheme;
  if (rst_scheme_facts(scheme->kind).adapts) {
    const double sharpness = lambda_max + scheme->weight_decay;
    working.kind = "euler";
    working.lr = sharpness > 0 ? fmin(scheme->lr, scheme->safety * limit_of_euler / sharpness) : scheme->lr;
  }
  return working;
}

enum rst_status rst_spectrum_limits_find(struct rst_context *context,
                                         const struct rst_scheme_parameters *scheme, double lambda_min,
                                         double lambda_max, struct rst_spectrum_limits *found) {
  const struct rst_scheme_parameters working = rst_working_scheme(scheme, lambda_max);
  *found = (struct rst_spectrum_limits){.lambda_min = lambda_min, .lambda_max = lambda_max};
  if (rst_scheme_facts(scheme->kind).preconditioned) {
    found->limits = (struct rst_step_limits){
        .lr_max = NAN, .decay_min = NAN, .decay_max = NAN, .growth = NAN, .critical = NAN};
    return RST_OK;
  }
  RST_TRY(rst_step_limits_find(context, &working, lambda_min, lambda_max, &found->limits));
  if (rst_scheme_facts(scheme->kind).adapts) {
    found->limits.lr_max = scheme->weight_decay >= found->limits.decay_min ? INFINITY : 0.0;
    found->limits.decay_max = INFINITY;
  }
  return RST_OK;
}

double rst_effective_decay(const struct rst_scheme_parameters *scheme) {
  return scheme->decay == RST_DECAY_DECOUPLED ? scheme->weight_decay * (1.0 - scheme->momentum)
                                              : scheme->weight_decay;
}

enum rst_status rst_real_limit_find(struct rst_context *context, const struct rst_scheme_parameters *scheme,
                                    double *limit) {
  *limit = NAN;
  const bool decay_apart = scheme->decay == RST_DECAY_DECOUPLED && scheme->weight_decay > 0;
  const struct rst_scheme_facts facts = rst_scheme_facts(scheme->kind);
  if (facts.adapts || facts.preconditioned || facts.implicit_decay || decay_apart) {
    return RST_OK;
  }
  return rst_scheme_real_limit(context, scheme, limit);
}

enum rst_status rst_lr_hi_find(const struct rst_analysis_task *task, double *lr_hi) {
  const struct rst_linear_terms terms = rst_flow_linear_terms(task->flow);
  struct rst_spectrum_limits found;
  *lr_hi = NAN;
  if (terms.rest_grows) {
    return RST_OK;
  }
  RST_TRY(rst_spectrum_limits_find(task->context, &task->from->step.scheme, terms.smallest, terms.largest,
                                   &found));
  *lr_hi = found.limits.lr_max;
  return RST_OK;
}

double rst_saturated_amplitude(const struct rst_analysis_task *task, double real_limit, double lr_hi) {
  const struct rst_scheme_parameters *scheme = &task->from->step.scheme;
  const struct rst_linear_terms terms = rst_flow_linear_terms(task->flow);
  if (!rst_scheme_facts(scheme->kind).affine || !(scheme->lr < lr_hi)) {
    return NAN;
  }
  return scheme->lr * terms.alternating /
         (real_limit - scheme->lr * (terms.largest + rst_effective_decay(scheme)));
}
