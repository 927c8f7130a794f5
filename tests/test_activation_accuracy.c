/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The errors of activations and their derivatives that activation.h states, against closed forms of their own in long double:
 * with w = beta z,
 *
 *     sigmoid' = 1 / (4 cosh^2(w/2)),   sigmoid'' = -sigmoid' tanh(w/2)
 *
 * and, for the normal distribution, erfc and Laplace's continued fraction of Mills' ratio.
 */
#include "support.h"

#include <float.h>
#include <stdio.h>

#include "core/core.h"
#include "restrain/activation.h"

#if LDBL_MANT_DIG < DBL_MANT_DIG + 8
#error "long double has too few digits to judge double"
#endif

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISIONS = sizeof precisions / sizeof *precisions, ORDERS = 3, BATCH = 2048 };

/* Powers of two, with which beta z is exact, and others. */
static const double betas[] = {1.0, 0.5, 4.0, -2.0, 1.7, -0.3};
enum { BETAS = sizeof betas / sizeof *betas };

/* Numbers of one precision. */
struct format {
  double epsilon, smallest, largest; /* the smallest is subnormal */
  double cut;                        /* exp(-x) is 0 for x above it */
};

static struct format format_of(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT
             ? (struct format){(double)FLT_EPSILON, (double)FLT_TRUE_MIN, (double)FLT_MAX, 87.0}
             : (struct format){DBL_EPSILON, DBL_TRUE_MIN, DBL_MAX, 708.0};
}

static double rounded(enum rst_precision precision, double x) {
  return precision == RST_PRECISION_FLOAT ? (double)(float)x : x;
}

/* s, s', s'' and for each the sum of the magnitudes of its terms, to which rounding is relative. */
struct jet {
  long double value[ORDERS], size[ORDERS];
};

static long double sigmoid_slope(long double w) {
  return 1 / (4 * coshl(w / 2) * coshl(w / 2));
}

static struct jet swish(long double beta, long double z) {
  const long double w = beta * z;
  const long double g = 1 / (1 + expl(-w));
  const long double d = sigmoid_slope(w);
  const long double bend = w * tanhl(w / 2);
  return (struct jet){{z * g, g + w * d, beta * d * (2 - bend)},
                      {fabsl(z * g), g + fabsl(w * d), fabsl(beta) * d * (2 + bend)}};
}

static struct jet hyperbolic_tangent(long double beta, long double z) {
  const long double s = tanhl(beta * z);
  const long double ds = 4 * beta * sigmoid_slope(2 * beta * z);
  return (struct jet){{s, ds, -2 * beta * s * ds}, {fabsl(s), fabsl(ds), fabsl(2 * beta * s * ds)}};
}

static struct jet softplus(long double beta, long double z) {
  const long double w = beta * z;
  const long double s = (w > 100 ? w : log1pl(expl(w))) / beta;
  const long double ds = 1 / (1 + expl(-w));
  const long double dds = beta * sigmoid_slope(w);
  return (struct jet){{s, ds, dds}, {fabsl(s), ds, fabsl(dds)}};
}

/* z = h + r, where the square of h is exact. */
static long double short_of(long double z) {
  return fabsl(z) < 200 ? (long double)(float)z : z;
}

/* exp(-z^2/2) / sqrt(2 pi) */
static long double normal_density(long double z) {
  const long double root_2_pi = 2.506628274631000502415765284811L;
  const long double h = short_of(z);
  return expl(-h * h / 2) * expl(-(z - h) * (z + h) / 2) / root_2_pi;
}

/* (1 - F)/f = 1/(x + 1/(x + 2/(x + 3/(x + ...)))) */
static long double mills_ratio(long double x) {
  long double denominator = x;
  for (int k = 200; k > 0; --k) {
    denominator = x + (long double)k / denominator;
  }
  return 1 / denominator;
}

static struct jet gelu(long double beta, long double z) {
  (void)beta;
  const long double f = normal_density(z);
  const long double h = short_of(z);
  const long double r = z - h;
  const long double bend = f * (((2 - h * h) - 2 * h * r) - r * r);
  const long double integral =
      z < -2 ? f * mills_ratio(-z) : erfcl(-z * 0.7071067811865475244008443621048L) / 2;
  return (struct jet){{z * integral, integral + z * f, bend},
                      {fabsl(z * integral), integral + fabsl(z) * f, fabsl(bend)}};
}

static struct jet relu(long double beta, long double z) {
  (void)beta;
  return (struct jet){{z > 0 ? z : 0, z > 0, 0}, {0}};
}

