/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_COMPLEMENTARITY_H
#define RST_COMPLEMENTARITY_H

#include <stddef.h>

#include "restrain/context.h"

/** @file
 * The semidefinite linear complementarity problem of small symmetric matrices: find X [n][n] with
 *
 *     X >= 0,   Y = A + B[X] >= 0,   tr(X Y) = 0
 *
 * (>= 0: positive semidefinite), B symmetric and positive semidefinite: X is a minimum of (1/2) <X, B[X]> + <A, X> over X >= 0,
 * the only one where B is definite.
 *
 * Symmetric matrices are packed by rows of the upper triangle, (0,0), (0,1), ..., (1,1), ..., elements off the diagonal times
 * sqrt(2): the product of two packed matrices as vectors is tr(X Y).
 */

enum { RST_PACKED_MOST_ROWS = 3, RST_PACKED_MOST = 6 };

/** Numbers of a packed matrix of n rows, n (n+1)/2; and the row and the column, row <= column, of number `index`. */
size_t rst_packed_count(size_t n);
void rst_packed_place(size_t n, size_t index, size_t *row, size_t *column);
/** Pack the upper triangle of full [n][n], and unpack to both. */
void rst_packed_from(size_t n, const double *full, double *packed);
void rst_packed_to(size_t n, const double *packed, double *full);

/** n from 1 to RST_PACKED_MOST_ROWS; a, x: packed; b [m][m], m = rst_packed_count(n), both triangles. In relation to the largest
 * elements of A and B[X], Y is >= 0 but for 1e-12 and tr(X Y) below 1e-12. X = 0 exactly where A >= 0.
 * RST_ERROR_NUMERIC where nothing solves it, or a number is not finite; x is then untouched. Thread-safe. */
enum rst_status rst_complementarity_solve(struct rst_context *context, size_t n, const double *a,
                                          const double *b, double *x);

#endif
