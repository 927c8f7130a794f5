/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEXT_H
#define RST_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** @file
 * A growing text, with what JSON needs. Exhausted memory is remembered and shows in rst_text_take().
 */

struct rst_text {
  char *bytes; /**< NUL-terminated, NULL while empty */
  size_t length, capacity;
  bool failed;
};

/** Append, printf format; no text of it may be NULL. */
void rst_text_add(struct rst_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Append so many bytes, and blanks. */
void rst_text_add_bytes(struct rst_text *text, const char *bytes, size_t count);
void rst_text_add_blanks(struct rst_text *text, size_t count);
/** Append the shortest decimal that reads back as the same double; "null" in place of NaN and infinities,
 * which JSON lacks. */
void rst_text_add_number(struct rst_text *text, double value);
/** Append a JSON string: quoted, escaped; NULL gives null. */
void rst_text_add_quoted(struct rst_text *text, const char *string);

/** Append a blank, unless the text is empty, and an argument as a shell needs it: quoted where it must be. */
void rst_text_add_argument(struct rst_text *text, const char *argument);

/** The malloc'ed text, "" if nothing was added, NULL if memory was exhausted; the object is empty afterwards.
 */
char *rst_text_take(struct rst_text *text);
/** Free without taking. */
void rst_text_clear(struct rst_text *text);

/** A member of a JSON object: a text, or a number where `text` is NULL. */
struct rst_member {
  const char *name, *text;
  double value;
};
/** Append the members as one JSON object. */
void rst_text_add_object(struct rst_text *text, const struct rst_member *members, size_t count);

#endif
