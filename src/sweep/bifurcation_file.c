/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/bifurcation_file.h"

#include <math.h>
#include <stdio.h>

#include "archive/atomic_file.h"
#include "hdf5/dataset.h"
#include "hdf5/flags.h"
#include "hdf5/support.h"

/* A dataset over (parameter) or (parameter, sample), and the member of the table that holds its values. */
struct column {
  struct rst_variable variable;
  hid_t type;
  bool sampled;
  void *values;
};

enum { COLUMNS = RST_ORBIT_OBSERVABLES + 7 };

const char *rst_step_parameter_name(enum rst_step_parameter parameter) {
  return parameter == RST_STEP_LR ? "lr" : "weight_decay";
}

static void list_columns(const struct rst_bifurcation_table *table, struct column columns[COLUMNS]) {
  static const char *const observables[RST_ORBIT_OBSERVABLES] = {
      "data term of the objective", "a = predicted minus given label, mean over images",
      "Euclidean norm of the state", "inner product of the state and a fixed random unit vector"};
  const hid_t real = H5T_NATIVE_DOUBLE;
  const hid_t whole = H5T_NATIVE_INT64;
  const struct column others[] = {
      {{"loss", "objective L at the end of the orbit", "1"}, real, false, table->loss},
      {{"lyapunov", "largest Lyapunov exponent per iteration", "1"}, real, false, table->lyapunov},
      {{"lyapunov_error", "standard error of the exponent", "1"}, real, false, table->lyapunov_error},
      {{"max_growth", "largest local growth factor of all updates", "1"}, real, false, table->max_growth},
      {{"period", "period in iterations, 1 if converged, 0 if none was found", "1"},
       whole,
       false,
       table->period},
      {{"iterations_run", "updates done", "1"}, whole, false, table->iterations_run},
      {{"regime", "what became of the orbit", "1"}, H5T_NATIVE_INT8, false, table->regime},
  };
  for (size_t i = 0; i < RST_ORBIT_OBSERVABLES; ++i) {
    columns[i] = (struct column){
        {rst_orbit_observable_names()[i], observables[i], "1"}, real, true, table->observed[i]};
  }
  for (size_t i = RST_ORBIT_OBSERVABLES; i < COLUMNS; ++i) {
    columns[i] = others[i - RST_ORBIT_OBSERVABLES];
  }
}

static enum rst_status reals(struct rst_context *context, size_t rows, size_t columns, double **values) {
  void *memory = NULL;
  RST_TRY(rst_allocate(context, rows, columns * sizeof **values, &memory));
  *values = memory;
  for (size_t i = 0; i < rows * columns; ++i) {
    (*values)[i] = NAN;
  }
  return RST_OK;
}

static enum rst_status allocate_table(struct rst_context *context, struct rst_bifurcation_table *table) {
  const size_t count = table->count;
  void *memory = NULL;
  for (size_t i = 0; i < RST_ORBIT_OBSERVABLES; ++i) {
    RST_TRY(reals(context, count, table->samples, &table->observed[i]));
  }
  RST_TRY(reals(context, count, 1, &table->values));
  RST_TRY(reals(context, count, 1, &table->loss));
  RST_TRY(reals(context, count, 1, &table->lyapunov));
  RST_TRY(reals(context, count, 1, &table->lyapunov_error));
  RST_TRY(reals(context, count, 1, &table->max_growth));
  RST_TRY(rst_allocate(context, count, sizeof *table->period, &memory));
  table->period = memory;
  RST_TRY(rst_allocate(context, count, sizeof *table->iterations_run, &memory));
  table->iterations_run = memory;
  RST_TRY(rst_allocate(context, count, sizeof *table->regime, &memory));
  table->regime = memory;
  return RST_OK;
}

enum rst_status rst_bifurcation_table_create(struct rst_context *context, const struct rst_case *from,
                                             struct rst_bifurcation_table *table) {
  *table = (struct rst_bifurcation_table){.parameter = from->bifurcation.parameter,
                                          .count = from->bifurcation.count,
                                          .samples = (size_t)from->bifurcation.samples,
                                          .burn_in = from->bifurcation.burn_in};
  const enum rst_status status = allocate_table(context, table);
  if (status != RST_OK) {
    rst_bifurcation_table_clear(table);
    return status;
  }
  for (size_t i = 0; i < table->count; ++i) {
    table->values[i] = rst_scan_value(from->bifurcation.from, from->bifurcation.to, table->count,
                                      from->bifurcation.scale, i);
    table->regime[i] = RST_BIFURCATION_PENDING;
  }
  return RST_OK;
}

void rst_bifurcation_table_clear(struct rst_bifurcation_table *table) {
  for (size_t i = 0; i < RST_ORBIT_OBSERVABLES; ++i) {
    free(table->observed[i]);
  }
  free(table->values);
  free(table->loss);
  free(table->lyapunov);
  free(table->lyapunov_error);
  free(table->max_growth);
  free(table->period);
  free(table->iterations_run);
  free(table->regime);
  *table = (struct rst_bifurcation_table){0};
}

struct writer {
  struct rst_context *context;
  const struct rst_bifurcation_table *table;
  hid_t file, parameter, sample;
};

