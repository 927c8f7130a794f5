/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "case/schema.h"
#include "restrain/case.h"
#include "support.h"

enum { LINE = 512 };

static const char *const round_trips[] = {
    RST_TEST_HEAT_CASE,
    RST_TEST_CONV_CASE,
    "title: \"a \\\"quoted\\\" \\\\ \xC3\xA4 \\u2028 \\x7f \\u0085 \\t\\n\\r # : - 'x' \"\n"
    "reference: 'null'\ncost: ''\n" RST_TEST_HEAT_CASE,
    "title: |\n  two\n  lines\n" RST_TEST_CONV_CASE
    "output: {scalars: [loss, residual], fields: [gradient], file: a/b.h5}\n",
    "flow: {kind: conv, kernel: 3, images: [{kind: grating, angle: 0.1}, {kind: file, file: x.png, label: "
    "0}]}\n"
    "step: {scheme: cfl, lr: 0.070000000000000007, safety: 0.3333333333333333, iterations: 7}\n"
    "initial: {scale: -4.9406564584124654e-324}\n"
    "stop: {blow_up: 1.7976931348623157e308}\n"
    "expect: [{scalar: loss, iteration: 4, value: 0.1}, {scalar: residual, value: -1e-300, tolerance: 1}]\n",
    "twins: [3, 0.1, 1e-5, 3.0000000000000004, float, ulp]\ntangent: {seed: 4294967295}\n"
    "bifurcation: {from: 0.01, to: 0.1, scale: log, burn_in: 0}\nanalyze:\n" RST_TEST_HEAT_CASE,
    "flow: {kind: conv-linear, kernel: 3, image: {kind: gaussian-field, seed: 4294967295}, label: 0}\n"
    "step: {scheme: heavy-ball, lr: 1e-8, iterations: 9007199254740992}\n"
    "sweep: {lr: {from: 1e-9, to: 0.1, count: 7, scale: log}, weight_decay: {from: 0, to: 1, count: 3}, "
    "refine: 3,\n"
    "        zoom: [{lr: 0.01, weight_decay: 0}, {lr: 1e-9, weight_decay: 1, factor: 1.5, count: 3}], "
    "agreement: 3}\n"
    "initial: {kind: zero}\noutput: {cadence: logarithmic}\n",
};

START_TEST(effective_case_loads_to_itself) {
  struct rst_case *first = rst_test_case(round_trips[_i], NULL, NULL);
  struct rst_case *second = rst_test_case(rst_case_effective(first), NULL, NULL);
  ck_assert_str_eq(rst_case_effective(first), rst_case_effective(second));
  ck_assert_str_eq(rst_case_json(first), rst_case_json(second));
  if (first->title) {
    ck_assert_str_eq(first->title, second->title);
  }
  ck_assert_mem_eq(&first->stop, &second->stop, sizeof first->stop);
  ck_assert_double_eq(first->step.scheme.lr, second->step.scheme.lr);
  ck_assert_double_eq(first->step.scheme.safety, second->step.scheme.safety);
  ck_assert_double_eq(first->initial.scale, second->initial.scale);
  ck_assert_int_eq(first->step.iterations, second->step.iterations);
  ck_assert_int_eq(first->output.every, second->output.every);
  ck_assert_uint_eq(first->flow.conv.image_count, second->flow.conv.image_count);
  ck_assert_uint_eq(first->expect_count, second->expect_count);
  ck_assert_uint_eq(first->twin_count, second->twin_count);
  for (size_t i = 0; i < first->twin_count; ++i) {
    ck_assert_str_eq(first->twins[i].label, second->twins[i].label);
    ck_assert_int_eq(first->twins[i].kind, second->twins[i].kind);
    ck_assert_double_eq(first->twins[i].divisor, second->twins[i].divisor);
  }
  ck_assert_uint_eq(first->bifurcation.count, second->bifurcation.count);
  ck_assert_double_eq(first->bifurcation.to, second->bifurcation.to);
  ck_assert_uint_eq(first->sweep.lr.count, second->sweep.lr.count);
  ck_assert_double_eq(first->sweep.lr.from, second->sweep.lr.from);
  char *differences = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_case_compare(rst_test_bench.context, rst_case_effective(first),
                                                       rst_case_effective(second), NULL, &differences));
  ck_assert_ptr_null(differences);
  rst_case_destroy(&first);
  rst_case_destroy(&second);
}
END_TEST

