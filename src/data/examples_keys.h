/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EXAMPLES_KEYS_H
#define RST_EXAMPLES_KEYS_H

#include "core/keys.h"

/** The keys of a set of examples; they fill a struct rst_examples_parameters. */
extern const struct rst_keys rst_examples_keys;

#endif
