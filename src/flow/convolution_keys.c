/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/convolution.h"
#include "flow/image_keys.h"

/** @file
 * The keys that the convolutional flows share, what comes before and after the keys of one kind.
 */

#define CONV(member) PLACE(struct rst_flow_parameters, conv.member)

static const char *const pooling_names[] = {"mean", "sum", NULL};
static const char *const automatic[] = {"auto", NULL};

static const struct rst_key first_keys[] = {
    {INTEGER("flow.kernel", WHOLE(1)), REQUIRED, CONV(kernel), HELP("kernel points a side")},
    {ITEMS("flow.images", rst_labelled_image_keys),
     LIST(struct rst_flow_parameters, conv.images, conv.image_count),
     HELP("several images, in place of flow.image and flow.label")},
    {MAPPING("flow.image", rst_image_keys), REQUIRED, WHEN({"flow.images", "absent"}), CONV(single),
     HELP("the image that the kernel is correlated with")},
    {INTEGER("flow.label", BETWEEN(0, 1)), DEFAULT("1"), WHEN({"flow.images", "absent"}), CONV(single.label),
     HELP("y, the class of the image; E = -y log yhat - (1-y) log(1-yhat), yhat = sigmoid(p)")},
    {CHOICE("flow.pooling", pooling_names), DEFAULT("mean"), CONV(pooling),
     HELP("how the activations s(c) of all positions become the number p; by their mean or their sum")},
};
const struct rst_keys rst_convolution_first_keys = RST_KEYS(first_keys, struct rst_flow_parameters);

static const struct rst_key last_keys[] = {
    {REAL("flow.activation.beta", MORE_THAN(0)), DEFAULT("1"),
     WHEN({"flow.activation.kind", "swish tanh softplus"}), CONV(beta),
     HELP("beta of the activation s, its steepness")},
    {NAMED("flow.operator", rst_correlation_names), DEFAULT("auto"), .names = automatic, CONV(correlation),
     HELP("how the correlation is computed; reference: by plain loops; direct: by sums, for small kernels; "
          "fft: by Fourier transforms; patch: by the distinct patches of the image, where they are few; "
          "auto: the one of least estimated cost")},
};
const struct rst_keys rst_convolution_last_keys = RST_KEYS(last_keys, struct rst_flow_parameters);
