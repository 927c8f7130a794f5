/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SYMMETRIC_H
#define RST_SYMMETRIC_H

#include <stddef.h>

/** @file
 * Eigenvalues of small symmetric matrices by GSL, in the caller's memory, so that GSL's allocators, which end the program when
 * memory is exhausted, stay out. Matrices far from 1 are brought near it by a power of two: GSL's iteration does not end where
 * products of elements underflow.
 */

/** All eigenvalues, in no order, of the finite matrix [n][n] whose lower triangle is given; it is destroyed. work: [2 n]. */
void rst_symmetric_eigenvalues(size_t n, double *matrix, double *values, double *work);
/** The same with the eigenvectors, vector k in column k of [n][n]. work: [4 n]. */
void rst_symmetric_eigenvectors(size_t n, double *matrix, double *values, double *vectors, double *work);

#endif
