/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RANKS_H
#define RST_RANKS_H

/** @file
 * Start and stop under mpirun, with or without MPI compiled in.
 */

/** Call first and last in main(). Nothing happens without MPI. */
void rst_ranks_start(int *argc, char ***argv);
void rst_ranks_stop(void);

/** Number of processes started together: MPI's, or, when the build has no MPI, what the launcher left in the
 * environment. */
int rst_ranks_count(void);

#endif
