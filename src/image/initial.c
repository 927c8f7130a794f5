/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "image/initial_kinds.h"

/** @file
 * Initial states. A kind fills a double state of zeros.
 */

enum rst_status rst_initial_fill_normal(struct rst_context *context,
                                        const struct rst_initial_parameters *parameters,
                                        const struct rst_layout *layout, struct rst_field *values) {
  (void)layout;
  RST_TRY(rst_random_normal(context, parameters->seed, rst_field_count(values), values->data));
  rst_field_scale(parameters->scale, values);
  return RST_OK;
}

enum rst_status rst_initial_fill_zero(struct rst_context *context,
                                      const struct rst_initial_parameters *parameters,
                                      const struct rst_layout *layout, struct rst_field *values) {
  (void)context;
  (void)layout;
  (void)parameters;
  (void)values;
  return RST_OK;
}

enum rst_status rst_initial_fill_constant(struct rst_context *context,
                                          const struct rst_initial_parameters *parameters,
                                          const struct rst_layout *layout, struct rst_field *values) {
  (void)context;
  (void)layout;
  rst_field_fill(parameters->scale, values);
  return RST_OK;
}

static double tent(size_t i, size_t n) {
  return n == 1 ? 1.0 : 1.0 - fabs(2.0 * (double)i / (double)(n - 1) - 1.0);
}

static void fill_tent_plane(double scale, struct rst_field *plane) {
  for (size_t y = 0; y < plane->ny; ++y) {
    for (size_t x = 0; x < plane->nx; ++x) {
      rst_field_set(plane, y, x, scale * tent(y, plane->ny) * tent(x, plane->nx));
    }
  }
}

enum rst_status rst_initial_fill_tent(struct rst_context *context,
                                      const struct rst_initial_parameters *parameters,
                                      const struct rst_layout *layout, struct rst_field *values) {
  (void)context;
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    for (size_t j = 0; j < rst_tensor_planes(&layout->tensors[i]); ++j) {
      struct rst_field plane = rst_layout_plane(layout, values, i, j);
      fill_tent_plane(parameters->scale, &plane);
    }
  }
  return RST_OK;
}

enum rst_status rst_initial_fill_list(struct rst_context *context,
                                      const struct rst_initial_parameters *parameters,
                                      const struct rst_layout *layout, struct rst_field *values) {
  RST_REQUIRE(context, parameters->value_count == layout->count, RST_ERROR_ARGUMENT,
              "the initial list has %zu value%s and the state %zu number%s; give one for each",
              parameters->value_count, parameters->value_count == 1 ? "" : "s", layout->count,
              layout->count == 1 ? "" : "s");
  for (size_t i = 0; i < layout->count; ++i) {
    rst_field_set(values, 0, i, parameters->values[i]);
  }
  return RST_OK;
}

#define NAME(name, suffix, seeded) name,
static const char *const names[] = {RST_INITIAL_KINDS(NAME) NULL};
#undef NAME

#define FILLER(name, suffix, seeded) rst_initial_fill_##suffix,
static rst_initial_filler *const fillers[] = {RST_INITIAL_KINDS(FILLER)};
#undef FILLER

#define SEEDED(name, suffix, seeded) seeded,
static const bool are_seeded[] = {RST_INITIAL_KINDS(SEEDED)};
#undef SEEDED

const char *const *rst_initial_names(void) {
  return names;
}

bool rst_initial_is_seeded(const char *kind) {
  const int index = rst_name_index(names, kind);
  return index >= 0 && are_seeded[index];
}

enum rst_status rst_initial_fill(struct rst_context *context, const struct rst_initial_parameters *parameters,
                                 const struct rst_layout *layout, struct rst_field *u) {
  const int kind = rst_name_index(names, parameters->kind);
  if (kind < 0) {
    return rst_fail_unknown(context, "initial kind", parameters->kind, names);
  }
  struct rst_field *values = NULL;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, u->ny, u->nx, &values));
  enum rst_status status = fillers[kind](context, parameters, layout, values);
  if (status == RST_OK) {
    const char *what = fillers[kind] == rst_initial_fill_file ? parameters->file : parameters->kind;
    status = rst_image_require_finite(context, what, values, u->precision);
  }
  if (status == RST_OK) {
    rst_field_copy(values, u);
  }
  rst_field_destroy(&values);
  return status;
}
