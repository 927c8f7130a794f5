/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/field.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "core/field_operations.h"

static const struct rst_field_operations *operations(const struct rst_field *field) {
  return field->precision == RST_PRECISION_FLOAT ? &rst_field_operations_float : &rst_field_operations_double;
}

static bool alike(const struct rst_field *x, const struct rst_field *y) {
  return x->precision == y->precision && x->ny == y->ny && x->nx == y->nx;
}

size_t rst_precision_size(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? sizeof(float) : sizeof(double);
}

double rst_precision_epsilon(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
}

enum rst_status rst_field_create(struct rst_context *context, enum rst_precision precision, size_t ny,
                                 size_t nx, struct rst_field **field) {
  *field = NULL;
  size_t count = 0;
  RST_REQUIRE(context, ny > 0 && nx > 0 && !__builtin_mul_overflow(ny, nx, &count), RST_ERROR_ARGUMENT,
              "a field of %zu x %zu points cannot be made", ny, nx);
  void *made = NULL;
  void *data = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof **field, &made));
  const enum rst_status status = rst_allocate(context, count, rst_precision_size(precision), &data);
  if (status != RST_OK) {
    free(made);
    return status;
  }
  *field = made;
  **field = (struct rst_field){.precision = precision, .ny = ny, .nx = nx, .data = data};
  return RST_OK;
}

enum rst_status rst_field_create_like(struct rst_context *context, const struct rst_field *like,
                                      struct rst_field **field) {
  return rst_field_create(context, like->precision, like->ny, like->nx, field);
}

void rst_field_destroy(struct rst_field **field) {
  if (*field) {
    free((*field)->data);
    free(*field);
    *field = NULL;
  }
}

size_t rst_field_count(const struct rst_field *field) {
  return field->ny * field->nx;
}

double rst_field_get(const struct rst_field *field, size_t y, size_t x) {
  assert(y < field->ny && x < field->nx);
  const size_t i = y * field->nx + x;
  return field->precision == RST_PRECISION_FLOAT ? (double)((const float *)field->data)[i]
                                                 : ((const double *)field->data)[i];
}

void rst_field_set(struct rst_field *field, size_t y, size_t x, double value) {
  assert(y < field->ny && x < field->nx);
  const size_t i = y * field->nx + x;
  if (field->precision == RST_PRECISION_FLOAT) {
    ((float *)field->data)[i] = (float)value;
  } else {
    ((double *)field->data)[i] = value;
  }
}

void rst_field_copy(const struct rst_field *from, struct rst_field *to) {
  assert(from->ny == to->ny && from->nx == to->nx);
  if (from->precision == to->precision) {
    memcpy(to->data, from->data, rst_field_count(from) * rst_precision_size(from->precision));
    return;
  }
  for (size_t y = 0; y < from->ny; ++y) {
    for (size_t x = 0; x < from->nx; ++x) {
      rst_field_set(to, y, x, rst_field_get(from, y, x));
    }
  }
}

void rst_field_fill(double value, struct rst_field *field) {
  operations(field)->fill(rst_field_count(field), value, field->data);
}

void rst_field_scale(double a, struct rst_field *u) {
  operations(u)->scale(rst_field_count(u), a, u->data);
}

void rst_field_axpy(double a, const struct rst_field *x, struct rst_field *y) {
  assert(alike(x, y));
  operations(y)->axpy(rst_field_count(y), a, x->data, y->data);
}

void rst_field_axpby(double a, const struct rst_field *x, double b, struct rst_field *y) {
  assert(alike(x, y));
  operations(y)->axpby(rst_field_count(y), a, x->data, b, y->data);
}

void rst_field_descend(double lr, double q, const struct rst_field *g, struct rst_field *u) {
  assert(alike(g, u));
  operations(u)->descend(rst_field_count(u), lr, q, g->data, u->data);
}

double rst_field_dot(const struct rst_field *x, const struct rst_field *y) {
  assert(alike(x, y));
  return operations(x)->dot(rst_field_count(x), x->data, y->data);
}

double rst_field_sum(const struct rst_field *x) {
  return operations(x)->sum(rst_field_count(x), x->data);
}

static double scaled_square(double factor, const struct rst_field *x, const struct rst_field *y) {
  const size_t count = rst_field_count(x);
  return y ? operations(x)->square_of_difference(count, factor, x->data, y->data)
           : operations(x)->square(count, factor, x->data);
}

static double norm_of_difference(const struct rst_field *x, const struct rst_field *y) {
  const double square = scaled_square(1.0, x, y);
  /* The plain sum is right unless squares overflowed or were flushed towards zero. */
  const double smallest_safe = 1e-280;
  if (isfinite(square) && square > smallest_safe) {
    return sqrt(square);
  }
  const double largest = operations(x)->max_abs(rst_field_count(x), x->data, y ? y->data : NULL);
  if (largest == 0.0 || !isfinite(largest)) {
    return largest;
  }
  /* A power of two scales exactly, subnormal numbers in two steps. */
  const int exponent = ilogb(largest);
  const double factor = ldexp(1.0, exponent < -1000 ? 1000 : -exponent);
  return sqrt(scaled_square(factor, x, y)) / factor;
}

double rst_field_norm(const struct rst_field *x) {
  return norm_of_difference(x, NULL);
}

double rst_field_distance(const struct rst_field *x, const struct rst_field *y) {
  assert(alike(x, y));
  return norm_of_difference(x, y);
}

double rst_field_relative_distance(const struct rst_field *x, const struct rst_field *y) {
  assert(alike(x, y));
  const size_t count = rst_field_count(x);
  return operations(x)->sum_of_relative_differences(count, x->data, y->data) / (double)count;
}

void rst_field_relative_difference(const struct rst_field *x, const struct rst_field *y,
                                   struct rst_field *difference) {
  assert(alike(x, y) && alike(x, difference));
  operations(x)->relative_differences(rst_field_count(x), x->data, y->data, difference->data);
}

double rst_field_max_abs(const struct rst_field *x) {
  return operations(x)->max_abs(rst_field_count(x), x->data, NULL);
}

bool rst_field_is_finite(const struct rst_field *x) {
  return !isnan(operations(x)->sum_of_zeros(rst_field_count(x), x->data));
}
