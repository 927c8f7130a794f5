/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PHASE_H
#define RST_PHASE_H

#include <stddef.h>

/** Phase angle, in (-pi, pi], of wave number k of n in FFT order; exactly pi for the highest of an even n. */
static inline double rst_phase_angle(size_t k, size_t n) {
  const double pi = 3.14159265358979323846;
  const double turn = 2.0 * (double)k / (double)n;
  return pi * (2 * k > n ? turn - 2.0 : turn);
}

#endif
