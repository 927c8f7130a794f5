/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "restrain/case.h"
#include "support.h"

enum { LINE = 512 };
#define SWEEP_AXES "lr: {from: 1, to: 2, count: 2}, weight_decay: {from: 3, to: 4, count: 2}"

/* The text fails, and a line of the message is "PATH:line:column: error: ...fragment...". */
static void check_fault(const char *text, int line, int column, const char *fragment) {
  struct rst_case *loaded = NULL;
  char begin[LINE];
  snprintf(begin, sizeof begin, "%s:%d:%d: error: ", rst_test_bench.path, line, column);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_CASE, begin, rst_test_bench_load(text, NULL, 0, &loaded));
  ck_assert_ptr_null(loaded);
  bool found = false;
  for (const char *at = rst_context_message(rst_test_bench.context); !found && (at = strstr(at, begin));
       ++at) {
    char message[LINE];
    snprintf(message, sizeof message, "%.*s", (int)strcspn(at, "\n"), at);
    found = strstr(message, fragment) != NULL;
  }
  ck_assert_msg(found, "\"%s\" lacks \"%s\" at %d:%d", rst_context_message(rst_test_bench.context), fragment,
                line, column);
}

static const struct {
  const char *text;
  int line, column;
  const char *fragment;
} faults[] = {
    {"", 1, 1, "empty"},
    {"# only a comment\n", 1, 1, "empty"},
    {"- 1\n", 1, 3, "expected a mapping of keys, found a list"},
    {"title\n", 1, 1, "expected a mapping of keys, found title"},
    {RST_TEST_HEAT_CASE "---\na: 1\n", 1, 1, "more than one YAML document"},
    {"flow: [1, 2\n", 2, 1, "not valid YAML"},
    {"flow:\n\tkind: heat\n", 2, 1, "tab"},
    {"title: \xC3\xA4\xFF\n", 1, 9, "UTF-8"},
    {RST_TEST_HEAT_CASE "tittle: x\n", 8, 1, "unknown key \"tittle\"; did you mean \"title\"?"},
    {RST_TEST_HEAT_CASE "  momentun: 0.5\n", 8, 3, "did you mean \"step.momentum\"?"},
    {RST_TEST_HEAT_CASE "lr: 0.5\n", 8, 1, "did you mean \"step.lr\"?"},
    {RST_TEST_HEAT_CASE "output: {EVERY: 5}\n", 8, 10, "did you mean \"output.every\"?"},
    {RST_TEST_HEAT_CASE "stop: {wavelength: 5}\n", 8, 8,
     "unknown key \"stop.wavelength\"; the keys there are blow_up"},
    {RST_TEST_HEAT_CASE "flow.kind: heat\n", 8, 1, "nested mappings"},
    {RST_TEST_HEAT_CASE "? [a]\n: 1\n", 8, 4, "a key is one name, found a list"},
    {RST_TEST_HEAT_CASE "  lr: 0.5\n", 8, 3, "key \"step.lr\" is given twice, first in line 6"},
    {RST_TEST_HEAT_CASE "step: {}\n", 8, 1, "key \"step\" is given twice, first in line 5"},
    {RST_TEST_HEAT_CASE "  divisor: three\n", 8, 12, "expected a number > 0, found three"},
    {RST_TEST_HEAT_CASE "  divisor: \"3\"\n", 8, 12, "expected a number > 0, found the text \"3\""},
    {RST_TEST_HEAT_CASE "  divisor: 0\n", 8, 12, "expected a number > 0, found 0"},
    {RST_TEST_HEAT_CASE "  divisor: .inf\n", 8, 12, "found .inf"},
    {RST_TEST_HEAT_CASE "  divisor: .nan\n", 8, 12, "found .nan"},
    {RST_TEST_HEAT_CASE "  divisor: 1e999\n", 8, 12, "found 1e999"},
    {RST_TEST_HEAT_CASE "  divisor: 1e\n", 8, 12, "found 1e"},
    {RST_TEST_HEAT_CASE "  divisor: 0x10\n", 8, 12, "found 0x10"},
    {RST_TEST_HEAT_CASE "  divisor:\n", 8, 3, "found nothing"},
    {RST_TEST_HEAT_CASE "  divisor: [1]\n", 8, 13, "found a list"},
    {RST_TEST_HEAT_CASE "  divisor: {a: 1}\n", 8, 13, "found a mapping"},
    {RST_TEST_HEAT_CASE "output: {every: 2.5}\n", 8, 17, "expected an integer >= 0, found 2.5"},
    {RST_TEST_HEAT_CASE "output: {every: 99999999999999999999}\n", 8, 17, "expected an integer >= 0"},
    {RST_TEST_HEAT_CASE "initial: {seed: 4294967296}\n", 8, 17, "expected an integer in [0, 4294967295]"},
    {RST_TEST_HEAT_CASE "initial: {seed: -1}\n", 8, 17, "found -1"},
    {RST_TEST_HEAT_CASE "initial: {kind: file, file: \"\"}\n", 8, 29, "expected a file name"},
    {RST_TEST_HEAT_CASE "initial: {kind: file, file: }\n", 8, 23, "expected a file name, found nothing"},
    {RST_TEST_HEAT_CASE "initial: {kind: file}\n", 8, 1, "missing key \"initial.file\""},
    {RST_TEST_HEAT_CASE "initial: {kind: Normal}\n", 8, 17,
     "unknown name \"Normal\"; did you mean \"normal\"?"},
    {RST_TEST_HEAT_CASE "  scheme: eve\n", 8, 11, "the names are euler, "},
    {RST_TEST_HEAT_CASE "  momentum: 0.9\n", 8, 3,
     "does not apply to step.scheme \"euler\" (only to heavy-ball, nesterov)"},
    {RST_TEST_HEAT_CASE "  scheme: nesterov\n  momentum: 1\n", 9, 13, "expected a number in [0, 1), found 1"},
    {RST_TEST_HEAT_CASE "output: {scalars: sharpness}\n", 8, 19, "expected a list of "},
    {RST_TEST_HEAT_CASE "output: {scalars: [loss, loss]}\n", 8, 26, "in the list already"},
    {RST_TEST_HEAT_CASE "output: {scalars: [los]}\n", 8, 20, "did you mean \"loss\"?"},
    {RST_TEST_HEAT_CASE "output: {scalars: [[loss]]}\n", 8, 21, "expected a name, found a list"},
    {RST_TEST_HEAT_CASE "output: 7\n", 8, 9, "\"output\" is a section: expected a mapping, found 7"},
    {RST_TEST_HEAT_CASE "expect: [3]\n", 8, 10, "item 0 of \"expect\": expected a mapping, found 3"},
    {RST_TEST_HEAT_CASE "expect: [{scalar: loss}]\n", 8, 11, "missing key \"expect.0.value\""},
    {RST_TEST_HEAT_CASE "expect: [{scalar: loss, vale: 1}]\n", 8, 25, "did you mean \"expect.0.value\"?"},
    {RST_TEST_HEAT_CASE "twins: 3\n", 8, 8,
     "key \"twins\": expected a list, each item a number > 0 or one of double, float, ulp, found 3"},
    {RST_TEST_HEAT_CASE "twins: [1, flaot]\n", 8, 12,
     "key \"twins.1\": unknown name \"flaot\"; did you mean \"float\"?"},
    {RST_TEST_HEAT_CASE "twins: [nan]\n", 8, 9, "the names are double, float, ulp"},
    {RST_TEST_HEAT_CASE "twins: [0]\n", 8, 9,
     "key \"twins.0\": expected a number > 0 or one of double, float, ulp, found 0"},
    {RST_TEST_HEAT_CASE "twins: [-3]\n", 8, 9, "or one of double, float, ulp, found -3"},
    {RST_TEST_HEAT_CASE "twins: [.inf]\n", 8, 9, "found .inf"},
    {RST_TEST_HEAT_CASE "twins: [1e999]\n", 8, 9, "found 1e999"},
    {RST_TEST_HEAT_CASE "twins: [\"3\"]\n", 8, 9, "found the text \"3\""},
    {RST_TEST_HEAT_CASE "twins: [~]\n", 8, 9, "found nothing"},
    {RST_TEST_HEAT_CASE "twins: [[3]]\n", 8, 10, "expected a number or a name, found a list"},
    {RST_TEST_HEAT_CASE "twins: [3, ulp, 3.0]\n", 8, 17, "\"3\" is in the list already"},
    {RST_TEST_HEAT_CASE "twins: [double]\n", 8, 9, "the run itself is double; this twin would show nothing"},
    {RST_TEST_HEAT_CASE "  scheme: rk4\ntwins: [float, 3]\n", 9, 16,
     "step.scheme \"rk4\" has no divisor to set to 3 (only euler, heavy-ball, nesterov, cfl, adam have)"},
    {RST_TEST_HEAT_CASE "twin: [3]\n", 8, 8, "\"twin\" is a section"},
    {RST_TEST_HEAT_CASE "twin: {average: 0}\n", 8, 17, "expected an integer >= 1, found 0"},
    {RST_TEST_HEAT_CASE "tangent: {exponents: 65}\n", 8, 22, "expected an integer in [1, 64], found 65"},
    {RST_TEST_HEAT_CASE "analyze: 3\n", 8, 10, "key \"analyze\": expected a mapping, found 3"},
    {RST_TEST_HEAT_CASE "analyze: {density: {prbes: 3}}\n", 8, 21,
     "did you mean \"analyze.density.probes\"?"},
    {RST_TEST_HEAT_CASE "bifurcation:\n", 8, 1, "expected a mapping, found nothing"},
    {RST_TEST_HEAT_CASE "bifurcation: {count: 3}\n", 8, 1, "missing key \"bifurcation.from\""},
    {RST_TEST_HEAT_CASE "bifurcation: {from: 1}\n", 8, 1, "missing key \"bifurcation.to\""},
    {RST_TEST_HEAT_CASE "bifurcation: {from: -1, to: 1}\n", 8, 21, "expected a number >= 0, found -1"},
    {RST_TEST_HEAT_CASE "bifurcation: {from: 1, to: 0.5}\n", 8, 28,
     "key \"bifurcation.to\": expected a number >= bifurcation.from 1, found 0.5"},
    {RST_TEST_HEAT_CASE "bifurcation: {from: 0, to: 1}\n", 8, 21, "parameter \"lr\", found 0"},
    {RST_TEST_HEAT_CASE "bifurcation: {from: 0, to: 1, parameter: weight_decay, scale: log}\n", 8, 21,
     "scale \"log\", found 0"},
    {RST_TEST_HEAT_CASE "bifurcation: {from: 1, to: 2, scale: logarithmic}\n", 8, 38,
     "the names are linear, log"},
    {RST_TEST_HEAT_CASE "sweep: 3\n", 8, 8, "key \"sweep\": expected a mapping, found 3"},
    {RST_TEST_HEAT_CASE "sweep: {lr: 3}\n", 8, 13, "\"sweep.lr\" is a section"},
    {RST_TEST_HEAT_CASE "sweep: {lr: {to: 2, count: 2}}\n", 8, 9, "missing key \"sweep.lr.from\""},
    {RST_TEST_HEAT_CASE "sweep: {lr: {from: 1, count: 2}}\n", 8, 9, "missing key \"sweep.lr.to\""},
    {RST_TEST_HEAT_CASE "sweep: {lr: {from: 1, to: 2}}\n", 8, 9, "missing key \"sweep.lr.count\""},
    {RST_TEST_HEAT_CASE "sweep: {lr: {from: 1, to: 2, count: 2}}\n", 8, 1,
     "missing key \"sweep.weight_decay.from\""},
    {RST_TEST_HEAT_CASE "sweep: {lr: {from: 0, to: 2, count: 2}}\n", 8, 20, "expected a number > 0, found 0"},
    {RST_TEST_HEAT_CASE "sweep: {lr: {from: 3, to: 2, count: 2}}\n", 8, 27,
     "key \"sweep.lr.to\": expected a number >= sweep.lr.from 3, found 2"},
    {RST_TEST_HEAT_CASE "sweep: {lr: {from: 1, to: 2, count: 0}}\n", 8, 37,
     "expected an integer in [1, 100000]"},
    {RST_TEST_HEAT_CASE "sweep: {weight_decay: {from: -1, to: 2, count: 2}}\n", 8, 30,
     "expected a number >= 0, found -1"},
    {RST_TEST_HEAT_CASE "sweep: {weight_decay: {from: 0, to: 2, count: 2, scale: log}}\n", 8, 30,
     "expected a number > 0 for sweep.weight_decay.scale \"log\", found 0"},
    {RST_TEST_HEAT_CASE "sweep: {refine: 11}\n", 8, 17, "expected an integer in [0, 10], found 11"},
    {RST_TEST_HEAT_CASE "sweep: {zoom: 3}\n", 8, 15, "found 3"},
    {RST_TEST_HEAT_CASE "sweep: {zoom: [{lr: 3, weight_decay: 3}], " SWEEP_AXES "}\n", 8, 21,
     "key \"sweep.zoom.0.lr\": expected a number inside sweep.lr, from 1 to 2, found 3"},
    {RST_TEST_HEAT_CASE "sweep: {zoom: [{lr: 1, weight_decay: 3}, {lr: 2, weight_decay: 2.5}], " SWEEP_AXES
                        "}\n",
     8, 64,
     "key \"sweep.zoom.1.weight_decay\": expected a number inside sweep.weight_decay, from 3 to 4, found "
     "2.5"},
    {RST_TEST_HEAT_CASE "sweep: {zoom: [{lr: 1, weight_decay: 3, factor: 1}], " SWEEP_AXES "}\n", 8, 49,
     "expected a number > 1, found 1"},
    {RST_TEST_HEAT_CASE "sweep: {zoom: [{lr: 1, weight_decay: 3, count: 0}], " SWEEP_AXES "}\n", 8, 48,
     "expected an integer in [1, 1000], found 0"},
    {RST_TEST_HEAT_CASE "sweep: {zoom: [{lr: 1}], " SWEEP_AXES "}\n", 8, 17,
     "missing key \"sweep.zoom.0.weight_decay\""},
    {RST_TEST_HEAT_CASE "sweep: {zoom: [{lr: x, weight_decay: 3}], " SWEEP_AXES "}\n", 8, 21,
     "expected a number > 0, found x"},
    {RST_TEST_HEAT_CASE "sweep: {agreement: -1}\n", 8, 20, "expected an integer >= 0"},
    {RST_TEST_HEAT_CASE "sweep: {reduction: full}\n", 8, 20, "the names are auto, none"},
    {"title: x\n", 1, 1, "missing key \"flow.kind\" (the gradient flow)"},
    {"flow: {kind: heat, points: 5}\n", 1, 1, "missing key \"flow.diffusion.coefficient\""},
    {"flow: {kind: heat, diffusion: {coefficient: 0}}\n", 1, 45, "expected a number > 0, found 0"},
    {"flow: {kind: heat}\n", 1, 1, "missing key \"flow.points\" (grid points a side, fixed ends included)"},
    {"flow: {kind: heat, kernel: 5}\n", 1, 20, "\"flow.kernel\" does not apply to flow.kind \"heat\""},
    {"flow: {kind: heat, boundary: valid}\n", 1, 30, "does not offer \"valid\", only "},
    {"flow: {kind: conv, points: 5}\n", 1, 20,
     "\"flow.points\" does not apply to flow.kind \"conv\" (only to heat)"},
    {"flow: {kind: conv}\n", 1, 1, "missing key \"flow.kernel\""},
    {"flow: {kind: conv, image: 3}\n", 1, 27, "key \"flow.image\": expected a mapping, found 3"},
    {"flow: {kind: conv, image: {kind: constant, label: 1}}\n", 1, 44, "unknown key \"flow.image.label\""},
    {"flow: {kind: conv, boundary: dirichlet}\n", 1, 30, "does not offer \"dirichlet\""},
    {"flow: {kind: conv, image: {size: 3}}\n", 1, 20, "missing key \"flow.image.kind\""},
    {"flow: {kind: conv, image: {kind: file, size: 3}}\n", 1, 40,
     "does not apply to flow.image.kind \"file\""},
    {"flow: {kind: conv, label: 2}\n", 1, 27, "expected an integer in [0, 1], found 2"},
    {"flow: {kind: conv, images: []}\n", 1, 20, "is empty; give at least one item"},
    {"flow: {kind: conv, label: 1, images: [{kind: constant}]}\n", 1, 20,
     "keys \"flow.label\" and \"flow.images\" exclude each other"},
    {"flow: {kind: conv, activation: {kind: relu, beta: 2}}\n", 1, 45,
     "does not apply to flow.activation.kind"},
    {"flow: {kind: conv-linear, activation: {kind: tanh}}\n", 1, 46, "the names are swish"},
    {"flow: {kind: conv-linear, shift: 1}\n", 1, 27,
     "does not apply to flow.kind \"conv-linear\" (only to conv)"},
};

