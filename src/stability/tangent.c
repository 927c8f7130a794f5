/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/tangent.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "core/core.h"
#include "restrain/spectrum.h"
#include "step/perturbation.h"

/** @file
 * Leading perturbations of a trajectory by modified Gram-Schmidt after every step, in the inner product
 *
 *     <du, du'> + lr^2 <dv, dv'> for every buffer v of the scheme
 *
 * A vector that loses half its length to the others is orthogonalised once more, which leaves it orthogonal to
 * rounding (twice is enough: Kahan; Daniel, Gragg, Kaufman, Stewart, Math. Comp. 30 (1976) 772).
 */

enum { MOST_PARTS = 1 + RST_SCHEME_MOST_BUFFERS };

/* A length that is nothing but rounding errors of products counts as zero: this much of the longest, to the measure of
 * double in both precisions. In float an average is hurt less by the logarithm of noise than by infinities of chance. */
static const double rounding = 64 * DBL_EPSILON;

struct rst_tangent {
  struct rst_context *context;
  struct rst_flow *flow;
  double weight_decay;
  size_t count;
  size_t parts;              /* of a perturbation: du, then those of the scheme's buffers */
  double weight[MOST_PARTS]; /* of a part in the norm */
  double first
      [MOST_PARTS]; /* size of a part at the start, in the norm, while there are not more vectors than points */
  struct rst_perturbation perturbations[RST_TANGENT_MOST];
  struct rst_field
      *state[RST_TANGENT_MOST * MOST_PARTS]; /* the parts of one perturbation after the other's; borrowed */
  struct rst_field *saved[RST_TANGENT_MOST * MOST_PARTS]; /* the state before the last step */
  double *random; /* the start of every perturbation, one after the other, in double */
  double log_growth[RST_TANGENT_MOST];
  double rayleigh;
};

static struct rst_field **parts_of(struct rst_tangent *tangent, size_t j) {
  return &tangent->state[j * tangent->parts];
}

static double inner_product(struct rst_tangent *tangent, size_t i, size_t j) {
  struct rst_field **a = parts_of(tangent, i);
  struct rst_field **b = parts_of(tangent, j);
  double sum = 0.0;
  for (size_t part = 0; part < tangent->parts; ++part) {
    sum += tangent->weight[part] * tangent->weight[part] * rst_field_dot(a[part], b[part]);
  }
  return sum;
}

/* Without overflow of the squares. */
static double norm(struct rst_tangent *tangent, size_t j) {
  double length = 0.0;
  for (size_t part = 0; part < tangent->parts; ++part) {
    length = hypot(length, tangent->weight[part] * rst_field_norm(parts_of(tangent, j)[part]));
  }
  return length;
}

/* The random start of a perturbation. */
static void start(struct rst_tangent *tangent, size_t j) {
  for (size_t part = 0; part < tangent->parts; ++part) {
    struct rst_field *field = parts_of(tangent, j)[part];
    const size_t points = rst_field_count(field);
    const double size = j < rst_spectrum_dense_count(tangent->flow) ? tangent->first[part] : 1.0;
    const double *values = tangent->random + (j * tangent->parts + part) * points;
    for (size_t i = 0; i < points; ++i) {
      rst_field_set(field, 0, i, size * values[i] / tangent->weight[part]);
    }
    rst_flow_pin(tangent->flow, field);
  }
}

/* Perturbation j less its projections on those before it; its length after that. `scale` is raised to its length
 * before. */
static double orthogonalise(struct rst_tangent *tangent, size_t j, double *scale) {
  double length = norm(tangent, j);
  double before = 0.0;
  *scale = fmax(*scale, length);
  do {
    before = length;
    for (size_t i = 0; i < j; ++i) {
      const double projection = inner_product(tangent, i, j);
      for (size_t part = 0; part < tangent->parts; ++part) {
        rst_field_axpy(-projection, parts_of(tangent, i)[part], parts_of(tangent, j)[part]);
      }
    }
    length = j > 0 ? norm(tangent, j) : before;
  } while (length < 0.5 * before && length > rounding * *scale);
  return length;
}

