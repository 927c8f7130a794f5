/* SPDX-License-Identifier: GPL-3.0-or-later */
#define RST_LANE_WIDTH 2
#include "reduced/lane_steps.inc"

void rst_lane_block_advance_plain(struct rst_lane_block *block) {
  advance(block);
}

void rst_lane_block_advance(struct rst_lane_block *block) {
  switch (rst_vectors_widest()) {
#ifdef RST_WIDER_VECTORS
  case RST_VECTORS_AVX512:
    rst_lane_block_advance_avx512(block);
    break;
  case RST_VECTORS_AVX2:
    rst_lane_block_advance_avx2(block);
    break;
#endif
  default:
    rst_lane_block_advance_plain(block);
    break;
  }
}
