/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <stdio.h>

#include "restrain/correlation.h"

/* Which implementation an image gets, and that the flows do not depend on it. */

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};

static struct rst_field *noise(struct rst_context *context, enum rst_precision precision, size_t ny,
                               size_t nx, uint32_t seed) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, ny, nx, &field));
  rst_test_noise(seed, field);
  return field;
}

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
  ck_assert_str_eq(chosen(context, 256, 1), "direct");
  ck_assert_str_eq(chosen(context, 256, 5), "direct");
  ck_assert_str_eq(chosen(context, 256, 32), "fft");
  ck_assert_str_eq(chosen(context, 8, 8), "reference"); /* a single response */
  ck_assert_str_eq(chosen(context, 8, 3), "direct");
  rst_context_destroy(&context);
}
END_TEST

/* A correlation with the image of a kind, its patches and all positions counted. */
static void check_patches(struct rst_context *context, const struct rst_image_parameters *parameters,
                          size_t k, enum rst_boundary boundary, const char *name, size_t patches) {
  for (int p = 0; p < 2; ++p) {
    struct rst_field *image = NULL;
    struct rst_correlation *correlation = NULL;
    RST_TEST_OK(context, rst_image_create(context, parameters, precisions[p], &image));
    RST_TEST_OK(context, rst_correlation_create(context, image, k, k, boundary, name, &correlation));
    ck_assert_str_eq(rst_correlation_name(correlation), "patch");
    const struct rst_field *w = rst_correlation_multiplicities(correlation);
    const size_t side = boundary == RST_BOUNDARY_VALID ? image->ny - k + 1 : image->ny;
    ck_assert_uint_eq(rst_correlation_positions(correlation), side * side);
    ck_assert_msg(w->ny == 1 && w->nx == patches, "%s: %zu patches, not %zu", parameters->kind, w->nx,
                  patches);
    ck_assert_double_eq(rst_field_sum(w), (double)(side * side));
    rst_correlation_destroy(&correlation);
    rst_field_destroy(&image);
  }
}

START_TEST(patterns_have_few_patches) {
  enum { SIZE = 256, KERNEL = 32 };
  static const struct rst_image_parameters checkerboard = {.kind = "checkerboard", .size = SIZE};
  static const struct rst_image_parameters odd_checkerboard = {.kind = "checkerboard", .size = 65};
  static const struct rst_image_parameters constant = {.kind = "constant", .size = 57, .value = 0.3};
  struct rst_context *context = rst_test_context();
  check_patches(context, &checkerboard, KERNEL, RST_BOUNDARY_VALID, "auto", 2);
  check_patches(context, &checkerboard, KERNEL, RST_BOUNDARY_PERIODIC, "auto", 2);
  check_patches(context, &checkerboard, SIZE, RST_BOUNDARY_PERIODIC, "auto", 2);
  check_patches(context, &odd_checkerboard, 7, RST_BOUNDARY_VALID, "auto", 2);
  /* A patch meets the seam in none or in one of 6 rows, likewise columns, and is of either sign unless both fix it. */
  check_patches(context, &odd_checkerboard, 7, RST_BOUNDARY_PERIODIC, "auto", 2 + 2 * 6 * 2 + 6 * 6);
  check_patches(context, &constant, 9, RST_BOUNDARY_PERIODIC, "auto", 1);
  for (int axis = 0; axis < 5; ++axis) {
    const double angle = 90.0 * (axis - 1);
    const struct rst_image_parameters eight = {.kind = "grating", .size = SIZE, .period = 8, .angle = angle};
    const struct rst_image_parameters twelve = {
        .kind = "grating", .size = SIZE, .period = 12, .angle = angle};
    check_patches(context, &eight, KERNEL, RST_BOUNDARY_VALID, "auto", 8);
    check_patches(context, &eight, KERNEL, RST_BOUNDARY_PERIODIC, "auto", 8);
    check_patches(context, &twelve, KERNEL, RST_BOUNDARY_VALID, "auto", 12);
  }
  rst_context_destroy(&context);
}
END_TEST

/* Zeros of either sign are equal; a patch of every position is kept where it is asked for. */
START_TEST(equal_patches_are_equal_numbers) {
  struct rst_context *context = rst_test_context();
  struct rst_field *image = noise(context, RST_PRECISION_DOUBLE, 9, 7, 1);
  struct rst_correlation *correlation = NULL;
  RST_TEST_OK(context,
              rst_correlation_create(context, image, 3, 2, RST_BOUNDARY_PERIODIC, "patch", &correlation));
  ck_assert_uint_eq(rst_field_count(rst_correlation_multiplicities(correlation)), 9 * 7);
  rst_correlation_destroy(&correlation);
  rst_field_fill(0.0, image);
  rst_field_set(image, 4, 4, -0.0);
  RST_TEST_OK(context,
              rst_correlation_create(context, image, 3, 2, RST_BOUNDARY_PERIODIC, "patch", &correlation));
  ck_assert_uint_eq(rst_field_count(rst_correlation_multiplicities(correlation)), 1);
  rst_correlation_destroy(&correlation);
  rst_field_destroy(&image);
  rst_context_destroy(&context);
}
END_TEST

