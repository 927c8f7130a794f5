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

/* Phase angle of the fastest mode on n points: cosines j pi/n between free ends, whole waves 2 pi j/n on a
 * ring, sines j pi/(n-1) between fixed ends, both of which belong to the n points. */
static double fastest_angle(enum rst_ends ends, size_t n) {
  const double pi = acos(-1.0);
  const double count = (double)n;
  const size_t highest = n / 2;
  switch (ends) {
  case RST_ENDS_FREE:
    return pi * (count - 1) / count;
  case RST_ENDS_PERIODIC:
    return 2 * pi * (double)highest / count;
  default:
    return pi * (count - 2) / (count - 1);
  }
}

enum rst_status rst_diffusion_extreme(const struct rst_analysis_task *task, bool modes_only,
                                      double *largest) {
  const struct rst_flow_parameters *parameters = &task->parameters;
  const double pi = acos(-1.0);
  const enum rst_ends ends = parameters->boundary == RST_BOUNDARY_PERIODIC    ? RST_ENDS_PERIODIC
                             : parameters->boundary == RST_BOUNDARY_DIRICHLET ? RST_ENDS_FIXED
                                                                              : RST_ENDS_FREE;
  struct rst_laplacian *laplacian = NULL;
  size_t ny = 0;
  size_t nx = 0;
  *largest = 0.0;
  if (!(parameters->diffusion.coefficient > 0)) {
    return RST_OK;
  }
  rst_tensor_plane_shape(rst_flow_layout(task->flow)->tensors, &ny, &nx);
  RST_TRY(rst_laplacian_create(task->context, RST_PRECISION_DOUBLE, ny, nx, ends, &parameters->diffusion,
                               &laplacian));
  *largest = rst_laplacian_symbol(laplacian, modes_only ? fastest_angle(ends, ny) : pi,
                                  modes_only ? fastest_angle(ends, nx) : pi);
  rst_laplacian_destroy(&laplacian);
  return RST_OK;
}
