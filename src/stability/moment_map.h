/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_MOMENT_MAP_H
#define RST_MOMENT_MAP_H

#include "restrain/mean_square.h"

/** @file
 * What the two sources of second moments of linear regression share.
 */

/** Fail unless there are examples, numbers and a variance. */
enum rst_status rst_moment_check(struct rst_context *context, const struct rst_random_regression *regression);
/** matrix += factor x x', and x' matrix x; [n][n]. */
void rst_moment_add_square(size_t n, double factor, const double *x, double *matrix);
double rst_moment_square_form(size_t n, const double *x, const double *matrix);
/** H = mean x x', [d][d]. */
void rst_moment_make_hessian(const struct rst_random_regression *regression, double *hessian);

#endif
