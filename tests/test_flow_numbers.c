/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <stdio.h>

#include "restrain/flow.h"

/* The flows against formulas written out and published numbers, and what they refuse. */

static const struct rst_labelled_image checkerboard = {{.kind = "checkerboard", .size = 256}, 1};

/* E of one image by the definition of spec and header: plain loops, textbook logarithms. */
static double plain_value(const struct rst_flow_parameters *parameters, const struct rst_field *image,
                          int label, const struct rst_field *u) {
  const bool valid = parameters->boundary == RST_BOUNDARY_VALID;
  const size_t my = valid ? image->ny - u->ny + 1 : image->ny;
  const size_t mx = valid ? image->nx - u->nx + 1 : image->nx;
  const double norm = parameters->conv.pooling == RST_POOLING_MEAN ? 1.0 / (double)(my * mx) : 1.0;
  double activated = 0.0;
  double squares = 0.0;
  double linear = 0.0;
  for (size_t m = 0; m < my; ++m) {
    for (size_t n = 0; n < mx; ++n) {
      double c = 0.0;
      for (size_t i = 0; i < u->ny; ++i) {
        for (size_t j = 0; j < u->nx; ++j) {
          c += rst_field_get(u, i, j) * rst_field_get(image, (m + i) % image->ny, (n + j) % image->nx);
        }
      }
      activated += c / (1 + exp(-parameters->conv.beta * c));
      squares += c * c;
      linear += norm * c;
    }
  }
  if (strcmp(parameters->kind, "conv") == 0) {
    const double yhat = 1 / (1 + exp(parameters->conv.shift - norm * activated));
    return label == 1 ? -log(yhat) : -log(1 - yhat);
  }
  const double a = label == 1 ? -0.5 : 0.5;
  if (parameters->conv.pooling == RST_POOLING_SUM) {
    linear = rst_field_sum(image) / (double)rst_field_count(image) * rst_field_sum(u);
  }
  return a / 2 * (linear + parameters->conv.beta * norm / 2 * squares);
}

/* (gamma/2) sum |grad_h u|^2 with second-order differences: a square per pair of neighbours, across the ends
 * too if they are periodic. */
static double plain_regulariser(const struct rst_flow_parameters *parameters, const struct rst_field *u) {
  const bool wrap = parameters->boundary == RST_BOUNDARY_PERIODIC;
  const double h = parameters->diffusion.spacing;
  double squares = 0.0;
  for (size_t y = 0; y < u->ny; ++y) {
    for (size_t x = 0; x < u->nx; ++x) {
      const double value = rst_field_get(u, y, x);
      if (wrap || y + 1 < u->ny) {
        squares += pow(rst_field_get(u, (y + 1) % u->ny, x) - value, 2);
      }
      if (wrap || x + 1 < u->nx) {
        squares += pow(rst_field_get(u, y, (x + 1) % u->nx) - value, 2);
      }
    }
  }
  return parameters->diffusion.coefficient / 2 * squares / (h * h);
}

