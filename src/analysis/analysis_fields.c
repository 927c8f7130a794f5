/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_file_parts.h"
#include "hdf5/dataset.h"

enum rst_status rst_analysis_write_scale(struct rst_analysis_writer *writer, const char *name,
                                         const char *long_name, const char *units, size_t count,
                                         const double *values, hid_t *scale) {
  const struct rst_written_variable written = {.variable = {name, long_name, units},
                                               .type = H5T_NATIVE_DOUBLE,
                                               .rank = 1,
                                               .dims = {count},
                                               .is_scale = true,
                                               .values = values};
  RST_TRY(rst_variable_write(writer->context, writer->file, &written, scale));
  rst_ids_keep(&writer->scales, *scale);
  return RST_OK;
}

/* A scale of the places first + step i. */
enum rst_status rst_analysis_write_places(struct rst_analysis_writer *writer, const char *name,
                                          const char *long_name, const char *units, size_t count,
                                          double first, double step, hid_t *scale) {
  void *memory = NULL;
  double *values = NULL;
  RST_TRY(RST_NEW(writer->context, count, &values));
  for (size_t i = 0; i < count; ++i) {
    values[i] = first + step * (double)i;
  }
  const enum rst_status status =
      rst_analysis_write_scale(writer, name, long_name, units, count, values, scale);
  free(memory);
  return status;
}

/* A field of ny x nx numbers, or a state of as many. */
static enum rst_status write_field(struct rst_analysis_writer *writer, const char *name,
                                   const char *long_name, size_t ny, size_t nx, const struct rst_field *field,
                                   hid_t y, hid_t x) {
  const struct rst_written_variable written = {.variable = {name, long_name, "1"},
                                               .type = H5T_NATIVE_DOUBLE,
                                               .rank = 2,
                                               .dims = {ny, nx},
                                               .scales = {y, x},
                                               .values = field->data};
  return rst_variable_write(writer->context, writer->file, &written, NULL);
}

static enum rst_status write_column(struct rst_analysis_writer *writer, const struct rst_variable *variable,
                                    size_t count, const double *values, hid_t scale) {
  const struct rst_written_variable written = {.variable = *variable,
                                               .type = H5T_NATIVE_DOUBLE,
                                               .rank = 1,
                                               .dims = {count},
                                               .scales = {scale},
                                               .values = values};
  return rst_variable_write(writer->context, writer->file, &written, NULL);
}

/* `values` has room for a column. */
static enum rst_status write_row(struct rst_analysis_writer *writer, const struct rst_quantity *row,
                                 const char *subjects, size_t size, size_t count, double *values,
                                 hid_t *scale) {
  for (size_t i = 0; i < count; ++i) {
    values[i] = rst_quantity_value(row, subjects + i * size);
  }
  const struct rst_variable *variable = &row->variable;
  return *scale < 0 ? rst_analysis_write_scale(writer, variable->name, variable->long_name, variable->units,
                                               count, values, scale)
                    : write_column(writer, variable, count, values, *scale);
}

enum rst_status rst_analysis_write_group(struct rst_analysis_writer *writer, enum rst_analysis_group group,
                                         const void *subjects, size_t size, size_t count, hid_t scale) {
  const struct rst_quantities *table = &rst_analysis_numbers;
  void *values = NULL;
  RST_TRY(rst_allocate(writer->context, count, sizeof(double), &values));
  enum rst_status status = RST_OK;
  for (size_t i = 0; i < table->count && status == RST_OK; ++i) {
    if (table->rows[i].group == (int)group && table->rows[i].variable.name) {
      status = write_row(writer, &table->rows[i], subjects, size, count, values, &scale);
    }
  }
  free(values);
  return status;
}

