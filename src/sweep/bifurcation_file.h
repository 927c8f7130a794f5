/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_BIFURCATION_FILE_H
#define RST_BIFURCATION_FILE_H

#include "archive/run_file.h"
#include "restrain/bifurcation.h"

/** @file
 * bifurcation.h5: a bifurcation diagram, done or in part; its datasets are those of rst_bifurcation_run(). The attribute
 * `title` of / says what the file is.
 */

/** A diagram in memory, by index of the value. */
struct rst_bifurcation_table {
  enum rst_step_parameter parameter;
  size_t count, samples;
  long burn_in;
  double *values;
  double *observed[RST_ORBIT_OBSERVABLES];               /**< [count][samples], NaN where there is none */
  double *loss, *lyapunov, *lyapunov_error, *max_growth; /**< NaN where there is none */
  int64_t *period, *iterations_run;
  int8_t *regime; /**< RST_BIFURCATION_PENDING where not done */
};

enum { RST_BIFURCATION_PENDING = -1 };

/** The table that the case's section `bifurcation` describes, nothing done yet. */
enum rst_status rst_bifurcation_table_create(struct rst_context *context, const struct rst_case *from,
                                             struct rst_bifurcation_table *table);
/** NULL-safe for members, so that a partly created one can be cleared. */
void rst_bifurcation_table_clear(struct rst_bifurcation_table *table);

/** "lr" or "weight_decay": the name of the key and of the scale. */
const char *rst_step_parameter_name(enum rst_step_parameter parameter);

/** Write the file under a temporary name and rename it to `path`, durably. */
enum rst_status rst_bifurcation_file_write(struct rst_context *context, const char *path,
                                           const struct rst_bifurcation_table *table,
                                           const struct rst_provenance *provenance, const char *exit_reason,
                                           double wall_seconds);

/** Fill a table that was created for the same case, and learn the seconds spent; `wisdom` is malloc'ed, NULL if none is
 * stored. RST_ERROR_IO if the file is not one of this shape. */
enum rst_status rst_bifurcation_file_read(struct rst_context *context, const char *path,
                                          struct rst_bifurcation_table *table, double *wall_seconds,
                                          char **wisdom);

#endif