START_TEST(effective_case_states_what_applies) {
  static const char *const override[] = {"step.lr=0.07"};
  struct rst_case *loaded = NULL;
  RST_TEST_OK(rst_test_bench.context,
              rst_test_bench_load(RST_TEST_HEAT_CASE "output: {file: sub/run.h5}\n", override, 1, &loaded));
  const char *effective = rst_case_effective(loaded);
  ck_assert_ptr_nonnull(strstr(effective, "  lr: 0.07\n"));
  ck_assert_ptr_nonnull(strstr(effective, "  every: 20\n"));
  ck_assert_ptr_nonnull(strstr(effective, "    discretisation: second\n"));
  const char *file = strstr(effective, "  file: \"/");
  const char *end = strstr(effective, "/sub/run.h5\"\n");
  ck_assert_ptr_nonnull(file);
  ck_assert_ptr_nonnull(end);
  ck_assert(file < end);
  ck_assert_ptr_nonnull(strstr(effective, "title: null\n"));
  ck_assert_ptr_nonnull(strstr(effective, "twins: []\n"));
  ck_assert_ptr_nonnull(strstr(effective, "analyze:\n  empirical: no\n"));
  ck_assert_ptr_null(strstr(effective, "bifurcation"));
  ck_assert_ptr_null(strstr(effective, "kernel"));
  ck_assert_ptr_null(strstr(effective, "momentum"));
  rst_case_destroy(&loaded);
}
END_TEST

/* A reader of JSON values, for structure only: the place behind the value, NULL if it is malformed. */
static const char *skip_json(const char *at, int depth);

static const char *skip_blanks(const char *at) {
  return at + strspn(at, " \n");
}

static const char *skip_json_string(const char *at) {
  for (++at; *at && *at != '"'; ++at) {
    at += *at == '\\' && at[1];
  }
  return *at == '"' ? at + 1 : NULL;
}

static const char *skip_json_list(const char *at, char close, int depth) {
  at = skip_blanks(at + 1);
  while (*at != close) {
    if (close == '}') {
      at = *at == '"' ? skip_json_string(at) : NULL;
      at = at && *at == ':' ? skip_blanks(at + 1) : NULL;
    }
    at = at ? skip_json(at, depth + 1) : NULL;
    if (!at) {
      return NULL;
    }
    at = skip_blanks(at);
    if (*at != ',' && *at != close) {
      return NULL;
    }
    if (*at == ',') {
      at = skip_blanks(at + 1);
      if (*at == close) {
        return NULL;
      }
    }
  }
  return at + 1;
}

static const char *skip_json(const char *at, int depth) {
  if (depth > 8) {
    return NULL;
  }
  if (*at == '{' || *at == '[') {
    return skip_json_list(at, *at == '{' ? '}' : ']', depth);
  }
  if (*at == '"') {
    return skip_json_string(at);
  }
  if (strncmp(at, "null", 4) == 0) {
    return at + 4;
  }
  if (*at != '-' && (*at < '0' || *at > '9')) {
    return NULL;
  }
  char *end = NULL;
  (void)strtod(at, &end);
  return end > at ? end : NULL;
}

START_TEST(twins_are_emitted_as_they_were_meant) {
  struct rst_case *loaded = rst_test_case("twins: [3.0, 1.50, ulp]\n" RST_TEST_HEAT_CASE, NULL, NULL);
  ck_assert_ptr_nonnull(strstr(rst_case_effective(loaded), "\ntwins: [3, 1.5, ulp]\n"));
  ck_assert_ptr_nonnull(strstr(rst_case_json(loaded), "\"twins\": [3, 1.5, \"ulp\"]"));
  struct rst_case *other =
      rst_test_case("twins: [3]\n" RST_TEST_HEAT_CASE "bifurcation: {from: 1, to: 1}\n", NULL, NULL);
  char *differences = NULL;
  static const char *const ignore[] = {"bifurcation", NULL};
  RST_TEST_OK(rst_test_bench.context, rst_case_compare(rst_test_bench.context, rst_case_effective(loaded),
                                                       rst_case_effective(other), ignore, &differences));
  ck_assert_str_eq(differences, "twins (was [3, 1.5, ulp], is [3])");
  free(differences);
  RST_TEST_OK(rst_test_bench.context, rst_case_compare(rst_test_bench.context, rst_case_effective(loaded),
                                                       rst_case_effective(other), NULL, &differences));
  ck_assert_ptr_nonnull(strstr(differences, "bifurcation.from (was absent, is 1)"));
  free(differences);
  rst_case_destroy(&loaded);
  rst_case_destroy(&other);
}
END_TEST

