/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Lyapunov exponents cost along a run: a step of training beside one that carries 1, 2 and 4 perturbations. One of them
 * needs a Hessian product, which is a correlation and an adjoint as a gradient is, and its part of the orthogonalisation.
 *
 * The flow is that of the published experiment: image 256 x 256, kernel 32 x 32, valid, swish; an image of no pattern, by
 * fast Fourier transforms, and the checkerboard by the operator that is chosen for it, which makes steps so cheap that
 * operations on vectors count. All contenders take turns, so that a busy machine slows all of them. Fails if with fast
 * Fourier transforms an exponent adds more than LIMIT of a plain step; the others are shown. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "restrain/restrain.h"

enum { POINTS = 256, KERNEL = 32, ROUNDS = 150, CONTENDERS = 4 };

static const size_t counts[CONTENDERS] = {0, 1, 2, 4};
static const double limit = 1.3;

/* One that carries `count` perturbations. */
struct contender {
  size_t count;
  struct rst_flow *flow;
  struct rst_scheme *scheme;
  struct rst_tangent *tangent;
  struct rst_field *u, *gradient;
};

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "tangent: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

static void step(struct contender *contender) {
  struct rst_flow_value value;
  if (contender->count == 0) {
    rst_flow_evaluate(contender->flow, contender->u, &value, contender->gradient);
    (void)rst_scheme_step(contender->scheme, contender->gradient, contender->u, NULL);
  } else {
    rst_flow_linearise(contender->flow, contender->u, &value, contender->gradient);
    (void)rst_tangent_step(contender->tangent, contender->scheme, contender->gradient, contender->u, NULL);
  }
}

/* Microseconds of a step at its fastest: other programs only add to that, and most to the longest steps. Each runs once
 * before it is timed, so that it finds its data in the caches, as in a run. */
static void measure(struct contender *contenders, int repeats, double *fastest) {
  for (size_t c = 0; c < CONTENDERS; ++c) {
    fastest[c] = INFINITY;
  }
  for (size_t round = 0; round < ROUNDS; ++round) {
    for (size_t c = 0; c < CONTENDERS; ++c) {
      struct timespec start;
      step(&contenders[c]);
      clock_gettime(CLOCK_MONOTONIC, &start);
      for (int i = 0; i < repeats; ++i) {
        step(&contenders[c]);
      }
      fastest[c] = fmin(fastest[c], 1e6 * rst_seconds_since(&start) / repeats);
    }
  }
}

/* The largest addition of an exponent, relative to a plain step. */
static double compare(struct rst_context *context, struct rst_flow *flow, const char *image,
                      const char *scheme) {
  const struct rst_scheme_parameters parameters = {
      .kind = scheme, .lr = 1e-3, .weight_decay = 20.0, .momentum = 0.5, .divisor = 1.0, .safety = 1.0};
  const struct rst_initial_parameters initial = {.kind = "normal", .seed = 7, .scale = 1.0};
  struct contender contenders[CONTENDERS];
  double fastest[CONTENDERS];
  double worst = 0.0;
  for (size_t c = 0; c < CONTENDERS; ++c) {
    struct contender *made = &contenders[c];
    *made = (struct contender){.count = counts[c], .flow = flow};
    check(context, rst_scheme_create(context, &parameters, flow, &made->scheme));
    check(context, rst_field_create(context, RST_PRECISION_DOUBLE, KERNEL, KERNEL, &made->u));
    check(context, rst_field_create_like(context, made->u, &made->gradient));
    check(context, rst_initial_fill(context, &initial, made->u));
    if (made->count > 0) {
      check(context, rst_tangent_create(context, &parameters, flow, made->count, 1, &made->tangent));
    }
  }
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  step(&contenders[0]);
  const double timed_piece =
      1e-4; /* seconds: far above the clock's resolution, short enough not to be interrupted often */
  const double once = rst_seconds_since(&start);
  measure(contenders, once < timed_piece ? 1 + (int)(timed_piece / once) : 1, fastest);
  printf("%-16s%-10s%-12s%10.1f", image, rst_flow_correlation(flow), scheme, fastest[0]);
  for (size_t c = 1; c < CONTENDERS; ++c) {
    const double added = (fastest[c] - fastest[0]) / ((double)counts[c] * fastest[0]);
    worst = added > worst ? added : worst;
    printf("%10.1f%8.2f", fastest[c], added);
  }
  printf("\n");
  for (size_t c = 0; c < CONTENDERS; ++c) {
    rst_tangent_destroy(&contenders[c].tangent);
    rst_scheme_destroy(&contenders[c].scheme);
    rst_field_destroy(&contenders[c].u);
    rst_field_destroy(&contenders[c].gradient);
  }
  return worst;
}

int main(void) {
  static const struct {
    const char *image, *correlation;
    bool promised;
  } flows[] = {{"gaussian-field", "fft", true}, {"checkerboard", "auto", false}};
  static const char *const schemes[] = {"euler", "nesterov"};
  struct rst_context *context = NULL;
  double worst = 0.0;
  if (rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  printf(
      "microseconds per step with 0, 1, 2, 4 exponents; addition per exponent, relative to a plain step\n");
  printf("%-16s%-10s%-12s%10s%10s%8s%10s%8s%10s%8s\n", "image", "operator", "scheme", "0", "1", "added", "2",
         "added", "4", "added");
  for (size_t f = 0; f < sizeof flows / sizeof *flows; ++f) {
    const struct rst_labelled_image image = {
        {.kind = flows[f].image, .size = POINTS, .seed = 1, .exponent = 1.0}, 1};
    const struct rst_flow_parameters parameters = {.kind = "conv",
                                                   .boundary = RST_BOUNDARY_VALID,
                                                   .diffusion = {.spacing = 1.0},
                                                   .conv.kernel = KERNEL,
                                                   .conv.images = &image,
                                                   .conv.image_count = 1,
                                                   .conv.activation = "swish",
                                                   .conv.beta = 1.0,
                                                   .conv.correlation = flows[f].correlation};
    struct rst_flow *flow = NULL;
    check(context, rst_flow_create(context, &parameters, &flow));
    for (size_t s = 0; s < sizeof schemes / sizeof *schemes; ++s) {
      const double added = compare(context, flow, flows[f].image, schemes[s]);
      worst = flows[f].promised && added > worst ? added : worst;
    }
    rst_flow_destroy(&flow);
  }
  printf("an exponent may add %.2f of a plain step: %s\n", limit,
         worst <= limit ? "it does not exceed that" : "EXCEEDED");
  rst_context_destroy(&context);
  return worst <= limit ? EXIT_SUCCESS : EXIT_FAILURE;
}
