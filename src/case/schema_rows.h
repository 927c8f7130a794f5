/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCHEMA_ROWS_H
#define RST_SCHEMA_ROWS_H

#include <limits.h>
#include <math.h>
#include <stddef.h>

#include "case/schema.h"

/** @file
 * What the rows of the tables are written with.
 */

/* Integers are compared with their range as doubles, which are exact up to 2^53. */
#define MOST ((double)(LONG_MAX < 9007199254740992 ? LONG_MAX : 9007199254740992))
#define MOST_SEED 4294967295.0

#define ANY                                                                                                  \
  { .minimum = -INFINITY, .maximum = INFINITY }
#define AT_LEAST(least)                                                                                      \
  { .minimum = (least), .maximum = INFINITY }
#define MORE_THAN(bound)                                                                                     \
  { .minimum = (bound), .maximum = INFINITY, .above = true }
#define WHOLE(least)                                                                                         \
  { .minimum = (least), .maximum = MOST }
#define BETWEEN(least, most)                                                                                 \
  { .minimum = (least), .maximum = (most) }

#define PLACE(structure, member)                                                                             \
  .offset = offsetof(structure, member), .size = sizeof(((structure *)NULL)->member)
#define AT(member) PLACE(struct rst_loaded_case, member)

/** Tables below keys: an image with its label, an image alone, a promise, a series of zoom windows; three sections. */
extern const struct rst_keys rst_labelled_image_keys, rst_image_keys, rst_expectation_keys,
    rst_sweep_zoom_keys;
extern const struct rst_keys rst_analyze_keys, rst_bifurcation_keys, rst_sweep_keys;

#endif
