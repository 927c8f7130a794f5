/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "restrain/flow.h"

/* Images that flows take, and the responses to them. */

enum { SIZE = 12, KERNEL = 5, IMAGES = 2, VARIANTS = 8 };

/* The first has few distinct patches, which the correlation makes use of. */
static const struct rst_labelled_image images[IMAGES] = {
    {{.kind = "checkerboard", .size = SIZE}, 1},
    {{.kind = "gaussian-field", .size = SIZE, .seed = 3, .exponent = 1.0}, 0},
};

/* Kind, boundary and precision by the bits of the index. */
static struct rst_flow_parameters variant(int index) {
  struct rst_flow_parameters parameters = rst_test_network(images, IMAGES, KERNEL);
  parameters.kind = index & 1 ? "conv-linear" : "conv";
  parameters.boundary = index & 2 ? RST_BOUNDARY_PERIODIC : RST_BOUNDARY_VALID;
  parameters.precision = index & 4 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
  return parameters;
}

static double correlate(const struct rst_field *kernel, const struct rst_field *image, size_t m, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < kernel->ny; ++i) {
    for (size_t j = 0; j < kernel->nx; ++j) {
      sum += rst_field_get(kernel, i, j) * rst_field_get(image, (m + i) % SIZE, (n + j) % SIZE);
    }
  }
  return sum;
}

START_TEST(responses_are_correlations_with_the_images) {
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = variant(_i);
  const size_t positions = parameters.boundary == RST_BOUNDARY_PERIODIC ? SIZE : SIZE - KERNEL + 1;
  const double epsilon = parameters.precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 4, 1.0);
  struct rst_field *responses = NULL;
  const struct rst_field kernel = rst_test_kernel(flow, u);
  RST_TEST_OK(context, rst_flow_create_responses(context, flow, &responses));
  ck_assert(responses->ny == IMAGES * positions && responses->nx == positions &&
            responses->precision == parameters.precision);
  rst_flow_respond(flow, u, responses);
  for (size_t k = 0; k < IMAGES; ++k) {
    struct rst_field *image = NULL;
    RST_TEST_OK(context, rst_image_create(context, &images[k].image, parameters.precision, &image));
    for (size_t m = 0; m < positions; ++m) {
      for (size_t n = 0; n < positions; ++n) {
        ck_assert_double_eq_tol(rst_field_get(responses, k * positions + m, n),
                                correlate(&kernel, image, m, n),
                                epsilon * rst_field_norm(&kernel) * rst_field_norm(image));
      }
    }
    rst_field_destroy(&image);
  }
  rst_field_destroy(&responses);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(images_are_taken_as_they_are_made) {
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = variant(_i);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *all = NULL;
  RST_TEST_OK(context, rst_flow_create_images(context, flow, &all));
  ck_assert(all->ny == (size_t)IMAGES * SIZE && all->nx == SIZE && all->precision == parameters.precision);
  for (size_t k = 0; k < IMAGES; ++k) {
    const size_t bytes = (size_t)SIZE * SIZE * rst_precision_size(parameters.precision);
    struct rst_field *image = NULL;
    RST_TEST_OK(context, rst_image_create(context, &images[k].image, parameters.precision, &image));
    ck_assert_mem_eq((const char *)all->data + k * bytes, image->data, bytes);
    rst_field_destroy(&image);
  }
  rst_field_destroy(&all);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* At another state, between a linearisation and its products, and before an evaluation. */
START_TEST(responding_leaves_everything_as_it_is) {
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = variant(_i);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 4, 1.0);
  struct rst_field *v = rst_test_state(context, flow, 5, 1.0);
  struct rst_field *products[2] = {rst_test_state(context, flow, 1, 0.0),
                                   rst_test_state(context, flow, 1, 0.0)};
  struct rst_field *gradients[2] = {rst_test_state(context, flow, 1, 0.0),
                                    rst_test_state(context, flow, 1, 0.0)};
  struct rst_flow_value values[2];
  struct rst_field *responses = NULL;
  RST_TEST_OK(context, rst_flow_create_responses(context, flow, &responses));
  for (int with = 0; with < 2; ++with) {
    rst_flow_linearise(flow, u, NULL, NULL);
    if (with) {
      rst_flow_respond(flow, v, responses);
    }
    rst_flow_hessian_product(flow, v, products[with]);
    if (with) {
      rst_flow_respond(flow, v, responses);
    }
    rst_flow_evaluate(flow, u, &values[with], gradients[with]);
  }
  const size_t bytes = rst_field_count(u) * rst_precision_size(parameters.precision);
  ck_assert_double_gt(rst_field_norm(products[0]), 0.0);
  ck_assert_mem_eq(products[0]->data, products[1]->data, bytes);
  ck_assert_mem_eq(gradients[0]->data, gradients[1]->data, bytes);
  ck_assert_double_eq(values[0].data_loss, values[1].data_loss);
  ck_assert_double_eq(values[0].residual, values[1].residual);
  for (int i = 0; i < 2; ++i) {
    rst_field_destroy(&products[i]);
    rst_field_destroy(&gradients[i]);
  }
  rst_field_destroy(&responses);
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* By the table of rst_test_flow_of_each(). */
START_TEST(flows_have_the_images_that_they_take) {
  static const size_t counts[RST_TEST_FLOWS] = {0, 0, 1, 2, 2, 1, 2, 1};
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_flow_of_each(context, _i, RST_PRECISION_DOUBLE);
  ck_assert_uint_eq(rst_flow_image_count(flow), counts[_i]);
  ck_assert_int_eq(rst_flow_has_responses(flow), strncmp(rst_flow_name(flow), "conv", 4) == 0);
  ck_assert_int_eq(rst_flow_facts(flow).image_on_grid, strcmp(rst_flow_name(flow), "beltrami") == 0);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(images_of_different_shapes_are_no_array) {
  struct rst_context *context = rst_test_context();
  const struct rst_labelled_image different[] = {images[0], {{.kind = "checkerboard", .size = SIZE + 1}, 0}};
  const struct rst_flow_parameters parameters = rst_test_network(different, IMAGES, KERNEL);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *all = NULL;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "image 2 has 13 x 13 points and image 1 has 12 x 12",
                 rst_flow_create_images(context, flow, &all));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "take images of one shape",
                 rst_flow_create_responses(context, flow, &all));
  ck_assert_ptr_null(all);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("flow_images");
  TCase *tests = tcase_create("flow_images");
  tcase_add_loop_test(tests, responses_are_correlations_with_the_images, 0, VARIANTS);
  tcase_add_loop_test(tests, images_are_taken_as_they_are_made, 0, VARIANTS);
  tcase_add_loop_test(tests, responding_leaves_everything_as_it_is, 0, VARIANTS);
  tcase_add_loop_test(tests, flows_have_the_images_that_they_take, 0, RST_TEST_FLOWS);
  tcase_add_test(tests, images_of_different_shapes_are_no_array);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
