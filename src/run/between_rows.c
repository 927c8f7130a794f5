/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/between_rows.h"

#include <math.h>

#include "core/core.h"

/* Places in the state. */
enum { UPDATES, LARGEST, GROWTHS, LOG_GROWTH_SUM, PARTS };

struct rst_between_rows {
  struct rst_field *state; /* doubles, [PARTS] */
  long every;
};

enum rst_status rst_between_rows_create(struct rst_context *context, long every,
                                        struct rst_between_rows **between) {
  *between = NULL;
  struct rst_between_rows *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->every = every;
  const enum rst_status status = rst_field_create(context, RST_PRECISION_DOUBLE, 1, PARTS, &made->state);
  if (status != RST_OK) {
    rst_between_rows_destroy(&made);
    return status;
  }
  *between = made;
  return RST_OK;
}

void rst_between_rows_destroy(struct rst_between_rows **between) {
  if (*between) {
    rst_field_destroy(&(*between)->state);
  }
  free(*between);
  *between = NULL;
}

/* Growth that has no logarithm, or an infinite one, is passed over, unless it is 0; an update that overflows is the largest. */
static void add(struct rst_between_rows *between, const struct rst_observation *observation) {
  double *parts = between->state->data;
  const double update = observation->update_norm;
  const double growth = observation->log_growth;
  if (observation->iteration % between->every == 0) {
    rst_field_fill(0.0, between->state);
  }
  parts[UPDATES] += 1.0;
  parts[LARGEST] = update <= parts[LARGEST] || isnan(parts[LARGEST]) ? parts[LARGEST] : update;
  if (growth < (double)INFINITY) {
    parts[GROWTHS] += 1.0;
    parts[LOG_GROWTH_SUM] += growth;
  }
}

void rst_between_rows_measure(struct rst_between_rows *between, const struct rst_observation *observation,
                              double *largest_update, double *mean_log_growth) {
  const double *parts = between->state->data;
  *largest_update = parts[UPDATES] > 0.0 ? parts[LARGEST] : (double)NAN;
  *mean_log_growth = parts[LOG_GROWTH_SUM] / parts[GROWTHS];
  add(between, observation);
}

struct rst_field *rst_between_rows_state(const struct rst_between_rows *between) {
  return between->state;
}
