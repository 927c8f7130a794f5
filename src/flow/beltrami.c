/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The Beltrami flow of a signal or an image I (arXiv 2206.02001v4, section 3.2, where restrained instabilities are introduced),
 *
 *     E(u) = h^d sum [ (lambda/2) (I-u)^2 + s ],   s = sqrt(abs(D u)^2 + delta^2),   D forward differences
 *     grad E = lambda (u - I) + D^T (D u / s),     H = lambda + D^T C D,   C = (1 - D u D u^T / s^2) / s
 *
 * in the inner product h^d sum u v, with zero flux through the ends. D u / s is at most 1, so that all but the fidelity term
 * of the gradient is bounded: lambda alone decides whether steps stay bounded, H whether they converge.
 */

#include <math.h>

#include "core/core.h"
#include "flow/beltrami_loops.h"
#include "flow/flow_type.h"
#include "flow/image_keys.h"
#include "transform/phase.h"

/* Curvature where the flow was linearised. */
enum { XX, XY, YY, CURVATURES };

struct beltrami {
  struct rst_flow base;
  struct rst_tensor kernel;
  struct rst_beltrami_grid grid;
  const struct rst_beltrami_loops *loops;
  int dimension;
  struct rst_field *signal; /**< a state */
  struct rst_field *curvature[CURVATURES];
};

static enum rst_status check(struct rst_context *context, const struct rst_flow_parameters *parameters) {
  const struct rst_beltrami_parameters *own = &parameters->beltrami;
  const double spacing = parameters->diffusion.spacing;
  RST_REQUIRE(context, own->dimension == 1 || own->dimension == 2, RST_ERROR_ARGUMENT,
              "the Beltrami flow has %d dimensions; it must have 1 or 2", own->dimension);
  RST_REQUIRE(context, isfinite(own->delta) && own->delta > 0, RST_ERROR_ARGUMENT,
              "delta of the Beltrami flow is %g; it must be positive", own->delta);
  RST_REQUIRE(context, isfinite(own->fidelity) && own->fidelity >= 0, RST_ERROR_ARGUMENT,
              "the fidelity of the Beltrami flow is %g; it must not be negative", own->fidelity);
  RST_REQUIRE(context, isfinite(spacing) && spacing > 0, RST_ERROR_ARGUMENT,
              "the grid spacing is %g; it must be positive", spacing);
  RST_REQUIRE(context, parameters->diffusion.coefficient == 0, RST_ERROR_ARGUMENT,
              "the flow beltrami takes no diffusion, and its coefficient is %g; set it to 0",
              parameters->diffusion.coefficient);
  return RST_OK;
}

/* The state I, and the grid that it lies on, from an image. */
static enum rst_status take_signal(struct beltrami *beltrami, const struct rst_field *image) {
  struct rst_context *context = beltrami->base.context;
  struct rst_beltrami_grid *grid = &beltrami->grid;
  const bool line = beltrami->dimension == 1;
  RST_REQUIRE(context, image->nx > 1 && (line || image->ny > 1), RST_ERROR_ARGUMENT,
              "the signal has %zu x %zu points; %s", image->ny, image->nx,
              line ? "it needs at least 2" : "two dimensions need at least 2 x 2; set flow.dimension to 1");
  grid->ny = line ? 1 : image->ny;
  grid->nx = image->nx;
  rst_flow_lay_out_kernel(&beltrami->base, grid->ny, grid->nx, grid->spacing, &beltrami->kernel);
  RST_TRY(rst_flow_create_state(context, &beltrami->base, &beltrami->signal));
  struct rst_field signal = rst_flow_kernel(&beltrami->base, beltrami->signal);
  const size_t first = line ? image->ny / 2 : 0;
  for (size_t y = 0; y < grid->ny; ++y) {
    for (size_t x = 0; x < grid->nx; ++x) {
      rst_field_set(&signal, y, x, rst_field_get(image, first + y, x));
    }
  }
  return RST_OK;
}

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct beltrami *beltrami = (struct beltrami *)flow;
  const struct rst_beltrami_parameters *own = &parameters->beltrami;
  struct rst_field *image = NULL;
  RST_TRY(check(flow->context, parameters));
  beltrami->dimension = own->dimension;
  beltrami->loops = rst_beltrami_loops(flow->precision);
  beltrami->grid = (struct rst_beltrami_grid){
      .spacing = parameters->diffusion.spacing, .delta = own->delta, .fidelity = own->fidelity};
  flow->cell = pow(beltrami->grid.spacing, own->dimension);
  RST_TRY(rst_image_create_with_levels(flow->context, &own->signal, flow->precision, &flow->levels, &image));
  if (!own->signal.file) {
    flow->levels = (struct rst_image_levels){0};
  }
  const enum rst_status status = take_signal(beltrami, image);
  rst_field_destroy(&image);
  RST_TRY(status);
  for (size_t i = 0; i < CURVATURES; ++i) {
    RST_TRY(rst_flow_create_state(flow->context, flow, &beltrami->curvature[i]));
  }
  return RST_OK;
}

