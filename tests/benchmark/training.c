/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step of training, on one thread: loss and gradient over a batch of 128, and the update, of
 *
 *     two conv    two convolutions of 16 and 32 channels, 5 x 5 and 3 x 3, valid, swish; mean; dense 10; on 1 x 28 x 28
 *     ResNet-8    three residual layers of 16, 32 and 64 channels with batch normalisation, swish, on 3 x 32 x 32
 *
 * beside the processor's peak, fused multiplications and additions of registers, measured in between. Operations are counted as
 * usual: three times those of a forward pass. Times are of the processor, medians. Memory is what the process has at most beyond
 * what it had before: data, network and steps (Linux alone). With --json FILE, the rows go there, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/vectors.h"
#include "restrain/restrain.h"

enum { ROUNDS = 15, BATCH = 128, CLASSES = 10, MOST_LAYERS = 6, CHAINS = 12, TURNS = 1 << 20 };

#define CONV(outputs, side, step, margin, norm)                                                              \
  {                                                                                                          \
    .kind = "conv", .channels = (outputs), .kernel = (side), .stride = (step), .padding = (margin),          \
    .bias = true, .normalisation = norm, .activation = {                                                     \
      "swish",                                                                                               \
      1.0                                                                                                    \
    }                                                                                                        \
  }
#define PLAIN                                                                                                \
  { RST_NORMALISATION_NONE, 0, false }
#define NORMALISED(outputs, step)                                                                            \
  CONV(outputs, 3, step, RST_PADDING_SAME, {RST_NORMALISATION_BATCH COMMA 0 COMMA true})
#define COMMA ,
#define DENSE                                                                                                \
  {                                                                                                          \
    .kind = "dense", .units = CLASSES, .bias = true, .activation = { "identity", 1.0 }                       \
  }
#define RESIDUAL(inside)                                                                                     \
  {                                                                                                          \
    .kind = "residual", .layers = (inside), .layer_count = 2, .activation = { "swish", 1.0 }                 \
  }

typedef const struct rst_layer_parameters layers;

static layers narrow[] = {NORMALISED(16, 1), NORMALISED(16, 1)};
static layers middle[] = {NORMALISED(32, 2), NORMALISED(32, 1)};
static layers wide[] = {NORMALISED(64, 2), NORMALISED(64, 1)};

static const struct network {
  const char *name;
  size_t channels, size;
  double products; /* of a forward pass over an example */
  size_t layer_count;
  struct rst_layer_parameters layers[MOST_LAYERS];
} networks[] = {
    {"two conv",
     1,
     28,
     24.0 * 24 * 16 * 25 + 22.0 * 22 * 32 * 16 * 9 + 320,
     4,
     {CONV(16, 5, 1, RST_PADDING_VALID, PLAIN),
      CONV(32, 3, 1, RST_PADDING_VALID, PLAIN),
      {.kind = "mean"},
      DENSE}},
    {"ResNet-8",
     3,
     32,
     9.0 * (1024 * (16 * 3 + 2 * 16 * 16) + 256 * (32 * 16 + 32 * 32) + 64 * (64 * 32 + 64 * 64)) + 640,
     6,
     {NORMALISED(16, 1), RESIDUAL(narrow), RESIDUAL(middle), RESIDUAL(wide), {.kind = "mean"}, DENSE}},
};

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "training: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

static double processor_seconds(void) {
  const struct timespec zero = {0};
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return rst_seconds_between(&zero, &now);
}

#define PEAK(set, attribute, type, width)                                                                    \
  typedef type vector_##set __attribute__((vector_size(width)));                                             \
  attribute static double peak_##set(void) {                                                                 \
    enum { ELEMENTS = (width) / sizeof(type) };                                                              \
    vector_##set sum[CHAINS] = {{0}};                                                                        \
    const vector_##set x = (vector_##set){0} + (type)1e-3;                                                   \
    for (size_t i = 0; i < TURNS; ++i) {                                                                     \
      _Pragma("GCC unroll 12") for (size_t c = 0; c < CHAINS; ++c) {                                         \
        sum[c] = FUSED_##set(x, x, sum[c]);                                                                  \
        __asm__ volatile("" : "+v"(sum[c]));                                                                 \
      }                                                                                                      \
    }                                                                                                        \
    return 2.0 * ELEMENTS * CHAINS * TURNS;                                                                  \
  }

