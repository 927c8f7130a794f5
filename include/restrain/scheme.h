/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_SCHEME_H
#define RESTRAIN_SCHEME_H

#include <complex.h>

#include "restrain/flow.h"

/** @file
 * Explicit time stepping of du/dt = -grad E(u) - alpha u with step lr: the optimisers of deep learning.
 *
 * g = grad E(u) + alpha u, z = -lr lambda with lambda the eigenvalue of g; q = divisor, mu = momentum.
 *
 * | name       | update                               | growth on u' = -lambda u         | real limit      |
 * |------------|--------------------------------------|----------------------------------|-----------------|
 * | euler      | u - (lr q)(g/q)                      | r - (1 + z)                      | 2               |
 * | heavy-ball | v = mu v + g; u - (lr q)(v/q)        | r^2 - (1+mu+z) r + mu            | 2(1+mu)         |
 * | nesterov   | v = mu v + g; u - (lr q)((g+mu v)/q) | r^2 - (1+mu)(1+z) r + mu (1+z)   | 2(1+mu)/(1+2mu) |
 * | rk2        | explicit midpoint rule               | r - (1+z+z^2/2)                  | 2               |
 * | rk4        | classical Runge-Kutta                | r - (1+z+z^2/2+z^3/6+z^4/24)     | 2.785293563     |
 * | imex       | (u - lr grad E)/(1 + lr alpha)       | r - (1-lr lambda_E)/(1+lr alpha) | -               |
 * | cfl        | euler with lr_t, below               | none: the step depends on u      | -               |
 * | adam       | u - (lr q)(d/q), below               | none: the step depends on u      | -               |
 *
 * cfl takes lr_t = min(lr, safety 2/lambda_max(H(u_t) + alpha)), and lr where lambda_max <= 0; lambda_max is
 * accurate to a residual of 1e-6, relative.
 *
 * The divisor q perturbs the rounding alone, but all of it: lr, lr q and g/q are each rounded once to the precision of u. The
 * rounded lr q makes every step of a run longer or shorter by the same factor, within 6e-8 of 1 in float, 1.2e-16 in double.
 *
 * adam, with averages m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2 from zero and the number t of updates, takes
 * d = (m/(1 - beta1^t))/P, P = sqrt(v/(1 - beta2^t)) + epsilon, as PyTorch's Adam; with `decoupled` decay g holds grad E alone
 * and u is multiplied by 1 - lr alpha first, as PyTorch's AdamW. own = {beta1, beta2, epsilon}. With P frozen it is stable
 * while lambda_max(P^-1 (H + alpha)) < 2 (1 + beta1)/((1 - beta1) lr), or lambda_max(P^-1 H) < (1 + beta1) (2 - lr alpha)/((1
 * - beta1) lr) for decoupled decay (Cohen et al., arXiv 2207.14484).
 *
 * With `decoupled` decay (momentum schemes only) g and v hold grad E alone and u is multiplied by d = 1 - lr
 * alpha in the same update: heavy-ball r^2 - (d+mu+z) r + mu d, nesterov r^2 - (d+mu+(1+mu)z) r + mu (d+z), z
 * = -lr lambda_E. The buffer v starts at zero, as in PyTorch. Points that the flow keeps fixed are never
 * moved.
 */

enum rst_decay { RST_DECAY_COUPLED, RST_DECAY_DECOUPLED };

enum { RST_GROWTH_MAX_DEGREE = 2, RST_SCHEME_MOST_OWN = 4, RST_SCHEME_MOST_BUFFERS = 2 };

struct rst_scheme_parameters {
  const char *kind;
  double lr;           /**< step size, > 0 */
  double weight_decay; /**< alpha >= 0 */
  double momentum;     /**< mu in [0, 1) */
  double divisor;      /**< q > 0; rk2, rk4 and imex accept only 1 */
  double safety;       /**< of cfl, in (0, 1] */
  enum rst_decay decay;
  double own
      [RST_SCHEME_MOST_OWN]; /**< numbers of the scheme's own without a name above, in the order of its keys */
};

/** The two parameters of a step whose plane is analysed. */
enum rst_step_parameter { RST_STEP_LR, RST_STEP_WEIGHT_DECAY };

struct rst_scheme;

