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
