/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/free_hessian.h"

#include <string.h>

#include "core/core.h"

static enum rst_status build(struct rst_context *context, struct rst_free_hessian *hessian) {
  const struct rst_layout *layout = rst_flow_layout(hessian->flow);
  RST_TRY(rst_flow_create_state(context, hessian->flow, &hessian->v));
  RST_TRY(rst_flow_create_state(context, hessian->flow, &hessian->product));
  RST_TRY(RST_NEW(context, layout->count, &hessian->points));
  for (size_t i = 0; i < layout->count; ++i) {
    if (!layout->fixed || !layout->fixed[i]) {
      hessian->points[hessian->count++] = i;
    }
  }
  return RST_OK;
}

enum rst_status rst_free_hessian_create(struct rst_context *context, struct rst_flow *flow,
                                        const struct rst_field *u, struct rst_free_hessian **hessian) {
  *hessian = NULL;
  RST_REQUIRE(context, rst_field_is_finite(u), RST_ERROR_NUMERIC,
              "the state is not finite; the Hessian has no spectrum where the flow overflows");
  struct rst_free_hessian *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_free_hessian){.flow = flow};
  const enum rst_status status = build(context, made);
  if (status != RST_OK) {
    rst_free_hessian_destroy(&made);
    return status;
  }
  rst_flow_linearise(flow, u, NULL, NULL);
  *hessian = made;
  return RST_OK;
}

void rst_free_hessian_destroy(struct rst_free_hessian **hessian) {
  if (*hessian) {
    free((*hessian)->points);
    rst_field_destroy(&(*hessian)->v);
    rst_field_destroy(&(*hessian)->product);
    free(*hessian);
    *hessian = NULL;
  }
}

void rst_free_hessian_pack(const struct rst_free_hessian *hessian, const struct rst_field *full,
                           struct rst_field *packed) {
  const size_t size = rst_precision_size(full->precision);
  for (size_t i = 0; i < hessian->count; ++i) {
    memcpy((char *)packed->data + i * size, (const char *)full->data + hessian->points[i] * size, size);
  }
}

void rst_free_hessian_unpack(const struct rst_free_hessian *hessian, const struct rst_field *packed,
                             struct rst_field *full) {
  const size_t size = rst_precision_size(full->precision);
  for (size_t i = 0; i < hessian->count; ++i) {
    memcpy((char *)full->data + hessian->points[i] * size, (const char *)packed->data + i * size, size);
  }
}

void rst_free_hessian_apply(void *user, const struct rst_field *v, struct rst_field *product) {
  struct rst_free_hessian *hessian = user;
  rst_free_hessian_unpack(hessian, v, hessian->v);
  rst_flow_hessian_product(hessian->flow, hessian->v, hessian->product);
  rst_free_hessian_pack(hessian, hessian->product, product);
  if (hessian->shift != 0.0) {
    rst_field_axpy(hessian->shift, v, product);
  }
}
