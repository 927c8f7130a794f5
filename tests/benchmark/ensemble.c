/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An update of a member of an ensemble on one thread, with a motion of its own, in a block of 64, and its draw alone: nanoseconds of
 * the processor, medians of rounds in turn. The flows are three modes, which draw noise, and 40 examples of 8 numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "motion/motion.h"

enum { MEMBERS = 64, UPDATES = 200, ROUNDS = 15 };

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "ensemble: %s\n", rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

static double processor_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double times[ROUNDS]) {
  qsort(times, ROUNDS, sizeof *times, compare);
  return times[ROUNDS / 2] / ((double)MEMBERS * UPDATES);
}

/* Of all members, some in each motion; nothing else than draws where there are no motions. */
struct contender {
  size_t motion_count;
  struct rst_motion *motions[MEMBERS];
  struct rst_sampler *samplers[MEMBERS];
  double times[ROUNDS];
};

static void create_motions(struct rst_context *context, struct rst_flow *flow,
                           const struct rst_motion_parameters *given, size_t copies, struct contender *made) {
  struct rst_motion_parameters parameters = *given;
  struct rst_field *start = NULL;
  made->motion_count = MEMBERS / copies;
  parameters.copies = copies;
  check(context,
        rst_field_create(context, RST_PRECISION_DOUBLE, 1, copies * rst_flow_layout(flow)->count, &start));
  for (size_t i = 0; i < made->motion_count; ++i) {
    parameters.sampling.member = i * copies;
    check(context, rst_motion_create(context, flow, &parameters, start, &made->motions[i]));
  }
  rst_field_destroy(&start);
}

static void create_samplers(struct rst_context *context, struct rst_flow *flow,
                            const struct rst_sampling_parameters *given, struct contender *made) {
  const size_t drawn = rst_sampling_needs_root(given) ? rst_flow_root_rows(flow)
                                                      : rst_flow_example_count(flow, RST_TRAINING_SET);
  struct rst_sampling_parameters parameters = *given;
  made->motion_count = 0;
  for (size_t i = 0; i < MEMBERS; ++i) {
    parameters.member = i;
    check(context, rst_sampler_create(context, &parameters, drawn, &made->samplers[i]));
  }
}

static void take_round(struct rst_context *context, int round, struct contender *contender) {
  const double begin = processor_nanoseconds();
  for (size_t i = 0; i < contender->motion_count; ++i) {
    for (int t = 0; t < UPDATES; ++t) {
      check(context, rst_motion_advance(contender->motions[i]));
    }
  }
  for (size_t i = 0; contender->motion_count == 0 && i < MEMBERS; ++i) {
    for (long t = 0; t < UPDATES; ++t) {
      (void)rst_sampler_draw(contender->samplers[i], round * (long)UPDATES + t);
    }
  }
  contender->times[round] = processor_nanoseconds() - begin;
}

enum { ALONE, BLOCK, DRAW, CONTENDERS };

static void measure(struct rst_context *context, struct rst_flow *flow,
                    const struct rst_motion_parameters *parameters, double medians[CONTENDERS]) {
  struct contender contenders[CONTENDERS] = {{0}};
  create_motions(context, flow, parameters, 1, &contenders[ALONE]);
  create_motions(context, flow, parameters, MEMBERS, &contenders[BLOCK]);
  create_samplers(context, flow, &parameters->sampling, &contenders[DRAW]);
  for (int r = 0; r < ROUNDS; ++r) {
    for (size_t c = 0; c < CONTENDERS; ++c) {
      take_round(context, r, &contenders[c]);
    }
  }
  for (size_t c = 0; c < CONTENDERS; ++c) {
    medians[c] = median(contenders[c].times);
    for (size_t i = 0; i < MEMBERS; ++i) {
      rst_motion_destroy(&contenders[c].motions[i]);
      rst_sampler_destroy(&contenders[c].samplers[i]);
    }
  }
}

int main(void) {
  static const struct {
    const char *design, *label;
    struct rst_sampling_parameters sampling;
  } rows[] = {
      {"none", "full", {.kind = "full"}},
      {"none", "hessian", {.kind = "hessian", .batch = 2, .sigma = 0.5, .seed = 1}},
      {"gaussian", "minibatch", {.kind = "minibatch", .batch = 2, .order = RST_ORDER_REPLACEMENT, .seed = 1}},
      {"gaussian",
       "minibatch, shuffled",
       {.kind = "minibatch", .batch = 2, .order = RST_ORDER_SHUFFLE, .seed = 1}},
      {"gaussian",
       "svag, l = 4",
       {.kind = "svag", .batch = 2, .length = 4, .order = RST_ORDER_REPLACEMENT, .seed = 1}},
      {"gaussian", "gaussian", {.kind = "gaussian", .batch = 2, .seed = 1}},
      {"gaussian", "sde, l = 4", {.kind = "sde", .batch = 2, .length = 4, .seed = 1}},
  };
  struct rst_context *context = NULL;
  if (rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  printf("nanoseconds per update of a member; what a block saves\n");
  printf("%-10s%-22s%10s%10s%10s%8s\n", "design", "sampling", "alone", "block", "draw", "ratio");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    const struct rst_sampling_parameters *sampling = &rows[i].sampling;
    const bool modes = strcmp(rows[i].design, "none") == 0;
    const struct rst_flow_parameters parameters = {
        .kind = "regression",
        .regression = {.design = rows[i].design,
                       .spectrum = {.kind = "power", .count = modes ? 3 : 8, .exponent = 1.0, .largest = 1.0},
                       .samples = 40,
                       .seed = 3,
                       .noise = 0.5}};
    const struct rst_motion_parameters motion = {
        .scheme = {.kind = "heavy-ball", .lr = 0.1, .momentum = 0.9, .divisor = 1.0, .safety = 1.0},
        .sampling = *sampling};
    struct rst_flow *flow = NULL;
    check(context, rst_flow_create(context, &parameters, &flow));
    double medians[CONTENDERS];
    measure(context, flow, &motion, medians);
    printf("%-10s%-22s%10.1f%10.1f%10.1f%8.2f\n", rows[i].design, rows[i].label, medians[ALONE],
           medians[BLOCK], medians[DRAW], medians[ALONE] / medians[BLOCK]);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
  return EXIT_SUCCESS;
}
