/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>
#include <string.h>

#include "core/core.h"
#include "flow/flow_type.h"

/* Images that flows take, and responses to them, as arrays; see flow.h. */

size_t rst_flow_image_count(const struct rst_flow *flow) {
  struct rst_field image;
  size_t count = 0;
  while (flow->type->image && flow->type->image(flow, count, &image)) {
    ++count;
  }
  return count;
}

bool rst_flow_has_responses(const struct rst_flow *flow) {
  return flow->type->respond != NULL;
}

/* The first image, whose shape all must have. */
static enum rst_status require_one_shape(struct rst_context *context, const struct rst_flow *flow,
                                         struct rst_field *first) {
  struct rst_field image;
  (void)flow->type->image(flow, 0, first);
  for (size_t i = 1; flow->type->image(flow, i, &image); ++i) {
    RST_REQUIRE(
        context, image.ny == first->ny && image.nx == first->nx, RST_ERROR_ARGUMENT,
        "image %zu has %zu x %zu points and image 1 has %zu x %zu, so that no array holds all images or "
        "the responses to them; take images of one shape, or record neither",
        i + 1, image.ny, image.nx, first->ny, first->nx);
  }
  return RST_OK;
}

enum rst_status rst_flow_create_images(struct rst_context *context, const struct rst_flow *flow,
                                       struct rst_field **images) {
  const size_t count = rst_flow_image_count(flow);
  struct rst_field image;
  assert(count > 0);
  *images = NULL;
  RST_TRY(require_one_shape(context, flow, &image));
  RST_TRY(rst_field_create(context, flow->precision, count * image.ny, image.nx, images));
  const size_t size = rst_field_count(&image) * rst_precision_size(flow->precision);
  for (size_t i = 0; flow->type->image(flow, i, &image); ++i) {
    memcpy((char *)(*images)->data + i * size, image.data, size);
  }
  return RST_OK;
}

enum rst_status rst_flow_create_responses(struct rst_context *context, const struct rst_flow *flow,
                                          struct rst_field **responses) {
  struct rst_field first;
  size_t my = 0;
  size_t mx = 0;
  assert(rst_flow_has_responses(flow));
  *responses = NULL;
  RST_TRY(require_one_shape(context, flow, &first));
  flow->type->response_shape(flow, &my, &mx);
  return rst_field_create(context, flow->precision, rst_flow_image_count(flow) * my, mx, responses);
}

void rst_flow_respond(struct rst_flow *flow, const struct rst_field *u, struct rst_field *responses) {
  assert(u->precision == flow->precision && u->ny == 1 && u->nx == flow->layout.count);
  flow->type->respond(flow, u, responses);
}
