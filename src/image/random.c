/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_rng.h>
#include <limits.h>
#include <math.h>

#include "core/core.h"
#include "restrain/image.h"

/** @file
 * NumPy's legacy random numbers: MT19937 (Matsumoto, Nishimura 1998), doubles of 53 bits from two words,
 * Marsaglia's polar method.
 */

#if ULONG_MAX <= 0xffffffff
#error "seeding needs an unsigned long of more than 32 bits"
#endif

/* The high 27 and 26 bits of two words make 53. */
static double uniform(const gsl_rng *generator) {
  const unsigned long high = gsl_rng_get(generator) >> 5;
  const unsigned long low = gsl_rng_get(generator) >> 6;
  return ((double)high * 67108864.0 + (double)low) / 9007199254740992.0;
}

/* MT19937 as NumPy seeds it. Its state is to be freed. */
static enum rst_status create(struct rst_context *context, uint32_t seed, gsl_rng *generator) {
  /* Not gsl_rng_alloc(), which aborts the program when memory is exhausted. */
  *generator = (gsl_rng){.type = gsl_rng_mt19937, .state = NULL};
  RST_TRY(rst_allocate(context, 1, generator->type->size, &generator->state));
  /* GSL takes the low 32 bits as the seed but puts 4357 in place of 0; a bit above them avoids that. */
  gsl_rng_set(generator, seed | 1UL << 32);
  return RST_OK;
}

enum rst_status rst_random_uniform(struct rst_context *context, uint32_t seed, size_t count, double *values) {
  gsl_rng generator;
  RST_TRY(create(context, seed, &generator));
  for (size_t i = 0; i < count; ++i) {
    values[i] = uniform(&generator);
  }
  free(generator.state);
  return RST_OK;
}

enum rst_status rst_random_normal(struct rst_context *context, uint32_t seed, size_t count, double *values) {
  gsl_rng generator;
  RST_TRY(create(context, seed, &generator));
  for (size_t i = 0; i < count; i += 2) {
    double x1 = 0.0;
    double x2 = 0.0;
    double square = 0.0;
    do {
      x1 = 2.0 * uniform(&generator) - 1.0;
      x2 = 2.0 * uniform(&generator) - 1.0;
      square = x1 * x1 + x2 * x2;
    } while (square >= 1.0 || square == 0.0);
    const double factor = sqrt(-2.0 * log(square) / square);
    values[i] = factor * x2;
    if (i + 1 < count) {
      values[i + 1] = factor * x1;
    }
  }
  free(generator.state);
  return RST_OK;
}
