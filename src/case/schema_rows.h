/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CASE_SCHEMA_ROWS_H
#define RST_CASE_SCHEMA_ROWS_H

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

/* An image, alone under flow.image or as an item of flow.images. `outer` holds further conditions. */
#define IMAGE_KEYS(prefix, structure, member, outer)                                                         \
  {.path = prefix "kind",                                                                                    \
   .type = RST_KEY_NAME,                                                                                     \
   .required = true,                                                                                         \
   .registry = rst_image_names,                                                                              \
   .when = {outer},                                                                                          \
   .help = "what the image is",                                                                              \
   PLACE(structure, member.kind)},                                                                           \
      {.path = prefix "size",                                                                                \
       .type = RST_KEY_INTEGER,                                                                              \
       .fallback = "256",                                                                                    \
       .range = WHOLE(1),                                                                                    \
       .when = {outer{prefix "kind", "checkerboard constant grating gaussian-field"}},                       \
       .help = "points a side",                                                                              \
       PLACE(structure, member.size)},                                                                       \
      {.path = prefix "file",                                                                                \
       .type = RST_KEY_FILE,                                                                                 \
       .required = true,                                                                                     \
       .when = {outer{prefix "kind", "file"}},                                                               \
       .help = "PNG or PGM, whose grey levels map to -1..1, or an HDF5 dataset file.h5:/path",               \
       PLACE(structure, member.file)},                                                                       \
      {.path = prefix "seed",                                                                                \
       .type = RST_KEY_INTEGER,                                                                              \
       .fallback = "0",                                                                                      \
       .range = BETWEEN(0, MOST_SEED),                                                                       \
       .when = {outer{prefix "kind", "gaussian-field"}},                                                     \
       .help = "seed of the noise",                                                                          \
       PLACE(structure, member.seed)},                                                                       \
      {.path = prefix "value",                                                                               \
       .type = RST_KEY_REAL,                                                                                 \
       .fallback = "1",                                                                                      \
       .range = ANY,                                                                                         \
       .when = {outer{prefix "kind", "constant"}},                                                           \
       .help = "value of every point",                                                                       \
       PLACE(structure, member.value)},                                                                      \
      {.path = prefix "period",                                                                              \
       .type = RST_KEY_REAL,                                                                                 \
       .unit = "points",                                                                                     \
       .fallback = "16",                                                                                     \
       .range = MORE_THAN(0),                                                                                \
       .when = {outer{prefix "kind", "grating"}},                                                            \
       .help = "wave length",                                                                                \
       PLACE(structure, member.period)},                                                                     \
      {.path = prefix "angle",                                                                               \
       .type = RST_KEY_REAL,                                                                                 \
       .unit = "degrees",                                                                                    \
       .fallback = "0",                                                                                      \
       .range = ANY,                                                                                         \
       .when = {outer{prefix "kind", "grating"}},                                                            \
       .help = "direction of the wave vector, from the x axis towards the y axis",                           \
       PLACE(structure, member.angle)},                                                                      \
  {                                                                                                          \
    .path = prefix "exponent", .type = RST_KEY_REAL, .fallback = "2", .range = ANY,                          \
    .when = {outer{prefix "kind", "gaussian-field"}},                                                        \
    .help = "power spectrum |w|^-exponent; 2 is like nature", PLACE(structure, member.exponent)              \
  }

#define LABEL_KEY(prefix, structure, member, outer)                                                          \
  {                                                                                                          \
    .path = prefix "label", .type = RST_KEY_INTEGER, .fallback = "1", .range = BETWEEN(0, 1),                \
    .when = {outer}, .help = "class of the image", PLACE(structure, member)                                  \
  }

/** The tables of the items of lists. */
extern const struct rst_keys rst_image_keys, rst_expectation_keys;

#endif
