/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_WORKSPACE_H
#define RST_WORKSPACE_H

#include "core/sizes.h"
#include "network/network.h"

/** @file
 * The memory that passes over examples work in: room for workers, for the sums of parts, for the slices of a whole batch, and for
 * what a linearisation keeps. rst_network_work_create(), rst_network_reserve() and rst_network_has_room() (network.h) make it.
 */

/** What one of a team works with. */
struct rst_network_worker {
  struct rst_slice slice; /**< its scratch serves all slices that the worker does */
  struct rst_field *rows; /**< examples on their way into lanes */
};

struct rst_network_work {
  size_t lanes;
  struct rst_network_worker *workers;
  size_t worker_count;
  struct rst_slice *slices; /**< of a whole batch; NULL */
  size_t slice_count;
  struct rst_slice *kept; /**< of the linearisation; NULL before the first */
  size_t kept_count;
  bool keeps; /**< they hold the last linearisation */
  struct rst_network_totals totals[RST_NETWORK_MOST_PARTS];
  char *sums; /**< [sum_count][parameters] */
  size_t sum_count;
};

/** Slices of so many examples. */
static inline size_t rst_slice_count(const struct rst_network *network, size_t examples) {
  return (examples + network->work->lanes - 1) / network->work->lanes;
}

/** Parts that slices are dealt out in, which depend on their number alone, and the first slice of a part. */
static inline size_t rst_part_count(size_t slices) {
  return rst_least(slices, RST_NETWORK_MOST_PARTS);
}

static inline size_t rst_part_start(size_t slices, size_t part) {
  return slices * part / rst_part_count(slices);
}

/** Make room to keep the values and adjoints of so many slices; false where that would take more than a linearisation may keep, or
 * than there is. What was kept before is lost then. */
bool rst_network_keep(const struct rst_network *network, size_t slices);

#endif
