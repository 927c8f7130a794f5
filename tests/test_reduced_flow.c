/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduced/reduced_flow.h"

#include "analysis/threshold_curves.h"
#include "krylov/symmetric.h"
#include "support.h"

/** @file
 * The flow in reduced coordinates against the flow of kernels: loss, residual, lengths of gradients and of Hessian products
 * along the gradient, which coordinates keep; the gradient against differences, the Hessian product against differences of
 * gradients; thresholds of both. Margins of small matrices against their eigenvalues.
 */

static const struct rst_labelled_image images[] = {
    {.image = {.kind = "grating", .size = 32, .period = 8.0, .angle = 0.0}, .label = 1},
    {.image = {.kind = "checkerboard", .size = 24}, .label = 0}};

static struct rst_case made_case(const char *activation) {
  struct rst_case made = {.flow = rst_test_network(images, 2, 6),
                          .initial = {.kind = "normal", .seed = 7, .scale = 1.0},
                          .tangent = {.exponents = 1, .seed = 1},
                          .stop = {.blow_up = 1e6}};
  made.flow.conv.activation = activation;
  made.flow.conv.shift = 0.3;
  made.step.scheme = rst_test_scheme_defaults;
  made.step.scheme.kind = "euler";
  made.step.iterations = 10;
  return made;
}

struct pair {
  struct rst_context *context;
  struct rst_case from;
  struct rst_flow *full, *reduced;
  struct rst_reduced_network *network;
  struct rst_field *initial, *coordinates;
};

static void set_up(struct pair *pair, const char *activation) {
  pair->context = rst_test_context();
  pair->from = made_case(activation);
  pair->full = rst_test_flow(pair->context, &pair->from.flow);
  RST_TEST_OK(pair->context,
              rst_reduced_network_create(pair->context, &pair->from, pair->full, &pair->network));
  ck_assert_ptr_nonnull(pair->network);
  RST_TEST_OK(pair->context, rst_reduced_flow_create(pair->context, &pair->from, pair->network,
                                                     &pair->reduced, &pair->coordinates));
  RST_TEST_OK(pair->context, rst_flow_create_state(pair->context, pair->full, &pair->initial));
  RST_TEST_OK(pair->context, rst_initial_fill(pair->context, &pair->from.initial, rst_flow_layout(pair->full),
                                              pair->initial));
}

static void tear_down(struct pair *pair) {
  rst_field_destroy(&pair->initial);
  rst_field_destroy(&pair->coordinates);
  rst_flow_destroy(&pair->reduced);
  rst_reduced_network_destroy(&pair->network);
  rst_flow_destroy(&pair->full);
  rst_context_destroy(&pair->context);
}

/* Loss, residual, |u|, |grad E|, grad.H grad, |H grad|, at u. */
enum { NUMBERS = 6 };
static void measure(struct rst_context *context, struct rst_flow *flow, const struct rst_field *u,
                    double *numbers) {
  struct rst_field *gradient = NULL;
  struct rst_field *product = NULL;
  struct rst_flow_value value;
  RST_TEST_OK(context, rst_flow_create_state(context, flow, &gradient));
  RST_TEST_OK(context, rst_flow_create_state(context, flow, &product));
  rst_flow_linearise(flow, u, &value, gradient);
  rst_flow_hessian_product(flow, gradient, product);
  numbers[0] = value.data_loss;
  numbers[1] = value.residual;
  numbers[2] = rst_field_norm(u);
  numbers[3] = rst_field_norm(gradient);
  numbers[4] = rst_field_dot(gradient, product);
  numbers[5] = rst_field_norm(product);
  rst_flow_evaluate(flow, u, &value, product);
  ck_assert_double_eq(value.data_loss, numbers[0]);
  ck_assert_double_eq(rst_field_distance(gradient, product), 0.0);
  rst_field_destroy(&gradient);
  rst_field_destroy(&product);
}

START_TEST(coordinates_keep_what_the_flow_gives) {
  const char *activation = rst_activation_names()[_i];
  struct pair pair = {0};
  double full[NUMBERS];
  double reduced[NUMBERS];
  set_up(&pair, activation);
  measure(pair.context, pair.full, pair.initial, full);
  measure(pair.context, pair.reduced, pair.coordinates, reduced);
  for (int i = 0; i < NUMBERS; ++i) {
    ck_assert_msg(fabs(reduced[i] - full[i]) <= 1e-12 * fabs(full[i]), "%s, number %d: %.17g, not %.17g",
                  activation, i, reduced[i], full[i]);
  }
  tear_down(&pair);
}
END_TEST