static void destroy(struct rst_flow *flow) {
  struct beltrami *beltrami = (struct beltrami *)flow;
  rst_field_destroy(&beltrami->signal);
  for (size_t i = 0; i < CURVATURES; ++i) {
    rst_field_destroy(&beltrami->curvature[i]);
  }
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  const struct beltrami *beltrami = (const struct beltrami *)flow;
  const double sum = beltrami->loops->evaluate(&beltrami->grid, beltrami->signal->data, u->data,
                                               gradient ? gradient->data : NULL);
  *value = (struct rst_flow_value){.data_loss = flow->cell * sum};
}

static void linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                      struct rst_field *gradient) {
  const struct beltrami *beltrami = (const struct beltrami *)flow;
  beltrami->loops->linearise(&beltrami->grid, u->data, beltrami->curvature[XX]->data,
                             beltrami->curvature[XY]->data, beltrami->curvature[YY]->data);
  evaluate(flow, u, value, gradient);
}

static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  const struct beltrami *beltrami = (const struct beltrami *)flow;
  beltrami->loops->product(&beltrami->grid, beltrami->curvature[XX]->data, beltrami->curvature[XY]->data,
                           beltrami->curvature[YY]->data, v->data, product->data);
}

/* <e, H e> of the plane wave e: D_x e = (exp(i theta_x) - 1)/h e, so that its products are |.|^2 = 4 sin^2(theta/2)/h^2. */
static enum rst_status frozen_symbol(struct rst_flow *flow, const struct rst_field *u,
                                     struct rst_field *lambda) {
  const struct beltrami *beltrami = (const struct beltrami *)flow;
  const struct rst_beltrami_curvature mean = beltrami->loops->mean_curvature(&beltrami->grid, u->data);
  const double square = beltrami->grid.spacing * beltrami->grid.spacing;
  for (size_t y = 0; y < lambda->ny; ++y) {
    for (size_t x = 0; x < lambda->nx; ++x) {
      const double theta_y = rst_phase_angle(y, lambda->ny);
      const double theta_x = rst_phase_angle(x, lambda->nx);
      const double sine_y = sin(theta_y / 2);
      const double sine_x = sin(theta_x / 2);
      /* The real part of (exp(-i theta_x) - 1) (exp(i theta_y) - 1). */
      const double mixed = 4 * sine_x * sine_y * cos((theta_x - theta_y) / 2);
      rst_field_set(
          lambda, y, x,
          beltrami->grid.fidelity +
              (4 * mean.xx * sine_x * sine_x + 4 * mean.yy * sine_y * sine_y + 2 * mean.xy * mixed) / square);
    }
  }
  return RST_OK;
}

/* Where saturated fluxes alternate, their difference is 2/h at every point of a line. */
static struct rst_linear_terms linear_terms(const struct rst_flow *flow) {
  const struct beltrami *beltrami = (const struct beltrami *)flow;
  return (struct rst_linear_terms){.smallest = beltrami->grid.fidelity,
                                   .largest = beltrami->grid.fidelity,
                                   .alternating =
                                       beltrami->dimension == 1 ? 2 / beltrami->grid.spacing : (double)NAN};
}

static bool signal_image(const struct rst_flow *flow, size_t index, struct rst_field *image) {
  *image = rst_flow_kernel(flow, ((const struct beltrami *)flow)->signal);
  return index == 0;
}

static void fill_initial(struct rst_flow *flow, struct rst_field *u) {
  rst_field_copy(((const struct beltrami *)flow)->signal, u);
}

#define BELTRAMI(member) PLACE(struct rst_flow_parameters, beltrami.member)

static const struct rst_key rows[] = {
    {REAL("flow.delta", MORE_THAN(0)), REQUIRED, BELTRAMI(delta),
     HELP("slope below which the flow is nearly linear diffusion, of coefficient 1/delta")},
    {REAL("flow.fidelity", AT_LEAST(0)), REQUIRED, UNIT("1/time"), BELTRAMI(fidelity),
     HELP("lambda, the strength of the pull towards the signal")},
    {INTEGER("flow.dimension", BETWEEN(1, 2)), DEFAULT("1"), BELTRAMI(dimension),
     HELP("axes of the grid; 1 takes the middle row of an image")},
    {MAPPING("flow.signal", rst_image_keys), REQUIRED, BELTRAMI(signal),
     HELP("the signal I, whose points are the grid; kind paper is that of the paper's figure 2")},
};
static const struct rst_keys beltrami_keys = RST_KEYS(rows, struct rst_flow_parameters);
static const struct rst_keys *const keys[] = {&beltrami_keys, NULL};

static const char *const without[] = {"flow.boundary", "flow.diffusion.coefficient",
                                      "flow.diffusion.discretisation", NULL};

const struct rst_flow_type rst_flow_beltrami = {
    .size = sizeof(struct beltrami),
    .facts = {.plane_waves = true, .image_on_grid = true},
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .linearise = linearise,
    .hessian_product = hessian_product,
    .frozen_symbol = frozen_symbol,
    .linear_terms = linear_terms,
    .image = signal_image,
    .initial = "signal",
    .fill_initial = fill_initial,
    .keys = keys,
    .without = without,
};
