/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <complex.h>
#include <float.h>

#include "restrain/correlation.h"

/* The correlation is held to its identities (adjoint, linearity, shifts) for every implementation, and every
 * implementation to the plain loops. Rounding is measured against |K| |I|, Euclidean norms, which bounds
 * every element of a correlation by the Cauchy-Schwarz inequality. */
struct geometry {
  size_t ny, nx, ky, kx;
  enum rst_boundary boundary;
};

static const struct geometry geometries[] = {
    {31, 31, 1, 1, RST_BOUNDARY_VALID},      {31, 31, 2, 2, RST_BOUNDARY_VALID},
    {31, 31, 5, 5, RST_BOUNDARY_VALID},      {31, 31, 31, 31, RST_BOUNDARY_VALID},
    {96, 96, 1, 1, RST_BOUNDARY_VALID},      {96, 96, 2, 2, RST_BOUNDARY_VALID},
    {96, 96, 5, 5, RST_BOUNDARY_VALID},      {96, 96, 32, 32, RST_BOUNDARY_VALID},
    {96, 96, 96, 96, RST_BOUNDARY_VALID},    {255, 255, 1, 1, RST_BOUNDARY_VALID},
    {255, 255, 2, 2, RST_BOUNDARY_VALID},    {255, 255, 5, 5, RST_BOUNDARY_VALID},
    {255, 255, 32, 32, RST_BOUNDARY_VALID},  {255, 255, 255, 255, RST_BOUNDARY_VALID},
    {40, 23, 7, 11, RST_BOUNDARY_VALID},     {23, 64, 23, 3, RST_BOUNDARY_VALID},
    {1, 50, 1, 9, RST_BOUNDARY_VALID},       {50, 1, 9, 1, RST_BOUNDARY_VALID},
    {1, 1, 1, 1, RST_BOUNDARY_VALID},        {31, 31, 1, 1, RST_BOUNDARY_PERIODIC},
    {31, 31, 5, 5, RST_BOUNDARY_PERIODIC},   {31, 31, 31, 31, RST_BOUNDARY_PERIODIC},
    {96, 96, 2, 2, RST_BOUNDARY_PERIODIC},   {96, 96, 32, 32, RST_BOUNDARY_PERIODIC},
    {255, 255, 5, 5, RST_BOUNDARY_PERIODIC}, {40, 23, 7, 11, RST_BOUNDARY_PERIODIC},
    {23, 64, 23, 3, RST_BOUNDARY_PERIODIC},  {1, 50, 1, 9, RST_BOUNDARY_PERIODIC},
    {50, 1, 50, 1, RST_BOUNDARY_PERIODIC},   {1, 1, 1, 1, RST_BOUNDARY_PERIODIC},
};
enum { GEOMETRIES = sizeof geometries / sizeof *geometries };

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISIONS = sizeof precisions / sizeof *precisions };

/* |difference| <= ROUNDING eps |K| |I|, element by element. */
static const double rounding = 1.0;

static double epsilon(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
}

/* A correlation with its image and one field of either shape. */
struct sample {
  struct rst_field *image, *kernel, *weights; /* given */
  struct rst_field *response, *gradient;      /* computed */
  struct rst_correlation *correlation;
};

static struct rst_field *noise(struct rst_context *context, enum rst_precision precision, size_t ny,
                               size_t nx, uint32_t seed) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, ny, nx, &field));
  rst_test_noise(seed, field);
  return field;
}

static struct sample make_sample(struct rst_context *context, const char *name,
                                 const struct geometry *geometry, enum rst_precision precision) {
  struct sample sample = {.image = noise(context, precision, geometry->ny, geometry->nx, 1),
                          .kernel = noise(context, precision, geometry->ky, geometry->kx, 2)};
  RST_TEST_OK(context, rst_correlation_create(context, sample.image, geometry->ky, geometry->kx,
                                              geometry->boundary, name, &sample.correlation));
  size_t my = 0;
  size_t mx = 0;
  rst_correlation_response_shape(sample.correlation, &my, &mx);
  const bool valid = geometry->boundary == RST_BOUNDARY_VALID;
  ck_assert_uint_eq(my, valid ? geometry->ny - geometry->ky + 1 : geometry->ny);
  ck_assert_uint_eq(mx, valid ? geometry->nx - geometry->kx + 1 : geometry->nx);
  sample.weights = noise(context, precision, my, mx, 3);
  RST_TEST_OK(context, rst_field_create_like(context, sample.weights, &sample.response));
  RST_TEST_OK(context, rst_field_create_like(context, sample.kernel, &sample.gradient));
  return sample;
}

