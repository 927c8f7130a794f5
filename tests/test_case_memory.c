/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/schema.h"
#include "support.h"

/** @file
 * Cases and images that come from memory.
 */

#define CONTEXT rst_test_bench.context

static const char *const conv_overrides[] = {"flow.kind=conv", "flow.kernel=4",
                                             "flow.image={kind: gaussian-field, size: 12, seed: 3}",
                                             "step.lr=0.1", "step.iterations=20"};
enum { CONV_OVERRIDES = sizeof conv_overrides / sizeof *conv_overrides };

START_TEST(overrides_alone_make_a_case_that_runs) {
  for (int pass = 0; pass < 2; ++pass) {
    struct rst_case *loaded = NULL;
    RST_TEST_OK(CONTEXT,
                rst_case_parse(CONTEXT, pass ? "" : NULL, NULL, conv_overrides, CONV_OVERRIDES, &loaded));
    struct rst_flow *flow = rst_test_flow(CONTEXT, &loaded->flow);
    struct rst_field *u = rst_test_state(CONTEXT, flow, 0, 1.0);
    RST_TEST_OK(CONTEXT, rst_initial_fill(CONTEXT, &loaded->initial, rst_flow_layout(flow), u));
    struct rst_scheme *scheme = rst_test_scheme(CONTEXT, &loaded->step.scheme, flow);
    const double before = rst_field_norm(u);
    rst_test_advance(CONTEXT, flow, scheme, loaded->step.iterations, u);
    ck_assert(rst_field_is_finite(u) && rst_field_norm(u) != before);
    rst_field_destroy(&u);
    rst_scheme_destroy(&scheme);
    rst_flow_destroy(&flow);
    rst_case_destroy(&loaded);
  }
}
END_TEST

START_TEST(text_gives_the_case_that_a_file_gives) {
  struct rst_case *file = rst_test_case(RST_TEST_HEAT_CASE, "step.lr=0.3", NULL);
  struct rst_case *text = NULL;
  static const char *const overrides[] = {"step.lr=0.3"};
  RST_TEST_OK(CONTEXT, rst_case_parse(CONTEXT, RST_TEST_HEAT_CASE, NULL, overrides, 1, &text));
  ck_assert_str_eq(rst_case_effective(text), rst_case_effective(file));
  ck_assert_str_eq(rst_case_source(text), RST_TEST_HEAT_CASE);
  rst_case_destroy(&file);
  rst_case_destroy(&text);
}
END_TEST

START_TEST(faults_of_a_text_are_told_by_place) {
  struct rst_case *loaded = NULL;
  RST_TEST_FAILS(CONTEXT, RST_ERROR_CASE, "case:1:8: error: unknown key \"flow.kidn\"",
                 rst_case_parse(CONTEXT, "flow: {kidn: heat}\n", NULL, NULL, 0, &loaded));
  ck_assert_ptr_null(loaded);
  RST_TEST_FAILS(CONTEXT, RST_ERROR_CASE, "case:1:1: error: missing key \"flow.kind\"",
                 rst_case_parse(CONTEXT, NULL, NULL, NULL, 0, &loaded));
  static const char *const overrides[] = {"step.lrr=1"};
  RST_TEST_FAILS(CONTEXT, RST_ERROR_CASE, "-D step.lrr=1: error: unknown key",
                 rst_case_parse(CONTEXT, RST_TEST_HEAT_CASE, NULL, overrides, 1, &loaded));
}
END_TEST

START_TEST(file_names_are_relative_to_the_folder) {
  static const char text[] = RST_TEST_HEAT_CASE "initial: {kind: file, file: u.png}\n";
  static const struct {
    const char *folder, *expected;
  } table[] = {{NULL, "u.png"}, {"", "u.png"}, {"a/b", "a/b/u.png"}, {"/", "/u.png"}};
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    struct rst_case *loaded = NULL;
    RST_TEST_OK(CONTEXT, rst_case_parse(CONTEXT, text, table[i].folder, NULL, 0, &loaded));
    ck_assert_str_eq(loaded->initial.file, table[i].expected);
    struct rst_case *made = NULL;
    static const char *const overrides[] = {"initial.scale=2"};
    RST_TEST_OK(CONTEXT, rst_case_with(CONTEXT, loaded, overrides, 1, &made));
    ck_assert_str_eq(made->initial.file, table[i].expected);
    rst_case_destroy(&loaded);
    rst_case_destroy(&made);
  }
}
END_TEST

