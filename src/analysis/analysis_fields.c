/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_file_parts.h"

enum rst_status rst_analysis_write(const struct rst_analysis_writer *writer,
                                   const struct rst_variable *variable, int rank,
                                   const struct rst_axis *const *axes, const double *values) {
  struct rst_dataset dataset = {.variable = *variable, .rank = rank, .values = values};
  for (int axis = 0; axis < rank; ++axis) {
    dataset.axes[axis] = axes[axis];
  }
  return rst_dataset_write(writer->context, writer->file, &dataset);
}

/* `values` has room for a column. */
static enum rst_status write_column(const struct rst_analysis_writer *writer, const struct rst_quantity *row,
                                    const char *subjects, size_t size, struct rst_axis *axis,
                                    double *values) {
  const struct rst_axis *const axes[] = {axis};
  for (size_t i = 0; i < axis->count; ++i) {
    values[i] = rst_quantity_value(row, subjects + i * size);
  }
  if (axis->variable.name) {
    return rst_analysis_write(writer, &row->variable, 1, axes, values);
  }
  axis->variable = row->variable;
  axis->values = values;
  return rst_axis_write(writer->context, writer->file, axis);
}

enum rst_status rst_analysis_write_group(const struct rst_analysis_writer *writer,
                                         enum rst_analysis_group group, const void *subjects, size_t size,
                                         const struct rst_axis *axis) {
  const struct rst_quantities *table = &rst_analysis_numbers;
  struct rst_axis over = *axis;
  RST_SCOPED double *values = NULL;
  RST_TRY(RST_NEW(writer->context, over.count, &values));
  for (size_t i = 0; i < table->count; ++i) {
    if (table->rows[i].group == (int)group && table->rows[i].variable.name) {
      RST_TRY(write_column(writer, &table->rows[i], subjects, size, &over, values));
    }
  }
  return RST_OK;
}

/* The stored numbers of a group over two axes. */
static enum rst_status write_grid(const struct rst_analysis_writer *writer, enum rst_analysis_group group,
                                  const void *subjects, size_t size, const struct rst_axis *const axes[2]) {
  const struct rst_quantities *table = &rst_analysis_numbers;
  const size_t count = axes[0]->count * axes[1]->count;
  RST_SCOPED double *values = NULL;
  RST_TRY(RST_NEW(writer->context, count, &values));
  for (size_t i = 0; i < table->count; ++i) {
    const struct rst_quantity *quantity = &table->rows[i];
    if (quantity->group != (int)group || !quantity->variable.name) {
      continue;
    }
    for (size_t k = 0; k < count; ++k) {
      values[k] = rst_quantity_value(quantity, (const char *)subjects + k * size);
    }
    RST_TRY(rst_analysis_write(writer, &quantity->variable, 2, axes, values));
  }
  return RST_OK;
}

/* The wave numbers are those of the analysis, evaluated afresh for each index, so that 0 is 0. */
static void list_wave_numbers(const struct rst_analysis *analysis, size_t count, double *values) {
  for (size_t i = 0; i < count; ++i) {
    values[i] = rst_analysis_wave_number(analysis, count, i);
  }
}

static enum rst_status write_symbol(const struct rst_analysis_writer *writer) {
  static const char units[] = "radians per unit length";
  static const struct rst_variable growth = {"amplification", "amplification factor |G(w)| of one step", "1"};
  static const struct rst_variable symbol = {"symbol", "Fourier symbol of the gradient, decay included", "1"};
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_field *shape = analysis->symbol;
  RST_SCOPED double *places = NULL;
  RST_TRY(RST_NEW(writer->context, shape->ny + shape->nx, &places));
  const struct rst_axis ky = {
      .variable = {"ky", "wave number along y", units}, .count = shape->ny, .values = places};
  const struct rst_axis kx = {
      .variable = {"kx", "wave number along x", units}, .count = shape->nx, .values = places + shape->ny};
  const struct rst_axis *const axes[] = {&ky, &kx};
  list_wave_numbers(analysis, shape->ny, places);
  list_wave_numbers(analysis, shape->nx, places + shape->ny);
  RST_TRY(rst_analysis_write(writer, &growth, 2, axes, analysis->amplification->data));
  return rst_analysis_write(writer, &symbol, 2, axes, analysis->symbol->data);
}

static enum rst_status write_distribution(const struct rst_analysis_writer *writer) {
  static const struct rst_variable spectrum = {"spectrum", "eigenvalues of the Hessian, decay included", "1"};
  static const struct rst_variable density = {"density", "density of eigenvalues, its integral is 1", "1"};
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_axis number = {.variable = {"eigenvalue", "number of the eigenvalue, ascending", "1"},
                                  .count = analysis->eigenvalue_count,
                                  .step = 1};
  const struct rst_axis abscissa = {
      .variable = {"abscissa", "eigenvalue of the Hessian, decay included", "1"},
      .count = analysis->density_count,
      .values = analysis->abscissae};
  const struct rst_axis *const axes[] = {&number, &abscissa};
  if (number.count > 0) {
    RST_TRY(rst_analysis_write(writer, &spectrum, 1, &axes[0], analysis->eigenvalues));
  }
  return abscissa.count > 0 ? rst_analysis_write(writer, &density, 1, &axes[1], analysis->density) : RST_OK;
}

