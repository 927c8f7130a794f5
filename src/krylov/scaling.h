/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCALING_H
#define RST_SCALING_H

#include <stddef.h>

/** @file
 * Symmetric matrices are brought near 1 before GSL finds their eigenvalues: its iteration does not end where products of
 * elements underflow.
 */

/** The exponent of two that brings the largest element near 1 where all are far from it; elsewhere 0, so that nothing is
 * rounded. */
int rst_scaling_find(const double *elements, size_t count);
/** values *= 2^exponent. */
void rst_scaling_apply(int exponent, double *values, size_t count);

#endif
