/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/third_derivative.h"

#include <math.h>

/* At w + e u. */
static void linearise(struct rst_flow *flow, const struct rst_field *w, double e, const struct rst_field *u,
                      struct rst_field *point) {
  rst_field_copy(w, point);
  rst_field_axpy(e, u, point);
  rst_flow_linearise(flow, point, NULL, NULL);
}

void rst_third_derivatives(struct rst_flow *flow, const struct rst_field *w, const struct rst_field *u,
                           size_t count, struct rst_field *const *v, struct rst_field *const *derivatives,
                           struct rst_field *const scratch[2]) {
  const double length = rst_field_norm(w);
  const double e = cbrt(rst_precision_epsilon(w->precision)) * (length > 0.0 ? length : 1.0);
  linearise(flow, w, e, u, scratch[0]);
  for (size_t j = 0; j < count; ++j) {
    rst_flow_hessian_product(flow, v[j], derivatives[j]);
  }
  linearise(flow, w, -e, u, scratch[0]);
  for (size_t j = 0; j < count; ++j) {
    rst_flow_hessian_product(flow, v[j], scratch[1]);
    rst_field_axpby(-0.5 / e, scratch[1], 0.5 / e, derivatives[j]);
  }
}
