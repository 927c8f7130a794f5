/* SPDX-License-Identifier: GPL-3.0-or-later */
#define RST_LANE_WIDTH 8
#include "sweep/lane_steps.inc"

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx512f,avx512dq"))) void rst_lane_block_advance_avx512(struct rst_lane_block *block) {
  advance(block);
}
#endif
