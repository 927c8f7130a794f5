/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_KILL_SAFE_CHANGES_H
#define RST_KILL_SAFE_CHANGES_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

/** @file
 * The changes of committed bytes that wait for the next commit of an ordered file (kill_safe_driver.h).
 */

struct rst_change {
  H5FD_mem_t type;
  int rank; /**< place in the order of the commit */
  size_t sequence;
  haddr_t address;
  size_t size;
  unsigned char *bytes;
};

struct rst_changes {
  struct rst_change *list;
  size_t count, capacity;
};

/** Add a copy of the bytes; false if memory is exhausted. */
bool rst_changes_add(struct rst_changes *changes, H5FD_mem_t type, haddr_t address, size_t size,
                     const void *bytes);
/** Bring the list into the order of the commit. */
void rst_changes_sort(struct rst_changes *changes);
/** Overwrite what has been read from [address, address + size) by the changes, before they are sorted. */
void rst_changes_overlay(const struct rst_changes *changes, haddr_t address, size_t size,
                         unsigned char *bytes);
/** Empty the list; rst_changes_free() also frees it. */
void rst_changes_drop(struct rst_changes *changes);
void rst_changes_free(struct rst_changes *changes);

#endif
