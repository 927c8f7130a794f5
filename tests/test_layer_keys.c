/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/emit.h"
#include "case/scope.h"
#include "data/examples_keys.h"
#include "network/layer_keys.h"
#include "restrain/network.h"
#include "support.h"

/** @file
 * The tables of layers and examples, in a case that consists of nothing else.
 */

struct sample {
  struct rst_loaded_case loaded; /* what a case is emitted from */
  const struct rst_layer_parameters *layers;
  size_t layer_count;
  struct rst_examples_parameters train, test;
};

#define SAMPLE(member) PLACE(struct sample, member)

static const struct rst_key sample_rows[] = {
    {ITEMS("flow.layers", rst_layer_keys), REQUIRED, LIST(struct sample, layers, layer_count),
     HELP("layers")},
    {MAPPING("data.train", rst_examples_keys), LIST(struct sample, train, train.kind), HELP("training set")},
    {MAPPING("data.test", rst_examples_keys), LIST(struct sample, test, test.kind), HELP("test set")},
};
static const struct rst_keys sample_keys = RST_KEYS(sample_rows, struct sample);

static struct rst_context *context;
static struct rst_loaded_case *owner; /* of the memory of what is read */
static struct sample sample;

static void set_up(void) {
  context = rst_test_context();
  RST_TEST_OK(context, rst_case_create(context, &owner));
}

static void tear_down(void) {
  struct rst_case *content = &owner->content;
  rst_case_destroy(&content);
  rst_context_destroy(&context);
}

/* Read the text, with an override unless that is NULL, into the sample. */
static enum rst_status read_sample(const char *text, const char *override) {
  int number = 1;
  struct rst_report report = {
      .path = "case", .source = text, .length = strlen(text), .overrides = &override, .numbers = &number};
  struct rst_document document = {0};
  memset(&sample, 0, sizeof sample);
  if (rst_document_parse(&report, 0, text, strlen(text), &document)) {
    if (override) {
      rst_override_apply(&report, &sample_keys, &number, document.tree);
    }
    rst_fill_mapping(&report, owner, &sample_keys, "", fy_document_root(document.tree), rst_place_start(),
                     &sample);
  }
  rst_document_clear(&document);
  sample.loaded.keys = sample_keys;
  sample.loaded.folder = "";
  const enum rst_status status = rst_report_finish(&report, context);
  rst_report_clear(&report);
  return status;
}

static char *emit(enum rst_emit_format format) {
  char *text = NULL;
  RST_TEST_OK(context, rst_case_emit(context, &sample.loaded, format, &text));
  return text;
}

static const char network[] =
    "flow:\n"
    "  layers:\n"
    "  - {kind: conv, channels: 8, kernel: 3, boundary: same, stride: 2, bias: no,\n"
    "     normalisation: {kind: group, groups: 4}, activation: {kind: swish}}\n"
    "  - kind: residual\n"
    "    layers:\n"
    "    - {kind: conv, channels: 8, kernel: 5, boundary: periodic}\n"
    "    - kind: residual\n"
    "      layers: [{kind: conv, channels: 6, kernel: 1}]\n"
    "    activation: {kind: tanh, beta: 2}\n"
    "  - {kind: pool, size: 2}\n"
    "  - {kind: mean}\n"
    "  - {kind: dense, units: 10}\n";

START_TEST(layers_are_read_at_every_depth) {
  RST_TEST_OK(context, read_sample(network, NULL));
  ck_assert_uint_eq(sample.layer_count, 5);
  const struct rst_layer_parameters *conv = &sample.layers[0];
  ck_assert_str_eq(conv->kind, "conv");
  ck_assert(conv->channels == 8 && conv->kernel == 3 && conv->stride == 2 && !conv->bias);
  ck_assert(conv->padding == RST_PADDING_SAME && conv->normalisation.kind == RST_NORMALISATION_GROUP &&
            conv->normalisation.groups == 4 && conv->normalisation.affine);
  ck_assert_str_eq(conv->activation.kind, "swish");
  ck_assert_double_eq(conv->activation.beta, 1.0);
  const struct rst_layer_parameters *residual = &sample.layers[1];
  ck_assert_uint_eq(residual->layer_count, 2);
  ck_assert_double_eq(residual->activation.beta, 2.0);
  ck_assert(residual->layers[0].padding == RST_PADDING_PERIODIC && residual->layers[0].bias);
  ck_assert_str_eq(residual->layers[0].activation.kind, "identity");
  ck_assert_uint_eq(residual->layers[1].layers[0].channels, 6);
  ck_assert_uint_eq(sample.layers[2].size, 2);
  ck_assert_uint_eq(sample.layers[4].units, 10);
  ck_assert(sample.layers[4].bias && sample.layers[4].layer_count == 0);
  ck_assert_ptr_null(sample.train.kind);
}
END_TEST