/* Value, gradient, Hessian product and local symbol at one state. */
enum { GRADIENT, PRODUCT, SYMBOL, RESULTS };
struct results {
  struct rst_flow_value value;
  struct rst_field *field[RESULTS];
};

static struct results compute(struct rst_context *context, const struct rst_flow_parameters *parameters) {
  struct results results;
  struct rst_flow *flow = rst_test_flow(context, parameters);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.05);
  struct rst_field *v = rst_test_state(context, flow, 2, 1.0);
  results.field[GRADIENT] = rst_test_state(context, flow, 3, 1.0);
  results.field[PRODUCT] = rst_test_state(context, flow, 3, 1.0);
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, u->ny, u->nx, &results.field[SYMBOL]));
  rst_flow_linearise(flow, u, &results.value, results.field[GRADIENT]);
  rst_flow_hessian_product(flow, v, results.field[PRODUCT]);
  RST_TEST_OK(context, rst_flow_frozen_symbol(flow, u, results.field[SYMBOL]));
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  return results;
}

static void clear(struct results *results) {
  for (int i = 0; i < RESULTS; ++i) {
    rst_field_destroy(&results->field[i]);
  }
}

static void check_flow(struct rst_context *context, struct rst_flow_parameters parameters,
                       const char *label) {
  const double rounding =
      parameters.precision == RST_PRECISION_FLOAT ? 64 * (double)FLT_EPSILON : 64 * DBL_EPSILON;
  parameters.conv.correlation = "reference";
  struct results expected = compute(context, &parameters);
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    parameters.conv.correlation = *name;
    struct results results = compute(context, &parameters);
    const double loss = expected.value.data_loss;
    ck_assert_msg(fabs(results.value.data_loss - loss) <= rounding * (1.0 + fabs(loss)), "%s, %s: value",
                  label, *name);
    for (int i = 0; i < RESULTS; ++i) {
      const double distance = rst_field_distance(results.field[i], expected.field[i]);
      const double norm = rst_field_norm(expected.field[i]);
      ck_assert_msg(norm > 0.0 && distance <= rounding * norm, "%s, %s: result %d off by %g of %g", label,
                    *name, i, distance, norm);
    }
    clear(&results);
  }
  clear(&expected);
}