static void evaluate(struct sample *sample) {
  rst_correlation_apply(sample->correlation, sample->kernel, sample->response);
  rst_correlation_adjoint(sample->correlation, sample->weights, sample->gradient);
}

static void clear_sample(struct sample *sample) {
  rst_field_destroy(&sample->image);
  rst_field_destroy(&sample->kernel);
  rst_field_destroy(&sample->weights);
  rst_field_destroy(&sample->response);
  rst_field_destroy(&sample->gradient);
  rst_correlation_destroy(&sample->correlation);
  ck_assert_ptr_null(sample->correlation);
}

static void check_close(const struct rst_field *x, const struct rst_field *y, double bound,
                        const char *label) {
  ck_assert(x->ny == y->ny && x->nx == y->nx);
  for (size_t i = 0; i < x->ny; ++i) {
    for (size_t j = 0; j < x->nx; ++j) {
      const double difference = fabs(rst_field_get(x, i, j) - rst_field_get(y, i, j));
      ck_assert_msg(difference <= bound, "%s: %g apart at (%zu, %zu), %g allowed", label, difference, i, j,
                    bound);
    }
  }
}

/* The definition, in long double, at one position: neither the plain loops nor a transform. */
static long double response_at(const struct sample *sample, size_t m, size_t n) {
  long double sum = 0;
  for (size_t i = 0; i < sample->kernel->ny; ++i) {
    for (size_t j = 0; j < sample->kernel->nx; ++j) {
      sum +=
          (long double)rst_field_get(sample->kernel, i, j) *
          (long double)rst_field_get(sample->image, (m + i) % sample->image->ny, (n + j) % sample->image->nx);
    }
  }
  return sum;
}

