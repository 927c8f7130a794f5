/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/mpi_ranks.h"

#include <stdlib.h>
#include <time.h>

#ifdef RST_HAVE_MPI
#include <limits.h>
#include <mpi.h>

void rst_ranks_start(int *argc, char ***argv) {
  MPI_Init(argc, argv);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

void rst_ranks_stop(void) {
  MPI_Finalize();
}

int rst_ranks_count(void) {
  int count = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  return count;
}

static enum rst_status send(void *user, int to, const void *bytes, size_t length) {
  (void)user;
  return length <= INT_MAX && MPI_Send(bytes, (int)length, MPI_BYTE, to, 0, MPI_COMM_WORLD) == MPI_SUCCESS
             ? RST_OK
             : RST_ERROR_IO;
}

/* MPI_Recv() alone would keep a core busy with waiting, and might wait for ever where ranks have died. */
static enum rst_status receive(void *user, size_t room, void *bytes, int *from, size_t *length) {
  enum { NAPS = 2000 };
  const struct timespec nap = {.tv_nsec = 50000};
  (void)user;
  *length = 0;
  MPI_Status status;
  int arrived = 0;
  int count = 0;
  for (int naps = 0; !arrived; ++naps) {
    if (MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &arrived, &status) != MPI_SUCCESS) {
      return RST_ERROR_IO;
    }
    if (!arrived && naps == NAPS) {
      return RST_OK;
    }
    if (!arrived) {
      nanosleep(&nap, NULL);
    }
  }
  if (room > INT_MAX ||
      MPI_Recv(bytes, (int)room, MPI_BYTE, status.MPI_SOURCE, 0, MPI_COMM_WORLD, &status) != MPI_SUCCESS ||
      MPI_Get_count(&status, MPI_BYTE, &count) != MPI_SUCCESS) {
    return RST_ERROR_IO;
  }
  *from = status.MPI_SOURCE;
  *length = (size_t)count;
  return RST_OK;
}

bool rst_ranks_connect(struct rst_ranks *ranks) {
  *ranks = (struct rst_ranks){.size = rst_ranks_count(), .send = send, .receive = receive};
  MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
  return ranks->size > 1;
}

int rst_ranks_first_failed(bool failed) {
  const int none = INT_MAX;
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  int mine = failed ? rank : none;
  int first = mine;
  MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return first == none ? -1 : first;
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

bool rst_ranks_connect(struct rst_ranks *ranks) {
  *ranks = (struct rst_ranks){.size = 1};
  return false;
}

int rst_ranks_first_failed(bool failed) {
  return failed ? 0 : -1;
}

#endif
