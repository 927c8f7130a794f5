/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <stdlib.h>

#include "correlate/direct.h"

/* The direct correlation in each set of vector instructions that the processor has: exact where numbers are small
 * integers, and the same bits where they are not. Widths run over all remainders of a cache line, heights over those
 * of a block of rows and several strips, kernels over whole and broken parts. */

enum { NARROWEST = 11, WIDTHS = 34, WIDE = 1100 }; /* more than a panel */

static const size_t heights[] = {11, 12, 17, 18, 26, 45, 149};
enum { HEIGHTS = sizeof heights / sizeof *heights };

static const size_t kernels[][2] = {{1, 1}, {3, 3}, {5, 5}, {2, 7}, {8, 4}, {9, 1}, {11, 10}};
enum { KERNELS = sizeof kernels / sizeof *kernels };

struct sample {
  enum rst_precision precision;
  struct rst_correlation_shape shape;
  struct rst_field *image, *kernel, *weights, *response, *gradient;
  struct rst_direct *direct;
};

static const struct rst_correlation_type *type_of(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? &rst_correlation_direct_float : &rst_correlation_direct_double;
}

/* Use a set of instructions; false if there are no more. */
static bool use(struct sample *sample, size_t index) {
  const enum rst_vectors vectors = rst_vectors_widest() + (enum rst_vectors)index;
  const bool exists = vectors <= RST_VECTORS_OF_ALL;
  if (exists) {
    sample->direct->loops = sample->precision == RST_PRECISION_FLOAT ? &rst_direct_loops_float[vectors]
                                                                     : &rst_direct_loops_double[vectors];
  }
  return exists;
}

static void evaluate(struct sample *sample) {
  const struct rst_correlation_type *type = type_of(sample->precision);
  rst_field_fill(NAN, sample->response);
  rst_field_fill(NAN, sample->gradient);
  type->apply(sample->direct, sample->kernel->data, sample->response->data);
  type->adjoint(sample->direct, sample->weights->data, sample->gradient->data);
}

static struct rst_field *noise(struct rst_context *context, const struct sample *sample, size_t ny, size_t nx,
                               uint32_t seed, bool integers) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, sample->precision, ny, nx, &field));
  rst_test_noise(seed, field);
  for (size_t p = 0; p < ny * nx && integers; ++p) {
    rst_field_set(field, p / nx, p % nx, rint(4.0 * rst_field_get(field, p / nx, p % nx)));
  }
  return field;
}

static struct sample make_sample(struct rst_context *context, enum rst_precision precision, size_t ny,
                                 size_t nx, const size_t kernel[2], bool valid, bool integers) {
  struct sample sample = {.precision = precision,
                          .shape = {.ny = ny,
                                    .nx = nx,
                                    .ky = kernel[0],
                                    .kx = kernel[1],
                                    .my = valid ? ny - kernel[0] + 1 : ny,
                                    .mx = valid ? nx - kernel[1] + 1 : nx}};
  const struct rst_correlation_shape *shape = &sample.shape;
  void *state = NULL;
  sample.image = noise(context, &sample, ny, nx, 1, integers);
  sample.kernel = noise(context, &sample, shape->ky, shape->kx, 2, integers);
  sample.gradient = noise(context, &sample, shape->ky, shape->kx, 2, integers);
  sample.weights = noise(context, &sample, shape->my, shape->mx, 3, integers);
  sample.response = noise(context, &sample, shape->my, shape->mx, 3, integers);
  RST_TEST_OK(context, type_of(precision)->create(context, shape, sample.image->data, INFINITY, &state));
  sample.direct = state;
  return sample;
}

static void clear_sample(struct sample *sample) {
  type_of(sample->precision)->destroy(sample->direct);
  rst_field_destroy(&sample->image);
  rst_field_destroy(&sample->kernel);
  rst_field_destroy(&sample->weights);
  rst_field_destroy(&sample->response);
  rst_field_destroy(&sample->gradient);
}

