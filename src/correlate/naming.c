/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "correlate/naming.h"

#include <string.h>

#include "core/core.h"

/* Place of a key: that which holds it, or the free one where it belongs. Half of the places stay free. */
static size_t place_of(const struct rst_naming *naming, uint64_t key) {
  const uint64_t golden = 0x9e3779b97f4a7c15U; /* 2^64 / golden ratio: neighbouring keys lie far apart */
  const int half = 32;
  const uint64_t mixed = (key ^ key >> half) * golden;
  size_t place = (size_t)(mixed >> half) & (naming->capacity - 1);
  while (naming->names[place] != 0 && naming->keys[place] != key) {
    place = (place + 1) & (naming->capacity - 1);
  }
  return place;
}

static enum rst_status grow(struct rst_context *context, struct rst_naming *naming) {
  enum { SMALLEST = 256 };
  struct rst_naming old = *naming;
  const size_t capacity = old.capacity ? 2 * old.capacity : SMALLEST;
  void *keys = NULL;
  void *names = NULL;
  RST_TRY(rst_allocate(context, capacity, sizeof *old.keys, &keys));
  const enum rst_status status = rst_allocate(context, capacity, sizeof *old.names, &names);
  if (status != RST_OK) {
    free(keys);
    return status;
  }
  *naming = (struct rst_naming){.count = old.count, .capacity = capacity, .keys = keys, .names = names};
  for (size_t i = 0; i < old.capacity; ++i) {
    if (old.names[i] != 0) {
      const size_t place = place_of(naming, old.keys[i]);
      naming->keys[place] = old.keys[i];
      naming->names[place] = old.names[i];
    }
  }
  rst_naming_release(&old);
  return RST_OK;
}

enum rst_status rst_naming_find(struct rst_context *context, struct rst_naming *naming, uint64_t key,
                                uint32_t *name) {
  if (2 * naming->count >= naming->capacity) {
    RST_TRY(grow(context, naming));
  }
  const size_t place = place_of(naming, key);
  if (naming->names[place] == 0) {
    naming->keys[place] = key;
    naming->names[place] = (uint32_t)++naming->count;
  }
  *name = naming->names[place] - 1;
  return RST_OK;
}

void rst_naming_clear(struct rst_naming *naming) {
  naming->count = 0;
  if (naming->names) {
    memset(naming->names, 0, naming->capacity * sizeof *naming->names);
  }
}

void rst_naming_release(struct rst_naming *naming) {
  free(naming->keys);
  free(naming->names);
  *naming = (struct rst_naming){0};
}
