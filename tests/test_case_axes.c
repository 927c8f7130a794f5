/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/schema.h"
#include "support.h"

/** @file
 * The axes of a sweep.
 */

#define CONTEXT rst_test_bench.context
#define NETWORK                                                                                              \
  "flow: {kind: conv, kernel: 3, image: {kind: gaussian-field, size: 16}}\n"                                 \
  "step: {lr: 0.1, iterations: 10, scheme: heavy-ball}\n"

static const char text[] = NETWORK
    "sweep:\n"
    "  axes:\n"
    "    - {key: flow.kernel, from: 3, to: 9, count: 4}\n"
    "    - {key: step.lr, from: 1e-3, to: 1, count: 3, scale: log}\n"
    "    - {key: initial.seed, values: [0, 7, 4294967295]}\n"
    "    - {key: step.divisor, values: [1, 3]}\n";

START_TEST(axes_are_listed_in_their_order) {
  struct rst_case *loaded = rst_test_case(text, NULL, NULL);
  const struct rst_sweep_axis *axes = loaded->sweep.axes;
  static const char *const keys[] = {"flow.kernel", "step.lr", "initial.seed", "step.divisor"};
  static const char *const names[] = {"kernel", "lr", "seed", "divisor"};
  static const size_t counts[] = {4, 3, 3, 2};
  ck_assert_uint_eq(loaded->sweep.axis_count, 4);
  ck_assert_uint_eq(loaded->sweep.points, 4 * 3 * 3 * 2);
  ck_assert_uint_eq(loaded->sweep.lr.count, 0);
  ck_assert_uint_eq(loaded->sweep.agreement, 16);
  for (size_t i = 0; i < 4; ++i) {
    ck_assert_str_eq(axes[i].key, keys[i]);
    ck_assert_str_eq(axes[i].name, names[i]);
    ck_assert_uint_eq(axes[i].count, counts[i]);
  }
  for (size_t i = 0; i < 4; ++i) {
    ck_assert(rst_sweep_axis_value(&axes[0], i) == 3.0 + 2.0 * (double)i);
  }
  for (size_t i = 0; i < 3; ++i) {
    ck_assert(rst_sweep_axis_value(&axes[1], i) == rst_scan_value(1e-3, 1, 3, RST_SCALE_LOGARITHMIC, i));
  }
  ck_assert(rst_sweep_axis_value(&axes[2], 2) == 4294967295.0);
  ck_assert(rst_sweep_axis_value(&axes[3], 1) == 3.0);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(effective_axes_load_to_themselves) {
  struct rst_case *loaded = rst_test_case(text, "sweep.axes.3.values.1=5", NULL);
  const char *effective = rst_case_effective(loaded);
  ck_assert_ptr_nonnull(strstr(effective,
                               "  axes:\n    - key: \"flow.kernel\"\n      from: 3\n      to: 9\n"
                               "      count: 4\n      scale: linear\n"));
  ck_assert_ptr_nonnull(strstr(effective, "    - key: \"step.divisor\"\n      values: [1, 5]\n"));
  ck_assert_ptr_null(strstr(effective, "refine"));
  ck_assert_ptr_nonnull(strstr(rst_case_json(loaded), "\"values\": [1, 5]"));
  struct rst_case *again = rst_test_case(effective, NULL, NULL);
  ck_assert_str_eq(rst_case_effective(again), effective);
  rst_case_destroy(&loaded);
  rst_case_destroy(&again);
}
END_TEST

START_TEST(values_of_the_plane_are_listed) {
  struct rst_case *loaded = rst_test_case(RST_TEST_HEAT_CASE
                                          "sweep:\n"
                                          "  lr: [0.1, 0.3, 0.4]\n"
                                          "  weight_decay: {values: [0, 2]}\n",
                                          "sweep.lr.values.1=0.2", NULL);
  ck_assert_uint_eq(loaded->sweep.points, 6);
  ck_assert_str_eq(loaded->sweep.axes[1].name, "lr");
  ck_assert(rst_sweep_axis_value(&loaded->sweep.axes[1], 1) == 0.2);
  ck_assert(rst_sweep_axis_value(&loaded->sweep.axes[0], 1) == 2.0);
  ck_assert_ptr_nonnull(strstr(rst_case_effective(loaded), "  lr:\n    values: [0.1, 0.2, 0.4]\n"));
  struct rst_case *again = rst_test_case(rst_case_effective(loaded), NULL, NULL);
  ck_assert_str_eq(rst_case_effective(again), rst_case_effective(loaded));
  rst_case_destroy(&again);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(the_usual_plane_is_two_axes) {
  struct rst_case *loaded = rst_test_case(RST_TEST_HEAT_CASE
                                          "sweep:\n"
                                          "  lr: {from: 1, to: 2, count: 3}\n"
                                          "  weight_decay: {from: 0, to: 1, count: 2}\n",
                                          NULL, NULL);
  ck_assert_uint_eq(loaded->sweep.axis_count, 2);
  ck_assert_uint_eq(loaded->sweep.points, 6);
  ck_assert_str_eq(loaded->sweep.axes[0].key, "step.weight_decay");
  ck_assert_str_eq(loaded->sweep.axes[1].key, "step.lr");
  ck_assert_str_eq(loaded->sweep.axes[0].name, "weight_decay");
  ck_assert_str_eq(loaded->sweep.lr.name, "lr");
  ck_assert(rst_sweep_axis_value(&loaded->sweep.axes[1], 1) == 1.5);
  rst_case_destroy(&loaded);
  loaded = rst_test_case(RST_TEST_HEAT_CASE, NULL, NULL);
  ck_assert_uint_eq(loaded->sweep.points, 0);
  ck_assert_ptr_null(loaded->sweep.axes);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(names_are_whole_keys_where_they_end_alike) {
  struct rst_case *loaded = rst_test_case(NETWORK
                                          "sweep:\n"
                                          "  axes:\n"
                                          "    - {key: initial.seed, values: [1]}\n"
                                          "    - {key: flow.image.seed, from: 0, to: 2, count: 3}\n"
                                          "    - {key: flow.image.exponent, values: [1.5]}\n",
                                          NULL, NULL);
  ck_assert_str_eq(loaded->sweep.axes[0].name, "initial_seed");
  ck_assert_str_eq(loaded->sweep.axes[1].name, "flow_image_seed");
  ck_assert_str_eq(loaded->sweep.axes[2].name, "exponent");
  ck_assert(rst_sweep_axis_value(&loaded->sweep.axes[1], 1) == 1.0);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(integers_of_a_scan_are_exact) {
  struct rst_case *loaded = rst_test_case(
      NETWORK "sweep: {axes: [{key: step.iterations, from: 1, to: 1000, count: 4, scale: log}]}\n", NULL,
      NULL);
  for (size_t i = 0; i < 4; ++i) {
    static const double expected[] = {1, 10, 100, 1000};
    ck_assert(rst_sweep_axis_value(loaded->sweep.axes, i) == expected[i]);
  }
  rst_case_destroy(&loaded);
}
END_TEST

/* The axes in one line: the place of the fault, and what is said. */
static const struct {
  const char *axes, *fragment;
} faults[] = {
    {"[{key: step.lrr, values: [1]}]", "3:22: error: unknown key \"step.lrr\"; did you mean \"step.lr\"?"},
    {"[{key: lr, values: [1]}]", "3:22: error: unknown key \"lr\"; did you mean \"step.lr\"?"},
    {"[{key: flow.kind, values: [1]}]",
     "3:22: error: key \"sweep.axes.0.key\": expected a key that holds a number or a seed of the run, found "
     "\"flow.kind\""},
    {"[{key: flow.image, values: [1]}]", "found \"flow.image\""},
    {"[{key: bifurcation.count, values: [1]}]", "found \"bifurcation.count\""},
    {"[{key: sweep.agreement, values: [1]}]", "found \"sweep.agreement\""},
    {"[{key: step.safety, values: [1]}]",
     "3:22: error: key \"step.safety\" does not apply to step.scheme \"heavy-ball\" (only to cfl)"},
    {"[{key: flow.points, values: [5]}]", "does not apply to flow.kind \"conv\" (only to heat)"},
    {"[{key: flow.image.period, values: [5]}]",
     "key \"flow.image.period\" does not apply to flow.image.kind \"gaussian-field\" (only to grating)"},
    {"[{key: step.lr, values: [1, 0]}]",
     "error: key \"sweep.axes.0.values.1\": expected a number > 0 for step.lr, found 0"},
    {"[{key: step.momentum, from: 0, to: 1, count: 3}]",
     "3:50: error: key \"sweep.axes.0.to\": expected a number in [0, 1) for step.momentum, found 1"},
    {"[{key: flow.kernel, values: [3.5]}]",
     "key \"sweep.axes.0.values.0\": expected an integer >= 1 for flow.kernel, found 3.5"},
    {"[{key: flow.kernel, from: 3, to: 8, count: 4}]",
     "error: key \"sweep.axes.0.count\": flow.kernel takes"},
    {"[{key: step.lr, values: [1]}, {key: step.lr, values: [2]}]",
     "error: key \"sweep.axes.1.key\": \"step.lr\" is an axis already"},
    {"[{key: step.lr, values: []}]", "list \"sweep.axes.0.values\" is empty"},
    {"[]", "list \"sweep.axes\" is empty; give at least one item"},
    {"[{values: [1]}]", "missing key \"sweep.axes.0.key\""},
    {"[{key: step.lr}]", "missing key \"sweep.axes.0.from\""},
    {"[{key: step.lr, from: 1, to: 2}]", "missing key \"sweep.axes.0.count\""},
    {"[{key: step.lr, from: 2, to: 1, count: 2}]", "expected a number >= sweep.axes.0.from 2, found 1"},
    {"[{key: step.weight_decay, from: 0, to: 1, count: 2, scale: log}]",
     "key \"sweep.axes.0.from\": expected a number > 0 for sweep.axes.0.scale \"log\", found 0"},
    {"[{key: step.lr, values: [1], count: 2}]",
     "keys \"sweep.axes.0.count\" and \"sweep.axes.0.values\" exclude each other"},
    {"[{key: step.lr, values: [one]}]", "key \"sweep.axes.0.values.0\": expected a number, found one"},
    {"[{key: step.lr, values: 1}]", "key \"sweep.axes.0.values\": expected a list of numbers, found 1"},
    {"[{key: step.lr, values: [1]}], refine: 1",
     "keys \"sweep.refine\" and \"sweep.axes\" exclude each other"},
    {"[{key: step.lr, values: [1]}], zoom: [{lr: 1, weight_decay: 0}]",
     "keys \"sweep.zoom\" and \"sweep.axes\" exclude each other"},
    {"[{key: step.lr, values: [1]}], lr: {from: 1, to: 2, count: 3}",
     "keys \"sweep.lr.from\" and \"sweep.axes\" exclude each other"},
    {"[{key: step.lr, from: 1, to: 2, count: 100000}, {key: initial.scale, from: 1, to: 2, count: 100000}, "
     "{key: step.divisor, values: [1, 2]}]",
     "expected at most 1e+10 points in all, found 2e+10"},
};

START_TEST(faults_name_the_axis) {
  char given[1024];
  struct rst_case *loaded = NULL;
  snprintf(given, sizeof given, "%ssweep: {axes: %s}\n", NETWORK, faults[_i].axes);
  RST_TEST_FAILS(CONTEXT, RST_ERROR_CASE, faults[_i].fragment, rst_test_bench_load(given, NULL, 0, &loaded));
}
END_TEST

START_TEST(a_plane_needs_both_axes) {
  struct rst_case *loaded = NULL;
  RST_TEST_FAILS(
      CONTEXT, RST_ERROR_CASE, "missing key \"sweep.weight_decay.from\"",
      rst_test_bench_load(RST_TEST_HEAT_CASE "sweep: {lr: {from: 1, to: 2, count: 3}}\n", NULL, 0, &loaded));
}
END_TEST

static const struct {
  const char *override, *fragment;
} plane_faults[] = {
    {"sweep.lr=[2, 1]", "key \"sweep.lr.values\": expected ascending numbers, found 1 after 2"},
    {"sweep.lr.values=[1, 1]", "key \"sweep.lr.values\": expected ascending numbers, found 1 after 1"},
    {"sweep.lr=[0, 1]", "key \"sweep.lr.values.0\": expected a number > 0, found 0"},
    {"sweep.lr=[]", "list \"sweep.lr.values\" is empty"},
    {"sweep.lr=1", "\"sweep.lr\" is a section: expected a mapping, found 1"},
    {"sweep.lr.from=1", "keys \"sweep.lr.from\" and \"sweep.lr.values\" exclude each other"},
    {"sweep.refine=1", "keys \"sweep.refine\" and \"sweep.lr.values\" exclude each other"},
    {"sweep.lr.values=", "missing key \"sweep.lr.from\""},
};

START_TEST(faults_of_listed_planes) {
  struct rst_case *loaded = NULL;
  RST_TEST_FAILS(CONTEXT, RST_ERROR_CASE, plane_faults[_i].fragment,
                 rst_test_bench_load(RST_TEST_HEAT_CASE "sweep: {lr: [1, 2], weight_decay: [0]}\n",
                                     &plane_faults[_i].override, 1, &loaded));
}
END_TEST

START_TEST(bifurcations_choose_their_reduction) {
  struct rst_case *loaded = rst_test_case(RST_TEST_HEAT_CASE "bifurcation: {from: 1, to: 2}\n", NULL, NULL);
  ck_assert_int_eq(loaded->bifurcation.reduction, RST_REDUCTION_AUTO);
  rst_case_destroy(&loaded);
  loaded =
      rst_test_case(RST_TEST_HEAT_CASE "bifurcation: {from: 1, to: 2}\n", "bifurcation.reduction=none", NULL);
  ck_assert_int_eq(loaded->bifurcation.reduction, RST_REDUCTION_NONE);
  rst_case_destroy(&loaded);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("case_axes");
  TCase *tests = tcase_create("case_axes");
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, axes_are_listed_in_their_order);
  tcase_add_test(tests, effective_axes_load_to_themselves);
  tcase_add_test(tests, values_of_the_plane_are_listed);
  tcase_add_loop_test(tests, faults_of_listed_planes, 0, sizeof plane_faults / sizeof *plane_faults);
  tcase_add_test(tests, the_usual_plane_is_two_axes);
  tcase_add_test(tests, names_are_whole_keys_where_they_end_alike);
  tcase_add_test(tests, integers_of_a_scan_are_exact);
  tcase_add_loop_test(tests, faults_name_the_axis, 0, sizeof faults / sizeof *faults);
  tcase_add_test(tests, a_plane_needs_both_axes);
  tcase_add_test(tests, bifurcations_choose_their_reduction);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
