/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduced/lane_block.h"

#include "core/vectors.h"
#include "support.h"

/** @file
 * A block of orbits gives the same bits by vectors of any width. That these are right, test_evaluator.c shows.
 */

static const struct rst_labelled_image images[] = {
    {.image = {.kind = "checkerboard", .size = 24}, .label = 1},
    {.image = {.kind = "grating", .size = 32, .period = 8.0, .angle = 0.0}, .label = 0}};

static struct rst_case case_of(const char *scheme, enum rst_decay decay) {
  struct rst_case made = {.flow = rst_test_network(images, 2, 6),
                          .initial = {.kind = "normal", .seed = 7, .scale = 1.0},
                          .tangent = {.exponents = 1, .seed = 1},
                          .stop = {.blow_up = 1e6}};
  made.step.scheme = rst_test_scheme_defaults;
  made.step.scheme.kind = scheme;
  made.step.scheme.decay = decay;
  made.step.scheme.momentum = rst_test_scheme_has_momentum(scheme) ? 0.5 : 0.0;
  made.step.iterations = 150;
  return made;
}

static void assert_same(size_t count, const double *a, const double *b) {
  for (size_t i = 0; i < count; ++i) {
    ck_assert_msg(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])), "%.17g and %.17g at %zu", a[i], b[i], i);
  }
}

static void assert_same_blocks(const struct rst_lane_block *a, const struct rst_lane_block *b) {
  const size_t recorded = sizeof a->record / sizeof(double);
  assert_same(recorded, &a->record[0][0][0], &b->record[0][0][0]);
  assert_same((a->network->rank + 1) * RST_LANES, a->state, b->state);
  assert_same(a->directions * RST_LANES, a->perturbation, b->perturbation);
  assert_same(RST_LANES, a->end, b->end);
  assert_same(RST_LANES, a->done, b->done);
  assert_same(RST_LANES, a->unstable, b->unstable);
  assert_same(RST_LANES, a->margin, b->margin);
  assert_same(RST_LANES, a->max_growth, b->max_growth);
  assert_same(RST_LANES, a->rest, b->rest);
  assert_same(RST_LANES, a->rest_log_growth, b->rest_log_growth);
}

/* From orbits that converge to such that diverge. */
static struct rst_lane_block *block_of(struct rst_context *context, const struct rst_case *from,
                                       const struct rst_reduced_network *network) {
  struct rst_lane_block *block = NULL;
  RST_TEST_OK(context, rst_lane_block_create(context, from, network, &block));
  for (size_t lane = 0; lane < RST_LANES; ++lane) {
    const double rate = 0.04 * (double)(lane + 1);
    const struct rst_local_range range = {0.0, 2.0 / rate};
    rst_lane_block_begin(block, lane, rate, 4.0, &range);
  }
  return block;
}

typedef void advance(struct rst_lane_block *block);

static void compare(struct rst_context *context, const struct rst_case *from, advance *one, advance *other) {
  struct rst_flow *flow = rst_test_flow(context, &from->flow);
  struct rst_reduced_network *network = NULL;
  RST_TEST_OK(context, rst_reduced_network_create(context, from, flow, &network));
  ck_assert_ptr_nonnull(network);
  struct rst_lane_block *a = block_of(context, from, network);
  struct rst_lane_block *b = block_of(context, from, network);
  for (long t = 0; t < from->step.iterations; t += RST_LANE_STEPS) {
    one(a);
    other(b);
    assert_same_blocks(a, b);
  }
  bool ended[] = {false, false, false, false};
  for (size_t lane = 0; lane < RST_LANES; ++lane) {
    ended[(int)a->end[lane]] = true;
  }
  const bool diverges = strcmp(from->step.scheme.kind, "imex") != 0;
  ck_assert(ended[RST_LANE_COMPLETE] && !ended[RST_LANE_RUNS] && ended[RST_LANE_DIVERGED] == diverges);
  rst_lane_block_destroy(&a);
  rst_lane_block_destroy(&b);
  rst_reduced_network_destroy(&network);
  rst_flow_destroy(&flow);
}

static void compare_all(advance *one, advance *other) {
  struct rst_context *context = rst_test_context();
  static const char *const schemes[] = {"euler", "heavy-ball", "nesterov", "imex"};
  for (size_t s = 0; s < 4; ++s) {
    const struct rst_case from = case_of(schemes[s], RST_DECAY_COUPLED);
    compare(context, &from, one, other);
  }
  const struct rst_case from = case_of("nesterov", RST_DECAY_DECOUPLED);
  compare(context, &from, one, other);
  rst_context_destroy(&context);
}

START_TEST(wider_vectors_give_the_same_bits) {
#ifdef RST_WIDER_VECTORS
  if (rst_vectors_widest() <= RST_VECTORS_AVX2) {
    compare_all(rst_lane_block_advance_plain, rst_lane_block_advance_avx2);
  }
  if (rst_vectors_widest() <= RST_VECTORS_AVX512) {
    compare_all(rst_lane_block_advance_plain, rst_lane_block_advance_avx512);
  }
#endif
  compare_all(rst_lane_block_advance_plain, rst_lane_block_advance);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lanes");
  TCase *tests = tcase_create("lanes");
  tcase_add_test(tests, wider_vectors_give_the_same_bits);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
