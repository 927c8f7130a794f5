/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "restrain/spectrum.h"
#include "restrain/tangent.h"

/* <a, b> + lr^2 <buffer of a, buffer of b> for every buffer. */
static double inner_product(struct rst_tangent *tangent, double lr, size_t i, size_t j) {
  size_t parts = 0;
  struct rst_field **a = rst_test_perturbation(tangent, i, &parts);
  struct rst_field **b = rst_test_perturbation(tangent, j, &parts);
  double sum = rst_field_dot(a[0], b[0]);
  for (size_t part = 1; part < parts; ++part) {
    sum += lr * lr * rst_field_dot(a[part], b[part]);
  }
  return sum;
}

static void check_orthonormal(struct rst_tangent *tangent, double lr, double tolerance) {
  for (size_t i = 0; i < rst_tangent_count(tangent); ++i) {
    for (size_t j = 0; j <= i; ++j) {
      ck_assert_double_eq_tol(inner_product(tangent, lr, i, j), i == j ? 1.0 : 0.0, tolerance);
    }
  }
}

static bool is_pinned(struct rst_context *context, const struct rst_flow *flow, const struct rst_field *v) {
  struct rst_field *pinned = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, v, &pinned));
  rst_field_copy(v, pinned);
  rst_flow_pin(flow, pinned);
  const bool is = rst_field_distance(v, pinned) == 0.0;
  rst_field_destroy(&pinned);
  return is;
}

