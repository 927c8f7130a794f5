/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FOLLOW_TABLE_H
#define RST_FOLLOW_TABLE_H

#include "hdf5/quantity.h"
#include "restrain/follow.h"

/** @file
 * All numbers of followed trajectories that are no curves, with their names in follow.h5, in JSON and in text.
 */

enum rst_follow_group {
  RST_FOLLOW_OF_PART,    /**< of a struct rst_followed_part */
  RST_FOLLOW_OF_TWIN,    /**< of a struct rst_followed_twin */
  RST_FOLLOW_OF_INTERVAL /**< of a struct rst_growth_interval */
};

extern const struct rst_quantities rst_follow_numbers;

#endif
