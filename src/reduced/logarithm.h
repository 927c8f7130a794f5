/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LOGARITHM_H
#define RST_LOGARITHM_H

#include <math.h>
#include <stdbool.h>

#include "activation/exponential.h"

/** @file
 * log for loops, in double, as exponential.h has exp: with f in [1/sqrt(2), sqrt(2)] and s = (f - 1)/(f + 1),
 *
 *     log(2^n f) = n log 2 + 2 atanh(s),   atanh(s) = s + s^3/3 + s^5/5 + ...,   s^2 <= 0.0295
 */

/* 2 atanh(numerator/denominator) + n log 2. */
RST_INLINE double logarithm_of_ratio(double numerator, double denominator, double n) {
  const double s = numerator / denominator;
  const double q = s * s;
  const double r = q * q;
  const double even = 2.0 / 3 + r * (2.0 / 7 + r * (2.0 / 11 + r * (2.0 / 15 + r * (2.0 / 19))));
  const double odd = 2.0 / 5 + r * (2.0 / 9 + r * (2.0 / 13 + r * (2.0 / 17 + r * (2.0 / 21))));
  return n * log_2_high + (2.0 * s + (s * q * (even + q * odd) + n * log_2_low));
}

/** log(x) of a positive normal number; -infinity for 0, NaN for what is not finite or negative. */
RST_INLINE double logarithm(double x) {
  const uint64_t half_range = 0x3fe6a09e667f3bcdULL; /* the bits of 1/sqrt(2) */
  uint64_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  const uint64_t above = bits - half_range + ((uint64_t)1023 << MANTISSA);
  /* The exponent as a number: 2^52 + it, less 2^52 + 1023. */
  const uint64_t scaled_exponent = (above >> MANTISSA) | 0x4330000000000000ULL;
  const uint64_t fraction = ((bits - half_range) & (((uint64_t)1 << MANTISSA) - 1)) + half_range;
  double n = 0.0;
  double f = 0.0;
  memcpy(&n, &scaled_exponent, sizeof n);
  memcpy(&f, &fraction, sizeof f);
  const double value = logarithm_of_ratio(f - 1.0, f + 1.0, n - (0x1p52 + 1023.0));
  const double finite = x > 0.0 ? value : (double)-INFINITY;
  return ((x >= 0.0) & (x < (double)INFINITY)) ? finite : (double)NAN;
}

/** log(1 + t) for t in [0, 1], NaN for NaN. */
RST_INLINE double logarithm_of_one_plus(double t) {
  const bool large = t > 0x1.a827999fcef32p-2; /* sqrt(2) - 1 */
  return logarithm_of_ratio(large ? t - 1.0 : t, large ? t + 3.0 : t + 2.0, large ? 1.0 : 0.0);
}

#endif
