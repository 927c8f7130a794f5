/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <hdf5.h>

#include "restrain/image.h"

/** @file
 * Initial states of several tensors.
 */

static const struct rst_tensor tensors[] = {
    {.name = "0.weight", .rank = 4, .dims = {2, 2, 1, 2}, .offset = 0},
    {.name = "0.bias", .rank = 1, .dims = {2}, .offset = 8},
    {.name = "0.norm.weight", .rank = 1, .dims = {2}, .offset = 10},
    {.name = "0.norm.bias", .rank = 1, .dims = {2}, .offset = 12},
    {.name = "1.weight", .rank = 2, .dims = {2, 3}, .offset = 14},
    {.name = "1.bias", .rank = 1, .dims = {2}, .offset = 20},
};
enum { TENSORS = sizeof tensors / sizeof *tensors, COUNT = 22 };
static const struct rst_layout layout = {.count = COUNT, .tensor_count = TENSORS, .tensors = tensors};

static struct rst_context *context;
static struct rst_field *u;

static void set_up(void) {
  context = rst_test_context();
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 1, COUNT, &u));
}

static void tear_down(void) {
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}

/* By NumPy 1.24: numpy.random.seed(11), and for each weight randn(*shape) * (1.5/sqrt(fan_in)). */
static const double fan_in[COUNT] = {1.3120910559788845,
                                     -0.21455474761222063,
                                     -0.36342384916585824,
                                     -1.9899889194461093,
                                     -0.0062134720297018801,
                                     -0.23972352282322368,
                                     -0.40247202167604751,
                                     0.23655200131927268,
                                     0,
                                     0,
                                     1,
                                     1,
                                     0,
                                     0,
                                     0.36464061655887786,
                                     -0.92283925141710244,
                                     -0.76750606802297616,
                                     -0.41199729009491864,
                                     0.59728240117517029,
                                     0.48600668084989007,
                                     0,
                                     0};
/* The same with numpy.random.uniform(-b, b, shape), b = 1/sqrt(fan_in), for weights and biases. */
static const double uniform[COUNT] = {-0.3197303111232308,
                                      -0.48052475851237542,
                                      -0.036781473501655393,
                                      0.22493392919214783,
                                      -0.079796395412272569,
                                      -0.0145729018322176,
                                      -0.48721918540939135,
                                      -0.012628392680128386,
                                      0.44180665234336614,
                                      0.35079508937677872,
                                      1,
                                      1,
                                      0,
                                      0,
                                      0.26554009757207864,
                                      -0.45179266846127547,
                                      0.45484135749801557,
                                      0.41240620137943262,
                                      -0.3867246629732074,
                                      0.15280615700787825,
                                      -0.55369783047163734,
                                      -0.44255368208041768};

START_TEST(weights_go_by_their_inputs_as_in_numpy) {
  const double *const expected[] = {fan_in, uniform};
  const struct rst_initial_parameters parameters = {
      .kind = _i ? "uniform" : "fan-in", .seed = 11, .gain = 1.5, .scale = 7.0};
  RST_TEST_OK(context, rst_initial_fill(context, &parameters, &layout, u));
  for (size_t i = 0; i < COUNT; ++i) {
    ck_assert_double_eq_tol(rst_field_get(u, 0, i), expected[_i][i], 1e-15);
  }
}
END_TEST

/* Datasets of the tensors' names, of which number `left_out` is missing and `changed` has another shape; values count on. */
static void write_group(const char *file, const char *group, size_t left_out, size_t changed) {
  const hid_t made = H5Fcreate(file, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t in = strcmp(group, "/") == 0 ? H5Gopen2(made, group, H5P_DEFAULT)
                                           : H5Gcreate2(made, group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  float values[2 * COUNT];
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    values[i] = (float)i;
  }
  for (size_t i = 0; i < TENSORS; ++i) {
    hsize_t dims[RST_TENSOR_MOST_AXES + 1] = {1};
    for (int axis = 0; axis < tensors[i].rank; ++axis) {
      dims[axis + 1] = tensors[i].dims[axis];
    }
    dims[0] = i == changed ? 2 : 1;
    const int dropped = i % 2 == 0 && i != changed; /* the axis of length 1 may be there or not */
    const hid_t space = H5Screate_simple(tensors[i].rank + 1 - dropped, dims + dropped, NULL);
    if (i != left_out) {
      const hid_t dataset =
          H5Dcreate2(in, tensors[i].name, H5T_IEEE_F32BE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      ck_assert_int_ge(
          H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values + tensors[i].offset), 0);
      H5Dclose(dataset);
    }
    H5Sclose(space);
  }
  H5Gclose(in);
  ck_assert_int_ge(H5Fclose(made), 0);
}

START_TEST(tensors_are_read_by_name) {
  static const struct {
    const char *group, *name;
  } places[] = {{"/", "w.h5"}, {"/", "w.h5:/"}, {"/net", "w.h5:/net"}, {"/net", "w.h5:/net/"}};
  const struct rst_initial_parameters parameters = {.kind = "file", .scale = 2.0, .file = places[_i].name};
  write_group("w.h5", places[_i].group, TENSORS, TENSORS);
  RST_TEST_OK(context, rst_initial_fill(context, &parameters, &layout, u));
  for (size_t i = 0; i < COUNT; ++i) {
    ck_assert_double_eq(rst_field_get(u, 0, i), 2.0 * (double)i);
  }
}
END_TEST

START_TEST(groups_that_do_not_fit_are_refused) {
  const struct rst_initial_parameters parameters = {.kind = "file", .scale = 1.0, .file = "v.h5:/net"};
  RST_TEST_FAILS(context, RST_ERROR_IO, "'v.h5:/net' cannot be read",
                 rst_initial_fill(context, &parameters, &layout, u));
  write_group("v.h5", "/net", 3, TENSORS);
  RST_TEST_FAILS(context, RST_ERROR_IO, "v.h5 holds no dataset /net/0.norm.bias",
                 rst_initial_fill(context, &parameters, &layout, u));
  write_group("v.h5", "/net", TENSORS, 4);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "v.h5: /net/1.weight is 2 x 2 x 3, the state needs 2 x 3",
                 rst_initial_fill(context, &parameters, &layout, u));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("initial");
  TCase *tests = tcase_create("initial");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_loop_test(tests, weights_go_by_their_inputs_as_in_numpy, 0, 2);
  tcase_add_loop_test(tests, tensors_are_read_by_name, 0, 4);
  tcase_add_test(tests, groups_that_do_not_fit_are_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