static const char sets[] =
    "flow: {layers: [{kind: mean}]}\n"
    "data:\n"
    "  train: {kind: textures, classes: 3, seed: 7}\n"
    "  test: {kind: idx, images: a.gz, labels: b, classes: [4, 9], first: 2}\n";

START_TEST(sets_have_the_keys_of_their_kind) {
  RST_TEST_OK(context, read_sample(sets, NULL));
  ck_assert(sample.train.texture_classes == 3 && sample.train.seed == 7 && !sample.train.classes);
  ck_assert(sample.train.scale == RST_EXAMPLES_NONE && sample.test.scale == RST_EXAMPLES_UNIT);
  ck_assert(sample.test.class_count == 2 && sample.test.classes[1] == 9 && sample.test.first == 2);
  ck_assert_str_eq(sample.test.images, "a.gz");
  RST_TEST_OK(context, read_sample(sets, "data.test={kind: cifar, files: [one, two], scale: standardise}"));
  ck_assert(sample.test.file_count == 2 && sample.test.scale == RST_EXAMPLES_STANDARDISE);
  ck_assert_str_eq(sample.test.files[1], "two");
}
END_TEST

START_TEST(effective_cases_read_back_to_themselves) {
  const char *const texts[] = {network, sets};
  RST_TEST_OK(context, read_sample(texts[_i], "data.test={kind: cifar, files: [one, 'two: 2']}"));
  char *effective = emit(RST_EMIT_YAML);
  char *json = emit(RST_EMIT_JSON);
  RST_TEST_OK(context, read_sample(effective, NULL));
  char *again = emit(RST_EMIT_YAML);
  ck_assert_str_eq(again, effective);
  /* JSON is YAML. */
  RST_TEST_OK(context, read_sample(json, NULL));
  char *from_json = emit(RST_EMIT_YAML);
  ck_assert_str_eq(from_json, effective);
  ck_assert_ptr_nonnull(strstr(json, "/two: 2\"]"));
  free(again);
  free(effective);
  free(from_json);
  free(json);
}
END_TEST

START_TEST(overrides_reach_every_depth) {
  RST_TEST_OK(context, read_sample(network, "flow.layers.0.channels=16"));
  ck_assert_uint_eq(sample.layers[0].channels, 16);
  RST_TEST_OK(context, read_sample(network, "flow.layers.0.normalisation.groups=2"));
  ck_assert_uint_eq(sample.layers[0].normalisation.groups, 2);
  RST_TEST_OK(context, read_sample(network, "flow.layers.1.layers.1.layers.0.channels=7"));
  ck_assert_uint_eq(sample.layers[1].layers[1].layers[0].channels, 7);
  RST_TEST_OK(context, read_sample(network, "flow.layers.1.layers.0={kind: mean}"));
  ck_assert_str_eq(sample.layers[1].layers[0].kind, "mean");
  RST_TEST_FAILS(
      context, RST_ERROR_CASE,
      "unknown key \"flow.layers.1.layers.0.chanels\"; did you mean \"flow.layers.1.layers.0.channels\"?",
      read_sample(network, "flow.layers.1.layers.0.chanels=7"));
  RST_TEST_FAILS(context, RST_ERROR_CASE, "\"flow.layers.1.layers\" has 2 items in the file; 2 is none",
                 read_sample(network, "flow.layers.1.layers.2.channels=7"));
}
END_TEST

#define LAYER(text) "flow: {layers: [{kind: mean}, " text "]}\n"
#define DATA(text) "flow: {layers: [{kind: mean}]}\ndata: {train: " text "}\n"

