/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <stdlib.h>

#include "restrain/correlation.h"

/* The correlation is held to its identities (adjoint, linearity, shifts) for every implementation, and every
 * implementation to the plain loops. Rounding is measured against |K| |I|, Euclidean norms, which bounds
 * every element of a correlation by the Cauchy-Schwarz inequality.
 *
 * Responses of distinct patches are expanded to all positions, in the order that correlation.h promises. Images
 * are noise or, where that has too many distinct patches, noise in tiles. */
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
enum { MOST_ROUGH = 1024 }; /* positions where the image is plain noise */

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISIONS = sizeof precisions / sizeof *precisions };

/* |difference| <= ROUNDING eps |K| |I|, element by element. */
static const double rounding = 1.0;

static double epsilon(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
}

/* A correlation with its image and one field of either shape. */
struct sample {
  size_t my, mx;                              /* positions */
  size_t *element;                            /* of the response, for each position */
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

/* Noise, in tiles of 3 x 5 if so wanted. */
static struct rst_field *make_image(struct rst_context *context, enum rst_precision precision,
                                    const struct geometry *geometry, bool tiled) {
  struct rst_field *image = noise(context, precision, geometry->ny, geometry->nx, 1);
  for (size_t y = 0; tiled && y < image->ny; ++y) {
    for (size_t x = 0; x < image->nx; ++x) {
      rst_field_set(image, y, x, rst_field_get(image, y % 3, x % 5));
    }
  }
  return image;
}

/* What the plain loops give for noise in double: equal for equal patches, which take the same operations. */
static struct rst_field *fingerprints(struct rst_context *context, const struct sample *sample,
                                      enum rst_boundary boundary) {
  struct rst_field *image = noise(context, RST_PRECISION_DOUBLE, sample->image->ny, sample->image->nx, 0);
  struct rst_field *kernel = noise(context, RST_PRECISION_DOUBLE, sample->kernel->ny, sample->kernel->nx, 7);
  struct rst_field *response = noise(context, RST_PRECISION_DOUBLE, sample->my, sample->mx, 0);
  struct rst_correlation *reference = NULL;
  rst_field_copy(sample->image, image);
  RST_TEST_OK(context, rst_correlation_create(context, image, kernel->ny, kernel->nx, boundary, "reference",
                                              &reference));
  rst_correlation_apply(reference, kernel, response);
  rst_correlation_destroy(&reference);
  rst_field_destroy(&kernel);
  rst_field_destroy(&image);
  return response;
}

/* The elements of a response of distinct patches, in the order of first appearance, and their multiplicities. */
static void find_patches(struct rst_context *context, enum rst_boundary boundary, struct sample *sample) {
  const struct rst_field *w = rst_correlation_multiplicities(sample->correlation);
  struct rst_field *prints = fingerprints(context, sample, boundary);
  const double *print = prints->data;
  struct rst_field *counted = NULL;
  double *first = calloc(rst_field_count(prints), sizeof *first);
  size_t count = 0;
  ck_assert(first);
  RST_TEST_OK(context, rst_field_create_like(context, w, &counted));
  for (size_t p = 0; p < rst_field_count(prints); ++p) {
    size_t element = 0;
    while (element < count && first[element] != print[p]) {
      ++element;
    }
    first[element] = print[p];
    count += element == count;
    ck_assert_uint_le(count, w->nx);
    sample->element[p] = element;
    rst_field_set(counted, 0, element, rst_field_get(counted, 0, element) + 1.0);
  }
  ck_assert_uint_eq(count, w->nx);
  ck_assert_double_eq(rst_field_distance(counted, w), 0.0);
  rst_field_destroy(&counted);
  rst_field_destroy(&prints);
  free(first);
}

/* The element of the response that belongs to each position. */
static void find_elements(struct rst_context *context, enum rst_boundary boundary, struct sample *sample) {
  sample->element = calloc(sample->my * sample->mx, sizeof *sample->element);
  ck_assert(sample->element);
  if (rst_correlation_multiplicities(sample->correlation)) {
    find_patches(context, boundary, sample);
    return;
  }
  for (size_t p = 0; p < sample->my * sample->mx; ++p) {
    sample->element[p] = p;
  }
}

/* A response at all positions. */
static struct rst_field *expand(struct rst_context *context, const struct sample *sample,
                                const struct rst_field *response) {
  struct rst_field *all = NULL;
  RST_TEST_OK(context, rst_field_create(context, response->precision, sample->my, sample->mx, &all));
  for (size_t p = 0; p < sample->my * sample->mx; ++p) {
    const size_t e = sample->element[p];
    const double value = rst_field_get(response, e / response->nx, e % response->nx);
    rst_field_set(all, p / sample->mx, p % sample->mx, value);
  }
  return all;
}

static struct sample make_sample(struct rst_context *context, const char *name,
                                 const struct geometry *geometry, enum rst_precision precision) {
  const bool valid = geometry->boundary == RST_BOUNDARY_VALID;
  struct sample sample = {.my = valid ? geometry->ny - geometry->ky + 1 : geometry->ny,
                          .mx = valid ? geometry->nx - geometry->kx + 1 : geometry->nx,
                          .kernel = noise(context, precision, geometry->ky, geometry->kx, 2)};
  const bool tiled = sample.my * sample.mx > MOST_ROUGH;
  sample.image = make_image(context, precision, geometry, tiled);
  RST_TEST_OK(context, rst_correlation_create(context, sample.image, geometry->ky, geometry->kx,
                                              geometry->boundary, name, &sample.correlation));
  size_t my = 0;
  size_t mx = 0;
  rst_correlation_response_shape(sample.correlation, &my, &mx);
  const struct rst_field *w = rst_correlation_multiplicities(sample.correlation);
  ck_assert_uint_eq(rst_correlation_positions(sample.correlation), sample.my * sample.mx);
  ck_assert(w ? w->precision == precision && w->ny == my && w->nx == mx : my == sample.my && mx == sample.mx);
  find_elements(context, geometry->boundary, &sample);
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
  free(sample->element);
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
      const size_t rows[] = {0, sample.my / 3, sample.my - 1};
      const size_t columns[] = {0, sample.mx / 2, sample.mx - 1};
      struct rst_field *response = expand(context, &sample, sample.response);
      for (size_t c = 0; c < 9; ++c) {
        const size_t m = rows[c / 3];
        const size_t n = columns[c % 3];
        const long double expected = response_at(&sample, m, n);
        ck_assert_double_le(fabs(rst_field_get(response, m, n) - (double)expected), bound);
      }
      rst_field_destroy(&response);
      clear_sample(&sample);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* In both precisions, with the plain loops in double; noise is exact in both. */
START_TEST(implementations_agree) {
  struct rst_context *context = rst_test_context();
  for (size_t p = 0; p < PRECISIONS; ++p) {
    struct sample reference = make_sample(context, "reference", &geometries[_i], RST_PRECISION_DOUBLE);
    const double unit = rounding * epsilon(precisions[p]) * rst_field_norm(reference.image);
    for (const char *const *name = rst_correlation_names(); *name; ++name) {
      struct sample sample = make_sample(context, *name, &geometries[_i], precisions[p]);
      struct rst_field *weights = expand(context, &sample, sample.weights);
      rst_field_copy(weights, reference.weights);
      evaluate(&sample);
      evaluate(&reference);
      struct rst_field *response = expand(context, &sample, sample.response);
      check_close(response, reference.response, unit * rst_field_norm(sample.kernel), *name);
      check_close(sample.gradient, reference.gradient, 2 * unit * rst_field_norm(weights), *name);
      rst_field_destroy(&response);
      rst_field_destroy(&weights);
      clear_sample(&sample);
    }
    clear_sample(&reference);
  }
  rst_context_destroy(&context);
}
END_TEST

/* In long double: many equal terms add up to more rounding errors than the operators make. */
static double inner_product(const struct rst_field *x, const struct rst_field *y) {
  long double sum = 0;
  for (size_t i = 0; i < rst_field_count(x); ++i) {
    sum += (long double)rst_field_get(x, i / x->nx, i % x->nx) *
           (long double)rst_field_get(y, i / y->nx, i % y->nx);
  }
  return (double)sum;
}

/* <apply K, d> = <K, adjoint d>. */
START_TEST(adjoint_is_the_adjoint) {
  struct rst_context *context = rst_test_context();
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    for (size_t p = 0; p < PRECISIONS; ++p) {
      struct sample sample = make_sample(context, *name, &geometries[_i], precisions[p]);
      evaluate(&sample);
      struct rst_field *response = expand(context, &sample, sample.response);
      struct rst_field *weights = expand(context, &sample, sample.weights);
      const double left = inner_product(response, weights);
      const double right = inner_product(sample.kernel, sample.gradient);
      /* Both inner products are sums of products of factors that are exact to `rounding`. */
      const double scale = rst_field_norm(response) * rst_field_norm(weights) +
                           rst_field_norm(sample.kernel) * rst_field_norm(sample.gradient);
      ck_assert_msg(fabs(left - right) <= 4 * rounding * epsilon(precisions[p]) * scale,
                    "%s: <apply K, d> = %.17g, <K, adjoint d> = %.17g", *name, left, right);
      rst_field_destroy(&response);
      rst_field_destroy(&weights);
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
    struct rst_field *weights[] = {expand(context, &first, first.weights),
                                   expand(context, &second, second.weights)};
    check_close(both.gradient, second.gradient,
                unit * (rst_field_norm(weights[0]) + rst_field_norm(weights[1])), *name);
    rst_field_destroy(&weights[0]);
    rst_field_destroy(&weights[1]);
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
    struct rst_field *shifted = noise(context, RST_PRECISION_DOUBLE, sample.my, sample.mx, 0);
    for (size_t m = 0; m < shifted->ny; ++m) {
      for (size_t n = 0; n < shifted->nx; ++n) {
        rst_field_set(shifted, m, n,
                      rst_field_get(sample.image, (m + i) % sample.image->ny, (n + j) % sample.image->nx));
      }
    }
    evaluate(&sample);
    struct rst_field *response = expand(context, &sample, sample.response);
    check_close(response, shifted, rounding * DBL_EPSILON * rst_field_norm(sample.image), *name);
    rst_field_destroy(&response);
    rst_field_destroy(&shifted);
    clear_sample(&sample);
  }
  rst_context_destroy(&context);
}
END_TEST

/* By the elements that were found without the operator. */
START_TEST(a_response_is_spread_to_its_positions) {
  struct rst_context *context = rst_test_context();
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    for (size_t p = 0; p < PRECISIONS; ++p) {
      struct sample sample = make_sample(context, *name, &geometries[_i], precisions[p]);
      size_t my = 0;
      size_t mx = 0;
      rst_correlation_position_shape(sample.correlation, &my, &mx);
      ck_assert(my == sample.my && mx == sample.mx);
      struct rst_field *expected = expand(context, &sample, sample.weights);
      struct rst_field *spread = noise(context, precisions[p], my, mx, 4);
      rst_correlation_spread(sample.correlation, sample.weights, spread);
      ck_assert_mem_eq(spread->data, expected->data,
                       rst_field_count(spread) * rst_precision_size(precisions[p]));
      rst_field_destroy(&spread);
      rst_field_destroy(&expected);
      clear_sample(&sample);
    }
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

int main(void) {
  Suite *suite = suite_create("correlation");
  TCase *shapes = tcase_create("shapes");
  tcase_add_loop_test(shapes, corners_follow_the_definition, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, implementations_agree, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, adjoint_is_the_adjoint, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, apply_and_adjoint_are_linear, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, impulse_gives_the_shifted_image, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, a_response_is_spread_to_its_positions, 0, GEOMETRIES);
  tcase_add_loop_test(shapes, results_are_the_same_bits, 0, GEOMETRIES);
  tcase_set_timeout(shapes, 600);
  suite_add_tcase(suite, shapes);
  return rst_test_run(suite);
}
