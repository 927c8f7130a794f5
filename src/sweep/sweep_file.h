/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_FILE_H
#define RST_SWEEP_FILE_H

#include "archive/run_file.h"
#include "restrain/sweep.h"

/** @file
 * sweep.h5: the maps of a sweep, done or in part, and its sidecar FILE.xdmf.
 */

enum { RST_SWEEP_MOST_SIZES = 32 };
/** Boundaries measured in boxes (sweep/boundary.h). They follow from the map of regimes: written, but not read. */
struct rst_sweep_boxes {
  size_t sizes;
  int64_t size[RST_SWEEP_MOST_SIZES];
  int64_t count[RST_SWEEP_BOUNDARIES][RST_SWEEP_MOST_SIZES];
  double dimension[RST_SWEEP_BOUNDARIES], dimension_error[RST_SWEEP_BOUNDARIES];
};

/** A sweep in memory. Maps are [weight_decays][lrs], index = row * lrs + column. */
struct rst_sweep_table {
  size_t lrs, weight_decays; /**< of the fine grid */
  int refine;                /**< the coarse grid has every 2^refine-th of its points; attribute of / */
  double *lr, *weight_decay;
  int8_t *regime;                                         /**< RST_SWEEP_PENDING where not done */
  double *final_loss, *mean_loss, *lyapunov, *max_growth; /**< NaN where there is none */
  int64_t *period, *iterations_run;
  int8_t *agreement; /**< -1, 0 or 1 */
  int8_t *
      level; /**< at which it was computed, or is to be where it is still pending; RST_SWEEP_FILLED elsewhere */
  double *lr_lo, *lr_hi; /**< [weight_decays]; NaN until known */
  const char *engine;    /**< static; attribute of / */
  size_t patches, rank;  /**< likewise */
  struct rst_sweep_boxes boxes;
};

enum { RST_SWEEP_PENDING = -1 };

/** Values of an axis of `count` after so many refinements. */
size_t rst_sweep_refined_count(size_t count, int refine);
/** The table that the case's section `sweep` describes, nothing done yet. */
enum rst_status rst_sweep_table_create(struct rst_context *context, const struct rst_case *from,
                                       struct rst_sweep_table *table);
void rst_sweep_table_clear(struct rst_sweep_table *table);

/** Its level stays. */
void rst_sweep_table_enter(struct rst_sweep_table *table, size_t index,
                           const struct rst_orbit_summary *point);
/** Take over what a table holds at a point, but for its agreement. */
void rst_sweep_table_adopt(struct rst_sweep_table *table, size_t index, const struct rst_sweep_table *from,
                           size_t from_index);
/** As if nothing had happened there. */
void rst_sweep_table_forget(struct rst_sweep_table *table, size_t index);

/** Write file and sidecar under temporary names and rename them, durably. */
enum rst_status rst_sweep_file_write(struct rst_context *context, const char *path,
                                     const struct rst_sweep_table *table,
                                     const struct rst_provenance *provenance, const char *exit_reason,
                                     double wall_seconds);
/** Fill a table created for the same case; as rst_bifurcation_file_read(). */
enum rst_status rst_sweep_file_read(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds, char **wisdom);

/** What of its origin a file holds; to be freed. NULL where it is missing. */
struct rst_sweep_origin {
  char *case_source, *case_effective, *rigor, *correlation;
};
/** Make the table that a file holds, without its case. */
enum rst_status rst_sweep_file_load(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds,
                                    struct rst_sweep_origin *origin);
void rst_sweep_origin_clear(struct rst_sweep_origin *origin);

#endif
