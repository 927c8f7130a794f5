/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/preconditioned_hessian.h"

#include <math.h>

static void multiply(const struct rst_field *factor, struct rst_field *v) {
  for (size_t i = 0; i < rst_field_count(v); ++i) {
    rst_field_set(v, 0, i, rst_field_get(factor, 0, i) * rst_field_get(v, 0, i));
  }
}

void rst_preconditioned_hessian_apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct rst_preconditioned_hessian *hessian = user;
  const struct rst_field *direction = v;
  if (hessian->root) {
    rst_field_copy(v, hessian->work);
    multiply(hessian->root, hessian->work);
    direction = hessian->work;
  }
  rst_flow_hessian_product(hessian->flow, direction, product);
  if (hessian->decay > 0.0) {
    rst_field_axpy(hessian->decay, direction, product);
    rst_flow_pin(hessian->flow, product);
  }
  if (hessian->root) {
    multiply(hessian->root, product);
  }
}

void rst_preconditioned_root(struct rst_field *root, struct rst_field *v) {
  for (size_t i = 0; i < rst_field_count(root); ++i) {
    const double half = sqrt(rst_field_get(root, 0, i));
    rst_field_set(root, 0, i, 1.0 / half);
    if (v) {
      rst_field_set(v, 0, i, half * rst_field_get(v, 0, i));
    }
  }
}
