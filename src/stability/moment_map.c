/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/moment_map.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "stability/affine_step.h"

/* Second moments of linear regression on random batches, in the coordinates of the weights. */

void rst_moment_add_square(size_t n, double factor, const double *x, double *matrix) {
  for (size_t i = 0; i < n; ++i) {
    const double row = factor * x[i];
    for (size_t j = 0; j < n; ++j) {
      matrix[i * n + j] += row * x[j];
    }
  }
}

double rst_moment_square_form(size_t n, const double *x, const double *matrix) {
  double sum = 0.0;
  for (size_t i = 0; i < n; ++i) {
    double row = 0.0;
    for (size_t j = 0; j < n; ++j) {
      row += matrix[i * n + j] * x[j];
    }
    sum += row * x[i];
  }
  return sum;
}

enum rst_status rst_moment_check(struct rst_context *context,
                                 const struct rst_random_regression *regression) {
  RST_REQUIRE(context,
              regression->examples > 0 && regression->count > 0 && isfinite(regression->variance) &&
                  regression->variance >= 0.0,
              RST_ERROR_ARGUMENT,
              "a regression of %zu examples of %zu numbers, variance %g, has no second moments",
              regression->examples, regression->count, regression->variance);
  return RST_OK;
}

void rst_moment_make_hessian(const struct rst_random_regression *regression, double *hessian) {
  const size_t d = regression->count;
  memset(hessian, 0, d * d * sizeof *hessian);
  for (size_t i = 0; i < regression->examples; ++i) {
    rst_moment_add_square(d, 1.0 / (double)regression->examples, regression->x + i * d, hessian);
  }
}

/* result = (A M)' for symmetric H: the blocks of A are multiples of 1 and of H. */
static void step_and_transpose(size_t d, const double *hessian, const struct rst_affine_step *flat,
                               const struct rst_affine_step *curved, const double *m, double *result) {
  for (size_t block = 0; block < 2; ++block) {
    for (size_t i = 0; i < d; ++i) {
      for (size_t j = 0; j < 2 * d; ++j) {
        double of_hessian = 0.0;
        for (size_t k = 0; k < d; ++k) {
          of_hessian += hessian[i * d + k] * m[k * 2 * d + j];
        }
        result[j * 2 * d + block * d + i] = flat->a[2 * block] * m[i * 2 * d + j] +
                                            (curved->a[2 * block] - flat->a[2 * block]) * of_hessian +
                                            flat->a[2 * block + 1] * m[(d + i) * 2 * d + j];
      }
    }
  }
}

/* C over the variance, of the block M_uu in rows of `stride`; hm: [d][d] work space. */
static void make_noise(const struct rst_random_regression *regression, const double *hessian,
                       const double *muu, double *hm, double *noise) {
  const size_t d = regression->count;
  for (size_t i = 0; i < d * d; ++i) {
    hm[i] = noise[i] = 0.0;
    for (size_t k = 0; k < d; ++k) {
      hm[i] += hessian[i / d * d + k] * muu[k * d + i % d];
    }
  }
  for (size_t i = 0; i < d * d; ++i) {
    for (size_t k = 0; k < d; ++k) {
      noise[i] -= hm[i / d * d + k] * hessian[k * d + i % d];
    }
  }
  for (size_t i = 0; i < regression->examples; ++i) {
    const double *x = regression->x + i * d;
    rst_moment_add_square(d, rst_moment_square_form(d, x, muu) / (double)regression->examples, x, noise);
  }
}

/* mapped += variance b b' (x) noise. */
static void add_noise(size_t d, double variance, const double b[2], const double *noise, double *mapped) {
  for (size_t block = 0; block < 4; ++block) {
    double *corner = mapped + block / 2 * 2 * d * d + block % 2 * d;
    for (size_t i = 0; i < d; ++i) {
      for (size_t j = 0; j < d; ++j) {
        corner[i * 2 * d + j] += variance * b[block / 2] * b[block % 2] * noise[i * d + j];
      }
    }
  }
}

enum rst_status rst_moment_map_apply(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters,
                                     const struct rst_random_regression *regression, const double *moments,
                                     double *mapped) {
  const size_t d = regression->count;
  struct rst_affine_step flat;
  struct rst_affine_step curved;
  RST_SCOPED double *work = NULL;
  RST_TRY(rst_moment_check(context, regression));
  RST_TRY(rst_affine_step_find(context, parameters, 0.0, &flat));
  RST_TRY(rst_affine_step_find(context, parameters, 1.0, &curved));
  RST_TRY(RST_NEW(context, 8 * d * d, &work));
  double *hessian = work;
  double *muu = hessian + d * d;
  double *hm = muu + d * d;
  double *noise = hm + d * d;
  double *half = noise + d * d;
  rst_moment_make_hessian(regression, hessian);
  for (size_t i = 0; i < d; ++i) {
    memcpy(muu + i * d, moments + i * 2 * d, d * sizeof *muu);
  }
  make_noise(regression, hessian, muu, hm, noise);
  step_and_transpose(d, hessian, &flat, &curved, moments, half);
  step_and_transpose(d, hessian, &flat, &curved, half, mapped);
  add_noise(d, regression->variance, flat.b, noise, mapped);
  return RST_OK;
}
