/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEST_PLAIN_NETWORK_H
#define RST_TEST_PLAIN_NETWORK_H

#include "restrain/flow.h"

/** Value of a network by loops written from the formulas alone: layer by layer, position by position, parameters found by the
 * names of their tensors. Equal weights. */
double rst_test_plain_network(struct rst_context *context, const struct rst_network_parameters *parameters,
                              const struct rst_layout *layout, const struct rst_field *u);

#endif
