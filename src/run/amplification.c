/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/amplification.h"

#include <math.h>

#include "core/core.h"
#include "restrain/von_neumann.h"

struct rst_amplification {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_scheme_parameters scheme;
  struct rst_field *lambda, *growth; /* in FFT order, double */
  struct rst_field *shown;
};

static enum rst_status build(struct rst_amplification *amplification) {
  struct rst_context *context = amplification->context;
  double complex coefficients[RST_GROWTH_MAX_DEGREE + 1];
  int degree = 0;
  size_t ny = 0;
  size_t nx = 0;
  RST_TRY(rst_scheme_growth_polynomial(context, &amplification->scheme, 0.0, coefficients, &degree));
  rst_tensor_plane_shape(rst_flow_layout(amplification->flow)->tensors, &ny, &nx);
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &amplification->lambda));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &amplification->growth));
  return rst_field_create(context, rst_flow_precision(amplification->flow), ny, nx, &amplification->shown);
}

enum rst_status rst_amplification_create(struct rst_context *context, const struct rst_case *run,
                                         struct rst_flow *flow, struct rst_amplification **amplification) {
  *amplification = NULL;
  RST_REQUIRE(context, rst_flow_facts(flow).plane_waves, RST_ERROR_UNSUPPORTED,
              "the field amplification belongs to kernels on a plane, and the flow is %s; leave it out of "
              "output.fields",
              rst_flow_name(flow));
  struct rst_amplification *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_amplification){.context = context, .flow = flow, .scheme = run->step.scheme};
  const enum rst_status status = build(made);
  if (status != RST_OK) {
    rst_amplification_destroy(&made);
    return status;
  }
  *amplification = made;
  return RST_OK;
}

void rst_amplification_destroy(struct rst_amplification **amplification) {
  if (*amplification) {
    rst_field_destroy(&(*amplification)->lambda);
    rst_field_destroy(&(*amplification)->growth);
    rst_field_destroy(&(*amplification)->shown);
    free(*amplification);
    *amplification = NULL;
  }
}

/* Wave number 0 moves to index n/2. */
static void shift(const struct rst_field *from, struct rst_field *to) {
  for (size_t y = 0; y < from->ny; ++y) {
    for (size_t x = 0; x < from->nx; ++x) {
      rst_field_set(to, (y + from->ny / 2) % from->ny, (x + from->nx / 2) % from->nx,
                    rst_field_get(from, y, x));
    }
  }
}

enum rst_status rst_amplification_measure(struct rst_amplification *amplification, const struct rst_field *u,
                                          const struct rst_field **growth) {
  RST_TRY(rst_flow_frozen_symbol(amplification->flow, u, amplification->lambda));
  if (rst_field_is_finite(amplification->lambda)) {
    RST_TRY(rst_amplification_of_symbol(amplification->context, amplification->lambda, &amplification->scheme,
                                        amplification->growth));
  } else {
    rst_field_fill(NAN, amplification->growth);
  }
  shift(amplification->growth, amplification->shown);
  *growth = amplification->shown;
  return RST_OK;
}
