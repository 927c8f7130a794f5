/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "motion/motion.h"

/** @file
 * Motions: the same steps whoever looks, and observations that are what the state says.
 */

enum { STEPS = 12 };

struct setting {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_field *start;
  struct rst_motion_parameters parameters;
};

static struct setting set_up(const char *kind) {
  struct setting made = {.context = rst_test_context()};
  made.flow = rst_test_conv(made.context, RST_PRECISION_DOUBLE, 12, 4);
  made.start = rst_test_state(made.context, made.flow, 3, 1.0);
  made.parameters.scheme = rst_test_scheme_defaults;
  made.parameters.scheme.kind = kind;
  made.parameters.scheme.weight_decay = 0.4;
  made.parameters.scheme.momentum = rst_test_scheme_has_momentum(kind) ? 0.7 : 0.0;
  return made;
}

static void tear_down(struct setting *setting) {
  rst_field_destroy(&setting->start);
  rst_flow_destroy(&setting->flow);
  rst_context_destroy(&setting->context);
}

static struct rst_motion *depart(const struct setting *setting) {
  struct rst_motion *motion = NULL;
  RST_TEST_OK(setting->context, rst_motion_create(setting->context, setting->flow, &setting->parameters,
                                                  setting->start, &motion));
  return motion;
}

START_TEST(who_looks_changes_nothing) {
  struct setting setting = set_up(rst_scheme_names()[_i]);
  struct rst_motion *plain = depart(&setting);
  struct rst_motion *glanced = depart(&setting);
  setting.parameters.observed = true;
  setting.parameters.has_slope = true;
  struct rst_motion *observed = depart(&setting);
  setting.parameters.perturbations = 2;
  setting.parameters.seed = 5;
  setting.parameters.has_events = true;
  struct rst_motion *perturbed = depart(&setting);
  struct rst_field *alone = rst_test_state(setting.context, setting.flow, 3, 1.0);
  struct rst_scheme *scheme = rst_test_scheme(setting.context, &setting.parameters.scheme, setting.flow);
  for (int t = 0; t < STEPS; ++t) {
    struct rst_observation seen;
    RST_TEST_OK(setting.context, rst_motion_advance(plain));
    if (t % 2 == 0) {
      rst_motion_look(glanced, &seen);
    }
    RST_TEST_OK(setting.context, rst_motion_advance(glanced));
    rst_motion_look(observed, &seen);
    RST_TEST_OK(setting.context, rst_motion_step(observed, &seen));
    rst_motion_look(perturbed, &seen);
    RST_TEST_OK(setting.context, rst_motion_step(perturbed, &seen));
  }
  rst_test_advance(setting.context, setting.flow, scheme, STEPS, alone);
  ck_assert(rst_test_same_bits(plain->u, alone));
  ck_assert(rst_test_same_bits(glanced->u, alone));
  ck_assert(rst_test_same_bits(observed->u, alone));
  ck_assert(rst_test_same_bits(perturbed->u, alone));
  ck_assert_int_eq(perturbed->iteration, STEPS);
  rst_scheme_destroy(&scheme);
  rst_field_destroy(&alone);
  rst_motion_destroy(&perturbed);
  rst_motion_destroy(&observed);
  rst_motion_destroy(&glanced);
  rst_motion_destroy(&plain);
  tear_down(&setting);
}
END_TEST

START_TEST(observations_belong_to_the_state_before_the_step) {
  struct setting setting = set_up(rst_scheme_names()[_i]);
  const double decay = setting.parameters.scheme.weight_decay;
  setting.parameters.observed = true;
  setting.parameters.has_slope = true;
  setting.parameters.perturbations = 1;
  struct rst_motion *motion = depart(&setting);
  struct rst_field *before = rst_test_state(setting.context, setting.flow, 3, 1.0);
  struct rst_field *gradient = rst_test_state(setting.context, setting.flow, 3, 1.0);
  double time = 0.0;
  double sum = 0.0;
  for (int t = 0; t < STEPS; ++t) {
    struct rst_observation seen;
    struct rst_flow_value value;
    rst_field_copy(motion->u, before);
    rst_flow_evaluate(setting.flow, before, &value, gradient);
    rst_field_axpy(decay, before, gradient);
    rst_motion_look(motion, &seen);
    ck_assert_int_eq(seen.iteration, t);
    ck_assert_double_eq(seen.value.data_loss, value.data_loss);
    rst_test_close(seen.loss, value.data_loss + 0.5 * decay * rst_field_dot(before, before), 1e-14);
    rst_test_close(seen.grad_norm, rst_field_norm(gradient), 1e-14);
    ck_assert_double_eq(seen.weight_norm, rst_field_norm(before));
    ck_assert(isnan(seen.update_norm) && isnan(seen.step_size) && isnan(seen.log_growth));
    if (t > 0) {
      rst_test_close(seen.exponents[0], sum / t, 1e-14);
    } else {
      ck_assert(isnan(seen.exponents[0]));
    }
    RST_TEST_OK(setting.context, rst_motion_step(motion, &seen));
    ck_assert(rst_test_same_bits(seen.u, before));
    ck_assert_double_eq(seen.update_norm, rst_field_distance(motion->u, before));
    time += seen.step_size;
    sum += seen.log_growth;
    rst_test_close(motion->time, time, 1e-14);
  }
  rst_field_destroy(&gradient);
  rst_field_destroy(&before);
  rst_motion_destroy(&motion);
  tear_down(&setting);
}
END_TEST

