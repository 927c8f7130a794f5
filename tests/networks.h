/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEST_NETWORKS_H
#define RST_TEST_NETWORKS_H

#include "restrain/flow.h"

/** @file
 * Small networks of every kind of layer, padding, normalisation, loss and activation, on textures of several classes; the
 * examples are no whole number of slices.
 */

enum { RST_TEST_NETWORKS = 18 };

/** Parameters of network number `index`, double; the label says what is particular. */
struct rst_flow_parameters rst_test_network_of_layers(size_t index, char label[static 160]);

#endif
