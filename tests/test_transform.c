/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <stdlib.h>

#include "core/core.h"
#include "transform/transform.h"

/* Every kind is compared with the sum that defines it, in both precisions, for layouts that the library uses:
 * contiguous, one array after the other; strided, elements of the batch side by side; in place. */
enum { KINDS = RST_TRANSFORM_COSINE_BACK + 1, BATCH = 3, PLACINGS = 3, SCRATCH = 4 * BATCH * 64 };
enum placing { CONTIGUOUS, STRIDED, IN_PLACE };

static const double pi = 3.14159265358979323846;
static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISIONS = sizeof precisions / sizeof *precisions };
static const size_t lengths[] = {1, 2, 3, 5, 8, 12, 31, 37, 64};

static bool complex_input(enum rst_transform_kind kind) {
  return kind == RST_TRANSFORM_COMPLEX_TO_REAL || kind == RST_TRANSFORM_FORWARD ||
         kind == RST_TRANSFORM_BACKWARD;
}

static bool complex_output(enum rst_transform_kind kind) {
  return kind == RST_TRANSFORM_REAL_TO_COMPLEX || kind == RST_TRANSFORM_FORWARD ||
         kind == RST_TRANSFORM_BACKWARD;
}

static size_t input_length(enum rst_transform_kind kind, size_t n) {
  return kind == RST_TRANSFORM_COMPLEX_TO_REAL ? n / 2 + 1 : n;
}

static size_t output_length(enum rst_transform_kind kind, size_t n) {
  return kind == RST_TRANSFORM_REAL_TO_COMPLEX ? n / 2 + 1 : n;
}

