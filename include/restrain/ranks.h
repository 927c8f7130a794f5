/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_RANKS_H
#define RESTRAIN_RANKS_H

#include <stddef.h>

#include "restrain/status.h"

/** @file
 * Processes that share work, and how they talk; the caller's, of MPI for example.
 */

/** Messages between two ranks keep their order. */
struct rst_ranks {
  int rank, size;
  void *user;
  /** Send bytes to a rank; receive a message of at most `room` bytes from any rank (its number and length are returned; a
   * length of 0 where none has come for a while, so that a rank never waits for the dead alone). A failure of the other end is
   * RST_ERROR_IO. */
  enum rst_status (*send)(void *user, int to, const void *bytes, size_t length);
  enum rst_status (*receive)(void *user, size_t room, void *bytes, int *from, size_t *length);
};

#endif
