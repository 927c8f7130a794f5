/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "networks.h"
#include "support.h"

/* Flows over examples, with some of them chosen. */

enum { EXAMPLES = 19, DRAWN = 6, BATCH_NETWORK = 13 };

/* One example twice; weights of no particular sum. */
static const size_t indices[DRAWN] = {17, 2, 5, 2, 11, 0};
static const double weights[DRAWN] = {0.25, 0.125, 0.5, 0.375, -0.125, 0.0625};

static bool has_batch_normalisation(const struct rst_flow *flow) {
  return rst_flow_averages(flow) != NULL;
}

struct bench {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_field *u, *v, *gradient, *product, *sum, *part;
  char label[160];
};

static struct bench open_bench(size_t network, enum rst_precision precision) {
  struct bench bench = {.context = rst_test_context()};
  struct rst_flow_parameters parameters = rst_test_network_of_layers(network, bench.label);
  parameters.precision = precision;
  bench.flow = rst_test_flow(bench.context, &parameters);
  bench.u = rst_test_state(bench.context, bench.flow, 4, 0.5);
  bench.v = rst_test_state(bench.context, bench.flow, 5, 1.0);
  struct rst_field **zeros[] = {&bench.gradient, &bench.product, &bench.sum, &bench.part};
  for (size_t i = 0; i < sizeof zeros / sizeof *zeros; ++i) {
    *zeros[i] = rst_test_state(bench.context, bench.flow, 1, 0.0);
  }
  return bench;
}

static void close_bench(struct bench *bench) {
  struct rst_field **fields[] = {&bench->u,       &bench->v,   &bench->gradient,
                                 &bench->product, &bench->sum, &bench->part};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
    rst_field_destroy(fields[i]);
  }
  rst_flow_destroy(&bench->flow);
  rst_context_destroy(&bench->context);
}

/* Value, gradient and Hessian product of a draw are the sums of those of its examples, one by one. */
START_TEST(a_draw_is_the_sum_over_its_examples) {
  const double tolerance = 1e-12;
  struct bench bench = open_bench((size_t)_i, RST_PRECISION_DOUBLE);
  const struct rst_draw draw = {DRAWN, indices, weights, NULL};
  struct rst_flow_value value;
  struct rst_flow_value part;
  double loss = 0.0;
  double residual = 0.0;
  RST_TEST_OK(bench.context, rst_flow_prepare(bench.flow, DRAWN));
  rst_flow_choose(bench.flow, &draw);
  rst_flow_linearise(bench.flow, bench.u, &value, bench.gradient);
  rst_flow_hessian_product(bench.flow, bench.v, bench.product);
  for (size_t i = 0; i < DRAWN && !has_batch_normalisation(bench.flow); ++i) {
    const struct rst_draw one = {1, indices + i, weights + i, NULL};
    rst_flow_choose(bench.flow, &one);
    rst_flow_evaluate(bench.flow, bench.u, &part, bench.part);
    loss += part.data_loss;
    residual += part.residual;
    rst_field_axpy(-1.0, bench.part, bench.gradient);
    rst_field_axpy(1.0, bench.part, bench.sum);
    rst_flow_linearise(bench.flow, bench.u, NULL, NULL);
    rst_flow_hessian_product(bench.flow, bench.v, bench.part);
    rst_field_axpy(-1.0, bench.part, bench.product);
  }
  if (!has_batch_normalisation(bench.flow)) {
    ck_assert_msg(fabs(value.data_loss - loss) <= tolerance, "%s: %.17g instead of %.17g", bench.label,
                  value.data_loss, loss);
    ck_assert_double_le(fabs(value.residual - residual), tolerance);
    ck_assert_double_le(rst_field_norm(bench.gradient), tolerance * (1 + rst_field_norm(bench.sum)));
    ck_assert_double_le(rst_field_norm(bench.product), 100 * tolerance * (1 + rst_field_norm(bench.sum)));
  }
  close_bench(&bench);
}
END_TEST

