/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CLOCK_H
#define RST_CLOCK_H

#include <time.h>

/** Seconds from one reading of a clock to another. */
static inline double rst_seconds_between(const struct timespec *from, const struct timespec *to) {
  const double nanosecond = 1e-9;
  return (double)(to->tv_sec - from->tv_sec) + nanosecond * (double)(to->tv_nsec - from->tv_nsec);
}

/** Seconds since a reading of CLOCK_MONOTONIC. */
static inline double rst_seconds_since(const struct timespec *then) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return rst_seconds_between(then, &now);
}

#endif
