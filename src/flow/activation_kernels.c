/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activations and their derivatives, one function for an element, one loop for each.
 *
 * All that need an exponential take t = exp(-|w|), w = beta z, which is at most 1: nothing overflows, and
 * both tails keep their relative accuracy, since 1 - sigmoid is formed without a difference. exponential()
 * below is written out because it vectorises in every compiler and gives the same bits on every processor,
 * whatever the width of its vectors; its errors are 1.0 units in the last place for exp and 1.2 for exp - 1.
 */
#include "flow/activation_kernels.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

#include "core/real.h"

/* Everything must end up inside the loops over elements, or these do not vectorise. */
#define INLINE static inline __attribute__((always_inline))

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
INLINE real exponential_series(real r) {
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

/* For x <= 0: x = n log 2 + r, exp(x) = 2^n (1 + p). Adding and subtracting `shift` rounds to an integer and
 * leaves n in the last bits of the sum. Results below the normal numbers are 0. */
INLINE struct exponential exponential(real x) {
  const real shift = (real)1.5 * (real)((real_bits)1 << MANTISSA);
  const real inverse_log_2 = (real)1.44269504088896340736;
  const real one = 1;
  const real bounded = x < smallest_exponent ? smallest_exponent : x;
  const real shifted = bounded * inverse_log_2 + shift;
  const real n = shifted - shift;
  const real r = (bounded - n * log_2_high) - n * log_2_low;
  const real p = r + r * r * exponential_series(r);
  real_bits exponent;
  real_bits exponent_of_one;
  memcpy(&exponent, &shifted, sizeof exponent);
  memcpy(&exponent_of_one, &one, sizeof one);
  exponent = (exponent << MANTISSA) + exponent_of_one;
  real power; /* 2^n */
  memcpy(&power, &exponent, sizeof power);
  return (struct exponential){.value = x < smallest_exponent ? 0 : power + power * p,
                              .minus_one = (power - 1) + power * p};
}

/* s, s', s'' at one point. */
struct jet {
  real s, ds, dds;
};

INLINE real clamp(real x, real low, real high) {
  const real bounded = x < low ? low : x; /* this order keeps NaN */
  return bounded > high ? high : bounded;
}

/* w beyond which t = 0, so that 0 w = 0 where w overflowed. */
INLINE real scaled(real beta, real z) {
  return clamp(beta * z, 2 * smallest_exponent, -2 * smallest_exponent);
}

/* z f for a factor f that vanishes faster than 1/z, also where z is infinite. */
INLINE real product_with_tail(real z, real f) {
  return f == 0 ? 0 : z * f;
}

/* s' = g + w g h, s'' = beta g h (2 + w (h - g)), with g = sigmoid(w), h = sigmoid(-w). */
INLINE struct jet activate_swish(real beta, real z) {
  const real w = scaled(beta, z);
  const real t = exponential(-fabs(w)).value;
  const real near_one = 1 / (1 + t);
  const real near_zero = t * near_one;
  const real g = w < 0 ? near_zero : near_one;
  const real h = w < 0 ? near_one : near_zero;
  return (struct jet){product_with_tail(z, g), g * (1 + w * h), beta * (g * h) * (2 + w * (h - g))};
}

/* With t = exp(-2 |w|): tanh |w| = (1 - t)/(1 + t), 1 - tanh^2 = 4 t/(1 + t)^2. */
INLINE struct jet activate_tanh(real beta, real z) {
  const real w = scaled(beta, z);
  const struct exponential t = exponential(-2 * fabs(w));
  const real inverse = 1 / (1 + t.value);
  const real s = copysign(-t.minus_one * inverse, w);
  const real ds = beta * (4 * t.value * inverse * inverse);
  return (struct jet){s, ds, -2 * beta * s * ds};
}

INLINE struct jet activate_softplus(real beta, real z) {
  const real w = scaled(beta, z);
  const real t = exponential(-fabs(w)).value;
  const real near_one = 1 / (1 + t);
  const real near_zero = t * near_one;
  return (struct jet){(w > 0 ? z : 0) + log1p(t) / beta, w < 0 ? near_zero : near_one,
                      beta * near_one * near_zero};
}

/* With the normal density f = exp(-z^2/2) / sqrt(2 pi) and its integral F: s' = F + z f, s'' = f (2 - z^2).
 */
INLINE struct jet activate_gelu(real beta, real z) {
  (void)beta;
  const real inverse_root_2 = (real)0.70710678118654752440;
  const real inverse_root_2_pi = (real)0.39894228040143267794;
  const real x = clamp(z, -64, 64); /* the density is 0 there in both precisions */
  const real density = inverse_root_2_pi * exponential(-(x * x) / 2).value;
  const real integral = erfc(-z * inverse_root_2) / 2;
  return (struct jet){product_with_tail(z, integral), integral + x * density, density * (2 - x * x)};
}

/* `value` unless z is NaN. */
INLINE real keep_nan(real z, real value) {
  return z == z ? value : z;
}

INLINE struct jet activate_relu(real beta, real z) {
  (void)beta;
  return (struct jet){z < 0 ? 0 : z, keep_nan(z, z > 0 ? 1 : 0), keep_nan(z, 0)};
}

INLINE struct jet activate_identity(real beta, real z) {
  (void)beta;
  return (struct jet){z, keep_nan(z, 1), keep_nan(z, 0)};
}

#define ACTIVATION_INDEX(name) INDEX_##name,
enum { RST_ACTIVATION_LIST(ACTIVATION_INDEX) };
#undef ACTIVATION_INDEX

INLINE void evaluate_inline(size_t index, real beta, size_t count, const real *restrict z, real *restrict s,
                            real *restrict ds, real *restrict dds) {
  switch (index) {
#define ACTIVATION_LOOP(name)                                                                                \
  case INDEX_##name:                                                                                         \
    for (size_t i = 0; i < count; ++i) {                                                                     \
      const struct jet jet = activate_##name(beta, z[i]);                                                    \
      s[i] = jet.s;                                                                                          \
      ds[i] = jet.ds;                                                                                        \
      dds[i] = jet.dds;                                                                                      \
    }                                                                                                        \
    break;
    RST_ACTIVATION_LIST(ACTIVATION_LOOP)
#undef ACTIVATION_LOOP
  default:
    break;
  }
}

/* The same loops for wider vectors, where the processor has them. The results are the same to the bit, since
 * the build fuses nothing. */
#if defined(__x86_64__) && defined(__GNUC__)
#define WIDER_VECTORS 1
__attribute__((target("avx512f"))) static void evaluate_avx512f(size_t index, real beta, size_t count,
                                                                const real *z, real *s, real *ds, real *dds) {
  evaluate_inline(index, beta, count, z, s, ds, dds);
}

__attribute__((target("avx2"))) static void evaluate_avx2(size_t index, real beta, size_t count,
                                                          const real *z, real *s, real *ds, real *dds) {
  evaluate_inline(index, beta, count, z, s, ds, dds);
}
#endif

static void evaluate(size_t index, double beta, size_t count, const void *z, void *s, void *ds, void *dds) {
#ifdef WIDER_VECTORS
  if (__builtin_cpu_supports("avx512f")) {
    evaluate_avx512f(index, (real)beta, count, z, s, ds, dds);
    return;
  }
  if (__builtin_cpu_supports("avx2")) {
    evaluate_avx2(index, (real)beta, count, z, s, ds, dds);
    return;
  }
#endif
  evaluate_inline(index, (real)beta, count, z, s, ds, dds);
}

/* Independent partial sums, added in a fixed order. */
static double sum(size_t count, const void *s) {
  enum { LANES = 8 };
  const real *from = s;
  double lane[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (size_t l = 0; l < LANES; ++l) {
      lane[l] += (double)from[i + l];
    }
  }
  for (size_t l = 0; i < count; ++i, ++l) {
    lane[l] += (double)from[i];
  }
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

const struct rst_activation_operations RST_REAL(rst_activation_operations) = {.evaluate = evaluate,
                                                                              .sum = sum};