static struct jet identity(long double beta, long double z) {
  (void)beta;
  return (struct jet){{z, 1, 0}, {0}};
}

/* Errors are at most `bound` times epsilon times the size. What decays like exp(-decay |w|^power) is 0 from the cut on. */
static const struct expectation {
  const char *name;
  struct jet (*exact)(long double beta, long double z);
  double bound, decay;
  int power;
  bool takes_beta;
} expectations[] = {
    {"swish", swish, 4, 1, 1, true},       {"tanh", hyperbolic_tangent, 5, 2, 1, true},
    {"softplus", softplus, 4, 1, 1, true}, {"gelu", gelu, 5, 0.5, 2, false},
    {"relu", relu, 0, 0, 1, false},        {"identity", identity, 0, 0, 1, false},
};
enum { ACTIVATIONS = sizeof expectations / sizeof *expectations };

/* The largest error of one derivative, in epsilon times the size, and where it is. */
struct worst {
  double error, beta, z, value;
  long double exact;
};

/* The rounding of w = beta z, by half an epsilon, multiplies what decays like exp(-decay |w|) by that times decay |w|. */
static double from_argument(const struct expectation *expected, double beta, double z) {
  int exponent = 0;
  const bool exact = !expected->takes_beta || fabs(frexp(beta, &exponent)) == 0.5;
  return exact ? 0.0 : 1.0 + expected->decay * fabs(beta * z) / 2;
}

/* What the loss of digits of subnormal numbers adds: s'' multiplies it by 2 beta^2, the tail of gelu by z^2. */
static double lost(const struct expectation *expected, const struct format *format, double beta, double z) {
  const double growth = expected->power == 2 ? fmin(z * z, 2 * format->cut) : 4 * beta * beta;
  return format->smallest * (2 + growth);
}

static void judge(const struct expectation *expected, const struct format *format, double beta, double z,
                  const double values[ORDERS], struct worst worst[ORDERS]) {
  const struct jet jet = expected->exact((long double)beta, (long double)z);
  const double w = expected->takes_beta ? fabs(beta * z) : fabs(z);
  const bool is_cut = expected->decay * (expected->power == 2 ? w * w : w) > format->cut;
  for (size_t o = 0; o < ORDERS; ++o) {
    const long double error =
        fabsl((long double)values[o] - jet.value[o]) - (long double)lost(expected, format, beta, z);
    const double units = (double)(error / ((long double)format->epsilon * jet.size[o]));
    const double counted = units - from_argument(expected, beta, z);
    const bool none = error <= 0 || (is_cut && values[o] == 0);
    if (!none && !(counted <= worst[o].error)) {
      worst[o] = (struct worst){counted, beta, z, values[o], jet.value[o]};
    }
  }
}

/* Points in batches. */
struct bench {
  struct rst_field *z, *outputs[ORDERS];
  enum rst_precision precision;
  size_t count;
  uint64_t random;
};

static void run(struct bench *bench, const struct expectation *expected, struct worst worst[ORDERS]) {
  const struct format format = format_of(bench->precision);
  for (size_t b = 0; b < BETAS && bench->count > 0; ++b) {
    const double beta = rounded(bench->precision, betas[b]);
    rst_activation_evaluate(NULL, rst_activation_find(expected->name), beta, bench->z, bench->outputs[0],
                            bench->outputs[1], bench->outputs[2], NULL);
    for (size_t i = 0; i < bench->count; ++i) {
      double values[ORDERS];
      for (size_t o = 0; o < ORDERS; ++o) {
        values[o] = rst_field_get(bench->outputs[o], 0, i);
      }
      judge(expected, &format, beta, rst_field_get(bench->z, 0, i), values, worst);
    }
  }
  bench->count = 0;
}

/* Both signs of a number, if the precision has it. */
static void add(struct bench *bench, const struct expectation *expected, double z,
                struct worst worst[ORDERS]) {
  const double largest = format_of(bench->precision).largest;
  const double bounded = rounded(bench->precision, fmin(z, largest));
  for (int sign = -1; sign <= 1; sign += 2) {
    rst_field_set(bench->z, 0, bench->count++, sign * bounded);
  }
  if (bench->count == BATCH) {
    run(bench, expected, worst);
  }
}

/* A number in [1, 2); Marsaglia's xorshift. */
static double mantissa(struct bench *bench) {
  uint64_t x = bench->random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  bench->random = x;
  return 1.0 + ldexp((double)(x >> 12), -52);
}