START_TEST(corners_follow_the_definition) {
  struct rst_context *context = rst_test_context();
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    for (size_t p = 0; p < PRECISIONS; ++p) {
      struct sample sample = make_sample(context, *name, &geometries[_i], precisions[p]);
      evaluate(&sample);
      const double bound =
          rounding * epsilon(precisions[p]) * rst_field_norm(sample.kernel) * rst_field_norm(sample.image);
      const size_t rows[] = {0, sample.response->ny / 3, sample.response->ny - 1};
      const size_t columns[] = {0, sample.response->nx / 2, sample.response->nx - 1};
      for (size_t c = 0; c < 9; ++c) {
        const size_t m = rows[c / 3];
        const size_t n = columns[c % 3];
        const long double expected = response_at(&sample, m, n);
        ck_assert_double_le(fabs(rst_field_get(sample.response, m, n) - (double)expected), bound);
      }
      clear_sample(&sample);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(implementations_agree) {
  struct rst_context *context = rst_test_context();
  for (size_t p = 0; p < PRECISIONS; ++p) {
    struct sample reference = make_sample(context, "reference", &geometries[_i], precisions[p]);
    evaluate(&reference);
    const double unit = rounding * epsilon(precisions[p]) * rst_field_norm(reference.image);
    for (const char *const *name = rst_correlation_names(); *name; ++name) {
      struct sample sample = make_sample(context, *name, &geometries[_i], precisions[p]);
      evaluate(&sample);
      check_close(sample.response, reference.response, unit * rst_field_norm(sample.kernel), *name);
      check_close(sample.gradient, reference.gradient, unit * rst_field_norm(sample.weights), *name);
      clear_sample(&sample);
    }
    clear_sample(&reference);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(precisions_agree) {
  struct rst_context *context = rst_test_context();
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    struct sample exact = make_sample(context, *name, &geometries[_i], RST_PRECISION_DOUBLE);
    struct sample rounded = make_sample(context, *name, &geometries[_i], RST_PRECISION_FLOAT);
    evaluate(&exact);
    evaluate(&rounded);
    const double unit = rounding * (double)FLT_EPSILON * rst_field_norm(exact.image);
    check_close(rounded.response, exact.response, unit * rst_field_norm(exact.kernel), *name);
    check_close(rounded.gradient, exact.gradient, unit * rst_field_norm(exact.weights), *name);
    clear_sample(&exact);
    clear_sample(&rounded);
  }
  rst_context_destroy(&context);
}
END_TEST

/* <apply K, d> = <K, adjoint d>. */
START_TEST(adjoint_is_the_adjoint) {
  struct rst_context *context = rst_test_context();
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    for (size_t p = 0; p < PRECISIONS; ++p) {
      struct sample sample = make_sample(context, *name, &geometries[_i], precisions[p]);
      evaluate(&sample);
      const double left = rst_field_dot(sample.response, sample.weights);
      const double right = rst_field_dot(sample.kernel, sample.gradient);
      /* Both inner products are sums of products of factors that are exact to `rounding`. */
      const double scale = rst_field_norm(sample.response) * rst_field_norm(sample.weights) +
                           rst_field_norm(sample.kernel) * rst_field_norm(sample.gradient);
      ck_assert_msg(fabs(left - right) <= 4 * rounding * epsilon(precisions[p]) * scale,
                    "%s: <apply K, d> = %.17g, <K, adjoint d> = %.17g", *name, left, right);
      clear_sample(&sample);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(apply_and_adjoint_are_linear) {
  struct rst_context *context = rst_test_context();
  const double a = 1.5;
  const double b = -0.75;
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    struct sample first = make_sample(context, *name, &geometries[_i], RST_PRECISION_DOUBLE);
    struct sample second = make_sample(context, *name, &geometries[_i], RST_PRECISION_DOUBLE);
    struct sample both = make_sample(context, *name, &geometries[_i], RST_PRECISION_DOUBLE);
    rst_test_noise(5, second.kernel);
    rst_test_noise(6, second.weights);
    rst_field_axpby(b, second.kernel, a, both.kernel);
    rst_field_axpby(b, second.weights, a, both.weights);
    evaluate(&first);
    evaluate(&second);
    evaluate(&both);
    const double unit = 4 * rounding * DBL_EPSILON * rst_field_norm(both.image);
    rst_field_axpby(a, first.response, b, second.response);
    rst_field_axpby(a, first.gradient, b, second.gradient);
    check_close(both.response, second.response,
                unit * (rst_field_norm(first.kernel) + rst_field_norm(second.kernel)), *name);
    check_close(both.gradient, second.gradient,
                unit * (rst_field_norm(first.weights) + rst_field_norm(second.weights)), *name);
    clear_sample(&first);
    clear_sample(&second);
    clear_sample(&both);
  }
  rst_context_destroy(&context);
}
END_TEST

/* A kernel that is 1 at (i, j) and 0 elsewhere gives the image shifted by (i, j). */
START_TEST(impulse_gives_the_shifted_image) {
  struct rst_context *context = rst_test_context();
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    struct sample sample = make_sample(context, *name, &geometries[_i], RST_PRECISION_DOUBLE);
    const size_t i = sample.kernel->ny - 1;
    const size_t j = sample.kernel->nx / 2;
    rst_field_fill(0.0, sample.kernel);
    rst_field_set(sample.kernel, i, j, 1.0);
    struct rst_field *shifted =
        noise(context, RST_PRECISION_DOUBLE, sample.response->ny, sample.response->nx, 0);
    for (size_t m = 0; m < shifted->ny; ++m) {
      for (size_t n = 0; n < shifted->nx; ++n) {
        rst_field_set(shifted, m, n,
                      rst_field_get(sample.image, (m + i) % sample.image->ny, (n + j) % sample.image->nx));
      }
    }
    evaluate(&sample);
    check_close(sample.response, shifted, rounding * DBL_EPSILON * rst_field_norm(sample.image), *name);
    rst_field_destroy(&shifted);
    clear_sample(&sample);
  }
  rst_context_destroy(&context);
}
END_TEST

/* The same bits from a second call, after other arguments, and from a second operator whose image is gone. */
START_TEST(results_are_the_same_bits) {
  struct rst_context *context = rst_test_context();
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    for (size_t p = 0; p < PRECISIONS; ++p) {
      struct sample sample = make_sample(context, *name, &geometries[_i], precisions[p]);
      struct sample again = make_sample(context, *name, &geometries[_i], precisions[p]);
      rst_field_fill(1e30, again.image);
      rst_field_destroy(&again.image);
      evaluate(&sample);
      rst_field_fill(7.0, again.kernel);
      rst_field_fill(-3.0, again.weights);
      evaluate(&again);
      rst_test_noise(2, again.kernel);
      rst_test_noise(3, again.weights);
      evaluate(&again);
      ck_assert_mem_eq(sample.response->data, again.response->data,
                       rst_field_count(sample.response) * rst_precision_size(precisions[p]));
      ck_assert_mem_eq(sample.gradient->data, again.gradient->data,
                       rst_field_count(sample.gradient) * rst_precision_size(precisions[p]));
      clear_sample(&sample);
      clear_sample(&again);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

static const char *chosen(struct rst_context *context, size_t n, size_t k) {
  struct rst_field *image = noise(context, RST_PRECISION_DOUBLE, n, n, 1);
  struct rst_correlation *correlation = NULL;
  RST_TEST_OK(context,
              rst_correlation_create(context, image, k, k, RST_BOUNDARY_VALID, "auto", &correlation));
  const char *name = rst_correlation_name(correlation);
  rst_correlation_destroy(&correlation);
  rst_field_destroy(&image);
  return name;
}

START_TEST(automatic_choice_follows_the_cost) {
  struct rst_context *context = rst_test_context();
  ck_assert_str_eq(chosen(context, 256, 1), "reference");
  ck_assert_str_eq(chosen(context, 256, 32), "fft");
  ck_assert_str_eq(chosen(context, 256, 256), "reference"); /* a single response */
  ck_assert_str_eq(chosen(context, 8, 3), "reference");
  rst_context_destroy(&context);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_field *image = noise(context, RST_PRECISION_DOUBLE, 6, 5, 1);
  struct rst_correlation *made = NULL;
  const enum rst_boundary valid = RST_BOUNDARY_VALID;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "7 x 2 points does not fit an image of 6 x 5",
                 rst_correlation_create(context, image, 7, 2, valid, "fft", &made));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "2 x 6 points",
                 rst_correlation_create(context, image, 2, 6, RST_BOUNDARY_PERIODIC, "fft", &made));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "0 x 3 points",
                 rst_correlation_create(context, image, 0, 3, valid, "fft", &made));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "3 x 0 points",
                 rst_correlation_create(context, image, 3, 0, valid, "auto", &made));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "dirichlet",
                 rst_correlation_create(context, image, 3, 3, RST_BOUNDARY_DIRICHLET, "auto", &made));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "'dft'; choose one of: auto, reference, fft",
                 rst_correlation_create(context, image, 3, 3, valid, "dft", &made));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "''; choose one of: auto",
                 rst_correlation_create(context, image, 3, 3, valid, NULL, &made));
  ck_assert_ptr_null(made);
  rst_correlation_destroy(&made);
  rst_field_destroy(&image);
  rst_context_destroy(&context);
}
END_TEST

