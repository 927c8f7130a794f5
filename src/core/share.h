/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SHARE_H
#define RST_SHARE_H

#include <stddef.h>

/** @file
 * Work shared out among threads.
 */

/** One piece of some work. Pieces do not depend on each other, nor results on who does which. */
typedef void rst_piece(void *work, size_t index);

/** How many of the `threads` rst_share() would use for `count` pieces, at least 1: the caller alone inside another's piece or
 * without OpenMP. */
size_t rst_team_size(int threads, size_t count);

/** The pieces 0 ... count - 1, by a team of threads; by the caller alone, in order, where the team is one. */
void rst_share(int threads, size_t count, rst_piece *piece, void *work);

#endif
