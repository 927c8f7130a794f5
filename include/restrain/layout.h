/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_LAYOUT_H
#define RESTRAIN_LAYOUT_H

#include <stdint.h>

#include "restrain/field.h"

/** @file
 * The layout of a state: one flat vector, in which tensors with names stand one after the other.
 *
 * A state, and all that is of its kind (gradients, perturbations, momentum, eigenvectors, fixed points), is a field of one
 * row, [count]. A tensor of 1 to 4 axes is a sequence of planes over its last two, y and x, row by row; one of rank 1 is a
 * single plane of one row. A plane is borrowed as a two-dimensional field:
 *
 *     rank 1  (x)              1 plane of 1 x n
 *     rank 2  (y, x)           1 plane
 *     rank 3  (c, y, x)        plane c
 *     rank 4  (out, in, y, x)  plane out * (number of in) + in
 */

enum { RST_TENSOR_MOST_AXES = 4 };

struct rst_tensor {
  const char *name, *long_name;
  int rank;                          /**< 1 to RST_TENSOR_MOST_AXES */
  size_t dims[RST_TENSOR_MOST_AXES]; /**< the first `rank` of them, each at least 1; x is the last */
  size_t offset;                     /**< of its first number in the state */
  double spacing;                    /**< distance of neighbouring points of a plane */
};

/** A part of a state that belongs together: of a network the tensors of one layer that has parameters. */
struct rst_layer {
  const char *name;
  size_t offset, count; /**< its numbers in the state */
};

struct rst_layout {
  size_t count;                     /**< numbers of a state */
  size_t tensor_count;              /**< at least 1 */
  const struct rst_tensor *tensors; /**< by offset, without gaps */
  const uint8_t *fixed; /**< [count], 1 where the flow keeps a number as it is; NULL: all are free */
  size_t layer_count;   /**< 0 of flows that know no layers */
  const struct rst_layer *layers; /**< by offset, without gaps */
};

/** Number of a tensor's elements. */
RST_API size_t rst_tensor_count(const struct rst_tensor *tensor);
/** Number of its planes. */
RST_API size_t rst_tensor_planes(const struct rst_tensor *tensor);
/** Rows and columns of each. */
RST_API void rst_tensor_plane_shape(const struct rst_tensor *tensor, size_t *ny, size_t *nx);

/** Rows and columns of a whole state: of its plane, if it is one, otherwise a single row of all its numbers. */
RST_API void rst_layout_shape(const struct rst_layout *layout, size_t *ny, size_t *nx);

/** A plane of the state u as a field that shares its memory: not to be destroyed, valid as long as u. It is aligned to 64
 * bytes only where it begins at a multiple of that, as the first plane of a state does. */
RST_API struct rst_field rst_layout_plane(const struct rst_layout *layout, const struct rst_field *u,
                                          size_t tensor, size_t plane);

/** Number of free points. */
RST_API size_t rst_layout_free_count(const struct rst_layout *layout);

#endif