/* Operations of a call; NULL where there is no instruction for them. */
typedef double peak_probe(void);

#ifdef RST_WIDER_VECTORS
#include <immintrin.h>
#define FUSED_avx2_float(x, y, z) _mm256_fmadd_ps(x, y, z)
#define FUSED_avx2_double(x, y, z) _mm256_fmadd_pd(x, y, z)
#define FUSED_avx512_float(x, y, z) _mm512_fmadd_ps(x, y, z)
#define FUSED_avx512_double(x, y, z) _mm512_fmadd_pd(x, y, z)
PEAK(avx2_float, RST_WITH_AVX2_FMA, float, 32)
PEAK(avx2_double, RST_WITH_AVX2_FMA, double, 32)
PEAK(avx512_float, RST_WITH_AVX512, float, 64)
PEAK(avx512_double, RST_WITH_AVX512, double, 64)
#endif

static peak_probe *peak_of(enum rst_precision precision) {
#ifdef RST_WIDER_VECTORS
  const bool is_float = precision == RST_PRECISION_FLOAT;
  switch (rst_vectors_widest()) {
  case RST_VECTORS_AVX512:
    return is_float ? peak_avx512_float : peak_avx512_double;
  case RST_VECTORS_AVX2:
    return is_float ? peak_avx2_float : peak_avx2_double;
  default:
    break;
  }
#endif
  (void)precision;
  return NULL;
}

/* A .npy file of that shape, "128, 3, 9, 9", in a header of 128 bytes. */
static FILE *begin_npy(const char *path, const char *type, const char *shape) {
  char header[128];
  FILE *file = fopen(path, "wb");
  snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
  if (!file || fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file) != 10 ||
      fprintf(file, "%-117s\n", header) < 0) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  return file;
}

static void put(FILE *file, const void *number) {
  enum { BYTES = 4 };
  if (fwrite(number, BYTES, 1, file) != 1) {
    perror("training");
    exit(EXIT_FAILURE);
  }
}

static void finish(FILE *file) {
  if (fclose(file) != 0) {
    perror("training");
    exit(EXIT_FAILURE);
  }
}

static void write_examples(const struct network *network, const char *images, const char *labels) {
  char shape[64];
  snprintf(shape, sizeof shape, "%d, %zu, %zu, %zu", BATCH, network->channels, network->size, network->size);
  FILE *file = begin_npy(images, "<f4", shape);
  uint32_t state = 1;
  for (size_t i = 0; i < BATCH * network->channels * network->size * network->size; ++i) {
    state = state * 1664525 + 1013904223;
    const float pixel = (float)(state >> 8) / (float)(1 << 23) - 1.0F;
    put(file, &pixel);
  }
  finish(file);
  snprintf(shape, sizeof shape, "%d,", BATCH);
  file = begin_npy(labels, "<i4", shape);
  for (int32_t i = 0; i < BATCH; ++i) {
    const int32_t label = i % CLASSES;
    put(file, &label);
  }
  finish(file);
}

static struct rst_flow *make(struct rst_context *context, const struct network *network,
                             enum rst_precision precision) {
  char folder[] = "/tmp/restrain-training-XXXXXX";
  char images[64];
  char labels[64];
  if (!mkdtemp(folder)) {
    perror(folder);
    exit(EXIT_FAILURE);
  }
  snprintf(images, sizeof images, "%s/images.npy", folder);
  snprintf(labels, sizeof labels, "%s/labels.npy", folder);
  write_examples(network, images, labels);
  const struct rst_flow_parameters parameters = {
      .kind = "network",
      .precision = precision,
      .network = {.layers = network->layers,
                  .layer_count = network->layer_count,
                  .train = {.kind = "file", .images = images, .labels = labels}}};
  struct rst_flow *flow = NULL;
  const enum rst_status status = rst_flow_create(context, &parameters, &flow);
  remove(images);
  remove(labels);
  rmdir(folder);
  check(context, status);
  return flow;
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

struct row {
  const char *name, *precision;
  double seconds, operations, peak; /* a second */
  double memory;                    /* bytes; 0 where it cannot be had */
};

/* A number of /proc/self/status, in bytes. */
static double memory_of(const char *name) {
  char line[256];
  double kibibytes = 0.0;
  FILE *file = fopen("/proc/self/status", "r");
  const size_t length = strlen(name);
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, name, length) == 0) {
      kibibytes = strtod(line + length + 1, NULL);
    }
  }
  if (file) {
    (void)fclose(file);
  }
  return 1024.0 * kibibytes;
}