START_TEST(fault_is_told_with_its_place) {
  check_fault(faults[_i].text, faults[_i].line, faults[_i].column, faults[_i].fragment);
}
END_TEST

static size_t fault_count(void) {
  size_t count = 0;
  for (const char *at = rst_context_message(rst_test_bench.context); (at = strstr(at, ": error: ")); ++at) {
    ++count;
  }
  return count;
}

START_TEST(missing_image_is_told) {
  struct rst_case *loaded = NULL;
  RST_TEST_FAILS(
      rst_test_bench.context, RST_ERROR_CASE, "missing key \"flow.image\"",
      rst_test_bench_load("flow: {kind: conv, kernel: 3}\nstep: {lr: 1, iterations: 1}\n", NULL, 0, &loaded));
  ck_assert_uint_eq(fault_count(), 1);
}
END_TEST

START_TEST(all_faults_come_at_once_in_order) {
  static const char text[] =
      "flow:\n"
      "  kind: conv\n"
      "  kernel: 0\n"
      "  image: {kind: chekerboard}\n"
      "titel: \"\xC3\xA4\"\n"
      "step:\n"
      "\n"
      "  lr: \"\xC3\xA4\\t\"   # here\n";
  static const char *const overrides[] = {"step.divisr=2", "step.scheme=nesterof", "output.fields=[a",
                                          "oops"};
  struct rst_case *loaded = NULL;
  char expected[4096];
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_CASE, "",
                 rst_test_bench_load(text, overrides, 4, &loaded));
  snprintf(expected, sizeof expected,
           "%1$s:3:11: error: key \"flow.kernel\": expected an integer >= 1, found 0\n"
           "    kernel: 0\n"
           "            ^\n"
           "%1$s:4:17: error: key \"flow.image.kind\": unknown name \"chekerboard\"; did you mean "
           "\"checkerboard\"?\n"
           "    image: {kind: chekerboard}\n"
           "                  ^\n"
           "%1$s:5:1: error: unknown key \"titel\"; did you mean \"title\"?\n"
           "  titel: \"\xC3\xA4\"\n"
           "  ^\n"
           "%1$s:6:1: error: missing key \"step.iterations\" (number of updates): expected an integer >= 0\n"
           "  step:\n"
           "  ^\n"
           "%1$s:8:7: error: key \"step.lr\": expected a number > 0, found the text \"\xC3\xA4?\"\n"
           "    lr: \"\xC3\xA4\\t\"   # here\n"
           "        ^\n"
           "-D step.divisr=2: error: unknown key \"step.divisr\"; did you mean \"step.divisor\"?\n"
           "-D step.scheme=nesterof: error: key \"step.scheme\": unknown name \"nesterof\"; did you mean "
           "\"nesterov\"?\n"
           "-D output.fields=[a: error: not valid YAML: flow sequence without a closing bracket\n"
           "-D oops: error: expected key.path=value, for example step.lr=0.1",
           rst_test_bench.path);
  ck_assert_str_eq(rst_context_message(rst_test_bench.context), expected);
}
END_TEST

