/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/ergodic.h"

#include <limits.h>
#include <math.h>

#include "core/core.h"
#include "restrain/langevin.h"
#include "run/running_means.h"

enum { WINDOWS = RST_ERGODIC_WINDOWS };
/* Quantities of running means. */
enum { LOSS, GRAD_NORM, STATE_QUANTITIES };
enum { NOISE_NORM, SLOPE, CURVATURE, SLOPE_SQUARE, NOISE_QUANTITIES };
/* Rows of the marks; and in the first of them. */
enum { SUMS, DIFFERENCES, DISPLACEMENTS, MARK_ROWS };
enum { LAST_LOSS, LOSS_FALL, LARGEST_LOSS };

struct rst_ergodic {
  long first, every; /* t_0, a multiple of `every` */
  bool has_noise, has_curvature;
  double balance_limit;
  int64_t lengths[WINDOWS]; /* of windows, in iterations */
  struct rst_axis windows;
  struct rst_field *start;           /* u_{t_0} */
  struct rst_field *states, *locals; /* running means over iterations, and over updates */
  struct rst_field *noise;           /* over measurements; NULL without */
  struct rst_field *marks; /* [MARK_ROWS][WINDOWS]: sums; what is known of the states at t_0 + length */
};

/* 2/lr, where E_t[g'Hg] = (2/lr) E_t|grad L|^2 is what a stationary loss asks for. */
static double balance_limit(const struct rst_case *run) {
  const struct rst_scheme_facts facts = rst_scheme_facts(run->step.scheme.kind);
  const bool is_plain = facts.affine && facts.buffers == 0 && !facts.implicit_decay && !facts.adapts &&
                        rst_schedule_is_constant(&run->step.schedule);
  return is_plain ? 2.0 / (run->step.scheme.lr * rst_sampling_step(&run->sampling)) : (double)NAN;
}

/* The first multiple of `every` from t on. */
static long next_row(long t, long every) {
  const long behind = t % every;
  return behind == 0 || t > LONG_MAX - every ? t : t - behind + every;
}

static void list_lengths(struct rst_ergodic *made) {
  for (int k = 0; k < WINDOWS; ++k) {
    const int64_t rows = (int64_t)RST_ERGODIC_SHORTEST << k;
    made->lengths[k] = made->every <= INT64_MAX / rows ? rows * made->every : INT64_MAX;
  }
  made->windows = (struct rst_axis){
      .variable = {"window",
                   "length of each of two successive windows, the first from the begin of the record",
                   "iteration"},
      .count = WINDOWS,
      .numbers = RST_NUMBERS_INT64,
      .values = made->lengths};
}

static enum rst_status build(struct rst_context *context, struct rst_flow *flow, struct rst_ergodic *made) {
  RST_TRY(rst_flow_create_state(context, flow, &made->start));
  RST_TRY(rst_running_means_create(context, STATE_QUANTITIES, &made->states));
  RST_TRY(rst_running_means_create(context, 1, &made->locals));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, MARK_ROWS, WINDOWS, &made->marks));
  return made->has_noise ? rst_running_means_create(context, NOISE_QUANTITIES, &made->noise) : RST_OK;
}

enum rst_status rst_ergodic_create(struct rst_context *context, const struct rst_case *run,
                                   struct rst_flow *flow, const struct rst_noise_wanted *noise,
                                   struct rst_ergodic **ergodic) {
  struct rst_ergodic *made = NULL;
  *ergodic = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->every = run->output.scalars_every;
  made->first = next_row(run->ergodic.burn_in, made->every);
  made->has_noise = noise->norm || noise->curvature;
  made->has_curvature = noise->curvature;
  made->balance_limit = balance_limit(run);
  list_lengths(made);
  const enum rst_status status = build(context, flow, made);
  if (status != RST_OK) {
    rst_ergodic_destroy(&made);
    return status;
  }
  *ergodic = made;
  return RST_OK;
}

void rst_ergodic_destroy(struct rst_ergodic **ergodic) {
  if (*ergodic) {
    rst_field_destroy(&(*ergodic)->start);
    rst_field_destroy(&(*ergodic)->states);
    rst_field_destroy(&(*ergodic)->locals);
    rst_field_destroy(&(*ergodic)->noise);
    rst_field_destroy(&(*ergodic)->marks);
    free(*ergodic);
    *ergodic = NULL;
  }
}