static double real_at(enum rst_precision precision, const void *array, size_t i) {
  return precision == RST_PRECISION_FLOAT ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static void set_real(enum rst_precision precision, void *array, size_t i, double value) {
  if (precision == RST_PRECISION_FLOAT) {
    ((float *)array)[i] = (float)value;
  } else {
    ((double *)array)[i] = value;
  }
}

static double complex number_at(enum rst_precision precision, bool is_complex, const void *array, size_t i) {
  return is_complex ? real_at(precision, array, 2 * i) + I * real_at(precision, array, 2 * i + 1)
                    : real_at(precision, array, i);
}

static void set_number(enum rst_precision precision, bool is_complex, void *array, size_t i,
                       double complex value) {
  set_real(precision, array, is_complex ? 2 * i : i, creal(value));
  if (is_complex) {
    set_real(precision, array, 2 * i + 1, cimag(value));
  }
}

/* Element j of the input of transform b, exact in both precisions; the spectrum of a real sequence is real
 * where its wave number is its own negative. */
static double complex sample(enum rst_transform_kind kind, size_t n, size_t b, size_t j) {
  const double re = rint(1024.0 * sin(1.0 + 1.3 * (double)j + 2.1 * (double)b)) / 1024.0;
  const double im = rint(1024.0 * cos(0.4 + 0.9 * (double)j - 1.7 * (double)b)) / 1024.0;
  const bool own_negative = kind == RST_TRANSFORM_COMPLEX_TO_REAL && (j == 0 || 2 * j == n);
  return complex_input(kind) && !own_negative ? re + I * im : re;
}

static double complex wave(double turns) {
  return cos(2 * pi * turns) + I * sin(2 * pi * turns);
}

/* Element j of the input as it enters the sum over all n elements. */
static double complex full_sample(enum rst_transform_kind kind, size_t n, size_t b, size_t j) {
  return kind == RST_TRANSFORM_COMPLEX_TO_REAL && 2 * j > n ? conj(sample(kind, n, b, n - j))
                                                            : sample(kind, n, b, j);
}

static double complex weight(enum rst_transform_kind kind, size_t n, size_t j, size_t k) {
  const double jd = (double)j;
  const double kd = (double)k;
  const double nd = (double)n;
  switch (kind) {
  case RST_TRANSFORM_REAL_TO_COMPLEX:
  case RST_TRANSFORM_FORWARD:
    return wave(-(double)(j * k % n) / nd);
  case RST_TRANSFORM_COMPLEX_TO_REAL:
  case RST_TRANSFORM_BACKWARD:
    return wave((double)(j * k % n) / nd);
  case RST_TRANSFORM_SINE:
    return 2 * sin(pi * (jd + 1) * (kd + 1) / (nd + 1));
  case RST_TRANSFORM_COSINE:
    return 2 * cos(pi * (jd + 0.5) * kd / nd);
  case RST_TRANSFORM_COSINE_BACK:
    return (j == 0 ? 1 : 2) * cos(pi * jd * (kd + 0.5) / nd);
  }
  return NAN;
}

static double complex defining_sum(enum rst_transform_kind kind, size_t n, size_t b, size_t k) {
  double complex sum = 0;
  for (size_t j = 0; j < n; ++j) {
    sum += full_sample(kind, n, b, j) * weight(kind, n, j, k);
  }
  return sum;
}

static struct rst_transform_layout make_layout(enum rst_transform_kind kind, enum rst_precision precision,
                                               size_t n, enum placing placing) {
  struct rst_transform_layout layout = {.kind = kind,
                                        .precision = precision,
                                        .n = n,
                                        .batch = BATCH,
                                        .input_stride = 1,
                                        .input_distance = input_length(kind, n) + 1,
                                        .output_stride = 1,
                                        .output_distance = output_length(kind, n) + 2};
  if (placing == STRIDED) {
    layout.input_stride = layout.output_stride = BATCH;
    layout.input_distance = layout.output_distance = 1;
  } else if (placing == IN_PLACE) {
    layout.in_place = true;
    layout.output_distance = layout.input_distance;
  }
  return layout;
}

static void fill(const struct rst_transform_layout *layout, void *input) {
  for (size_t b = 0; b < layout->batch; ++b) {
    for (size_t j = 0; j < input_length(layout->kind, layout->n); ++j) {
      set_number(layout->precision, complex_input(layout->kind), input,
                 b * layout->input_distance + j * layout->input_stride,
                 sample(layout->kind, layout->n, b, j));
    }
  }
}

/* Rounding of an n-point transform stays below C eps log2(2n) times the sum of the terms' moduli; prime
 * lengths, computed by convolution, are the worst. */
static void check_output(const struct rst_transform_layout *layout, const void *output) {
  const double epsilon = layout->precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  const double bound = 4 * epsilon * log2(2.0 * (double)layout->n) * 2 * sqrt(2) * (double)layout->n;
  for (size_t b = 0; b < layout->batch; ++b) {
    for (size_t k = 0; k < output_length(layout->kind, layout->n); ++k) {
      const double complex value = number_at(layout->precision, complex_output(layout->kind), output,
                                             b * layout->output_distance + k * layout->output_stride);
      const double complex expected = defining_sum(layout->kind, layout->n, b, k);
      ck_assert_msg(cabs(value - expected) <= bound, "kind %d, n = %zu, b = %zu, k = %zu: %g%+gi, not %g%+gi",
                    (int)layout->kind, layout->n, b, k, creal(value), cimag(value), creal(expected),
                    cimag(expected));
    }
  }
}

static void check_input_kept(const struct rst_transform_layout *layout, const void *input) {
  for (size_t b = 0; b < layout->batch; ++b) {
    for (size_t j = 0; j < input_length(layout->kind, layout->n); ++j) {
      const double complex value = number_at(layout->precision, complex_input(layout->kind), input,
                                             b * layout->input_distance + j * layout->input_stride);
      ck_assert(value == sample(layout->kind, layout->n, b, j));
    }
  }
}

START_TEST(agrees_with_the_defining_sum) {
  const enum rst_transform_kind kind = (enum rst_transform_kind)_i;
  struct rst_context *context = rst_test_context();
  void *input = NULL;
  void *output = NULL;
  RST_TEST_OK(context, rst_allocate(context, SCRATCH, sizeof(double), &input));
  RST_TEST_OK(context, rst_allocate(context, SCRATCH, sizeof(double), &output));
  for (size_t p = 0; p < PRECISIONS; ++p) {
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; ++l) {
      for (int placing = CONTIGUOUS; placing < PLACINGS; ++placing) {
        if (placing == IN_PLACE && complex_input(kind) != complex_output(kind)) {
          continue;
        }
        const struct rst_transform_layout layout =
            make_layout(kind, precisions[p], lengths[l], (enum placing)placing);
        struct rst_transform *transform = NULL;
        RST_TEST_OK(context, rst_transform_create(context, &layout, &transform));
        fill(&layout, input);
        rst_transform_execute(transform, input, layout.in_place ? input : output);
        check_output(&layout, layout.in_place ? input : output);
        if (!layout.in_place && kind != RST_TRANSFORM_COMPLEX_TO_REAL) {
          check_input_kept(&layout, input);
        }
        rst_transform_destroy(&transform);
        ck_assert_ptr_null(transform);
      }
    }
  }
  free(input);
  free(output);
  rst_context_destroy(&context);
}
END_TEST

