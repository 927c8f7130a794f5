/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SHARPNESS_H
#define RST_SHARPNESS_H

#include "restrain/case.h"

/** @file
 * The sharpness during a run: lambda_max of H(u_t) + alpha, or of P^-1 (H(u_t) + alpha), P the preconditioner of the scheme's
 * last update, without alpha where the decay is decoupled; and the largest value for which the scheme is locally stable.
 */

struct rst_sharpness;

/** The flow is borrowed. The scheme's limit is found here. RST_ERROR_ARGUMENT if it is to be `preconditioned` and the scheme is
 * not. */
enum rst_status rst_sharpness_create(struct rst_context *context, const struct rst_case *run,
                                     struct rst_flow *flow, bool preconditioned,
                                     struct rst_sharpness **sharpness);
void rst_sharpness_destroy(struct rst_sharpness **sharpness);

/** At iteration t, u being u_t and `scheme` having made update t: lambda_max and its residual, from the eigenvector of the last search; both NaN between the iterations
 * asked for (sharpness.every) and where no eigenvalue could be found (the state overflows). */
void rst_sharpness_measure(struct rst_sharpness *sharpness, long t, const struct rst_field *u,
                           const struct rst_scheme *scheme, double *value, double *residual);

/** The largest lambda_max at which a step of length dt is locally stable (rst_scheme_local_limit(), in inverse proportion to
 * dt where cfl has lowered it); that of a step of length lr for dt = NaN. */
double rst_sharpness_limit(const struct rst_sharpness *sharpness, double dt);

/** The eigenvector, on which the next search depends: part of a checkpoint. */
struct rst_field *rst_sharpness_state(struct rst_sharpness *sharpness);

#endif
