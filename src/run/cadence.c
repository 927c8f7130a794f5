/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/cadence.h"

#include <math.h>

bool rst_cadence_includes(enum rst_cadence cadence, long every, long t) {
  if (t == 0) {
    return true;
  }
  if (cadence == RST_CADENCE_LINEAR) {
    return t % every == 0;
  }
  const long nearest = lround((double)every * log10((double)t));
  for (long j = nearest - 1; j <= nearest + 1; ++j) {
    if (j >= 0 && lround(pow(10.0, (double)j / (double)every)) == t) {
      return true;
    }
  }
  return false;
}

double rst_cadence_count(enum rst_cadence cadence, long every, long last) {
  const long evenly = last / every + 1;
  double count = 1.0;
  if (cadence == RST_CADENCE_LINEAR) {
    return (double)evenly;
  }
  long before = 0;
  for (long j = 0; before <= last; ++j) {
    const long t = lround(pow(10.0, (double)j / (double)every));
    count += t > before && t <= last ? 1.0 : 0.0;
    before = t;
  }
  return count;
}
