/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sampling/stream.h"

#include <Random123/philox.h>
#include <math.h>

__extension__ typedef unsigned __int128 product;

void rst_stream_raw(const struct rst_stream *stream, size_t count, uint64_t *raw) {
  enum { WORDS = 4 };
  const philox4x64_key_t key = {{stream->seed, stream->member}};
  for (size_t first = 0; first < count; first += WORDS) {
    const philox4x64_ctr_t counter = {{first / WORDS + 1, stream->counter, stream->branch, 0}};
    const philox4x64_ctr_t words = philox4x64(counter, key);
    for (size_t i = 0; i < WORDS && first + i < count; ++i) {
      raw[first + i] = words.v[i];
    }
  }
}

void rst_stream_normal(const struct rst_stream *stream, size_t count, uint64_t *raw, double *values) {
  const double two_pi = 6.28318530717958647693;
  const size_t pairs = (count + 1) / 2;
  rst_stream_raw(stream, 2 * pairs, raw);
  for (size_t i = 0; i < pairs; ++i) {
    const double u1 = (double)((raw[2 * i] >> 11) + 1) * 0x1p-53;
    const double u2 = (double)(raw[2 * i + 1] >> 11) * 0x1p-53;
    const double radius = sqrt(-2.0 * log(u1));
    values[2 * i] = radius * cos(two_pi * u2);
    if (2 * i + 1 < count) {
      values[2 * i + 1] = radius * sin(two_pi * u2);
    }
  }
}

uint64_t rst_stream_index(uint64_t raw, uint64_t n) {
  return (uint64_t)((product)raw * n >> 64);
}
