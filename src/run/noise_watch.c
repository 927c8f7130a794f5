/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/noise_watch.h"

#include <limits.h>
#include <math.h>

#include "case/fault.h"
#include "core/core.h"

struct rst_noise_watch {
  struct rst_flow *flow;
  struct rst_sampler *sampler;
  struct rst_noise_wanted wanted;
  long every, most;
  double tolerance, decay;
  struct rst_field *gradient, *product; /* g_w, and a Hessian times it */
  struct rst_field *full;               /* grad L; NULL unless needed */
  struct rst_field *sum;                /* of the draws, and of each group of them; NULL unless needed */
  struct rst_field *of_group[RST_NOISE_LEAST];
};

/* Mean of independent numbers, by Welford's updates. */
struct estimate {
  long count;
  double mean, squares; /* sum of squared deviations from the mean */
};

static void take(double value, struct estimate *estimate) {
  const double deviation = value - estimate->mean;
  estimate->count += 1;
  estimate->mean += deviation / (double)estimate->count;
  estimate->squares += deviation * (value - estimate->mean);
}

static double standard_error(const struct estimate *estimate) {
  const double n = (double)estimate->count;
  return sqrt(estimate->squares / (n * (n - 1.0)));
}

/* The relative error of a power of the mean is that power times its own. */
static bool is_known(const struct estimate *estimate, double power, double tolerance) {
  return power * standard_error(estimate) < tolerance * fabs(estimate->mean);
}

static enum rst_status build(struct rst_context *context, const struct rst_case *run,
                             struct rst_noise_watch *made) {
  const size_t examples = rst_flow_example_count(made->flow, RST_TRAINING_SET);
  const struct rst_sampling_parameters apart = rst_sampling_apart(&run->sampling);
  RST_TRY(rst_sampler_create(context, &apart, examples, &made->sampler));
  RST_TRY(rst_flow_prepare(made->flow, rst_sampler_draw_count(made->sampler)));
  RST_TRY(rst_flow_create_state(context, made->flow, &made->gradient));
  RST_TRY(rst_flow_create_state(context, made->flow, &made->product));
  if (made->wanted.curvature || made->wanted.norm || made->wanted.slope) {
    RST_TRY(rst_flow_create_state(context, made->flow, &made->full));
  }
  if (made->wanted.pairs) {
    RST_TRY(rst_flow_create_state(context, made->flow, &made->sum));
    for (size_t k = 0; k < RST_NOISE_LEAST; ++k) {
      RST_TRY(rst_flow_create_state(context, made->flow, &made->of_group[k]));
    }
  }
  return RST_OK;
}

static enum rst_status check(struct rst_context *context, const struct rst_case *run,
                             const struct rst_flow *flow) {
  const struct rst_sampling_parameters *sampling = &run->sampling;
  const size_t examples = rst_flow_example_count(flow, RST_TRAINING_SET);
  if (rst_sampling_is_full(sampling) || rst_sampling_needs_root(sampling)) {
    return rst_case_fault(context, run, "sampling.kind",
                          "key \"sampling.kind\": output.scalars asks for numbers of the gradient's noise, "
                          "which take draws of examples; choose minibatch, svag, gaussian or sde");
  }
  const long batches = (long)(examples / sampling->batch);
  return run->step.iterations < LONG_MAX / RST_NOISE_MOST / 4 / batches
             ? RST_OK
             : rst_case_fault(context, run, "step.iterations",
                              "key \"step.iterations\": too many to measure the gradient's noise; expected "
                              "at most %ld",
                              LONG_MAX / RST_NOISE_MOST / 4 / batches - 1);
}

enum rst_status rst_noise_watch_create(struct rst_context *context, const struct rst_case *run,
                                       struct rst_flow *flow, struct rst_noise_wanted wanted,
                                       struct rst_noise_watch **watch) {
  *watch = NULL;
  RST_TRY(check(context, run, flow));
  struct rst_noise_watch *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_noise_watch){.flow = flow,
                                   .wanted = wanted,
                                   .every = run->noise.every,
                                   .most = run->noise.draws,
                                   .tolerance = run->noise.tolerance,
                                   .decay = run->step.scheme.weight_decay};
  const enum rst_status status = build(context, run, made);
  if (status != RST_OK) {
    rst_noise_watch_destroy(&made);
    return status;
  }
  *watch = made;
  return RST_OK;
}

