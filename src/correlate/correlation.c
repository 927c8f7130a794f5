/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/correlation.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "correlate/correlation_type.h"

#define TYPE_NAME(name) #name,
static const char *const names[] = {RST_CORRELATION_LIST(TYPE_NAME) NULL};
static const char *const choices[] = {"auto", RST_CORRELATION_LIST(TYPE_NAME) NULL};
#undef TYPE_NAME

#define TYPE_TABLES(name) {&rst_correlation_##name##_double, &rst_correlation_##name##_float},
static const struct rst_correlation_type *const types[][2] = {RST_CORRELATION_LIST(TYPE_TABLES)};
#undef TYPE_TABLES

enum { TYPE_COUNT = sizeof types / sizeof *types };

struct rst_correlation {
  int index; /* in names and types */
  enum rst_precision precision;
  struct rst_correlation_shape shape;
  void *state;
  const struct rst_field *multiplicities; /* the state's, or NULL */
};

static const struct rst_correlation_type *type_of(const struct rst_correlation *correlation) {
  return types[correlation->index][correlation->precision];
}

const char *const *rst_correlation_names(void) {
  return names;
}

/* The cheapest implementation by the shape alone; cost becomes its cost. */
static int cheapest(const struct rst_correlation_shape *shape, enum rst_precision precision, double *cost) {
  int best = 0;
  *cost = INFINITY;
  for (int i = 0; i < TYPE_COUNT; ++i) {
    const struct rst_correlation_type *type = types[i][precision];
    if (type->cost && type->cost(shape) < *cost) {
      best = i;
      *cost = type->cost(shape);
    }
  }
  return best;
}

/* An implementation for which the image is cheaper still, or the cheapest one by its shape. */
static enum rst_status create_cheapest(struct rst_context *context, const void *image,
                                       struct rst_correlation *correlation) {
  double cost = 0.0;
  const int by_shape = cheapest(&correlation->shape, correlation->precision, &cost);
  for (int i = 0; i < TYPE_COUNT && !correlation->state; ++i) {
    const struct rst_correlation_type *type = types[i][correlation->precision];
    if (!type->cost) {
      correlation->index = i;
      RST_TRY(type->create(context, &correlation->shape, image, cost, &correlation->state));
    }
  }
  if (correlation->state) {
    return RST_OK;
  }
  correlation->index = by_shape;
  return type_of(correlation)->create(context, &correlation->shape, image, cost, &correlation->state);
}

static enum rst_status create(struct rst_context *context, const void *image, bool automatic,
                              struct rst_correlation *correlation) {
  const struct rst_correlation_shape *shape = &correlation->shape;
  RST_TRY(automatic ? create_cheapest(context, image, correlation)
                    : type_of(correlation)->create(context, shape, image, INFINITY, &correlation->state));
  if (type_of(correlation)->multiplicities) {
    correlation->multiplicities = type_of(correlation)->multiplicities(correlation->state);
  }
  return RST_OK;
}

enum rst_status rst_correlation_create(struct rst_context *context, const struct rst_field *image, size_t ky,
                                       size_t kx, enum rst_boundary boundary, const char *name,
                                       struct rst_correlation **correlation) {
  *correlation = NULL;
  RST_REQUIRE(context, ky > 0 && kx > 0 && ky <= image->ny && kx <= image->nx, RST_ERROR_ARGUMENT,
              "a kernel of %zu x %zu points does not fit an image of %zu x %zu; each side of the kernel must "
              "be from 1 to that of the image",
              ky, kx, image->ny, image->nx);
  RST_REQUIRE(context, boundary == RST_BOUNDARY_VALID || boundary == RST_BOUNDARY_PERIODIC,
              RST_ERROR_ARGUMENT, "a correlation has no dirichlet boundary; choose valid or periodic");
  const bool valid = boundary == RST_BOUNDARY_VALID;
  const struct rst_correlation_shape shape = {.ny = image->ny,
                                              .nx = image->nx,
                                              .ky = ky,
                                              .kx = kx,
                                              .my = valid ? image->ny - ky + 1 : image->ny,
                                              .mx = valid ? image->nx - kx + 1 : image->nx};
  const bool automatic = name && strcmp(name, "auto") == 0;
  const int index = rst_name_index(names, name);
  if (index < 0 && !automatic) {
    return rst_fail_unknown(context, "correlation", name, choices);
  }
  struct rst_correlation *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_correlation){.index = index, .precision = image->precision, .shape = shape};
  const enum rst_status status = create(context, image->data, automatic, made);
  if (status != RST_OK) {
    rst_correlation_destroy(&made);
    return status;
  }
  *correlation = made;
  return RST_OK;
}

void rst_correlation_destroy(struct rst_correlation **correlation) {
  if (!*correlation) {
    return;
  }
  if ((*correlation)->state) {
    type_of(*correlation)->destroy((*correlation)->state);
  }
  free(*correlation);
  *correlation = NULL;
}

double rst_correlation_cost(const struct rst_correlation *correlation) {
  const struct rst_correlation_type *type = type_of(correlation);
  return type->cost ? type->cost(&correlation->shape) : type->state_cost(correlation->state);
}

const char *rst_correlation_name(const struct rst_correlation *correlation) {
  return names[correlation->index];
}

size_t rst_correlation_positions(const struct rst_correlation *correlation) {
  return correlation->shape.my * correlation->shape.mx;
}

const struct rst_field *rst_correlation_multiplicities(const struct rst_correlation *correlation) {
  return correlation->multiplicities;
}

void rst_correlation_response_shape(const struct rst_correlation *correlation, size_t *my, size_t *mx) {
  const struct rst_field *multiplicities = correlation->multiplicities;
  *my = multiplicities ? multiplicities->ny : correlation->shape.my;
  *mx = multiplicities ? multiplicities->nx : correlation->shape.mx;
}

void rst_correlation_position_shape(const struct rst_correlation *correlation, size_t *my, size_t *mx) {
  *my = correlation->shape.my;
  *mx = correlation->shape.mx;
}

static bool is_kernel(const struct rst_correlation *correlation, const struct rst_field *field) {
  return field->precision == correlation->precision && field->ny == correlation->shape.ky &&
         field->nx == correlation->shape.kx;
}

static bool is_response(const struct rst_correlation *correlation, const struct rst_field *field) {
  size_t my = 0;
  size_t mx = 0;
  rst_correlation_response_shape(correlation, &my, &mx);
  return field->precision == correlation->precision && field->ny == my && field->nx == mx;
}

void rst_correlation_apply(struct rst_correlation *correlation, const struct rst_field *kernel,
                           struct rst_field *response) {
  assert(is_kernel(correlation, kernel));
  assert(is_response(correlation, response));
  type_of(correlation)->apply(correlation->state, kernel->data, response->data);
}

void rst_correlation_adjoint(struct rst_correlation *correlation, const struct rst_field *weights,
                             struct rst_field *kernel) {
  assert(is_response(correlation, weights));
  assert(is_kernel(correlation, kernel));
  type_of(correlation)->adjoint(correlation->state, weights->data, kernel->data);
}

void rst_correlation_spread(const struct rst_correlation *correlation, const struct rst_field *response,
                            struct rst_field *positions) {
  assert(is_response(correlation, response));
  assert(positions->precision == correlation->precision && positions->ny == correlation->shape.my &&
         positions->nx == correlation->shape.mx);
  if (correlation->multiplicities) {
    type_of(correlation)->spread(correlation->state, response->data, positions->data);
  } else {
    rst_field_copy(response, positions);
  }
}
