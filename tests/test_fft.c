/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <complex.h>
#include <float.h>

#include "correlate/fft_loops.h"
#include "correlate/fft_tiling.h"
#include "restrain/correlation.h"

/* What the correlation by Fourier transforms owes beyond the identities that every implementation is held to (test_correlation.c):
 * tiles that cover the response and wrap nowhere, tall images in many tiles, columns in pairs that are mirrored, whatever the width,
 * and bits that depend neither on threads nor on vectors. */

typedef struct rst_fft_tiling tiling_function(const struct rst_correlation_shape *shape, double *cost);
static tiling_function *const tiling_functions[] = {rst_fft_tiling_double, rst_fft_tiling_float};

static struct rst_correlation_shape make_shape(size_t ny, size_t nx, size_t ky, size_t kx, bool valid) {
  return (struct rst_correlation_shape){ny, nx, ky, kx, valid ? ny - ky + 1 : ny, valid ? nx - kx + 1 : nx};
}

static void check_tiling(const struct rst_correlation_shape *shape, const struct rst_fft_tiling *tiling) {
  const size_t reach = shape->mx + shape->kx - 1;
  ck_assert(tiling->width >= reach || (tiling->width == shape->nx && shape->mx == shape->nx));
  ck_assert(tiling->phases == 1 ? tiling->offset == tiling->share
                                : tiling->phases == 2 && tiling->offset == 1);
  const size_t kernel_rows = (shape->ky + tiling->phases - 1) / tiling->phases;
  ck_assert_uint_ge(tiling->height, tiling->share + kernel_rows - 1);
  if (tiling->phases == 2 && (tiling->tiles > 1 || shape->my % 2 == 0)) {
    ck_assert_uint_ge(tiling->height, tiling->share + shape->ky / 2); /* for the odd rows of the last pair */
  }
  ck_assert_uint_ge(2 * tiling->tiles * tiling->share, shape->my);
  ck_assert_uint_lt(2 * (tiling->tiles - 1) * tiling->share, shape->my);
}

START_TEST(tiles_cover_the_response_and_do_not_wrap) {
  bool seen[3] = {false};
  size_t most_tiles = 0;
  for (size_t n = 1; n <= 300; n = n * 3 / 2 + 1) {
    for (size_t k = 1; k <= n; k = k * 3 / 2 + 1) {
      for (size_t variant = 0; variant < 8; ++variant) {
        const size_t nx = variant & 1 ? n : 37;
        const size_t kx = variant & 1 || k > 37 ? 1 : k;
        const struct rst_correlation_shape shape = make_shape(n, nx, k, kx, (variant & 2) != 0);
        double cost = 0.0;
        const struct rst_fft_tiling tiling = tiling_functions[variant / 4](&shape, &cost);
        check_tiling(&shape, &tiling);
        ck_assert(cost > 0.0 && isfinite(cost));
        seen[tiling.phases] = true;
        most_tiles = tiling.tiles > most_tiles ? tiling.tiles : most_tiles;
      }
    }
  }
  ck_assert(seen[1] && seen[2] && most_tiles > 2);
}
END_TEST

/* Of an image and a kernel; for the valid boundary, by the tiling of `phases`. */
static const struct geometry {
  size_t ny, nx, ky, kx, phases;
} geometries[] = {
    {256, 40, 32, 5, 2},  {301, 24, 9, 9, 1},  {512, 40, 15, 5, 1},
    {90, 299, 14, 20, 1}, {319, 40, 64, 5, 2}, /* the odd rows of every pair reach the end of their tile */
    {64, 24, 32, 9, 2},                        /* those of the last one would reach over it */
};
enum { GEOMETRIES = sizeof geometries / sizeof *geometries };

static struct rst_field *noise(struct rst_context *context, enum rst_precision precision, size_t ny,
                               size_t nx, uint32_t seed) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, ny, nx, &field));
  rst_test_noise(seed, field);
  return field;
}

/* Response and gradient of one implementation at noise. */
struct results {
  struct rst_field *response, *gradient;
};

static struct results compute(struct rst_context *context, const struct geometry *geometry,
                              enum rst_precision precision, enum rst_boundary boundary, const char *name) {
  struct rst_field *image = noise(context, precision, geometry->ny, geometry->nx, 1);
  struct rst_field *kernel = noise(context, precision, geometry->ky, geometry->kx, 2);
  struct rst_correlation *correlation = NULL;
  RST_TEST_OK(context,
              rst_correlation_create(context, image, kernel->ny, kernel->nx, boundary, name, &correlation));
  size_t my = 0;
  size_t mx = 0;
  rst_correlation_response_shape(correlation, &my, &mx);
  struct rst_field *weights = noise(context, precision, my, mx, 3);
  const struct results results = {noise(context, precision, my, mx, 4),
                                  noise(context, precision, kernel->ny, kernel->nx, 5)};
  rst_correlation_apply(correlation, kernel, results.response);
  rst_correlation_adjoint(correlation, weights, results.gradient);
  rst_correlation_destroy(&correlation);
  rst_field_destroy(&weights);
  rst_field_destroy(&kernel);
  rst_field_destroy(&image);
  return results;
}

