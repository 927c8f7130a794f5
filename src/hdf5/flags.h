/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FLAGS_H
#define RST_FLAGS_H

#include <hdf5.h>

#include "restrain/context.h"

/** @file
 * What the codes of a dataset mean, as the CF conventions have it.
 */

/** The attributes flag_values, of 8 bits, and flag_meanings. The codes of the NULL-terminated `names` count from 0; `none` is the
 * name of -1, NULL if there is no such code. */
enum rst_status rst_flags_write(struct rst_context *context, hid_t dataset, const char *none,
                                const char *const *names);

#endif
