/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LAPS_H
#define RST_LAPS_H

#include <stdint.h>
#include <time.h>

/** @file
 * Where the time of a run goes. A lap is the time since the clock was last read; who comes to the end of a stage adds
 * the lap to it.
 */

/** One line per stage. */
#define RST_STAGE_LIST(X)                                                                                    \
  X(CORRELATION, "correlation")                                                                              \
  X(ACTIVATION, "activation")                                                                                \
  X(ADJOINT, "adjoint")                                                                                      \
  X(LOSS, "loss")                                                                                            \
  X(UPDATE, "update")                                                                                        \
  X(OBSERVATION, "observation")                                                                              \
  X(TWINS, "twins")                                                                                          \
  X(PERTURBATIONS, "perturbations")                                                                          \
  X(OUTPUT, "output")                                                                                        \
  X(FRAME, "frame")

#define RST_STAGE_IDENTIFIER(identifier, name) RST_STAGE_##identifier,
enum rst_stage { RST_STAGE_LIST(RST_STAGE_IDENTIFIER) RST_STAGES };
#undef RST_STAGE_IDENTIFIER

struct rst_laps {
  int64_t last;    /**< when the clock was last read, ns */
  int64_t reading; /**< what it takes to read it, ns: not counted */
  int64_t nanoseconds[RST_STAGES];
};

static inline int64_t rst_nanoseconds(void) {
  const int64_t second = 1000000000;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return second * now.tv_sec + now.tv_nsec;
}

/** End of a stage; nothing if laps is NULL. */
static inline void rst_lap(struct rst_laps *laps, enum rst_stage stage) {
  if (laps) {
    const int64_t now = rst_nanoseconds();
    laps->nanoseconds[stage] += now - laps->last - laps->reading;
    laps->last = now;
  }
}

#endif
