/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LAYER_KEYS_H
#define RST_LAYER_KEYS_H

#include "core/keys.h"

/** The keys of a layer; they fill a struct rst_layer_parameters. */
extern const struct rst_keys rst_layer_keys;

#endif
