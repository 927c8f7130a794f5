/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one step of gradient descent costs, in units of what it cannot do without: four real two-dimensional
 * transforms of the image's size (two forward, two backward), which a textbook convolution and its adjoint
 * would take, made by FFTW at the same rigor (ESTIMATE) and, for information, at MEASURE.
 *
 * The step is that of the published experiment: image 256 x 256, kernel 32 x 32, valid, swish, euler. All
 * contenders take turns, so that a busy machine slows all of them, and medians are compared. Fails if a step
 * costs more than LIMIT of the estimated transforms.
 *
 * The same step for images of few distinct patches is shown for information. */
#include <complex.h>
#include <fftw3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "restrain/restrain.h"

enum { POINTS = 256, KERNEL = 32, ROUNDS = 400, FFTWS = 2, PARTS = 3, CONTENDERS = 1 + PARTS + FFTWS };

static const double limit = 1.5;

/* Everything that one precision needs; `plans` are forward and backward at ESTIMATE, then at MEASURE. */
struct setup {
  enum rst_precision precision;
  struct rst_flow *flow;
  struct rst_scheme *scheme;
  struct rst_correlation *correlation;
  const struct rst_activation *activation;
  struct rst_field *u, *gradient, *image, *response, *slope;
  void *plans[FFTWS][2];
  void *real_array, *complex_array;
};

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "step_cost: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

static void run_step(struct setup *setup) {
  struct rst_flow_value value;
  rst_flow_evaluate(setup->flow, setup->u, &value, setup->gradient);
  (void)rst_scheme_step(setup->scheme, setup->gradient, setup->u, NULL);
}

static void run_apply(struct setup *setup) {
  rst_correlation_apply(setup->correlation, setup->u, setup->response);
}

static void run_activation(struct setup *setup) {
  double sum = 0.0;
  rst_activation_evaluate(setup->activation, 1.0, setup->response, NULL, setup->slope, NULL, &sum);
}

static void run_adjoint(struct setup *setup) {
  rst_correlation_adjoint(setup->correlation, setup->slope, setup->gradient);
}

static void run_plans(struct setup *setup, size_t rigor) {
  for (size_t i = 0; i < 4; ++i) {
    if (setup->precision == RST_PRECISION_FLOAT) {
      fftwf_execute(setup->plans[rigor][i % 2]);
    } else {
      fftw_execute(setup->plans[rigor][i % 2]);
    }
  }
}

static void run_estimated(struct setup *setup) {
  run_plans(setup, 0);
}

static void run_measured(struct setup *setup) {
  run_plans(setup, 1);
}

static const struct {
  const char *name;
  void (*run)(struct setup *setup);
} contenders[CONTENDERS] = {
    {"one step", run_step},
    {"  correlation", run_apply},
    {"  activation", run_activation},
    {"  adjoint", run_adjoint},
    {"four transforms, ESTIMATE", run_estimated},
    {"four transforms, MEASURE", run_measured},
};
enum { STEP = 0, ESTIMATED = 1 + PARTS, MEASURED };

static void make_plans(struct setup *setup) {
  const unsigned rigor[FFTWS] = {FFTW_ESTIMATE, FFTW_MEASURE};
  setup->real_array = fftw_malloc(sizeof(double) * POINTS * POINTS);
  setup->complex_array = fftw_malloc(sizeof(fftw_complex) * POINTS * (POINTS / 2 + 1));
  if (!setup->real_array || !setup->complex_array) {
    fprintf(stderr, "step_cost: memory is exhausted\n");
    exit(EXIT_FAILURE);
  }
  void *const x = setup->real_array;
  void *const y = setup->complex_array;
  for (size_t r = 0; r < FFTWS; ++r) {
    if (setup->precision == RST_PRECISION_FLOAT) {
      setup->plans[r][0] = fftwf_plan_dft_r2c_2d(POINTS, POINTS, x, y, rigor[r]);
      setup->plans[r][1] = fftwf_plan_dft_c2r_2d(POINTS, POINTS, y, x, rigor[r]);
    } else {
      setup->plans[r][0] = fftw_plan_dft_r2c_2d(POINTS, POINTS, x, y, rigor[r]);
      setup->plans[r][1] = fftw_plan_dft_c2r_2d(POINTS, POINTS, y, x, rigor[r]);
    }
  }
  /* Zeros stay zeros, however often they are transformed, and cost the same. */
  for (size_t i = 0; i < (size_t)POINTS * POINTS; ++i) {
    ((double *)x)[i] = 0.0;
  }
}

/* Flow, scheme, state and gradient. */
static void create_step(struct rst_context *context, enum rst_precision precision,
                        const struct rst_labelled_image *image, struct setup *setup) {
  const struct rst_flow_parameters flow = {.kind = "conv",
                                           .precision = precision,
                                           .boundary = RST_BOUNDARY_VALID,
                                           .diffusion = {.spacing = 1.0},
                                           .kernel = KERNEL,
                                           .images = image,
                                           .image_count = 1,
                                           .pooling = RST_POOLING_MEAN,
                                           .activation = "swish",
                                           .beta = 1.0,
                                           .correlation = "auto"};
  const struct rst_scheme_parameters scheme = {
      .kind = "euler", .lr = 1e-4, .weight_decay = 20.0, .divisor = 1.0, .safety = 1.0};
  const struct rst_initial_parameters initial = {.kind = "normal", .seed = 7, .scale = 1.0};
  *setup = (struct setup){.precision = precision, .activation = rst_activation_find("swish")};
  check(context, rst_flow_create(context, &flow, &setup->flow));
  check(context, rst_scheme_create(context, &scheme, setup->flow, &setup->scheme));
  check(context, rst_field_create(context, precision, KERNEL, KERNEL, &setup->u));
  check(context, rst_field_create_like(context, setup->u, &setup->gradient));
  check(context, rst_initial_fill(context, &initial, setup->u));
}

