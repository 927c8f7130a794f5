/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/minres.h"

#include <float.h>
#include <math.h>

#include "core/core.h"

/** @file
 * MINRES (Paige and Saunders, SIAM J. Numer. Anal. 12, 1975). Lanczos' method makes A V_k = V_{k+1} T_k with
 * T_k tridiagonal (alpha_k on, beta_k beside the diagonal); plane rotations (c_k, s_k) bring T_k to
 * upper triangular form with diagonal gamma_k and two diagonals delta_k, epsilon_k above it, and the columns
 * of D_k = V_k R_k^-1 follow by
 *
 *     d_k = (v_k - delta_k d_{k-1} - epsilon_k d_{k-2}) / gamma_k,   x_k = x_{k-1} + tau_k d_k
 *
 * phi_k = |b - A x_k| is the last entry of the rotated right-hand side, and |A (b - A x_{k-1})| =
 * phi_{k-1} sqrt(gammabar_k^2 + deltabar_{k+1}^2) shows when a least-squares solution is reached.
 */

enum { V, V_BEFORE, NEXT, D, D_BEFORE, D_BEFORE_THAT, FIELDS };

struct minres {
  struct rst_field *fields[FIELDS];
  double beta;      /* of this step */
  double c, s;      /* the rotation before this step */
  double delta_bar; /* entry above the diagonal, half rotated */
  double epsilon;   /* entry two above the diagonal */
  double residual, scale;
  int products;
};

static void swap(struct minres *minres, int a, int b) {
  struct rst_field *field = minres->fields[a];
  minres->fields[a] = minres->fields[b];
  minres->fields[b] = field;
}

/* NEXT = A V - alpha V - beta V_BEFORE, of length beta_next. */
static enum rst_status lanczos_step(struct rst_context *context, struct minres *minres, rst_operator *apply,
                                    void *user, double *alpha, double *beta_next) {
  struct rst_field *const *fields = minres->fields;
  apply(user, fields[V], fields[NEXT]);
  ++minres->products;
  const double norm = rst_field_norm(fields[NEXT]);
  RST_REQUIRE(context, isfinite(norm), RST_ERROR_NUMERIC,
              "the operator gave a vector of norm %g for a unit vector; no linear system can be solved at a "
              "state where it overflows",
              norm);
  minres->scale = fmax(minres->scale, norm);
  rst_field_axpy(-minres->beta, fields[V_BEFORE], fields[NEXT]);
  *alpha = rst_field_dot(fields[V], fields[NEXT]);
  rst_field_axpy(-*alpha, fields[V], fields[NEXT]);
  *beta_next = rst_field_norm(fields[NEXT]);
  return RST_OK;
}

/* One column of T: rotate it, move x along its direction. False if x cannot be improved any more. */
static bool advance(struct minres *minres, double alpha, double beta_next, struct rst_field *x) {
  struct rst_field *const *fields = minres->fields;
  const double delta = minres->c * minres->delta_bar + minres->s * alpha;
  const double gamma_bar = minres->s * minres->delta_bar - minres->c * alpha;
  const double delta_bar = -minres->c * beta_next;
  const double gamma = hypot(gamma_bar, beta_next);
  /* Below it the residual lies where A vanishes, up to rounding errors that must not be divided by. */
  const double singular = 1e-9 * minres->scale;
  if (gamma <= singular || hypot(gamma_bar, delta_bar) <= singular) {
    return false;
  }
  swap(minres, D_BEFORE_THAT, D_BEFORE);
  swap(minres, D_BEFORE, D);
  struct rst_field *d = fields[D]; /* holds d_{k-3}, which is no longer needed */
  rst_field_copy(fields[V], d);
  rst_field_axpy(-delta, fields[D_BEFORE], d);
  rst_field_axpy(-minres->epsilon, fields[D_BEFORE_THAT], d);
  rst_field_scale(1.0 / gamma, d);
  minres->epsilon = minres->s * beta_next;
  minres->delta_bar = delta_bar;
  minres->c = gamma_bar / gamma;
  minres->s = beta_next / gamma;
  /* Rounding may hide that the end has been reached; then the direction is one that A all but annihilates. */
  if (fabs(minres->c) * rst_field_norm(d) * singular > 1.0) {
    return false;
  }
  rst_field_axpy(minres->c * minres->residual, d, x);
  minres->residual *= minres->s;
  return true;
}

static enum rst_status solve(struct rst_context *context, struct minres *minres, rst_operator *apply,
                             void *user, const struct rst_field *b, double tolerance, int most_products,
                             struct rst_field *x) {
  const double target = tolerance * rst_field_norm(b);
  for (size_t i = 0; i < FIELDS; ++i) {
    RST_TRY(rst_field_create_like(context, b, &minres->fields[i]));
  }
  rst_field_fill(0.0, x);
  rst_field_copy(b, minres->fields[V]);
  if (minres->residual > 0.0) {
    rst_field_scale(1.0 / minres->residual, minres->fields[V]);
  }
  while (minres->residual > target && minres->products < most_products) {
    double alpha = 0.0;
    double beta_next = 0.0;
    RST_TRY(rst_go_on(context));
    RST_TRY(lanczos_step(context, minres, apply, user, &alpha, &beta_next));
    if (!advance(minres, alpha, beta_next, x) || beta_next <= DBL_EPSILON * minres->scale) {
      return RST_OK;
    }
    rst_field_scale(1.0 / beta_next, minres->fields[NEXT]);
    swap(minres, V_BEFORE, V);
    swap(minres, V, NEXT);
    minres->beta = beta_next;
  }
  return RST_OK;
}

enum rst_status rst_minres(struct rst_context *context, rst_operator *apply, void *user,
                           const struct rst_field *b, double tolerance, int most_products,
                           struct rst_field *x, struct rst_minres_result *result) {
  struct minres minres = {.c = -1.0, .residual = rst_field_norm(b)};
  const enum rst_status status = solve(context, &minres, apply, user, b, tolerance, most_products, x);
  if (status == RST_OK) {
    *result = (struct rst_minres_result){
        .residual = minres.residual, .scale = minres.scale, .products = minres.products};
  }
  for (size_t i = 0; i < FIELDS; ++i) {
    rst_field_destroy(&minres.fields[i]);
  }
  return status;
}
