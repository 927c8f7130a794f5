/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCHEME_TYPE_H
#define RST_SCHEME_TYPE_H

#include "core/keys.h"
#include "restrain/scheme.h"

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
  X(cfl, "cfl")

enum { RST_SCHEME_MAX_FIELDS = 3 };

/** An infinitesimal change of the state that is stepped along with it. */
struct rst_perturbation {
  /** Of the same type and parameters as the state's, but for the divisor, which is 1; its fields hold the
   * perturbation of the momentum, and work space. */
  struct rst_scheme *scheme;
  struct rst_field *du;      /**< of the state; zero on fixed points */
  struct rst_field *product; /**< on entry H du at u_t; destroyed */
};

struct rst_scheme_type {
  bool takes_divisor;
  bool takes_momentum; /**< and with it decoupled decay */
  bool takes_safety;
  size_t state_count; /**< fields that the next step depends on */
  size_t work_count;  /**< fields whose content does not outlive a step */
  int degree;         /**< of the growth polynomial, 0 if the scheme has none */
  /** As rst_scheme_step(), with the step in scheme->dt. */
  enum rst_status (*step)(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u);
  /** As step(), to the same bits, and the perturbations with it; the flow is linearised at u. NULL: step() is affine
   * in u, momentum and gradient, and so its own Jacobian, with H du for the gradient. */
  enum rst_status (*step_with_perturbations)(struct rst_scheme *scheme, struct rst_field *gradient,
                                             struct rst_field *u,
                                             const struct rst_perturbation *perturbations, size_t count);
  /** As rst_scheme_growth_polynomial(); NULL if degree is 0. Sets degree + 1 coefficients. */
  void (*polynomial)(const struct rst_scheme_parameters *parameters, double complex lambda,
                     double complex *coefficients);
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
/** Momentum with its decay, and the divisor. */
extern const struct rst_keys rst_momentum_keys, rst_divisor_keys;

/** As rst_scheme_step(), to the same bits, and every perturbation by the Jacobian of that step. On entry the flow is
 * linearised at u; it need not be so afterwards. */
enum rst_status rst_scheme_step_with_perturbations(struct rst_scheme *scheme, struct rst_field *gradient,
                                                   struct rst_field *u,
                                                   const struct rst_perturbation *perturbations, size_t count,
                                                   double *dt);

/** g = g + alpha u on the free points. g must be zero on the others, and stays so. */
void rst_scheme_add_decay(const struct rst_scheme *scheme, const struct rst_field *u, struct rst_field *g);

/** u = factor u on the free points; the others keep their values. `work` is destroyed. */
void rst_scheme_scale_free(const struct rst_scheme *scheme, double factor, struct rst_field *work,
                           struct rst_field *u);

#endif