void rst_noise_watch_destroy(struct rst_noise_watch **watch) {
  if (*watch) {
    rst_sampler_destroy(&(*watch)->sampler);
    rst_field_destroy(&(*watch)->gradient);
    rst_field_destroy(&(*watch)->product);
    rst_field_destroy(&(*watch)->full);
    rst_field_destroy(&(*watch)->sum);
    for (size_t k = 0; k < RST_NOISE_LEAST; ++k) {
      rst_field_destroy(&(*watch)->of_group[k]);
    }
    free(*watch);
    *watch = NULL;
  }
}

/* g_w without decay of draw number j of iteration t; and the flow linearised with w where `linearise`. */
static void draw_data_gradient(struct rst_noise_watch *watch, long t, long j, const struct rst_field *u,
                               bool linearise) {
  struct rst_flow_value value;
  rst_flow_choose(watch->flow, rst_sampler_draw_apart(watch->sampler, RST_NOISE_MOST * t + j));
  if (linearise) {
    rst_flow_linearise(watch->flow, u, &value, watch->gradient);
  } else {
    rst_flow_evaluate(watch->flow, u, &value, watch->gradient);
  }
  rst_flow_choose(watch->flow, NULL);
}

static void draw_gradient(struct rst_noise_watch *watch, long t, long j, const struct rst_field *u,
                          bool linearise) {
  draw_data_gradient(watch, t, j, u, linearise);
  rst_field_axpy(watch->decay, u, watch->gradient);
}

/* g' H g of the last gradient and the last linearisation, decay included. */
static double curvature(struct rst_noise_watch *watch, double square) {
  rst_flow_hessian_product(watch->flow, watch->gradient, watch->product);
  return rst_field_dot(watch->gradient, watch->product) + watch->decay * square;
}

static void measure_batches(struct rst_noise_watch *watch, long t, const struct rst_field *u,
                            struct rst_noise_numbers *numbers) {
  struct estimate sharpness = {0};
  for (long j = 0; j < watch->most && (j < RST_NOISE_LEAST || !is_known(&sharpness, 1.0, watch->tolerance));
       ++j) {
    draw_gradient(watch, t, j, u, true);
    const double square = rst_field_dot(watch->gradient, watch->gradient);
    take(curvature(watch, square) / square, &sharpness);
  }
  numbers->batch_sharpness = sharpness.mean;
  numbers->batch_sharpness_error = standard_error(&sharpness);
}

/* grad L, its square; the flow linearised with equal weights where products are wanted. */
static double look_at_all(struct rst_noise_watch *watch, const struct rst_field *u) {
  struct rst_flow_value value;
  if (watch->wanted.curvature) {
    rst_flow_linearise(watch->flow, u, &value, watch->full);
  } else {
    rst_flow_evaluate(watch->flow, u, &value, watch->full);
  }
  rst_field_axpy(watch->decay, u, watch->full);
  return rst_field_dot(watch->full, watch->full);
}

static bool wants_more(const struct rst_noise_watch *watch, const struct estimate *curved,
                       const struct estimate *deviation) {
  const struct rst_noise_wanted *wanted = &watch->wanted;
  if (deviation->count < RST_NOISE_LEAST || deviation->count >= watch->most) {
    return (wanted->curvature || wanted->norm) && deviation->count < RST_NOISE_LEAST;
  }
  return (wanted->curvature && !is_known(curved, 1.0, watch->tolerance)) ||
         (wanted->norm && !is_known(deviation, 0.5, watch->tolerance));
}