/** What is true of a scheme whatever its parameters. */
struct rst_scheme_facts {
  /** A step is affine in u, momentum and grad E(u), with coefficients that do not depend on them. */
  bool affine;
  /** The Jacobian of a step is symmetric, so that growth proves an eigenvalue beyond a limit. */
  bool symmetric_jacobian;
  bool implicit_decay; /**< the decay is taken at u_{t+1} */
  bool adapts;         /**< the step's length depends on u */
  bool looks_ahead;    /**< a step adds the momentum that follows it to the gradient */
  bool preconditioned; /**< a step divides the slope, element by element, by what it has met of it */
  size_t buffers;      /**< of rst_scheme_state(), the first ones, which a perturbation of u changes too */
};

/** NULL-terminated list of names. */
RST_API const char *const *rst_scheme_names(void);
/** The facts of a kind, which must be one of rst_scheme_names(). */
RST_API struct rst_scheme_facts rst_scheme_facts(const char *kind);

/** Create a stepper for `flow`, which must outlive it. RST_ERROR_ARGUMENT names the parameter that is out of
 * range or that the scheme does not take (divisor, decoupled decay). */
RST_API enum rst_status rst_scheme_create(struct rst_context *context,
                                          const struct rst_scheme_parameters *parameters,
                                          struct rst_flow *flow, struct rst_scheme **scheme);
RST_API void rst_scheme_destroy(struct rst_scheme **scheme);

/** One step, u_t to u_{t+1}.
 * @param gradient on entry grad E(u_t) as rst_flow_evaluate() gives it; destroyed.
 * @param u the state, updated in place.
 * @param dt receives the step taken (lr, or lr_t of cfl); may be NULL.
 * RST_ERROR_NUMERIC if cfl's eigenvalue does not converge. A step that overflows is no error: u is then not
 * finite. */
RST_API enum rst_status rst_scheme_step(struct rst_scheme *scheme, struct rst_field *gradient,
                                        struct rst_field *u, double *dt);

/** Take steps of this lr, > 0, from now on. */
RST_API void rst_scheme_set_lr(struct rst_scheme *scheme, double lr);

/** The fields beside u that the next step depends on (momentum, averages, the number of updates, warm starts): saved and
 * restored by checkpoints. The array is owned by the scheme, the fields may be written. */
RST_API size_t rst_scheme_state(struct rst_scheme *scheme, struct rst_field ***fields);

/** Coefficients of the growth polynomial sum_i coefficients[i] r^i, monic, for the mode with symbol `lambda`
 * of grad E (decay not included; it is a parameter). RST_ERROR_UNSUPPORTED for cfl and adam. Thread-safe. */
RST_API enum rst_status rst_scheme_growth_polynomial(struct rst_context *context,
                                                     const struct rst_scheme_parameters *parameters,
                                                     double complex lambda,
                                                     double complex coefficients[RST_GROWTH_MAX_DEGREE + 1],
                                                     int *degree);
/** The amplification factor: largest modulus of the growth polynomial's roots. */
RST_API enum rst_status rst_scheme_growth(struct rst_context *context,
                                          const struct rst_scheme_parameters *parameters,
                                          double complex lambda, double *growth);

/** p = the diagonal of P, by which the last step divided the slope; 1 for schemes that are not preconditioned, NaN for adam
 * before its first step. */
RST_API void rst_scheme_preconditioner(const struct rst_scheme *scheme, struct rst_field *p);
/** The amplification factor with P frozen, of a preconditioned scheme: on an eigenvalue lambda of P^-1 (H + alpha), of P^-1 H
 * for decoupled decay. The parameters must be valid. Thread-safe. */
RST_API double rst_scheme_frozen_growth(const struct rst_scheme_parameters *parameters, double lambda);

/** The continuous flow, not a scheme: integrate du/dt = -grad E(u) - alpha u from u over `duration` with
 * GSL's adaptive embedded Runge-Kutta-Prince-Dormand (8,9), in double, local error below tolerance (absolute
 * + relative). u is updated in place. The slopes of a float flow are accurate to float only. Where memory is
 * exhausted, GSL's allocators call its error handler, which aborts unless the program has turned it off
 * (gsl_set_error_handler_off()). RST_ERROR_NUMERIC if the integrator gives up; u is then unchanged. */
RST_API enum rst_status rst_flow_integrate(struct rst_context *context, struct rst_flow *flow,
                                           double weight_decay, double duration, double tolerance,
                                           struct rst_field *u);

#endif
