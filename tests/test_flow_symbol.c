/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "networks.h"
#include "support.h"

#include <float.h>

#include "restrain/flow.h"

/* The linear flows: conv-linear is conv's linearisation, and symbols are what the Hessian does to plane
 * waves. */

/* At u = 0, with mean pooling, no shift and swish: s' = 1/2, s'' = beta/2, a = +-1/2. So conv's gradient is
 * conv-linear's, and its Hessian is conv-linear's plus the change of a: <gbar, v> gbar / 4 with gbar =
 * grad/a. */
START_TEST(linear_flow_is_the_linearisation_at_zero) {
  const int label = _i % 2;
  const struct rst_labelled_image image = {{.kind = "grating", .size = 12, .period = 3.7, .angle = 25.0},
                                           label};
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&image, 1, 5);
  parameters.boundary = _i / 2 ? RST_BOUNDARY_PERIODIC : RST_BOUNDARY_VALID;
  parameters.conv.beta = 0.8;
  parameters.diffusion.coefficient = 0.3;
  struct rst_flow *conv = rst_test_flow(context, &parameters);
  parameters.kind = "conv-linear";
  struct rst_flow *linear = rst_test_flow(context, &parameters);
  struct rst_field *zero = rst_test_state(context, conv, 1, 0.0);
  struct rst_field *v = rst_test_state(context, conv, 2, 1.0);
  struct rst_field *g = rst_test_state(context, conv, 1, 0.0);
  struct rst_field *linear_g = rst_test_state(context, conv, 1, 0.0);
  struct rst_flow_value value;
  struct rst_flow_value linear_value;
  rst_flow_linearise(conv, zero, &value, g);
  rst_flow_linearise(linear, zero, &linear_value, linear_g);
  ck_assert_double_eq(value.residual, label == 1 ? -0.5 : 0.5);
  ck_assert_double_eq(linear_value.residual, value.residual);
  ck_assert_double_eq_tol(value.data_loss, log(2), DBL_EPSILON);
  ck_assert_double_eq(linear_value.data_loss, 0.0);
  ck_assert_double_gt(rst_field_norm(g), 1e-3);
  ck_assert_double_le(rst_field_distance(g, linear_g), 1e-14 * rst_field_norm(g));

  struct rst_field *product = rst_test_state(context, conv, 1, 0.0);
  struct rst_field *linear_product = rst_test_state(context, conv, 1, 0.0);
  rst_flow_hessian_product(conv, v, product);
  rst_flow_hessian_product(linear, v, linear_product);
  const double a = value.residual;
  rst_field_axpy(rst_field_dot(g, v) / (4 * a * a), g, linear_product);
  ck_assert_double_le(rst_field_distance(product, linear_product), 1e-13 * rst_field_norm(product));
  rst_field_destroy(&linear_product);
  rst_field_destroy(&product);
  rst_field_destroy(&linear_g);
  rst_field_destroy(&g);
  rst_field_destroy(&v);
  rst_field_destroy(&zero);
  rst_flow_destroy(&linear);
  rst_flow_destroy(&conv);
  rst_context_destroy(&context);
}
END_TEST

/* Parameters for the symbol of every kind: a diffusion term, images as large as the kernel. */
static struct rst_flow_parameters periodic(const char *kind, int discretisation) {
  static const struct rst_labelled_image images[] = {
      {{.kind = "gaussian-field", .size = 7, .seed = 4, .exponent = 0.5}, 1},
      {{.kind = "grating", .size = 7, .period = 2.9, .angle = 20.0}, 0},
      {{.kind = "gaussian-field", .size = 7, .seed = 6, .exponent = 1.0}, 1},
  };
  struct rst_flow_parameters parameters = rst_test_network(images, 3, 7);
  parameters.kind = kind;
  parameters.boundary = RST_BOUNDARY_PERIODIC;
  parameters.heat.points = 10;
  parameters.conv.beta = 1.4;
  parameters.diffusion = (struct rst_diffusion){
      .coefficient = 0.6, .spacing = 0.9, .discretisation = (enum rst_discretisation)discretisation};
  return parameters;
}

