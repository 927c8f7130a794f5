/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_KEYS_H
#define RST_KEYS_H

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/** @file
 * The format of tables of keys: how a part of the library declares the parameters that a case gives it. A row holds
 * a key's path, type, unit, range, default and help, and the member that it fills. Reading, checking, the
 * effective case, JSON and the reference of keys all follow the rows (the room `case`); a new key is one row:
 *
 *     {REAL("step.safety", ABOVE(0, 1)), DEFAULT("0.9"), PLACE(struct rst_scheme_parameters, safety),
 *      HELP("fraction of the local limit 2/lambda_max")},
 */

enum rst_key_type {
  RST_KEY_TEXT,    /**< const char *, NULL for none */
  RST_KEY_FILE,    /**< const char *, a path relative to the case file */
  RST_KEY_REAL,    /**< double */
  RST_KEY_INTEGER, /**< any integer type of 4 or 8 bytes; the range keeps it within the type */
  RST_KEY_CHOICE,  /**< an enum, or a bool, whose values index `names` */
  RST_KEY_NAME,    /**< const char *, one of `names` and of `registry` */
  RST_KEY_NAMES,   /**< const char **, a list of such names, its length at `count_offset` */
  RST_KEY_FILES,   /**< const char **, a list of paths relative to the case file, likewise */
  RST_KEY_TWINS,   /**< const struct rst_twin *, a list of divisors and of `names`, likewise */
  RST_KEY_REALS,   /**< const double *, a list that is not empty, likewise; NULL for none */
  RST_KEY_ITEMS,   /**< an array of structures filled by `items`, its length at `count_offset` */
  RST_KEY_MAPPING /**< a structure filled by `items`; by their defaults if it is not given and its own is {}, else
                      left with 0 at `count_offset`, where a given one has something else */
};

struct rst_range {
  double minimum, maximum;
  bool above, below; /**< the minimum, the maximum itself is excluded */
};

/** The row applies while `key`, which stands further up in the same table, has one of `values` (separated by
 * blanks; "given" or "absent" for a list of mappings or numbers). */
struct rst_condition {
  const char *key;
  const char *values;
};

enum { RST_KEY_CONDITIONS = 3 };

struct rst_keys;

/** One row. Rows of one section, and rows of one path, which differ in their conditions, are neighbours. */
struct rst_key {
  const char *path;
  enum rst_key_type type;
  bool required;        /**< wherever it applies */
  const char *unit;     /**< NULL for a pure number or none */
  const char *fallback; /**< the default as it would be written in a case; NULL for none */
  const char *derived;  /**< how a default that depends on other keys comes about; for the reference */
  struct rst_range range;
  const char *const *names;
  const char *const *(*registry)(void);
  struct rst_condition when[RST_KEY_CONDITIONS]; /**< all of them must hold */
  const char *help;
  size_t offset, size, count_offset; /**< of the member in the structure that the table fills */
  /** Of the items or the mapping; the table itself for items that hold such items again. */
  const struct rst_keys *items;
  const char *
      after; /**< of a kind's own row: the path that it follows, or a section, with its dot; NULL for the end of its own section */
};

struct rst_keys {
  const struct rst_key *keys;
  size_t count;
  size_t size; /**< of the structure */
};

/** The table of an array of rows that fill `structure`. */
#define RST_KEYS(rows, structure)                                                                            \
  { (rows), sizeof(rows) / sizeof *(rows), sizeof(structure) }

/* What a row consists of. */
#define REAL(key, bounds) .path = (key), .type = RST_KEY_REAL, .range = bounds
#define INTEGER(key, bounds) .path = (key), .type = RST_KEY_INTEGER, .range = bounds
#define CHOICE(key, list) .path = (key), .type = RST_KEY_CHOICE, .names = (list)
#define NAMED(key, list) .path = (key), .type = RST_KEY_NAME, .registry = (list)
#define TEXT(key) .path = (key), .type = RST_KEY_TEXT
#define FILE_NAME(key) .path = (key), .type = RST_KEY_FILE
#define NAMES(key, list) .path = (key), .type = RST_KEY_NAMES, .registry = (list)
#define FILES(key) .path = (key), .type = RST_KEY_FILES
#define ITEMS(key, table) .path = (key), .type = RST_KEY_ITEMS, .items = &(table)
#define MAPPING(key, table) .path = (key), .type = RST_KEY_MAPPING, .items = &(table)
#define REALS(key, bounds) .path = (key), .type = RST_KEY_REALS, .range = bounds
#define DEFAULT(text) .fallback = (text)
#define REQUIRED .required = true
#define UNIT(name) .unit = (name)
#define WHEN(...) .when = {__VA_ARGS__}
#define AFTER(key) .after = (key)
#define HELP(text) .help = (text)
#define PLACE(structure, member)                                                                             \
  .offset = offsetof(structure, member), .size = sizeof(((structure *)NULL)->member)
#define LIST(structure, member, length) PLACE(structure, member), .count_offset = offsetof(structure, length)

/* Ranges. Integers are compared with theirs as doubles, which are exact up to 2^53. */
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
#define ABOVE(bound, most)                                                                                   \
  { .minimum = (bound), .maximum = (most), .above = true }
#define BELOW(least, bound)                                                                                  \
  { .minimum = (least), .maximum = (bound), .below = true }

#endif
