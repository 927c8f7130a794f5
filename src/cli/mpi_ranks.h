/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_MPI_RANKS_H
#define RST_MPI_RANKS_H

#include <stdbool.h>

#include "restrain/ranks.h"

/** @file
 * Start and stop under mpirun, with or without MPI compiled in.
 */

/** Call first and last in main(). Nothing happens without MPI. */
void rst_ranks_start(int *argc, char ***argv);
void rst_ranks_stop(void);

/** Number of processes started together: MPI's, or, when the build has no MPI, what the launcher left in the
 * environment. */
int rst_ranks_count(void);

/** The transport between the processes started together; false if there is one process or the build has no MPI, and `ranks`
 * is then rank 0 of one. */
bool rst_ranks_connect(struct rst_ranks *ranks);

/** The lowest rank that calls this with `failed` set, -1 if none does. All ranks must call it. */
int rst_ranks_first_failed(bool failed);

#endif
