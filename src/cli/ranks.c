/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/ranks.h"

#include <stdlib.h>

#ifdef RST_HAVE_MPI
#include <mpi.h>

void rst_ranks_start(int *argc, char ***argv) {
  MPI_Init(argc, argv);
}

void rst_ranks_stop(void) {
  MPI_Finalize();
}

int rst_ranks_count(void) {
  int count = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  return count;
}

#else

void rst_ranks_start(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
}

void rst_ranks_stop(void) {
}

int rst_ranks_count(void) {
  /* Open MPI, MPICH and its relatives, SLURM's srun with PMI. */
  static const char *const variables[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"};
  for (size_t i = 0; i < sizeof variables / sizeof *variables; ++i) {
    const char *value = getenv(variables[i]);
    const long count = value ? strtol(value, NULL, 10) : 0;
    if (count > 0) {
      return (int)count;
    }
  }
  return 1;
}

#endif