struct rst_axis rst_analysis_y(const struct rst_analysis *analysis) {
  return (struct rst_axis){
      .variable = {"y", "position along y", "1"}, .count = analysis->ny, .step = analysis->spacing};
}

struct rst_axis rst_analysis_x(const struct rst_analysis *analysis) {
  return (struct rst_axis){
      .variable = {"x", "position along x", "1"}, .count = analysis->nx, .step = analysis->spacing};
}

/* The axes of the state are there in any case. */
static enum rst_status write_eigenvectors(const struct rst_analysis_writer *writer) {
  static const struct rst_variable max = {"eigenvector_max", "unit eigenvector of the largest eigenvalue",
                                          "1"};
  static const struct rst_variable min = {"eigenvector_min", "unit eigenvector of the smallest eigenvalue",
                                          "1"};
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_state_spectrum *spectrum = analysis->linear ? &analysis->spectrum
                                              : analysis->minimum >= 0
                                                  ? &analysis->points[analysis->minimum].spectrum
                                                  : NULL;
  const struct rst_axis y = rst_analysis_y(analysis);
  const struct rst_axis x = rst_analysis_x(analysis);
  const struct rst_axis *const axes[] = {&y, &x};
  if (spectrum) {
    RST_TRY(rst_analysis_write(writer, &max, 2, axes, spectrum->vector_max->data));
    return rst_analysis_write(writer, &min, 2, axes, spectrum->vector_min->data);
  }
  RST_TRY(rst_axis_write(writer->context, writer->file, &y));
  return rst_axis_write(writer->context, writer->file, &x);
}

static enum rst_status write_layers(const struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  RST_SCOPED const char **names = NULL;
  RST_TRY(RST_NEW(writer->context, analysis->layer_count + 1, &names));
  for (size_t i = 0; i < analysis->layer_count; ++i) {
    names[i] = analysis->layers[i].name;
  }
  const struct rst_axis layer = {.variable = {"layer", "layer with parameters, from the input on", "1"},
                                 .count = analysis->layer_count,
                                 .numbers = RST_NUMBERS_LABELS,
                                 .values = names};
  return rst_analysis_write_group(writer, RST_ANALYSIS_LAYER, analysis->layers, sizeof *analysis->layers,
                                  &layer);
}

static enum rst_status write_variance(const struct rst_analysis_writer *writer) {
  static const struct rst_variable variance = {"stationary_variance", "stationary variance of the state",
                                               "1"};
  const struct rst_axis y = rst_analysis_y(writer->analysis);
  const struct rst_axis x = rst_analysis_x(writer->analysis);
  const struct rst_axis *const axes[] = {&y, &x};
  return rst_analysis_write(writer, &variance, 2, axes, writer->analysis->stationary_variance->data);
}

static enum rst_status write_modes(const struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_axis mode = {.variable = {"mode", "number of the mode, by ascending eigenvalue", "1"},
                                .count = analysis->mode_count,
                                .step = 1};
  const struct rst_axis update = {.variable = {"update", "number of updates done", "1"},
                                  .count = analysis->band_count,
                                  .values = analysis->band_steps};
  const struct rst_axis *const axes[] = {&update, &mode};
  RST_TRY(
      rst_analysis_write_group(writer, RST_ANALYSIS_MODE, analysis->modes, sizeof *analysis->modes, &mode));
  return analysis->bands
             ? write_grid(writer, RST_ANALYSIS_BAND, analysis->bands, sizeof *analysis->bands, axes)
             : RST_OK;
}

static enum rst_status write_current(const struct rst_analysis_writer *writer) {
  static const struct rst_variable q = {"current_q",
                                        "Q of the stationary probability current -Q U x of the weights", "1"};
  static const struct rst_variable u = {"current_u", "U of it, of the stationary density exp(-x'Ux/2)", "1"};
  const struct rst_analysis *analysis = writer->analysis;
  const size_t count = analysis->ny * analysis->nx;
  const struct rst_axis weight = {
      .variable = {"weight", "number of the weight", "1"}, .count = count, .step = 1};
  const struct rst_axis other = {
      .variable = {"other_weight", "number of the weight, the other one", "1"}, .count = count, .step = 1};
  const struct rst_axis *const axes[] = {&weight, &other};
  RST_TRY(rst_analysis_write(writer, &q, 2, axes, analysis->current_q));
  return rst_analysis_write(writer, &u, 2, axes, analysis->current_u);
}

enum rst_status rst_analysis_write_fields(const struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_axis refined = {.count = analysis->refinement_count};
  RST_TRY(analysis->symbol ? write_symbol(writer) : RST_OK);
  RST_TRY(write_eigenvectors(writer));
  RST_TRY(analysis->point_count > 0 ? rst_analysis_write_points(writer) : RST_OK);
  RST_TRY(write_distribution(writer));
  RST_TRY(analysis->layer_count > 0 ? write_layers(writer) : RST_OK);
  RST_TRY(analysis->mode_count > 0 ? write_modes(writer) : RST_OK);
  RST_TRY(analysis->stationary_variance ? write_variance(writer) : RST_OK);
  RST_TRY(analysis->current_q ? write_current(writer) : RST_OK);
  return refined.count > 0 ? rst_analysis_write_group(writer, RST_ANALYSIS_REFINEMENT, analysis->refinements,
                                                      sizeof *analysis->refinements, &refined)
                           : RST_OK;
}
