/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What activations with two derivatives cost per element, and how that compares with what they cannot do without: in the caches
 * with one exponential, beyond them with the rate at which memory is copied.
 *
 * Contenders take turns in short pieces, and the shortest times are compared. Fails if swish in double reaches less than a share
 * of the exponential's rate, or float is less than a factor faster than double. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "activation/exponential.h"
#include "core/vectors.h"
#include "restrain/restrain.h"

enum { NEAR = 64, FAR = 2048, NEAR_ROUNDS = 300, FAR_ROUNDS = 9, ARRAYS = 4, MOST_ACTIVATIONS = 16 };

static const double least_share = 0.6, least_factor = 2.0;

static void check(struct rst_context *context, enum rst_status status) {
  if (status != RST_OK) {
    fprintf(stderr, "activation: %s: %s\n", rst_status_text(status), rst_context_message(context));
    exit(EXIT_FAILURE);
  }
}

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* The length of a cycle: steps of Marsaglia's generator are six operations in a row, of a cycle each. */
static double cycle(void) {
  enum { STEPS = 20000, ROUNDS = 50 };
  volatile uint64_t seed = 0x9e3779b97f4a7c15ULL;
  double shortest = 1e30;
  for (int round = 0; round < ROUNDS; ++round) {
    uint64_t x = seed;
    const double start = nanoseconds();
    for (int i = 0; i < STEPS; ++i) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
    }
    shortest = fmin(shortest, nanoseconds() - start);
    seed = x;
  }
  return shortest / (6.0 * STEPS);
}

RST_INLINE void exponentials(size_t count, const double *restrict z, double *restrict t) {
  for (size_t i = 0; i < count; ++i) {
    t[i] = exponential(-fabs(z[i])).value;
  }
}

#define EXPONENTIALS(set, attribute)                                                                         \
  attribute static void exponentials_##set(size_t count, const double *z, double *t) {                       \
    exponentials(count, z, t);                                                                               \
  }
EXPONENTIALS(baseline, )
#ifdef RST_WIDER_VECTORS
EXPONENTIALS(avx2, RST_WITH_AVX2)
EXPONENTIALS(avx512, RST_WITH_AVX512)
#endif

/* With the vectors that the activations use. */
static void run_exponentials(size_t count, const double *z, double *t) {
  static void (*const sets[])(size_t count, const double *z, double *t) = {
#ifdef RST_WIDER_VECTORS
      [RST_VECTORS_AVX512] = exponentials_avx512,
      [RST_VECTORS_AVX2] = exponentials_avx2,
#endif
      [RST_VECTORS_OF_ALL] = exponentials_baseline,
  };
  sets[rst_vectors_widest()](count, z, t);
}

/* z and the three results, of points x points. */
struct setup {
  struct rst_field *field[ARRAYS];
  size_t count;
};

static void create(struct rst_context *context, enum rst_precision precision, size_t points,
                   struct setup *setup) {
  setup->count = points * points;
  for (size_t i = 0; i < ARRAYS; ++i) {
    check(context, rst_field_create(context, precision, points, points, &setup->field[i]));
    rst_field_fill(0.0, setup->field[i]);
  }
  double *z = malloc(setup->count * sizeof *z);
  check(context, z ? rst_random_normal(context, 7, setup->count, z) : RST_ERROR_MEMORY);
  for (size_t i = 0; i < setup->count; ++i) {
    rst_field_set(setup->field[0], i / points, i % points, 3.0 * z[i]);
  }
  free(z);
}

static void destroy(struct setup *setup) {
  for (size_t i = 0; i < ARRAYS; ++i) {
    rst_field_destroy(&setup->field[i]);
  }
}

static void run_activation(const struct setup *setup, const char *name) {
  rst_activation_evaluate(NULL, rst_activation_find(name), 1.0, setup->field[0], setup->field[1],
                          setup->field[2], setup->field[3], NULL);
}

