/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EXTREMAL_H
#define RST_EXTREMAL_H

#include "restrain/eigenpair.h"
#include "restrain/field.h"

/** @file
 * Extremal eigenpairs of a symmetric operator on fields, matrix-free (Lanczos with thick restarts).
 */

/** product = A v. */
typedef void rst_operator(void *user, const struct rst_field *v, struct rst_field *product);

/** Products are taken to be accurate to this many units of rounding of their precision, times the largest
 * |A v| met for a unit v. */
#define RST_EXTREMAL_ROUNDING 64

/** One extremal eigenpair to residual <= tolerance * |value|, or to the rounding error of the products where
 * that is larger (RST_EXTREMAL_ROUNDING; an eigenvalue that is zero beside others has no relative accuracy).
 * @param vector on entry the start if it is not zero (a previous eigenvector makes a warm start), else a
 * fixed deterministic start is taken; on exit the eigenvector of unit norm, largest component positive. Its
 * precision may be float: the recurrence runs in double, products in the precision of the vector. A warm
 * start spends a few products on noticing that another eigenvalue has overtaken the given one.
 * RST_ERROR_NUMERIC if it does not converge or a product is not finite. Equal input gives equal bits; calls
 * may run in different threads at once if `apply` may. */
enum rst_status rst_extremal_eigenpair(struct rst_context *context, rst_operator *apply, void *user,
                                       enum rst_spectrum_end which, double tolerance,
                                       struct rst_field *vector, struct rst_eigenpair *result);

#endif