START_TEST(caret_stands_under_the_place_behind_wide_characters) {
  struct rst_case *loaded = NULL;
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_CASE,
                 "\n  {title: \"\xC3\xA4\xC3\xB6\", lr: 1}\n                ^",
                 rst_test_bench_load("{title: \"\xC3\xA4\xC3\xB6\", lr: 1}\n", NULL, 0, &loaded));
}
END_TEST

static const struct {
  const char *override, *fragment;
} override_faults[] = {
    {"step.lr", "-D step.lr: error: expected key.path=value"},
    {"=3", "expected key.path=value"},
    {"step.lr=~", "-D step.lr=~: error: key \"step.lr\": expected a number > 0, found nothing"},
    {"step.lr=fast", "-D step.lr=fast: error: key \"step.lr\": expected a number > 0, found fast"},
    {"stp.lr=1", "unknown key \"stp\"; did you mean \"step\"?"},
    {"step.lr.q=1", "unknown key \"step.lr.q\"; did you mean \"step.lr\"?"},
    {"lr=1", "unknown key \"lr\"; did you mean \"step.lr\"?"},
    {"step.=1", "unknown key \"step.\""},
    {"expect.0.value=1", "\"expect\" has 0 items in the file; 0 is none"},
    {"expect.x=1", "x is none"},
    {"output.scalars.0.x=loss", "unknown key \"output.scalars.x\""},
    {"twins=[1, flaot]", "-D twins=[1, flaot]: error: key \"twins.1\": unknown name \"flaot\""},
    {"twins.0=3", "\"twins\" has 0 items in the file; 0 is none"},
    {"twins.0.x=3", "unknown key \"twins.x\""},
    {"bifurcation.count=3", "missing key \"bifurcation.from\""},
    {"sweep.lr.count=3", "missing key \"sweep.lr.from\""},
    {"step=3", "-D step=3: error: \"step\" is a section: expected a mapping, found 3"},
    {"step={lr: 1}", "-D step={lr: 1}: error: missing key \"step.iterations\""},
    {"flow.kind=conv", "case.yaml:3:3: error: key \"flow.points\" does not apply to flow.kind \"conv\""},
    {"flow.image.kind=constant", "key \"flow.image\" does not apply to flow.kind \"heat\""},
    {"flow.image.knd=constant", "unknown key \"flow.image.knd\"; did you mean \"flow.image.kind\"?"},
    {"title=a\n---\nb", "more than one YAML document"},
};