/* The wave numbers are those of the analysis, evaluated afresh for each index, so that 0 is 0. */
static enum rst_status write_wave_numbers(struct rst_analysis_writer *writer, const char *name,
                                          const char *long_name, size_t count, hid_t *scale) {
  void *memory = NULL;
  double *values = NULL;
  RST_TRY(RST_NEW(writer->context, count, &values));
  for (size_t i = 0; i < count; ++i) {
    values[i] = rst_analysis_wave_number(writer->analysis, count, i);
  }
  const enum rst_status status =
      rst_analysis_write_scale(writer, name, long_name, "radians per unit length", count, values, scale);
  free(memory);
  return status;
}

static enum rst_status write_symbol(struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  hid_t ky = H5I_INVALID_HID;
  hid_t kx = H5I_INVALID_HID;
  if (!analysis->symbol) {
    return RST_OK;
  }
  RST_TRY(write_wave_numbers(writer, "ky", "wave number along y", analysis->symbol->ny, &ky));
  RST_TRY(write_wave_numbers(writer, "kx", "wave number along x", analysis->symbol->nx, &kx));
  RST_TRY(write_field(writer, "amplification", "amplification factor |G(w)| of one step",
                      analysis->symbol->ny, analysis->symbol->nx, analysis->amplification, ky, kx));
  return write_field(writer, "symbol", "Fourier symbol of the gradient, decay included", analysis->symbol->ny,
                     analysis->symbol->nx, analysis->symbol, ky, kx);
}

static enum rst_status write_distribution(struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  hid_t scale = H5I_INVALID_HID;
  if (analysis->eigenvalue_count > 0) {
    RST_TRY(rst_analysis_write_places(writer, "eigenvalue", "number of the eigenvalue, ascending", "1",
                                      analysis->eigenvalue_count, 0, 1, &scale));
    const struct rst_variable spectrum = {"spectrum", "eigenvalues of the Hessian, decay included", "1"};
    RST_TRY(write_column(writer, &spectrum, analysis->eigenvalue_count, analysis->eigenvalues, scale));
  }
  if (analysis->density_count > 0) {
    RST_TRY(rst_analysis_write_scale(writer, "abscissa", "eigenvalue of the Hessian, decay included", "1",
                                     analysis->density_count, analysis->abscissae, &scale));
    const struct rst_variable density = {"density", "density of eigenvalues, its integral is 1", "1"};
    RST_TRY(write_column(writer, &density, analysis->density_count, analysis->density, scale));
  }
  return RST_OK;
}

static enum rst_status write_state(struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_state_spectrum *spectrum = analysis->linear ? &analysis->spectrum
                                              : analysis->minimum >= 0
                                                  ? &analysis->points[analysis->minimum].spectrum
                                                  : NULL;
  hid_t y = H5I_INVALID_HID;
  hid_t x = H5I_INVALID_HID;
  RST_TRY(rst_analysis_write_places(writer, "y", "position along y", "1", analysis->ny, 0, analysis->spacing,
                                    &y));
  RST_TRY(rst_analysis_write_places(writer, "x", "position along x", "1", analysis->nx, 0, analysis->spacing,
                                    &x));
  if (spectrum) {
    RST_TRY(write_field(writer, "eigenvector_max", "unit eigenvector of the largest eigenvalue", analysis->ny,
                        analysis->nx, spectrum->vector_max, y, x));
    RST_TRY(write_field(writer, "eigenvector_min", "unit eigenvector of the smallest eigenvalue",
                        analysis->ny, analysis->nx, spectrum->vector_min, y, x));
  }
  return analysis->point_count > 0 ? rst_analysis_write_points(writer, y, x) : RST_OK;
}

enum rst_status rst_analysis_write_fields(struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  RST_TRY(write_symbol(writer));
  RST_TRY(write_state(writer));
  RST_TRY(write_distribution(writer));
  return analysis->refinement_count == 0
             ? RST_OK
             : rst_analysis_write_group(writer, RST_ANALYSIS_REFINEMENT, analysis->refinements,
                                        sizeof *analysis->refinements, analysis->refinement_count,
                                        H5I_INVALID_HID);
}
