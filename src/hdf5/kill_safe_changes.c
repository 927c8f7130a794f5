/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/kill_safe_changes.h"

#include <stdlib.h>
#include <string.h>

/* Ranks follow the list in kill_safe_driver.h. A node of a version 1 B-tree carries its level after signature
 * and type. */
static int rank_of(H5FD_mem_t type, const unsigned char *bytes, size_t size) {
  enum { SUPERBLOCK, RAW, HEAP, TREE, DEEPEST = 255, SYMBOLS = TREE + DEEPEST + 1, HEADER, LEVEL_OFFSET = 5 };
  static const char tree_signature[] = {'T', 'R', 'E', 'E'};
  switch (type) {
  case H5FD_MEM_SUPER:
    return SUPERBLOCK;
  case H5FD_MEM_DRAW:
    return RAW;
  case H5FD_MEM_GHEAP:
  case H5FD_MEM_LHEAP:
    return HEAP;
  case H5FD_MEM_BTREE:
    if (size > LEVEL_OFFSET && memcmp(bytes, tree_signature, sizeof tree_signature) == 0) {
      return TREE + DEEPEST - bytes[LEVEL_OFFSET];
    }
    return SYMBOLS;
  default:
    return HEADER;
  }
}

/* A structure of HDF5's is always written whole: a waiting version of it is replaced. Raw writes may overlap
 * and follow one another. */
static struct rst_change *find(const struct rst_changes *changes, H5FD_mem_t type, haddr_t address,
                               size_t size) {
  for (size_t i = changes->count; type != H5FD_MEM_DRAW && i-- > 0;) {
    if (changes->list[i].address == address && changes->list[i].size == size) {
      return &changes->list[i];
    }
  }
  return NULL;
}

static struct rst_change *append(struct rst_changes *changes, haddr_t address, size_t size) {
  if (changes->count == changes->capacity) {
    const size_t capacity = 2 * changes->capacity + 16;
    struct rst_change *grown = realloc(changes->list, capacity * sizeof *grown);
    if (!grown) {
      return NULL;
    }
    changes->list = grown;
    changes->capacity = capacity;
  }
  unsigned char *bytes = malloc(size);
  if (!bytes) {
    return NULL;
  }
  struct rst_change *change = &changes->list[changes->count];
  *change = (struct rst_change){.sequence = changes->count, .address = address, .size = size, .bytes = bytes};
  changes->count += 1;
  return change;
}

bool rst_changes_add(struct rst_changes *changes, H5FD_mem_t type, haddr_t address, size_t size,
                     const void *bytes) {
  struct rst_change *change = find(changes, type, address, size);
  if (!change) {
    change = append(changes, address, size);
  }
  if (!change) {
    return false;
  }
  memcpy(change->bytes, bytes, size);
  change->type = type;
  change->rank = rank_of(type, change->bytes, size);
  return true;
}

static int compare(const void *left, const void *right) {
  const struct rst_change *a = left;
  const struct rst_change *b = right;
  if (a->rank != b->rank) {
    return a->rank < b->rank ? -1 : 1;
  }
  return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

void rst_changes_sort(struct rst_changes *changes) {
  if (changes->count > 1) {
    qsort(changes->list, changes->count, sizeof *changes->list, compare);
  }
}

void rst_changes_overlay(const struct rst_changes *changes, haddr_t address, size_t size,
                         unsigned char *bytes) {
  for (size_t i = 0; i < changes->count; ++i) {
    const struct rst_change *change = &changes->list[i];
    const haddr_t change_end = change->address + change->size;
    const haddr_t first = change->address > address ? change->address : address;
    const haddr_t last = change_end < address + size ? change_end : address + size;
    if (first < last) {
      memcpy(bytes + (first - address), change->bytes + (first - change->address), (size_t)(last - first));
    }
  }
}

void rst_changes_drop(struct rst_changes *changes) {
  for (size_t i = 0; i < changes->count; ++i) {
    free(changes->list[i].bytes);
  }
  changes->count = 0;
}

void rst_changes_free(struct rst_changes *changes) {
  rst_changes_drop(changes);
  free(changes->list);
  *changes = (struct rst_changes){0};
}
