/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Stochastic Lanczos quadrature (Ubaru, Chen, Saad, SIAM J. Matrix Anal. Appl. 38, 2017). From a random unit
 * vector v, m steps of Lanczos' method give a tridiagonal matrix T; its eigenvalues theta_k and the squares
 * tau_k^2 of the first components of its eigenvectors are nodes and weights of the Gauss quadrature
 *
 *     <v, f(H) v> = sum_k tau_k^2 f(theta_k),   exact for polynomials of degree 2 m - 1
 *
 * and the mean over v is tr f(H) / n. The basis is kept orthogonal by two passes of Gram-Schmidt, without
 * which converged eigenvalues would be counted again.
 */

#include <float.h>
#include <math.h>

#include "core/core.h"
#include "krylov/symmetric.h"
#include "restrain/spectrum.h"
#include "stability/free_hessian.h"

/* Nodes with their weights, of all probes. */
struct quadrature {
  size_t count;
  double *nodes, *weights;
};

struct prober {
  struct rst_context *context;
  struct rst_free_hessian *hessian;
  size_t steps;             /* most of one probe */
  double *normal;           /* [hessian->count] */
  double *diagonal, *below; /* of T, [steps] */
  double *dense;            /* [2][steps][steps]: T, then its eigenvectors */
  double *work;             /* [5][steps] */
  struct rst_field *v, *product;
  struct rst_field **basis; /* [steps + 1], in double */
};

/* basis[0] = the normalised normal numbers of `seed`. */
static enum rst_status start(struct prober *prober, uint32_t seed) {
  const size_t count = prober->hessian->count;
  RST_TRY(rst_random_normal(prober->context, seed, count, prober->normal));
  for (size_t i = 0; i < count; ++i) {
    rst_field_set(prober->basis[0], 0, i, prober->normal[i]);
  }
  rst_field_scale(1.0 / rst_field_norm(prober->basis[0]), prober->basis[0]);
  return RST_OK;
}

/* Lanczos' method from basis[0]; fewer steps than asked for where the Krylov space ends. */
static enum rst_status tridiagonalise(struct prober *prober, size_t *steps) {
  double scale = 0.0;
  for (size_t j = 0; j < prober->steps; ++j) {
    struct rst_field *next = prober->basis[j + 1];
    RST_TRY(rst_go_on(prober->context));
    rst_field_copy(prober->basis[j], prober->v);
    rst_free_hessian_apply(prober->hessian, prober->v, prober->product);
    rst_field_copy(prober->product, next);
    const double norm = rst_field_norm(next);
    RST_REQUIRE(
        prober->context, isfinite(norm), RST_ERROR_NUMERIC,
        "a product with the Hessian has norm %g; it has no spectrum at a state where the flow overflows",
        norm);
    scale = fmax(scale, norm);
    prober->diagonal[j] = rst_field_dot(prober->basis[j], next);
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t i = 0; i <= j; ++i) {
        rst_field_axpy(-rst_field_dot(prober->basis[i], next), prober->basis[i], next);
      }
    }
    prober->below[j] = rst_field_norm(next);
    *steps = j + 1;
    if (prober->below[j] <= 16 * DBL_EPSILON * scale) {
      return RST_OK;
    }
    rst_field_scale(1.0 / prober->below[j], next);
  }
  return RST_OK;
}

/* Append the nodes and weights of T, [m][m]. */
static void append_nodes(const struct prober *prober, size_t m, double share, struct quadrature *quadrature) {
  const size_t n = prober->steps;
  double *matrix = prober->dense;
  double *vectors = prober->dense + n * n;
  for (size_t i = 0; i < m * m; ++i) {
    matrix[i] = 0.0;
  }
  for (size_t i = 0; i < m; ++i) {
    matrix[i * m + i] = prober->diagonal[i];
    if (i + 1 < m) {
      matrix[i * m + i + 1] = matrix[(i + 1) * m + i] = prober->below[i];
    }
  }
  rst_symmetric_eigenvectors(m, matrix, prober->work, vectors, prober->work + n);
  for (size_t k = 0; k < m; ++k) {
    quadrature->nodes[quadrature->count] = prober->work[k];
    quadrature->weights[quadrature->count++] = share * vectors[k] * vectors[k];
  }
}

static enum rst_status probe(struct prober *prober, const struct rst_density_parameters *parameters,
                             struct quadrature *quadrature) {
  for (int p = 0; p < parameters->probes; ++p) {
    size_t steps = 0;
    RST_TRY(start(prober, parameters->seed + (uint32_t)p));
    RST_TRY(tridiagonalise(prober, &steps));
    append_nodes(prober, steps, 1.0 / parameters->probes, quadrature);
  }
  return RST_OK;
}

/* Integral of the unit Gaussian up to x. */
static double gaussian_integral(double x) {
  return 0.5 * erfc(-x / sqrt(2.0));
}

