/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one step of gradient descent costs (`conv`, valid, swish, euler), for images of N x N and kernels of k x k, in units of what
 * a textbook convolution cannot do without: four real two-dimensional transforms of the image's size, two forward and two backward,
 * by FFTW at MEASURE. Correlations `fft`, `direct` where it is not hopeless, and `patch`, the latter for a checkerboard.
 *
 * All contenders of a line take turns, so that a busy machine slows all of them, and minima are compared. `memory` is the step's
 * cost in units of streaming the image once at the bandwidth that a sum of two arrays reaches; `arrays` what the flow keeps
 * resident, in units of the image.
 *
 * Fails if a step in double by `fft` exceeds what `limits` says. With --json FILE the numbers go there, too; --threads N lends a
 * step, not its floor, that many. */
#include <complex.h>
#include <fftw3.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "correlate/correlation_type.h"
#include "restrain/restrain.h"

static const size_t sizes[] = {64, 128, 256, 512, 1024, 2048};
static const size_t kernels[] = {3, 5, 15, 32, 64};
enum { SIZES = sizeof sizes / sizeof *sizes, KERNELS = sizeof kernels / sizeof *kernels };

static const char *const implementations[] = {"fft", "direct", "patch"};
enum { FFT, DIRECT, PATCH, IMPLEMENTATIONS };

/* Of a step by fft in double: seconds over those of the floor, resident arrays. */
static const struct {
  size_t size, kernel;
  double floor, arrays;
} limits[] = {{256, 32, 1.05, INFINITY}, {2048, 64, 1.3, 12.0}};
enum { LIMITS = sizeof limits / sizeof *limits };

static const double hopeless = 4.0; /* times the cost of fft */
static const double budget =
    0.2; /* seconds for the repetitions of a line of the table, and how many these are */
enum {
  FEWEST = 3,
  MOST = 500,
  WARM = 512 /* largest size whose data stay in the caches between two steps */
};

struct step {
  struct rst_flow *flow;
  struct rst_scheme *scheme;
  struct rst_field *u, *gradient;
  double arrays; /* resident */
};

/* Four transforms, of zeros: these stay zeros, and cost the same as any numbers. */
struct floor {
  enum rst_precision precision;
  void *forward, *backward;
  void *real_array, *complex_array;
};

struct benchmark {
  struct rst_context *context;
  double bandwidth; /* bytes per second */
  FILE *json;
  bool any_row, within;
};

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "step_cost: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