START_TEST(values_agree_with_plain_loops) {
  const struct rst_labelled_image images[] = {
      {{.kind = "gaussian-field", .size = 11, .seed = 5, .exponent = 1.0}, 1},
      {{.kind = "grating", .size = 8, .period = 3.1, .angle = 70.0}, 0},
      {{.kind = "constant", .size = 6, .value = 0.75}, 1},
  };
  enum { IMAGES = sizeof images / sizeof *images };
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(images, IMAGES, 4);
  parameters.kind = _i < 4 ? "conv" : "conv-linear";
  parameters.boundary = _i % 2 ? RST_BOUNDARY_PERIODIC : RST_BOUNDARY_VALID;
  parameters.conv.pooling = _i / 2 % 2 ? RST_POOLING_SUM : RST_POOLING_MEAN;
  parameters.conv.beta = 1.7;
  parameters.conv.shift = 0.4;
  parameters.diffusion.coefficient = 3.0;
  parameters.diffusion.spacing = 0.5;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 2, 0.2);
  struct rst_flow_value value;
  const struct rst_field kernel = rst_test_kernel(flow, u);
  double expected = plain_regulariser(&parameters, &kernel);
  rst_flow_evaluate(flow, u, &value, NULL);
  for (size_t i = 0; i < IMAGES; ++i) {
    struct rst_field *image = NULL;
    RST_TEST_OK(context, rst_image_create(context, &images[i].image, RST_PRECISION_DOUBLE, &image));
    expected += plain_value(&parameters, image, images[i].label, &kernel) / IMAGES;
    rst_field_destroy(&image);
  }
  ck_assert_double_eq_tol(value.data_loss, expected, 1e-12 * (1 + fabs(expected)));
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(heat_is_the_three_point_formula) {
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(NULL, 0, 0);
  parameters.kind = "heat";
  parameters.boundary = RST_BOUNDARY_DIRICHLET;
  parameters.diffusion.coefficient = 1.5;
  parameters.diffusion.spacing = 0.5;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 2, 1.0);
  struct rst_field *g = rst_test_state(context, flow, 2, 1.0);
  struct rst_flow_value value;
  rst_flow_evaluate(flow, u, &value, g);
  for (size_t x = 1; x + 1 < parameters.heat.points; ++x) {
    const double second =
        rst_field_get(u, 0, x - 1) - 2 * rst_field_get(u, 0, x) + rst_field_get(u, 0, x + 1);
    ck_assert_double_eq_tol(rst_field_get(g, 0, x), -1.5 * second / 0.25, 1e-12);
  }
  ck_assert_double_eq(value.residual, 0.0);
  ck_assert_double_eq(rst_flow_layout(flow)->tensors->spacing, 0.5);
  ck_assert_str_eq(rst_flow_correlation(flow), "none");
  rst_field_destroy(&g);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* L(u_0) of the published case: checkerboard 256, kernel 32, weight decay 20, NumPy's seed 7. The same kernel
 * scaled by 1e5 and 1e200 gives finite numbers. */
START_TEST(published_initial_loss) {
  const double weight_decay = 20.0;
  const double expected = 9498.18380094045;
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&checkerboard, 1, 32);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_flow_value value;
  rst_flow_evaluate(flow, u, &value, NULL);
  const double loss = value.data_loss + weight_decay / 2 * rst_field_dot(u, u);
  ck_assert_double_eq_tol(loss, expected, 2e-12 * expected);

  struct rst_field *g = rst_test_state(context, flow, 7, 0.0);
  struct rst_field *product = rst_test_state(context, flow, 7, 0.0);
  const double factors[] = {1e5, 1e195};
  for (size_t i = 0; i < 2; ++i) {
    rst_field_scale(factors[i], u);
    rst_flow_linearise(flow, u, &value, g);
    rst_flow_hessian_product(flow, u, product);
    ck_assert(isfinite(value.data_loss) && isfinite(value.residual));
    ck_assert(rst_field_is_finite(g) && rst_field_is_finite(product));
  }
  rst_field_destroy(&product);
  rst_field_destroy(&g);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The minimum that gradient descent with lr = 0.01 reaches in the published case, and the sharpness there (by
 * power iteration): lr_lo = 2/lambda_max = 0.0322594823767. */
START_TEST(published_minimum) {
  const double weight_decay = 20.0;
  const double lr = 0.01;
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&checkerboard, 1, 32);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_field *g = rst_test_state(context, flow, 7, 0.0);
  struct rst_field *v = rst_test_state(context, flow, 8, 1.0);
  struct rst_flow_value value;
  for (int t = 0; t < 200; ++t) {
    rst_flow_evaluate(flow, u, &value, g);
    rst_field_axpy(weight_decay, u, g);
    rst_field_descend(lr, 1.0, g, u);
  }
  rst_flow_linearise(flow, u, &value, NULL);
  const double loss = value.data_loss + weight_decay / 2 * rst_field_dot(u, u);
  ck_assert_double_eq_tol(loss, 0.2914953676245, 1e-12);
  ck_assert_double_eq_tol(value.residual, -0.135492272, 1e-9);
  ck_assert_double_eq_tol(rst_field_max_abs(u), 3.77466281e-3, 1e-11);
  double sharpness = 0.0;
  for (int i = 0; i < 100; ++i) {
    rst_field_scale(1.0 / rst_field_norm(v), v);
    rst_flow_hessian_product(flow, v, g);
    rst_field_axpy(weight_decay, v, g);
    sharpness = rst_field_dot(v, g);
    rst_field_copy(g, v);
  }
  ck_assert_double_eq_tol(sharpness, 61.9972749916, 1e-10);
  rst_field_destroy(&v);
  rst_field_destroy(&g);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The windowed threshold of the linear flow: X X^T has the one eigenvalue 32^2 225^2, with the checkerboard
 * as eigenvector; the symbol's extreme is the circular bound 0.25 * 256^4. */
