/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a Hessian-vector product of a network costs beside a gradient, and the sharpness of one of 50,000 parameters on 1000
 * images, in products. Gradients and products take turns, so that a busy machine slows both; the median of their ratios counts.
 * Fails if a product costs more than LIMIT gradients, or the sharpness is not found to its residual. */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "restrain/restrain.h"

enum { ROUNDS = 15, MOST_LAYERS = 6 };

static const double limit = 2.5;

#define CONV(outputs, side, step, norm)                                                                      \
  {                                                                                                          \
    .kind = "conv", .channels = (outputs), .kernel = (side), .stride = (step), .padding = RST_PADDING_SAME,  \
    .bias = true, .normalisation = norm, .activation = {                                                     \
      "swish",                                                                                               \
      1.0                                                                                                    \
    }                                                                                                        \
  }
#define PLAIN                                                                                                \
  { RST_NORMALISATION_NONE, 0, false }
#define BATCH                                                                                                \
  { RST_NORMALISATION_BATCH, 0, true }
#define DENSE(outputs, name)                                                                                 \
  {                                                                                                          \
    .kind = "dense", .units = (outputs), .bias = true, .activation = { name, 1.0 }                           \
  }
#define BLOCK(inside)                                                                                        \
  {                                                                                                          \
    .kind = "residual", .layers = (inside), .layer_count = 2, .activation = { "swish", 1.0 }                 \
  }

typedef const struct rst_layer_parameters layers;

static layers narrow[] = {CONV(16, 3, 1, BATCH), CONV(16, 3, 1, BATCH)};
static layers middle[] = {CONV(32, 3, 2, BATCH), CONV(32, 3, 1, BATCH)};
static layers wide[] = {CONV(64, 3, 2, BATCH), CONV(64, 3, 1, BATCH)};

static const struct network {
  const char *name;
  size_t size, count, layer_count;
  struct rst_layer_parameters layers[MOST_LAYERS];
} networks[] = {
    {"two convolutions, 128 of 28 x 28",
     28,
     128,
     5,
     {CONV(16, 5, 1, PLAIN),
      {.kind = "pool", .size = 2},
      CONV(32, 3, 1, PLAIN),
      {.kind = "mean"},
      DENSE(10, "identity")}},
    {"ResNet-8 with batch norm, 32 of 32 x 32",
     32,
     32,
     6,
     {CONV(16, 3, 1, BATCH),
      BLOCK(narrow),
      BLOCK(middle),
      BLOCK(wide),
      {.kind = "mean"},
      DENSE(10, "identity")}},
    {"dense tanh 784-60-60-10, 1000 images",
     28,
     1000,
     3,
     {DENSE(60, "tanh"), DENSE(60, "tanh"), DENSE(10, "identity")}},
};

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "network: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

static struct rst_flow *make(struct rst_context *context, const struct network *network,
                             enum rst_precision precision) {
  const struct rst_flow_parameters parameters = {.kind = "network",
                                                 .precision = precision,
                                                 .network = {.layers = network->layers,
                                                             .layer_count = network->layer_count,
                                                             .train = {.kind = "textures",
                                                                       .size = network->size,
                                                                       .texture_classes = 10,
                                                                       .texture_count = network->count,
                                                                       .noise = 0.3,
                                                                       .seed = 1}}};
  struct rst_flow *flow = NULL;
  check(context, rst_flow_create(context, &parameters, &flow));
  return flow;
}

static double seconds_since(struct timespec *then) {
  const double seconds = rst_seconds_since(then);
  clock_gettime(CLOCK_MONOTONIC, then);
  return seconds;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double values[ROUNDS]) {
  qsort(values, ROUNDS, sizeof *values, ascending);
  return values[ROUNDS / 2];
}

static bool compare(struct rst_context *context, const struct network *network,
                    enum rst_precision precision) {
  struct rst_flow *flow = make(context, network, precision);
  struct rst_field *u = NULL;
  struct rst_field *v = NULL;
  struct rst_field *out = NULL;
  const struct rst_initial_parameters initial = {.kind = "fan-in", .seed = 1, .gain = 1.0};
  const struct rst_initial_parameters normal = {.kind = "normal", .seed = 2, .scale = 1.0};
  struct rst_flow_value value;
  double gradients[ROUNDS];
  double ratios[ROUNDS];
  check(context, rst_flow_create_state(context, flow, &u));
  check(context, rst_field_create_like(context, u, &v));
  check(context, rst_field_create_like(context, u, &out));
  check(context, rst_flow_fill_initial(context, flow, &initial, u));
  check(context, rst_flow_fill_initial(context, flow, &normal, v));
  rst_flow_linearise(flow, u, &value, out);
  rst_flow_hessian_product(flow, v, out);
  for (int i = 0; i < ROUNDS; ++i) {
    struct timespec mark;
    clock_gettime(CLOCK_MONOTONIC, &mark);
    rst_flow_evaluate(flow, u, &value, out);
    gradients[i] = seconds_since(&mark);
    rst_flow_hessian_product(flow, v, out);
    ratios[i] = seconds_since(&mark) / gradients[i];
  }
  const double ratio = median(ratios);
  printf("%-42s%-8s%8zu%12.2f%10.2f  %s\n", network->name,
         precision == RST_PRECISION_FLOAT ? "float" : "double", rst_field_count(u), 1e3 * median(gradients),
         ratio, ratio <= limit ? "holds" : "EXCEEDED");
  rst_field_destroy(&u);
  rst_field_destroy(&v);
  rst_field_destroy(&out);
  rst_flow_destroy(&flow);
  return ratio <= limit;
}

static void find_sharpness(struct rst_context *context) {
  const double tolerance = 1e-6;
  const struct rst_initial_parameters initial = {.kind = "fan-in", .seed = 1, .gain = 1.0};
  struct rst_flow *flow = make(context, &networks[2], RST_PRECISION_DOUBLE);
  struct rst_field *u = NULL;
  struct rst_field *vector = NULL;
  struct rst_eigenpair pair;
  check(context, rst_flow_create_state(context, flow, &u));
  check(context, rst_field_create_like(context, u, &vector));
  check(context, rst_flow_fill_initial(context, flow, &initial, u));
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  check(context, rst_spectrum_extreme(context, flow, u, RST_SPECTRUM_LARGEST, tolerance, vector, &pair));
  printf("sharpness of the last, %zu parameters: %.9g, residual %.1e, %d products, %.2f s\n",
         rst_field_count(u), pair.value, pair.residual, pair.products, rst_seconds_since(&start));
  rst_field_destroy(&u);
  rst_field_destroy(&vector);
  rst_flow_destroy(&flow);
}

int main(void) {
  struct rst_context *context = NULL;
  bool hold = true;
  if (rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  printf("a Hessian-vector product in gradients, one thread, medians of %d; promised: at most %g\n", ROUNDS,
         limit);
  printf("%-42s%-8s%8s%12s%10s\n", "network", "", "numbers", "gradient/ms", "product");
  for (size_t i = 0; i < sizeof networks / sizeof *networks; ++i) {
    hold = compare(context, &networks[i], RST_PRECISION_DOUBLE) && hold;
    hold = compare(context, &networks[i], RST_PRECISION_FLOAT) && hold;
  }
  find_sharpness(context);
  rst_context_destroy(&context);
  return hold ? EXIT_SUCCESS : EXIT_FAILURE;
}
