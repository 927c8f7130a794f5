/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LEADING_H
#define RST_LEADING_H

#include "krylov/extremal.h"

/** @file
 * Several largest eigenpairs of a symmetric operator, one after the other: each is sought among what is orthogonal to those
 * before it.
 */

/** The largest eigenvalue and those after it, descending, as long as they are above `bound`, at most `most`.
 * @param vectors [most], as in rst_extremal_eigenpair(): starts on entry, unit eigenvectors on exit, orthogonal to rounding; the
 * first is sought in any case, and those that are not sought are left alone. Of equal eigenvalues the vectors span the space.
 * @param pairs [most], of those that were sought: the first one that is not above the bound, too.
 * @param count how many are above.
 * Errors of rst_extremal_eigenpair(). */
enum rst_status rst_leading_eigenpairs(struct rst_context *context, rst_operator *apply, void *user,
                                       double tolerance, double bound, size_t most,
                                       struct rst_field *const *vectors, struct rst_eigenpair *pairs,
                                       size_t *count);

#endif