/* The peak begins anew. */
static double begin_memory(void) {
  FILE *file = fopen("/proc/self/clear_refs", "w");
  if (file) {
    (void)fputs("5", file);
    (void)fclose(file);
  }
  return memory_of("VmRSS");
}

static struct row measure(struct rst_context *context, const struct network *network,
                          enum rst_precision precision) {
  const double lr = 1e-2;
  const struct rst_initial_parameters initial = {.kind = "fan-in", .seed = 1, .gain = 1.0};
  const double before = begin_memory();
  struct rst_flow *flow = make(context, network, precision);
  struct rst_field *u = NULL;
  struct rst_field *gradient = NULL;
  struct rst_flow_value value;
  double steps[ROUNDS];
  double peaks[ROUNDS] = {0};
  check(context, rst_flow_create_state(context, flow, &u));
  check(context, rst_field_create_like(context, u, &gradient));
  check(context, rst_flow_fill_initial(context, flow, &initial, u));
  rst_flow_evaluate(flow, u, &value, gradient);
  for (int i = 0; i < ROUNDS; ++i) {
    peak_probe *const probe = peak_of(precision);
    double start = processor_seconds();
    rst_flow_evaluate(flow, u, &value, gradient);
    rst_field_axpy(-lr, gradient, u);
    steps[i] = processor_seconds() - start;
    start = processor_seconds();
    peaks[i] = probe ? probe() : 0.0;
    peaks[i] /= processor_seconds() - start;
  }
  const double memory = memory_of("VmHWM") - before;
  rst_field_destroy(&u);
  rst_field_destroy(&gradient);
  rst_flow_destroy(&flow);
  return (struct row){.name = network->name,
                      .precision = precision == RST_PRECISION_FLOAT ? "float" : "double",
                      .seconds = median(steps),
                      .operations = 6.0 * BATCH * network->products,
                      .peak = median(peaks),
                      .memory = memory};
}

static void print(const struct row *row) {
  const double giga = 1e-9;
  const double rate = row->operations / row->seconds;
  printf("%-12s%-8s%10.1f%10.1f", row->name, row->precision, 1e3 * row->seconds, giga * rate);
  if (row->peak > 0.0) {
    printf("%10.1f%9.0f %%", giga * row->peak, 100.0 * rate / row->peak);
  } else {
    printf("%10s%11s", "-", "-");
  }
  printf("%10.1f\n", row->memory / (1 << 20));
}

static int write_json(const char *path, const struct row *rows, size_t count) {
  FILE *file = fopen(path, "w");
  if (!file) {
    perror(path);
    return EXIT_FAILURE;
  }
  fprintf(file, "{\"rows\": [");
  for (size_t i = 0; i < count; ++i) {
    fprintf(file,
            "%s\n {\"network\": \"%s\", \"precision\": \"%s\", \"seconds\": %.9g, \"operations\": %.9g, "
            "\"peak\": %.9g, \"memory\": %.9g}",
            i > 0 ? "," : "", rows[i].name, rows[i].precision, rows[i].seconds, rows[i].operations,
            rows[i].peak, rows[i].memory);
  }
  fprintf(file, "]}\n");
  return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char *argv[]) {
  enum { NETWORKS = sizeof networks / sizeof *networks };
  struct rst_context *context = NULL;
  struct row rows[2 * NETWORKS];
  if ((argc != 1 && (argc != 3 || strcmp(argv[1], "--json") != 0)) ||
      rst_context_create(&context) != RST_OK) {
    fprintf(stderr, "usage: training [--json FILE]\n");
    return EXIT_FAILURE;
  }
  printf("a step of training on a batch of %d, one thread, medians of %d\n", BATCH, ROUNDS);
  printf("%-20s%10s%10s%10s%11s%10s\n", "network", "ms", "Gflop/s", "peak", "share", "MiB");
  for (size_t i = 0; i < 2 * NETWORKS; ++i) {
    rows[i] = measure(context, &networks[i / 2], i % 2 == 0 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
    print(&rows[i]);
  }
  rst_context_destroy(&context);
  return argc == 3 ? write_json(argv[2], rows, 2 * NETWORKS) : EXIT_SUCCESS;
}