/* Beyond 2/alpha all perturbations grow in every step: one event, under way until the end. */
START_TEST(an_event_under_way_is_told) {
  struct setting setting = set_up("heavy-ball");
  struct rst_event event;
  bool ended = false;
  setting.parameters.scheme.lr = 12.0;
  setting.parameters.observed = true;
  setting.parameters.perturbations = 1;
  setting.parameters.has_events = true;
  struct rst_motion *motion = depart(&setting);
  for (int t = 0; t < STEPS; ++t) {
    struct rst_observation seen;
    rst_motion_look(motion, &seen);
    RST_TEST_OK(setting.context, rst_motion_step(motion, &seen));
  }
  RST_TEST_OK(setting.context, rst_motion_last_event(motion, &ended, &event));
  ck_assert(ended);
  ck_assert_int_eq(event.last, STEPS - 1);
  ck_assert_int_eq(event.kind, RST_EVENT_DISCRETE);
  rst_test_close(event.growth_discrete, log(event.amplification), 1e-12);
  ck_assert_double_eq(event.growth_continuous, 0.0);
  rst_motion_destroy(&motion);
  tear_down(&setting);
}
END_TEST

/* Copies in a row beside motions of one each, with a sampling whose member is that of the first. */
static void check_copies(struct setting *setting, const char *label) {
  enum { COPIES = 5 };
  const struct rst_motion_parameters one = setting->parameters;
  const size_t numbers = rst_field_count(setting->start);
  const size_t bytes = numbers * rst_precision_size(setting->start->precision);
  struct rst_field *row = NULL;
  struct rst_motion *all = NULL;
  RST_TEST_OK(setting->context,
              rst_field_create(setting->context, setting->start->precision, 1, COPIES * numbers, &row));
  for (uint32_t c = 0; c < COPIES; ++c) {
    struct rst_field *u = rst_test_state(setting->context, setting->flow, c + 1, 0.5);
    memcpy((char *)row->data + c * bytes, u->data, bytes);
    rst_field_destroy(&u);
  }
  setting->parameters.copies = COPIES;
  RST_TEST_OK(setting->context,
              rst_motion_create(setting->context, setting->flow, &setting->parameters, row, &all));
  for (int t = 0; t < STEPS; ++t) {
    RST_TEST_OK(setting->context, rst_motion_advance(all));
  }
  struct rst_observation seen;
  rst_motion_look(all, &seen);
  for (uint32_t c = 0; c < COPIES; ++c) {
    struct rst_observation own;
    struct rst_motion *motion = NULL;
    struct rst_field u;
    struct rst_field *start = rst_test_state(setting->context, setting->flow, c + 1, 0.5);
    struct rst_motion_parameters parameters = one;
    parameters.sampling.member += one.draws_together ? 0 : c;
    RST_TEST_OK(setting->context,
                rst_motion_create(setting->context, setting->flow, &parameters, start, &motion));
    for (int t = 0; t < STEPS; ++t) {
      RST_TEST_OK(setting->context, rst_motion_advance(motion));
    }
    rst_motion_look(motion, &own);
    rst_motion_look_at_copy(all, c, &u, &seen);
    ck_assert_msg(rst_test_same_bits(&u, motion->u), "%s, copy %u", label, (unsigned)c);
    ck_assert_double_eq(seen.loss, own.loss);
    ck_assert_double_eq(seen.weight_norm, own.weight_norm);
    ck_assert_double_eq(seen.value.data_loss, own.value.data_loss);
    rst_motion_destroy(&motion);
    rst_field_destroy(&start);
  }
  rst_motion_destroy(&all);
  rst_field_destroy(&row);
  setting->parameters = one;
}

START_TEST(copies_take_the_steps_of_each) {
  struct setting setting = set_up(rst_scheme_names()[_i]);
  struct rst_flow_parameters flow;
  char label[160];
  if (rst_scheme_facts(setting.parameters.scheme.kind).adapts) {
    tear_down(&setting);
    return;
  }
  check_copies(&setting, "conv");
  rst_field_destroy(&setting.start);
  rst_flow_destroy(&setting.flow);
  ck_assert(rst_test_small_flow("regression", 1, &flow, label));
  setting.flow = rst_test_flow(setting.context, &flow);
  setting.start = rst_test_state(setting.context, setting.flow, 3, 1.0);
  setting.parameters.schedule = (struct rst_schedule){.kind = RST_SCHEDULE_COSINE, .length = STEPS};
  for (const char *const *kind = rst_sampling_names(); *kind; ++kind) {
    for (int together = 0; together < 2; ++together) {
      setting.parameters.draws_together = together == 1;
      setting.parameters.sampling = (struct rst_sampling_parameters){
          .kind = *kind, .batch = 2, .length = 4.0, .sigma = 0.7, .seed = 3, .member = 2};
      check_copies(&setting, *kind);
    }
  }
  tear_down(&setting);
}
END_TEST

START_TEST(what_a_scheme_refuses_makes_no_motion) {
  struct setting setting = set_up("euler");
  struct rst_motion *motion = NULL;
  setting.parameters.scheme.lr = -1.0;
  RST_TEST_FAILS(
      setting.context, RST_ERROR_ARGUMENT, "lr is -1",
      rst_motion_create(setting.context, setting.flow, &setting.parameters, setting.start, &motion));
  ck_assert_ptr_null(motion);
  tear_down(&setting);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("motion");
  TCase *tests = tcase_create("motion");
  const int schemes = rst_test_scheme_count();
  tcase_add_loop_test(tests, who_looks_changes_nothing, 0, schemes);
  tcase_add_loop_test(tests, observations_belong_to_the_state_before_the_step, 0, schemes);
  tcase_add_loop_test(tests, copies_take_the_steps_of_each, 0, schemes);
  tcase_add_test(tests, an_event_under_way_is_told);
  tcase_add_test(tests, what_a_scheme_refuses_makes_no_motion);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
