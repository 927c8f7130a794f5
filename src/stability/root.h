/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ROOT_H
#define RST_ROOT_H

#include <gsl/gsl_math.h>

#include "restrain/context.h"

/** @file
 * Zeros of functions of one number, by Brent's method.
 */

/** The zero between `low` and `high`, where f is of either sign, to `width`, relative. */
enum rst_status rst_root_refine(struct rst_context *context, gsl_function *f, double low, double high,
                                double width, double *zero);

/** A falling function and its argument. */
typedef enum rst_status rst_falling_function(void *user, double x, double *value);
/** The root of a function that falls from f(low) >= 0, which is given, to below 0, to `width`, relative; high is doubled, from
 * `high` on, until the function is negative there. INFINITY where it never is. Fails as the function does. */
enum rst_status rst_root_of_falling(struct rst_context *context, rst_falling_function *function, void *user,
                                    double low, double at_low, double high, double width, double *root);

#endif
