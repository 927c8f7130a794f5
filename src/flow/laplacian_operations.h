/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LAPLACIAN_OPERATIONS_H
#define RST_LAPLACIAN_OPERATIONS_H

#include "restrain/laplacian.h"

/** @file
 * The arithmetic of the Laplacian in one precision; laplacian.c picks the table.
 */

enum rst_laplacian_axis { RST_LAPLACIAN_Y, RST_LAPLACIAN_X, RST_LAPLACIAN_AXES };
enum { RST_LAPLACIAN_REACH = 2 }; /**< of the widest difference */

/** Grid and its free points: rows first_y .. first_y + free_y - 1, likewise columns. */
struct rst_laplacian_grid {
  enum rst_ends ends;
  size_t ny, nx;
  size_t first_y, first_x;
  size_t free_y, free_x;
};

/** Weights of differences per axis: -d^2u/dx^2 is the sum over k of weight[k-1] (2 u_i - u_{i-k} - u_{i+k}).
 */
struct rst_laplacian_stencil {
  double weight[RST_LAPLACIAN_AXES][RST_LAPLACIAN_REACH];
};

struct rst_laplacian_operations {
  /** Elements of work space for differences(). */
  size_t (*work_count)(const struct rst_laplacian_grid *grid);
  /** g += the differences of u, on the free points. */
  void (*differences)(const struct rst_laplacian_grid *grid, const struct rst_laplacian_stencil *stencil,
                      void *work, const void *u, void *g);
  /** packed[free_y][free_x] = u less the straight lines along `axis` between fixed end values. */
  void (*deviate)(const struct rst_laplacian_grid *grid, enum rst_laplacian_axis axis, const void *u,
                  void *packed);
  /** g += packed on the free points. */
  void (*spread)(const struct rst_laplacian_grid *grid, const void *packed, void *g);
  /** sum of packed times v over the free points, in double. */
  double (*dot)(const struct rst_laplacian_grid *grid, const void *packed, const void *v);
  /** Multiply modes[rows][columns], each of `width` numbers, by the weight of its row or column (`axis`). */
  void (*weigh)(size_t rows, size_t columns, size_t width, enum rst_laplacian_axis axis,
                const double *weights, void *modes);
};

extern const struct rst_laplacian_operations rst_laplacian_operations_double, rst_laplacian_operations_float;

#endif
