/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/scheme_type.h"

/** @file
 * The keys that several schemes share.
 */

static const char *const decay_names[] = {"coupled", "decoupled", NULL};

static const struct rst_key momentum_keys[] = {
    {REAL("step.momentum", BELOW(0, 1)), DEFAULT("0.9"), AFTER("step.weight_decay"),
     PLACE(struct rst_scheme_parameters, momentum),
     HELP("mu, the part of the last update that remains; v = mu v + g")},
};
const struct rst_keys rst_momentum_keys = RST_KEYS(momentum_keys, struct rst_scheme_parameters);

static const struct rst_key decay_keys[] = {
    {CHOICE("step.decay", decay_names), DEFAULT("coupled"), PLACE(struct rst_scheme_parameters, decay),
     HELP("coupled: the decay is a part of the slope that the scheme averages; decoupled: it shrinks the "
          "state directly")},
};
const struct rst_keys rst_decay_keys = RST_KEYS(decay_keys, struct rst_scheme_parameters);

static const struct rst_key divisor_keys[] = {
    {REAL("step.divisor", MORE_THAN(0)), DEFAULT("1"), AFTER("step.weight_decay"),
     PLACE(struct rst_scheme_parameters, divisor),
     HELP("q of u - (lr q)(g/q), which changes the last bits only; lr q is rounded as u is, to float in "
          "float")},
};
const struct rst_keys rst_divisor_keys = RST_KEYS(divisor_keys, struct rst_scheme_parameters);