static enum rst_status write_scales(struct writer *writer) {
  const struct rst_bifurcation_table *table = writer->table;
  struct rst_written_variable scale = {.variable = {rst_step_parameter_name(table->parameter), "", "1"},
                                       .type = H5T_NATIVE_DOUBLE,
                                       .rank = 1,
                                       .dims = {table->count},
                                       .is_scale = true,
                                       .values = table->values};
  scale.variable.long_name = table->parameter == RST_STEP_LR ? "learning rate" : "weight decay";
  RST_TRY(rst_variable_write(writer->context, writer->file, &scale, &writer->parameter));
  void *memory = NULL;
  RST_TRY(rst_allocate(writer->context, table->samples, sizeof(int64_t), &memory));
  int64_t *updates = memory;
  for (size_t i = 0; i < table->samples; ++i) {
    updates[i] = table->burn_in + 1 + (int64_t)i;
  }
  scale.variable = (struct rst_variable){"sample", "updates before the sampled state", "1"};
  scale.type = H5T_NATIVE_INT64;
  scale.dims[0] = table->samples;
  scale.values = updates;
  const enum rst_status status = rst_variable_write(writer->context, writer->file, &scale, &writer->sample);
  free(updates);
  return status;
}

static enum rst_status write_column(const struct writer *writer, const struct column *column) {
  const struct rst_written_variable written = {.variable = column->variable,
                                               .type = column->type,
                                               .rank = column->sampled ? 2 : 1,
                                               .dims = {writer->table->count, writer->table->samples},
                                               .scales = {writer->parameter, writer->sample},
                                               .values = column->values};
  hid_t made = H5I_INVALID_HID;
  RST_TRY(rst_variable_write(writer->context, writer->file, &written, &made));
  const enum rst_status status = column->values == writer->table->regime
                                     ? rst_flags_write(writer->context, made, "pending", rst_regime_names())
                                     : RST_OK;
  H5Idec_ref(made);
  return status;
}

static enum rst_status write_title(const struct writer *writer) {
  const struct rst_bifurcation_table *table = writer->table;
  char title[128];
  size_t done = 0;
  for (size_t i = 0; i < table->count; ++i) {
    done += table->regime[i] != RST_BIFURCATION_PENDING;
  }
  snprintf(title, sizeof title, "bifurcation diagram over %s, %zu of %zu values done",
           rst_step_parameter_name(table->parameter), done, table->count);
  RST_HDF5(writer->context, rst_hdf5_set_text(writer->file, "title", title, 0),
           "the title cannot be written");
  return RST_OK;
}

static enum rst_status write_content(void *user, hid_t file) {
  struct writer *writer = user;
  struct column columns[COLUMNS];
  writer->file = file;
  list_columns(writer->table, columns);
  RST_TRY(write_title(writer));
  enum rst_status status = write_scales(writer);
  for (size_t i = 0; status == RST_OK && i < COLUMNS; ++i) {
    status = write_column(writer, &columns[i]);
  }
  H5Idec_ref(writer->sample);
  H5Idec_ref(writer->parameter);
  return status;
}

enum rst_status rst_bifurcation_file_write(struct rst_context *context, const char *path,
                                           const struct rst_bifurcation_table *table,
                                           const struct rst_provenance *provenance, const char *exit_reason,
                                           double wall_seconds) {
  struct writer writer = {
      .context = context, .table = table, .parameter = H5I_INVALID_HID, .sample = H5I_INVALID_HID};
  const struct rst_atomic_file whole = {.provenance = provenance,
                                        .exit_reason = exit_reason,
                                        .wall_seconds = wall_seconds,
                                        .write = write_content,
                                        .user = &writer};
  return rst_atomic_file_write(context, path, &whole);
}

static enum rst_status read_content(struct rst_context *context, const char *path, hid_t file,
                                    struct rst_bifurcation_table *table, double *wall_seconds,
                                    char **wisdom) {
  const hsize_t dims[2] = {table->count, table->samples};
  struct column columns[COLUMNS];
  list_columns(table, columns);
  for (size_t i = 0; i < COLUMNS; ++i) {
    const struct column *column = &columns[i];
    const char *name = column->variable.name;
    RST_HDF5(context,
             rst_hdf5_read_values(file, name, column->type, column->sampled ? 2 : 1, dims, column->values),
             "%s is no bifurcation diagram of this case: its /%s cannot be used; start again with --force",
             path, name);
  }
  for (size_t i = 0; i < table->count; ++i) {
    RST_REQUIRE(context,
                table->regime[i] >= RST_BIFURCATION_PENDING && table->regime[i] <= RST_REGIME_UNDECIDED,
                RST_ERROR_IO, "%s: the regime %d at value %zu is none; start again with --force", path,
                table->regime[i], i);
  }
  return rst_provenance_read(context, file, path, wall_seconds, wisdom);
}

enum rst_status rst_bifurcation_file_read(struct rst_context *context, const char *path,
                                          struct rst_bifurcation_table *table, double *wall_seconds,
                                          char **wisdom) {
  enum rst_status status = RST_OK;
  *wisdom = NULL;
  H5E_BEGIN_TRY {
    hid_t file = H5I_INVALID_HID;
    status = rst_hdf5_open(context, path, &file);
    if (status == RST_OK) {
      status = read_content(context, path, file, table, wall_seconds, wisdom);
      H5Fclose(file);
    }
  }
  H5E_END_TRY
  return status;
}
