/* SPDX-License-Identifier: GPL-3.0-or-later */
#define RST_LANE_WIDTH 8
#include "reduced/lane_steps.inc"

#ifdef RST_WIDER_VECTORS
RST_WITH_AVX512 void rst_lane_block_advance_avx512(struct rst_lane_block *block) {
  advance(block);
}
#endif