START_TEST(json_is_one_object) {
  struct rst_case *loaded = rst_test_case(round_trips[_i], NULL, NULL);
  const char *json = rst_case_json(loaded);
  const char *end = *json == '{' ? skip_json(json, 0) : NULL;
  ck_assert_msg(end && *skip_blanks(end) == '\0', "malformed: %s", json);
  ck_assert_ptr_nonnull(strstr(json, "\"iterations\": "));
  ck_assert_ptr_null(strstr(json, "\"iterations\": \""));
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(comparison_names_the_keys_that_differ) {
  struct rst_case *first = rst_test_case(RST_TEST_HEAT_CASE "output: {scalars: [loss]}\n", NULL, NULL);
  static const char *const overrides[] = {"step.lr=0.5", "step.iterations=2001",
                                          "output.scalars=[loss, residual]", "step.scheme=nesterov"};
  static const char *const ignore[] = {"step.iterations", "output", "step.decay", NULL};
  struct rst_case *second = NULL;
  char *differences = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_test_bench_load(RST_TEST_HEAT_CASE, overrides, 4, &second));
  RST_TEST_OK(rst_test_bench.context, rst_case_compare(rst_test_bench.context, rst_case_effective(first),
                                                       rst_case_effective(second), ignore, &differences));
  ck_assert_str_eq(differences,
                   "step.scheme (was euler, is nesterov), step.lr (was 0.4, is 0.5), step.momentum "
                   "(was absent, is 0.9)");
  free(differences);
  RST_TEST_OK(rst_test_bench.context, rst_case_compare(rst_test_bench.context, rst_case_effective(first),
                                                       rst_case_effective(second), NULL, &differences));
  ck_assert_ptr_nonnull(strstr(differences, "step.iterations (was 2000, is 2001)"));
  ck_assert_ptr_nonnull(strstr(differences, "output.scalars (was [loss], is [loss, residual])"));
  free(differences);
  RST_TEST_FAILS(
      rst_test_bench.context, RST_ERROR_CASE, "case:2:1: error: not valid YAML",
      rst_case_compare(rst_test_bench.context, rst_case_effective(first), "a: [", NULL, &differences));
  rst_case_destroy(&first);
  rst_case_destroy(&second);
}
END_TEST

START_TEST(reference_has_every_key_in_80_columns) {
  char *text = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_case_reference(rst_test_bench.context, &text));
  struct rst_loaded_case *empty = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_case_create(rst_test_bench.context, &empty));
  for (size_t i = 0; i < empty->keys.count; ++i) {
    char line[LINE];
    snprintf(line, sizeof line, "\n  %s\n", empty->keys.keys[i].path);
    ck_assert_msg(strstr(text, line) != NULL, "the reference lacks %s", empty->keys.keys[i].path);
  }
  struct rst_case *content = &empty->content;
  rst_case_destroy(&content);
  static const char *const below[] = {"expect.N.tolerance", "bifurcation.burn_in", "analyze.density.width",
                                      "sweep.lr.from"};
  for (size_t i = 0; i < sizeof below / sizeof *below; ++i) {
    char line[LINE];
    snprintf(line, sizeof line, "\n  %s\n", below[i]);
    ck_assert_ptr_nonnull(strstr(text, line));
  }
  for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
    ck_assert_msg(strcspn(line, "\n") <= 80, "too long: %.*s", (int)strcspn(line, "\n"), line);
  }
  free(text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("case_text");
  TCase *tests = tcase_create("case_text");
  tcase_set_timeout(tests, 600);
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  const int trips = sizeof round_trips / sizeof *round_trips;
  tcase_add_loop_test(tests, effective_case_loads_to_itself, 0, trips);
  tcase_add_test(tests, effective_case_states_what_applies);
  tcase_add_test(tests, twins_are_emitted_as_they_were_meant);
  tcase_add_loop_test(tests, json_is_one_object, 0, trips);
  tcase_add_test(tests, comparison_names_the_keys_that_differ);
  tcase_add_test(tests, reference_has_every_key_in_80_columns);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
