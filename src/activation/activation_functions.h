/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ACTIVATION_FUNCTIONS_H
#define RST_ACTIVATION_FUNCTIONS_H

#include <stdbool.h>

#include "activation/exponential.h"

/** @file
 * What activations need beside exp, for loops, as exponential.h has that: log(1 + t) on [0, 1], squares without error, and Mills'
 * ratio (1 - F)/f of the normal distribution F with its density f.
 */

/* For |s| <= 0.18 the series 2/3 + 2/5 q + 2/7 q^2 + ... of 2 atanh(s) = 2 s + s q (...), q = s^2, to rounding. */
RST_INLINE real atanh_series(real q) {
  const real r = q * q;
#ifdef RST_REAL_IS_FLOAT
  return (2.0F / 3 + r * (2.0F / 7)) + q * (2.0F / 5 + r * (2.0F / 9));
#else
  const real even = 2.0 / 3 + r * (2.0 / 7 + r * (2.0 / 11 + r * (2.0 / 15 + r * (2.0 / 19))));
  const real odd = 2.0 / 5 + r * (2.0 / 9 + r * (2.0 / 13 + r * (2.0 / 17 + r * (2.0 / 21))));
  return even + q * odd;
#endif
}

/** log(1 + t) for t in [0, 1]: 2 atanh(s) + n log 2 with 1 + t = 2^n (1 + s)/(1 - s), n = 0 below sqrt(2) and 1 above. */
RST_INLINE real logarithm_of_one_plus(real t) {
  const bool above = t > (real)0.41421356237309504880;
  const real s = (above ? t - 1 : t) / (above ? t + 3 : t + 2);
  const real q = s * s;
  return (above ? log_2_high : 0) + (2 * s + (s * q * atanh_series(q) + (above ? log_2_low : 0)));
}

/** z^2 without error, as a sum. */
struct square {
  real high, low;
};

RST_INLINE struct square square(real z) {
  real_bits bits;
  real upper; /* half of the digits, so that products of halves are exact */
  memcpy(&bits, &z, sizeof bits);
  bits &= ~(((real_bits)1 << (MANTISSA + 2) / 2) - 1);
  memcpy(&upper, &bits, sizeof upper);
  const real lower = z - upper;
  const real high = z * z;
  return (struct square){high, ((upper * upper - high) + 2 * upper * lower) + lower * lower};
}

/** (1 - F(x))/f(x) for 0 <= x up to where exp(-x^2/2) is 0. (x + 5/4) times it, which varies little, is a polynomial in
 * (x - 5)/(x + 5): interpolation at Chebyshev's nodes on [0, 38], in float [0, 14], to rounding; even and odd powers apart, in
 * double also those of the square, for short chains of operations. */
RST_INLINE real mills_ratio(real x) {
  const real y = (x - 5) / (x + 5);
  const real q = y * y;
#ifdef RST_REAL_IS_FLOAT
  const real even =
      1.20505065F +
      q * (0.150517099F +
           q * (-0.0361921025F + q * (-0.0323660439F + q * (-0.00414532413F + q * 0.000500030685F))));
  const real odd =
      -0.31938623F + q * (-0.0256142627F + q * (0.0468313441F + q * (0.0148762806F + q * 1.45068942e-5F)));
#else
  const real r = q * q;
  const real even_0 =
      1.2050506544707235 +
      r * (-0.036188705997097329 +
           r * (-0.0040637073204792549 +
                r * (-2.0643007572439856e-5 + r * (3.6103751025829589e-7 + r * 2.1337031625720973e-9))));
  const real even_2 =
      0.15051694028780749 +
      r * (-0.032392086273044153 +
           r * (0.00041917676669986521 +
                r * (-5.9591173809299502e-7 + r * (-6.2092571386029787e-8 + r * 1.7678219974573129e-9))));
  const real odd_1 =
      -0.31938622931066557 +
      r * (0.046832559596555321 +
           r * (0.00010367639282021212 +
                r * (2.1916995148970317e-5 + r * (4.7386992656969913e-7 + r * 9.7362722352096523e-9))));
  const real odd_3 =
      -0.025614274126429241 +
      r * (0.014857511622534499 +
           r * (-0.00013377295210572315 + r * (-3.1309030561194174e-6 + r * -7.6703612807377023e-8)));
  const real even = even_0 + q * even_2;
  const real odd = odd_1 + q * odd_3;
#endif
  return (even + y * odd) / (x + (real)1.25);
}

#endif