/* The smeared quadrature's integral over each of `count` equal cells, divided by their length. The first and
 * the last take the tails. */
static void smear(const struct quadrature *quadrature, const struct rst_density_parameters *parameters,
                  double *abscissae, double *density) {
  const double width = parameters->width;
  double low = INFINITY;
  double high = -INFINITY;
  for (size_t k = 0; k < quadrature->count; ++k) {
    low = fmin(low, quadrature->nodes[k] - 5 * width);
    high = fmax(high, quadrature->nodes[k] + 5 * width);
  }
  const double length = (high - low) / (double)parameters->count;
  double below = 0.0;
  for (size_t i = 0; i < parameters->count; ++i) {
    const bool last = i + 1 == parameters->count;
    const double end = low + (double)(i + 1) * length;
    double integral = 0.0;
    for (size_t k = 0; k < quadrature->count; ++k) {
      integral +=
          quadrature->weights[k] * (last ? 1.0 : gaussian_integral((end - quadrature->nodes[k]) / width));
    }
    abscissae[i] = end - 0.5 * length;
    density[i] = (integral - below) / length;
    below = integral;
  }
}

static enum rst_status allocate_doubles(struct rst_context *context, size_t count, double **values) {
  RST_TRY(RST_NEW(context, count, values));
  return RST_OK;
}

static enum rst_status build(struct prober *prober, const struct rst_density_parameters *parameters,
                             struct quadrature *quadrature) {
  struct rst_context *context = prober->context;
  const struct rst_free_hessian *hessian = prober->hessian;
  const size_t steps = prober->steps;
  const size_t nodes = steps * (size_t)parameters->probes;
  RST_TRY(RST_NEW(context, steps + 1, &prober->basis));
  for (size_t i = 0; i <= steps; ++i) {
    RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, 1, hessian->count, &prober->basis[i]));
  }
  RST_TRY(rst_field_create(context, hessian->v->precision, 1, hessian->count, &prober->v));
  RST_TRY(rst_field_create_like(context, prober->v, &prober->product));
  RST_TRY(allocate_doubles(context, hessian->count, &prober->normal));
  RST_TRY(allocate_doubles(context, steps, &prober->diagonal));
  RST_TRY(allocate_doubles(context, steps, &prober->below));
  RST_TRY(allocate_doubles(context, 2 * steps * steps, &prober->dense));
  RST_TRY(allocate_doubles(context, 5 * steps, &prober->work));
  RST_TRY(allocate_doubles(context, nodes, &quadrature->nodes));
  return allocate_doubles(context, nodes, &quadrature->weights);
}

static void release(struct prober *prober, struct quadrature *quadrature) {
  for (size_t i = 0; prober->basis && i <= prober->steps; ++i) {
    rst_field_destroy(&prober->basis[i]);
  }
  free((void *)prober->basis);
  rst_field_destroy(&prober->v);
  rst_field_destroy(&prober->product);
  free(prober->normal);
  free(prober->diagonal);
  free(prober->below);
  free(prober->dense);
  free(prober->work);
  free(quadrature->nodes);
  free(quadrature->weights);
  rst_free_hessian_destroy(&prober->hessian);
}

static enum rst_status validate(struct rst_context *context, const struct rst_density_parameters *p) {
  RST_REQUIRE(context, p->probes >= 1, RST_ERROR_ARGUMENT,
              "the density's number of probes is %d; it must be at least 1", p->probes);
  RST_REQUIRE(context, p->steps >= 1, RST_ERROR_ARGUMENT,
              "the density's number of steps is %d; it must be at least 1", p->steps);
  RST_REQUIRE(context, p->count >= 1, RST_ERROR_ARGUMENT,
              "the density's number of abscissae is 0; it must be at least 1");
  RST_REQUIRE(context, p->width > 0.0 && isfinite(p->width), RST_ERROR_ARGUMENT,
              "the density's width is %g; it must be positive and finite", p->width);
  return RST_OK;
}

enum rst_status rst_spectrum_density(struct rst_context *context, struct rst_flow *flow,
                                     const struct rst_field *u,
                                     const struct rst_density_parameters *parameters, double *abscissae,
                                     double *density) {
  struct prober prober = {.context = context};
  struct quadrature quadrature = {0};
  RST_TRY(validate(context, parameters));
  RST_TRY(rst_free_hessian_create(context, flow, u, &prober.hessian));
  const size_t asked = (size_t)parameters->steps;
  prober.steps = asked < prober.hessian->count ? asked : prober.hessian->count;
  enum rst_status status = build(&prober, parameters, &quadrature);
  if (status == RST_OK) {
    status = probe(&prober, parameters, &quadrature);
  }
  if (status == RST_OK) {
    smear(&quadrature, parameters, abscissae, density);
  }
  release(&prober, &quadrature);
  return status;
}
