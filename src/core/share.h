/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SHARE_H
#define RST_SHARE_H

#include <stdbool.h>
#include <stddef.h>

/** @file
 * Work shared out among threads.
 */

/** One piece of some work. Pieces do not depend on each other, nor results on who does which. */
typedef void rst_piece(void *work, size_t index);

/** Whether rst_share() would use more than one thread: there are pieces for several, and it is not inside another's piece. */
bool rst_shares(int threads, size_t count);

/** The pieces 0 ... count - 1, by as many as `threads` threads; by the caller alone, in order, unless rst_shares(). */
void rst_share(int threads, size_t count, rst_piece *piece, void *work);

#endif
