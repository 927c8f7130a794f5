/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCHEME_TYPE_H
#define RST_SCHEME_TYPE_H

#include "core/keys.h"
#include "step/perturbation.h"

/** @file
 * What a scheme provides, and what its step may use. A new scheme is one file that defines a const table, and
 * one line of the list below.
 */

/** Every scheme: suffix of its table's name and name in case files. */
#define RST_SCHEME_LIST(X)                                                                                   \
  X(euler, "euler")                                                                                          \
  X(heavy_ball, "heavy-ball")                                                                                \
  X(nesterov, "nesterov")                                                                                    \
  X(rk2, "rk2")                                                                                              \
  X(rk4, "rk4")                                                                                              \
  X(imex, "imex")                                                                                            \
  X(cfl, "cfl")                                                                                              \
  X(adam, "adam")

enum { RST_SCHEME_MAX_FIELDS = 3 };

struct rst_scheme_type {
  struct rst_scheme_facts facts;
  bool takes_divisor;
  const void *data;    /**< of the scheme's own; NULL for none */
  size_t state_count;  /**< fields that the next step depends on */
  bool counts_updates; /**< the last of them is one double, the number of updates made */
  size_t work_count;   /**< fields whose content does not outlive a step */
  int degree;          /**< of the growth polynomial, 0 if the scheme has none */
  /** As rst_scheme_step(), with the step in scheme->dt. */
  enum rst_status (*step)(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u);
  /** As step(), to the same bits, and the perturbations with it; the flow is linearised at u. NULL for affine schemes: step()
   * is its own Jacobian, with H du for the gradient. */
  enum rst_status (*step_with_perturbations)(struct rst_scheme *scheme, struct rst_field *gradient,
                                             struct rst_field *u,
                                             const struct rst_perturbation *perturbations, size_t count);
  /** As rst_scheme_preconditioner(); NULL if the scheme has none. */
  void (*precondition)(const struct rst_scheme *scheme, struct rst_field *p);
  /** As rst_scheme_growth_polynomial(), or rst_scheme_frozen_growth() if there is a preconditioner; NULL if degree is 0. Sets
   * degree + 1 coefficients. */
  void (*polynomial)(const struct rst_scheme_type *type, const struct rst_scheme_parameters *parameters,
                     double complex lambda, double complex *coefficients);
  /** The largest locally stable eigenvalue of a scheme without growth polynomial; NULL for the others. */
  double (*limit)(const struct rst_scheme_parameters *parameters);
  /** Check the numbers of the scheme's own; NULL for none. */
  enum rst_status (*check)(struct rst_context *context, const struct rst_scheme_parameters *parameters);
  /** Tables of the scheme's own keys, which fill a struct rst_scheme_parameters; NULL-terminated, NULL for none. Schemes that
   * share keys list the same table. */
  const struct rst_keys *const *keys;
};

struct rst_scheme {
  const struct rst_scheme_type *type;
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_scheme_parameters parameters;
  double dt;                                       /**< of the current step: lr, unless the step lowers it */
  struct rst_field *fields[RST_SCHEME_MAX_FIELDS]; /**< the state, then the work space; zero at the start */
};

#define RST_SCHEME_DECLARE(symbol, name) extern const struct rst_scheme_type rst_scheme_##symbol;
RST_SCHEME_LIST(RST_SCHEME_DECLARE)
#undef RST_SCHEME_DECLARE

/** Tables of the keys of scheme number `kind` of rst_scheme_names(). */
const struct rst_keys *const *rst_scheme_keys(size_t kind);
/** Momentum, coupled or decoupled decay, the divisor. */
extern const struct rst_keys rst_momentum_keys, rst_decay_keys, rst_divisor_keys;

/** The limit of a scheme without growth polynomial, see the table; its parameters must be valid. */
double rst_scheme_own_limit(const struct rst_scheme_parameters *parameters);

/** g = g + alpha u on the free points. g must be zero on the others, and stays so. */
void rst_scheme_add_decay(const struct rst_scheme *scheme, const struct rst_field *u, struct rst_field *g);

/** u = factor u on the free points; the others keep their values. `work` is destroyed. */
void rst_scheme_scale_free(const struct rst_scheme *scheme, double factor, struct rst_field *work,
                           struct rst_field *u);

#endif
