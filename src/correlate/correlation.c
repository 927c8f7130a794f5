/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/correlation.h"

#include <assert.h>
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
};

static const struct rst_correlation_type *type_of(const struct rst_correlation *correlation) {
  return types[correlation->index][correlation->precision];
}

const char *const *rst_correlation_names(void) {
  return names;
}

static int cheapest(const struct rst_correlation_shape *shape, enum rst_precision precision) {
  int best = 0;
  for (int i = 1; i < TYPE_COUNT; ++i) {
    if (types[i][precision]->cost(shape) < types[best][precision]->cost(shape)) {
      best = i;
    }
  }
  return best;
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
  const int index = automatic ? cheapest(&shape, image->precision) : rst_name_index(names, name);
  if (index < 0) {
    return rst_fail_unknown(context, "correlation", name, choices);
  }
  void *memory = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof **correlation, &memory));
  struct rst_correlation *made = memory;
  *made = (struct rst_correlation){.index = index, .precision = image->precision, .shape = shape};
  const enum rst_status status = type_of(made)->create(context, &shape, image->data, &made->state);
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

const char *rst_correlation_name(const struct rst_correlation *correlation) {
  return names[correlation->index];
}

void rst_correlation_response_shape(const struct rst_correlation *correlation, size_t *my, size_t *mx) {
  *my = correlation->shape.my;
  *mx = correlation->shape.mx;
}

static bool has_shape(const struct rst_correlation *correlation, const struct rst_field *field, size_t ny,
                      size_t nx) {
  return field->precision == correlation->precision && field->ny == ny && field->nx == nx;
}

void rst_correlation_apply(struct rst_correlation *correlation, const struct rst_field *kernel,
                           struct rst_field *response) {
  assert(has_shape(correlation, kernel, correlation->shape.ky, correlation->shape.kx));
  assert(has_shape(correlation, response, correlation->shape.my, correlation->shape.mx));
  type_of(correlation)->apply(correlation->state, kernel->data, response->data);
}

void rst_correlation_adjoint(struct rst_correlation *correlation, const struct rst_field *weights,
                             struct rst_field *kernel) {
  assert(has_shape(correlation, weights, correlation->shape.my, correlation->shape.mx));
  assert(has_shape(correlation, kernel, correlation->shape.ky, correlation->shape.kx));
  type_of(correlation)->adjoint(correlation->state, weights->data, kernel->data);
}
