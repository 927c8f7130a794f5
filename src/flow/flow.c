/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/flow.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "flow/flow_type.h"
#include "transform/phase.h"

#define NAME(identifier, name) name,
static const char *const names[] = {RST_FLOW_LIST(NAME) NULL};
#undef NAME

#define TYPE(identifier, name) &rst_flow_##identifier,
static const struct rst_flow_type *const types[] = {RST_FLOW_LIST(TYPE)};
#undef TYPE

static const char *const boundary_names[] = {[RST_BOUNDARY_VALID] = "valid",
                                             [RST_BOUNDARY_PERIODIC] = "periodic",
                                             [RST_BOUNDARY_DIRICHLET] = "dirichlet",
                                             NULL};
enum { BOUNDARY_COUNT = sizeof boundary_names / sizeof *boundary_names - 1 };

const char *const *rst_flow_names(void) {
  return names;
}

struct rst_flow_facts rst_flow_kind_facts(const char *kind) {
  const int index = rst_name_index(names, kind);
  assert(index >= 0);
  return types[index]->facts;
}

const struct rst_keys *const *rst_flow_keys(size_t kind) {
  return types[kind]->keys;
}

/* General keys of flows with examples alone. */
static bool is_of_examples(const char *path) {
  return strncmp(path, "sampling.", strlen("sampling.")) == 0 || strcmp(path, "data.every") == 0;
}

bool rst_flow_lacks(size_t kind, const char *path) {
  const struct rst_flow_type *type = types[kind];
  return (type->without && rst_name_index(type->without, path) >= 0) ||
         (!type->facts.examples && is_of_examples(path));
}

const enum rst_boundary *rst_flow_boundaries(const char *kind, size_t *count) {
  const int index = rst_name_index(names, kind);
  *count = index < 0 ? 0 : types[index]->boundary_count;
  return index < 0 ? NULL : types[index]->boundaries;
}

static enum rst_status check_boundary(struct rst_context *context, const struct rst_flow_type *type,
                                      const struct rst_flow_parameters *parameters) {
  const char *allowed[BOUNDARY_COUNT + 1] = {NULL};
  if (!type->boundaries) {
    return RST_OK;
  }
  for (size_t i = 0; i < type->boundary_count; ++i) {
    if (type->boundaries[i] == parameters->boundary) {
      return RST_OK;
    }
    allowed[i] = boundary_names[type->boundaries[i]];
  }
  const size_t given = (size_t)parameters->boundary;
  char *list = rst_name_join(allowed);
  const enum rst_status status = rst_fail(
      context, RST_ERROR_ARGUMENT, "the flow %s does not take the boundary '%s'; choose one of: %s",
      parameters->kind, given < BOUNDARY_COUNT ? boundary_names[given] : "(invalid)", list ? list : "");
  free(list);
  return status;
}

/* What all kinds share; each checks its own parameters itself. */
static enum rst_status check(struct rst_context *context, const struct rst_flow_type *type,
                             const struct rst_flow_parameters *parameters) {
  const double coefficient = parameters->diffusion.coefficient;
  RST_REQUIRE(context,
              parameters->precision == RST_PRECISION_DOUBLE || parameters->precision == RST_PRECISION_FLOAT,
              RST_ERROR_ARGUMENT, "the precision %d is neither double nor float", (int)parameters->precision);
  RST_REQUIRE(context, isfinite(coefficient) && coefficient >= 0, RST_ERROR_ARGUMENT,
              "the diffusion coefficient is %g; it must be finite and not negative", coefficient);
  return check_boundary(context, type, parameters);
}

enum rst_status rst_flow_create(struct rst_context *context, const struct rst_flow_parameters *parameters,
                                struct rst_flow **flow) {
  *flow = NULL;
  const int index = rst_name_index(names, parameters->kind);
  if (index < 0) {
    return rst_fail_unknown(context, "flow", parameters->kind, names);
  }
  const struct rst_flow_type *type = types[index];
  RST_TRY(check(context, type, parameters));
  struct rst_flow *made = NULL;
  RST_TRY(rst_allocate(context, 1, type->size, &made));
  *made = (struct rst_flow){.type = type,
                            .name = names[index],
                            .context = context,
                            .precision = parameters->precision,
                            .correlation = "none",
                            .cell = 1.0};
  const enum rst_status status = type->create(made, parameters);
  if (status != RST_OK) {
    rst_flow_destroy(&made);
    return status;
  }
  *flow = made;
  return RST_OK;
}

void rst_flow_destroy(struct rst_flow **flow) {
  if (*flow) {
    (*flow)->type->destroy(*flow);
    free(*flow);
    *flow = NULL;
  }
}

const char *rst_flow_name(const struct rst_flow *flow) {
  return flow->name;
}

struct rst_flow_facts rst_flow_facts(const struct rst_flow *flow) {
  return flow->type->facts;
}

void rst_flow_set_laps(struct rst_flow *flow, struct rst_laps *laps) {
  flow->laps = laps;
}

enum rst_precision rst_flow_precision(const struct rst_flow *flow) {
  return flow->precision;
}

const struct rst_layout *rst_flow_layout(const struct rst_flow *flow) {
  return &flow->layout;
}

enum rst_status rst_flow_create_state(struct rst_context *context, const struct rst_flow *flow,
                                      struct rst_field **u) {
  return rst_field_create(context, flow->precision, 1, flow->layout.count, u);
}

void rst_flow_lay_out_kernel(struct rst_flow *flow, size_t ny, size_t nx, double spacing,
                             struct rst_tensor *kernel) {
  *kernel = (struct rst_tensor){.name = "kernel",
                                .long_name = "state of the flow: the kernel K, or u of the heat equation",
                                .rank = 2,
                                .dims = {ny, nx},
                                .spacing = spacing};
  flow->layout = (struct rst_layout){.count = ny * nx, .tensor_count = 1, .tensors = kernel};
}

