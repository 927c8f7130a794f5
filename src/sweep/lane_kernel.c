/* SPDX-License-Identifier: GPL-3.0-or-later */
#define RST_LANE_WIDTH 2
#include "sweep/lane_steps.inc"

void rst_lane_block_advance_plain(struct rst_lane_block *block) {
  advance(block);
}

void rst_lane_block_advance(struct rst_lane_block *block) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
    rst_lane_block_advance_avx512(block);
    return;
  }
  if (__builtin_cpu_supports("avx2")) {
    rst_lane_block_advance_avx2(block);
    return;
  }
#endif
  rst_lane_block_advance_plain(block);
}