/* From the first moment on and after every step, in both precisions; momentum included; zero on fixed points. */
START_TEST(perturbations_stay_orthonormal) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < 2 * RST_TEST_FLOWS; ++index) {
    const bool is_float = index % 2;
    const double tolerance = is_float ? 1e-6 : 1e-14;
    struct rst_flow *flow =
        rst_test_flow_of_each(context, index / 2, is_float ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
    for (int v = 0; v < RST_TEST_PERTURBED_VARIANTS; ++v) {
      struct rst_scheme_parameters parameters;
      if (!rst_test_perturbed_variant(rst_scheme_names()[_i], v, &parameters)) {
        continue;
      }
      const size_t free_points = rst_spectrum_dense_count(flow);
      const size_t dimension = (1 + rst_test_scheme_buffers(parameters.kind)) * free_points;
      const size_t all = dimension < RST_TANGENT_MOST ? dimension : RST_TANGENT_MOST;
      struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, all);
      ck_assert_uint_eq(rst_tangent_count(trajectory.tangent), all);
      check_orthonormal(trajectory.tangent, parameters.lr, tolerance);
      ck_assert(isnan(rst_tangent_log_growth(trajectory.tangent, 0)));
      ck_assert(isnan(rst_tangent_rayleigh(trajectory.tangent)));
      for (int t = 0; t < 6; ++t) {
        rst_test_step(&trajectory);
        check_orthonormal(trajectory.tangent, parameters.lr, tolerance);
        for (size_t j = 0; j < all; ++j) {
          ck_assert(isfinite(rst_tangent_log_growth(trajectory.tangent, j)));
          ck_assert(is_pinned(context, flow, rst_tangent_vector(trajectory.tangent, j)));
        }
      }
      rst_test_arrive(&trajectory);
    }
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* In float they do what they do in double. */
START_TEST(float_follows_double) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_FLOWS; ++index) {
    struct rst_scheme_parameters parameters;
    rst_test_perturbed_variant(rst_scheme_names()[_i], 0, &parameters);
    struct rst_flow *flows[2];
    struct rst_test_trajectory trajectories[2];
    for (int f = 0; f < 2; ++f) {
      flows[f] = rst_test_flow_of_each(context, index, f ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
      trajectories[f] = rst_test_depart(context, flows[f], &parameters, 2);
    }
    struct rst_field *rounded = rst_test_state(context, flows[0], 1, 0.0);
    for (int t = 0; t < 5; ++t) {
      rst_test_step(&trajectories[0]);
      rst_test_step(&trajectories[1]);
      for (size_t j = 0; j < 2; ++j) {
        ck_assert_double_eq_tol(rst_tangent_log_growth(trajectories[1].tangent, j),
                                rst_tangent_log_growth(trajectories[0].tangent, j), 1e-3);
        rst_field_copy(rst_tangent_vector(trajectories[1].tangent, j), rounded);
        ck_assert_double_lt(rst_field_distance(rounded, rst_tangent_vector(trajectories[0].tangent, j)),
                            1e-4);
      }
    }
    rst_field_destroy(&rounded);
    for (int f = 0; f < 2; ++f) {
      rst_test_arrive(&trajectories[f]);
      rst_flow_destroy(&flows[f]);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* The quotient of the leading perturbation as it was before the step, on the free points. */
START_TEST(rayleigh_quotient_belongs_to_the_state_before) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_FLOWS; ++index) {
    struct rst_scheme_parameters parameters;
    rst_test_perturbed_variant(rst_scheme_names()[_i], 0, &parameters);
    struct rst_flow *flow = rst_test_flow_of_each(context, index, RST_PRECISION_DOUBLE);
    struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, 2);
    struct rst_field *du = rst_test_state(context, flow, 1, 0.0);
    struct rst_field *product = rst_test_state(context, flow, 1, 0.0);
    for (int t = 0; t < 3; ++t) {
      rst_field_copy(rst_tangent_vector(trajectory.tangent, 0), du);
      rst_flow_linearise(flow, trajectory.u, NULL, NULL);
      rst_flow_hessian_product(flow, du, product);
      rst_field_axpy(parameters.weight_decay, du, product);
      const double quotient = rst_field_dot(du, product) / rst_field_dot(du, du);
      rst_test_step(&trajectory);
      rst_test_close(rst_tangent_rayleigh(trajectory.tangent), quotient, 1e-12);
      ck_assert(rst_test_same_bits(rst_tangent_previous(trajectory.tangent), du));
      ck_assert(!rst_test_same_bits(rst_tangent_vector(trajectory.tangent, 0), du));
    }
    rst_field_destroy(&product);
    rst_field_destroy(&du);
    rst_test_arrive(&trajectory);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* A saved state goes on to the same bits in an object that began elsewhere. */
START_TEST(restored_state_goes_on_to_the_bit) {
  enum { COUNT = 3 };
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_FLOWS; ++index) {
    struct rst_scheme_parameters parameters;
    rst_test_perturbed_variant(rst_scheme_names()[_i], 0, &parameters);
    struct rst_flow *flow = rst_test_flow_of_each(context, index, RST_PRECISION_DOUBLE);
    struct rst_test_trajectory first = rst_test_depart(context, flow, &parameters, COUNT);
    struct rst_test_trajectory second = rst_test_depart(context, flow, &parameters, COUNT);
    struct rst_field **from = NULL;
    struct rst_field **to = NULL;
    for (int t = 0; t < 3; ++t) {
      rst_test_step(&first);
    }
    rst_test_copy_state(&first, &second);
    const size_t fields = rst_tangent_state(first.tangent, &from);
    ck_assert_uint_eq(rst_tangent_state(second.tangent, &to), fields);
    ck_assert_uint_eq(fields, COUNT * (1 + rst_test_scheme_buffers(parameters.kind)));
    ck_assert(!rst_test_same_bits(from[0], to[0]));
    for (size_t i = 0; i < fields; ++i) {
      rst_field_copy(from[i], to[i]);
    }
    for (int t = 0; t < 3; ++t) {
      rst_test_step(&first);
      rst_test_step(&second);
      ck_assert(rst_tangent_rayleigh(first.tangent) == rst_tangent_rayleigh(second.tangent));
      for (size_t j = 0; j < COUNT; ++j) {
        ck_assert(rst_tangent_log_growth(first.tangent, j) == rst_tangent_log_growth(second.tangent, j));
      }
      for (size_t i = 0; i < fields; ++i) {
        ck_assert(rst_test_same_bits(from[i], to[i]));
      }
    }
    rst_test_arrive(&second);
    rst_test_arrive(&first);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* No data term and lr alpha = 1: the step forgets everything. Then a perturbation begins anew, and vanishes anew. */
START_TEST(vanished_perturbations_begin_anew) {
  struct rst_context *context = rst_test_context();
  const struct rst_labelled_image black = {{.kind = "constant", .size = 6, .value = 0.0}, 1};
  struct rst_flow_parameters network = rst_test_network(&black, 1, 3);
  network.kind = "conv-linear";
  struct rst_flow *flow = rst_test_flow(context, &network);
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  parameters.kind = "euler";
  parameters.lr = 0.05;
  parameters.weight_decay = 20.0;
  struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, 3);
  for (int t = 0; t < 4; ++t) {
    rst_test_step(&trajectory);
    for (size_t j = 0; j < 3; ++j) {
      ck_assert(rst_tangent_log_growth(trajectory.tangent, j) == -INFINITY);
    }
    check_orthonormal(trajectory.tangent, parameters.lr, 1e-14);
  }
  rst_test_arrive(&trajectory);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Eigenvalues 0, 2, 2, 4 and 1 - lr (lambda + alpha) = -lambda/4: one of four perturbations vanishes. */
START_TEST(one_vanishes_beside_others) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, 4);
  const double expected[] = {0.0, log(0.5), log(0.5), -INFINITY};
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  parameters.kind = "euler";
  parameters.lr = 0.25;
  parameters.weight_decay = 4.0;
  struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, 4);
  for (int t = 0; t < 100; ++t) {
    rst_test_step(&trajectory);
    check_orthonormal(trajectory.tangent, parameters.lr, 1e-14);
  }
  for (size_t j = 0; j < 3; ++j) {
    ck_assert_double_eq_tol(rst_tangent_log_growth(trajectory.tangent, j), expected[j], 1e-13);
  }
  ck_assert(rst_tangent_log_growth(trajectory.tangent, 3) == -INFINITY);
  rst_test_arrive(&trajectory);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* A state that overflows leaves the perturbations alone, for linear flows too, whose products know nothing of it. */
START_TEST(overflow_leaves_perturbations_alone) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_FLOWS; ++index) {
    struct rst_scheme_parameters parameters;
    rst_test_perturbed_variant(rst_scheme_names()[_i], 0, &parameters);
    struct rst_flow *flow = rst_test_flow_of_each(context, index, RST_PRECISION_DOUBLE);
    struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, 2);
    struct rst_field *kept = rst_test_state(context, flow, 1, 0.0);
    struct rst_field *u = rst_test_state(context, flow, 7, 0.5);
    rst_test_step(&trajectory);
    for (int fault = 0; fault < 2; ++fault) {
      rst_field_copy(rst_tangent_vector(trajectory.tangent, 1), kept);
      rst_field_set(trajectory.u, 0, 7, fault ? NAN : INFINITY);
      rst_test_step(&trajectory);
      ck_assert(isnan(rst_tangent_log_growth(trajectory.tangent, 0)));
      ck_assert(isnan(rst_tangent_log_growth(trajectory.tangent, 1)));
      ck_assert(rst_test_same_bits(rst_tangent_vector(trajectory.tangent, 1), kept));
      check_orthonormal(trajectory.tangent, parameters.lr, 1e-14);
    }
    struct rst_test_trajectory finite = rst_test_depart(context, flow, &parameters, 0);
    rst_test_copy_state(&finite, &trajectory);
    rst_field_copy(u, trajectory.u);
    rst_test_step(&trajectory);
    ck_assert(isfinite(rst_tangent_log_growth(trajectory.tangent, 0)));
    rst_test_arrive(&finite);
    rst_field_destroy(&u);
    rst_field_destroy(&kept);
    rst_test_arrive(&trajectory);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* One after the other, each du and then lr dv; Gram and Schmidt by hand. */
