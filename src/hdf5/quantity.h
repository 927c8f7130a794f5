/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_QUANTITY_H
#define RST_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"
#include "hdf5/variable.h"

/** @file
 * Tables of the numbers that a result consists of. A row names a number once for all that tell of it: the HDF5 file, JSON and
 * text. Rows belong to groups, e.g. the members of one JSON object or the columns of one table, which have one subject.
 *
 *     {STATE, "norm", RST_QUANTITY_MEMBER(struct state, norm), "|u|", {"norm", "Euclidean norm", "1"}}
 */

enum rst_quantity_type { RST_QUANTITY_REAL, RST_QUANTITY_INT, RST_QUANTITY_SIZE, RST_QUANTITY_BOOL };

struct rst_quantity {
  int group;       /**< numbered by the owner of the table */
  const char *key; /**< in JSON; NULL: not there */
  enum rst_quantity_type type;
  size_t offset;                          /**< of the member of the subject that holds the number */
  double (*measure)(const void *subject); /**< instead of a member, unless NULL */
  const char *head;                       /**< of its column in text; NULL: not there */
  struct rst_variable variable;           /**< its dataset, of doubles; name NULL: not stored */
};

struct rst_quantities {
  const struct rst_quantity *rows;
  size_t count;
};

/** type, offset and measure of a member: a double, int, size_t or bool. */
#define RST_QUANTITY_MEMBER(object, member)                                                                  \
  _Generic(((object *)NULL)->member, double                                                                  \
           : RST_QUANTITY_REAL, int                                                                          \
           : RST_QUANTITY_INT, size_t                                                                        \
           : RST_QUANTITY_SIZE, bool                                                                         \
           : RST_QUANTITY_BOOL),                                                                             \
      offsetof(object, member), NULL
/** The same of a number that a function finds. */
#define RST_QUANTITY_MEASURED(function) RST_QUANTITY_REAL, 0, function

double rst_quantity_value(const struct rst_quantity *quantity, const void *subject);
/** The group in JSON, "a": 1, "b": true without braces; null stands for NaN and infinities. */
void rst_quantities_add_json(const struct rst_quantities *table, int group, const void *subject,
                             struct rst_text *text);

#endif
