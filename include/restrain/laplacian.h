/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_LAPLACIAN_H
#define RESTRAIN_LAPLACIAN_H

#include "restrain/correlation.h"

/** @file
 * The discrete Laplacian on a uniform grid of spacing h, axis by axis, by differences or spectrally.
 *
 * Along an axis, -d^2/dx^2 is a symmetric operator A with symbol, theta = w h in [-pi, pi]:
 *
 *     second    4 sin^2(theta/2) / h^2
 *     fourth    (15 - 16 cos theta + cos 2 theta) / (6 h^2)
 *     spectral  theta^2 / h^2
 *
 * and eigenvectors given by the ends: plane waves (RST_ENDS_PERIODIC); sines (RST_ENDS_FIXED: the first and
 * last value of each line stay what they are, the operator acts on the deviation from the straight line
 * between them, continued as an odd function); cosines (RST_ENDS_FREE: zero flux, continued as an even
 * function about the half point beyond the end). An axis of length 1 is not differentiated: ny = 1 is one
 * dimension. With fixed ends in two dimensions every point of the rim is fixed.
 */

enum rst_discretisation { RST_DISCRETISATION_SECOND, RST_DISCRETISATION_FOURTH, RST_DISCRETISATION_SPECTRAL };
enum rst_ends { RST_ENDS_PERIODIC, RST_ENDS_FIXED, RST_ENDS_FREE };

/** Parameters of a diffusion term -coefficient Lap_h u; coefficient 0 means none. */
struct rst_diffusion {
  double coefficient; /**< kappa of the heat flow, gamma of the regulariser; >= 0 */
  double spacing;     /**< h > 0 */
  enum rst_discretisation discretisation;
};

struct rst_laplacian;

/** RST_ERROR_ARGUMENT: spacing not positive, coefficient negative; fewer than 3 points along an axis of
 * length > 1 with fixed ends; fewer than 2 * reach + 1 points of a periodic axis for differences (reach 1 for
 * second, 2 for fourth). */
RST_API enum rst_status rst_laplacian_create(struct rst_context *context, enum rst_precision precision,
                                             size_t ny, size_t nx, enum rst_ends ends,
                                             const struct rst_diffusion *diffusion,
                                             struct rst_laplacian **laplacian);
RST_API void rst_laplacian_destroy(struct rst_laplacian **laplacian);

/** g = g - coefficient Lap_h u, on the free points (the rim of fixed ends is left as it is). Not thread-safe
 * for one object. */
RST_API void rst_laplacian_add(struct rst_laplacian *laplacian, const struct rst_field *u,
                               struct rst_field *g);
/** The energy whose gradient rst_laplacian_add() gives: (coefficient/2) <u - l, -Lap_h u>, l the straight
 * lines between fixed end values, 0 otherwise. */
RST_API double rst_laplacian_energy(struct rst_laplacian *laplacian, const struct rst_field *u);
/** coefficient times the symbol at phase angles (theta_y, theta_x), each in [-pi, pi]; the angle along an
 * axis of length 1 is ignored. */
RST_API double rst_laplacian_symbol(const struct rst_laplacian *laplacian, double theta_y, double theta_x);
/** Its largest value over the wave numbers of the modes that fit the ends of the grid. */
RST_API double rst_laplacian_largest(const struct rst_laplacian *laplacian);

#endif