void rst_ergodic_list(const struct rst_ergodic *ergodic, struct rst_blocks *blocks) {
  rst_blocks_add(blocks, ergodic->start, "ergodic.start");
  rst_blocks_add(blocks, ergodic->states, "ergodic.states");
  rst_blocks_add(blocks, ergodic->locals, "ergodic.locals");
  rst_blocks_add(blocks, ergodic->marks, "ergodic.marks");
  if (ergodic->noise) {
    rst_blocks_add(blocks, ergodic->noise, "ergodic.noise");
  }
}

static double *marks_of(const struct rst_ergodic *ergodic, int row) {
  return (double *)ergodic->marks->data + (size_t)row * WINDOWS;
}

static void begin(struct rst_ergodic *ergodic, const struct rst_observation *seen) {
  rst_field_copy(seen->u, ergodic->start);
  rst_running_means_clear(ergodic->states);
  rst_running_means_clear(ergodic->locals);
  if (ergodic->noise) {
    rst_running_means_clear(ergodic->noise);
  }
  rst_field_fill((double)NAN, ergodic->marks);
  marks_of(ergodic, SUMS)[LOSS_FALL] = 0.0;
  marks_of(ergodic, SUMS)[LARGEST_LOSS] = 0.0;
}

static void add_state(struct rst_ergodic *ergodic, const struct rst_observation *seen) {
  double *sums = marks_of(ergodic, SUMS);
  const double values[STATE_QUANTITIES] = {[LOSS] = seen->loss, [GRAD_NORM] = seen->grad_norm};
  rst_running_means_add(values, ergodic->states);
  if (seen->iteration > ergodic->first) {
    sums[LOSS_FALL] += sums[LAST_LOSS] - seen->loss;
  }
  sums[LAST_LOSS] = seen->loss;
  sums[LARGEST_LOSS] = fmax(sums[LARGEST_LOSS], fabs(seen->loss));
}

static void add_noise(struct rst_ergodic *ergodic, const struct rst_noise_numbers *noise) {
  if (ergodic->noise && isfinite(noise->grad_norm)) {
    const double values[NOISE_QUANTITIES] = {[NOISE_NORM] = noise->norm,
                                             [SLOPE] = noise->grad_norm,
                                             [CURVATURE] = noise->curvature,
                                             [SLOPE_SQUARE] = noise->grad_norm * noise->grad_norm};
    rst_running_means_add(values, ergodic->noise);
  }
}

/* At u_{t_0 + length}. */
static void mark(struct rst_ergodic *ergodic, const struct rst_observation *seen, double displacement) {
  for (int k = 0; k < WINDOWS; ++k) {
    if (seen->iteration - ergodic->first == ergodic->lengths[k]) {
      marks_of(ergodic, DIFFERENCES)[k] = rst_field_relative_distance(ergodic->start, seen->u);
      marks_of(ergodic, DISPLACEMENTS)[k] = displacement;
    }
  }
}

static void fill_numbers(const struct rst_ergodic *ergodic, double updates,
                         struct rst_ergodic_numbers *numbers) {
  const double *sums = marks_of(ergodic, SUMS);
  numbers->loss_mean = rst_running_means_mean(ergodic->states, LOSS);
  numbers->grad_norm_mean = rst_running_means_mean(ergodic->states, GRAD_NORM);
  numbers->loss_change_mean = updates > 0.0 ? sums[LOSS_FALL] / updates : (double)NAN;
  numbers->loss_change_envelope = updates > 0.0 ? 2.0 * sums[LARGEST_LOSS] / updates : (double)NAN;
  if (ergodic->noise) {
    numbers->noise_norm_mean = rst_running_means_mean(ergodic->noise, NOISE_NORM);
    numbers->objective_grad_norm_mean = rst_running_means_mean(ergodic->noise, SLOPE);
  }
}