/* Orthonormalise all; false if one is not finite. */
static bool decompose(struct rst_tangent *tangent) {
  double scale = 1.0;
  for (size_t j = 0; j < tangent->count; ++j) {
    double length = orthogonalise(tangent, j, &scale);
    if (!isfinite(length)) {
      return false;
    }
    tangent->log_growth[j] = log(length);
    if (length <= rounding * scale) {
      double ignored = 0.0;
      tangent->log_growth[j] = -INFINITY;
      start(tangent, j);
      length = orthogonalise(tangent, j, &ignored);
    }
    for (size_t part = 0; part < tangent->parts; ++part) {
      rst_field_scale(1.0 / length, parts_of(tangent, j)[part]);
    }
  }
  return true;
}

static void forget_growth(struct rst_tangent *tangent) {
  for (size_t j = 0; j < tangent->count; ++j) {
    tangent->log_growth[j] = NAN;
  }
}

static enum rst_status check_dimension(const struct rst_tangent *tangent) {
  const size_t dimension = tangent->parts * rst_spectrum_dense_count(tangent->flow);
  RST_REQUIRE(
      tangent->context, tangent->count <= dimension, RST_ERROR_ARGUMENT,
      "%zu perturbations were asked for, but there are %zu degrees of freedom; choose no more than that",
      tangent->count, dimension);
  return RST_OK;
}

/* Those of buffers start as large as du. Of a preconditioned scheme they start small: its first steps divide by averages of a
 * few slopes, which may be tiny, and the second buffer, of squares, is divided by their squares. */
static void weigh(struct rst_tangent *tangent, const struct rst_scheme_parameters *parameters) {
  const double small = 1e-9;
  const struct rst_scheme_facts facts = rst_scheme_facts(parameters->kind);
  tangent->parts = 1 + facts.buffers;
  tangent->weight[0] = tangent->first[0] = 1.0;
  for (size_t part = 1; part < tangent->parts; ++part) {
    tangent->weight[part] = parameters->lr;
    tangent->first[part] = facts.preconditioned ? small * tangent->first[part - 1] : 1.0;
  }
}

static enum rst_status create_perturbation(struct rst_tangent *tangent,
                                           const struct rst_scheme_parameters *parameters, size_t j) {
  struct rst_perturbation *made = &tangent->perturbations[j];
  struct rst_scheme_parameters own = *parameters;
  own.divisor = 1.0;
  RST_TRY(rst_scheme_create(tangent->context, &own, tangent->flow, &made->scheme));
  weigh(tangent, parameters);
  RST_TRY(rst_flow_create_state(tangent->context, tangent->flow, &made->du));
  RST_TRY(rst_field_create_like(tangent->context, made->du, &made->product));
  struct rst_field **state = NULL;
  struct rst_field **parts = parts_of(tangent, j);
  (void)rst_scheme_state(made->scheme, &state);
  parts[0] = made->du;
  for (size_t part = 1; part < tangent->parts; ++part) {
    parts[part] = state[part - 1];
  }
  for (size_t part = 0; part < tangent->parts; ++part) {
    RST_TRY(rst_field_create_like(tangent->context, made->du, &tangent->saved[j * tangent->parts + part]));
  }
  return RST_OK;
}

static enum rst_status build(struct rst_tangent *tangent, const struct rst_scheme_parameters *parameters,
                             uint32_t seed) {
  for (size_t j = 0; j < tangent->count; ++j) {
    RST_TRY(create_perturbation(tangent, parameters, j));
  }
  RST_TRY(check_dimension(tangent));
  const size_t numbers = tangent->count * tangent->parts * rst_field_count(tangent->state[0]);
  RST_TRY(RST_NEW(tangent->context, numbers, &tangent->random));
  RST_TRY(rst_random_normal(tangent->context, seed, numbers, tangent->random));
  for (size_t j = 0; j < tangent->count; ++j) {
    start(tangent, j);
  }
  (void)decompose(tangent);
  forget_growth(tangent);
  return RST_OK;
}

