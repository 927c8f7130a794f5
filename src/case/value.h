/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_VALUE_H
#define RST_VALUE_H

#include "case/report.h"
#include "case/schema.h"
#include "core/text.h"

/** @file
 * Values of keys: from text to the typed member and back.
 */

/** A scalar as a case file holds it; borrowed. */
struct rst_scalar {
  const char *text;
  size_t length;
  bool plain; /**< written without quotes */
};

/** Whether YAML reads the scalar as null. */
bool rst_scalar_null(const struct rst_scalar *scalar);

/** "nothing", the plain scalar as it stands or `the text "..."`, fit for a message. */
enum { RST_FOUND_LENGTH = RST_QUOTE_LENGTH + 16 };
const char *rst_scalar_found(const struct rst_scalar *scalar, char found[RST_FOUND_LENGTH]);

/** Whether the value is finite and in the range. */
bool rst_range_holds(const struct rst_range *range, double value);

/** Write the scalar into the member at `member`, of the type of `key` (of an item, for a list of names or twins).
 * On false a fault has been reported at `place`, naming the key `path`, and the member is untouched. */
bool rst_value_read(struct rst_report *report, struct rst_place place, const char *path,
                    const struct rst_key *key, const struct rst_scalar *scalar, struct rst_loaded_case *owner,
                    void *member);

/** The text of a name or choice, "given" or "absent" for a list; NULL for none. Static or
 * borrowed from `base`. */
const char *rst_value_name(const struct rst_key *key, const void *base);

/** Append the member (an item of names or twins) as YAML that reads back to the same value. */
void rst_value_write(const struct rst_key *key, const void *member, struct rst_text *text);

/** Append what a value must be: "a number > 0", "one of double, float". */
void rst_value_describe(const struct rst_key *key, struct rst_text *text);
/** The same for a message about the key at `path`, which would be too long with dozens of names: those are left to the help. */
void rst_value_expect(const struct rst_key *key, const char *path, struct rst_text *text);

#endif
