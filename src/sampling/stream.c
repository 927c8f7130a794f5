/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sampling/stream.h"

#include <math.h>

enum { WORDS = 4, ROUNDS = 10 };

__extension__ typedef unsigned __int128 product;

/* The constants of philox4x64 and its key schedule. */
static const uint64_t multipliers[] = {0xD2E7470EE14C6C93, 0xCA5A826395121157};
static const uint64_t increments[] = {0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B};

static uint64_t high(product p) {
  return (uint64_t)(p >> 64);
}

static void scramble(uint64_t key0, uint64_t key1, uint64_t x[WORDS]) {
  for (int round = 0; round < ROUNDS; ++round) {
    const product a = (product)multipliers[0] * x[0];
    const product b = (product)multipliers[1] * x[2];
    const uint64_t next[WORDS] = {high(b) ^ x[1] ^ key0, (uint64_t)b, high(a) ^ x[3] ^ key1, (uint64_t)a};
    for (int i = 0; i < WORDS; ++i) {
      x[i] = next[i];
    }
    key0 += increments[0];
    key1 += increments[1];
  }
}

void rst_stream_raw(const struct rst_stream *stream, size_t count, uint64_t *raw) {
  for (size_t first = 0; first < count; first += WORDS) {
    uint64_t x[WORDS] = {first / WORDS + 1, stream->counter, 0, 0};
    scramble(stream->seed, stream->member, x);
    for (size_t i = 0; i < WORDS && first + i < count; ++i) {
      raw[first + i] = x[i];
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
  return high((product)raw * n);
}
