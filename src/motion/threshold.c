/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/threshold.h"

#include <math.h>

#include "core/core.h"
#include "motion/difference.h"

/** @file
 * Bisection over runs: a threshold is where the difference of two runs begins to grow.
 */

struct search {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_scheme_parameters parameters;
  const struct rst_field *start;
  enum rst_step_parameter parameter;
  long iterations;
  int runs;
};

static enum rst_status run(struct search *search, double at, bool *grows) {
  double growth = 0.0;
  *(search->parameter == RST_STEP_LR ? &search->parameters.lr : &search->parameters.weight_decay) = at;
  RST_TRY(rst_difference_growth(search->context, search->flow, &search->parameters, search->start,
                                search->iterations, &growth));
  *grows = growth > 0.0;
  ++search->runs;
  return RST_OK;
}

static enum rst_status check(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                             const struct rst_threshold_search *search) {
  enum { FEWEST_ITERATIONS = 16 };
  RST_REQUIRE(context, search->parameter == RST_STEP_LR || search->parameter == RST_STEP_WEIGHT_DECAY,
              RST_ERROR_ARGUMENT, "the parameter %d is neither lr nor weight decay", (int)search->parameter);
  RST_REQUIRE(context, search->low > 0.0 && search->low < search->high && isfinite(search->high),
              RST_ERROR_ARGUMENT, "the bracket is [%g, %g]; it must be positive, ascending and finite",
              search->low, search->high);
  RST_REQUIRE(context, search->tolerance > 0.0, RST_ERROR_ARGUMENT,
              "the threshold's tolerance is %g; it must be positive", search->tolerance);
  RST_REQUIRE(context, search->iterations >= FEWEST_ITERATIONS, RST_ERROR_ARGUMENT,
              "a run has %ld iterations; it needs at least %d", search->iterations, FEWEST_ITERATIONS);
  double growth = 0.0; /* refuses a step that depends on the state, whose difference is not homogeneous */
  return rst_scheme_growth(context, parameters, 0.0, &growth);
}

/* Middles are geometric, so that a bracket of many decades costs little. */
static double middle(double low, double high) {
  return sqrt(low) * sqrt(high);
}

static enum rst_status bisect(struct search *search, const struct rst_threshold_search *bracket,
                              struct rst_threshold *threshold) {
  double low = bracket->low;
  double high = bracket->high;
  bool low_grows = false;
  bool high_grows = false;
  RST_TRY(run(search, low, &low_grows));
  RST_TRY(run(search, high, &high_grows));
  RST_REQUIRE(search->context, low_grows != high_grows, RST_ERROR_ARGUMENT,
              "the %s of %g and of %g are both %s; widen the bracket",
              bracket->parameter == RST_STEP_LR ? "lr" : "weight decay", low, high,
              low_grows ? "unstable" : "stable");
  double x = middle(low, high);
  while (high - low > bracket->tolerance * x && x > low && x < high) {
    bool grows = false;
    RST_TRY(run(search, x, &grows));
    *(grows == low_grows ? &low : &high) = x;
    x = middle(low, high);
  }
  *threshold = (struct rst_threshold){.value = x, .low = low, .high = high, .runs = search->runs};
  return RST_OK;
}

enum rst_status rst_threshold_bisect(struct rst_context *context, struct rst_flow *flow,
                                     const struct rst_scheme_parameters *parameters,
                                     const struct rst_field *start, const struct rst_threshold_search *search,
                                     struct rst_threshold *threshold) {
  RST_TRY(check(context, parameters, search));
  struct search work = {
      .context = context,
      .flow = flow,
      .parameters = *parameters,
      .start = start,
      .parameter = search->parameter,
      .iterations = search->iterations,
  };
  return bisect(&work, search, threshold);
}