START_TEST(further_overrides_follow_those_of_the_case) {
  struct rst_case *from = rst_test_case(RST_TEST_HEAT_CASE, "step.lr=0.3", "step.weight_decay=2");
  static const char *const overrides[] = {"step.lr=0.2", "step.scheme=rk4"};
  struct rst_case *made = NULL;
  RST_TEST_OK(CONTEXT, rst_case_with(CONTEXT, from, overrides, 2, &made));
  ck_assert(made->step.scheme.lr == 0.2 && made->step.scheme.weight_decay == 2);
  ck_assert_str_eq(made->step.scheme.kind, "rk4");
  ck_assert(from->step.scheme.lr == 0.3);
  struct rst_case *again = NULL;
  RST_TEST_OK(CONTEXT, rst_case_with(CONTEXT, from, NULL, 0, &again));
  ck_assert_str_eq(rst_case_effective(again), rst_case_effective(from));
  rst_case_destroy(&from);
  rst_case_destroy(&made);
  rst_case_destroy(&again);
  RST_TEST_OK(CONTEXT, rst_case_parse(CONTEXT, RST_TEST_HEAT_CASE, NULL, NULL, 0, &from));
  RST_TEST_FAILS(CONTEXT, RST_ERROR_CASE, "-D step.lr=-1: error: key \"step.lr\"",
                 rst_case_with(CONTEXT, from, (const char *const[]){"step.lr=-1"}, 1, &made));
  ck_assert_ptr_null(made);
  rst_case_destroy(&from);
}
END_TEST

/* Gradient and loss at one state. */
static double evaluate(const struct rst_image_parameters *image, enum rst_precision precision,
                       struct rst_field **gradient) {
  const struct rst_labelled_image labelled = {.image = *image, .label = 1};
  struct rst_flow_parameters parameters = rst_test_network(&labelled, 1, 5);
  parameters.precision = precision;
  struct rst_flow *flow = rst_test_flow(CONTEXT, &parameters);
  struct rst_field *u = rst_test_state(CONTEXT, flow, 4, 0.1);
  struct rst_flow_value value;
  RST_TEST_OK(CONTEXT, rst_field_create_like(CONTEXT, u, gradient));
  rst_flow_evaluate(flow, u, &value, *gradient);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  return value.data_loss;
}

START_TEST(pixels_act_as_the_image_they_are) {
  const enum rst_precision precision = _i ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
  const struct rst_image_parameters synthetic = {
      .kind = "gaussian-field", .size = 17, .seed = 5, .exponent = 2};
  struct rst_field *pixels = NULL;
  RST_TEST_OK(CONTEXT, rst_image_create(CONTEXT, &synthetic, RST_PRECISION_DOUBLE, &pixels));
  const struct rst_image_parameters given = {.pixels = pixels};
  struct rst_field *expected = NULL;
  struct rst_field *found = NULL;
  const double loss = evaluate(&synthetic, precision, &expected);
  ck_assert(evaluate(&given, precision, &found) == loss);
  ck_assert(rst_test_same_bits(found, expected));
  rst_field_destroy(&expected);
  rst_field_destroy(&found);
  rst_field_destroy(&pixels);
}
END_TEST

/* The loss at an initial state of the flow of a case. */
static double loss_of(const struct rst_case *from) {
  struct rst_flow *flow = rst_test_flow(CONTEXT, &from->flow);
  struct rst_field *u = rst_test_state(CONTEXT, flow, 4, 0.1);
  struct rst_flow_value value;
  rst_flow_evaluate(flow, u, &value, NULL);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  return value.data_loss;
}