START_TEST(random_start_is_the_normal_sequence) {
  enum { POINTS = 8, MOST = 2 * POINTS };
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, POINTS);
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  parameters.kind = _i ? "heavy-ball" : "euler";
  parameters.momentum = 0.5;
  const size_t size = _i ? MOST : POINTS;
  struct rst_tangent *tangent = NULL;
  double q[2 * MOST];
  RST_TEST_OK(context, rst_random_normal(context, 11, 2 * size, q));
  RST_TEST_OK(context, rst_tangent_create(context, &parameters, flow, 2, 11, &tangent));
  for (size_t j = 0; j < 2; ++j) {
    double *v = q + j * size;
    double projection = 0.0;
    double square = 0.0;
    for (size_t i = 0; i < size; ++i) {
      v[i] = i % POINTS == 0 || i % POINTS == POINTS - 1 ? 0.0 : v[i];
      projection += j ? v[i] * q[i] : 0.0;
    }
    for (size_t i = 0; i < size; ++i) {
      v[i] -= j ? projection * q[i] : 0.0;
      square += v[i] * v[i];
    }
    for (size_t i = 0; i < size; ++i) {
      v[i] /= sqrt(square);
      size_t parts = 0;
      struct rst_field **fields = rst_test_perturbation(tangent, j, &parts);
      ck_assert_uint_eq(parts, size / POINTS);
      const double weight = i < POINTS ? 1.0 : parameters.lr;
      ck_assert_double_eq_tol(weight * rst_field_get(fields[i / POINTS], 0, i % POINTS), v[i], 1e-15);
    }
  }
  rst_tangent_destroy(&tangent);
  rst_tangent_destroy(&tangent);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* One point carries 1/n, all alike carry 1, whatever the size; half of them carry 1/2. */
