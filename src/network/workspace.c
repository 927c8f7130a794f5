/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/workspace.h"

#include <string.h>

#include "core/core.h"

/* Bytes that a linearisation may keep. */
static const double most_kept = 1 << 30;

static enum rst_status allocate_slice(const struct rst_network *network, size_t maps,
                                      struct rst_slice *slice) {
  for (size_t i = 0; i < maps; ++i) {
    RST_TRY(rst_allocate(network->context, network->maps, RST_LANE_BYTES, &slice->maps[i]));
  }
  return rst_allocate(network->context, network->notes + 1, RST_LANE_BYTES, &slice->notes);
}

static void free_slice(struct rst_slice *slice) {
  for (size_t i = 0; i < RST_MAPS; ++i) {
    free(slice->maps[i]);
  }
  free(slice->notes);
}

enum rst_status rst_network_work_create(struct rst_network *network) {
  struct rst_context *context = network->context;
  const size_t lanes = RST_LANE_BYTES / rst_precision_size(network->precision);
  RST_TRY(RST_NEW(context, 1, &network->work));
  struct rst_network_work *work = network->work;
  work->lanes = lanes;
  const size_t workers = rst_least((size_t)rst_context_threads(context), RST_NETWORK_MOST_PARTS);
  RST_TRY(RST_NEW(context, workers, &work->workers));
  for (work->worker_count = 0; work->worker_count < workers;) {
    struct rst_network_worker *worker = &work->workers[work->worker_count++];
    RST_TRY(rst_field_create(context, network->precision, lanes, rst_map_points(network->in), &worker->rows));
    RST_TRY(rst_allocate(context, network->scratch + 1, RST_LANE_BYTES, &worker->slice.scratch));
    RST_TRY(allocate_slice(network, network->whole ? RST_TANGENTS : RST_MAPS, &worker->slice));
  }
  return RST_OK;
}

/* Room for the sums of as many parts. */
static enum rst_status reserve_sums(const struct rst_network *network, size_t parts) {
  struct rst_network_work *work = network->work;
  char *sums = NULL;
  if (work->sum_count < parts) {
    RST_TRY(rst_allocate(network->context, parts * network->layout.count,
                         rst_precision_size(network->precision), &sums));
    free(work->sums);
    work->sums = sums;
    work->sum_count = parts;
  }
  return RST_OK;
}

/* Slices that all stay in memory; those of a linearisation point to their maps. */
static enum rst_status reserve_slices(const struct rst_network *network, size_t count) {
  struct rst_network_work *work = network->work;
  struct rst_slice *slices = NULL;
  if (work->slice_count >= count) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(network->context, count, &slices));
  if (work->slice_count > 0) {
    memcpy(slices, work->slices, work->slice_count * sizeof *slices);
  }
  free(work->slices);
  work->slices = slices;
  while (work->slice_count < count) {
    const enum rst_status status = allocate_slice(network, RST_MAPS, &slices[work->slice_count]);
    if (status != RST_OK) {
      free_slice(&slices[work->slice_count]);
      return status;
    }
    work->slice_count += 1;
  }
  return RST_OK;
}

enum rst_status rst_network_reserve(struct rst_network *network, size_t examples) {
  const size_t slices = rst_slice_count(network, examples);
  RST_TRY(reserve_sums(network, rst_part_count(slices)));
  return network->whole ? reserve_slices(network, slices) : RST_OK;
}

bool rst_network_has_room(const struct rst_network *network, size_t examples) {
  const size_t slices = rst_slice_count(network, examples);
  const double size = (double)(RST_MAPS * network->maps + network->notes) * RST_LANE_BYTES;
  return !network->whole || network->work->slice_count >= slices || size * (double)slices <= most_kept;
}

static void free_kept(struct rst_network_work *work) {
  for (size_t i = 0; i < work->kept_count; ++i) {
    work->kept[i].maps[RST_TANGENTS] = NULL;
    work->kept[i].maps[RST_ADJOINT_TANGENTS] = NULL;
    free_slice(&work->kept[i]);
  }
  free(work->kept);
  work->kept = NULL;
  work->kept_count = 0;
}

/* Room for the values and adjoints of a linearisation; there may be none. */
static enum rst_status make_kept(const struct rst_network *network, size_t count) {
  struct rst_network_work *work = network->work;
  RST_TRY(RST_NEW(network->context, count, &work->kept));
  while (work->kept_count < count) {
    struct rst_slice *slice = &work->kept[work->kept_count++];
    RST_TRY(allocate_slice(network, RST_TANGENTS, slice));
    if (network->whole) {
      slice->maps[RST_TANGENTS] = work->slices[work->kept_count - 1].maps[RST_TANGENTS];
      slice->maps[RST_ADJOINT_TANGENTS] = work->slices[work->kept_count - 1].maps[RST_ADJOINT_TANGENTS];
    }
  }
  return RST_OK;
}

bool rst_network_keep(const struct rst_network *network, size_t slices) {
  struct rst_network_work *work = network->work;
  const double size =
      (2.0 * (double)network->maps + (double)network->notes) * RST_LANE_BYTES * (double)slices;
  if (work->kept_count >= slices) {
    return true;
  }
  free_kept(work);
  if (size > most_kept || make_kept(network, slices) != RST_OK) {
    free_kept(work);
    return false;
  }
  return true;
}

void rst_network_work_destroy(struct rst_network *network) {
  struct rst_network_work *work = network->work;
  if (work) {
    for (size_t i = 0; i < work->worker_count; ++i) {
      free_slice(&work->workers[i].slice);
      free(work->workers[i].slice.scratch);
      rst_field_destroy(&work->workers[i].rows);
    }
    for (size_t i = 0; i < work->slice_count; ++i) {
      free_slice(&work->slices[i]);
    }
    free_kept(work);
    free(work->workers);
    free(work->slices);
    free(work->sums);
    free(work);
    network->work = NULL;
  }
}
