/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/scheme_type.h"
#include "support.h"

static bool is(const char *kind, const char *name) {
  return strcmp(kind, name) == 0;
}

/* u - (lr q)(g/q), g = grad E + alpha u, in plain C with every intermediate in memory. */
static double euler_double(double u, double gradient, double lr, double alpha, double q) {
  volatile double decay = alpha * u;
  volatile double g = gradient + decay;
  volatile double factor = lr * q;
  volatile double quotient = g / q;
  volatile double product = factor * quotient;
  volatile double next = u - product;
  return next;
}

static double euler_float(double u, double gradient, double lr, double alpha, double q) {
  volatile float decay = (float)alpha * (float)u;
  volatile float g = (float)gradient + decay;
  volatile float factor = (float)lr * (float)q;
  volatile float quotient = g / (float)q;
  volatile float product = factor * quotient;
  volatile float next = (float)u - product;
  return (double)next;
}

START_TEST(euler_to_the_last_bit) {
  struct rst_context *context = rst_test_context();
  const bool is_float = _i;
  struct rst_flow *flow = rst_test_heat(context, is_float ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE,
                                        RST_BOUNDARY_PERIODIC, 2, 9);
  const double divisors[] = {1.0, 3.0, 7.0, 0.3};
  int moved = 0;
  for (int d = 0; d < 4; ++d) {
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = "euler";
    p.lr = 0.07;
    p.weight_decay = 0.9;
    p.divisor = divisors[d];
    struct rst_scheme *scheme = rst_test_scheme(context, &p, flow);
    struct rst_field *u = rst_test_state(context, flow, 5, 1.0);
    struct rst_field *before = rst_test_state(context, flow, 5, 1.0);
    struct rst_field *gradient = rst_test_state(context, flow, 6, 1.0);
    struct rst_field *given = rst_test_state(context, flow, 6, 1.0);
    double dt = 0.0;
    RST_TEST_OK(context, rst_scheme_step(scheme, gradient, u, &dt));
    ck_assert(dt == p.lr);
    for (size_t y = 0; y < u->ny; ++y) {
      for (size_t x = 0; x < u->nx; ++x) {
        const double u0 = rst_field_get(before, y, x);
        const double g0 = rst_field_get(given, y, x);
        double (*const reference)(double, double, double, double, double) =
            is_float ? euler_float : euler_double;
        ck_assert(rst_field_get(u, y, x) == reference(u0, g0, p.lr, p.weight_decay, p.divisor));
        moved += rst_field_get(u, y, x) != reference(u0, g0, p.lr, p.weight_decay, 1.0);
      }
    }
    rst_field_destroy(&given);
    rst_field_destroy(&gradient);
    rst_field_destroy(&before);
    rst_field_destroy(&u);
    rst_scheme_destroy(&scheme);
  }
  ck_assert_int_gt(moved, 0);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

static struct rst_field *run_from(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                                  struct rst_flow *flow, long steps) {
  struct rst_scheme *scheme = rst_test_scheme(context, parameters, flow);
  struct rst_field *u = rst_test_state(context, flow, 5, 1.0);
  rst_test_advance(context, flow, scheme, steps, u);
  rst_scheme_destroy(&scheme);
  return u;
}

static bool same_bits(const struct rst_field *a, const struct rst_field *b) {
  const size_t bytes = rst_field_count(a) * rst_precision_size(a->precision);
  return memcmp(a->data, b->data, bytes) == 0;
}

/* Without momentum both momentum schemes are gradient descent, divisor and all. The divisor reaches theirs
 * too. */
START_TEST(momentum_schemes_contain_euler) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 2, 9);
  const char *const kinds[] = {"heavy-ball", "nesterov"};
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.weight_decay = 0.4;
  p.divisor = 3.0;
  p.kind = "euler";
  struct rst_field *euler = run_from(context, &p, flow, 20);
  for (int i = 0; i < 2; ++i) {
    p.kind = kinds[i];
    p.momentum = 0.0;
    struct rst_field *plain = run_from(context, &p, flow, 20);
    ck_assert(same_bits(plain, euler));
    p.momentum = 0.5;
    struct rst_field *divided = run_from(context, &p, flow, 20);
    p.divisor = 1.0;
    struct rst_field *undivided = run_from(context, &p, flow, 20);
    ck_assert(!same_bits(divided, undivided));
    ck_assert_double_lt(rst_field_distance(divided, undivided), 1e-14);
    p.divisor = 3.0;
    rst_field_destroy(&undivided);
    rst_field_destroy(&divided);
    rst_field_destroy(&plain);
  }
  rst_field_destroy(&euler);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The inside has moved, or not; the rim has not. */
