/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/schedule.h"

#include <math.h>

bool rst_schedule_is_constant(const struct rst_schedule *schedule) {
  return schedule->kind == RST_SCHEDULE_CONSTANT && schedule->warm_up == 0.0;
}

static double steps(const struct rst_schedule *schedule, double x) {
  double factor = 1.0;
  for (size_t i = 0; i < schedule->at_count && schedule->at[i] <= x; ++i) {
    factor = schedule->factors[i];
  }
  return factor;
}

static double cosine(const struct rst_schedule *schedule, double t, double warm_up) {
  const double pi = 3.14159265358979323846;
  const double way = (double)schedule->length - warm_up;
  const double fraction = way > 0.0 ? fmin(fmax((t - warm_up) / way, 0.0), 1.0) : 1.0;
  return schedule->final + (1.0 - schedule->final) * (1.0 + cos(pi * fraction)) / 2.0;
}

double rst_schedule_factor(const struct rst_schedule *schedule, long t, long epoch) {
  const double unit = schedule->unit == RST_SCHEDULE_EPOCHS ? (double)epoch : 1.0;
  const double warm_up = schedule->warm_up * unit;
  const double ramp = (double)t + 1.0 < warm_up ? ((double)t + 1.0) / warm_up : 1.0;
  switch (schedule->kind) {
  case RST_SCHEDULE_STEPS:
    return ramp * steps(schedule, (double)t / unit);
  case RST_SCHEDULE_COSINE:
    return ramp * cosine(schedule, (double)t, warm_up);
  default:
    return ramp;
  }
}