void rst_ergodic_measure(struct rst_ergodic *ergodic, const struct rst_observation *seen,
                         const struct rst_noise_numbers *noise, struct rst_ergodic_numbers *numbers) {
  *numbers = (struct rst_ergodic_numbers){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  if (seen->iteration < ergodic->first) {
    return;
  }
  if (seen->iteration == ergodic->first) {
    begin(ergodic, seen);
  }
  const double distance = rst_field_distance(ergodic->start, seen->u);
  add_state(ergodic, seen);
  add_noise(ergodic, noise);
  fill_numbers(ergodic, (double)(seen->iteration - ergodic->first), numbers);
  numbers->local_displacement = seen->update_norm * seen->update_norm;
  numbers->global_displacement = distance * distance;
  mark(ergodic, seen, numbers->global_displacement);
  if (!isnan(numbers->local_displacement)) { /* none at the last state */
    rst_running_means_add(&numbers->local_displacement, ergodic->locals);
  }
}

bool rst_ergodic_has_noise(const struct rst_ergodic *ergodic) {
  return ergodic->has_noise;
}

long rst_ergodic_every(const struct rst_ergodic *ergodic) {
  return ergodic->every;
}

const struct rst_axis *rst_ergodic_window_axis(const struct rst_ergodic *ergodic) {
  return &ergodic->windows;
}

static void fill_unknown(struct rst_ergodic_summary *summary) {
#define UNKNOWN(name, ...) summary->name = NAN;
  RST_ERGODIC_MEANS(UNKNOWN)
  RST_ERGODIC_ENDINGS(UNKNOWN)
#undef UNKNOWN
  for (int k = 0; k < WINDOWS; ++k) {
    summary->window[k] = summary->window_difference[k] = NAN;
    for (int i = 0; i < RST_ERGODIC_OBSERVABLE_COUNT; ++i) {
      summary->window_wasserstein[i][k] = summary->window_kolmogorov[i][k] = NAN;
    }
  }
}

static void summarize_windows(const struct rst_ergodic *ergodic, struct rst_ergodic_summary *summary) {
  double lengths[WINDOWS];
  double displacements[WINDOWS];
  size_t reached = 0;
  for (int k = 0; k < WINDOWS; ++k) {
    const double displacement = marks_of(ergodic, DISPLACEMENTS)[k];
    if (displacement > 0.0 && isfinite(displacement)) {
      lengths[reached] = (double)ergodic->lengths[k];
      displacements[reached++] = displacement;
    }
    if (ergodic->lengths[k] <= summary->updates / 2) {
      summary->window_count = (size_t)k + 1;
      summary->window[k] = (double)ergodic->lengths[k];
      summary->window_difference[k] = marks_of(ergodic, DIFFERENCES)[k];
    }
  }
  if (reached > 2) {
    summary->displacement_exponent =
        rst_exponent_fit(reached, lengths, displacements, &summary->displacement_exponent_error);
  }
}

static void summarize_noise(const struct rst_ergodic *ergodic, struct rst_ergodic_summary *summary) {
  summary->noise_norm_mean_error = rst_running_means_error(ergodic->noise, NOISE_NORM);
  summary->objective_grad_norm_mean_error = rst_running_means_error(ergodic->noise, SLOPE);
  if (ergodic->has_curvature) {
    rst_running_means_ratio(ergodic->noise, CURVATURE, SLOPE_SQUARE, &summary->gradient_noise_balance,
                            &summary->gradient_noise_balance_error);
  }
}

void rst_ergodic_summarize(const struct rst_ergodic *ergodic, long t, struct rst_ergodic_summary *summary) {
  struct rst_ergodic_numbers numbers = {.noise_norm_mean = NAN, .objective_grad_norm_mean = NAN};
  *summary = (struct rst_ergodic_summary){.first = ergodic->first, .balance_limit = ergodic->balance_limit};
  fill_unknown(summary);
  if (t <= ergodic->first) {
    return;
  }
  summary->updates = t - ergodic->first;
  fill_numbers(ergodic, (double)summary->updates, &numbers);
#define TAKE(name) summary->name = numbers.name;
  RST_ERGODIC_MEANS(TAKE)
#undef TAKE
  summary->loss_mean_error = rst_running_means_error(ergodic->states, LOSS);
  summary->grad_norm_mean_error = rst_running_means_error(ergodic->states, GRAD_NORM);
  summary->local_displacement_mean = rst_running_means_mean(ergodic->locals, 0);
  summary->local_displacement_mean_error = rst_running_means_error(ergodic->locals, 0);
  summarize_windows(ergodic, summary);
  if (ergodic->noise) {
    summarize_noise(ergodic, summary);
  }
}
