/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CHECKPOINT_H
#define RST_CHECKPOINT_H

#include "core/blocks.h"

/** @file
 * Checkpoints: everything that a run needs to go on, to the bit.
 *
 * Beside run.h5 lie run.checkpoint and, one generation older, run.checkpoint.previous, HDF5 files too. A checkpoint is
 * written to a temporary file, fsync'ed, and renamed, the folder fsync'ed: at every moment at least one
 * complete generation exists. The state lies in blocks, one dataset each, by name.
 */

struct rst_checkpoint {
  long iteration;           /**< updates done */
  double time;              /**< sum of the steps taken */
  double time_compensation; /**< of that Kahan sum */
  size_t snapshots;         /**< rows of the run file that belong to it */
  double radius;            /**< |u_0| */
  double wall_seconds;
  char *effective;  /**< the effective case */
  char *identifier; /**< of the run, as in its file; "" for none */
  char *wisdom;     /**< "" for none */
  char *path;       /**< of the generation that was loaded */
};

/** Write this and the blocks; both are only read, and `path` is not. */
enum rst_status rst_checkpoint_save(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint *checkpoint, const struct rst_blocks *blocks);

/** What a run file has, which a checkpoint must fit. */
struct rst_checkpoint_run {
  const char *identifier;
  size_t snapshots, iterations; /**< rows; and iterations whose scalars are there */
};
/** Read the newest generation that is complete, belongs to the run and needs no row that the file lacks, warning if that is not
 * the newest; all but its blocks. Without any of this run `path` is NULL. RST_ERROR_IO if there are some and none is usable. The
 * content is allocated; release it with rst_checkpoint_clear(). */
enum rst_status rst_checkpoint_load(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint_run *run, struct rst_checkpoint *checkpoint);
/** Fill the fields of `blocks` with the blocks of these names in the generation that was loaded. RST_ERROR_IO names the block
 * that is missing, or is of another shape or precision; fields before it are filled then. */
enum rst_status rst_checkpoint_restore(struct rst_context *context, const struct rst_checkpoint *checkpoint,
                                       const struct rst_blocks *blocks);
/** RST_ERROR_IO if the file has the name of a generation and is incomplete or damaged. */
enum rst_status rst_checkpoint_check_seal(struct rst_context *context, const char *path);
/** Free the content and zero the struct. */
void rst_checkpoint_clear(struct rst_checkpoint *checkpoint);

/** Remove all generations; missing ones are fine. */
enum rst_status rst_checkpoint_remove(struct rst_context *context, const char *run_path);

#endif
