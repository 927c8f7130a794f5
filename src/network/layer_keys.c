/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/layer_keys.h"

#include "core/core.h"
#include "restrain/activation.h"
#include "restrain/network.h"

#define LAYER(member) PLACE(struct rst_layer_parameters, member)
#define OF(kinds)                                                                                            \
  { "kind", (kinds) }

static const char *const padding_names[] = {"valid", "same", "periodic", NULL};
static const char *const normalisation_names[] = {"none", "group", "batch", NULL};

static const struct rst_key layer_keys[] = {
    {NAMED("kind", rst_layer_names), REQUIRED, LAYER(kind),
     HELP("what the layer does; conv: correlates with kernels, adds a bias, normalises, applies the "
          "activation; pool: means over blocks of size x size points; mean: over all points, a number a "
          "channel; dense: a linear map of all numbers, bias, activation; residual: activation(x + F(x))")},
    {INTEGER("channels", WHOLE(1)), REQUIRED, WHEN(OF("conv")), LAYER(channels),
     HELP("channels that the layer makes")},
    {INTEGER("kernel", WHOLE(1)), REQUIRED, WHEN(OF("conv")), LAYER(kernel), HELP("kernel points a side")},
    {CHOICE("boundary", padding_names), DEFAULT("valid"), WHEN(OF("conv")), LAYER(padding),
     HELP(
         "valid: the kernel stays inside the image; same: zeros lie beyond the rim; periodic: the image does "
         "again")},
    {INTEGER("stride", WHOLE(1)), DEFAULT("1"), WHEN(OF("conv")), LAYER(stride),
     HELP("points between neighbouring positions of the kernel")},
    {INTEGER("size", WHOLE(1)), REQUIRED, WHEN(OF("pool")), LAYER(size),
     HELP("points a side of the blocks that are averaged")},
    {INTEGER("units", WHOLE(1)), REQUIRED, WHEN(OF("dense")), LAYER(units),
     HELP("numbers that the layer makes")},
    {ITEMS("layers", rst_layer_keys), REQUIRED, WHEN(OF("residual")),
     LIST(struct rst_layer_parameters, layers, layer_count),
     HELP("the layers F of x + F(x), each with the keys of a layer")},
    {CHOICE("bias", rst_switch_names), DEFAULT("yes"), WHEN(OF("conv dense")), LAYER(bias),
     HELP("whether a number per output is added")},
    {CHOICE("normalisation.kind", normalisation_names), DEFAULT("none"), WHEN(OF("conv")),
     LAYER(normalisation.kind),
     HELP("group: per example over the channels of a group and positions; batch: per channel over the "
          "examples "
          "and positions")},
    {INTEGER("normalisation.groups", WHOLE(1)), REQUIRED, WHEN(OF("conv"), {"normalisation.kind", "group"}),
     LAYER(normalisation.groups), HELP("groups of channels, a divisor of their number")},
    {CHOICE("normalisation.affine", rst_switch_names), DEFAULT("yes"),
     WHEN(OF("conv"), {"normalisation.kind", "group batch"}), LAYER(normalisation.affine),
     HELP("whether a weight and a bias per channel follow")},
    {NAMED("activation.kind", rst_activation_names), DEFAULT("identity"), WHEN(OF("conv dense residual")),
     LAYER(activation.kind),
     HELP("the function s applied last; swish: z sigmoid(beta z); tanh: tanh(beta z); softplus: log(1 + "
          "exp(beta z))/beta; gelu: z (1 + erf(z/sqrt 2))/2; relu: max(z, 0); identity: z")},
    {REAL("activation.beta", MORE_THAN(0)), DEFAULT("1"),
     WHEN(OF("conv dense residual"), {"activation.kind", "swish tanh softplus"}), LAYER(activation.beta),
     HELP("beta of the activation s, its steepness")},
};
const struct rst_keys rst_layer_keys = RST_KEYS(layer_keys, struct rst_layer_parameters);
