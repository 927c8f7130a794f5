/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_STACK_H
#define RST_STACK_H

#include "hdf5/dataset.h"

/** @file
 * Pictures of the arrays of a stack, a dataset (stack, ...), as other programs take them: virtual datasets of one plane each,
 * without a copy of its numbers. An array (out, in, y, x) becomes a mosaic (out y, in x) of its planes, (c, y, x) and (y, x) are
 * (c y, x) and (y, x), and (x) is a line (1, x).
 */

struct rst_stack {
  const char *path; /**< of the dataset */
  enum rst_numbers numbers;
  int rank; /**< of an array, 1 to 4 */
  const struct rst_axis *const *axes;
};

/** Rows and columns of a picture. */
void rst_stack_plane(const struct rst_stack *stack, size_t *ny, size_t *nx);
/** The dataset (1, ny, nx) of array `index` of a stack of `length`. */
bool rst_stack_show(hid_t file, const char *name, const struct rst_stack *stack, size_t length, size_t index);
/** The dataset (stack, ny, nx) of all; it grows with the stack. */
bool rst_stack_show_all(hid_t location, const char *name, const struct rst_stack *stack);

#endif