static void clear(struct results *results) {
  rst_field_destroy(&results->response);
  rst_field_destroy(&results->gradient);
}

static const enum rst_boundary boundaries[] = {RST_BOUNDARY_VALID, RST_BOUNDARY_PERIODIC};

/* To rounding of what the norm of either result is about, numbers of the noise being within -1 and 1. */
static void check_agreement(struct rst_context *context, const struct geometry *geometry,
                            enum rst_precision precision, enum rst_boundary boundary) {
  const double rounding = 4.0 * (precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON);
  struct results fft = compute(context, geometry, precision, boundary, "fft");
  struct results plain = compute(context, geometry, precision, boundary, "reference");
  const double bound =
      rounding * sqrt((double)rst_field_count(plain.response) * (double)rst_field_count(plain.gradient));
  ck_assert_double_le(rst_field_distance(fft.response, plain.response), bound);
  ck_assert_double_le(rst_field_distance(fft.gradient, plain.gradient), bound);
  clear(&plain);
  clear(&fft);
}

START_TEST(tall_images_agree_with_plain_loops) {
  struct rst_context *context = rst_test_context();
  const struct geometry *geometry = &geometries[_i];
  for (size_t b = 0; b < 2; ++b) {
    const struct rst_correlation_shape shape =
        make_shape(geometry->ny, geometry->nx, geometry->ky, geometry->kx, b == 0);
    double cost = 0.0;
    const struct rst_fft_tiling tiling = rst_fft_tiling_double(&shape, &cost);
    ck_assert(b > 0 || tiling.phases == geometry->phases);
    check_agreement(context, geometry, RST_PRECISION_DOUBLE, boundaries[b]);
  }
  rst_context_destroy(&context);
}
END_TEST

static const size_t widths[] = {1, 2, 3, 8, 15, 16, 17, 31, 32, 33, 45, 64};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* Even and odd, about the length of a block and its multiples; kernels of one row or column, of odd and even numbers of rows, in one
 * phase and in two. */
START_TEST(all_widths_agree_with_plain_loops) {
  struct rst_context *context = rst_test_context();
  const size_t heights[] = {1, 2, 7, 48};
  const size_t kernels[] = {1, 2, 5, 12, 15};
  const size_t nx = widths[_i];
  bool seen[3] = {false};
  for (size_t variant = 0; variant < 4 * 5 * 5 * 4; ++variant) {
    const size_t ny = heights[variant % 4];
    const size_t ky = kernels[variant / 4 % 5];
    const size_t kx = kernels[variant / 20 % 5];
    const enum rst_precision precision = variant / 100 % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
    const enum rst_boundary boundary = boundaries[variant / 200];
    if (ky <= ny && kx <= nx) {
      const struct geometry geometry = {ny, nx, ky, kx, 0};
      const struct rst_correlation_shape shape = make_shape(ny, nx, ky, kx, boundary == RST_BOUNDARY_VALID);
      double cost = 0.0;
      seen[tiling_functions[precision](&shape, &cost).phases] = true;
      check_agreement(context, &geometry, precision, boundary);
    }
  }
  ck_assert(seen[1] && seen[2]);
  rst_context_destroy(&context);
}
END_TEST

static void check_same_bits(const struct rst_field *x, const struct rst_field *y) {
  ck_assert_mem_eq(x->data, y->data, rst_field_count(x) * rst_precision_size(x->precision));
}

/* Rows of numbers that loops take and make; the names are those of products. */
enum { A, B, SHIFT, KERNEL, ODD_KERNEL, RESPONSE, MIRRORED, GRADIENT, ODD_GRADIENT, ROWS };

static void multiply(const struct rst_fft_loops *loops, size_t phases, struct rst_field *const rows[ROWS]) {
  const struct rst_fft_column column = {.height = rows[0]->nx / 2,
                                        .phases = phases,
                                        .a = rows[A]->data,
                                        .b = rows[B]->data,
                                        .shift = rows[SHIFT]->data};
  const void *const kernel[] = {rows[KERNEL]->data, rows[ODD_KERNEL]->data};
  void *const gradient[] = {rows[GRADIENT]->data, rows[ODD_GRADIENT]->data};
  loops->apply(&column, kernel, rows[RESPONSE]->data, rows[MIRRORED]->data);
  for (int add = 0; add < 2; ++add) {
    loops->adjoint(&column, add, rows[RESPONSE]->data, rows[MIRRORED]->data, gradient);
  }
}

static double complex number(const struct rst_field *row, size_t i) {
  return rst_field_get(row, 0, 2 * i) + I * rst_field_get(row, 0, 2 * i + 1);
}

static void assert_number(const struct rst_field *row, size_t i, double complex expected) {
  const double rounding = row->precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  ck_assert_double_le(cabs(number(row, i) - expected), 32.0 * rounding);
}

