/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "case/schema.h"
#include "case/value.h"
#include "restrain/case.h"
#include "support.h"

enum { LINE = 512 };

static void check_conditions(const struct rst_keys *keys, size_t row) {
  const struct rst_key *key = &keys->keys[row];
  for (size_t i = 0; i < RST_KEY_CONDITIONS && key->when[i].key; ++i) {
    const size_t selector = rst_keys_find(keys, key->when[i].key);
    ck_assert_msg(selector < row, "%s depends on a later key", key->path);
    const struct rst_key *by = &keys->keys[selector];
    char words[LINE];
    char *rest = words;
    snprintf(words, sizeof words, "%s", key->when[i].values);
    for (char *word = NULL; (word = strtok_r(rest, " ", &rest));) {
      const bool known = (by->registry && rst_name_index(by->registry(), word) >= 0) ||
                         (by->names && rst_name_index(by->names, word) >= 0) || rst_key_is_list(by);
      ck_assert_msg(known, "%s depends on %s %s, which is unknown", key->path, by->path, word);
    }
  }
}

static void check_fallback(const struct rst_key *key) {
  struct rst_report report = {0};
  struct rst_loaded_case owner = {0};
  double member = 0; /* large enough for any scalar */
  const struct rst_scalar scalar = {key->fallback, strlen(key->fallback), true};
  ck_assert_msg(rst_value_read(&report, rst_place_start(), key->path, key, &scalar, &owner, &member),
                "the default of %s is not valid", key->path);
}

static void check_table(const struct rst_keys *keys) {
  for (size_t i = 0; i < keys->count; ++i) {
    const struct rst_key *key = &keys->keys[i];
    ck_assert_msg(key->help && *key->help, "%s has no help", key->path);
    ck_assert_msg(!(key->required && key->fallback), "%s is required and has a default", key->path);
    ck_assert_msg(i < rst_keys_group_end(keys, rst_keys_find(keys, key->path)),
                  "the rows of %s are not neighbours", key->path);
    ck_assert_msg(key->offset + key->size <= keys->size, "%s lies outside its structure", key->path);
    check_conditions(keys, i);
    if (rst_key_is_scalar(key) && key->fallback) {
      check_fallback(key);
    }
    if (key->items && key->items != keys) {
      check_table(key->items);
    }
  }
}

START_TEST(table_is_consistent) {
  struct rst_loaded_case *empty = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_case_create(rst_test_bench.context, &empty));
  check_table(&empty->keys);
  struct rst_case *content = &empty->content;
  rst_case_destroy(&content);
}
END_TEST