static void check_moved(const struct rst_flow *flow, const struct rst_field *u,
                        const struct rst_field *before, bool moved) {
  const struct rst_field now = rst_test_kernel(flow, u);
  const struct rst_field then = rst_test_kernel(flow, before);
  for (size_t y = 0; y < now.ny; ++y) {
    for (size_t x = 0; x < now.nx; ++x) {
      const bool rim = x == 0 || x + 1 == now.nx || (now.ny > 1 && (y == 0 || y + 1 == now.ny));
      const bool differs = rst_field_get(&now, y, x) != rst_field_get(&then, y, x);
      ck_assert_msg(differs == (moved && !rim), "point %zu %zu", y, x);
    }
  }
}

/* The ends of a heat flow with fixed ends keep their bits under every scheme and under the continuous flow,
 * decay and all, while the inside moves. */
START_TEST(fixed_points_never_move) {
  struct rst_context *context = rst_test_context();
  for (int variant = 0; variant < 8; ++variant) {
    const enum rst_precision precision = variant & 1 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
    struct rst_flow *flow = rst_test_heat(context, precision, RST_BOUNDARY_DIRICHLET, variant & 2 ? 2 : 1, 8);
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.weight_decay = 0.7;
    p.momentum = 0.6;
    p.decay = variant & 4 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
    for (int i = 0; i <= rst_test_scheme_count(); ++i) {
      struct rst_field *before = rst_test_state(context, flow, 5, 1.0);
      struct rst_field *u = rst_test_state(context, flow, 5, 1.0);
      p.kind = i < rst_test_scheme_count() ? rst_scheme_names()[i] : NULL;
      if (!p.kind) {
        RST_TEST_OK(context, rst_flow_integrate(context, flow, 0.7, 0.5, 1e-6, u));
      } else if (rst_test_scheme_accepts(&p)) {
        struct rst_scheme *scheme = rst_test_scheme(context, &p, flow);
        rst_test_advance(context, flow, scheme, 5, u);
        rst_scheme_destroy(&scheme);
      }
      check_moved(flow, u, before, !p.kind || rst_test_scheme_accepts(&p));
      rst_field_destroy(&u);
      rst_field_destroy(&before);
    }
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* State and scheme state are all that a scheme remembers: a restored run goes on to the bit. */
START_TEST(restored_state_goes_on_to_the_bit) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 24, 5);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = rst_scheme_names()[_i];
  p.lr = is(p.kind, "cfl") ? 10.0 : 0.05;
  p.weight_decay = 0.5;
  p.momentum = 0.9;
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_field *v = rst_test_state(context, flow, 8, 1.0);
  struct rst_scheme *first = rst_test_scheme(context, &p, flow);
  rst_test_advance(context, flow, first, 3, u);
  struct rst_scheme *second = rst_test_scheme(context, &p, flow);
  struct rst_field **from = NULL;
  struct rst_field **to = NULL;
  const size_t count = rst_scheme_state(first, &from);
  ck_assert_uint_eq(count, is(p.kind, "cfl")    ? 1
                           : is(p.kind, "adam") ? 3 /* both averages and the number of updates */
                                                : rst_test_scheme_buffers(p.kind));
  ck_assert_uint_eq(rst_scheme_state(second, &to), count);
  for (size_t i = 0; i < count; ++i) {
    ck_assert(rst_field_norm(to[i]) == 0.0 && rst_field_norm(from[i]) > 0.0);
    rst_field_copy(from[i], to[i]);
  }
  rst_field_copy(u, v);
  rst_test_advance(context, flow, first, 3, u);
  rst_test_advance(context, flow, second, 3, v);
  ck_assert(same_bits(u, v));
  rst_scheme_destroy(&second);
  rst_scheme_destroy(&first);
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(parameters_out_of_range_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, 8);
  const struct {
    struct rst_scheme_parameters parameters;
    const char *fragment;
  } table[] = {
      {{"euler", 0.0, 0, 0, 1, 1, RST_DECAY_COUPLED, {0}}, "lr is 0; it must be positive"},
      {{"euler", -0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {0}}, "lr is -0.1"},
      {{"euler", NAN, 0, 0, 1, 1, RST_DECAY_COUPLED, {0}}, "lr is nan"},
      {{"euler", INFINITY, 0, 0, 1, 1, RST_DECAY_COUPLED, {0}}, "lr is inf"},
      {{"euler", 0.1, -1, 0, 1, 1, RST_DECAY_COUPLED, {0}}, "weight_decay is -1"},
      {{"euler", 0.1, NAN, 0, 1, 1, RST_DECAY_COUPLED, {0}}, "weight_decay is nan"},
      {{"heavy-ball", 0.1, 0, 1, 1, 1, RST_DECAY_COUPLED, {0}},
       "momentum is 1; it must be at least 0 and below 1"},
      {{"nesterov", 0.1, 0, -0.5, 1, 1, RST_DECAY_COUPLED, {0}}, "momentum is -0.5"},
      {{"nesterov", 0.1, 0, NAN, 1, 1, RST_DECAY_COUPLED, {0}}, "momentum is nan"},
      {{"euler", 0.1, 0, 0, 0, 1, RST_DECAY_COUPLED, {0}}, "divisor is 0"},
      {{"euler", 0.1, 0, 0, NAN, 1, RST_DECAY_COUPLED, {0}}, "divisor is nan"},
      {{"euler", 1e200, 0, 0, 1e200, 1, RST_DECAY_COUPLED, {0}}, "divisor is 1e+200 with lr 1e+200"},
      {{"rk4", 0.1, 0, 0, 3, 1, RST_DECAY_COUPLED, {0}}, "divisor is 3, but scheme rk4 takes none"},
      {{"rk2", 0.1, 0, 0, 3, 1, RST_DECAY_COUPLED, {0}}, "scheme rk2"},
      {{"imex", 0.1, 0, 0, 3, 1, RST_DECAY_COUPLED, {0}}, "scheme imex"},
      {{"euler", 0.1, 0, 0, 1, 1, RST_DECAY_DECOUPLED, {0}}, "decay is decoupled, but scheme euler"},
      {{"cfl", 0.1, 0, 0, 1, 1, RST_DECAY_DECOUPLED, {0}}, "scheme cfl"},
      {{"cfl", 0.1, 0, 0, 1, 0, RST_DECAY_COUPLED, {0}}, "safety is 0"},
      {{"cfl", 0.1, 0, 0, 1, 1.5, RST_DECAY_COUPLED, {0}}, "safety is 1.5"},
      {{"adam", 0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {1.0, 0.999, 1e-8}}, "beta1 is 1; it must be at least 0"},
      {{"adam", 0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {0.9, -0.5, 1e-8}}, "beta2 is -0.5"},
      {{"adam", 0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {0.9, NAN, 1e-8}}, "beta2 is nan"},
      {{"adam", 0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {0.9, 0.999, 0.0}}, "epsilon is 0; it must be positive"},
      {{"adam", 0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {0.9, 0.999, INFINITY}}, "epsilon is inf"},
      {{"eve", 0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {0}},
       "unknown scheme 'eve'; choose one of: euler, heavy-ball, nesterov, rk2, rk4, imex, cfl, adam"},
      {{NULL, 0.1, 0, 0, 1, 1, RST_DECAY_COUPLED, {0}}, "unknown scheme ''"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    struct rst_scheme *scheme = NULL;
    double value = 7.0;
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, table[i].fragment,
                   rst_scheme_create(context, &table[i].parameters, flow, &scheme));
    ck_assert_ptr_null(scheme);
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, table[i].fragment,
                   rst_scheme_growth(context, &table[i].parameters, 1.0, &value));
    ck_assert(value == 7.0);
  }
  static const char *const without[] = {"cfl", "adam"};
  for (size_t i = 0; i < sizeof without / sizeof *without; ++i) {
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = without[i];
    double value = 7.0;
    RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "has no growth polynomial",
                   rst_scheme_growth(context, &p, 1.0, &value));
  }
  struct rst_scheme *none = NULL;
  rst_scheme_destroy(&none);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* S(u, g) of one step from a fresh scheme; g is the gradient that the step is given. */
