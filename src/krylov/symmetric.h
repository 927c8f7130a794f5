/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SYMMETRIC_H
#define RST_SYMMETRIC_H

#include <stddef.h>

/** @file
 * Eigenvalues, and bounds of them, of small symmetric matrices; by GSL, in the caller's memory, so that GSL's allocators, which
 * end the program when memory is exhausted, stay out. Matrices far from 1 are brought near it by a power of two: GSL's
 * iteration does not end where products of elements underflow.
 */

/** All eigenvalues, in no order, of the finite matrix [n][n] whose lower triangle is given; it is destroyed. work: [2 n]. */
void rst_symmetric_eigenvalues(size_t n, double *matrix, double *values, double *work);
/** The same with the eigenvectors, vector k in column k of [n][n]. work: [4 n]. */
void rst_symmetric_eigenvectors(size_t n, double *matrix, double *values, double *vectors, double *work);

/** A margin m, such that all eigenvalues of the matrix lie in [lowest - e + m, highest + e - m] with e = relative |H|_F, by
 * Cholesky factors of H and the limits' difference; many times faster than eigenvalues. m >= 0 is found if there is one, and is
 * then at least a quarter of the largest that there is, unless that is below 1/256 of what the diagonal allows; -1 if an
 * eigenvalue is beyond the limits, NaN if an element is not finite. The lower triangle of [n][n] is read. n <= 32. A limit may
 * be infinite, not both. */
double rst_symmetric_margin(size_t n, const double *matrix, double lowest, double highest, double relative);

#endif