static void create(struct rst_context *context, enum rst_precision precision, struct setup *setup) {
  const struct rst_labelled_image image = {
      {.kind = "gaussian-field", .size = POINTS, .seed = 1, .exponent = 1.0}, 1};
  create_step(context, precision, &image, setup);
  check(context, rst_image_create(context, &image.image, precision, &setup->image));
  check(context, rst_correlation_create(context, setup->image, KERNEL, KERNEL, RST_BOUNDARY_VALID, "auto",
                                        &setup->correlation));
  size_t my = 0;
  size_t mx = 0;
  rst_correlation_response_shape(setup->correlation, &my, &mx);
  check(context, rst_field_create(context, precision, my, mx, &setup->response));
  check(context, rst_field_create_like(context, setup->response, &setup->slope));
  make_plans(setup);
}

static void destroy_step(struct setup *setup) {
  rst_scheme_destroy(&setup->scheme);
  rst_flow_destroy(&setup->flow);
  rst_field_destroy(&setup->u);
  rst_field_destroy(&setup->gradient);
}

static void destroy(struct setup *setup) {
  for (size_t i = 0; i < (size_t)2 * FFTWS; ++i) {
    if (setup->precision == RST_PRECISION_FLOAT) {
      fftwf_destroy_plan(setup->plans[i / 2][i % 2]);
    } else {
      fftw_destroy_plan(setup->plans[i / 2][i % 2]);
    }
  }
  fftw_free(setup->real_array);
  fftw_free(setup->complex_array);
  rst_correlation_destroy(&setup->correlation);
  rst_field_destroy(&setup->image);
  rst_field_destroy(&setup->response);
  rst_field_destroy(&setup->slope);
  destroy_step(setup);
}

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Median time of each contender. Each runs once before it is timed, so that it finds its data in the caches,
 * as in a run; a timed piece is short, so that few of them are interrupted. */
static void measure(struct setup *setup, double median[CONTENDERS]) {
  static double times[CONTENDERS][ROUNDS];
  for (size_t round = 0; round < ROUNDS; ++round) {
    for (size_t c = 0; c < CONTENDERS; ++c) {
      contenders[c].run(setup);
      const double start = microseconds();
      contenders[c].run(setup);
      times[c][round] = microseconds() - start;
    }
  }
  for (size_t c = 0; c < CONTENDERS; ++c) {
    qsort(times[c], ROUNDS, sizeof *times[c], ascending);
    median[c] = times[c][ROUNDS / 2];
  }
}

static void show_patterns(struct rst_context *context, enum rst_precision precision) {
  static const struct rst_labelled_image images[] = {
      {{.kind = "checkerboard", .size = POINTS}, 1},
      {{.kind = "grating", .size = POINTS, .period = 8.0, .angle = 0.0}, 1},
  };
  enum { REPETITIONS = 100 }; /* in one timed piece, long against the clock's resolution */
  static double times[ROUNDS];
  for (size_t i = 0; i < sizeof images / sizeof *images; ++i) {
    struct setup setup;
    create_step(context, precision, &images[i], &setup);
    for (size_t round = 0; round < ROUNDS; ++round) {
      const double start = microseconds();
      for (int repetition = 0; repetition < REPETITIONS; ++repetition) {
        run_step(&setup);
      }
      times[round] = (microseconds() - start) / REPETITIONS;
    }
    qsort(times, ROUNDS, sizeof *times, ascending);
    printf("%-8sone step, %-18s%14.2f\n", precision == RST_PRECISION_FLOAT ? "float" : "double",
           images[i].image.kind, times[ROUNDS / 2]);
    destroy_step(&setup);
  }
}

int main(void) {
  struct rst_context *context = NULL;
  bool within = true;
  if (rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  printf("%-8s%-28s%14s%14s%14s\n", "", "", "microseconds", "/ ESTIMATE", "/ MEASURE");
  for (int p = 0; p < 2; ++p) {
    struct setup setup;
    double median[CONTENDERS];
    create(context, p ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE, &setup);
    measure(&setup, median);
    destroy(&setup);
    for (size_t c = 0; c < CONTENDERS; ++c) {
      printf("%-8s%-28s%14.1f%14.2f%14.2f\n", p ? "float" : "double", contenders[c].name, median[c],
             median[c] / median[ESTIMATED], median[c] / median[MEASURED]);
    }
    show_patterns(context, p ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
    within = within && median[STEP] <= limit * median[ESTIMATED];
  }
  printf("a step may cost %.2f of four estimated transforms: %s\n", limit,
         within ? "it does not exceed that" : "EXCEEDED");
  rst_context_destroy(&context);
  return within ? EXIT_SUCCESS : EXIT_FAILURE;
}
