/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "archive/atomic_file.h"
#include "hdf5/dataset.h"
#include "hdf5/flags.h"
#include "sweep/sweep_file_parts.h"

struct writer {
  struct rst_context *context;
  const struct rst_sweep_table *table;
  hid_t file, lr, weight_decay;
};

static enum rst_status write_scales(struct writer *writer) {
  const struct rst_sweep_table *table = writer->table;
  struct rst_written_variable scale = {.variable = {"lr", "learning rate", "1"},
                                       .type = H5T_NATIVE_DOUBLE,
                                       .rank = 1,
                                       .dims = {table->lrs},
                                       .is_scale = true,
                                       .values = table->lr};
  RST_TRY(rst_variable_write(writer->context, writer->file, &scale, &writer->lr));
  scale.variable = (struct rst_variable){"weight_decay", "weight decay", "1"};
  scale.dims[0] = table->weight_decays;
  scale.values = table->weight_decay;
  return rst_variable_write(writer->context, writer->file, &scale, &writer->weight_decay);
}

static enum rst_status write_curve(const struct writer *writer, const struct rst_variable *variable,
                                   const double *values) {
  const struct rst_written_variable written = {.variable = *variable,
                                               .type = H5T_NATIVE_DOUBLE,
                                               .rank = 1,
                                               .dims = {writer->table->weight_decays},
                                               .scales = {writer->weight_decay},
                                               .values = values};
  return rst_variable_write(writer->context, writer->file, &written, NULL);
}

static enum rst_status write_map(const struct writer *writer, const struct rst_sweep_map *map) {
  static const char *const agreements[] = {"different", "same", NULL};
  static const char *const levels[] = {NULL};
  const struct rst_sweep_table *table = writer->table;
  const struct rst_written_variable written = {.variable = map->variable,
                                               .type = map->type,
                                               .rank = 2,
                                               .dims = {table->weight_decays, table->lrs},
                                               .scales = {writer->weight_decay, writer->lr},
                                               .values = map->values};
  hid_t made = H5I_INVALID_HID;
  RST_TRY(rst_variable_write(writer->context, writer->file, &written, &made));
  enum rst_status status = RST_OK;
  if (map->values == table->regime) {
    status = rst_flags_write(writer->context, made, "pending", rst_regime_names());
  } else if (map->values == table->level) {
    status = rst_flags_write(writer->context, made, "filled", levels);
  } else if (map->values == table->agreement) {
    status = rst_flags_write(writer->context, made, "not_compared", agreements);
  }
  H5Idec_ref(made);
  return status;
}

static enum rst_status write_attributes(const struct writer *writer) {
  const struct rst_sweep_table *table = writer->table;
  const size_t count = table->lrs * table->weight_decays;
  const int64_t sizes[] = {(int64_t)table->patches, (int64_t)table->rank, (int64_t)table->refine};
  char title[128];
  size_t done = 0;
  for (size_t i = 0; i < count; ++i) {
    done += table->regime[i] != RST_SWEEP_PENDING;
  }
  snprintf(title, sizeof title, "sweep over learning rates and weight decays, %zu of %zu points done", done,
           count);
  const bool written = rst_hdf5_set_text(writer->file, "title", title, 0) &&
                       rst_hdf5_set_text(writer->file, "engine", table->engine, 0) &&
                       rst_hdf5_set_numbers(writer->file, "patches", H5T_NATIVE_INT64, &sizes[0], 0) &&
                       rst_hdf5_set_numbers(writer->file, "rank", H5T_NATIVE_INT64, &sizes[1], 0) &&
                       rst_hdf5_set_numbers(writer->file, "refine", H5T_NATIVE_INT64, &sizes[2], 0);
  RST_HDF5(writer->context, written, "the attributes of the file cannot be written");
  return RST_OK;
}

static enum rst_status write_data(struct writer *writer) {
  static const struct rst_variable lo = {
      "lr_lo", "theory: largest learning rate that is stable at the minimum of the descent", "1"};
  static const struct rst_variable hi = {
      "lr_hi", "theory: largest learning rate at which what is linear alone is stable", "1"};
  struct rst_sweep_map maps[RST_SWEEP_MAPS];
  rst_sweep_list_maps(writer->table, maps);
  RST_TRY(write_attributes(writer));
  RST_TRY(write_scales(writer));
  RST_TRY(write_curve(writer, &lo, writer->table->lr_lo));
  RST_TRY(write_curve(writer, &hi, writer->table->lr_hi));
  for (size_t i = 0; i < RST_SWEEP_MAPS; ++i) {
    RST_TRY(write_map(writer, &maps[i]));
  }
  return rst_sweep_boxes_write(writer->context, writer->file, &writer->table->boxes);
}

static enum rst_status write_content(void *user, hid_t file) {
  struct writer *writer = user;
  writer->file = file;
  const enum rst_status status = write_data(writer);
  H5Idec_ref(writer->weight_decay);
  H5Idec_ref(writer->lr);
  return status;
}

enum rst_status rst_sweep_file_write(struct rst_context *context, const char *path,
                                     const struct rst_sweep_table *table,
                                     const struct rst_provenance *provenance, const char *exit_reason,
                                     double wall_seconds) {
  struct writer writer = {
      .context = context, .table = table, .lr = H5I_INVALID_HID, .weight_decay = H5I_INVALID_HID};
  const struct rst_atomic_file whole = {.provenance = provenance,
                                        .exit_reason = exit_reason,
                                        .wall_seconds = wall_seconds,
                                        .write = write_content,
                                        .user = &writer};
  RST_TRY(rst_atomic_file_write(context, path, &whole));
  return rst_sweep_xdmf_write(context, table, path);
}
