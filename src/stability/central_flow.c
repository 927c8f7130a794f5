/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/central_flow.h"

#include <math.h>

#include "core/core.h"
#include "krylov/complementarity.h"
#include "krylov/leading.h"
#include "stability/preconditioned_hessian.h"
#include "stability/third_derivative.h"

enum { MOST = RST_CENTRAL_FLOW_MOST };
_Static_assert((int)MOST <= (int)RST_PACKED_MOST_ROWS, "the complementarity problem has room");

struct rst_central_flow {
  struct rst_context *context;
  struct rst_central_flow_parameters parameters;
  struct rst_preconditioned_hessian hessian;
  struct rst_field *gradient;                     /* of L, then the slope of the central flow */
  struct rst_field *vectors[MOST + 1];            /* one more, to tell that there are too many */
  struct rst_field *derivatives[RST_PACKED_MOST]; /* of the packed matrix G */
  struct rst_field *scratch[2];
};

/* What there is at a state: eigenvalues, and X where some are critical. */
struct look {
  double data_loss;
  struct rst_eigenpair pairs[MOST + 1];
  size_t critical;
  double x[RST_PACKED_MOST];
};

static enum rst_status create_fields(struct rst_central_flow *made) {
  struct rst_field **fields[] = {&made->gradient, &made->scratch[0], &made->scratch[1]};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
    RST_TRY(rst_flow_create_state(made->context, made->hessian.flow, fields[i]));
  }
  for (size_t i = 0; i < MOST + 1; ++i) {
    RST_TRY(rst_flow_create_state(made->context, made->hessian.flow, &made->vectors[i]));
  }
  for (size_t i = 0; i < RST_PACKED_MOST; ++i) {
    RST_TRY(rst_flow_create_state(made->context, made->hessian.flow, &made->derivatives[i]));
  }
  return RST_OK;
}

enum rst_status rst_central_flow_create(struct rst_context *context, struct rst_flow *flow,
                                        const struct rst_central_flow_parameters *parameters,
                                        struct rst_central_flow **central) {
  *central = NULL;
  RST_REQUIRE(context, parameters->lr > 0.0 && isfinite(parameters->lr), RST_ERROR_ARGUMENT,
              "lr is %g; it must be positive and finite", parameters->lr);
  RST_REQUIRE(context, parameters->weight_decay >= 0.0 && isfinite(parameters->weight_decay),
              RST_ERROR_ARGUMENT, "weight_decay is %g; it must be finite and not negative",
              parameters->weight_decay);
  RST_REQUIRE(context, parameters->substeps >= 1, RST_ERROR_ARGUMENT,
              "the number of substeps is %d; it must be at least 1", parameters->substeps);
  struct rst_central_flow *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_central_flow){.context = context,
                                    .parameters = *parameters,
                                    .hessian = {.flow = flow, .decay = parameters->weight_decay}};
  const enum rst_status status = create_fields(made);
  if (status != RST_OK) {
    rst_central_flow_destroy(&made);
    return status;
  }
  *central = made;
  return RST_OK;
}

void rst_central_flow_destroy(struct rst_central_flow **central) {
  struct rst_central_flow *gone = *central;
  if (!gone) {
    return;
  }
  rst_field_destroy(&gone->gradient);
  rst_field_destroy(&gone->scratch[0]);
  rst_field_destroy(&gone->scratch[1]);
  for (size_t i = 0; i < MOST + 1; ++i) {
    rst_field_destroy(&gone->vectors[i]);
  }
  for (size_t i = 0; i < RST_PACKED_MOST; ++i) {
    rst_field_destroy(&gone->derivatives[i]);
  }
  free(gone);
  *central = NULL;
}

struct rst_field *const *rst_central_flow_state(struct rst_central_flow *central) {
  return central->vectors;
}

static double dt_of(const struct rst_central_flow *central) {
  return 1.0 / central->parameters.substeps;
}