/* Class weights c turn w_i into w_i n c_{y_i} / sum_j c_{y_j}. */
START_TEST(class_weights_rescale_what_is_drawn) {
  const double tolerance = 1e-13;
  const double classes[] = {1.5, 0.25, 3.0};
  struct rst_context *context = rst_test_context();
  char label[160];
  struct rst_flow_parameters parameters = rst_test_network_of_layers(0, label);
  struct rst_examples *examples = NULL;
  RST_TEST_OK(context, rst_examples_create(context, &parameters.network.train, NULL, &examples));
  const int32_t *labels = rst_examples_labels(examples);
  double sum = 0.0;
  double rescaled[DRAWN];
  for (size_t i = 0; i < EXAMPLES; ++i) {
    sum += classes[labels[i]];
  }
  for (size_t i = 0; i < DRAWN; ++i) {
    rescaled[i] = weights[i] * EXAMPLES * classes[labels[indices[i]]] / sum;
  }
  const struct rst_draw draws[] = {{DRAWN, indices, rescaled, NULL}, {DRAWN, indices, weights, NULL}};
  struct rst_flow_value value[2];
  for (int i = 0; i < 2; ++i) {
    parameters.network.class_weights = i ? classes : NULL;
    parameters.network.class_weight_count = 3;
    struct rst_flow *flow = rst_test_flow(context, &parameters);
    struct rst_field *u = rst_test_state(context, flow, 4, 0.5);
    RST_TEST_OK(context, rst_flow_prepare(flow, DRAWN));
    rst_flow_choose(flow, &draws[i]);
    rst_flow_evaluate(flow, u, &value[i], NULL);
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
  }
  rst_test_close(value[1].data_loss, value[0].data_loss, tolerance);
  rst_examples_destroy(&examples);
  rst_context_destroy(&context);
}
END_TEST

/* A batch is normalised by itself: as a whole set of those examples. */
START_TEST(a_batch_is_normalised_by_itself) {
  const double tolerance = 1e-13;
  const size_t first[DRAWN] = {0, 1, 2, 3, 4, 5};
  double equal[DRAWN];
  struct rst_context *context = rst_test_context();
  char label[160];
  struct rst_flow_parameters parameters = rst_test_network_of_layers(BATCH_NETWORK, label);
  parameters.network.class_weights = NULL;
  struct rst_flow_value value[2];
  struct rst_field *gradient[2];
  for (size_t i = 0; i < DRAWN; ++i) {
    equal[i] = 1.0 / DRAWN;
  }
  for (int i = 0; i < 2; ++i) {
    parameters.network.train.count = i ? DRAWN : 0;
    struct rst_flow *flow = rst_test_flow(context, &parameters);
    struct rst_field *u = rst_test_state(context, flow, 4, 0.5);
    gradient[i] = rst_test_state(context, flow, 1, 0.0);
    if (!i) {
      const struct rst_draw draw = {DRAWN, first, equal, NULL};
      RST_TEST_OK(context, rst_flow_prepare(flow, DRAWN));
      rst_flow_choose(flow, &draw);
    }
    rst_flow_evaluate(flow, u, &value[i], gradient[i]);
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
  }
  rst_test_close(value[1].data_loss, value[0].data_loss, tolerance);
  ck_assert_double_le(rst_field_distance(gradient[0], gradient[1]), tolerance * rst_field_norm(gradient[0]));
  rst_field_destroy(&gradient[0]);
  rst_field_destroy(&gradient[1]);
  rst_context_destroy(&context);
}
END_TEST