START_TEST(override_fault_is_told) {
  struct rst_case *loaded = NULL;
  const char *override = override_faults[_i].override;
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_CASE, override_faults[_i].fragment,
                 rst_test_bench_load(RST_TEST_HEAT_CASE, &override, 1, &loaded));
}
END_TEST

START_TEST(override_cannot_change_part_of_an_alias) {
  static const char text[] = "flow: {kind: conv, kernel: 2, images: [&i {kind: constant}, *i]}\n";
  const char *override = "flow.images.1.size=3";
  struct rst_case *loaded = NULL;
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_CASE, "is an alias in the file",
                 rst_test_bench_load(text, &override, 1, &loaded));
}
END_TEST

/* Damaged files give a verdict with a message, never a crash. */
static void check_verdict(const char *text, size_t length) {
  struct rst_case *loaded = NULL;
  rst_test_bench_write(text, length);
  const enum rst_status status = rst_case_load(rst_test_bench.context, rst_test_bench.path, NULL, 0, &loaded);
  ck_assert_msg(status == RST_OK ||
                    (status == RST_ERROR_CASE && *rst_context_message(rst_test_bench.context)),
                "%.*s", (int)length, text);
  ck_assert(status == RST_OK || !loaded);
  rst_case_destroy(&loaded);
}