static struct rst_field *step_from(struct rst_context *context, const struct rst_scheme_parameters *p,
                                   struct rst_flow *flow, double a, double b) {
  struct rst_scheme *scheme = rst_test_scheme(context, p, flow);
  struct rst_field *u = rst_test_state(context, flow, 5, a);
  struct rst_field *more = rst_test_state(context, flow, 6, b);
  struct rst_field *gradient = rst_test_state(context, flow, 7, a - b);
  rst_field_axpy(1.0, more, u);
  RST_TEST_OK(context, rst_scheme_step(scheme, gradient, u, NULL));
  rst_field_destroy(&gradient);
  rst_field_destroy(&more);
  rst_scheme_destroy(&scheme);
  return u;
}

/* S(u1, g1) + S(u2, g2) = S(u1 + u2, g1 + g2) + S(0, 0), on a flow that is not linear. */
static bool is_affine(struct rst_context *context, const struct rst_scheme_parameters *p) {
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 16, 4);
  struct rst_field *one = step_from(context, p, flow, 1.0, 0.0);
  struct rst_field *other = step_from(context, p, flow, 0.0, 1.0);
  struct rst_field *both = step_from(context, p, flow, 1.0, 1.0);
  struct rst_field *none = step_from(context, p, flow, 0.0, 0.0);
  rst_field_axpy(1.0, other, one);
  rst_field_axpy(1.0, none, both);
  const bool affine = rst_field_distance(one, both) < 1e-13 * rst_field_norm(both);
  rst_field_destroy(&none);
  rst_field_destroy(&both);
  rst_field_destroy(&other);
  rst_field_destroy(&one);
  rst_flow_destroy(&flow);
  return affine;
}