static double round_trip_factor(enum rst_transform_kind kind, size_t n) {
  switch (kind) {
  case RST_TRANSFORM_SINE:
    return 2.0 * (double)(n + 1);
  case RST_TRANSFORM_COSINE:
    return 2.0 * (double)n;
  default:
    return (double)n;
  }
}

static const enum rst_transform_kind pairs[][2] = {
    {RST_TRANSFORM_REAL_TO_COMPLEX, RST_TRANSFORM_COMPLEX_TO_REAL},
    {RST_TRANSFORM_FORWARD, RST_TRANSFORM_BACKWARD},
    {RST_TRANSFORM_SINE, RST_TRANSFORM_SINE},
    {RST_TRANSFORM_COSINE, RST_TRANSFORM_COSINE_BACK},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

START_TEST(returns_after_the_inverse) {
  struct rst_context *context = rst_test_context();
  const enum rst_transform_kind there = pairs[_i][0];
  const enum rst_transform_kind back = pairs[_i][1];
  void *arrays[2] = {NULL, NULL};
  RST_TEST_OK(context, rst_allocate(context, SCRATCH, sizeof(double), &arrays[0]));
  RST_TEST_OK(context, rst_allocate(context, SCRATCH, sizeof(double), &arrays[1]));
  for (size_t p = 0; p < PRECISIONS; ++p) {
    const double epsilon = precisions[p] == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; ++l) {
      const size_t n = lengths[l];
      const struct rst_transform_layout first = make_layout(there, precisions[p], n, STRIDED);
      const struct rst_transform_layout second = make_layout(back, precisions[p], n, STRIDED);
      struct rst_transform *transforms[2] = {NULL, NULL};
      RST_TEST_OK(context, rst_transform_create(context, &first, &transforms[0]));
      RST_TEST_OK(context, rst_transform_create(context, &second, &transforms[1]));
      fill(&first, arrays[0]);
      rst_transform_execute(transforms[0], arrays[0], arrays[1]);
      rst_transform_execute(transforms[1], arrays[1], arrays[0]);
      for (size_t i = 0; i < BATCH * n; ++i) {
        const double complex value =
            number_at(precisions[p], complex_input(there), arrays[0], i) / round_trip_factor(there, n);
        ck_assert_double_le(cabs(value - sample(there, n, i % BATCH, i / BATCH)), 16 * epsilon);
      }
      rst_transform_destroy(&transforms[0]);
      rst_transform_destroy(&transforms[1]);
    }
  }
  free(arrays[0]);
  free(arrays[1]);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("transform");
  TCase *numbers = tcase_create("numbers");
  tcase_add_loop_test(numbers, agrees_with_the_defining_sum, 0, KINDS);
  tcase_add_loop_test(numbers, returns_after_the_inverse, 0, PAIRS);
  suite_add_tcase(suite, numbers);
  return rst_test_run(suite);
}
