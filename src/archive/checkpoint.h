/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CHECKPOINT_H
#define RST_CHECKPOINT_H

#include "restrain/field.h"

/** @file
 * Checkpoints: everything that a run needs to go on, to the bit.
 *
 * Beside run.h5 lie run.checkpoint.h5 and, one generation older, run.checkpoint.previous.h5. A checkpoint is
 * written to a temporary file, fsync'ed, and renamed, the folder fsync'ed: at every moment at least one
 * complete generation exists.
 */

struct rst_checkpoint {
  long iteration;           /**< updates done */
  double time;              /**< sum of the steps taken */
  double time_compensation; /**< of that Kahan sum */
  size_t snapshots;         /**< rows of the run file that belong to it */
  double radius;            /**< |u_0| */
  double wall_seconds;
  char *effective; /**< the effective case */
  char *wisdom;    /**< "" for none */
  size_t field_count;
  struct rst_field **fields; /**< the state, then the scheme's state */
};

/** Write; the struct is only read. */
enum rst_status rst_checkpoint_save(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint *checkpoint);

/** Read the newest generation that is complete, warning if that is not the newest. RST_ERROR_IO if there is
 * none. The content is allocated; release it with rst_checkpoint_clear(). */
enum rst_status rst_checkpoint_load(struct rst_context *context, const char *run_path,
                                    struct rst_checkpoint *checkpoint);
/** Free the content and zero the struct. */
void rst_checkpoint_clear(struct rst_checkpoint *checkpoint);

/** Whether a generation exists for `run_path`; and removal of all generations (missing ones are fine). */
bool rst_checkpoint_exists(const char *run_path);
enum rst_status rst_checkpoint_remove(struct rst_context *context, const char *run_path);

#endif
