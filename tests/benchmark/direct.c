/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How close the direct correlation comes to what the processor can do, and where the transform overtakes it.
 *
 * In the same process and on vectors of the same width are measured: the peak, by multiplications and additions of
 * registers; and for each size of image the time of the least traffic, by reading one array and writing another
 * (apply), or reading two (adjoint). The bound is the longer one of the time at peak and the time of the traffic. All
 * times are the shortest of many, of calls in a row that outlast the clock's own time by far.
 *
 * Multiplications and additions are not fused, so that the peak is that of one and the other.
 *
 * Fails if direct is slower than twice the target for a kernel of at most 5 x 5 on an image that a private cache holds,
 * where the neighbours on the machine disturb least, or if the cost model is wrong by twice the target about the kernel from
 * which on the transform is faster. The targets are 60 % of the bound, for apply and adjoint together, and 20 % of the
 * kernel's side. Other sizes of images than the usual ones may be given as arguments. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/vectors.h"
#include "correlate/correlation_type.h"
#include "restrain/restrain.h"

enum { SMALLEST = 32, LARGEST = 2048, PRIVATE = 256, LARGEST_PROMISED = 5 };

static const double target = 0.6, crossing_target = 0.2;

static const size_t sizes[] = {64, 256, 1024};
static const size_t kernels[] = {3, 5, 7, 9, 11, 13, 16, 20};
enum { SIZES = sizeof sizes / sizeof *sizes, KERNELS = sizeof kernels / sizeof *kernels };

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "direct: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

/* What the machine is measured by. Each returns a number that depends on all the work. */
struct probes {
  double (*peak)(size_t rounds);
  double (*copy)(size_t count, const void *from, void *to);
  double (*read)(size_t count, const void *x, const void *y);
};

enum { CHAINS = 12 };

#ifdef RST_WIDER_VECTORS
#define KEEP(vector) __asm__ volatile("" : "+v"(vector))
#else
#define KEEP(vector) (void)(vector)
#endif

/* The probes for one type, width and set of instructions. */
#define PROBES(set, attribute, type, width)                                                                  \
  typedef type vector_##set __attribute__((vector_size(width), may_alias));                                  \
  attribute static double peak_##set(size_t rounds) {                                                        \
    vector_##set sum[CHAINS] = {{0}};                                                                        \
    vector_##set x = (vector_##set){0} + (type)1e-3;                                                         \
    for (size_t i = 0; i < rounds; ++i) {                                                                    \
      _Pragma("GCC unroll 12") for (size_t c = 0; c < CHAINS; ++c) {                                         \
        vector_##set product = x * x;                                                                        \
        KEEP(product);                                                                                       \
        sum[c] += product;                                                                                   \
      }                                                                                                      \
      KEEP(x);                                                                                               \
    }                                                                                                        \
    for (size_t c = 1; c < CHAINS; ++c) {                                                                    \
      sum[0] += sum[c];                                                                                      \
    }                                                                                                        \
    return (double)sum[0][0];                                                                                \
  }                                                                                                          \
  attribute static double copy_##set(size_t count, const void *from, void *to) {                             \
    const vector_##set *x = from;                                                                            \
    vector_##set *y = to;                                                                                    \
    for (size_t i = 0; i < count * sizeof(type) / (width); ++i) {                                            \
      y[i] = x[i] + x[i];                                                                                    \
    }                                                                                                        \
    return (double)y[0][0];                                                                                  \
  }                                                                                                          \
  attribute static double read_##set(size_t count, const void *from, const void *other) {                    \
    const vector_##set *x = from;                                                                            \
    const vector_##set *y = other;                                                                           \
    vector_##set sum[4] = {{0}};                                                                             \
    for (size_t i = 0; i < count * sizeof(type) / (width); i += 4) {                                         \
      _Pragma("GCC unroll 4") for (size_t c = 0; c < 4; ++c) {                                               \
        sum[c] += x[i + c] * y[i + c];                                                                       \
      }                                                                                                      \
    }                                                                                                        \
    return (double)((sum[0] + sum[1]) + (sum[2] + sum[3]))[0];                                               \
  }

#define NO_ATTRIBUTE
PROBES(baseline_double, NO_ATTRIBUTE, double, 16)
PROBES(baseline_float, NO_ATTRIBUTE, float, 16)
#ifdef RST_WIDER_VECTORS
PROBES(avx2_double, RST_WITH_AVX2, double, 32)
PROBES(avx2_float, RST_WITH_AVX2, float, 32)
PROBES(avx512_double, RST_WITH_AVX512, double, 64)
PROBES(avx512_float, RST_WITH_AVX512, float, 64)
#endif

