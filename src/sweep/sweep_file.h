/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_FILE_H
#define RST_SWEEP_FILE_H

#include "archive/provenance.h"
#include "case/observable_list.h"
#include "sweep/task.h"

/** @file
 * A sweep or a bifurcation diagram, done or in part: in memory, and as sweep.h5 with its sidecars FILE.xdmf and
 * FILE.vtkhdf, or bifurcation.h5.
 */

enum { RST_SWEEP_MOST_SIZES = 32 };
/** Boundaries measured in boxes (sweep/boundary.h). They follow from the map of regimes: written, but not read. */
struct rst_sweep_boxes {
  size_t sizes;
  int64_t size[RST_SWEEP_MOST_SIZES];
  int64_t count[RST_SWEEP_BOUNDARIES][RST_SWEEP_MOST_SIZES];
  double dimension[RST_SWEEP_BOUNDARIES], dimension_error[RST_SWEEP_BOUNDARIES];
};

/** An axis of the fine grid. Name and values are owned; the other text is static or the name. */
struct rst_sweep_scale {
  char *name;
  const char *long_name;
  size_t count;
  double *values;
};

/** A point's place is its index in the grid, the last axis fastest. As a plane, the grid has the last axis along its columns
 * and all others along its rows. Columns of results are listed in sweep_file_parts.h. */
struct rst_sweep_table {
  size_t axis_count;
  struct rst_sweep_scale axes[RST_SWEEP_MOST_AXES];
  int lr_axis, weight_decay_axis; /**< those of step.lr and step.weight_decay, -1 where there is none */
  double lr, weight_decay;        /**< the case's, which hold where no axis has them */
  size_t points, rows, columns;
  int refine; /**< the coarse grid has every 2^refine-th value of each axis; attribute of / */
  /* [points]: */
  int8_t *regime; /**< RST_SWEEP_PENDING where not done */
  double *final_loss, *mean_loss, *lyapunov, *lyapunov_error, *max_growth; /**< NaN where there is none */
  int64_t *period, *iterations_run;
#define RST_SWEEP_EVALUATION(name, set, long_name, units) double *name;
  RST_EVALUATION_LIST(RST_SWEEP_EVALUATION) /* over whole sets, NaN where there are none */
#undef RST_SWEEP_EVALUATION
  int8_t *agreement; /**< -1, 0 or 1 */
  int8_t *
      level; /**< at which it was computed, or is to be where it is still pending; RST_SWEEP_FILLED elsewhere */
  size_t samples; /**< 0 for a sweep: it has none of what follows */
  long burn_in;
  double *data_loss, *residual, *weight_norm, *probe; /**< [points][samples], NaN where there is none */
  /* Of a sweep: */
  size_t limits;                  /**< points of a grid without the axis of lr */
  double *lr_lo, *lr_hi;          /**< [limits]; NaN until known */
  const char *engine;             /**< static; attribute of / */
  size_t patches, rank;           /**< likewise */
  struct rst_image_levels levels; /**< likewise, image_levels; 0 and 0 for none */
  bool has_evaluations;           /**< of flows with examples, run in full */
  struct rst_sweep_boxes boxes;
};

enum { RST_SWEEP_PENDING = -1 };

/** Values of an axis of `count` after so many refinements. */
size_t rst_sweep_refined_count(size_t count, int refine);
/** The table of a task, nothing done yet. */
enum rst_status rst_sweep_table_create(struct rst_context *context, const struct rst_sweep_task *task,
                                       struct rst_sweep_table *table);
/** NULL-safe for members, so that a partly created one can be cleared. */
void rst_sweep_table_clear(struct rst_sweep_table *table);

/** Of the results of a point. */
size_t rst_sweep_table_bytes(const struct rst_sweep_table *table);
/** Places between neighbours along an axis. */
size_t rst_sweep_table_stride(const struct rst_sweep_table *table, size_t axis);
/** Index along an axis of the point at a place. */
size_t rst_sweep_table_index(const struct rst_sweep_table *table, size_t axis, size_t place);
/** Coordinates of a point, on an axis or the case's own. */
double rst_sweep_table_lr(const struct rst_sweep_table *table, size_t place);
double rst_sweep_table_weight_decay(const struct rst_sweep_table *table, size_t place);
/** Index into lr_lo and lr_hi of the point at a place. */
size_t rst_sweep_table_limit(const struct rst_sweep_table *table, size_t place);
/** Points that differ in nothing but step.lr and step.weight_decay have the same variant of the case, counted from 0 with the
 * last of the other axes fastest. */
size_t rst_sweep_table_variant(const struct rst_sweep_table *table, size_t place);

/** @param observed [RST_ORBIT_OBSERVABLES][samples], NULL without samples. The level stays. */
void rst_sweep_table_enter(struct rst_sweep_table *table, size_t place, const struct rst_orbit_summary *point,
                           const double *observed);
/** Take over what a table holds at a point, but for its agreement. */
void rst_sweep_table_adopt(struct rst_sweep_table *table, size_t place, const struct rst_sweep_table *from,
                           size_t from_place);
/** As if nothing had happened there. */
void rst_sweep_table_forget(struct rst_sweep_table *table, size_t place);

/** Write the file, and the sidecars of a sweep of two axes, under temporary names and rename them, durably. */
enum rst_status rst_sweep_file_write(struct rst_context *context, const char *path,
                                     const struct rst_sweep_table *table,
                                     const struct rst_provenance *provenance, const char *exit_reason,
                                     double wall_seconds);
/** Fill a table that was created for the same case, and learn the seconds spent; `wisdom` is malloc'ed, NULL if none is
 * stored. RST_ERROR_IO if the file is not one of this shape. */
enum rst_status rst_sweep_file_read(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds, char **wisdom);

/** What of its origin a file holds; to be freed. NULL where it is missing. */
struct rst_sweep_origin {
  char *case_source, *case_effective, *case_name, *rigor, *correlation;
};
/** Make the table that a file holds, without its case. */
enum rst_status rst_sweep_file_load(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds,
                                    struct rst_sweep_origin *origin);
void rst_sweep_origin_clear(struct rst_sweep_origin *origin);

#endif
