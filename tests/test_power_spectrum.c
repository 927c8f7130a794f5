/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <complex.h>
#include <float.h>

#include "restrain/correlation.h"

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISIONS = sizeof precisions / sizeof *precisions };

static struct rst_field *noise(struct rst_context *context, enum rst_precision precision, size_t ny,
                               size_t nx, uint32_t seed) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, ny, nx, &field));
  rst_test_noise(seed, field);
  return field;
}

static double defining_power(const struct rst_field *image, size_t wy, size_t wx) {
  const double two_pi = 6.28318530717958647692;
  double complex sum = 0;
  for (size_t y = 0; y < image->ny; ++y) {
    for (size_t x = 0; x < image->nx; ++x) {
      const double angle = two_pi * ((double)(wy * y % image->ny) / (double)image->ny +
                                     (double)(wx * x % image->nx) / (double)image->nx);
      sum += rst_field_get(image, y, x) * (cos(angle) - I * sin(angle));
    }
  }
  return creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
}

START_TEST(power_spectrum_follows_the_definition) {
  static const size_t shapes[][2] = {{1, 1}, {1, 8}, {9, 1}, {5, 7}, {6, 4}, {16, 15}};
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
    for (size_t p = 0; p < PRECISIONS; ++p) {
      struct rst_field *image = noise(context, precisions[p], shapes[i][0], shapes[i][1], 4);
      struct rst_field *power = noise(context, RST_PRECISION_DOUBLE, shapes[i][0], shapes[i][1], 5);
      struct rst_field *expected = noise(context, RST_PRECISION_DOUBLE, shapes[i][0], shapes[i][1], 6);
      for (size_t y = 0; y < image->ny; ++y) {
        for (size_t x = 0; x < image->nx; ++x) {
          rst_field_set(expected, y, x, defining_power(image, y, x));
        }
      }
      RST_TEST_OK(context, rst_power_spectrum(context, image, power));
      const double count = (double)rst_field_count(image);
      const double norm = rst_field_norm(image);
      ck_assert_double_eq_tol(rst_field_sum(power), count * norm * norm,
                              16 * DBL_EPSILON * count * count); /* Parseval */
      rst_field_axpy(-1.0, expected, power);
      ck_assert_double_le(rst_field_max_abs(power), 16 * DBL_EPSILON * count * count);
      rst_field_destroy(&image);
      rst_field_destroy(&power);
      rst_field_destroy(&expected);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("power_spectrum");
  TCase *tests = tcase_create("power spectrum");
  tcase_add_test(tests, power_spectrum_follows_the_definition);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