/* The probes for the widest vectors, and their width. */
static struct probes choose(enum rst_precision precision, size_t *width) {
#define CHOICE(set)                                                                                          \
  (precision == RST_PRECISION_FLOAT                                                                          \
       ? (struct probes){peak_##set##_float, copy_##set##_float, read_##set##_float}                         \
       : (struct probes){peak_##set##_double, copy_##set##_double, read_##set##_double})
  switch (rst_vectors_widest()) {
#ifdef RST_WIDER_VECTORS
  case RST_VECTORS_AVX512:
    *width = 64;
    return CHOICE(avx512);
  case RST_VECTORS_AVX2:
    *width = 32;
    return CHOICE(avx2);
#endif
  default:
    *width = 16;
    return CHOICE(baseline);
  }
}

/* The machine, by its probes, and images of the largest size. */
struct machine {
  enum rst_precision precision;
  struct probes probes;
  double peak; /* operations per nanosecond */
  struct rst_field *x, *y;
};

static volatile double sink; /* keeps the work of probes */

static struct machine measure_machine(struct rst_context *context, enum rst_precision precision) {
  enum { ROUNDS = 2000, REPETITIONS = 300 };
  struct machine machine = {.precision = precision};
  size_t width = 0;
  double best = DBL_MAX;
  machine.probes = choose(precision, &width);
  for (int repetition = 0; repetition < REPETITIONS; ++repetition) {
    const double start = nanoseconds();
    sink = machine.probes.peak(ROUNDS);
    best = fmin(best, nanoseconds() - start);
  }
  machine.peak = 2.0 * ROUNDS * CHAINS * (double)width / (double)rst_precision_size(precision) / best;
  check(context, rst_field_create(context, precision, LARGEST, LARGEST, &machine.x));
  check(context, rst_field_create(context, precision, LARGEST, LARGEST, &machine.y));
  rst_field_fill(1.0, machine.x);
  rst_field_fill(1.0, machine.y);
  return machine;
}

/* Calls in a row of what takes so long at least. */
static size_t calls_for(double least_nanoseconds) {
  const double enough = 1e4;
  return 1 + (size_t)(enough / least_nanoseconds);
}

/* The shortest times of the least traffic: a copy and a reading of two arrays of `count`. */
static void measure_traffic(const struct machine *machine, size_t count, double traffic[2]) {
  const double budget = 5e7;
  const double bytes_per_nanosecond = 200.0;
  const size_t calls =
      calls_for((double)(count * rst_precision_size(machine->precision)) / bytes_per_nanosecond);
  const double start = nanoseconds();
  traffic[0] = traffic[1] = DBL_MAX;
  for (int repetition = 0; repetition < 9 || nanoseconds() - start < budget; ++repetition) {
    const double before = nanoseconds();
    for (size_t i = 0; i < calls; ++i) {
      sink = machine->probes.copy(count, machine->x->data, machine->y->data);
    }
    const double between = nanoseconds();
    for (size_t i = 0; i < calls; ++i) {
      sink = machine->probes.read(count, machine->x->data, machine->y->data);
    }
    traffic[0] = fmin(traffic[0], (between - before) / (double)calls);
    traffic[1] = fmin(traffic[1], (nanoseconds() - between) / (double)calls);
  }
}

/* The shortest times of apply and adjoint. The adjoint's results go elsewhere, since the kernel would soon overflow. */
static void measure(struct rst_context *context, const struct machine *machine, size_t n, size_t k,
                    const char *name, double times[2]) {
  const double budget = 2e8;
  struct rst_field *image = NULL;
  struct rst_field *kernel = NULL;
  struct rst_field *response = NULL;
  struct rst_field *gradient = NULL;
  struct rst_correlation *correlation = NULL;
  const double side = (double)(n - k + 1);
  const size_t calls = calls_for(2.0 * side * side * (double)(k * k) / machine->peak);
  check(context, rst_field_create(context, machine->precision, n, n, &image));
  check(context, rst_field_create(context, machine->precision, k, k, &kernel));
  check(context, rst_field_create(context, machine->precision, k, k, &gradient));
  check(context, rst_field_create(context, machine->precision, n - k + 1, n - k + 1, &response));
  rst_field_fill(0.5, image);
  rst_field_fill(0.5, kernel);
  check(context, rst_correlation_create(context, image, k, k, RST_BOUNDARY_VALID, name, &correlation));
  times[0] = times[1] = DBL_MAX;
  const double start = nanoseconds();
  for (int repetition = 0; repetition < 9 || nanoseconds() - start < budget; ++repetition) {
    const double before = nanoseconds();
    for (size_t i = 0; i < calls; ++i) {
      rst_correlation_apply(correlation, kernel, response);
    }
    const double between = nanoseconds();
    for (size_t i = 0; i < calls; ++i) {
      rst_correlation_adjoint(correlation, response, gradient);
    }
    times[0] = fmin(times[0], (between - before) / (double)calls);
    times[1] = fmin(times[1], (nanoseconds() - between) / (double)calls);
  }
  rst_correlation_destroy(&correlation);
  rst_field_destroy(&response);
  rst_field_destroy(&gradient);
  rst_field_destroy(&kernel);
  rst_field_destroy(&image);
}

static double estimate(enum rst_precision precision, size_t n, size_t k, bool fft) {
  const struct rst_correlation_shape shape = {n, n, k, k, n - k + 1, n - k + 1};
  const struct rst_correlation_type *const types[2][2] = {
      {&rst_correlation_direct_double, &rst_correlation_direct_float},
      {&rst_correlation_fft_double, &rst_correlation_fft_float}};
  return types[fft][precision]->cost(&shape);
}

/* Where direct, which grows with the square of the kernel, meets the transform, which does not depend on it. */
static double crossing(const double direct[KERNELS], const double fft[KERNELS]) {
  for (size_t i = 0; i < KERNELS; ++i) {
    if (direct[i] > fft[i]) {
      if (i == 0) {
        return (double)kernels[0];
      }
      const double before = log(direct[i - 1] / fft[i - 1]);
      const double after = log(direct[i] / fft[i]);
      const double ratio = (double)kernels[i] / (double)kernels[i - 1];
      return (double)kernels[i - 1] * pow(ratio, before / (before - after));
    }
  }
  return (double)kernels[KERNELS - 1];
}

/* All kernels for one size of image; whether the promise holds. */
static bool report(struct rst_context *context, const struct machine *machine, size_t n) {
  double total[2][KERNELS];
  double planned[2][KERNELS];
  double traffic[2];
  bool holds = true;
  measure_traffic(machine, n * n, traffic);
  for (size_t i = 0; i < KERNELS; ++i) {
    const size_t k = kernels[i];
    const double side = (double)(n - k + 1);
    const double operations = 2.0 * side * side * (double)(k * k);
    for (int fft = 0; fft < 2; ++fft) {
      double times[2];
      measure(context, machine, n, k, fft ? "fft" : "direct", times);
      total[fft][i] = times[0] + times[1];
      planned[fft][i] = estimate(machine->precision, n, k, fft);
      const double bound =
          fmax(operations / machine->peak, traffic[0]) + fmax(operations / machine->peak, traffic[1]);
      const double fraction = bound / total[fft][i];
      const bool promised = !fft && k <= LARGEST_PROMISED && n <= PRIVATE;
      holds = holds && (!promised || fraction >= target / 2.0);
      printf("%-7s%5zu%4zu %-7s%12.0f%12.0f%8.1f%8.1f%7.2f%7.2f%7.2f%7.2f%8.2f%8.2f\n",
             machine->precision == RST_PRECISION_FLOAT ? "float" : "double", n, k, fft ? "fft" : "direct",
             times[0], times[1], operations / times[0], operations / times[1],
             operations / machine->peak / times[0], operations / machine->peak / times[1],
             traffic[0] / times[0], traffic[1] / times[1], fraction, total[fft][i] / planned[fft][i]);
    }
  }
  const double measured = crossing(total[0], total[1]);
  const double expected = crossing(planned[0], planned[1]);
  printf("%-7s%5zu: fft overtakes direct at k = %.1f, planned at %.1f\n", "", n, measured, expected);
  return holds && fabs(log(measured / expected)) <= log(1.0 + 2.0 * crossing_target);
}

int main(int argc, char **argv) {
  struct rst_context *context = NULL;
  bool hold = true;
  if (rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  for (int p = 0; p < 2; ++p) {
    struct machine machine = measure_machine(context, p ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
    printf("%s, peak %.1f GFLOP/s; times of apply and adjoint\n", p ? "float" : "double", machine.peak);
    printf("%-7s%5s%4s %-7s%24s%16s%14s%14s%8s%8s\n", "", "N", "k", "", "ns", "GFLOP/s", "/ peak",
           "/ bandwidth", "/ bound", "/ plan");
    for (size_t i = 0; i < SIZES && argc == 1; ++i) {
      hold = report(context, &machine, sizes[i]) && hold;
    }
    for (int i = 1; i < argc; ++i) {
      const size_t n = strtoul(argv[i], NULL, 10);
      hold = report(context, &machine, n < SMALLEST ? SMALLEST : n > LARGEST ? LARGEST : n) && hold;
    }
    rst_field_destroy(&machine.x);
    rst_field_destroy(&machine.y);
  }
  printf("targets: %.0f %% of the bound, crossings within %.0f %%; within twice of that: %s\n",
         100.0 * target, 100.0 * crossing_target, hold ? "yes" : "MISSED");
  rst_context_destroy(&context);
  return hold ? EXIT_SUCCESS : EXIT_FAILURE;
}