static const char *const texts[] = {
    RST_TEST_HEAT_CASE "title: |\n  two\n  lines\n",
    "title: \"a \\\"quoted\\\" \xC3\xA4 \\u2028 \\x7f \\t # : - 'x' \"\nreference: "
    "'null'\n" RST_TEST_CONV_CASE
    "output: {scalars: [loss, residual], fields: [gradient], file: a/b.h5}\n"
    "twins: [3, float]\nbifurcation: {from: 1, to: 2}\n",
    "flow: &f\n  kind: conv\n  kernel: 3\n  images:\n  - &i {kind: constant, label: 0}\n  - *i\n"
    "step: {scheme: cfl, lr: 0.07, safety: 0.3, iterations: 7}\n"
    "expect: [{scalar: loss, iteration: 4, value: 0.1}, {scalar: residual, value: -1e-300}]\n",
};

START_TEST(truncated_and_altered_files_get_a_verdict) {
  static const char alterations[] = {'{', ']', ':', '"', '&', '*', '\n', '\t', '\0', '\xFF', '-', '#'};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    const size_t length = strlen(texts[i]);
    char text[1024];
    ck_assert_uint_lt(length, sizeof text);
    for (size_t cut = 0; cut <= length; ++cut) {
      check_verdict(texts[i], cut);
    }
    for (size_t at = 0; at < length; ++at) {
      memcpy(text, texts[i], length);
      text[at] = alterations[at % sizeof alterations];
      check_verdict(text, length);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("case_faults");
  TCase *tests = tcase_create("case_faults");
  tcase_set_timeout(tests, 600);
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_loop_test(tests, fault_is_told_with_its_place, 0, sizeof faults / sizeof *faults);
  tcase_add_test(tests, missing_image_is_told);
  tcase_add_test(tests, all_faults_come_at_once_in_order);
  tcase_add_test(tests, caret_stands_under_the_place_behind_wide_characters);
  tcase_add_loop_test(tests, override_fault_is_told, 0, sizeof override_faults / sizeof *override_faults);
  tcase_add_test(tests, override_cannot_change_part_of_an_alias);
  tcase_add_test(tests, truncated_and_altered_files_get_a_verdict);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