static void check_exact(const struct sample *sample) {
  const struct rst_correlation_shape *shape = &sample->shape;
  double *gradient = calloc(shape->ky * shape->kx, sizeof *gradient);
  ck_assert_ptr_nonnull(gradient);
  for (size_t m = 0; m < shape->my; ++m) {
    for (size_t n = 0; n < shape->mx; ++n) {
      double response = 0.0;
      for (size_t t = 0; t < shape->ky * shape->kx; ++t) {
        const size_t i = t / shape->kx;
        const size_t j = t % shape->kx;
        const double value = rst_field_get(sample->image, (m + i) % shape->ny, (n + j) % shape->nx);
        response += rst_field_get(sample->kernel, i, j) * value;
        gradient[t] += rst_field_get(sample->weights, m, n) * value;
      }
      ck_assert_double_eq(rst_field_get(sample->response, m, n), response);
    }
  }
  for (size_t t = 0; t < shape->ky * shape->kx; ++t) {
    ck_assert_double_eq(rst_field_get(sample->gradient, t / shape->kx, t % shape->kx), gradient[t]);
  }
  free(gradient);
}

/* The first result of a sample with rounding, which all other instructions must repeat. */
static void check_bits(struct sample *sample, struct rst_context *context) {
  struct rst_field *response = NULL;
  struct rst_field *gradient = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, sample->response, &response));
  RST_TEST_OK(context, rst_field_create_like(context, sample->gradient, &gradient));
  for (size_t index = 0; use(sample, index); ++index) {
    evaluate(sample);
    if (index == 0) {
      rst_field_copy(sample->response, response);
      rst_field_copy(sample->gradient, gradient);
    }
    ck_assert(rst_test_same_bits(sample->response, response));
    ck_assert(rst_test_same_bits(sample->gradient, gradient));
  }
  rst_field_destroy(&response);
  rst_field_destroy(&gradient);
}

START_TEST(instructions_agree) {
  struct rst_context *context = rst_test_context();
  const enum rst_precision precision = _i % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
  const bool valid = _i / 2 % 2;
  for (size_t width = 0; width < WIDTHS; ++width) {
    const size_t nx = width == WIDTHS - 1 ? WIDE : NARROWEST + width;
    for (size_t k = 0; k < KERNELS; ++k) {
      const size_t ny = heights[(width + k) % HEIGHTS];
      struct sample exact = make_sample(context, precision, ny, nx, kernels[k], valid, true);
      for (size_t index = 0; use(&exact, index); ++index) {
        evaluate(&exact);
        check_exact(&exact);
      }
      clear_sample(&exact);
      struct sample rounded = make_sample(context, precision, ny, nx, kernels[k], valid, false);
      check_bits(&rounded, context);
      clear_sample(&rounded);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* Strips of rows are shared by threads where there is work enough for them. */
START_TEST(threads_give_the_same_bits) {
  struct rst_context *context = rst_test_context();
  const enum rst_precision precision = _i % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
  const bool valid = _i / 2 % 2;
  for (size_t k = 1; k < KERNELS; ++k) {
    struct sample sample = make_sample(context, precision, 333, 401, kernels[k], valid, false);
    struct sample again = make_sample(context, precision, 333, 401, kernels[k], valid, false);
    ck_assert_uint_ge(sample.direct->strips, 3);
    RST_TEST_OK(context, rst_context_set_threads(context, 1));
    evaluate(&sample);
    for (int threads = 2; threads <= 4; ++threads) {
      RST_TEST_OK(context, rst_context_set_threads(context, threads));
      evaluate(&again);
      ck_assert(rst_test_same_bits(sample.response, again.response));
      ck_assert(rst_test_same_bits(sample.gradient, again.gradient));
    }
    clear_sample(&sample);
    clear_sample(&again);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("direct correlation");
  TCase *tests = tcase_create("direct correlation");
  tcase_add_loop_test(tests, instructions_agree, 0, 4);
  tcase_add_loop_test(tests, threads_give_the_same_bits, 0, 4);
  tcase_set_timeout(tests, 60);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