START_TEST(published_windowed_threshold) {
  const double expected = 0.25 * 32 * 32 * 225.0 * 225.0;
  const double circular = 0.25 * 256.0 * 256.0 * 256.0 * 256.0;
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&checkerboard, 1, 32);
  parameters.kind = "conv-linear";
  parameters.conv.pooling = RST_POOLING_SUM;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *v = rst_test_state(context, flow, 7, 0.0);
  struct rst_field *product = rst_test_state(context, flow, 7, 0.0);
  struct rst_field kernel = rst_test_kernel(flow, v);
  for (size_t y = 0; y < kernel.ny; ++y) {
    for (size_t x = 0; x < kernel.nx; ++x) {
      rst_field_set(&kernel, y, x, (x + y) % 2 ? 1.0 : -1.0);
    }
  }
  rst_flow_linearise(flow, v, NULL, NULL);
  rst_flow_hessian_product(flow, v, product);
  ck_assert_double_eq_tol(-rst_field_dot(v, product) / rst_field_dot(v, v), expected, 1e-12 * expected);

  size_t ny = 0;
  size_t nx = 0;
  bool exact = true;
  struct rst_field *lambda = NULL;
  RST_TEST_OK(context, rst_flow_symbol_shape(flow, &ny, &nx, &exact));
  ck_assert(ny == 256 && nx == 256 && !exact);
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &lambda));
  RST_TEST_OK(context, rst_flow_symbol(flow, lambda));
  ck_assert_double_eq_tol(rst_field_get(lambda, 128, 128), -circular, 1e-12 * circular);
  ck_assert_double_eq_tol(rst_field_max_abs(lambda), circular, 1e-12 * circular);
  rst_field_destroy(&lambda);
  rst_field_destroy(&product);
  rst_field_destroy(&v);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Without cancellation, overflow or logarithm of zero at any |p|: for a constant image of ones and swish, c
 * is the same everywhere, so p = s(c). Kernel of 2 x 2 with equal weights: c = 4 u. */