static const struct {
  const char *text, *fragment;
} faults[] = {
    {"flow: {layers: []}\n", "list \"flow.layers\" is empty"},
    {"flow: {layers: {kind: mean}}\n", "\"flow.layers\": expected a list of mappings, found a mapping"},
    {LAYER("mean"), "case:1:31: error: item 1 of \"flow.layers\": expected a mapping, found mean"},
    {LAYER("{kind: convv}"),
     "case:1:38: error: key \"flow.layers.1.kind\": unknown name \"convv\"; did you mean \"conv\"?"},
    {LAYER("{kind: conv, kernel: 3}"), "missing key \"flow.layers.1.channels\""},
    {LAYER("{kind: conv, channels: 3, kernel: 0}"),
     "\"flow.layers.1.kernel\": expected an integer >= 1, found 0"},
    {LAYER("{kind: mean, kernel: 3}"),
     "\"flow.layers.1.kernel\" does not apply to flow.layers.1.kind \"mean\" (only to conv)"},
    {LAYER("{kind: dense, units: 3, bias: on}"),
     "\"flow.layers.1.bias\": unknown name \"on\"; the names are no, yes"},
    {LAYER("{kind: dense, units: 3, activation: tanh}"),
     "\"flow.layers.1.activation\" is a section: expected a mapping, found tanh"},
    {LAYER("{kind: dense, units: 3, activation: {kind: relu, beta: 1}}"),
     "\"flow.layers.1.activation.beta\" does not apply"},
    {LAYER("{kind: conv, channels: 3, kernel: 1, normalisation: {kind: group}}"),
     "missing key \"flow.layers.1.normalisation.groups\""},
    {LAYER("{kind: conv, channels: 3, kernel: 1, normalisation: {kind: batch, groups: 1}}"),
     "\"flow.layers.1.normalisation.groups\" does not apply"},
    {LAYER("{kind: conv, channels: 3, kernel: 1, boundary: dirichlet}"),
     "the names are valid, same, periodic"},
    {LAYER("{kind: residual}"), "missing key \"flow.layers.1.layers\""},
    {LAYER("{kind: residual, layers: [{kind: pool}]}"),
     "case:1:58: error: missing key \"flow.layers.1.layers.0.size\""},
    {LAYER("{kind: residual, layers: [{kind: mean, sice: 1}]}"),
     "did you mean \"flow.layers.1.layers.0.size\"?"},
    {DATA("{size: 3}"), "missing key \"data.train.kind\""},
    {DATA("{kind: idx, images: a}"), "missing key \"data.train.labels\""},
    {DATA("{kind: cifar}"), "missing key \"data.train.files\""},
    {DATA("{kind: cifar, files: one}"), "\"data.train.files\": expected a list of file names, found one"},
    {DATA("{kind: cifar, files: [one, [two]]}"),
     "\"data.train.files.1\": expected a file name, found a list"},
    {DATA("{kind: cifar, files: [one, '']}"), "\"data.train.files.1\": expected a file name"},
    {DATA("{kind: cifar, files: [one, one]}"), "\"one\" is in the list already"},
    {DATA("{kind: textures, classes: [1, 2]}"), "\"data.train.classes\": expected an integer"},
    {DATA("{kind: textures, first: 2}"), "\"data.train.first\" does not apply"},
    {DATA("{kind: file, images: a, labels: b, classes: 2}"),
     "\"data.train.classes\": expected a list of numbers"},
    {DATA("{kind: file, images: a, labels: b, scale: units}"), "did you mean \"unit\"?"},
};
enum { FAULTS = sizeof faults / sizeof *faults };

START_TEST(faults_are_told_with_place_and_path) {
  RST_TEST_FAILS(context, RST_ERROR_CASE, faults[_i].fragment, read_sample(faults[_i].text, NULL));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layer_keys");
  TCase *tests = tcase_create("layer_keys");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, layers_are_read_at_every_depth);
  tcase_add_test(tests, sets_have_the_keys_of_their_kind);
  tcase_add_loop_test(tests, effective_cases_read_back_to_themselves, 0, 2);
  tcase_add_test(tests, overrides_reach_every_depth);
  tcase_add_loop_test(tests, faults_are_told_with_place_and_path, 0, FAULTS);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
