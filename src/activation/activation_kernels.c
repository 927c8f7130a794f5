/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activations and their derivatives, one function each. The arithmetic of an element is one long chain of operations, more than
 * a processor can keep in flight for several elements; so a function makes loops that leave what they find in the first cache, and a
 * last one that reads it there.
 *
 * All that need an exponential take t = exp(-u), u = |beta z|, which is at most 1: nothing overflows, and both tails keep their
 * relative accuracy, since 1 - sigmoid is formed without a difference.
 */
#include "activation/activation_kernels.h"

#include <stdalign.h>

#include "activation/activation_functions.h"
#include "core/sizes.h"

/* What a loop over a block leaves for the next one. */
struct notes {
  alignas(64) real a[RST_ACTIVATION_BLOCK];
  alignas(64) real b[RST_ACTIVATION_BLOCK];
};

/* `value` unless z is NaN. */
RST_INLINE real keep_nan(real z, real value) {
  return z == z ? value : z;
}

/* |w|, at most where t = 0, so that u t = 0 where w overflowed. */
RST_INLINE real magnitude(real w) {
  const real most = -2 * smallest_exponent;
  const real u = fabs(w);
  return u > most ? most : u; /* this order keeps NaN */
}

/* z f for a factor f that vanishes faster than 1/z, also where z is infinite. */
RST_INLINE real product_with_tail(real z, real f) {
  return f == 0 ? 0 : z * f;
}

/* Notes of exp(x[i]): its power of two, and the rest of the exponent. */
RST_INLINE void note_exponent(struct notes *restrict notes, size_t i, real x) {
  const struct reduced_exponent reduced = reduce_exponent(x);
  notes->a[i] = reduced.power;
  notes->b[i] = reduced.r;
}

RST_INLINE struct exponential noted_exponential(const struct notes *restrict notes, size_t i) {
  return expand_exponent((struct reduced_exponent){.power = notes->a[i], .r = notes->b[i]});
}

/* With a = 1/(1 + t), b = t/(1 + t), g = sigmoid(w): s' = g + w a b, s'' = beta a b (2 - u (a - b)). */
RST_INLINE void evaluate_swish(real beta, size_t count, const real *restrict z, struct notes *restrict notes,
                               real *restrict s, real *restrict ds, real *restrict dds) {
  for (size_t i = 0; i < count; ++i) {
    note_exponent(notes, i, -magnitude(beta * z[i]));
  }
  for (size_t i = 0; i < count; ++i) {
    notes->a[i] = noted_exponential(notes, i).value;
  }
  for (size_t i = 0; i < count; ++i) {
    const real w = beta * z[i];
    const real u = magnitude(w);
    const real a = 1 / (1 + notes->a[i]);
    const real b = notes->a[i] * a;
    const real g = w < 0 ? b : a;
    const real ab = a * b;
    s[i] = product_with_tail(z[i], g);
    ds[i] = g + copysign(u * ab, w);
    dds[i] = beta * (ab * (2 - u * (a - b)));
  }
}

/* With t = exp(-2 u): tanh u = (1 - t)/(1 + t), 1 - tanh^2 = 4 t/(1 + t)^2. */
RST_INLINE void evaluate_tanh(real beta, size_t count, const real *restrict z, struct notes *restrict notes,
                              real *restrict s, real *restrict ds, real *restrict dds) {
  for (size_t i = 0; i < count; ++i) {
    note_exponent(notes, i, -2 * magnitude(beta * z[i]));
  }
  for (size_t i = 0; i < count; ++i) {
    const struct exponential t = noted_exponential(notes, i);
    notes->a[i] = t.value;
    notes->b[i] = t.minus_one;
  }
  for (size_t i = 0; i < count; ++i) {
    const real inverse = 1 / (1 + notes->a[i]);
    const real slope = beta * (4 * notes->a[i] * inverse * inverse);
    s[i] = copysign(-notes->b[i] * inverse, beta * z[i]);
    ds[i] = slope;
    dds[i] = -2 * beta * s[i] * slope;
  }
}

