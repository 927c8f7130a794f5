/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PHI_H
#define RST_PHI_H

#include "krylov/extremal.h"

/** @file
 * Functions of a symmetric operator A on a vector, matrix-free: t phi_k(-t A) v, by which exponential integrators step.
 *
 *     phi_0(z) = exp(z),   phi_{k+1}(z) = (phi_k(z) - 1/k!)/z,   phi_k(0) = 1/k!
 */

/** The Krylov space of A and a vector, in double; it grows as functions ask for it. */
struct rst_krylov;

enum rst_status rst_krylov_create(struct rst_context *context, const struct rst_field *like,
                                  struct rst_krylov **krylov);
void rst_krylov_destroy(struct rst_krylov **krylov);

/** Begin anew with A = apply(user, .) and v, both unchanged while functions are asked for. */
void rst_krylov_begin(struct rst_krylov *krylov, rst_operator *apply, void *user, const struct rst_field *v);

/** result = t phi_order(-t A) v, order 1 to 3, to `tolerance` times its norm by Saad's estimate of the error.
 * @param t in: as wanted; out: as reached, smaller where the space would grow beyond its bound, where exp(-t theta) would
 * overflow, or where a larger t changes nothing any more. RST_ERROR_NUMERIC if a product is not finite. */
enum rst_status rst_krylov_phi(struct rst_krylov *krylov, int order, double tolerance, double *t,
                               struct rst_field *result);

/** Smallest and largest Ritz value of the last function, all within A's spectrum. */
void rst_krylov_ritz(const struct rst_krylov *krylov, double *smallest, double *largest);
/** Applications of A since the object was created. */
int rst_krylov_products(const struct rst_krylov *krylov);

/** phi_k(z) of a number, k >= 0. */
double rst_phi(int k, double z);

#endif
