/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_BLOCKS_H
#define RST_BLOCKS_H

#include <stdbool.h>

#include "restrain/field.h"

/** @file
 * A list of fields by name: the state that later steps depend on. Each owner of such fields adds its own.
 */

enum { RST_BLOCK_NAME_LENGTH = 64 };

struct rst_block {
  char name
      [RST_BLOCK_NAME_LENGTH]; /**< "state", "scheme.0", "twin.3.state", ...: no slash, unique in its list */
  struct rst_field *field;     /**< borrowed from its owner */
};

/** Zero it to begin. */
struct rst_blocks {
  struct rst_block *block;
  size_t count, capacity;
  bool failed; /**< memory was exhausted: the list is incomplete */
};

/** Append; the name in printf format. Exhausted memory shows in rst_blocks_check(). */
void rst_blocks_add(struct rst_blocks *blocks, struct rst_field *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** RST_ERROR_MEMORY if the list is incomplete. */
enum rst_status rst_blocks_check(struct rst_context *context, const struct rst_blocks *blocks);
/** Free the list, but no field. */
void rst_blocks_clear(struct rst_blocks *blocks);

#endif