/* H v = lambda(w) v for v = cos + sin of every wave number. */
static void check_plane_waves(struct rst_context *context, struct rst_flow *flow) {
  const double turn = 2 * acos(-1.0);
  size_t ny = 0;
  size_t nx = 0;
  bool exact = false;
  struct rst_field *lambda = NULL;
  struct rst_field *v = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *product = rst_test_state(context, flow, 1, 0.0);
  RST_TEST_OK(context, rst_flow_symbol_shape(flow, &ny, &nx, &exact));
  struct rst_field kernel = rst_test_kernel(flow, v);
  ck_assert(exact && ny == kernel.ny && nx == kernel.nx);
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &lambda));
  RST_TEST_OK(context, rst_flow_symbol(flow, lambda));
  const double tolerance = 1e-13 * rst_field_max_abs(lambda) * sqrt((double)(ny * nx));
  rst_flow_linearise(flow, v, NULL, NULL);
  for (size_t wave = 0; wave < ny * nx; ++wave) {
    for (size_t y = 0; y < ny; ++y) {
      for (size_t x = 0; x < nx; ++x) {
        const size_t phase_y = wave / nx * y % ny;
        const size_t phase_x = wave % nx * x % nx;
        const double angle = turn * ((double)phase_y / (double)ny + (double)phase_x / (double)nx);
        rst_field_set(&kernel, y, x, cos(angle) + sin(angle));
      }
    }
    rst_flow_hessian_product(flow, v, product);
    rst_field_axpy(-rst_field_get(lambda, wave / nx, wave % nx), v, product);
    ck_assert_msg(rst_field_norm(product) <= tolerance, "%s: wave %zu of %zu x %zu: off by %g",
                  rst_flow_name(flow), wave, ny, nx, rst_field_norm(product));
  }
  rst_field_destroy(&lambda);
  rst_field_destroy(&product);
  rst_field_destroy(&v);
}

START_TEST(exact_symbol_is_the_hessian_on_plane_waves) {
  const char *kind = rst_flow_names()[_i];
  struct rst_context *context = rst_test_context();
  for (int variant = 0; variant < 12; ++variant) {
    struct rst_flow_parameters parameters = periodic(kind, variant % 3);
    parameters.conv.pooling = variant / 3 % 2 ? RST_POOLING_SUM : RST_POOLING_MEAN;
    parameters.heat.dimension = variant / 6 + 1;
    char label[160];
    if (strcmp(kind, "network") == 0) {
      parameters = rst_test_network_of_layers((size_t)variant, label);
    } else if (!rst_test_small_flow(kind, (size_t)variant % 3, &parameters, label)) {
      rst_test_small_flow(kind, 0, &parameters, label);
    }
    struct rst_flow *flow = rst_test_flow(context, &parameters);
    if (!rst_flow_kind_facts(kind).plane_waves || !rst_flow_kind_facts(kind).linear) {
      size_t n = 0;
      bool exact = false;
      RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "has no Fourier symbol",
                     rst_flow_symbol_shape(flow, &n, &n, &exact));
    } else {
      check_plane_waves(context, flow);
    }
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* Where plane waves are no eigenvectors, the largest eigenvalue (by power iteration from below) stays under
 * the largest value of the symbol and within an order of magnitude of it. */
START_TEST(inexact_symbol_bounds_the_spectrum) {
  const struct rst_labelled_image image = {{.kind = "gaussian-field", .size = 16, .seed = 4, .exponent = 1.0},
                                           0};
  const char *const kinds[] = {"heat", "conv-linear", "conv-linear"};
  const double coefficients[] = {0.5, 0.0, 0.01};
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&image, 1, 9);
  parameters.kind = kinds[_i];
  parameters.boundary = _i == 0 ? RST_BOUNDARY_DIRICHLET : RST_BOUNDARY_VALID;
  parameters.diffusion.coefficient = coefficients[_i];
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *v = rst_test_state(context, flow, 3, 1.0);
  struct rst_field *product = rst_test_state(context, flow, 3, 1.0);
  double eigenvalue = 0.0;
  rst_flow_linearise(flow, v, NULL, NULL);
  for (int i = 0; i < 200; ++i) {
    rst_field_scale(1 / rst_field_norm(product), product);
    rst_field_copy(product, v);
    rst_flow_hessian_product(flow, v, product);
    eigenvalue = rst_field_dot(v, product);
  }
  size_t ny = 0;
  size_t nx = 0;
  bool exact = true;
  struct rst_field *lambda = NULL;
  RST_TEST_OK(context, rst_flow_symbol_shape(flow, &ny, &nx, &exact));
  ck_assert(!exact);
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &lambda));
  RST_TEST_OK(context, rst_flow_symbol(flow, lambda));
  ck_assert_double_le(eigenvalue, rst_field_max_abs(lambda) * (1 + 1e-12));
  ck_assert_double_ge(eigenvalue, rst_field_max_abs(lambda) / 10);
  rst_field_destroy(&lambda);
  rst_field_destroy(&product);
  rst_field_destroy(&v);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(images_of_different_shapes_have_no_symbol) {
  const struct rst_labelled_image images[] = {{{.kind = "checkerboard", .size = 8}, 1},
                                              {{.kind = "checkerboard", .size = 5}, 0}};
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(images, 2, 4);
  parameters.kind = "conv-linear";
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  size_t n = 0;
  bool exact = false;
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "differ in shape",
                 rst_flow_symbol_shape(flow, &n, &n, &exact));
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "differ in shape", rst_flow_symbol(flow, NULL));
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Where the coefficients do not vary (u = 0), the frozen symbol is the Hessian's Rayleigh quotient on every plane wave of the
 * state's grid: periodic or windowed, for every kind. */