/* grad L and the eigenpairs at w. */
static enum rst_status linearise(struct rst_central_flow *central, const struct rst_field *w,
                                 struct look *look) {
  const double tolerance = 1e-8; /* of residuals: eigenvalues are good to its square */
  const double bound = RST_CENTRAL_FLOW_CRITICAL * 2.0 / central->parameters.lr;
  struct rst_flow *flow = central->hessian.flow;
  struct rst_flow_value value;
  RST_REQUIRE(central->context, rst_field_is_finite(w), RST_ERROR_NUMERIC,
              "the state of the central flow is not finite");
  rst_flow_linearise(flow, w, &value, central->gradient);
  rst_field_copy(w, central->scratch[0]);
  rst_flow_pin(flow, central->scratch[0]);
  rst_field_axpy(central->parameters.weight_decay, central->scratch[0], central->gradient);
  look->data_loss = value.data_loss;
  RST_TRY(rst_leading_eigenpairs(central->context, rst_preconditioned_hessian_apply, &central->hessian,
                                 tolerance, bound, MOST + 1, central->vectors, look->pairs, &look->critical));
  RST_REQUIRE(central->context, look->critical <= MOST, RST_ERROR_NUMERIC,
              "more than %d eigenvalues are critical, above %g", MOST, bound);
  return RST_OK;
}

/* The G_ij, packed. */
static void find_derivatives(struct rst_central_flow *central, const struct rst_field *w, size_t n) {
  for (size_t i = 0, first = 0; i < n; first += n - i, ++i) {
    rst_third_derivatives(central->hessian.flow, w, central->vectors[i], n - i, central->vectors + i,
                          central->derivatives + first, central->scratch);
    for (size_t j = i + 1; j < n; ++j) {
      rst_field_scale(sqrt(2.0), central->derivatives[first + j - i]);
    }
  }
}

/* X of a substep from w. */
static enum rst_status find_covariance(struct rst_central_flow *central, const struct rst_field *w,
                                       struct look *look) {
  const double lr = central->parameters.lr;
  const double dt = dt_of(central);
  const size_t n = look->critical;
  const size_t m = rst_packed_count(n);
  double a[RST_PACKED_MOST];
  double b[RST_PACKED_MOST * RST_PACKED_MOST];
  find_derivatives(central, w, n);
  for (size_t k = 0; k < m; ++k) {
    size_t i = 0;
    size_t j = 0;
    rst_packed_place(n, k, &i, &j);
    a[k] = (i == j ? 2.0 / lr - look->pairs[i].value : 0.0) +
           dt * lr * rst_field_dot(central->derivatives[k], central->gradient);
    for (size_t l = 0; l <= k; ++l) {
      b[k * m + l] = b[l * m + k] =
          dt * 0.5 * lr * rst_field_dot(central->derivatives[k], central->derivatives[l]);
    }
  }
  return rst_complementarity_solve(central->context, n, a, b, look->x);
}

static void tell(const struct rst_central_flow *central, const struct rst_field *w, const struct look *look,
                 struct rst_central_flow_numbers *numbers) {
  const double cell = rst_flow_cell(central->hessian.flow);
  const double length = rst_field_norm(w);
  const double slope = rst_field_norm(central->gradient);
  double trace = 0.0;
  double curved = 0.0;
  for (size_t k = 0; k < rst_packed_count(look->critical); ++k) {
    size_t i = 0;
    size_t j = 0;
    rst_packed_place(look->critical, k, &i, &j);
    trace += i == j ? look->x[k] : 0.0;
    curved += i == j ? look->x[k] * look->pairs[i].value * look->pairs[i].value : 0.0;
  }
  const double loss = look->data_loss + 0.5 * central->parameters.weight_decay *
                                            rst_flow_cell(central->hessian.flow) * length * length;
  *numbers = (struct rst_central_flow_numbers){.loss = loss,
                                               .sharpness = look->pairs[0].value,
                                               .variance = trace,
                                               .average_loss = loss + cell * trace / central->parameters.lr,
                                               .average_grad_norm = sqrt(slope * slope + curved),
                                               .critical = look->critical};
}

enum rst_status rst_central_flow_step(struct rst_central_flow *central, struct rst_field *w,
                                      struct rst_central_flow_numbers *numbers) {
  for (int substep = 0; substep < central->parameters.substeps; ++substep) {
    struct look look = {0};
    RST_TRY(linearise(central, w, &look));
    if (look.critical > 0) {
      RST_TRY(find_covariance(central, w, &look));
    }
    if (substep == 0) {
      tell(central, w, &look, numbers);
    }
    for (size_t k = 0; k < rst_packed_count(look.critical); ++k) {
      rst_field_axpy(0.5 * look.x[k], central->derivatives[k], central->gradient);
    }
    rst_field_axpy(-dt_of(central) * central->parameters.lr, central->gradient, w);
  }
  return RST_OK;
}
