/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "restrain/tangent.h"

enum { STEPS = 4, MOST_PARTS = 3 };

/* |central difference - perturbation| / |perturbation| after STEPS steps from where `base` is, in the state and the scheme's buffers. */
static double difference_error(const struct rst_test_trajectory *base,
                               const struct rst_scheme_parameters *parameters, struct rst_field *const *start,
                               double h, struct rst_field **expected, size_t parts) {
  struct rst_test_trajectory ends[2];
  for (int side = 0; side < 2; ++side) {
    ends[side] = rst_test_depart(base->context, base->flow, parameters, 0);
    rst_test_copy_state(base, &ends[side]);
    struct rst_field **buffers = NULL;
    rst_scheme_state(ends[side].scheme, &buffers);
    rst_field_axpy(side ? -h : h, start[0], ends[side].u);
    for (size_t part = 1; part < parts; ++part) {
      rst_field_axpy(side ? -h : h, start[part], buffers[part - 1]);
    }
    for (int t = 0; t < STEPS; ++t) {
      rst_test_step(&ends[side]);
    }
  }
  double error = 0.0;
  double size = 0.0;
  for (size_t part = 0; part < parts; ++part) {
    struct rst_field **buffers[2];
    rst_scheme_state(ends[0].scheme, &buffers[0]);
    rst_scheme_state(ends[1].scheme, &buffers[1]);
    struct rst_field *up = part ? buffers[0][part - 1] : ends[0].u;
    const struct rst_field *down = part ? buffers[1][part - 1] : ends[1].u;
    rst_field_axpy(-1.0, down, up);
    rst_field_scale(0.5 / h, up);
    error = hypot(error, rst_field_distance(up, expected[part]));
    size = hypot(size, rst_field_norm(expected[part]));
  }
  rst_test_arrive(&ends[0]);
  rst_test_arrive(&ends[1]);
  return error / size;
}

/* Adam's averages, which it starts all but unperturbed, changed by up to half of what they are: squares stay positive. */
static void perturb_averages(struct rst_scheme *scheme, size_t parts, struct rst_field **vector) {
  struct rst_field **buffers = NULL;
  rst_scheme_state(scheme, &buffers);
  for (size_t part = 1; part < parts; ++part) {
    rst_test_noise((uint32_t)part, vector[part]);
    for (size_t i = 0; i < rst_field_count(vector[part]); ++i) {
      const double change = 0.5 * rst_field_get(vector[part], 0, i);
      rst_field_set(vector[part], 0, i, change * rst_field_get(buffers[part - 1], 0, i));
    }
  }
}

/* Of u and buffers: what a few steps make of a perturbation is the derivative of what they make of the state, as far as
 * central differences of second order can tell. */
static void check_jacobian(struct rst_context *context, int index,
                           const struct rst_scheme_parameters *parameters) {
  struct rst_flow *flow = rst_test_flow_of_each(context, index, RST_PRECISION_DOUBLE);
  struct rst_test_trajectory base = rst_test_depart(context, flow, parameters, 0);
  struct rst_test_trajectory tangent = rst_test_depart(context, flow, parameters, 1);
  for (int t = 0; t < 3; ++t) {
    rst_test_step(&base);
  }
  rst_test_copy_state(&base, &tangent);
  size_t parts = 0;
  struct rst_field **vector = rst_test_perturbation(tangent.tangent, 0, &parts);
  ck_assert_uint_eq(parts, 1 + rst_test_scheme_buffers(parameters->kind));
  const bool preconditioned = rst_scheme_facts(parameters->kind).preconditioned;
  if (preconditioned) {
    perturb_averages(base.scheme, parts, vector);
  }
  struct rst_field *start[MOST_PARTS];
  for (size_t part = 0; part < MOST_PARTS; ++part) {
    start[part] = rst_test_state(context, flow, 1, 0.0);
    rst_field_copy(vector[part % parts], start[part]);
  }
  double log_growth = 0.0;
  for (int t = 0; t < STEPS; ++t) {
    const bool limited = strcmp(parameters->kind, "cfl") == 0 && parameters->lr > 1.0;
    const double dt = rst_test_step(&tangent);
    ck_assert(!limited || dt < parameters->lr);
    log_growth += rst_tangent_log_growth(tangent.tangent, 0);
  }
  for (size_t part = 0; part < parts; ++part) {
    rst_field_scale(exp(log_growth), vector[part]);
  }
  /* A quotient of averages bends more than the slope. */
  const double shorter = preconditioned ? 0.1 : 1.0;
  const double h[3] = {4e-2 * shorter, 2e-2 * shorter, 1e-4 * shorter};
  double error[3];
  for (int i = 0; i < 3; ++i) {
    error[i] = difference_error(&base, parameters, start, h[i], vector, parts);
  }
  const bool linear = rst_flow_facts(flow).linear && !preconditioned;
  const bool holds = linear ? error[0] < 1e-13 && error[2] < 1e-11
                            : error[2] < 1e-7 && fabs(error[0] / error[1] - 4.0) < 0.3 &&
                                  error[0] > 1e-5 * shorter * shorter;
  ck_assert_msg(holds, "flow %d, %s, lr %g, decay %d: %g %g %g", index, parameters->kind, parameters->lr,
                (int)parameters->decay, error[0], error[1], error[2]);
  for (size_t part = 0; part < MOST_PARTS; ++part) {
    rst_field_destroy(&start[part]);
  }
  rst_test_arrive(&tangent);
  rst_test_arrive(&base);
  rst_flow_destroy(&flow);
}

