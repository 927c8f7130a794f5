/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/profile.h"

#include <math.h>

/* Iterations that are timed to find the stride, readings of the clock in one that is timed, at most, and the part of the
 * time that these may take. */
enum { TRIALS = 64, READINGS = 12 };
static const double share = 0.01;

#define STAGE_NAME(identifier, name) name,
static const char *const names[RST_STAGES] = {RST_STAGE_LIST(STAGE_NAME)};
#undef STAGE_NAME

_Static_assert((int)RST_STAGES == (int)RST_RUN_STAGES, "the header of runs has the number of stages");

static double total(const struct rst_laps *laps) {
  double sum = 0.0;
  for (int i = 0; i < RST_STAGES; ++i) {
    sum += (double)laps->nanoseconds[i];
  }
  return sum;
}

/* The least of several readings: the first ones take longer. */
static int64_t time_a_reading(void) {
  int64_t least = INT64_MAX;
  for (int i = 0; i < TRIALS; ++i) {
    const int64_t begun = rst_nanoseconds();
    const int64_t taken = rst_nanoseconds() - begun;
    least = taken < least ? taken : least;
  }
  return least;
}

void rst_profile_start(struct rst_profile *profile, bool on) {
  *profile = (struct rst_profile){.on = on};
  if (on) {
    profile->started = rst_nanoseconds();
    profile->some.last = profile->started;
    profile->every.reading = time_a_reading();
    profile->fastest = INFINITY;
  }
}

/* After each trial. The fastest one is not the one that found its data far from the processor. */
static void choose_stride(struct rst_profile *profile) {
  const double most = 1000.0;
  const struct rst_laps *trial = &profile->every;
  const double cost = READINGS * (double)trial->reading;
  profile->fastest = fmin(profile->fastest, total(trial));
  for (int i = 0; i < RST_STAGES; ++i) {
    profile->trials.nanoseconds[i] += trial->nanoseconds[i];
  }
  profile->every = (struct rst_laps){.reading = trial->reading};
  if (profile->timed == TRIALS) {
    profile->stride = (uint32_t)fmin(ceil(cost / (share * fmax(profile->fastest, cost))), most);
  }
}

/* One in `stride` iterations, spread by the golden section, so that no rhythm of the run can fall in with it. */
static bool is_timed(const struct rst_profile *profile) {
  const uint32_t golden = 2654435769U;
  return profile->stride <= 1 || profile->iterations * golden < UINT32_MAX / profile->stride;
}

void rst_profile_iterate(struct rst_profile *profile) {
  if (!profile->on) {
    return;
  }
  if (profile->stride == 0 && profile->timed > 0) {
    choose_stride(profile);
  }
  profile->iterations += 1;
  profile->laps = NULL;
  if (is_timed(profile)) {
    profile->timed += 1;
    profile->laps = &profile->every;
    profile->every.last = rst_nanoseconds();
  }
}

void rst_profile_begin(struct rst_profile *profile) {
  if (profile->on) {
    profile->some.last = rst_nanoseconds();
  }
}

void rst_profile_end(struct rst_profile *profile, enum rst_stage stage) {
  if (profile->on) {
    const int64_t begun = profile->some.last;
    rst_lap(&profile->some, stage);
    /* The lap of the iteration goes on as if nothing had come between. */
    profile->every.last += profile->some.last - begun;
  }
}

void rst_profile_finish(const struct rst_profile *profile, struct rst_run_summary *summary) {
  if (!profile->on) {
    return;
  }
  const double nanosecond = 1e-9;
  /* Each iteration that is timed after the trials stands for `stride`. */
  const double weight = profile->stride > 1 ? (double)profile->stride : 1.0;
  const double timed = total(&profile->trials) + weight * total(&profile->every);
  const double rest = (double)(rst_nanoseconds() - profile->started) - total(&profile->some);
  summary->profiled = profile->timed;
  for (int i = 0; i < RST_STAGES; ++i) {
    const double stage =
        (double)profile->trials.nanoseconds[i] + weight * (double)profile->every.nanoseconds[i];
    const double part = timed > 0.0 ? stage / timed : 0.0;
    summary->profile[i].stage = names[i];
    summary->profile[i].seconds =
        fmax(nanosecond * ((double)profile->some.nanoseconds[i] + part * rest), 0.0);
  }
}
