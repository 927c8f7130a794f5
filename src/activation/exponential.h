/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EXPONENTIAL_H
#define RST_EXPONENTIAL_H

#include <float.h>
#include <stdint.h>
#include <string.h>

#include "core/real.h"
#include "core/vectors.h"

/** @file
 * exp for loops: written out because it vectorises in every compiler and gives the same bits on every processor, whatever
 * the width of its vectors; its errors are 1.0 units in the last place for exp and 1.2 for exp - 1.
 */

#ifdef RST_REAL_IS_FLOAT
typedef uint32_t real_bits;
enum { MANTISSA = FLT_MANT_DIG - 1 };
static const real smallest_exponent = -87.0F; /* exp of it is a normal number */
static const real log_2_high = 0x1.62e400p-1F, log_2_low = 0x1.7f7d1cp-20F;
#else
typedef uint64_t real_bits;
enum { MANTISSA = DBL_MANT_DIG - 1 };
static const real smallest_exponent = -708.0;
static const real log_2_high = 0x1.62e42feep-1, log_2_low = 0x1.a39ef35793c76p-33;
#endif

struct exponential {
  real value;     /* exp(x) */
  real minus_one; /* exp(x) - 1 */
};

/* Taylor series of (exp(r) - 1 - r) / r^2 for |r| <= log(2)/2, to rounding; even and odd powers apart, for
 * two short chains of operations in place of a long one. */
RST_INLINE real exponential_series(real r) {
  const real q = r * r;
#ifdef RST_REAL_IS_FLOAT
  const real even = 1.0F / 2 + q * (1.0F / 24 + q * (1.0F / 720));
  const real odd = 1.0F / 6 + q * (1.0F / 120 + q * (1.0F / 5040));
#else
  const real even =
      1.0 / 2 +
      q * (1.0 / 24 + q * (1.0 / 720 + q * (1.0 / 40320 + q * (1.0 / 3628800 + q * (1.0 / 479001600)))));
  const real odd =
      1.0 / 6 +
      q * (1.0 / 120 + q * (1.0 / 5040 + q * (1.0 / 362880 + q * (1.0 / 39916800 + q * (1.0 / 6227020800)))));
#endif
  return even + r * odd;
}

/* exp(x) = power exp(r), |r| <= log(2)/2. */
struct reduced_exponent {
  real power, r;
};

/* For x <= 0: x = n log 2 + r. Adding and subtracting `shift` rounds to an integer and leaves n in the last bits of the sum.
 * Where exp(x) is below the normal numbers, the power is 0. */
RST_INLINE struct reduced_exponent reduce_exponent(real x) {
  const real shift = (real)1.5 * (real)((real_bits)1 << MANTISSA);
  const real inverse_log_2 = (real)1.44269504088896340736;
  const real one = 1;
  const real bounded = x < smallest_exponent ? smallest_exponent : x;
  const real shifted = bounded * inverse_log_2 + shift;
  const real n = shifted - shift;
  real_bits exponent;
  real_bits exponent_of_one;
  memcpy(&exponent, &shifted, sizeof exponent);
  memcpy(&exponent_of_one, &one, sizeof one);
  exponent = (exponent << MANTISSA) + exponent_of_one;
  real power; /* 2^n */
  memcpy(&power, &exponent, sizeof power);
  return (struct reduced_exponent){.power = x < smallest_exponent ? 0 : power,
                                   .r = (bounded - n * log_2_high) - n * log_2_low};
}

RST_INLINE struct exponential expand_exponent(struct reduced_exponent x) {
  const real p = x.r + x.r * x.r * exponential_series(x.r);
  return (struct exponential){.value = x.power + x.power * p, .minus_one = (x.power - 1) + x.power * p};
}

/* For x <= 0. Loops over many elements are faster with the two parts in loops of their own: each is a chain of operations, of which
 * a processor keeps so many in flight only. */
RST_INLINE struct exponential exponential(real x) {
  return expand_exponent(reduce_exponent(x));
}

#endif
