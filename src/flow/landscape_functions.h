/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LANDSCAPE_FUNCTIONS_H
#define RST_LANDSCAPE_FUNCTIONS_H

#include "restrain/flow.h"

/** @file
 * The functions of the flow `landscape` in one precision. A new one is a table in landscape_functions.c and a line here.
 */

#define RST_LANDSCAPE_LIST(X)                                                                                \
  X("sine-product", sine_product)                                                                            \
  X("quadratic-regression", quadratic_regression)                                                            \
  X("uv", uv)

struct rst_landscape_function {
  size_t rows; /**< of the state */
  bool wide;   /**< parameters.width columns, otherwise `columns` */
  size_t columns;
  bool grows; /**< the gradient is not bounded */
  /** E at u; *residual, and unless NULL the gradient. */
  double (*evaluate)(const struct rst_landscape_parameters *parameters, const void *u, double *residual,
                     void *gradient);
  /** product = H(u) v. */
  void (*product)(const struct rst_landscape_parameters *parameters, const void *u, const void *v,
                  void *product);
};

/** In the order of the list. */
extern const struct rst_landscape_function *const rst_landscape_functions_double[];
extern const struct rst_landscape_function *const rst_landscape_functions_float[];

#endif
