/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/work_list.h"

#include <math.h>

#include "core/core.h"

/* Places follow the Kronecker sequence of the plastic number p = 1.3247..., the root of p^3 = p + 1: k (1/p, 1/p^2) mod 1
 * fills the unit square evenly at every length (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
 * A place that is taken already gives way to the next free one. */
void rst_sweep_choose_sample(size_t columns, size_t rows, size_t count, int8_t *full) {
  const double steps[] = {0.7548776662466927, 0.5698402909980532};
  const size_t points = columns * rows;
  for (size_t i = 0; i < points; ++i) {
    full[i] = count < points ? RST_SWEEP_UNSAMPLED : RST_SWEEP_SAMPLED;
  }
  for (size_t k = 0; k < count && count < points; ++k) {
    const double x = fmod(0.5 + (double)k * steps[0], 1.0);
    const double y = fmod(0.5 + (double)k * steps[1], 1.0);
    size_t place = (size_t)(y * (double)rows) * columns + (size_t)(x * (double)columns);
    while (full[place] == RST_SWEEP_SAMPLED) {
      place = (place + 1) % points;
    }
    full[place] = RST_SWEEP_SAMPLED;
  }
}

static bool is_due_in_full(const struct rst_work_list *work, size_t point) {
  return work->full && work->full[point] == RST_SWEEP_SAMPLED &&
         work->table->agreement[rst_sweep_coarse_place(work->table, point)] < 0;
}

static bool refines(const struct rst_work_list *work) {
  return work->table->refine > 0 && work->shards == 1;
}

static bool is_done(const struct rst_sweep_table *table, size_t place) {
  return table->regime[place] != RST_SWEEP_PENDING;
}

static void survey_coarse_points(struct rst_work_list *work) {
  struct rst_sweep_table *table = work->table;
  for (size_t i = work->shard; i < rst_sweep_coarse_points(table); i += work->shards) {
    const size_t place = rst_sweep_coarse_place(table, i);
    table->level[place] = 0;
    work->done += is_done(table, place);
    work->left += !is_done(table, place);
    work->full_left += is_due_in_full(work, i);
  }
  work->full_missing = work->full_left;
}

static enum rst_status survey_fine_points(struct rst_context *context, struct rst_work_list *work) {
  const struct rst_sweep_table *table = work->table;
  RST_TRY(rst_sweep_refine(context, work->table, &work->wanted));
  work->left += work->wanted.count;
  work->done = 0;
  for (size_t i = 0; i < table->points; ++i) {
    work->done += is_done(table, i);
  }
  return RST_OK;
}

enum rst_status rst_work_list_create(struct rst_context *context, struct rst_sweep_table *table, size_t shard,
                                     size_t shards, size_t sample, struct rst_work_list *work) {
  *work = (struct rst_work_list){
      .table = table, .shard = shard, .shards = shards > 1 ? shards : 1, .next = shard, .next_full = shard};
  RST_REQUIRE(context, shard < work->shards, RST_ERROR_ARGUMENT,
              "there is no shard %zu of %zu; they are counted from 0", shard, work->shards);
  if (sample > 0) {
    RST_TRY(RST_NEW(context, rst_sweep_coarse_points(table), &work->full));
    const size_t columns = rst_sweep_coarse_count(table, table->columns);
    rst_sweep_choose_sample(columns, rst_sweep_coarse_points(table) / columns, sample, work->full);
  }
  survey_coarse_points(work);
  return refines(work) ? survey_fine_points(context, work) : RST_OK;
}

void rst_work_list_clear(struct rst_work_list *work) {
  free(work->wanted.places);
  free(work->full);
  *work = (struct rst_work_list){0};
}

/* Large blocks cost least, and equal shares end at the same time. A batch takes as long as one of its points. */
static size_t block_size(const struct rst_work_list *work, size_t batch, size_t workers) {
  const size_t most = batch > 1 ? 16 : 1;
  const size_t share = (work->left + workers - 1) / workers;
  const size_t batches = share / (2 * batch);
  const size_t size = share <= batch ? share : batch * (batches < 1 ? 1 : batches > most ? most : batches);
  const size_t largest = rst_sweep_block_most(work->table->samples);
  return size < largest ? size : largest;
}

static void add(const struct rst_sweep_table *table, size_t place, struct rst_sweep_block *block) {
  block->variant = rst_sweep_table_variant(table, place);
  block->index[block->count] = place;
  block->lr[block->count] = rst_sweep_table_lr(table, place);
  block->weight_decay[block->count] = rst_sweep_table_weight_decay(table, place);
  block->count += 1;
}

static void take_points(struct rst_work_list *work, size_t size, struct rst_sweep_block *block) {
  const size_t coarse = rst_sweep_coarse_points(work->table);
  for (; block->count < size && work->next < coarse; work->next += work->shards) {
    const size_t place = rst_sweep_coarse_place(work->table, work->next);
    if (!is_done(work->table, place)) {
      if (block->count > 0 && rst_sweep_table_variant(work->table, place) != block->variant) {
        break;
      }
      add(work->table, place, block);
    }
  }
  while (block->count < size && work->wanted.count > 0) {
    add(work->table, work->wanted.places[--work->wanted.count], block);
  }
  work->left -= block->count;
  work->underway += block->count;
}

static void take_in_full(struct rst_work_list *work, struct rst_sweep_block *block) {
  for (; block->count == 0 && work->full_left > 0; work->next_full += work->shards) {
    if (is_due_in_full(work, work->next_full)) {
      add(work->table, rst_sweep_coarse_place(work->table, work->next_full), block);
      work->full_left -= 1;
    }
  }
}

void rst_work_list_take(struct rst_work_list *work, size_t batch, size_t workers,
                        struct rst_sweep_block *block, bool *more) {
  block->count = 0;
  block->full = work->left == 0;
  if (block->full) {
    take_in_full(work, block);
  } else {
    take_points(work, block_size(work, batch, workers), block);
  }
  *more = block->count == 0 && refines(work) && work->underway > 0;
}

static void compare(struct rst_work_list *work, size_t place) {
  struct rst_sweep_table *table = work->table;
  const size_t point = rst_sweep_coarse_point(table, place);
  if (work->full && point != SIZE_MAX && work->full[point] >= 0 && is_done(table, place)) {
    const enum rst_regime full = (enum rst_regime)work->full[point];
    table->agreement[place] = rst_regime_agrees(full, (enum rst_regime)table->regime[place]) ? 1 : 0;
    work->full_missing -= 1;
  }
}

enum rst_status rst_work_list_enter(struct rst_context *context, struct rst_work_list *work,
                                    const struct rst_sweep_block *block,
                                    const struct rst_orbit_summary *points, const double *observed) {
  const size_t numbers = RST_ORBIT_OBSERVABLES * work->table->samples;
  for (size_t i = 0; i < block->count; ++i) {
    const size_t place = block->index[i];
    if (block->full) {
      work->full[rst_sweep_coarse_point(work->table, place)] = (int8_t)points[i].regime;
    } else {
      rst_sweep_table_enter(work->table, place, &points[i], numbers > 0 ? observed + i * numbers : NULL);
      work->underway -= 1;
      work->done += 1;
    }
    compare(work, place);
  }
  for (size_t i = 0; i < block->count && refines(work) && !block->full; ++i) {
    const size_t before = work->wanted.count;
    RST_TRY(rst_sweep_refine_around(context, work->table, block->index[i], &work->wanted));
    work->left += work->wanted.count - before;
  }
  return RST_OK;
}
