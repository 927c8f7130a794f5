/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_MINRES_H
#define RST_MINRES_H

#include "krylov/extremal.h"

/** @file
 * Symmetric linear systems, definite or not, matrix-free.
 */

struct rst_minres_result {
  double residual; /**< |b - A x|, by the recurrence */
  double scale;    /**< largest |A v| met for a unit v: an estimate of |A| from below */
  int products;
};

/** x = the vector of the Krylov space of A and b that makes |b - A x| smallest, in double, until it is at
 * most tolerance * |b|, or |A (b - A x)| is 1e-9 |A| |b - A x| (a singular system without solution gives the
 * least-squares one), or after most_products. RST_ERROR_NUMERIC if a product is not finite. */
enum rst_status rst_minres(struct rst_context *context, rst_operator *apply, void *user,
                           const struct rst_field *b, double tolerance, int most_products,
                           struct rst_field *x, struct rst_minres_result *result);

#endif