START_TEST(frozen_symbol_is_the_rayleigh_quotient) {
  const double turn = 2 * acos(-1.0);
  const struct rst_labelled_image images[] = {
      {{.kind = "gaussian-field", .size = 13, .seed = 4, .exponent = 0.5}, 1},
      {{.kind = "grating", .size = 12, .period = 2.9, .angle = 20.0}, 0},
  };
  struct rst_context *context = rst_test_context();
  const char *kind = rst_flow_names()[_i];
  struct rst_flow_parameters parameters = rst_test_network(images, 2, 5);
  parameters.kind = kind;
  parameters.heat.points = 10;
  parameters.conv.beta = 1.4;
  const bool heat = strcmp(kind, "heat") == 0;
  parameters.boundary = heat ? RST_BOUNDARY_PERIODIC : RST_BOUNDARY_VALID;
  parameters.diffusion.coefficient = heat ? 0.6 : 0.0;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *zero = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *wave = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *product = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *lambda = rst_test_symbol(context, flow);
  struct rst_field kernel = rst_test_kernel(flow, wave);
  rst_flow_linearise(flow, zero, NULL, NULL);
  RST_TEST_OK(context, rst_flow_frozen_symbol(flow, zero, lambda));
  ck_assert_double_gt(rst_field_max_abs(lambda), 1e-3);
  const double tolerance = 1e-12 * rst_field_max_abs(lambda);
  for (size_t ky = 0; ky < lambda->ny; ++ky) {
    for (size_t kx = 0; kx < lambda->nx; ++kx) {
      double quotient = 0.0;
      for (int part = 0; part < 2; ++part) {
        for (size_t y = 0; y < kernel.ny; ++y) {
          for (size_t x = 0; x < kernel.nx; ++x) {
            const double angle =
                turn * ((double)(ky * y) / (double)kernel.ny + (double)(kx * x) / (double)kernel.nx);
            rst_field_set(&kernel, y, x, part == 0 ? cos(angle) : sin(angle));
          }
        }
        rst_flow_hessian_product(flow, wave, product);
        quotient += rst_field_dot(wave, product);
      }
      quotient /= (double)rst_field_count(wave);
      ck_assert_double_eq_tol(rst_field_get(lambda, ky, kx), quotient, tolerance);
    }
  }
  rst_field_destroy(&lambda);
  rst_field_destroy(&product);
  rst_field_destroy(&wave);
  rst_field_destroy(&zero);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("flow_symbol");
  TCase *tests = tcase_create("flow_symbol");
  int kinds = 0;
  while (rst_flow_names()[kinds]) {
    ++kinds;
  }
  tcase_add_loop_test(tests, linear_flow_is_the_linearisation_at_zero, 0, 4);
  tcase_add_loop_test(tests, exact_symbol_is_the_hessian_on_plane_waves, 0, kinds);
  tcase_add_loop_test(tests, inexact_symbol_bounds_the_spectrum, 0, 3);
  tcase_add_loop_test(tests, frozen_symbol_is_the_rayleigh_quotient, 0, 3);
  tcase_add_test(tests, images_of_different_shapes_have_no_symbol);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