/* What a type says of itself against what its steps and its growth polynomial do. */
START_TEST(facts_hold) {
  struct rst_context *context = rst_test_context();
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = rst_scheme_names()[_i];
  p.lr = 100.0;
  p.weight_decay = 1.0;
  const struct rst_scheme_facts facts = rst_scheme_facts(p.kind);
  ck_assert(facts.affine == is_affine(context, &p));
  ck_assert(facts.buffers == rst_test_scheme_buffers(p.kind));
  double complex here[RST_GROWTH_MAX_DEGREE + 1];
  double complex there[RST_GROWTH_MAX_DEGREE + 1];
  int degree = 0;
  const bool depends = rst_scheme_growth_polynomial(context, &p, 1.0, here, &degree) == RST_ERROR_UNSUPPORTED;
  ck_assert((facts.adapts || facts.preconditioned) == depends);
  ck_assert(!(facts.adapts && facts.preconditioned));
  if (!depends) {
    double growth = 0.0;
    p.momentum = facts.buffers > 0 ? 0.5 : 0.0;
    RST_TEST_OK(context, rst_scheme_growth(context, &p, 0.0, &growth));
    ck_assert(facts.implicit_decay == (growth < 1.0));
    RST_TEST_OK(context, rst_scheme_growth_polynomial(context, &p, 1.0, here, &degree));
    RST_TEST_OK(context, rst_scheme_growth_polynomial(context, &p, 2.0, there, &degree));
    ck_assert(facts.looks_ahead == (degree == 2 && cabs(here[0] - there[0]) > 1.0));
    /* A step is a polynomial in H of degree 1, and nothing else is remembered. */
    ck_assert(facts.symmetric_jacobian == (facts.affine && degree == 1));
  }
  rst_context_destroy(&context);
}
END_TEST

static bool lists(const struct rst_keys *const *tables, const struct rst_keys *table) {
  while (tables && *tables && *tables != table) {
    ++tables;
  }
  return tables && *tables;
}

START_TEST(schemes_offer_the_keys_that_they_take) {
#define TYPE(symbol, name) &rst_scheme_##symbol,
  static const struct rst_scheme_type *const types[] = {RST_SCHEME_LIST(TYPE)};
#undef TYPE
  const struct rst_scheme_type *type = types[_i];
  ck_assert_ptr_eq(rst_scheme_keys((size_t)_i), type->keys);
  ck_assert_int_eq(lists(type->keys, &rst_divisor_keys), type->takes_divisor);
  ck_assert_int_eq(lists(type->keys, &rst_momentum_keys),
                   rst_test_scheme_has_momentum(rst_scheme_names()[_i]));
  ck_assert_int_eq(lists(type->keys, &rst_decay_keys), type->facts.buffers > 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("scheme");
  TCase *tests = tcase_create("scheme");
  const int schemes = rst_test_scheme_count();
  tcase_add_loop_test(tests, euler_to_the_last_bit, 0, 2);
  tcase_add_test(tests, momentum_schemes_contain_euler);
  tcase_add_test(tests, fixed_points_never_move);
  tcase_add_loop_test(tests, restored_state_goes_on_to_the_bit, 0, schemes);
  tcase_add_test(tests, parameters_out_of_range_are_refused);
  tcase_add_loop_test(tests, facts_hold, 0, schemes);
  tcase_add_loop_test(tests, schemes_offer_the_keys_that_they_take, 0, schemes);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