/* Shortest times per element, of the activations and of what they are compared with: an exponential, a copy. */
struct times {
  double activation[MOST_ACTIVATIONS], exponential, copy;
};

static void keep_shortest(const struct setup *setup, double start, double *shortest) {
  const double time = (nanoseconds() - start) / (double)setup->count;
  *shortest = *shortest > 0.0 ? fmin(*shortest, time) : time;
}

static void measure(const struct setup *setup, int rounds, struct times *times) {
  const char *const *names = rst_activation_names();
  *times = (struct times){{0}, 0, 0};
  for (int round = 0; round < rounds; ++round) {
    double start = nanoseconds();
    rst_field_copy(setup->field[0], setup->field[1]);
    keep_shortest(setup, start, &times->copy);
    if (setup->field[0]->precision == RST_PRECISION_DOUBLE) {
      start = nanoseconds();
      run_exponentials(setup->count, setup->field[0]->data, setup->field[1]->data);
      keep_shortest(setup, start, &times->exponential);
    }
    for (size_t a = 0; names[a] && a < MOST_ACTIVATIONS; ++a) {
      start = nanoseconds();
      run_activation(setup, names[a]);
      keep_shortest(setup, start, &times->activation[a]);
    }
  }
}

static void measure_at(struct rst_context *context, enum rst_precision precision, size_t points, int rounds,
                       struct times *times) {
  struct setup setup;
  create(context, precision, points, &setup);
  measure(&setup, rounds, times);
  destroy(&setup);
}

static void show(enum rst_precision precision, double length_of_cycle, const struct times *near_times,
                 const struct times *far_times, double exponential) {
  const char *const *names = rst_activation_names();
  const double moved = (double)(ARRAYS * rst_precision_size(precision)); /* bytes per element */
  const double bandwidth = 2.0 * (double)rst_precision_size(precision) / far_times->copy;
  for (size_t a = 0; names[a] && a < MOST_ACTIVATIONS; ++a) {
    const double near_time = near_times->activation[a];
    const double far_time = far_times->activation[a];
    printf("%-8s%-12s%12.3f%12.2f%12.2f%12.3f%12.1f%12.2f\n",
           precision == RST_PRECISION_FLOAT ? "float" : "double", names[a], near_time,
           length_of_cycle / near_time, exponential / near_time, far_time, moved / far_time,
           moved / far_time / bandwidth);
  }
}

int main(void) {
  static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
  enum { PRECISIONS = sizeof precisions / sizeof *precisions, SWISH = 0 };
  struct rst_context *context = NULL;
  struct times near_times[PRECISIONS];
  struct times far_times[PRECISIONS];
  if (rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  for (size_t p = 0; p < PRECISIONS; ++p) {
    measure_at(context, precisions[p], NEAR, NEAR_ROUNDS, &near_times[p]);
    measure_at(context, precisions[p], FAR, FAR_ROUNDS, &far_times[p]);
  }
  rst_context_destroy(&context);
  const double length_of_cycle = cycle();
  printf("%-20s%36s%36s\n", "s, s', s''", "in the caches", "beyond them");
  printf("%-20s%12s%12s%12s%12s%12s%12s\n", "", "ns", "per cycle", "/ exp", "ns", "GB/s", "/ copy");
  for (size_t p = 0; p < PRECISIONS; ++p) {
    show(precisions[p], length_of_cycle, &near_times[p], &far_times[p], near_times[0].exponential);
  }
  const double share = near_times[0].exponential / near_times[0].activation[SWISH];
  const double factor = near_times[0].activation[SWISH] / near_times[1].activation[SWISH];
  const bool good = share >= least_share && factor >= least_factor;
  printf(
      "swish: %.2f of the rate of exponentials (%.2f is promised), %.2f times faster in float (%.2f): %s\n",
      share, least_share, factor, least_factor, good ? "kept" : "MISSED");
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
