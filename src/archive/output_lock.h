/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OUTPUT_LOCK_H
#define RST_OUTPUT_LOCK_H

#include "restrain/context.h"

/** @file
 * An output belongs to one process at a time: the one that holds a lock on the file .STEM.lock beside it (flock(), which Linux
 * passes on to the server of a network file system). The lock goes with its process, however that ends; what a killed one
 * leaves is an unlocked file that the next one takes over.
 */

struct rst_output_lock {
  char *path; /**< of the file; NULL where none is held */
  int descriptor;
};

/** RST_ERROR_IO, saying who holds it, if another one does; a warning where the file system knows no locks. */
enum rst_status rst_output_lock_take(struct rst_context *context, const char *output,
                                     struct rst_output_lock *lock);
/** A zeroed one is not held. */
void rst_output_lock_release(struct rst_output_lock *lock);

#endif