START_TEST(flows_do_not_depend_on_the_implementation) {
  static const struct rst_labelled_image images[] = {
      {{.kind = "checkerboard", .size = 15}, 1},
      {{.kind = "constant", .size = 12, .value = 0.7}, 0},
      {{.kind = "grating", .size = 16, .period = 8.0, .angle = 0.0}, 1},
      {{.kind = "grating", .size = 17, .period = 5.0, .angle = 90.0}, 0},
      {{.kind = "gaussian-field", .size = 11, .seed = 2, .exponent = 1.0}, 1},
  };
  enum { IMAGES = sizeof images / sizeof *images };
  struct rst_context *context = rst_test_context();
  for (int variant = 0; variant < 2 * 2 * 2 * 2; ++variant) {
    for (size_t i = 0; i <= IMAGES; ++i) {
      /* Each image, then all together. */
      struct rst_flow_parameters parameters =
          rst_test_network(i < IMAGES ? &images[i] : images, i < IMAGES ? 1 : IMAGES, 4 + i % 2);
      parameters.kind = variant & 1 ? "conv" : "conv-linear";
      parameters.boundary = variant & 2 ? RST_BOUNDARY_VALID : RST_BOUNDARY_PERIODIC;
      parameters.conv.pooling = variant & 4 ? RST_POOLING_MEAN : RST_POOLING_SUM;
      parameters.precision = variant & 8 ? RST_PRECISION_DOUBLE : RST_PRECISION_FLOAT;
      char label[64];
      snprintf(label, sizeof label, "variant %d, image %zu", variant, i);
      check_flow(context, parameters, label);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(bits_of_patches_do_not_depend_on_threads) {
  static const struct rst_labelled_image images[] = {
      {{.kind = "checkerboard", .size = 31}, 1},
      {{.kind = "grating", .size = 40, .period = 8.0, .angle = 0.0}, 0},
      {{.kind = "constant", .size = 20, .value = 0.7}, 1},
  };
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(images, 3, 7);
  parameters.conv.correlation = "patch";
  struct results first = compute(context, &parameters);
  for (int threads = 1; threads <= 3; ++threads) {
    RST_TEST_OK(context, rst_context_set_threads(context, threads));
    struct results again = compute(context, &parameters);
    ck_assert(again.value.data_loss == first.value.data_loss && again.value.residual == first.value.residual);
    for (int i = 0; i < RESULTS; ++i) {
      ck_assert_mem_eq(again.field[i]->data, first.field[i]->data,
                       rst_field_count(first.field[i]) * sizeof(double));
    }
    clear(&again);
  }
  clear(&first);
  rst_context_destroy(&context);
}
END_TEST

/* The candidates for an image and a square kernel; the one that is chosen. */
static const struct rst_correlation_candidate *
list_candidates(struct rst_context *context, const struct rst_field *image, size_t k, double longest,
                struct rst_correlation_candidate candidates[RST_CORRELATION_MOST_CANDIDATES], size_t *count) {
  const struct rst_correlation_candidate *chosen = NULL;
  RST_TEST_OK(context, rst_correlation_candidates(context, image, k, k, RST_BOUNDARY_VALID, longest,
                                                  candidates, count));
  for (size_t i = 0; i < *count; ++i) {
    ck_assert_str_eq(candidates[i].name, rst_correlation_names()[i]);
    ck_assert(candidates[i].applies == (candidates[i].estimated_seconds > 0.0));
    ck_assert(candidates[i].applies == !isnan(candidates[i].estimated_seconds));
    ck_assert(!isnan(candidates[i].measured_seconds) == (candidates[i].estimated_seconds < longest));
    ck_assert(isnan(candidates[i].measured_seconds) || candidates[i].measured_seconds > 0.0);
    ck_assert(!candidates[i].chosen || !chosen);
    chosen = candidates[i].chosen ? &candidates[i] : chosen;
  }
  ck_assert_ptr_null(rst_correlation_names()[*count]);
  ck_assert_ptr_nonnull(chosen);
  return chosen;
}

START_TEST(candidates_tell_the_choice) {
  static const size_t kernels[] = {1, 3, 9, 20, 64};
  enum { SIZE = 64, PATCH_SIDE = 5 };
  struct rst_context *context = rst_test_context();
  struct rst_correlation_candidate plain[RST_CORRELATION_MOST_CANDIDATES];
  struct rst_correlation_candidate timed[RST_CORRELATION_MOST_CANDIDATES];
  size_t count = 0;
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; ++i) {
    for (int p = 0; p < 2; ++p) {
      struct rst_field *image = noise(context, precisions[p], SIZE, SIZE, 1);
      RST_TEST_OK(context, rst_context_set_threads(context, 1));
      const struct rst_correlation_candidate *one =
          list_candidates(context, image, kernels[i], 0.0, plain, &count);
      for (size_t j = 0; j < count; ++j) {
        /* Patches of noise do not repeat, whatever they would cost. */
        ck_assert(!plain[j].applies || strcmp(plain[j].name, "patch") == 0 ||
                  one->estimated_seconds <= plain[j].estimated_seconds);
      }
      RST_TEST_OK(context, rst_context_set_threads(context, 2));
      list_candidates(context, image, kernels[i], 1e-3, timed, &count);
      for (size_t j = 0; j < count; ++j) {
        ck_assert(plain[j].chosen == timed[j].chosen && plain[j].applies == timed[j].applies);
        ck_assert(plain[j].estimated_seconds == timed[j].estimated_seconds);
      }
      rst_field_destroy(&image);
    }
  }
  /* Patches that repeat. */
  struct rst_field *image = noise(context, RST_PRECISION_DOUBLE, SIZE, SIZE, 1);
  for (size_t y = 0; y < SIZE; ++y) {
    for (size_t x = 0; x < SIZE; ++x) {
      rst_field_set(image, y, x, (double)((y + x) % 2));
    }
  }
  ck_assert_str_eq(list_candidates(context, image, PATCH_SIDE, 0.0, plain, &count)->name, "patch");
  rst_field_destroy(&image);
  /* Too many for the memory. */
  struct rst_field *rough = noise(context, RST_PRECISION_FLOAT, 100, 90, 1);
  list_candidates(context, rough, 30, 0.0, plain, &count);
  ck_assert_str_eq(plain[count - 1].name, "patch");
  ck_assert(!plain[count - 1].applies);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "91 x 91 points does not fit",
                 rst_correlation_candidates(context, rough, 91, 91, RST_BOUNDARY_VALID, 0.0, plain, &count));
  rst_field_destroy(&rough);
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
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "'dft'; choose one of: auto, reference, direct, fft, patch",
                 rst_correlation_create(context, image, 3, 3, valid, "dft", &made));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "''; choose one of: auto",
                 rst_correlation_create(context, image, 3, 3, valid, NULL, &made));
  struct rst_field *rough = noise(context, RST_PRECISION_FLOAT, 100, 90, 1);
  RST_TEST_FAILS(
      context, RST_ERROR_ARGUMENT,
      "the image of 100 x 90 has more than 1165 distinct patches of 30 x 30, too many to keep; choose",
      rst_correlation_create(context, rough, 30, 30, valid, "patch", &made));
  rst_field_destroy(&rough);
  ck_assert_ptr_null(made);
  rst_correlation_destroy(&made);
  rst_field_destroy(&image);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("correlation choice");
  TCase *tests = tcase_create("correlation choice");
  tcase_add_test(tests, automatic_choice_follows_the_cost);
  tcase_add_test(tests, patterns_have_few_patches);
  tcase_add_test(tests, equal_patches_are_equal_numbers);
  tcase_add_test(tests, flows_do_not_depend_on_the_implementation);
  tcase_add_test(tests, bits_of_patches_do_not_depend_on_threads);
  tcase_add_test(tests, candidates_tell_the_choice);
  tcase_add_test(tests, bad_arguments_are_refused);
  tcase_set_timeout(tests, 600);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