static double defining_power(const struct rst_field *image, size_t wy, size_t wx) {
  const double two_pi = 6.28318530717958647692;
  double complex sum = 0;
  for (size_t y = 0; y < image->ny; ++y) {
    for (size_t x = 0; x < image->nx; ++x) {
      const double angle = two_pi * ((double)(wy * y % image->ny) / (double)image->ny +
                                     (double)(wx * x % image->nx) / (double)image->nx);
      sum += rst_field_get(image, y, x) * (cos(angle) - I * sin(angle));
    }
  }
  return creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
}

START_TEST(power_spectrum_follows_the_definition) {
  static const size_t shapes[][2] = {{1, 1}, {1, 8}, {9, 1}, {5, 7}, {6, 4}, {16, 15}};
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
    for (size_t p = 0; p < PRECISIONS; ++p) {
      struct rst_field *image = noise(context, precisions[p], shapes[i][0], shapes[i][1], 4);
      struct rst_field *power = noise(context, RST_PRECISION_DOUBLE, shapes[i][0], shapes[i][1], 5);
      struct rst_field *expected = noise(context, RST_PRECISION_DOUBLE, shapes[i][0], shapes[i][1], 6);
      for (size_t y = 0; y < image->ny; ++y) {
        for (size_t x = 0; x < image->nx; ++x) {
          rst_field_set(expected, y, x, defining_power(image, y, x));
        }
      }
      RST_TEST_OK(context, rst_power_spectrum(context, image, power));
      const double count = (double)rst_field_count(image);
      check_close(power, expected, 16 * DBL_EPSILON * count * count, "power");
      const double norm = rst_field_norm(image);
      ck_assert_double_eq_tol(rst_field_sum(power), count * norm * norm,
                              16 * DBL_EPSILON * count * count); /* Parseval */
      rst_field_destroy(&image);
      rst_field_destroy(&power);
      rst_field_destroy(&expected);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("correlation");
  TCase *shapes = tcase_create("shapes");
  tcase_add_loop_test(shapes, corners_follow_the_definition, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, implementations_agree, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, precisions_agree, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, adjoint_is_the_adjoint, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, apply_and_adjoint_are_linear, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, impulse_gives_the_shifted_image, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, results_are_the_same_bits, 0, GEOMETRIES);
  tcase_set_timeout(shapes, 60);
  suite_add_tcase(suite, shapes);
  TCase *rest = tcase_create("rest");
  tcase_add_test(rest, automatic_choice_follows_the_cost);
  tcase_add_test(rest, bad_arguments_are_refused);
  tcase_add_test(rest, power_spectrum_follows_the_definition);
  suite_add_tcase(suite, rest);
  return rst_test_run(suite);
}