START_TEST(participation_ratios) {
  struct rst_context *context = rst_test_context();
  for (int is_float = 0; is_float < 2; ++is_float) {
    struct rst_field *v = NULL;
    RST_TEST_OK(context,
                rst_field_create(context, is_float ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE, 4, 6, &v));
    ck_assert(isnan(rst_participation_ratio(v)));
    const double sizes[] = {1.0, is_float ? 1e-30 : 1e-200, is_float ? -1e30 : -1e200};
    for (int i = 0; i < 3; ++i) {
      rst_field_fill(0.0, v);
      rst_field_set(v, 2, 3, sizes[i]);
      ck_assert_double_eq_tol(rst_participation_ratio(v), 1.0 / 24.0, 4e-15);
      rst_field_fill(sizes[i], v);
      ck_assert_double_eq_tol(rst_participation_ratio(v), 1.0, 4e-15);
      for (size_t k = 0; k < 12; ++k) {
        rst_field_set(v, k / 6, k % 6, 0.0);
      }
      ck_assert_double_eq_tol(rst_participation_ratio(v), 0.5, 4e-15);
    }
    rst_field_fill(1.0, v);
    rst_field_set(v, 0, 0, 2.0);
    ck_assert_double_eq_tol(rst_participation_ratio(v), 27.0 * 27.0 / (24.0 * 39.0), 4e-15);
    rst_field_set(v, 0, 0, NAN);
    ck_assert(isnan(rst_participation_ratio(v)));
    rst_field_destroy(&v);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(counts_out_of_range_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *small = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 8);
  struct rst_flow *large = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 80);
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  parameters.kind = "euler";
  const struct {
    struct rst_flow *flow;
    size_t count;
    const char *fragment;
  } table[] = {{small, 0, "0 perturbations were asked for; choose 1 to 64"},
               {large, RST_TANGENT_MOST + 1, "65 perturbations were asked for; choose 1 to 64"},
               {small, 7, "7 perturbations were asked for, but there are 6 degrees of freedom"}};
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    struct rst_tangent *tangent = NULL;
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, table[i].fragment,
                   rst_tangent_create(context, &parameters, table[i].flow, table[i].count, 1, &tangent));
    ck_assert_ptr_null(tangent);
  }
  struct rst_tangent *tangent = NULL;
  RST_TEST_OK(context, rst_tangent_create(context, &parameters, small, 6, 1, &tangent));
  rst_tangent_destroy(&tangent);
  parameters.kind = "nesterov";
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT,
                 "13 perturbations were asked for, but there are 12 degrees of freedom",
                 rst_tangent_create(context, &parameters, small, 13, 1, &tangent));
  RST_TEST_OK(context, rst_tangent_create(context, &parameters, small, 12, 1, &tangent));
  rst_tangent_destroy(&tangent);
  RST_TEST_OK(context, rst_tangent_create(context, &parameters, large, RST_TANGENT_MOST, 1, &tangent));
  rst_tangent_destroy(&tangent);
  parameters.kind = "eve";
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "unknown scheme 'eve'",
                 rst_tangent_create(context, &parameters, small, 1, 1, &tangent));
  ck_assert_ptr_null(tangent);
  rst_flow_destroy(&large);
  rst_flow_destroy(&small);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("tangent");
  TCase *tests = tcase_create("tangent");
  const int schemes = rst_test_scheme_count();
  tcase_add_loop_test(tests, perturbations_stay_orthonormal, 0, schemes);
  tcase_add_loop_test(tests, float_follows_double, 0, schemes);
  tcase_add_loop_test(tests, rayleigh_quotient_belongs_to_the_state_before, 0, schemes);
  tcase_add_loop_test(tests, restored_state_goes_on_to_the_bit, 0, schemes);
  tcase_add_test(tests, vanished_perturbations_begin_anew);
  tcase_add_test(tests, one_vanishes_beside_others);
  tcase_add_loop_test(tests, overflow_leaves_perturbations_alone, 0, schemes);
  tcase_add_loop_test(tests, random_start_is_the_normal_sequence, 0, 2);
  tcase_add_test(tests, participation_ratios);
  tcase_add_test(tests, counts_out_of_range_are_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
