/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/blocks.h"

#include <assert.h>
#include <stdio.h>

#include "core/core.h"

static bool reserve(struct rst_blocks *blocks) {
  enum { FEWEST = 16 };
  if (blocks->count < blocks->capacity) {
    return true;
  }
  const size_t capacity = blocks->capacity ? 2 * blocks->capacity : FEWEST;
  struct rst_block *grown = realloc(blocks->block, capacity * sizeof *grown);
  if (grown) {
    blocks->block = grown;
    blocks->capacity = capacity;
  }
  return grown != NULL;
}

void rst_blocks_add(struct rst_blocks *blocks, struct rst_field *field, const char *format, ...) {
  if (!reserve(blocks)) {
    blocks->failed = true;
    return;
  }
  struct rst_block *block = &blocks->block[blocks->count++];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(block->name, sizeof block->name, format, arguments);
  va_end(arguments);
  assert(length > 0 && length < RST_BLOCK_NAME_LENGTH);
  (void)length;
  block->field = field;
}

enum rst_status rst_blocks_check(struct rst_context *context, const struct rst_blocks *blocks) {
  RST_REQUIRE(context, !blocks->failed, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}

void rst_blocks_clear(struct rst_blocks *blocks) {
  free(blocks->block);
  *blocks = (struct rst_blocks){0};
}
