/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_NAMING_H
#define RST_NAMING_H

#include <stddef.h>
#include <stdint.h>

#include "restrain/context.h"

/** @file
 * Numbers for distinct keys: 0, 1, 2, ... in the order in which the keys appear first.
 */

/** Zero-initialised it is empty. */
struct rst_naming {
  size_t count; /**< distinct keys */
  /* open addressing: */
  size_t capacity; /**< 0 or a power of two */
  uint64_t *keys;
  uint32_t *names; /**< plus 1; 0 where the place is free */
};

/** The key's number, a new one if the key is new; at most 2^32 - 1 keys. Fails only with RST_ERROR_MEMORY. */
enum rst_status rst_naming_find(struct rst_context *context, struct rst_naming *naming, uint64_t key,
                                uint32_t *name);
/** Forget all keys. */
void rst_naming_clear(struct rst_naming *naming);
/** Free the memory; the object is empty afterwards. */
void rst_naming_release(struct rst_naming *naming);

#endif