static void require(const void *pointer, const char *what) {
  if (!pointer) {
    fprintf(stderr, "step_cost: %s\n", what);
    exit(EXIT_FAILURE);
  }
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Bytes of this process in memory, without those that are free to be used again; 0 where the system does not tell. */
static double resident(void) {
  char line[128] = "";
  char *pages = line;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  FILE *file = fopen("/proc/self/statm", "r");
  if (file) {
    pages = fgets(line, sizeof line, file) ? line : pages;
    (void)fclose(file);
  }
  (void)strtoul(line, &pages, 10); /* all pages, then those in memory */
  return (double)strtoul(pages, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

/* Of a = b + c, arrays longer than the caches. */
static double measure_bandwidth(void) {
  enum { COUNT = 1 << 22, ROUNDS = 10 };
  double *a = calloc(3 * (size_t)COUNT, sizeof *a);
  require(a, "memory is exhausted");
  double best = INFINITY;
  for (size_t round = 0; round < ROUNDS; ++round) {
    const double start = seconds();
    for (size_t i = 0; i < COUNT; ++i) {
      a[i] = a[i + COUNT] + a[i + 2 * (size_t)COUNT];
    }
    best = fmin(best, seconds() - start);
    a[COUNT + round] = a[round];
  }
  free(a);
  return 3.0 * COUNT * sizeof(double) / best;
}

static struct floor create_floor(enum rst_precision precision, size_t size) {
  struct floor floor = {.precision = precision};
  const int n = (int)size;
  const size_t bytes = rst_precision_size(precision);
  void *const x = fftw_malloc(size * size * bytes);
  void *const y = fftw_malloc(size * (size / 2 + 1) * 2 * bytes);
  require(x, "memory is exhausted");
  require(y, "memory is exhausted");
  if (precision == RST_PRECISION_FLOAT) {
    floor.forward = fftwf_plan_dft_r2c_2d(n, n, x, y, FFTW_MEASURE);
    floor.backward = fftwf_plan_dft_c2r_2d(n, n, y, x, FFTW_MEASURE);
  } else {
    floor.forward = fftw_plan_dft_r2c_2d(n, n, x, y, FFTW_MEASURE);
    floor.backward = fftw_plan_dft_c2r_2d(n, n, y, x, FFTW_MEASURE);
  }
  floor.real_array = x;
  floor.complex_array = y;
  memset(x, 0, size * size * bytes);
  return floor;
}

static void run_floor(const struct floor *floor) {
  void *const plans[] = {floor->forward, floor->backward};
  for (size_t i = 0; i < 4; ++i) {
    if (floor->precision == RST_PRECISION_FLOAT) {
      fftwf_execute(plans[i % 2]);
    } else {
      fftw_execute(plans[i % 2]);
    }
  }
}

static void destroy_floor(struct floor *floor) {
  if (floor->precision == RST_PRECISION_FLOAT) {
    fftwf_destroy_plan(floor->forward);
    fftwf_destroy_plan(floor->backward);
  } else {
    fftw_destroy_plan(floor->forward);
    fftw_destroy_plan(floor->backward);
  }
  fftw_free(floor->real_array);
  fftw_free(floor->complex_array);
}

static struct step create_step(struct rst_context *context, enum rst_precision precision, size_t size,
                               size_t kernel, size_t implementation) {
  const struct rst_labelled_image rough = {{.kind = "grating", .size = size, .period = 7.3, .angle = 37.0},
                                           1};
  const struct rst_labelled_image regular = {{.kind = "checkerboard", .size = size}, 1};
  const struct rst_flow_parameters flow = {.kind = "conv",
                                           .precision = precision,
                                           .boundary = RST_BOUNDARY_VALID,
                                           .diffusion = {.spacing = 1.0},
                                           .conv.kernel = kernel,
                                           .conv.images = implementation == PATCH ? &regular : &rough,
                                           .conv.image_count = 1,
                                           .conv.pooling = RST_POOLING_MEAN,
                                           .conv.activation = "swish",
                                           .conv.beta = 1.0,
                                           .conv.correlation = implementations[implementation]};
  const struct rst_scheme_parameters scheme = {
      .kind = "euler", .lr = 1e-4, .weight_decay = 20.0, .divisor = 1.0, .safety = 1.0};
  const struct rst_initial_parameters initial = {.kind = "normal", .seed = 7, .scale = 1.0};
  struct step step = {0};
  const double before = resident();
  check(context, rst_flow_create(context, &flow, &step.flow));
  check(context, rst_scheme_create(context, &scheme, step.flow, &step.scheme));
  check(context, rst_flow_create_state(context, step.flow, &step.u));
  check(context, rst_field_create_like(context, step.u, &step.gradient));
  check(context, rst_initial_fill(context, &initial, rst_flow_layout(step.flow), step.u));
  step.arrays = (resident() - before) / (double)(size * size * rst_precision_size(precision));
  return step;
}

static void run_step(const struct step *step) {
  struct rst_flow_value value;
  rst_flow_evaluate(step->flow, step->u, &value, step->gradient);
  (void)rst_scheme_step(step->scheme, step->gradient, step->u, NULL);
}

static void destroy_step(struct step *step) {
  rst_scheme_destroy(&step->scheme);
  rst_flow_destroy(&step->flow);
  rst_field_destroy(&step->u);
  rst_field_destroy(&step->gradient);
}

static bool applies(size_t implementation, enum rst_precision precision, size_t size, size_t kernel) {
  const struct rst_correlation_shape shape = {
      size, size, kernel, kernel, size - kernel + 1, size - kernel + 1};
  const bool is_float = precision == RST_PRECISION_FLOAT;
  const struct rst_correlation_type *direct =
      is_float ? &rst_correlation_direct_float : &rst_correlation_direct_double;
  const struct rst_correlation_type *fft =
      is_float ? &rst_correlation_fft_float : &rst_correlation_fft_double;
  return implementation != DIRECT || direct->cost(&shape) <= hopeless * fft->cost(&shape);
}

/* Least times of the steps that there are (flow not NULL), then of the floor. */
static void measure(const struct step *steps, const struct floor *floor, bool warm, double *least) {
  double spent = 0.0;
  for (size_t i = 0; i <= IMPLEMENTATIONS; ++i) {
    least[i] = INFINITY;
  }
  for (size_t round = 0; round < FEWEST || (round < MOST && spent < budget); ++round) {
    const double begin = seconds();
    for (size_t i = 0; i <= IMPLEMENTATIONS; ++i) {
      /* Once untimed, so that data are found in the caches as in a run. */
      for (int timed = warm ? 0 : 1; timed < 2; ++timed) {
        const double start = seconds();
        if (i == IMPLEMENTATIONS) {
          run_floor(floor);
        } else if (steps[i].flow) {
          run_step(&steps[i]);
        }
        least[i] = timed ? fmin(least[i], seconds() - start) : least[i];
      }
    }
    spent += seconds() - begin;
  }
}

static void report(struct benchmark *benchmark, enum rst_precision precision, size_t size, size_t kernel,
                   size_t implementation, double arrays, double least, double floor) {
  const char *name = implementations[implementation];
  const char *precision_name = precision == RST_PRECISION_FLOAT ? "float" : "double";
  const double stream = (double)(size * size * rst_precision_size(precision)) / benchmark->bandwidth;
  printf("%6zu%5zu  %-8s%-8s%12.2f%12.2f%10.3f%10.2f%10.2f\n", size, kernel, precision_name, name,
         1e6 * least, 1e6 * floor, least / floor, least / stream, arrays);
  if (benchmark->json) {
    fprintf(benchmark->json,
            "%s\n    {\"implementation\": \"%s\", \"size\": %zu, \"kernel\": %zu, \"precision\": \"%s\", "
            "\"seconds\": %.9g, \"floor_seconds\": %.9g, \"threads\": %d}",
            benchmark->any_row ? "," : "", name, size, kernel, precision_name, least, floor,
            rst_context_threads(benchmark->context));
  }
  benchmark->any_row = true;
  for (size_t i = 0; i < LIMITS; ++i) {
    if (implementation == FFT && precision == RST_PRECISION_DOUBLE && size == limits[i].size &&
        kernel == limits[i].kernel && (least > limits[i].floor * floor || arrays > limits[i].arrays)) {
      printf("EXCEEDED: at most %.2f of the floor and %.0f arrays are allowed\n", limits[i].floor,
             limits[i].arrays);
      benchmark->within = false;
    }
  }
}

static void run_line(struct benchmark *benchmark, const struct floor *floor, size_t size, size_t kernel) {
  struct step steps[IMPLEMENTATIONS] = {0};
  double least[IMPLEMENTATIONS + 1];
  for (size_t i = 0; i < IMPLEMENTATIONS; ++i) {
    if (applies(i, floor->precision, size, kernel)) {
      steps[i] = create_step(benchmark->context, floor->precision, size, kernel, i);
    }
  }
  measure(steps, floor, size <= WARM, least);
  for (size_t i = 0; i < IMPLEMENTATIONS; ++i) {
    if (steps[i].flow) {
      report(benchmark, floor->precision, size, kernel, i, steps[i].arrays, least[i], least[IMPLEMENTATIONS]);
      destroy_step(&steps[i]);
    }
  }
}

static void run_size(struct benchmark *benchmark, enum rst_precision precision, size_t size) {
  struct floor floor = create_floor(precision, size);
  require(floor.forward, "FFTW has no plan");
  require(floor.backward, "FFTW has no plan");
  for (size_t i = 0; i < KERNELS; ++i) {
    if (kernels[i] < size) {
      run_line(benchmark, &floor, size, kernels[i]);
    }
  }
  destroy_floor(&floor);
}

/* The processor's name as the system gives it, without its line's end. */
static void name_processor(char *name, size_t size) {
  char line[256];
  FILE *file = fopen("/proc/cpuinfo", "r");
  snprintf(name, size, "unknown");
  while (file && fgets(line, sizeof line, file)) {
    const char *value = strchr(line, ':');
    if (value && strncmp(line, "model name", strlen("model name")) == 0) {
      value += strspn(value, ": \t");
      snprintf(name, size, "%.*s", (int)strcspn(value, "\n\"\\"), value);
      break;
    }
  }
  if (file) {
    (void)fclose(file);
  }
}

static void begin(struct benchmark *benchmark, const char *json) {
  char processor[128];
  name_processor(processor, sizeof processor);
  benchmark->bandwidth = measure_bandwidth();
  printf("%s, %s; %.1f GB/s; least of interleaved repetitions; threads: %d\n", processor, fftw_version,
         1e-9 * benchmark->bandwidth, rst_context_threads(benchmark->context));
  printf("%6s%5s  %-8s%-8s%12s%12s%10s%10s%10s\n", "N", "k", "", "", "step, us", "floor, us", "/ floor",
         "/ memory", "arrays");
  if (json) {
    benchmark->json = fopen(json, "w");
    require(benchmark->json, "the file for --json cannot be written");
    fprintf(
        benchmark->json,
        "{\n  \"machine\": {\"processor\": \"%s\", \"fftw\": \"%s\", \"bandwidth_bytes_per_second\": %.6g, "
        "\"statistic\": \"minimum of interleaved repetitions\"},\n  \"rows\": [",
        processor, fftw_version, benchmark->bandwidth);
  }
}

static void finish(struct benchmark *benchmark) {
  if (benchmark->json) {
    fprintf(benchmark->json, "\n  ]\n}\n");
    if (fclose(benchmark->json) != 0) {
      require(NULL, "the file for --json cannot be written");
    }
  }
  rst_context_destroy(&benchmark->context);
}

int main(int argc, char **argv) {
  struct benchmark benchmark = {.within = true};
  const char *json = NULL;
  if (rst_context_create(&benchmark.context) != RST_OK) {
    return EXIT_FAILURE;
  }
  for (int i = 1; i < argc; i += 2) {
    require(i + 1 < argc ? argv[i + 1] : NULL, "usage: step_cost [--json FILE] [--threads N]");
    if (strcmp(argv[i], "--json") == 0) {
      json = argv[i + 1];
    } else if (strcmp(argv[i], "--threads") == 0) {
      check(benchmark.context,
            rst_context_set_threads(benchmark.context, (int)strtol(argv[i + 1], NULL, 10)));
    } else {
      require(NULL, "usage: step_cost [--json FILE] [--threads N]");
    }
  }
  begin(&benchmark, json);
  for (size_t i = 0; i < SIZES; ++i) {
    run_size(&benchmark, RST_PRECISION_DOUBLE, sizes[i]);
    run_size(&benchmark, RST_PRECISION_FLOAT, sizes[i]);
  }
  finish(&benchmark);
  return benchmark.within ? EXIT_SUCCESS : EXIT_FAILURE;
}
