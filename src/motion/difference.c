/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion/difference.h"

#include <assert.h>
#include <math.h>

#include "core/core.h"
#include "motion/motion.h"

/** @file
 * What is affine in the flow (the slope at zero, fixed end values) is the same in both runs; it moves their
 * mean, which stays of the size of a fixed point, and cancels in their difference. The difference of
 * everything that the scheme remembers is part of it: rescaled together, they go on as they were.
 */

enum { MOST_PAIRS = 4 };

struct pair {
  struct rst_flow *flow;
  struct rst_motion *motion[2];
  /* What differs between the runs: the state, then what the scheme remembers of it. */
  size_t pairs;
  struct rst_field *a[MOST_PAIRS], *b[MOST_PAIRS];
  double weight[MOST_PAIRS]; /* in the size of the difference: 1, then lr, which makes momentum a step */
};

static void release(struct pair *pair) {
  for (int i = 0; i < 2; ++i) {
    rst_motion_destroy(&pair->motion[i]);
  }
}

static double size(const struct pair *pair) {
  double square = 0.0;
  for (size_t i = 0; i < pair->pairs; ++i) {
    const double part = pair->weight[i] * rst_field_distance(pair->a[i], pair->b[i]);
    square += part * part;
  }
  return sqrt(square);
}

/* The same difference, up to the factor, about zero. */
static void rescale(struct pair *pair, double factor) {
  for (size_t i = 0; i < pair->pairs; ++i) {
    struct rst_field *a = pair->a[i];
    rst_field_axpby(-factor / 2.0, pair->b[i], factor / 2.0, a);
    rst_field_copy(a, pair->b[i]);
    rst_field_scale(-1.0, pair->b[i]);
  }
}

static enum rst_status prepare(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                               const struct rst_field *start, struct pair *pair) {
  const struct rst_motion_parameters own = {.scheme = *parameters};
  struct rst_field **state[2] = {NULL};
  size_t count = 0;
  for (int i = 0; i < 2; ++i) {
    RST_TRY(rst_motion_create(context, pair->flow, &own, start, &pair->motion[i]));
    count = rst_scheme_state(pair->motion[i]->scheme, &state[i]);
  }
  assert(count < MOST_PAIRS);
  rst_flow_pin(pair->flow, pair->motion[0]->u);
  rst_field_fill(0.0, pair->motion[1]->u);
  pair->pairs = count + 1;
  pair->a[0] = pair->motion[0]->u;
  pair->b[0] = pair->motion[1]->u;
  pair->weight[0] = 1.0;
  for (size_t i = 0; i < count; ++i) {
    pair->a[i + 1] = state[0][i];
    pair->b[i + 1] = state[1][i];
    pair->weight[i + 1] = parameters->lr;
  }
  const double norm = rst_field_norm(pair->motion[0]->u);
  RST_REQUIRE(context, norm > 0.0 && isfinite(norm), RST_ERROR_ARGUMENT,
              "the norm of the start is %g on the free points; it must be positive and finite", norm);
  rescale(pair, 1.0 / norm);
  return RST_OK;
}

static enum rst_status follow(struct pair *pair, long iterations, double *growth) {
  const double far = 1e6;
  double scale = 0.0; /* logarithm of what has been divided out */
  double half = 0.0;
  double now = 0.0;
  for (long t = 0; t < iterations && isfinite(now); ++t) {
    half = t == iterations / 2 ? now : half;
    RST_TRY(rst_go_on(pair->motion[0]->context));
    for (int i = 0; i < 2; ++i) {
      RST_TRY(rst_motion_advance(pair->motion[i]));
    }
    const double length = size(pair);
    now = isfinite(length) ? scale + log(length) : INFINITY;
    if (isfinite(now) && !(length > 1.0 / far && length < far)) {
      rescale(pair, 1.0 / length);
      scale = now;
    }
  }
  *growth = now - half;
  return RST_OK;
}

enum rst_status rst_difference_growth(struct rst_context *context, struct rst_flow *flow,
                                      const struct rst_scheme_parameters *parameters,
                                      const struct rst_field *start, long iterations, double *growth) {
  struct pair pair = {.flow = flow};
  RST_REQUIRE(context, rst_flow_facts(flow).linear, RST_ERROR_UNSUPPORTED,
              "the flow %s is not linear, so that growth would depend on the size of the difference; use a "
              "linear flow, as conv-linear",
              rst_flow_name(flow));
  enum rst_status status = prepare(context, parameters, start, &pair);
  if (status == RST_OK) {
    status = follow(&pair, iterations, growth);
  }
  release(&pair);
  return status;
}