START_TEST(defaults_fill_what_is_not_given) {
  struct rst_case *loaded = rst_test_case(RST_TEST_HEAT_CASE, NULL, NULL);
  ck_assert_str_eq(loaded->flow.kind, "heat");
  ck_assert_uint_eq(loaded->flow.heat.points, 31);
  ck_assert_int_eq(loaded->flow.heat.dimension, 1);
  ck_assert_int_eq(loaded->flow.precision, RST_PRECISION_DOUBLE);
  size_t count = 0;
  ck_assert_int_eq(loaded->flow.boundary, rst_flow_boundaries("heat", &count)[0]);
  ck_assert_double_eq(loaded->flow.diffusion.spacing, 1);
  ck_assert_uint_eq(loaded->flow.conv.image_count, 0);
  ck_assert_str_eq(loaded->initial.kind, "normal");
  ck_assert_double_eq(loaded->initial.scale, 1);
  ck_assert_str_eq(loaded->step.scheme.kind, "euler");
  ck_assert_double_eq(loaded->step.scheme.divisor, 1);
  ck_assert_double_eq(loaded->stop.blow_up, 1e6);
  ck_assert_int_eq(loaded->output.every, 20);
  ck_assert_double_eq(loaded->output.checkpoint, 60);
  ck_assert_ptr_null(loaded->title);
  ck_assert_ptr_null(loaded->output.file);
  ck_assert_uint_eq(loaded->output.scalar_count, 0);
  ck_assert_uint_eq(loaded->twin_count, 0);
  ck_assert_int_eq(loaded->twin.average, 100);
  ck_assert_uint_eq(loaded->tangent.exponents, 1);
  ck_assert_uint_eq(loaded->tangent.seed, 1);
  ck_assert_int_eq(loaded->tangent.burn_in, 0);
  ck_assert_int_eq(loaded->analyze.starts, 2);
  ck_assert_double_eq(loaded->analyze.density.width, 0.01);
  ck_assert_uint_eq(loaded->bifurcation.count, 0);
  ck_assert_uint_eq(loaded->sweep.lr.count, 0);
  ck_assert_str_eq(rst_case_source(loaded), RST_TEST_HEAT_CASE);
  rst_case_destroy(&loaded);
  ck_assert_ptr_null(loaded);

  loaded = rst_test_case(RST_TEST_CONV_CASE, NULL, NULL);
  ck_assert_double_eq(loaded->step.scheme.lr, 1e-8);
  ck_assert_double_eq(loaded->step.scheme.weight_decay, 1.296e7);
  ck_assert_uint_eq(loaded->flow.conv.image_count, 1);
  ck_assert_str_eq(loaded->flow.conv.images[0].image.kind, "checkerboard");
  ck_assert_uint_eq(loaded->flow.conv.images[0].image.size, 256);
  ck_assert_int_eq(loaded->flow.conv.images[0].label, 1);
  ck_assert_str_eq(loaded->flow.conv.activation, "swish");
  ck_assert_double_eq(loaded->flow.conv.beta, 1);
  ck_assert_str_eq(loaded->flow.conv.correlation, "auto");
  ck_assert_int_eq(loaded->output.every, 2); /* 101 iterations in at most 100 intervals */
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(given_values_arrive) {
  struct rst_case *loaded = rst_test_case(
      "title: \"Two images\"\n"
      "flow:\n"
      "  kind: conv\n"
      "  precision: float\n"
      "  boundary: periodic\n"
      "  kernel: 9\n"
      "  images:\n"
      "    - {kind: gaussian-field, size: 64, seed: 4294967295, exponent: -.5, label: 0}\n"
      "    - {kind: file, file: \"sub/data.h5:/image\"}\n"
      "  pooling: sum\n"
      "  activation: {kind: softplus, beta: 2}\n"
      "initial: {kind: file, file: /absolute.h5:/k, scale: -1}\n"
      "step: {scheme: heavy-ball, lr: .5, momentum: 0, decay: decoupled, iterations: 0}\n"
      "output: {cadence: logarithmic, file: out/run.h5}\n"
      "performance: {rigor: patient}\n"
      "expect:\n"
      "  - {scalar: loss, iteration: 3, value: -2.5e+1, tolerance: 0}\n",
      NULL, NULL);
  char expected[LINE];
  ck_assert_str_eq(loaded->title, "Two images");
  ck_assert_int_eq(loaded->flow.precision, RST_PRECISION_FLOAT);
  ck_assert_int_eq(loaded->flow.boundary, RST_BOUNDARY_PERIODIC);
  ck_assert_uint_eq(loaded->flow.conv.image_count, 2);
  ck_assert_uint_eq(loaded->flow.conv.images[0].image.seed, 4294967295U);
  ck_assert_double_eq(loaded->flow.conv.images[0].image.exponent, -0.5);
  ck_assert_int_eq(loaded->flow.conv.images[0].label, 0);
  snprintf(expected, sizeof expected, "%s/sub/data.h5:/image", rst_test_bench.folder);
  ck_assert_str_eq(loaded->flow.conv.images[1].image.file, expected);
  ck_assert_int_eq(loaded->flow.conv.images[1].label, 1);
  ck_assert_int_eq(loaded->flow.conv.pooling, RST_POOLING_SUM);
  ck_assert_str_eq(loaded->flow.conv.activation, "softplus");
  ck_assert_str_eq(loaded->initial.file, "/absolute.h5:/k");
  ck_assert_double_eq(loaded->initial.scale, -1);
  ck_assert_int_eq(loaded->step.scheme.decay, RST_DECAY_DECOUPLED);
  ck_assert_int_eq(loaded->step.iterations, 0);
  ck_assert_int_eq(loaded->output.every, 20);
  snprintf(expected, sizeof expected, "%s/out/run.h5", rst_test_bench.folder);
  ck_assert_str_eq(loaded->output.file, expected);
  ck_assert_int_eq(loaded->performance.rigor, RST_RIGOR_PATIENT);
  ck_assert_uint_eq(loaded->expect_count, 1);
  ck_assert_str_eq(loaded->expect[0].scalar, "loss");
  ck_assert_int_eq(loaded->expect[0].iteration, 3);
  ck_assert_double_eq(loaded->expect[0].value, -25);
  ck_assert_double_eq(loaded->expect[0].tolerance, 0);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(twins_are_divisors_precisions_and_ulps) {
  static const char *const override[] = {"twins=[1, 2.5, double, ulp]"};
  struct rst_case *loaded = rst_test_case("twins: [1, 3, float, ulp]\n" RST_TEST_HEAT_CASE, NULL, NULL);
  ck_assert_uint_eq(loaded->twin_count, 4);
  ck_assert_int_eq(loaded->twins[1].kind, RST_TWIN_DIVISOR);
  ck_assert_double_eq(loaded->twins[1].divisor, 3);
  ck_assert_str_eq(loaded->twins[1].label, "3");
  ck_assert_int_eq(loaded->twins[2].kind, RST_TWIN_PRECISION);
  ck_assert_int_eq(loaded->twins[2].precision, RST_PRECISION_FLOAT);
  ck_assert_int_eq(loaded->twins[3].kind, RST_TWIN_ULP);
  ck_assert_str_eq(loaded->twins[3].label, "ulp");
  rst_case_destroy(&loaded);
  RST_TEST_OK(
      rst_test_bench.context,
      rst_test_bench_load("flow: {kind: heat, precision: float, points: 4, diffusion: {coefficient: 1}}\n"
                          "step: {lr: 1, iterations: 1}\n",
                          override, 1, &loaded));
  ck_assert_uint_eq(loaded->twin_count, 4);
  ck_assert_str_eq(loaded->twins[1].label, "2.5");
  ck_assert_int_eq(loaded->twins[2].kind, RST_TWIN_PRECISION);
  ck_assert_int_eq(loaded->twins[2].precision, RST_PRECISION_DOUBLE);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(a_scan_is_there_or_not) {
  static const char *const overrides[] = {"bifurcation.from=0.5", "bifurcation.to=0.5"};
  struct rst_case *loaded = rst_test_case(
      RST_TEST_HEAT_CASE "bifurcation: {parameter: weight_decay, from: 0, to: 2}\n", NULL, NULL);
  ck_assert_int_eq(loaded->bifurcation.parameter, RST_STEP_WEIGHT_DECAY);
  ck_assert_double_eq(loaded->bifurcation.from, 0);
  ck_assert_double_eq(loaded->bifurcation.to, 2);
  ck_assert_uint_eq(loaded->bifurcation.count, 200);
  ck_assert_int_eq(loaded->bifurcation.scale, RST_SCALE_LINEAR);
  ck_assert_int_eq(loaded->bifurcation.burn_in, 1000);
  ck_assert_int_eq(loaded->bifurcation.samples, 200);
  rst_case_destroy(&loaded);
  RST_TEST_OK(rst_test_bench.context, rst_test_bench_load(RST_TEST_HEAT_CASE, overrides, 2, &loaded));
  ck_assert_int_eq(loaded->bifurcation.parameter, RST_STEP_LR);
  ck_assert_double_eq(loaded->bifurcation.from, 0.5);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(a_sweep_has_two_axes) {
  static const char *const overrides[] = {"sweep.weight_decay.scale=log", "sweep.weight_decay.from=0.5",
                                          "sweep.reduction=none", "sweep.agreement=0"};
  static const char text[] = RST_TEST_HEAT_CASE
      "sweep:\n"
      "  lr: {from: 1e-3, to: 1, count: 4, scale: log}\n"
      "  weight_decay: {from: 0, to: 0.5, count: 3}\n";
  struct rst_case *loaded = rst_test_case(text, NULL, NULL);
  ck_assert_double_eq(loaded->sweep.lr.from, 1e-3);
  ck_assert_double_eq(loaded->sweep.lr.to, 1);
  ck_assert_uint_eq(loaded->sweep.lr.count, 4);
  ck_assert_int_eq(loaded->sweep.lr.scale, RST_SCALE_LOGARITHMIC);
  ck_assert_double_eq(loaded->sweep.weight_decay.from, 0);
  ck_assert_double_eq(loaded->sweep.weight_decay.to, 0.5);
  ck_assert_uint_eq(loaded->sweep.weight_decay.count, 3);
  ck_assert_int_eq(loaded->sweep.weight_decay.scale, RST_SCALE_LINEAR);
  ck_assert_uint_eq(loaded->sweep.agreement, 16);
  ck_assert_int_eq(loaded->sweep.reduction, RST_REDUCTION_AUTO);
  rst_case_destroy(&loaded);
  RST_TEST_OK(rst_test_bench.context, rst_test_bench_load(text, overrides, 4, &loaded));
  ck_assert_int_eq(loaded->sweep.weight_decay.scale, RST_SCALE_LOGARITHMIC);
  ck_assert_double_eq(loaded->sweep.weight_decay.from, 0.5);
  ck_assert_int_eq(loaded->sweep.reduction, RST_REDUCTION_NONE);
  ck_assert_uint_eq(loaded->sweep.agreement, 0);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(a_sweep_is_refined_and_zoomed_into) {
  static const char *const overrides[] = {"sweep.refine=10", "sweep.zoom.1.count=5",
                                          "sweep.zoom.0.factor=2.5"};
  static const char text[] = RST_TEST_HEAT_CASE
      "sweep:\n"
      "  zoom: [{lr: 1, weight_decay: 0}, {lr: 0.5, weight_decay: 0.2, factor: 3}]\n"
      "  lr: {from: 1e-3, to: 1, count: 4, scale: log}\n"
      "  weight_decay: {from: 0, to: 0.5, count: 3}\n";
  struct rst_case *loaded = rst_test_case(text, NULL, NULL);
  ck_assert_int_eq(loaded->sweep.refine, 0);
  ck_assert_uint_eq(loaded->sweep.zoom_count, 2);
  ck_assert_double_eq(loaded->sweep.zoom[0].lr, 1.0);
  ck_assert_double_eq(loaded->sweep.zoom[0].weight_decay, 0.0);
  ck_assert_double_eq(loaded->sweep.zoom[0].factor, 10.0);
  ck_assert_uint_eq(loaded->sweep.zoom[0].count, 1);
  ck_assert_double_eq(loaded->sweep.zoom[1].factor, 3.0);
  rst_case_destroy(&loaded);
  RST_TEST_OK(rst_test_bench.context, rst_test_bench_load(text, overrides, 3, &loaded));
  ck_assert_int_eq(loaded->sweep.refine, RST_SWEEP_MOST_LEVELS);
  ck_assert_uint_eq(loaded->sweep.zoom[1].count, 5);
  ck_assert_double_eq(loaded->sweep.zoom[0].factor, 2.5);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(aliases_stand_for_what_they_name) {
  struct rst_case *loaded = rst_test_case(
      "flow: {kind: conv, kernel: &k 3, images: [&i {kind: constant, size: *k}, *i]}\n"
      "step: {lr: 1, iterations: 1}\n",
      NULL, NULL);
  ck_assert_uint_eq(loaded->flow.conv.image_count, 2);
  ck_assert_uint_eq(loaded->flow.conv.images[1].image.size, 3);
  rst_case_destroy(&loaded);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_CASE,
                 ":1:14: error: key \"flow.kind\": the alias stands for nothing",
                 rst_test_bench_load("flow: {kind: *nothing}\n", NULL, 0, &loaded));
}
END_TEST

START_TEST(files_that_cannot_be_read) {
  struct rst_case *loaded = NULL;
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "No such file",
                 rst_case_load(rst_test_bench.context, rst_test_bench.path, NULL, 0, &loaded));
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "is a folder",
                 rst_case_load(rst_test_bench.context, rst_test_bench.folder, NULL, 0, &loaded));
  const size_t length = (1 << 20) + 1;
  char *large = malloc(length);
  ck_assert_ptr_nonnull(large);
  memset(large, '#', length);
  rst_test_bench_write(large, length);
  free(large);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "larger than 1 MiB",
                 rst_case_load(rst_test_bench.context, rst_test_bench.path, NULL, 0, &loaded));
  rst_test_bench_write("a\0b", 3);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_CASE, ":1:2: error: this byte (0x00)",
                 rst_case_load(rst_test_bench.context, rst_test_bench.path, NULL, 0, &loaded));
  ck_assert_ptr_null(loaded);
}
END_TEST

START_TEST(overrides_replace_and_add) {
  static const char *const overrides[] = {"step.lr=.07",
                                          "step.lr=0.08",
                                          "flow.diffusion.coefficient=2",
                                          "flow.diffusion.spacing=0.5",
                                          "output.scalars=[loss]",
                                          "title=a: \"b\"",
                                          "title='x = y'",
                                          "initial={kind: tent}",
                                          "expect=[{scalar: loss, value: 1}]",
                                          "expect.0.value=3"};
  struct rst_case *loaded = NULL;
  RST_TEST_OK(rst_test_bench.context,
              rst_test_bench_load("output: {scalars: [residual, data_loss]}\n"
                                  "initial: {kind: normal, seed: 3}\n"
                                  "flow:\n"
                                  "  kind: heat\n"
                                  "  points: 4\n"
                                  "  diffusion:\n"
                                  "step: {lr: 0.1, iterations: 1}\n",
                                  overrides, sizeof overrides / sizeof *overrides, &loaded));
  ck_assert_double_eq(loaded->step.scheme.lr, 0.08);
  ck_assert_double_eq(loaded->flow.diffusion.coefficient, 2);
  ck_assert_double_eq(loaded->flow.diffusion.spacing, 0.5);
  ck_assert_uint_eq(loaded->output.scalar_count, 1);
  ck_assert_str_eq(loaded->output.scalars[0], "loss");
  ck_assert_str_eq(loaded->title, "x = y");
  ck_assert_str_eq(loaded->initial.kind, "tent");
  ck_assert_double_eq(loaded->expect[0].value, 3);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(overrides_reach_items_of_lists) {
  static const char text[] =
      "flow: {kind: conv, kernel: 2, images: [{kind: constant}, {kind: constant}]}\n"
      "step: {lr: 0.1, iterations: 1}\n"
      "output: {scalars: [loss, residual]}\n";
  static const char *const overrides[] = {"flow.images.1.label=0", "flow.images.0={kind: grating, size: 8}",
                                          "flow.images.0.period=4", "output.scalars.1=data_loss"};
  struct rst_case *loaded = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_test_bench_load(text, overrides, 4, &loaded));
  ck_assert_int_eq(loaded->flow.conv.images[1].label, 0);
  ck_assert_str_eq(loaded->flow.conv.images[0].image.kind, "grating");
  ck_assert_double_eq(loaded->flow.conv.images[0].image.period, 4);
  ck_assert_str_eq(loaded->output.scalars[1], "data_loss");
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(overrides_make_the_sections_that_the_file_lacks) {
  static const char *const overrides[] = {"flow.image.kind=grating", "flow.image.size=8",
                                          "flow.activation.beta=2", "step.lr=1", "step.iterations=0"};
  struct rst_case *loaded = NULL;
  RST_TEST_OK(rst_test_bench.context,
              rst_test_bench_load("flow: {kind: conv, kernel: 2}\n", overrides, 5, &loaded));
  ck_assert_str_eq(loaded->flow.conv.images[0].image.kind, "grating");
  ck_assert_uint_eq(loaded->flow.conv.images[0].image.size, 8);
  ck_assert_double_eq(loaded->flow.conv.beta, 2);
  ck_assert_double_eq(loaded->step.scheme.lr, 1);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(shipped_cases_load) {
  DIR *cases = opendir(RST_CASES_FOLDER);
  ck_assert_ptr_nonnull(cases);
  size_t count = 0;
  for (const struct dirent *entry = NULL; (entry = readdir(cases));) {
    const char *suffix = strrchr(entry->d_name, '.');
    if (!suffix || strcmp(suffix, ".yaml") != 0) {
      continue;
    }
    char name[LINE];
    struct rst_case *loaded = NULL;
    snprintf(name, sizeof name, "%s/%s", RST_CASES_FOLDER, entry->d_name);
    RST_TEST_OK(rst_test_bench.context, rst_case_load(rst_test_bench.context, name, NULL, 0, &loaded));
    ck_assert_msg(loaded->title && loaded->reference && loaded->cost && loaded->expect_count > 0,
                  "%s lacks title, reference, cost or expect", name);
    rst_case_destroy(&loaded);
    ++count;
  }
  closedir(cases);
  ck_assert_uint_ge(count, 16);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("case");
  TCase *tests = tcase_create("case");
  tcase_set_timeout(tests, 600);
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, table_is_consistent);
  tcase_add_test(tests, defaults_fill_what_is_not_given);
  tcase_add_test(tests, given_values_arrive);
  tcase_add_test(tests, twins_are_divisors_precisions_and_ulps);
  tcase_add_test(tests, a_scan_is_there_or_not);
  tcase_add_test(tests, a_sweep_has_two_axes);
  tcase_add_test(tests, a_sweep_is_refined_and_zoomed_into);
  tcase_add_test(tests, aliases_stand_for_what_they_name);
  tcase_add_test(tests, files_that_cannot_be_read);
  tcase_add_test(tests, overrides_replace_and_add);
  tcase_add_test(tests, overrides_reach_items_of_lists);
  tcase_add_test(tests, overrides_make_the_sections_that_the_file_lacks);
  tcase_add_test(tests, shipped_cases_load);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
