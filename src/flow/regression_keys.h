/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REGRESSION_KEYS_H
#define RST_REGRESSION_KEYS_H

#include "core/keys.h"
#include "restrain/flow.h"

/** @file
 * The keys of the flow `regression`, and the designs that they name.
 */

enum rst_regression_design { RST_DESIGN_NONE, RST_DESIGN_GAUSSIAN, RST_DESIGN_FILE };

/** In the order of the enum, NULL-terminated. */
extern const char *const rst_regression_designs[];
extern const struct rst_keys rst_regression_keys;

/** Fail unless the spectrum is one, of at least one number, each finite and not negative. */
enum rst_status rst_given_spectrum_check(struct rst_context *context,
                                         const struct rst_given_spectrum *spectrum);
size_t rst_given_spectrum_count(const struct rst_given_spectrum *spectrum);
/** Number i, from 0 on, of a spectrum that was checked. */
double rst_given_spectrum_value(const struct rst_given_spectrum *spectrum, size_t i);

#endif
