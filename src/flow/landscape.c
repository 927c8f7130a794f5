/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Functions of a few numbers, with exact maps of gradient descent to hold other methods against.
 */

#include <math.h>

#include "core/core.h"
#include "flow/flow_type.h"
#include "flow/landscape_functions.h"

struct landscape {
  struct rst_flow base;
  struct rst_tensor kernel;
  struct rst_landscape_parameters parameters;
  const struct rst_landscape_function *function;
  struct rst_field *at; /**< where it was linearised */
};

#define NAME(name, suffix) name,
static const char *const names[] = {RST_LANDSCAPE_LIST(NAME) NULL};
#undef NAME

static enum rst_status check(struct rst_context *context, const struct rst_flow_parameters *parameters) {
  const struct rst_landscape_parameters *own = &parameters->landscape;
  const double numbers[] = {own->amplitude, own->target, own->input};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    RST_REQUIRE(context, isfinite(numbers[i]), RST_ERROR_ARGUMENT,
                "a number of the landscape %s is %g; it must be finite", own->function, numbers[i]);
  }
  RST_REQUIRE(context, parameters->diffusion.coefficient == 0, RST_ERROR_ARGUMENT,
              "the flow landscape takes no diffusion, and its coefficient is %g; set it to 0",
              parameters->diffusion.coefficient);
  return RST_OK;
}

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct landscape *landscape = (struct landscape *)flow;
  const struct rst_landscape_parameters *own = &parameters->landscape;
  const int index = rst_name_index(names, own->function);
  if (index < 0) {
    return rst_fail_unknown(flow->context, "landscape", own->function, names);
  }
  RST_TRY(check(flow->context, parameters));
  landscape->function = flow->precision == RST_PRECISION_FLOAT ? rst_landscape_functions_float[index]
                                                               : rst_landscape_functions_double[index];
  landscape->parameters = *own;
  landscape->parameters.function = names[index];
  const struct rst_landscape_function *function = landscape->function;
  RST_REQUIRE(flow->context, !function->wide || own->width > 0, RST_ERROR_ARGUMENT,
              "the width of the landscape %s is 0; it must be at least 1", names[index]);
  rst_flow_lay_out_kernel(flow, function->rows, function->wide ? own->width : function->columns, 1.0,
                          &landscape->kernel);
  return rst_flow_create_state(flow->context, flow, &landscape->at);
}

static void destroy(struct rst_flow *flow) {
  rst_field_destroy(&((struct landscape *)flow)->at);
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  const struct landscape *landscape = (const struct landscape *)flow;
  *value = (struct rst_flow_value){0};
  value->data_loss = landscape->function->evaluate(&landscape->parameters, u->data, &value->residual,
                                                   gradient ? gradient->data : NULL);
}

static void linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                      struct rst_field *gradient) {
  rst_field_copy(u, ((struct landscape *)flow)->at);
  evaluate(flow, u, value, gradient);
}

static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  const struct landscape *landscape = (const struct landscape *)flow;
  landscape->function->product(&landscape->parameters, landscape->at->data, v->data, product->data);
}

static struct rst_linear_terms linear_terms(const struct rst_flow *flow) {
  return (struct rst_linear_terms){.rest_grows = ((const struct landscape *)flow)->function->grows,
                                   .alternating = NAN};
}

#define LANDSCAPE(member) PLACE(struct rst_flow_parameters, landscape.member)

static const struct rst_key rows[] = {
    {NAMED("flow.function", NULL), REQUIRED, .names = names, LANDSCAPE(function),
     HELP("the landscape E; sine-product: A sin(t_1) sin(t_2); quadratic-regression: (w^2 - y)^2/4; uv: (f - "
          "y)^2/2 with f = v.u x/sqrt(n)")},
    {REAL("flow.amplitude", ANY), DEFAULT("100"), WHEN({"flow.function", "sine-product"}),
     LANDSCAPE(amplitude), HELP("A of E = A sin(t_1) sin(t_2)")},
    {REAL("flow.target", ANY), DEFAULT("1"), WHEN({"flow.function", "quadratic-regression uv"}),
     LANDSCAPE(target), HELP("y of E = (w^2 - y)^2/4, or of (f - y)^2/2")},
    {REAL("flow.input", ANY), DEFAULT("1"), WHEN({"flow.function", "uv"}), LANDSCAPE(input),
     HELP("x of f = v.u x/sqrt(n)")},
    {INTEGER("flow.width", WHOLE(1)), REQUIRED, WHEN({"flow.function", "uv"}), LANDSCAPE(width),
     HELP("n, the numbers in u and in v")},
};
static const struct rst_keys landscape_keys = RST_KEYS(rows, struct rst_flow_parameters);
static const struct rst_keys *const keys[] = {&landscape_keys, NULL};

static const char *const without[] = {"flow.boundary", "flow.diffusion.coefficient", "flow.diffusion.spacing",
                                      "flow.diffusion.discretisation", NULL};

const struct rst_flow_type rst_flow_landscape = {
    .size = sizeof(struct landscape),
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .linearise = linearise,
    .hessian_product = hessian_product,
    .linear_terms = linear_terms,
    .keys = keys,
    .without = without,
};
