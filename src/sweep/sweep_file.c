/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "archive/atomic_file.h"
#include "core/core.h"
#include "core/text.h"
#include "hdf5/dataset.h"
#include "hdf5/flags.h"
#include "sweep/sweep_file_parts.h"

struct writer {
  struct rst_context *context;
  const struct rst_sweep_table *table;
  hid_t file, scales[RST_SWEEP_MOST_AXES], sample;
};

static enum rst_status write_axes(struct writer *writer) {
  const struct rst_sweep_table *table = writer->table;
  for (size_t i = 0; i < table->axis_count; ++i) {
    const struct rst_sweep_scale *axis = &table->axes[i];
    const struct rst_written_variable scale = {.variable = {axis->name, axis->long_name, "1"},
                                               .type = H5T_NATIVE_DOUBLE,
                                               .rank = 1,
                                               .dims = {axis->count},
                                               .is_scale = true,
                                               .values = axis->values};
    RST_TRY(rst_variable_write(writer->context, writer->file, &scale, &writer->scales[i]));
  }
  return RST_OK;
}

static enum rst_status write_sample_axis(struct writer *writer) {
  const struct rst_sweep_table *table = writer->table;
  int64_t *updates = NULL;
  RST_TRY(RST_NEW(writer->context, table->samples, &updates));
  for (size_t i = 0; i < table->samples; ++i) {
    updates[i] = table->burn_in + 1 + (int64_t)i;
  }
  const struct rst_written_variable scale = {.variable = {"sample", "updates before the sampled state", "1"},
                                             .type = H5T_NATIVE_INT64,
                                             .rank = 1,
                                             .dims = {table->samples},
                                             .is_scale = true,
                                             .values = updates};
  const enum rst_status status = rst_variable_write(writer->context, writer->file, &scale, &writer->sample);
  free(updates);
  return status;
}

/* Give a dataset the axes of the grid, without that of lr if so wanted. */
static void spread(const struct writer *writer, bool without_lr, struct rst_written_variable *written) {
  const struct rst_sweep_table *table = writer->table;
  for (size_t i = 0; i < table->axis_count; ++i) {
    if (!without_lr || (int)i != table->lr_axis) {
      written->dims[written->rank] = table->axes[i].count;
      written->scales[written->rank] = writer->scales[i];
      written->rank += 1;
    }
  }
}

static enum rst_status write_curve(const struct writer *writer, const struct rst_variable *variable,
                                   const double *values) {
  struct rst_written_variable written = {.variable = *variable, .type = H5T_NATIVE_DOUBLE, .values = values};
  spread(writer, true, &written);
  return rst_variable_write(writer->context, writer->file, &written, NULL);
}

static enum rst_status write_column(const struct writer *writer, const struct rst_sweep_column *column) {
  struct rst_written_variable written = {.variable = column->variable,
                                         .type = rst_sweep_column_type(column),
                                         .values = rst_sweep_column_values(column, writer->table)};
  hid_t made = H5I_INVALID_HID;
  spread(writer, false, &written);
  if (column->sampled) {
    written.dims[written.rank] = writer->table->samples;
    written.scales[written.rank] = writer->sample;
    written.rank += 1;
  }
  RST_TRY(rst_variable_write(writer->context, writer->file, &written, &made));
  const enum rst_status status =
      column->numbers == RST_SWEEP_FLAGS
          ? rst_flags_write(writer->context, made, column->none, column->meanings())
          : RST_OK;
  H5Idec_ref(made);
  return status;
}

static enum rst_status write_title(const struct writer *writer) {
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
  char *title = rst_text_take(&text);
  RST_REQUIRE(writer->context, title, RST_ERROR_MEMORY, "memory is exhausted");
  const bool written = rst_hdf5_set_text(writer->file, "title", title, 0);
  free(title);
  RST_HDF5(writer->context, written, "the title cannot be written");
  return RST_OK;
}

static bool is_known(const struct rst_sweep_table *table, const double *curve) {
  size_t i = 0;
  while (i < table->limits && isnan(curve[i])) {
    ++i;
  }
  return i < table->limits;
}

/* What sweeps alone have. */
static enum rst_status write_attributes_and_limits(const struct writer *writer) {
  const struct rst_sweep_table *table = writer->table;
  struct rst_variable lo = {
      "lr_lo", "theory: largest learning rate that is stable at the minimum of the descent", "1"};
  struct rst_variable hi = {"lr_hi", "theory: largest learning rate at which what is linear alone is stable",
                            "1"};
  if (!is_known(table, table->lr_lo) && !is_known(table, table->lr_hi)) {
    lo.long_name = "no theory: largest learning rate that is stable at the minimum of the descent";
    hi.long_name = "no theory: largest learning rate at which what is linear alone is stable";
  }
  const int64_t sizes[] = {(int64_t)table->patches, (int64_t)table->rank, (int64_t)table->refine};
  const bool written = rst_hdf5_set_text(writer->file, "engine", table->engine, 0) &&
                       rst_hdf5_set_numbers(writer->file, "patches", H5T_NATIVE_INT64, &sizes[0], 0) &&
                       rst_hdf5_set_numbers(writer->file, "rank", H5T_NATIVE_INT64, &sizes[1], 0) &&
                       rst_hdf5_set_numbers(writer->file, "refine", H5T_NATIVE_INT64, &sizes[2], 0);
  RST_HDF5(writer->context, written, "the attributes of the file cannot be written");
  RST_TRY(write_curve(writer, &lo, table->lr_lo));
  return write_curve(writer, &hi, table->lr_hi);
}

static enum rst_status write_data(struct writer *writer) {
  const struct rst_sweep_table *table = writer->table;
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  RST_TRY(write_title(writer));
  RST_TRY(write_axes(writer));
  RST_TRY(table->samples > 0 ? write_sample_axis(writer) : write_attributes_and_limits(writer));
  for (size_t i = 0; i < count; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], table)) {
      RST_TRY(write_column(writer, &columns[i]));
    }
  }
  return table->boxes.sizes > 0 ? rst_sweep_boxes_write(writer->context, writer->file, &table->boxes)
                                : RST_OK;
}

static enum rst_status write_content(void *user, hid_t file) {
  struct writer *writer = user;
  writer->file = file;
  const enum rst_status status = write_data(writer);
  H5Idec_ref(writer->sample);
  for (size_t i = writer->table->axis_count; i-- > 0;) {
    H5Idec_ref(writer->scales[i]);
  }
  return status;
}

enum rst_status rst_sweep_file_write(struct rst_context *context, const char *path,
                                     const struct rst_sweep_table *table,
                                     const struct rst_provenance *provenance, const char *exit_reason,
                                     double wall_seconds) {
  struct writer writer = {.context = context, .table = table, .sample = H5I_INVALID_HID};
  for (size_t i = 0; i < table->axis_count; ++i) {
    writer.scales[i] = H5I_INVALID_HID;
  }
  const struct rst_atomic_file whole = {.provenance = provenance,
                                        .exit_reason = exit_reason,
                                        .wall_seconds = wall_seconds,
                                        .write = write_content,
                                        .user = &writer};
  RST_TRY(rst_atomic_file_write(context, path, &whole));
  const bool is_plane = table->axis_count == 2 && table->samples == 0;
  return is_plane ? rst_sweep_xdmf_write(context, table, path) : RST_OK;
}