START_TEST(values_are_stable_at_huge_outputs) {
  const double weights[] = {20, 1e5, 1e200};
  const double tolerance = 1e-12;
  struct rst_context *context = rst_test_context();
  for (int label = 0; label < 2; ++label) {
    const struct rst_labelled_image ones = {{.kind = "constant", .size = 6, .value = 1.0}, label};
    struct rst_flow_parameters parameters = rst_test_network(&ones, 1, 2);
    parameters.conv.correlation = rst_correlation_names()[_i];
    struct rst_flow *flow = rst_test_flow(context, &parameters);
    struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
    struct rst_field *g = rst_test_state(context, flow, 1, 0.0);
    struct rst_field *product = rst_test_state(context, flow, 1, 0.0);
    for (size_t i = 0; i < sizeof weights / sizeof *weights; ++i) {
      const double c = 4 * weights[i];
      struct rst_flow_value value;
      rst_field_fill(weights[i], u);
      rst_flow_linearise(flow, u, &value, g);
      rst_flow_hessian_product(flow, u, product);
      const double loss = label == 1 ? exp(-c) : c;
      const double residual = label == 1 ? -exp(-c) : 1.0;
      ck_assert_double_le(fabs(value.data_loss - loss), tolerance * loss);
      ck_assert_double_le(fabs(value.residual - residual), tolerance * fabs(residual));
      ck_assert_double_le(fabs(rst_field_get(g, 0, 3) - residual), tolerance * fabs(residual));
      ck_assert(rst_field_is_finite(product));
      /* Far on the other side swish vanishes, p = 0, and the loss is log 2. */
      rst_field_scale(-1.0, u);
      rst_flow_linearise(flow, u, &value, g);
      rst_flow_hessian_product(flow, u, product);
      ck_assert_double_eq_tol(value.data_loss, log(2), tolerance);
      ck_assert(rst_field_is_finite(g) && rst_field_is_finite(product));
    }
    rst_field_destroy(&product);
    rst_field_destroy(&g);
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

#define REFUSED(fragment, change)                                                                            \
  do {                                                                                                       \
    struct rst_flow_parameters p = good;                                                                     \
    struct rst_flow *flow = NULL;                                                                            \
    change;                                                                                                  \
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, fragment, rst_flow_create(context, &p, &flow));              \
    ck_assert_ptr_null(flow);                                                                                \
  } while (0)

START_TEST(wrong_parameters_are_refused) {
  const struct rst_labelled_image images[] = {{{.kind = "checkerboard", .size = 8}, 1},
                                              {{.kind = "checkerboard", .size = 5}, 0}};
  const struct rst_labelled_image mislabelled[] = {images[0], {images[1].image, 2}};
  struct rst_context *context = rst_test_context();
  const char *const kinds[] = {"conv", "conv-linear"};
  for (size_t k = 0; k < 2; ++k) {
    struct rst_flow_parameters good = rst_test_network(images, 2, 4);
    good.kind = kinds[k];
    struct rst_flow *made = rst_test_flow(context, &good);
    rst_flow_destroy(&made);
    REFUSED("unknown flow 'conv2'; choose one of: heat, conv, conv-linear", p.kind = "conv2");
    REFUSED("unknown flow ''", p.kind = NULL);
    REFUSED("does not take the boundary 'dirichlet'; choose one of: valid, periodic",
            p.boundary = RST_BOUNDARY_DIRICHLET);
    REFUSED("the precision 7", p.precision = (enum rst_precision)7);
    REFUSED("the pooling 7", p.conv.pooling = (enum rst_pooling)7);
    REFUSED("the diffusion coefficient is -1", p.diffusion.coefficient = -1);
    REFUSED("the diffusion coefficient is nan", p.diffusion.coefficient = NAN);
    REFUSED("the kernel has 0 points", p.conv.kernel = 0);
    REFUSED("kernel of 6 x 6 is larger than image 2 of 5 x 5", p.conv.kernel = 6);
    REFUSED("no image", p.conv.image_count = 0);
    REFUSED("no image", p.conv.images = NULL);
    REFUSED("the label of image 2 is 2", p.conv.images = mislabelled);
    REFUSED("unknown activation 'swoosh'; choose one of: swish", p.conv.activation = "swoosh");
    REFUSED("unknown activation ''", p.conv.activation = NULL);
    REFUSED("beta is inf", p.conv.beta = INFINITY);
    REFUSED("the shift is nan", p.conv.shift = NAN);
    REFUSED("fastest", p.conv.correlation = "fastest");
  }
  struct rst_flow_parameters good = rst_test_network(images, 2, 4);
  good.kind = "conv-linear";
  REFUSED("not of tanh; choose swish", p.conv.activation = "tanh");
  good.kind = "heat";
  good.boundary = RST_BOUNDARY_PERIODIC;
  good.diffusion.coefficient = 1;
  REFUSED("does not take the boundary 'valid'; choose one of: dirichlet, periodic",
          p.boundary = RST_BOUNDARY_VALID);
  REFUSED("has 3 dimensions", p.heat.dimension = 3);
  REFUSED("has 2 points", p.heat.points = 2);
  REFUSED("diffusivity of the heat flow is 0", p.diffusion.coefficient = 0);
  REFUSED("spacing", p.diffusion.spacing = 0);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(boundaries_are_listed) {
  for (size_t i = 0; rst_flow_names()[i]; ++i) {
    size_t count = 0;
    const bool none = rst_flow_boundaries(rst_flow_names()[i], &count) == NULL;
    ck_assert_uint_eq(count, none ? 0 : 2);
  }
  size_t count = 1;
  ck_assert_int_eq(rst_flow_boundaries("heat", &count)[0], RST_BOUNDARY_DIRICHLET);
  ck_assert_int_eq(rst_flow_boundaries("conv", &count)[0], RST_BOUNDARY_VALID);
  ck_assert_ptr_null(rst_flow_boundaries("none", &count));
  ck_assert_uint_eq(count, 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("flow_numbers");
  TCase *tests = tcase_create("flow_numbers");
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, values_agree_with_plain_loops, 0, 8);
  tcase_add_test(tests, heat_is_the_three_point_formula);
  tcase_add_test(tests, published_initial_loss);
  tcase_add_test(tests, published_minimum);
  tcase_add_test(tests, published_windowed_threshold);
  int correlations = 0;
  while (rst_correlation_names()[correlations]) {
    ++correlations;
  }
  tcase_add_loop_test(tests, values_are_stable_at_huge_outputs, 0, correlations);
  tcase_add_test(tests, wrong_parameters_are_refused);
  tcase_add_test(tests, boundaries_are_listed);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