/* By the formulas of fft.c. */
static void check_products(size_t phases, struct rst_field *const rows[ROWS]) {
  for (size_t i = 0; i < rows[A]->nx / 2; ++i) {
    const double complex a = number(rows[A], i);
    const double complex b = number(rows[B], i);
    const double complex shifted = number(rows[SHIFT], i) * a;
    const double complex odd = phases == 2 ? conj(number(rows[ODD_KERNEL], i)) : 0.0;
    const double complex c1 = conj(number(rows[KERNEL], i)) * a + odd * b;
    const double complex c2 = conj(number(rows[KERNEL], i)) * b + odd * shifted;
    const double complex d = conj(number(rows[RESPONSE], i));
    const double complex m = number(rows[MIRRORED], i);
    assert_number(rows[RESPONSE], i, c1 + I * c2);
    assert_number(rows[MIRRORED], i, conj(c1) + I * conj(c2));
    assert_number(rows[GRADIENT], i, 2.0 * ((d + m) * a + I * (d - m) * b));
    if (phases == 2) {
      assert_number(rows[ODD_GRADIENT], i, 2.0 * ((d + m) * b + I * (d - m) * shifted));
    }
  }
}

/* Two rows, or one, as a line and back; spectra that a line would have, out of it and back. */
static void run_lines(const struct rst_fft_loops *loops, size_t count, struct rst_field *const rows[ROWS]) {
  enum { LENGTH = 13, WIDTH = 17, HALF = 9 };
  const bool both = count == 2;
  loops->join(LENGTH, rows[A]->data, both ? rows[B]->data : NULL, WIDTH, rows[SHIFT]->data);
  loops->separate(LENGTH, rows[SHIFT]->data, rows[KERNEL]->data, both ? rows[ODD_KERNEL]->data : NULL);
  loops->separate_spectra(HALF, WIDTH, rows[RESPONSE]->data, rows[MIRRORED]->data, rows[GRADIENT]->data);
  loops->join_spectra(HALF, WIDTH, rows[MIRRORED]->data, rows[both ? GRADIENT : MIRRORED]->data,
                      rows[ODD_GRADIENT]->data);
}

static void check_lines(size_t count, struct rst_field *const rows[ROWS]) {
  for (size_t x = 0; x < 13; ++x) {
    ck_assert(rst_field_get(rows[KERNEL], 0, x) == rst_field_get(rows[A], 0, x));
    ck_assert(count == 1 || rst_field_get(rows[ODD_KERNEL], 0, x) == rst_field_get(rows[B], 0, x));
  }
}

static const struct {
  void (*run)(const struct rst_fft_loops *loops, size_t count, struct rst_field *const rows[ROWS]);
  void (*check)(size_t count, struct rst_field *const rows[ROWS]);
} tasks[] = {{multiply, check_products}, {run_lines, check_lines}};

/* The plain set by its formulas, the others by its bits. */
START_TEST(all_sets_of_instructions_do_the_same) {
  const enum rst_precision precision = _i % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
  const size_t count = 1 + (size_t)_i / 2 % 2;
  const size_t task = (size_t)_i / 4;
  struct rst_context *context = rst_test_context();
  struct rst_field *rows[ROWS];
  struct rst_field *first[ROWS];
  for (uint32_t r = 0; r < ROWS; ++r) {
    rows[r] = noise(context, precision, 1, 48, r);
    first[r] = noise(context, precision, 1, 48, r);
  }
  const struct rst_fft_loops *const sets =
      precision == RST_PRECISION_FLOAT ? rst_fft_loops_float : rst_fft_loops_double;
  tasks[task].run(&sets[RST_VECTORS_OF_ALL], count, first);
  tasks[task].check(count, first);
  for (enum rst_vectors vectors = rst_vectors_widest(); vectors < RST_VECTORS_OF_ALL; ++vectors) {
    tasks[task].run(&sets[vectors], count, rows);
    for (size_t r = 0; r < ROWS; ++r) {
      check_same_bits(rows[r], first[r]);
    }
  }
  for (size_t r = 0; r < ROWS; ++r) {
    rst_field_destroy(&rows[r]);
    rst_field_destroy(&first[r]);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads) {
  struct rst_context *context = rst_test_context();
  for (int variant = 0; variant < 4; ++variant) {
    const enum rst_precision precision = variant & 1 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
    RST_TEST_OK(context, rst_context_set_threads(context, 1));
    struct results one = compute(context, &geometries[_i], precision, boundaries[variant / 2], "fft");
    for (int threads = 1; threads <= 5; ++threads) {
      RST_TEST_OK(context, rst_context_set_threads(context, threads));
      struct results many = compute(context, &geometries[_i], precision, boundaries[variant / 2], "fft");
      check_same_bits(many.response, one.response);
      check_same_bits(many.gradient, one.gradient);
      clear(&many);
    }
    clear(&one);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fft");
  TCase *tests = tcase_create("fft");
  tcase_add_test(tests, tiles_cover_the_response_and_do_not_wrap);
  tcase_add_loop_test(tests, tall_images_agree_with_plain_loops, 0, GEOMETRIES);
  tcase_add_loop_test(tests, all_widths_agree_with_plain_loops, 0, WIDTHS);
  tcase_add_loop_test(tests, all_sets_of_instructions_do_the_same, 0, 8);
  tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, GEOMETRIES);
  tcase_set_timeout(tests, 600);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
