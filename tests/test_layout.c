/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

/* Tensors of every rank, one after the other; some numbers are fixed. */
enum { TENSORS = 4, COUNT = 5 + 6 + 24 + 2 * 3 * 4 * 3 };
static const struct rst_tensor tensors[TENSORS] = {
    {.name = "bias", .rank = 1, .dims = {5}, .offset = 0},
    {.name = "kernel", .rank = 2, .dims = {2, 3}, .offset = 5},
    {.name = "channels", .rank = 3, .dims = {4, 3, 2}, .offset = 11},
    {.name = "layer", .rank = 4, .dims = {2, 3, 4, 3}, .offset = 35},
};
static const uint8_t fixed[COUNT] = {[0] = 1, [7] = 1, [COUNT - 1] = 1};
static const struct rst_layout layout = {
    .count = COUNT, .tensor_count = TENSORS, .tensors = tensors, .fixed = fixed};
static const size_t planes[TENSORS] = {1, 1, 4, 6};
static const size_t shapes[TENSORS][2] = {{1, 5}, {2, 3}, {3, 2}, {4, 3}};

static struct rst_field *numbered(struct rst_context *context, enum rst_precision precision) {
  struct rst_field *u = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, 1, COUNT, &u));
  for (size_t i = 0; i < COUNT; ++i) {
    rst_field_set(u, 0, i, (double)i);
  }
  return u;
}

/* Every number of the state is in one plane, in order. */
START_TEST(planes_tile_the_state) {
  struct rst_context *context = rst_test_context();
  struct rst_field *u = numbered(context, (enum rst_precision)_i);
  size_t next = 0;
  for (size_t t = 0; t < TENSORS; ++t) {
    ck_assert_uint_eq(next, tensors[t].offset);
    ck_assert_uint_eq(rst_tensor_planes(&tensors[t]), planes[t]);
    for (size_t p = 0; p < planes[t]; ++p) {
      const struct rst_field plane = rst_layout_plane(&layout, u, t, p);
      ck_assert(plane.precision == u->precision);
      ck_assert(plane.ny == shapes[t][0] && plane.nx == shapes[t][1]);
      for (size_t i = 0; i < plane.ny * plane.nx; ++i) {
        ck_assert_double_eq(rst_field_get(&plane, i / plane.nx, i % plane.nx), (double)next++);
      }
    }
    ck_assert_uint_eq(next, tensors[t].offset + rst_tensor_count(&tensors[t]));
  }
  ck_assert_uint_eq(next, COUNT);
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(planes_share_the_memory_of_the_state) {
  struct rst_context *context = rst_test_context();
  struct rst_field *u = numbered(context, RST_PRECISION_FLOAT);
  struct rst_field plane = rst_layout_plane(&layout, u, 3, 1 * 3 + 2);
  rst_field_set(&plane, 2, 1, -1.0);
  ck_assert_double_eq(rst_field_get(u, 0, 35 + ((1 * 3 + 2) * 4 + 2) * 3 + 1), -1.0);
  rst_field_fill(9.0, u);
  ck_assert_double_eq(rst_field_get(&plane, 2, 1), 9.0);
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(free_points_are_those_not_fixed) {
  const struct rst_layout without = {.count = COUNT, .tensor_count = TENSORS, .tensors = tensors};
  ck_assert_uint_eq(rst_layout_free_count(&layout), COUNT - 3);
  ck_assert_uint_eq(rst_layout_free_count(&without), COUNT);
}
END_TEST

/* Normal numbers run through the whole state; a tent stands on every plane, and a line is a plane of one row. */
START_TEST(initial_states_fill_every_tensor) {
  struct rst_context *context = rst_test_context();
  struct rst_field *u = numbered(context, RST_PRECISION_DOUBLE);
  double normal[COUNT];
  RST_TEST_OK(context, rst_random_normal(context, 3, COUNT, normal));
  RST_TEST_OK(context,
              rst_initial_fill(context,
                               &(struct rst_initial_parameters){.kind = "normal", .seed = 3, .scale = 2.0},
                               &layout, u));
  for (size_t i = 0; i < COUNT; ++i) {
    ck_assert_double_eq(rst_field_get(u, 0, i), 2.0 * normal[i]);
  }
  RST_TEST_OK(
      context,
      rst_initial_fill(context, &(struct rst_initial_parameters){.kind = "tent", .scale = 2.0}, &layout, u));
  ck_assert(rst_field_get(u, 0, 0) == 0.0 && rst_field_get(u, 0, 1) == 1.0 && rst_field_get(u, 0, 2) == 2.0);
  for (size_t p = 0; p < planes[3]; ++p) {
    const struct rst_field plane = rst_layout_plane(&layout, u, 3, p);
    for (size_t y = 0; y < 4; ++y) {
      for (size_t x = 0; x < 3; ++x) {
        const double height = x == 1 && y % 3 != 0 ? 2.0 * 2.0 / 3.0 : 0.0;
        ck_assert_double_eq_tol(rst_field_get(&plane, y, x), height, 1e-15);
      }
    }
  }
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}
END_TEST

/* The flows' own: one tensor, as large as the state, with the ends of a heat flow fixed. */
START_TEST(flows_have_one_kernel) {
  static const size_t free_points[] = {6, 36, 8, 64};
  struct rst_context *context = rst_test_context();
  for (int i = 0; i < 4; ++i) {
    const int dimension = 1 + i % 2;
    struct rst_flow *flow = rst_test_heat(
        context, RST_PRECISION_DOUBLE, i < 2 ? RST_BOUNDARY_DIRICHLET : RST_BOUNDARY_PERIODIC, dimension, 8);
    const struct rst_layout *of = rst_flow_layout(flow);
    struct rst_field *u = NULL;
    RST_TEST_OK(context, rst_flow_create_state(context, flow, &u));
    ck_assert(u->ny == 1 && u->nx == of->count && of->tensor_count == 1);
    ck_assert_str_eq(of->tensors->name, "kernel");
    ck_assert(of->tensors->rank == 2 && of->tensors->dims[0] == (dimension == 1 ? 1 : 8) &&
              of->tensors->dims[1] == 8 && rst_tensor_count(of->tensors) == of->count);
    ck_assert_uint_eq(rst_layout_free_count(of), free_points[i]);
    rst_field_fill(1.0, u);
    rst_flow_pin(flow, u);
    ck_assert_double_eq(rst_field_sum(u), (double)free_points[i]);
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layout");
  TCase *tests = tcase_create("layout");
  tcase_add_loop_test(tests, planes_tile_the_state, 0, 2);
  tcase_add_test(tests, planes_share_the_memory_of_the_state);
  tcase_add_test(tests, free_points_are_those_not_fixed);
  tcase_add_test(tests, initial_states_fill_every_tensor);
  tcase_add_test(tests, flows_have_one_kernel);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