struct rst_field rst_flow_kernel(const struct rst_flow *flow, const struct rst_field *u) {
  return rst_layout_plane(&flow->layout, u, 0, 0);
}

const char *rst_flow_initial(size_t kind) {
  return types[kind]->initial;
}

enum rst_status rst_flow_fill_initial(struct rst_context *context, struct rst_flow *flow,
                                      const struct rst_initial_parameters *parameters, struct rst_field *u) {
  if (flow->type->initial && parameters->kind && strcmp(parameters->kind, flow->type->initial) == 0) {
    flow->type->fill_initial(flow, u);
    return RST_OK;
  }
  return rst_initial_fill(context, parameters, &flow->layout, u);
}

struct rst_linear_terms rst_flow_linear_terms(const struct rst_flow *flow) {
  return flow->type->linear_terms ? flow->type->linear_terms(flow)
                                  : (struct rst_linear_terms){.alternating = NAN};
}

double rst_flow_cell(const struct rst_flow *flow) {
  return flow->cell;
}

double rst_flow_correlation_cost(const struct rst_flow *flow) {
  return flow->correlation_cost;
}

const char *rst_flow_correlation(const struct rst_flow *flow) {
  return flow->correlation;
}

struct rst_image_levels rst_flow_image_levels(const struct rst_flow *flow) {
  return flow->levels;
}

static bool is_state(const struct rst_flow *flow, const struct rst_field *u) {
  return u->precision == flow->precision && u->ny == 1 && u->nx == flow->layout.count;
}

void rst_flow_evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                       struct rst_field *gradient) {
  assert(is_state(flow, u) && (!gradient || is_state(flow, gradient)));
  flow->type->evaluate(flow, u, value, gradient);
}

void rst_flow_linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                        struct rst_field *gradient) {
  assert(is_state(flow, u) && (!gradient || is_state(flow, gradient)));
  struct rst_flow_value unwanted;
  flow->linearised = true;
  if (flow->type->linearise) {
    flow->type->linearise(flow, u, value ? value : &unwanted, gradient);
  } else if (value || gradient) {
    flow->type->evaluate(flow, u, value ? value : &unwanted, gradient);
  }
}

void rst_flow_hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  assert(is_state(flow, v) && is_state(flow, product));
  if (flow->linearised) {
    flow->type->hessian_product(flow, v, product);
  } else {
    rst_field_fill(0.0, product);
  }
}

bool rst_flow_known_extreme(const struct rst_flow *flow, enum rst_spectrum_end end, struct rst_field *vector,
                            double *value) {
  if (!flow->type->known_extreme) {
    return false;
  }
  rst_field_fill(0.0, vector);
  return flow->type->known_extreme(flow, end, vector, value);
}

enum rst_status rst_flow_layer_states(struct rst_flow *flow, const struct rst_field *u,
                                      struct rst_layer_state *states) {
  RST_REQUIRE(flow->context, flow->type->layer_states, RST_ERROR_UNSUPPORTED, "the flow %s has no layers",
              flow->name);
  return flow->type->layer_states(flow, u, states);
}

void rst_flow_pin(const struct rst_flow *flow, struct rst_field *v) {
  assert(is_state(flow, v));
  const uint8_t *fixed = flow->layout.fixed;
  for (size_t i = 0; fixed && i < flow->layout.count; ++i) {
    if (fixed[i]) {
      rst_field_set(v, 0, i, 0.0);
    }
  }
}

enum rst_status rst_flow_symbol_shape(struct rst_flow *flow, size_t *ny, size_t *nx, bool *exact) {
  RST_REQUIRE(flow->context, flow->type->symbol_shape, RST_ERROR_UNSUPPORTED,
              "the flow %s %shas no Fourier symbol; use the eigenvalues of its Hessian", flow->name,
              flow->type->facts.linear ? "" : "is not linear and ");
  return flow->type->symbol_shape(flow, ny, nx, exact);
}

enum rst_status rst_flow_symbol(struct rst_flow *flow, struct rst_field *lambda) {
  size_t ny = 0;
  size_t nx = 0;
  bool exact = false;
  RST_TRY(rst_flow_symbol_shape(flow, &ny, &nx, &exact));
  assert(lambda->precision == RST_PRECISION_DOUBLE && lambda->ny == ny && lambda->nx == nx);
  flow->type->symbol(flow, lambda);
  return RST_OK;
}

enum rst_status rst_flow_frozen_symbol(struct rst_flow *flow, const struct rst_field *u,
                                       struct rst_field *lambda) {
  assert(is_state(flow, u));
  RST_REQUIRE(flow->context, flow->type->frozen_symbol, RST_ERROR_UNSUPPORTED,
              "the flow %s has no symbol with frozen coefficients; use the eigenvalues of its Hessian",
              flow->name);
  assert(lambda->precision == RST_PRECISION_DOUBLE && lambda->ny == rst_flow_kernel(flow, u).ny &&
         lambda->nx == rst_flow_kernel(flow, u).nx);
  rst_field_fill(0.0, lambda);
  return flow->type->frozen_symbol(flow, u, lambda);
}

void rst_flow_add_diffusion_symbol(const struct rst_laplacian *laplacian, struct rst_field *lambda) {
  for (size_t y = 0; y < lambda->ny; ++y) {
    for (size_t x = 0; x < lambda->nx; ++x) {
      const double diffusion =
          rst_laplacian_symbol(laplacian, rst_phase_angle(y, lambda->ny), rst_phase_angle(x, lambda->nx));
      rst_field_set(lambda, y, x, rst_field_get(lambda, y, x) + diffusion);
    }
  }
}
