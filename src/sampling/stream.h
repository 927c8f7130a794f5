/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_STREAM_H
#define RST_STREAM_H

#include <stddef.h>
#include <stdint.h>

/** @file
 * Random numbers that are functions of a key and a counter: philox4x64-10 (Salmon, Moraes, Dror, Shaw, Parallel random numbers:
 * as easy as 1, 2, 3, SC'11). A stream is NumPy's Philox(key=[seed, member], counter=[0, counter, branch, 0]).
 */

struct rst_stream {
  uint64_t seed, member, counter, branch;
};

/** The first `count` raw numbers of a stream. */
void rst_stream_raw(const struct rst_stream *stream, size_t count, uint64_t *raw);

/** The first `count` normal numbers of a stream. @param raw work space for that many, and one more if that is odd. */
void rst_stream_normal(const struct rst_stream *stream, size_t count, uint64_t *raw, double *values);

/** floor(raw n / 2^64): a number of 0 ... n - 1. */
uint64_t rst_stream_index(uint64_t raw, uint64_t n);

#endif
