/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "archive/atomic_file.h"
#include "core/core.h"
#include "core/text.h"
#include "sweep/sweep_file_parts.h"

struct rst_sweep_file_axes rst_sweep_file_axes(const struct rst_sweep_table *table) {
  struct rst_sweep_file_axes axes = {
      .sample = {.variable = {"sample", "updates before the sampled state", "1"},
                 .count = table->samples,
                 .numbers = RST_NUMBERS_INT64,
                 .first = (double)table->burn_in + 1,
                 .step = 1}};
  for (size_t i = 0; i < table->axis_count; ++i) {
    const struct rst_sweep_scale *scale = &table->axes[i];
    axes.grid[i] = (struct rst_axis){
        .variable = {scale->name, scale->long_name, "1"}, .count = scale->count, .values = scale->values};
  }
  return axes;
}

/* Give a dataset the axes of the grid, without that of lr if so wanted. */
static void spread(const struct rst_sweep_table *table, const struct rst_sweep_file_axes *axes,
                   bool without_lr, struct rst_dataset *dataset) {
  for (size_t i = 0; i < table->axis_count; ++i) {
    if (!without_lr || (int)i != table->lr_axis) {
      dataset->axes[dataset->rank++] = &axes->grid[i];
    }
  }
}

struct rst_dataset rst_sweep_column_dataset(const struct rst_sweep_table *table,
                                            const struct rst_sweep_file_axes *axes,
                                            const struct rst_sweep_column *column) {
  struct rst_dataset dataset = {.variable = column->variable,
                                .numbers = column->numbers,
                                .values = rst_sweep_column_values(column, table)};
  spread(table, axes, false, &dataset);
  if (column->where & RST_SWEEP_SAMPLED) {
    dataset.axes[dataset.rank++] = &axes->sample;
  }
  if (column->meanings) {
    dataset.flags = (struct rst_flags){column->none, column->meanings()};
  }
  return dataset;
}

/* Some schemes have no thresholds. */
static bool has_theory(const struct rst_sweep_table *table) {
  for (size_t i = 0; i < table->limits; ++i) {
    if (!isnan(table->lr_lo[i]) || !isnan(table->lr_hi[i])) {
      return true;
    }
  }
  return false;
}

struct rst_dataset rst_sweep_curve_dataset(const struct rst_sweep_table *table,
                                           const struct rst_sweep_file_axes *axes, int curve) {
  static const struct rst_variable variables[][2] = {
      {{"lr_lo", "local limit of the learning rate at the minimum that decides", "1"},
       {"lr_hi", "limit of the learning rate by decay and regulariser alone", "1"}},
      {{"lr_lo", "no theory: local limit of the learning rate at the minimum that decides", "1"},
       {"lr_hi", "no theory: limit of the learning rate by decay and regulariser alone", "1"}}};
  struct rst_dataset dataset = {.variable = variables[!has_theory(table)][curve],
                                .values = curve == RST_SWEEP_LR_LO ? table->lr_lo : table->lr_hi};
  spread(table, axes, true, &dataset);
  return dataset;
}

struct writer {
  struct rst_context *context;
  const struct rst_sweep_table *table;
};

static enum rst_status write_summary(const struct writer *writer, hid_t file) {
  const struct rst_sweep_table *table = writer->table;
  const bool is_plane = table->axis_count == 2 && table->lr_axis >= 0 && table->weight_decay_axis >= 0;
  struct rst_text text = {0};
  size_t done = 0;
  for (size_t i = 0; i < table->points; ++i) {
    done += table->regime[i] != RST_SWEEP_PENDING;
  }
  rst_text_add(&text, "%s", table->samples > 0 ? "bifurcation diagram over " : "sweep over ");
  if (is_plane) {
    rst_text_add(&text, "learning rates and weight decays");
  }
  for (size_t i = 0; i < table->axis_count && !is_plane; ++i) {
    rst_text_add(&text, "%s%s", i > 0 ? ", " : "", table->axes[i].name);
  }
  rst_text_add(&text, ", %zu of %zu %s done", done, table->points, table->samples > 0 ? "values" : "points");
  RST_SCOPED char *summary = rst_text_take(&text);
  RST_REQUIRE(writer->context, summary, RST_ERROR_MEMORY, "memory is exhausted");
  RST_HDF5(writer->context, rst_hdf5_set_text(file, "summary", summary, 0), "the summary cannot be written");
  return RST_OK;
}

static enum rst_status write_attributes(const struct writer *writer, hid_t file) {
  const struct rst_sweep_table *table = writer->table;
  const int64_t sizes[] = {(int64_t)table->patches, (int64_t)table->rank, (int64_t)table->refine};
  const bool written = rst_hdf5_set_text(file, "engine", table->engine, 0) &&
                       rst_hdf5_set_numbers(file, "patches", H5T_NATIVE_INT64, &sizes[0], 0) &&
                       rst_hdf5_set_numbers(file, "rank", H5T_NATIVE_INT64, &sizes[1], 0) &&
                       rst_hdf5_set_numbers(file, "refine", H5T_NATIVE_INT64, &sizes[2], 0);
  RST_HDF5(writer->context, written, "the attributes of the file cannot be written");
  return RST_OK;
}

static enum rst_status write_curves(const struct writer *writer, hid_t file,
                                    const struct rst_sweep_file_axes *axes) {
  for (int curve = 0; curve < RST_SWEEP_CURVES; ++curve) {
    const struct rst_dataset dataset = rst_sweep_curve_dataset(writer->table, axes, curve);
    RST_TRY(rst_dataset_write(writer->context, file, &dataset));
  }
  return RST_OK;
}

/* Whether ParaView can show it. */
static bool is_shown(const struct rst_sweep_table *table) {
  return table->axis_count == 2 && table->samples == 0;
}

static enum rst_status write_content(void *user, hid_t file) {
  const struct writer *writer = user;
  const struct rst_sweep_table *table = writer->table;
  const struct rst_sweep_file_axes axes = rst_sweep_file_axes(table);
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  RST_TRY(write_summary(writer, file));
  if (table->samples == 0) {
    RST_TRY(write_attributes(writer, file));
    RST_TRY(write_curves(writer, file, &axes));
  }
  for (size_t i = 0; i < count; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], table)) {
      const struct rst_dataset dataset = rst_sweep_column_dataset(table, &axes, &columns[i]);
      RST_TRY(rst_dataset_write(writer->context, file, &dataset));
    }
  }
  if (table->boxes.sizes > 0) {
    RST_TRY(rst_sweep_boxes_write(writer->context, file, &table->boxes));
  }
  return is_shown(table) ? rst_sweep_vtkhdf_write(writer->context, file, table) : RST_OK;
}

enum rst_status rst_sweep_file_write(struct rst_context *context, const char *path,
                                     const struct rst_sweep_table *table,
                                     const struct rst_provenance *provenance, const char *exit_reason,
                                     double wall_seconds) {
  struct writer writer = {context, table};
  struct rst_provenance origin = *provenance;
  origin.levels = table->levels;
  const struct rst_atomic_file whole = {.provenance = &origin,
                                        .exit_reason = exit_reason,
                                        .wall_seconds = wall_seconds,
                                        .write = write_content,
                                        .user = &writer};
  RST_TRY(rst_atomic_file_write(context, path, &whole));
  return is_shown(table) ? rst_sweep_sidecars_write(context, table, path) : RST_OK;
}