enum rst_status rst_tangent_create(struct rst_context *context,
                                   const struct rst_scheme_parameters *parameters, struct rst_flow *flow,
                                   size_t count, uint32_t seed, struct rst_tangent **tangent) {
  *tangent = NULL;
  RST_REQUIRE(context, count >= 1 && count <= RST_TANGENT_MOST, RST_ERROR_ARGUMENT,
              "%zu perturbations were asked for; choose 1 to %d", count, (int)RST_TANGENT_MOST);
  struct rst_tangent *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_tangent){.context = context,
                               .flow = flow,
                               .weight_decay = parameters->weight_decay,
                               .count = count,
                               .rayleigh = NAN};
  const enum rst_status status = build(made, parameters, seed);
  if (status != RST_OK) {
    rst_tangent_destroy(&made);
    return status;
  }
  *tangent = made;
  return RST_OK;
}

void rst_tangent_destroy(struct rst_tangent **tangent) {
  if (*tangent) {
    for (size_t j = 0; j < (*tangent)->count; ++j) {
      struct rst_perturbation *made = &(*tangent)->perturbations[j];
      rst_scheme_destroy(&made->scheme);
      rst_field_destroy(&made->du);
      rst_field_destroy(&made->product);
    }
    for (size_t i = 0; i < (*tangent)->count * MOST_PARTS; ++i) {
      rst_field_destroy(&(*tangent)->saved[i]);
    }
    free((*tangent)->random);
    free(*tangent);
    *tangent = NULL;
  }
}

void rst_tangent_set_lr(struct rst_tangent *tangent, double lr) {
  for (size_t j = 0; j < tangent->count; ++j) {
    rst_scheme_set_lr(tangent->perturbations[j].scheme, lr);
  }
}

size_t rst_tangent_count(const struct rst_tangent *tangent) {
  return tangent->count;
}

static void copy_fields(size_t count, struct rst_field *const *from, struct rst_field *const *to) {
  for (size_t i = 0; i < count; ++i) {
    rst_field_copy(from[i], to[i]);
  }
}

enum rst_status rst_tangent_step(struct rst_tangent *tangent, struct rst_scheme *scheme,
                                 struct rst_field *gradient, struct rst_field *u, double *dt) {
  const struct rst_perturbation *leading = &tangent->perturbations[0];
  const size_t fields = tangent->count * tangent->parts;
  for (size_t j = 0; j < tangent->count; ++j) {
    rst_flow_hessian_product(tangent->flow, tangent->perturbations[j].du, tangent->perturbations[j].product);
  }
  tangent->rayleigh = rst_field_dot(leading->du, leading->product) / rst_field_dot(leading->du, leading->du) +
                      tangent->weight_decay;
  copy_fields(fields, tangent->state, tangent->saved);
  const enum rst_status status =
      rst_scheme_step_with_perturbations(scheme, gradient, u, tangent->perturbations, tangent->count, dt);
  if (status != RST_OK || !isfinite(rst_field_norm(u)) || !decompose(tangent)) {
    copy_fields(fields, tangent->saved, tangent->state);
    forget_growth(tangent);
  }
  return status;
}

double rst_tangent_log_growth(const struct rst_tangent *tangent, size_t j) {
  assert(j < tangent->count);
  return tangent->log_growth[j];
}

double rst_tangent_rayleigh(const struct rst_tangent *tangent) {
  return tangent->rayleigh;
}

const struct rst_field *rst_tangent_vector(const struct rst_tangent *tangent, size_t j) {
  assert(j < tangent->count);
  return tangent->perturbations[j].du;
}

const struct rst_field *rst_tangent_previous(const struct rst_tangent *tangent) {
  return tangent->saved[0];
}

size_t rst_tangent_state(struct rst_tangent *tangent, struct rst_field ***fields) {
  *fields = tangent->state;
  return tangent->count * tangent->parts;
}

static double element(const struct rst_field *v, size_t i) {
  return v->precision == RST_PRECISION_FLOAT ? (double)((const float *)v->data)[i]
                                             : ((const double *)v->data)[i];
}

/* Of v/|v|, the squares of which sum to 1. */
double rst_participation_ratio(const struct rst_field *v) {
  const double length = rst_field_norm(v);
  const size_t count = rst_field_count(v);
  double fourths = 0.0;
  for (size_t i = 0; i < count; ++i) {
    const double x = element(v, i) / length;
    fourths += (x * x) * (x * x);
  }
  return 1.0 / ((double)count * fourths);
}
