/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/share.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#include "core/sizes.h"

bool rst_shares(int threads, size_t count) {
#ifdef _OPENMP
  return threads > 1 && count > 1 && !omp_in_parallel();
#else
  (void)threads;
  (void)count;
  return false;
#endif
}

void rst_share(int threads, size_t count, rst_piece *piece, void *work) {
  /* Asked here and not by an if clause: even a region of one thread costs as much as a step of few patches. */
  if (rst_shares(threads, count)) {
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads((int)rst_least((size_t)threads, count))
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