/* |E(u + h d) - E(u - h d) - 2 h grad.d| and the same for the gradient. */
START_TEST(its_derivatives_agree_with_differences) {
  const double h = 1e-5;
  struct pair pair = {0};
  struct rst_flow_value ahead;
  struct rst_flow_value behind;
  set_up(&pair, "swish");
  struct rst_field *fields[5] = {NULL};
  for (int i = 0; i < 5; ++i) {
    RST_TEST_OK(pair.context, rst_flow_create_state(pair.context, pair.reduced, &fields[i]));
  }
  struct rst_field *direction = fields[0];
  struct rst_field *gradient = fields[1];
  struct rst_field *product = fields[2];
  struct rst_field *u = fields[3];
  struct rst_field *other = fields[4];
  rst_test_noise(3, direction);
  rst_flow_linearise(pair.reduced, pair.coordinates, NULL, gradient);
  rst_flow_hessian_product(pair.reduced, direction, product);
  const double slope = rst_field_dot(gradient, direction);
  rst_field_copy(pair.coordinates, u);
  rst_field_axpy(h, direction, u);
  rst_flow_evaluate(pair.reduced, u, &ahead, gradient);
  rst_field_axpy(-2 * h, direction, u);
  rst_flow_evaluate(pair.reduced, u, &behind, other);
  ck_assert_double_eq_tol((ahead.data_loss - behind.data_loss) / (2 * h), slope, 1e-8 * fabs(slope));
  rst_field_axpby(-0.5 / h, other, 0.5 / h, gradient);
  ck_assert_double_le(rst_field_distance(gradient, product), 1e-7 * rst_field_norm(product));
  for (int i = 0; i < 5; ++i) {
    rst_field_destroy(&fields[i]);
  }
  tear_down(&pair);
}
END_TEST

START_TEST(thresholds_are_the_same) {
  static const double decays[] = {1.0, 0.1, 0.01};
  enum { COUNT = sizeof decays / sizeof *decays };
  struct rst_lr_limits full[COUNT];
  struct rst_lr_limits reduced[COUNT];
  bool stopped = false;
  struct pair pair = {0};
  set_up(&pair, "swish");
  RST_TEST_OK(pair.context, rst_lr_limits_find(pair.context, &pair.from, decays, COUNT, full));
  RST_TEST_OK(pair.context, rst_lr_limits_until(pair.context, &pair.from, pair.reduced, pair.coordinates,
                                                decays, COUNT, NULL, NULL, reduced, &stopped));
  for (int i = 0; i < COUNT; ++i) {
    ck_assert_double_gt(full[i].lr_lo, 0.0);
    ck_assert_double_eq_tol(reduced[i].lr_lo, full[i].lr_lo, 1e-9 * full[i].lr_lo);
    ck_assert_double_eq(reduced[i].lr_hi, full[i].lr_hi);
  }
  tear_down(&pair);
}
END_TEST

/* Q diag(values) Q' with Q = I - 2 w w'/w'w. */
static void fill_matrix(size_t n, const double *values, double *matrix) {
  double w[8];
  double square = 0.0;
  for (size_t i = 0; i < n; ++i) {
    w[i] = 1.0 + 0.3 * (double)i;
    square += w[i] * w[i];
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < n; ++k) {
      matrix[i * n + k] = 0.0;
      for (size_t m = 0; m < n; ++m) {
        const double a = (i == m ? 1.0 : 0.0) - 2.0 * w[i] * w[m] / square;
        const double b = (k == m ? 1.0 : 0.0) - 2.0 * w[k] * w[m] / square;
        matrix[i * n + k] += a * values[m] * b;
      }
    }
  }
}

START_TEST(a_margin_lies_between_a_quarter_and_the_whole) {
  const double values[] = {0.2, 1.0, 3.0, 7.5};
  double matrix[16];
  fill_matrix(4, values, matrix);
  const double margin = rst_symmetric_margin(4, matrix, 0.0, 8.0, 1e-9);
  ck_assert_double_ge(margin, 0.2 / 4);
  ck_assert_double_le(margin, 0.2 * (1 + 1e-6));
  const double upper = rst_symmetric_margin(4, matrix, -INFINITY, 8.0, 1e-9);
  ck_assert_double_ge(upper, 0.5 / 4);
  ck_assert_double_le(upper, 0.5 * (1 + 1e-6));
  ck_assert_double_eq(rst_symmetric_margin(4, matrix, 0.21, 8.0, 1e-9), -1.0);
  ck_assert_double_eq(rst_symmetric_margin(4, matrix, 0.0, 7.49, 1e-9), -1.0);
  /* within what is allowed of a limit */
  ck_assert_double_ge(rst_symmetric_margin(4, matrix, 0.2 * (1 + 1e-10), INFINITY, 1e-9), 0.0);
  matrix[4] = NAN;
  ck_assert_double_nan(rst_symmetric_margin(4, matrix, 0.0, 8.0, 1e-9));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("reduced_flow");
  TCase *flow = tcase_create("flow");
  int activations = 0;
  while (rst_activation_names()[activations]) {
    ++activations;
  }
  tcase_add_loop_test(flow, coordinates_keep_what_the_flow_gives, 0, activations);
  tcase_add_test(flow, its_derivatives_agree_with_differences);
  tcase_add_test(flow, thresholds_are_the_same);
  suite_add_tcase(suite, flow);
  TCase *margin = tcase_create("margin");
  tcase_add_test(margin, a_margin_lies_between_a_quarter_and_the_whole);
  suite_add_tcase(suite, margin);
  return rst_test_run(suite);
}