static void measure_deviations(struct rst_noise_watch *watch, long t, const struct rst_field *u,
                               struct rst_noise_numbers *numbers) {
  const double slope = look_at_all(watch, u);
  struct estimate curved = {0};
  struct estimate deviation = {0};
  while (wants_more(watch, &curved, &deviation)) {
    draw_gradient(watch, t, deviation.count, u, false);
    const double distance = rst_field_distance(watch->gradient, watch->full);
    take(distance * distance, &deviation);
    if (watch->wanted.curvature) {
      take(curvature(watch, rst_field_dot(watch->gradient, watch->gradient)), &curved);
    }
  }
  numbers->grad_norm = sqrt(slope);
  numbers->norm = sqrt(deviation.mean);
  numbers->norm_error = standard_error(&deviation) / (2.0 * numbers->norm);
  numbers->curvature = curved.mean;
  numbers->curvature_error = standard_error(&curved);
  numbers->interaction = curved.mean / slope;
  numbers->interaction_error = numbers->curvature_error / slope;
}

/* G and N, from |sum g|^2, sum |g|^2 and the number of draws. */
struct pair {
  double square, trace;
};

static struct pair pair_of(double square_of_sum, double sum_of_squares, double draws) {
  const double square = (square_of_sum - sum_of_squares) / (draws * (draws - 1.0));
  return (struct pair){square, sum_of_squares / draws - square};
}

/* Of the jackknife, from what is left of an estimate without one group. */
static double jackknife_error(const double left[RST_NOISE_LEAST]) {
  struct estimate estimate = {0};
  for (size_t k = 0; k < RST_NOISE_LEAST; ++k) {
    take(left[k], &estimate);
  }
  return sqrt(estimate.squares * (RST_NOISE_LEAST - 1.0) / RST_NOISE_LEAST);
}

/* Draws, each in its group; the sum of the squares of each group. */
static void draw_groups(struct rst_noise_watch *watch, long t, long of_group, const struct rst_field *u,
                        double squares[RST_NOISE_LEAST]) {
  for (long k = 0; k < RST_NOISE_LEAST; ++k) {
    struct rst_field *sum = watch->of_group[k];
    rst_field_fill(0.0, sum);
    squares[k] = 0.0;
    for (long j = k * of_group; j < (k + 1) * of_group; ++j) {
      draw_data_gradient(watch, t, j, u, false);
      squares[k] += rst_field_dot(watch->gradient, watch->gradient);
      rst_field_axpy(1.0, watch->gradient, sum);
    }
  }
}

static void measure_pairs(struct rst_noise_watch *watch, long t, const struct rst_field *u,
                          struct rst_noise_numbers *numbers) {
  const long of_group = watch->most / RST_NOISE_LEAST;
  double squares[RST_NOISE_LEAST];
  double square[RST_NOISE_LEAST];
  double trace[RST_NOISE_LEAST];
  double sum_of_squares = 0.0;
  draw_groups(watch, t, of_group, u, squares);
  rst_field_fill(0.0, watch->sum);
  for (size_t k = 0; k < RST_NOISE_LEAST; ++k) {
    rst_field_axpy(1.0, watch->of_group[k], watch->sum);
    sum_of_squares += squares[k];
  }
  for (size_t k = 0; k < RST_NOISE_LEAST; ++k) {
    const double distance = rst_field_distance(watch->sum, watch->of_group[k]);
    const struct pair left =
        pair_of(distance * distance, sum_of_squares - squares[k], (double)((RST_NOISE_LEAST - 1) * of_group));
    square[k] = left.square;
    trace[k] = left.trace;
  }
  const struct pair all =
      pair_of(rst_field_dot(watch->sum, watch->sum), sum_of_squares, (double)(RST_NOISE_LEAST * of_group));
  numbers->square = all.square;
  numbers->square_error = jackknife_error(square);
  numbers->trace = all.trace;
  numbers->trace_error = jackknife_error(trace);
}

void rst_noise_watch_measure(struct rst_noise_watch *watch, long t, const struct rst_field *u,
                             struct rst_noise_numbers *numbers) {
  *numbers = (struct rst_noise_numbers){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  if (t % watch->every != 0 || !rst_field_is_finite(u)) {
    return;
  }
  if (watch->wanted.batch_sharpness) {
    measure_batches(watch, t, u, numbers);
  }
  if (watch->full) {
    measure_deviations(watch, t, u, numbers);
  }
  if (watch->sum) {
    measure_pairs(watch, t, u, numbers);
  }
}
