/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "image/kinds.h"

/** @file
 * Initial states. A kind fills a double field of zeros that has the state's shape.
 */

typedef enum rst_status filler(struct rst_context *context, const struct rst_initial_parameters *parameters,
                               struct rst_field *values);

static enum rst_status fill_normal(struct rst_context *context,
                                   const struct rst_initial_parameters *parameters,
                                   struct rst_field *values) {
  RST_TRY(rst_random_normal(context, parameters->seed, rst_field_count(values), values->data));
  rst_field_scale(parameters->scale, values);
  return RST_OK;
}

static enum rst_status fill_zero(struct rst_context *context, const struct rst_initial_parameters *parameters,
                                 struct rst_field *values) {
  (void)context;
  (void)parameters;
  (void)values;
  return RST_OK;
}

static enum rst_status fill_constant(struct rst_context *context,
                                     const struct rst_initial_parameters *parameters,
                                     struct rst_field *values) {
  (void)context;
  rst_field_fill(parameters->scale, values);
  return RST_OK;
}

static double tent(size_t i, size_t n) {
  return n == 1 ? 1.0 : 1.0 - fabs(2.0 * (double)i / (double)(n - 1) - 1.0);
}

static enum rst_status fill_tent(struct rst_context *context, const struct rst_initial_parameters *parameters,
                                 struct rst_field *values) {
  (void)context;
  for (size_t y = 0; y < values->ny; ++y) {
    for (size_t x = 0; x < values->nx; ++x) {
      rst_field_set(values, y, x, parameters->scale * tent(y, values->ny) * tent(x, values->nx));
    }
  }
  return RST_OK;
}

static enum rst_status fill_file(struct rst_context *context, const struct rst_initial_parameters *parameters,
                                 struct rst_field *values) {
  struct rst_field *read = NULL;
  RST_TRY(rst_image_read(context, parameters->file, &read));
  enum rst_status status = RST_OK;
  if (read->ny != values->ny || read->nx != values->nx) {
    status = rst_fail(context, RST_ERROR_ARGUMENT,
                      "'%s' holds %zu x %zu points, the initial state needs %zu x %zu", parameters->file,
                      read->ny, read->nx, values->ny, values->nx);
  } else {
    rst_field_copy(read, values);
    rst_field_scale(parameters->scale, values);
  }
  rst_field_destroy(&read);
  return status;
}

/* One word per kind. */
#define KINDS(X) X(normal) X(zero) X(constant) X(tent) X(file)

#define NAME(kind) #kind,
static const char *const names[] = {KINDS(NAME) NULL};
#undef NAME

#define FILLER(kind) fill_##kind,
static filler *const fillers[] = {KINDS(FILLER)};
#undef FILLER

const char *const *rst_initial_names(void) {
  return names;
}

enum rst_status rst_initial_fill(struct rst_context *context, const struct rst_initial_parameters *parameters,
                                 struct rst_field *u) {
  const int kind = rst_name_index(names, parameters->kind);
  if (kind < 0) {
    return rst_fail_unknown(context, "initial kind", parameters->kind, names);
  }
  struct rst_field *values = NULL;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, u->ny, u->nx, &values));
  enum rst_status status = fillers[kind](context, parameters, values);
  if (status == RST_OK) {
    const char *what = fillers[kind] == fill_file ? parameters->file : parameters->kind;
    status = rst_image_require_finite(context, what, values, u->precision);
  }
  if (status == RST_OK) {
    rst_field_copy(values, u);
  }
  rst_field_destroy(&values);
  return status;
}
