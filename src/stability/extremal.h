/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EXTREMAL_H
#define RST_EXTREMAL_H

#include "restrain/field.h"

/** @file
 * Extremal eigenpairs of a symmetric operator on fields, matrix-free (implicitly restarted Lanczos,
 * ARPACK-NG).
 */

enum rst_extreme { RST_EXTREME_LARGEST, RST_EXTREME_SMALLEST }; /**< algebraically */

/** product = A v. */
typedef void rst_operator(void *user, const struct rst_field *v, struct rst_field *product);

struct rst_extremal_result {
  double value;
  double residual; /**< |A v - value v| for the unit vector v, computed afterwards with one more product */
  int products;    /**< applications of A, that one included */
};

/** One extremal eigenpair to |residual| <= tolerance * max(|value|, smallest normal).
 * @param vector on entry the start if it is not zero (a previous eigenvector makes a warm start), else a
 * fixed deterministic start is taken; on exit the eigenvector of unit norm, largest component positive. Its
 * precision may be float: the recurrence runs in double, products in the precision of the vector.
 * RST_ERROR_NUMERIC if it does not converge. ARPACK keeps hidden state: calls are serialised by a
 * process-wide lock. */
enum rst_status rst_extremal_eigenpair(struct rst_context *context, rst_operator *apply, void *user,
                                       enum rst_extreme which, double tolerance, struct rst_field *vector,
                                       struct rst_extremal_result *result);

#endif