START_TEST(the_image_of_a_case_may_be_given) {
  enum { SIDE = 12 };
  static const char *const in_memory[] = {"flow.image={kind: memory}"};
  static const char *const shorter[] = {"step.iterations=3"};
  const char *all[CONV_OVERRIDES + 1];
  memcpy(all, conv_overrides, sizeof conv_overrides);
  all[CONV_OVERRIDES] = in_memory[0];
  double values[SIDE * SIDE];
  struct rst_case *synthetic = NULL;
  struct rst_case *given = NULL;
  struct rst_case *further = NULL;
  struct rst_field *pixels = NULL;
  RST_TEST_OK(CONTEXT, rst_case_parse(CONTEXT, NULL, NULL, conv_overrides, CONV_OVERRIDES, &synthetic));
  RST_TEST_OK(CONTEXT, rst_case_parse(CONTEXT, NULL, NULL, all, CONV_OVERRIDES + 1, &given));
  RST_TEST_OK(CONTEXT,
              rst_image_create(CONTEXT, &synthetic->flow.conv.single.image, RST_PRECISION_DOUBLE, &pixels));
  memcpy(values, pixels->data, sizeof values);
  rst_field_fill(0.0, pixels);
  RST_TEST_OK(CONTEXT, rst_case_set_image(CONTEXT, pixels->data, 5, 7, given));
  RST_TEST_OK(CONTEXT, rst_case_set_image(CONTEXT, values, SIDE, SIDE, given));
  RST_TEST_OK(CONTEXT, rst_case_with(CONTEXT, given, shorter, 1, &further));
  memset(values, 0, sizeof values);
  const double loss = loss_of(synthetic);
  ck_assert(loss_of(given) == loss);
  rst_case_destroy(&given);
  ck_assert(loss_of(further) == loss);
  RST_TEST_FAILS(CONTEXT, RST_ERROR_ARGUMENT, "flow.image.kind: memory",
                 rst_case_set_image(CONTEXT, values, SIDE, SIDE, synthetic));
  RST_TEST_FAILS(CONTEXT, RST_ERROR_ARGUMENT, "flow.image.kind: memory",
                 rst_case_with(CONTEXT, further, &conv_overrides[2], 1, &given));
  ck_assert_ptr_null(given);
  rst_field_destroy(&pixels);
  rst_case_destroy(&further);
  rst_case_destroy(&synthetic);
}
END_TEST

START_TEST(pixels_have_any_shape_and_must_be_finite) {
  struct rst_field *pixels = NULL;
  RST_TEST_OK(CONTEXT, rst_field_create(CONTEXT, RST_PRECISION_FLOAT, 3, 8, &pixels));
  rst_test_noise(1, pixels);
  const struct rst_image_parameters given = {.pixels = pixels};
  struct rst_field *image = NULL;
  RST_TEST_OK(CONTEXT, rst_image_create(CONTEXT, &given, RST_PRECISION_DOUBLE, &image));
  ck_assert(image->ny == 3 && image->nx == 8 && image->precision == RST_PRECISION_DOUBLE);
  ck_assert(rst_field_get(image, 2, 7) == rst_field_get(pixels, 2, 7));
  rst_field_destroy(&image);
  rst_field_set(pixels, 1, 2, INFINITY);
  RST_TEST_FAILS(CONTEXT, RST_ERROR_ARGUMENT, "image in memory: the value inf at row 1, column 2",
                 rst_image_create(CONTEXT, &given, RST_PRECISION_DOUBLE, &image));
  ck_assert_ptr_null(image);
  rst_field_destroy(&pixels);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("case_memory");
  TCase *tests = tcase_create("case_memory");
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, overrides_alone_make_a_case_that_runs);
  tcase_add_test(tests, text_gives_the_case_that_a_file_gives);
  tcase_add_test(tests, faults_of_a_text_are_told_by_place);
  tcase_add_test(tests, file_names_are_relative_to_the_folder);
  tcase_add_test(tests, further_overrides_follow_those_of_the_case);
  tcase_add_loop_test(tests, pixels_act_as_the_image_they_are, 0, 2);
  tcase_add_test(tests, the_image_of_a_case_may_be_given);
  tcase_add_test(tests, pixels_have_any_shape_and_must_be_finite);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