/* The whole set comes back to the bit, and a linearisation is that of the choice at its time. */
START_TEST(choices_come_and_go) {
  struct bench bench = open_bench((size_t)_i, _i % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
  const size_t size = rst_precision_size(bench.u->precision) * rst_field_count(bench.u);
  const struct rst_draw draw = {DRAWN, indices, weights, NULL};
  struct rst_flow_value before;
  struct rst_flow_value after;
  RST_TEST_OK(bench.context, rst_flow_prepare(bench.flow, DRAWN));
  rst_flow_linearise(bench.flow, bench.u, &before, bench.gradient);
  rst_flow_hessian_product(bench.flow, bench.v, bench.product);
  rst_flow_choose(bench.flow, &draw);
  rst_flow_evaluate(bench.flow, bench.u, &after, bench.sum);
  ck_assert_double_ne(after.data_loss, before.data_loss);
  rst_flow_hessian_product(bench.flow, bench.v, bench.part);
  ck_assert_mem_eq(bench.part->data, bench.product->data, size);
  rst_flow_choose(bench.flow, NULL);
  rst_flow_evaluate(bench.flow, bench.u, &after, bench.sum);
  ck_assert_double_eq(after.data_loss, before.data_loss);
  ck_assert_mem_eq(bench.sum->data, bench.gradient->data, size);
  close_bench(&bench);
}
END_TEST

/* With the statistics of the whole set in their place, running averages change nothing. */
START_TEST(averages_stand_in_for_statistics) {
  enum { FIRST = 4, SECOND = 3, COUNT = 2 * (FIRST + SECOND) };
  const double tolerance = 1e-13;
  const double numbers[] = {EXAMPLES * 49.0, EXAMPLES * 25.0};
  struct bench bench = open_bench(BATCH_NETWORK, RST_PRECISION_DOUBLE);
  struct rst_flow_value value;
  struct rst_assessment assessment;
  double statistics[COUNT];
  double averages[COUNT];
  double expected[COUNT];
  ck_assert_uint_eq(rst_flow_averages(bench.flow)->count, COUNT);
  ck_assert_str_eq(rst_flow_averages(bench.flow)->tensors[3].name, "1.norm.running_var");
  rst_flow_evaluate(bench.flow, bench.u, &value, bench.gradient);
  rst_flow_statistics(bench.flow, statistics);
  rst_flow_start_averages(bench.flow, averages);
  for (size_t i = 0; i < COUNT; ++i) {
    const bool is_variance = (i >= FIRST && i < 2 * FIRST) || i >= 2 * FIRST + SECOND;
    ck_assert_double_eq(averages[i], is_variance ? 1.0 : 0.0);
    expected[i] = 0.9 * averages[i] + 0.1 * statistics[i];
  }
  rst_flow_average(bench.flow, statistics, averages);
  for (size_t i = 0; i < COUNT; ++i) {
    rst_test_close(averages[i], expected[i], 1e-15);
  }
  for (size_t i = 0; i < FIRST; ++i) {
    statistics[FIRST + i] *= (numbers[0] - 1) / numbers[0];
  }
  for (size_t i = 0; i < SECOND; ++i) {
    statistics[2 * FIRST + SECOND + i] *= (numbers[1] - 1) / numbers[1];
  }
  rst_flow_assess(bench.flow, RST_TRAINING_SET, bench.u, statistics, &assessment, bench.sum);
  rst_test_close(assessment.loss, value.data_loss, tolerance);
  ck_assert_double_le(rst_field_distance(bench.sum, bench.gradient),
                      tolerance * rst_field_norm(bench.gradient));
  close_bench(&bench);
}
END_TEST

/* E and its gradient with equal weights, whatever is chosen. */
START_TEST(assessments_are_of_the_whole_set) {
  struct bench bench = open_bench((size_t)_i, RST_PRECISION_DOUBLE);
  const struct rst_draw draw = {DRAWN, indices, weights, NULL};
  struct rst_flow_value value;
  struct rst_assessment assessment;
  RST_TEST_OK(bench.context, rst_flow_prepare(bench.flow, DRAWN));
  rst_flow_evaluate(bench.flow, bench.u, &value, bench.gradient);
  rst_flow_choose(bench.flow, &draw);
  if (!has_batch_normalisation(bench.flow)) {
    rst_flow_assess(bench.flow, RST_TRAINING_SET, bench.u, NULL, &assessment, bench.sum);
    ck_assert_double_eq(assessment.loss, value.data_loss);
    ck_assert_double_eq(rst_field_distance(bench.sum, bench.gradient), 0.0);
    ck_assert(assessment.accuracy >= 0.0 && assessment.accuracy <= 1.0);
  }
  ck_assert_uint_eq(rst_flow_example_count(bench.flow, RST_TRAINING_SET), EXAMPLES);
  ck_assert_uint_eq(rst_flow_example_count(bench.flow, RST_TEST_SET), 0);
  close_bench(&bench);
}
END_TEST

START_TEST(flows_without_examples_refuse) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, 8);
  ck_assert_uint_eq(rst_flow_example_count(flow, RST_TRAINING_SET), 0);
  ck_assert_ptr_null(rst_flow_averages(flow));
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "has no examples", rst_flow_prepare(flow, 3));
  rst_flow_choose(flow, NULL);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("flow_examples");
  TCase *tests = tcase_create("flow_examples");
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, a_draw_is_the_sum_over_its_examples, 0, RST_TEST_NETWORKS);
  tcase_add_test(tests, class_weights_rescale_what_is_drawn);
  tcase_add_test(tests, a_batch_is_normalised_by_itself);
  tcase_add_loop_test(tests, choices_come_and_go, 0, RST_TEST_NETWORKS);
  tcase_add_test(tests, averages_stand_in_for_statistics);
  tcase_add_loop_test(tests, assessments_are_of_the_whole_set, 0, RST_TEST_NETWORKS);
  tcase_add_test(tests, flows_without_examples_refuse);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