START_TEST(perturbations_are_derivatives_of_trajectories) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_FLOWS; ++index) {
    for (int v = 0; v < RST_TEST_PERTURBED_VARIANTS; ++v) {
      struct rst_scheme_parameters parameters;
      if (rst_test_perturbed_variant(rst_scheme_names()[_i], v, &parameters)) {
        check_jacobian(context, index, &parameters);
      }
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* The state, the scheme's own and the step's length do not know that perturbations go along. */
START_TEST(trajectory_keeps_its_bits) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_FLOWS; ++index) {
    struct rst_flow *flow =
        rst_test_flow_of_each(context, index, index % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
    for (int v = 0; v < RST_TEST_PERTURBED_VARIANTS; ++v) {
      struct rst_scheme_parameters parameters;
      if (!rst_test_perturbed_variant(rst_scheme_names()[_i], v, &parameters)) {
        continue;
      }
      parameters.divisor = 3.0;
      parameters.divisor = rst_test_scheme_accepts(&parameters) ? 3.0 : 1.0;
      struct rst_test_trajectory plain = rst_test_depart(context, flow, &parameters, 0);
      struct rst_test_trajectory perturbed = rst_test_depart(context, flow, &parameters, 3);
      for (int t = 0; t < 5; ++t) {
        const double dt = rst_test_step(&plain);
        ck_assert(rst_test_step(&perturbed) == dt);
        struct rst_field **ours = NULL;
        struct rst_field **theirs = NULL;
        const size_t count = rst_scheme_state(plain.scheme, &ours);
        rst_scheme_state(perturbed.scheme, &theirs);
        ck_assert(rst_test_same_bits(plain.u, perturbed.u));
        for (size_t i = 0; i < count; ++i) {
          ck_assert(rst_test_same_bits(ours[i], theirs[i]));
        }
      }
      rst_test_arrive(&perturbed);
      rst_test_arrive(&plain);
    }
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* In exact arithmetic the divisor does nothing, so that perturbations go without: from one state their bits are the same. */
START_TEST(divisor_has_no_part) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_flow_of_each(context, 2, RST_PRECISION_DOUBLE);
  struct rst_scheme_parameters parameters;
  rst_test_perturbed_variant(rst_scheme_names()[_i], 0, &parameters);
  struct rst_test_trajectory plain = rst_test_depart(context, flow, &parameters, 2);
  parameters.divisor = 3.0;
  if (rst_test_scheme_accepts(&parameters)) {
    struct rst_test_trajectory divided = rst_test_depart(context, flow, &parameters, 2);
    rst_test_step(&plain);
    rst_test_step(&divided);
    ck_assert(!rst_test_same_bits(plain.u, divided.u));
    for (size_t j = 0; j < 2; ++j) {
      ck_assert(
          rst_test_same_bits(rst_tangent_vector(plain.tangent, j), rst_tangent_vector(divided.tangent, j)));
    }
    rst_test_arrive(&divided);
  }
  rst_test_arrive(&plain);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("jacobian");
  TCase *tests = tcase_create("jacobian");
  const int schemes = rst_test_scheme_count();
  tcase_add_loop_test(tests, perturbations_are_derivatives_of_trajectories, 0, schemes);
  tcase_add_loop_test(tests, trajectory_keeps_its_bits, 0, schemes);
  tcase_add_loop_test(tests, divisor_has_no_part, 0, schemes);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