/* Around x, the nearest numbers and others nearby. */
static void add_around(struct bench *bench, const struct expectation *expected, double x,
                       struct worst worst[ORDERS]) {
  enum { NEAR = 8, AROUND = 40 };
  for (int i = -NEAR; i <= NEAR; ++i) {
    add(bench, expected, x * (1.0 + i * format_of(bench->precision).epsilon), worst);
  }
  for (int i = 2; i < AROUND; ++i) {
    add(bench, expected, x * (1.0 + ldexp(mantissa(bench), -i)), worst);
    add(bench, expected, x * (1.0 - ldexp(mantissa(bench), -i)), worst);
  }
}

/* Random numbers of every binade, most where the functions bend; around the zeros of derivatives and around where exp overflows,
 * underflows, loses digits and is cut, in either precision. */
static void add_all(struct bench *bench, const struct expectation *expected, struct worst worst[ORDERS]) {
  enum { FEW = 4, MANY = 700, DENSE_FROM = -14, DENSE_TO = 11 };
  static const double around[] = {1.2784645427610738,
                                  2.3993572805154,
                                  0.75179155342396,
                                  1.4142135623730951,
                                  5.0,
                                  0.8813735870195430,
                                  708.0,
                                  708.396418532264,
                                  709.782712893384,
                                  744.440071921381,
                                  745.133219101941,
                                  87.0,
                                  87.3365447505531,
                                  88.7228390520684,
                                  103.278929903431,
                                  103.972077083992,
                                  37.62977544445356,
                                  37.64,
                                  38.5,
                                  13.190905958273,
                                  13.3,
                                  14.37};
  const struct format format = format_of(bench->precision);
  int first = 0;
  int last = 0;
  (void)frexp(format.smallest, &first);
  (void)frexp(format.largest, &last);
  add(bench, expected, 0.0, worst);
  add(bench, expected, format.smallest, worst);
  add(bench, expected, format.largest, worst);
  for (int exponent = first - 1; exponent < last; ++exponent) {
    const int count = exponent >= DENSE_FROM && exponent < DENSE_TO ? MANY : FEW;
    for (int i = 0; i < count; ++i) {
      add(bench, expected, ldexp(mantissa(bench), exponent), worst);
    }
  }
  for (size_t i = 0; i < sizeof around / sizeof *around; ++i) {
    add_around(bench, expected, around[i], worst);
    for (size_t b = 0; b < BETAS; ++b) {
      add_around(bench, expected, fabs(around[i] / betas[b]), worst);
    }
  }
  run(bench, expected, worst);
}

START_TEST(errors_are_within_their_bounds) {
  const struct expectation *expected = &expectations[_i / PRECISIONS];
  struct rst_context *context = rst_test_context();
  struct bench bench = {.precision = precisions[_i % PRECISIONS], .random = 0x9e3779b97f4a7c15ULL};
  struct worst worst[ORDERS] = {{0}};
  RST_TEST_OK(context, rst_field_create(context, bench.precision, 1, BATCH, &bench.z));
  for (size_t o = 0; o < ORDERS; ++o) {
    RST_TEST_OK(context, rst_field_create_like(context, bench.z, &bench.outputs[o]));
  }
  add_all(&bench, expected, worst);
  for (size_t o = 0; o < ORDERS; ++o) {
    ck_assert_msg(
        worst[o].error <= expected->bound,
        "%s, %s, derivative %zu: error %.3g eps, bound %g; worst at beta = %g, z = %.17g: %.17g, not %.20Lg",
        expected->name, bench.precision == RST_PRECISION_FLOAT ? "float" : "double", o, worst[o].error,
        expected->bound, worst[o].beta, worst[o].z, worst[o].value, worst[o].exact);
    rst_field_destroy(&bench.outputs[o]);
  }
  rst_field_destroy(&bench.z);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(every_activation_is_held_to_a_bound) {
  size_t count = 0;
  for (const char *const *names = rst_activation_names(); names[count]; ++count) {
    ck_assert_str_eq(names[count], expectations[count].name);
  }
  ck_assert_uint_eq(count, ACTIVATIONS);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("activation_accuracy");
  TCase *cases = tcase_create("activation_accuracy");
  tcase_add_test(cases, every_activation_is_held_to_a_bound);
  tcase_add_loop_test(cases, errors_are_within_their_bounds, 0, (int)ACTIVATIONS * PRECISIONS);
  suite_add_tcase(suite, cases);
  return rst_test_run(suite);
}
