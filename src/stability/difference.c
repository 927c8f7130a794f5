/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/difference.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "core/core.h"

/** @file
 * What is affine in the flow (the slope at zero, fixed end values) is the same in both runs; it moves their
 * mean, which stays of the size of a fixed point, and cancels in their difference. The difference of
 * everything that the scheme remembers is part of it: rescaled together, they go on as they were.
 */

enum { MOST_PAIRS = 4 };

struct twins {
  struct rst_flow *flow;
  struct rst_field *u[2], *gradient;
  struct rst_scheme *scheme[2];
  /* What differs between the runs: the state, then what the scheme remembers of it. */
  size_t pairs;
  struct rst_field *a[MOST_PAIRS], *b[MOST_PAIRS];
  double weight[MOST_PAIRS]; /* in the size of the difference: 1, then lr, which makes momentum a step */
};

static void release(struct twins *twins) {
  for (int i = 0; i < 2; ++i) {
    rst_scheme_destroy(&twins->scheme[i]);
    rst_field_destroy(&twins->u[i]);
  }
  rst_field_destroy(&twins->gradient);
}

static double size(const struct twins *twins) {
  double square = 0.0;
  for (size_t i = 0; i < twins->pairs; ++i) {
    const double part = twins->weight[i] * rst_field_distance(twins->a[i], twins->b[i]);
    square += part * part;
  }
  return sqrt(square);
}

/* The same difference, up to the factor, about zero. */
static void rescale(struct twins *twins, double factor) {
  for (size_t i = 0; i < twins->pairs; ++i) {
    struct rst_field *a = twins->a[i];
    rst_field_axpby(-factor / 2.0, twins->b[i], factor / 2.0, a);
    rst_field_copy(a, twins->b[i]);
    rst_field_scale(-1.0, twins->b[i]);
  }
}

static enum rst_status prepare(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                               const struct rst_field *start, struct twins *twins) {
  struct rst_field **state[2] = {NULL};
  size_t count = 0;
  RST_TRY(rst_field_create_like(context, start, &twins->gradient));
  for (int i = 0; i < 2; ++i) {
    RST_TRY(rst_field_create_like(context, start, &twins->u[i]));
    RST_TRY(rst_scheme_create(context, parameters, twins->flow, &twins->scheme[i]));
    count = rst_scheme_state(twins->scheme[i], &state[i]);
  }
  assert(count < MOST_PAIRS);
  rst_field_copy(start, twins->u[0]);
  rst_flow_pin(twins->flow, twins->u[0]);
  twins->pairs = count + 1;
  twins->a[0] = twins->u[0];
  twins->b[0] = twins->u[1];
  twins->weight[0] = 1.0;
  for (size_t i = 0; i < count; ++i) {
    twins->a[i + 1] = state[0][i];
    twins->b[i + 1] = state[1][i];
    twins->weight[i + 1] = parameters->lr;
  }
  const double norm = rst_field_norm(twins->u[0]);
  RST_REQUIRE(context, norm > 0.0 && isfinite(norm), RST_ERROR_ARGUMENT,
              "the norm of the start is %g on the free points; it must be positive and finite", norm);
  rescale(twins, 1.0 / norm);
  return RST_OK;
}

static enum rst_status follow(struct twins *twins, long iterations, double *growth) {
  const double far = 1e6;
  double scale = 0.0; /* logarithm of what has been divided out */
  double half = 0.0;
  double now = 0.0;
  for (long t = 0; t < iterations && isfinite(now); ++t) {
    half = t == iterations / 2 ? now : half;
    for (int i = 0; i < 2; ++i) {
      struct rst_flow_value value;
      rst_flow_evaluate(twins->flow, twins->u[i], &value, twins->gradient);
      RST_TRY(rst_scheme_step(twins->scheme[i], twins->gradient, twins->u[i], NULL));
    }
    const double length = size(twins);
    now = isfinite(length) ? scale + log(length) : INFINITY;
    if (isfinite(now) && !(length > 1.0 / far && length < far)) {
      rescale(twins, 1.0 / length);
      scale = now;
    }
  }
  *growth = now - half;
  return RST_OK;
}

/* grad E(d/2) - grad E(-d/2) = H d up to rounding; of a non-linear flow the growth would depend on the size
 * of the difference. */
static enum rst_status check_linear(struct rst_context *context, struct twins *twins,
                                    struct rst_field *other) {
  const double epsilon =
      rst_flow_precision(twins->flow) == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  struct rst_flow_value value;
  rst_flow_linearise(twins->flow, twins->u[0], NULL, twins->gradient);
  rst_flow_evaluate(twins->flow, twins->u[1], &value, other);
  const double terms = rst_field_norm(twins->gradient) + rst_field_norm(other);
  rst_field_axpy(-1.0, other, twins->gradient);
  rst_flow_hessian_product(twins->flow, twins->u[0], other);
  rst_field_axpy(-2.0, other, twins->gradient);
  RST_REQUIRE(context, rst_field_norm(twins->gradient) <= sqrt(epsilon) * terms, RST_ERROR_UNSUPPORTED,
              "the flow %s is not linear, so that growth would depend on the size of the difference; use a "
              "linear flow, as conv-linear",
              rst_flow_name(twins->flow));
  return RST_OK;
}

enum rst_status rst_difference_growth(struct rst_context *context, struct rst_flow *flow,
                                      const struct rst_scheme_parameters *parameters,
                                      const struct rst_field *start, long iterations, double *growth) {
  struct twins twins = {.flow = flow};
  struct rst_field *other = NULL;
  enum rst_status status = prepare(context, parameters, start, &twins);
  if (status == RST_OK) {
    status = rst_field_create_like(context, start, &other);
  }
  if (status == RST_OK) {
    status = check_linear(context, &twins, other);
  }
  if (status == RST_OK) {
    status = follow(&twins, iterations, growth);
  }
  rst_field_destroy(&other);
  release(&twins);
  return status;
}
