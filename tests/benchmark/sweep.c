/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep costs, on one core, judging and tangent included:
 * - a sample of 64 x 64 points of the map of the published network on a checkerboard (256 x 256, kernel 32 x 32, 1000 updates, lr
 *   0.001 to 0.15, weight decay 1 to 100) by the reduced engine, where most orbits end early;
 * - points between the thresholds, whose orbits never end early: the rate of the engine itself;
 * - a point in full on an image without repeating patches, as a multiple of four transforms of its size, which is what the
 *   gradient alone needs.
 * Fails below `least_rate` point-iterations per second in the map, and above `most_ratio` times four transforms. */
#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sweep/evaluator.h"

enum { SIDE = 64, POINTS = SIDE * SIDE, LONG = 512, IMAGE = 256, ROUNDS = 5, UPDATES = 40 };

static const double least_rate = 20e6, most_ratio = 4.0;

static double lr[POINTS], weight_decay[POINTS];
static struct rst_orbit_summary points[POINTS];

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "sweep: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

/* Of the processor: other work on the machine does not count. */
static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct rst_case published(const struct rst_labelled_image *image) {
  struct rst_case made = {.flow = {.kind = "conv",
                                   .precision = RST_PRECISION_DOUBLE,
                                   .boundary = RST_BOUNDARY_VALID,
                                   .diffusion = {.spacing = 1.0},
                                   .conv.kernel = 32,
                                   .conv.images = image,
                                   .conv.image_count = 1,
                                   .conv.pooling = RST_POOLING_MEAN,
                                   .conv.activation = "swish",
                                   .conv.beta = 1.0,
                                   .conv.correlation = "auto"},
                          .initial = {.kind = "normal", .seed = 7, .scale = 1.0},
                          .tangent = {.exponents = 1, .seed = 1},
                          .stop = {.blow_up = 1e6}};
  made.step.scheme = (struct rst_scheme_parameters){
      .kind = "euler", .lr = 0.05, .weight_decay = 20.0, .divisor = 1.0, .safety = 1.0};
  made.step.iterations = 1000;
  return made;
}

static struct rst_evaluator *evaluator_of(struct rst_context *context, const struct rst_case *from) {
  struct rst_evaluator *evaluator = NULL;
  check(context, rst_evaluator_create(context, from, true, &evaluator));
  return evaluator;
}

/* The least of some rounds, in seconds; *updates is what one round does. */
static double run(struct rst_context *context, struct rst_evaluator *evaluator, size_t count,
                  double *updates) {
  bool stopped = false;
  double least = INFINITY;
  for (int round = 0; round < ROUNDS; ++round) {
    const double start = seconds();
    check(context, rst_evaluator_run(evaluator, count, lr, weight_decay, NULL, NULL, points, NULL, &stopped));
    least = fmin(least, seconds() - start);
  }
  *updates = 0.0;
  for (size_t i = 0; i < count; ++i) {
    *updates += (double)points[i].iterations_run;
  }
  return least;
}

/* The map; returns point-iterations per second. */
static double measure_map(struct rst_context *context, struct rst_evaluator *evaluator) {
  size_t regimes[RST_REGIME_COUNT] = {0};
  double updates = 0.0;
  for (size_t i = 0; i < POINTS; ++i) {
    const size_t row = i / SIDE;
    lr[i] = 0.001 + 0.149 * (double)(i % SIDE) / (SIDE - 1);
    weight_decay[i] = 1.0 + 99.0 * (double)row / (SIDE - 1);
  }
  const double passed = run(context, evaluator, POINTS, &updates);
  for (size_t i = 0; i < POINTS; ++i) {
    ++regimes[points[i].regime];
  }
  for (size_t i = 0; i <= RST_REGIME_UNDECIDED; ++i) {
    printf("%-24s%8zu\n", rst_regime_names()[i], regimes[i]);
  }
  printf("map:         %.2f us a point of %.0f updates, %.1f million point-iterations a second\n",
         1e6 * passed / POINTS, updates / POINTS, 1e-6 * updates / passed);
  return updates / passed;
}

static void measure_long_orbits(struct rst_context *context, struct rst_evaluator *evaluator) {
  double updates = 0.0;
  for (size_t i = 0; i < LONG; ++i) {
    lr[i] = 0.04 + 0.05 * (double)i / LONG;
    weight_decay[i] = 1.0 + 19.0 * (double)i / LONG;
  }
  rst_evaluator_end_at_rest(evaluator, false);
  const double passed = run(context, evaluator, LONG, &updates);
  printf("long orbits: %.2f us a point of %.0f updates, %.1f million point-iterations a second\n",
         1e6 * passed / LONG, updates / LONG, 1e-6 * updates / passed);
}

/* Seconds for four real transforms, two there and two back, as fast as FFTW finds them. */
static double measure_floor(void) {
  enum { REPEATS = 50 };
  double *numbers = fftw_alloc_real((size_t)IMAGE * IMAGE);
  fftw_complex *waves = fftw_alloc_complex((size_t)IMAGE * (IMAGE / 2 + 1));
  fftw_plan there = fftw_plan_dft_r2c_2d(IMAGE, IMAGE, numbers, waves, FFTW_MEASURE);
  fftw_plan back = fftw_plan_dft_c2r_2d(IMAGE, IMAGE, waves, numbers, FFTW_MEASURE);
  double least = INFINITY;
  for (size_t i = 0; i < (size_t)IMAGE * IMAGE; ++i) {
    numbers[i] = 0.0; /* as costly as any */
  }
  for (int round = 0; round < ROUNDS; ++round) {
    const double start = seconds();
    for (int i = 0; i < 2 * REPEATS; ++i) {
      fftw_execute(there);
      fftw_execute(back);
    }
    least = fmin(least, (seconds() - start) / REPEATS);
  }
  fftw_destroy_plan(there);
  fftw_destroy_plan(back);
  fftw_free(numbers);
  fftw_free(waves);
  return least;
}

/* A point in full; returns its cost in floors. */
static double measure_full(struct rst_context *context) {
  static const struct rst_labelled_image image = {
      {.kind = "gaussian-field", .size = IMAGE, .seed = 1, .exponent = 2.0}, 1};
  struct rst_case from = published(&image);
  double updates = 0.0;
  from.step.iterations = UPDATES;
  struct rst_evaluator *evaluator = evaluator_of(context, &from);
  lr[0] = 0.2;
  weight_decay[0] = 1.0;
  const double passed = run(context, evaluator, 1, &updates);
  const double least = measure_floor();
  const double ratio = passed / updates / least;
  printf("full:        %.3f ms an update, %.2f times four transforms (%.3f ms)\n", 1e3 * passed / updates,
         ratio, 1e3 * least);
  rst_evaluator_destroy(&evaluator);
  return ratio;
}

int main(void) {
  static const struct rst_labelled_image image = {{.kind = "checkerboard", .size = IMAGE}, 1};
  const struct rst_case from = published(&image);
  struct rst_context *context = NULL;
  if (rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  struct rst_evaluator *evaluator = evaluator_of(context, &from);
  const double rate = measure_map(context, evaluator);
  measure_long_orbits(context, evaluator);
  rst_evaluator_destroy(&evaluator);
  const double ratio = measure_full(context);
  rst_context_destroy(&context);
  return rate >= least_rate && ratio <= most_ratio ? EXIT_SUCCESS : EXIT_FAILURE;
}
