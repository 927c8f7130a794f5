/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LAYERS_H
#define RST_LAYERS_H

#include "network/network.h"

/** @file
 * Layers become operations and tensors.
 */

/** Kinds of layers, each built by a function of layers.c. */
#define RST_LAYER_LIST(X)                                                                                    \
  X(conv)                                                                                                    \
  X(pool)                                                                                                    \
  X(mean)                                                                                                    \
  X(dense)                                                                                                   \
  X(residual)

/** A network while it is built. */
struct rst_builder {
  struct rst_network *network;
  struct rst_map_shape shape; /**< of what the last operation puts out */
  size_t at;                  /**< where its maps begin, in points */
  size_t stride;              /**< of all layers since the innermost residual layer began */
  size_t operation_capacity, tensor_capacity, average_capacity, text_capacity;
  size_t layer_capacity, layer_operation_capacity;
};

/** Append layers, their names behind `prefix` ("" or "2."). */
enum rst_status rst_build_layers(struct rst_builder *builder, const char *prefix,
                                 const struct rst_layer_parameters *layers, size_t count);

#endif
