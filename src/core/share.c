/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/share.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#include "core/sizes.h"

size_t rst_team_size(int threads, size_t count) {
#ifdef _OPENMP
  if (threads > 1 && count > 1 && !omp_in_parallel()) {
    return rst_least((size_t)threads, count);
  }
#else
  (void)threads;
  (void)count;
#endif
  return 1;
}

void rst_share(int threads, size_t count, rst_piece *piece, void *work) {
  const size_t team = rst_team_size(threads, count);
  /* Asked here and not by an if clause: even a region of one thread costs as much as a step of few patches. */
  if (team > 1) {
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads((int)team)
#endif
    for (size_t i = 0; i < count; ++i) {
      piece(work, i);
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    piece(work, i);
  }
}
