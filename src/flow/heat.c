/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The heat equation du/dt = kappa Lap_h u on a line or a square, as the gradient flow of
 *
 *     E(u) = (kappa/2) <u, -Lap_h u>
 *
 * with fixed or periodic ends (arXiv 2206.02001, figure 1: where explicit steps beyond h^2/(2 kappa) blow
 * up). E is quadratic: the Hessian is -kappa Lap_h on the free points.
 */

#include "core/core.h"
#include "flow/flow_type.h"

struct heat {
  struct rst_flow base;
  struct rst_tensor kernel;
  uint8_t *fixed; /**< NULL for periodic ends */
  struct rst_laplacian *laplacian;
  struct rst_field *tangent; /**< v with its fixed points set to zero */
  bool periodic;
};

static const enum rst_boundary boundaries[] = {RST_BOUNDARY_DIRICHLET, RST_BOUNDARY_PERIODIC};

/* The rim: the ends of every axis longer than 1. */
static enum rst_status fix_ends(struct heat *heat, size_t ny, size_t nx) {
  RST_TRY(RST_NEW(heat->base.context, ny * nx, &heat->fixed));
  for (size_t y = 0; y < ny; ++y) {
    for (size_t x = 0; x < nx; ++x) {
      heat->fixed[y * nx + x] = x == 0 || x == nx - 1 || (ny > 1 && (y == 0 || y == ny - 1));
    }
  }
  heat->base.layout.fixed = heat->fixed;
  return RST_OK;
}

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct heat *heat = (struct heat *)flow;
  struct rst_context *context = flow->context;
  enum { FEWEST_POINTS = 3 };
  RST_REQUIRE(context, parameters->heat.dimension == 1 || parameters->heat.dimension == 2, RST_ERROR_ARGUMENT,
              "the heat flow has %d dimensions; it must have 1 or 2", parameters->heat.dimension);
  RST_REQUIRE(context, parameters->heat.points >= FEWEST_POINTS, RST_ERROR_ARGUMENT,
              "the heat flow has %zu points a side; it needs at least %d", parameters->heat.points,
              FEWEST_POINTS);
  RST_REQUIRE(context, parameters->diffusion.coefficient > 0, RST_ERROR_ARGUMENT,
              "the diffusivity of the heat flow is %g; it must be positive",
              parameters->diffusion.coefficient);
  const size_t ny = parameters->heat.dimension == 2 ? parameters->heat.points : 1;
  const size_t nx = parameters->heat.points;
  rst_flow_lay_out_kernel(flow, ny, nx, parameters->diffusion.spacing, &heat->kernel);
  heat->periodic = parameters->boundary == RST_BOUNDARY_PERIODIC;
  if (!heat->periodic) {
    RST_TRY(fix_ends(heat, ny, nx));
  }
  RST_TRY(rst_laplacian_create(context, flow->precision, ny, nx,
                               heat->periodic ? RST_ENDS_PERIODIC : RST_ENDS_FIXED, &parameters->diffusion,
                               &heat->laplacian));
  return rst_flow_create_state(context, flow, &heat->tangent);
}

static void destroy(struct rst_flow *flow) {
  struct heat *heat = (struct heat *)flow;
  free(heat->fixed);
  rst_field_destroy(&heat->tangent);
  rst_laplacian_destroy(&heat->laplacian);
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  struct heat *heat = (struct heat *)flow;
  const struct rst_field at = rst_flow_kernel(flow, u);
  *value = (struct rst_flow_value){.data_loss = rst_laplacian_energy(heat->laplacian, &at), .residual = 0.0};
  if (gradient) {
    struct rst_field slope = rst_flow_kernel(flow, gradient);
    rst_field_fill(0.0, gradient);
    rst_laplacian_add(heat->laplacian, &at, &slope);
  }
}

/* With its fixed points at zero v is its own deviation from the straight line between them. */
static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  struct heat *heat = (struct heat *)flow;
  const struct rst_field tangent = rst_flow_kernel(flow, heat->tangent);
  struct rst_field result = rst_flow_kernel(flow, product);
  rst_field_copy(v, heat->tangent);
  rst_flow_pin(flow, heat->tangent);
  rst_field_fill(0.0, product);
  rst_laplacian_add(heat->laplacian, &tangent, &result);
}

static enum rst_status symbol_shape(struct rst_flow *flow, size_t *ny, size_t *nx, bool *exact) {
  rst_tensor_plane_shape(flow->layout.tensors, ny, nx);
  *exact = ((struct heat *)flow)->periodic;
  return RST_OK;
}

static void symbol(struct rst_flow *flow, struct rst_field *lambda) {
  rst_field_fill(0.0, lambda);
  rst_flow_add_diffusion_symbol(((struct heat *)flow)->laplacian, lambda);
}

static enum rst_status frozen_symbol(struct rst_flow *flow, const struct rst_field *u,
                                     struct rst_field *lambda) {
  (void)u;
  rst_flow_add_diffusion_symbol(((struct heat *)flow)->laplacian, lambda);
  return RST_OK;
}

static const struct rst_key rows[] = {
    {REAL("flow.diffusion.coefficient", MORE_THAN(0)), REQUIRED, UNIT("length^2/time"),
     PLACE(struct rst_flow_parameters, diffusion.coefficient), HELP("diffusivity kappa")},
    {INTEGER("flow.dimension", BETWEEN(1, 2)), DEFAULT("1"),
     PLACE(struct rst_flow_parameters, heat.dimension), HELP("axes of the grid")},
    {INTEGER("flow.points", WHOLE(3)), REQUIRED, PLACE(struct rst_flow_parameters, heat.points),
     HELP("grid points a side, fixed ends included")},
};
static const struct rst_keys heat_keys = RST_KEYS(rows, struct rst_flow_parameters);
static const struct rst_keys *const keys[] = {&heat_keys, NULL};

const struct rst_flow_type rst_flow_heat = {
    .size = sizeof(struct heat),
    .boundaries = boundaries,
    .boundary_count = sizeof boundaries / sizeof *boundaries,
    .facts = {.linear = true, .diffusion_only = true, .plane_waves = true},
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .hessian_product = hessian_product,
    .frozen_symbol = frozen_symbol,
    .symbol_shape = symbol_shape,
    .symbol = symbol,
    .keys = keys,
};