RST_INLINE void evaluate_softplus(real beta, size_t count, const real *restrict z,
                                  struct notes *restrict notes, real *restrict s, real *restrict ds,
                                  real *restrict dds) {
  const real inverse_beta = 1 / beta;
  for (size_t i = 0; i < count; ++i) {
    note_exponent(notes, i, -magnitude(beta * z[i]));
  }
  for (size_t i = 0; i < count; ++i) {
    notes->a[i] = noted_exponential(notes, i).value;
  }
  for (size_t i = 0; i < count; ++i) {
    notes->b[i] = inverse_beta * logarithm_of_one_plus(notes->a[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    const real w = beta * z[i];
    const real a = 1 / (1 + notes->a[i]);
    const real b = notes->a[i] * a;
    s[i] = notes->b[i] + (w > 0 ? z[i] : 0);
    ds[i] = w < 0 ? b : a;
    dds[i] = beta * (a * b);
  }
}

/* For |z| up to where the normal density f is 0 in both precisions. */
RST_INLINE real within_density(real z) {
  const real most = 64;
  const real bounded = z < -most ? -most : z;
  return bounded > most ? most : bounded;
}

/* With the normal density f, its integral F and Mills' ratio m of x = |z|: for z < 0, F = f m and s' = F + z f = f (m - x), for
 * z > 0 what these lack to 1; s'' = f (2 - z^2). An error of z^2/2 would multiply f, so it is followed. */
RST_INLINE void evaluate_gelu(real beta, size_t count, const real *restrict z, struct notes *restrict notes,
                              real *restrict s, real *restrict ds, real *restrict dds) {
  (void)beta;
  const real inverse_root_2_pi = (real)0.39894228040143267794;
  for (size_t i = 0; i < count; ++i) {
    note_exponent(notes, i, -square(within_density(z[i])).high / 2);
  }
  for (size_t i = 0; i < count; ++i) {
    const real f = inverse_root_2_pi * noted_exponential(notes, i).value;
    notes->a[i] = f - f * (square(within_density(z[i])).low / 2);
  }
  for (size_t i = 0; i < count; ++i) {
    notes->b[i] = mills_ratio(fabs(within_density(z[i])));
  }
  for (size_t i = 0; i < count; ++i) {
    const real f = notes->a[i];
    const real bounded = within_density(z[i]);
    const struct square square_of_z = square(bounded);
    const real tail = f * notes->b[i];
    const real slope = f * (notes->b[i] - fabs(bounded));
    s[i] = product_with_tail(z[i], z[i] < 0 ? tail : 1 - tail);
    ds[i] = z[i] < 0 ? slope : 1 - slope;
    dds[i] = f * ((2 - square_of_z.high) - square_of_z.low);
  }
}

RST_INLINE void evaluate_relu(real beta, size_t count, const real *restrict z, struct notes *restrict notes,
                              real *restrict s, real *restrict ds, real *restrict dds) {
  (void)beta;
  (void)notes;
  for (size_t i = 0; i < count; ++i) {
    s[i] = z[i] < 0 ? 0 : z[i];
    ds[i] = keep_nan(z[i], z[i] > 0 ? 1 : 0);
    dds[i] = keep_nan(z[i], 0);
  }
}

RST_INLINE void evaluate_identity(real beta, size_t count, const real *restrict z,
                                  struct notes *restrict notes, real *restrict s, real *restrict ds,
                                  real *restrict dds) {
  (void)beta;
  (void)notes;
  for (size_t i = 0; i < count; ++i) {
    s[i] = z[i];
    ds[i] = keep_nan(z[i], 1);
    dds[i] = keep_nan(z[i], 0);
  }
}

#define ACTIVATION_INDEX(name) INDEX_##name,
enum { RST_ACTIVATION_LIST(ACTIVATION_INDEX) };
#undef ACTIVATION_INDEX

RST_INLINE void evaluate_block(size_t index, real beta, size_t count, const real *z, real *s, real *ds,
                               real *dds) {
  struct notes notes;
  switch (index) {
#define ACTIVATION_CASE(name)                                                                                \
  case INDEX_##name:                                                                                         \
    evaluate_##name(beta, count, z, &notes, s, ds, dds);                                                     \
    break;
    RST_ACTIVATION_LIST(ACTIVATION_CASE)
#undef ACTIVATION_CASE
  default:
    break;
  }
}

RST_INLINE void evaluate_inline(size_t index, real beta, size_t count, const real *z, real *s, real *ds,
                                real *dds) {
  for (size_t first = 0; first < count; first += RST_ACTIVATION_BLOCK) {
    evaluate_block(index, beta, rst_least(count - first, RST_ACTIVATION_BLOCK), z + first, s + first,
                   ds + first, dds + first);
  }
}

/* Independent partial sums, added in a fixed order. */
RST_INLINE double sum_inline(size_t count, const real *s) {
  enum { LANES = 8 };
  double lane[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (size_t l = 0; l < LANES; ++l) {
      lane[l] += (double)s[i + l];
    }
  }
  for (size_t l = 0; i < count; ++i, ++l) {
    lane[l] += (double)s[i];
  }
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* Both for one set of instructions. The results are the same to the bit, since the build fuses nothing. */
#define OPERATIONS(set, attribute)                                                                           \
  attribute static void evaluate_##set(size_t index, double beta, size_t count, const void *z, void *s,      \
                                       void *ds, void *dds) {                                                \
    evaluate_inline(index, (real)beta, count, z, s, ds, dds);                                                \
  }                                                                                                          \
  attribute static double sum_##set(size_t count, const void *s) {                                           \
    return sum_inline(count, s);                                                                             \
  }
OPERATIONS(baseline, )
#ifdef RST_WIDER_VECTORS
OPERATIONS(avx2, RST_WITH_AVX2)
OPERATIONS(avx512, RST_WITH_AVX512)
#endif

const struct rst_activation_operations RST_REAL(rst_activation_operations)[] = {
#ifdef RST_WIDER_VECTORS
    [RST_VECTORS_AVX512] = {.evaluate = evaluate_avx512, .sum = sum_avx512},
    [RST_VECTORS_AVX2] = {.evaluate = evaluate_avx2, .sum = sum_avx2},
#endif
    [RST_VECTORS_OF_ALL] = {.evaluate = evaluate_baseline, .sum = sum_baseline},
};
