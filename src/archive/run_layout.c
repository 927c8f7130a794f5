/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <string.h>

#include "archive/run_file_parts.h"
#include "hdf5/dataset.h"

enum { ROWS_PER_CHUNK = 1024, FEWEST_ROWS_PER_CHUNK = 64, DEFLATE_LEVEL = 1 };

hid_t rst_run_file_type(const struct rst_run_file *file) {
  return file->precision == RST_PRECISION_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

/* Rows of fields are chunks of their own, compressed; columns are not compressed, because their last chunk is
 * written again at every flush, and hold all members, which come together. */
static void choose_chunk(const struct rst_growing *growing, hsize_t chunk[RST_GROWING_RANK]) {
  memcpy(chunk, growing->dims, RST_GROWING_RANK * sizeof *chunk);
  if (growing->rank == RST_GROWING_RANK) {
    chunk[0] = 1;
  } else if (growing->rank == 1) {
    chunk[0] = growing->rows > 0 ? growing->rows : ROWS_PER_CHUNK;
  } else {
    const hsize_t rows = ROWS_PER_CHUNK / chunk[0];
    chunk[1] = rows > FEWEST_ROWS_PER_CHUNK ? rows : FEWEST_ROWS_PER_CHUNK;
  }
}

/* Times of objects would make equal runs differ. */
static bool set_properties(hid_t properties, const struct rst_growing *growing) {
  hsize_t chunk[RST_GROWING_RANK];
  choose_chunk(growing, chunk);
  bool done =
      H5Pset_obj_track_times(properties, false) >= 0 && H5Pset_chunk(properties, growing->rank, chunk) >= 0;
  if (growing->rank == RST_GROWING_RANK) {
    done = done && H5Pset_shuffle(properties) >= 0 && H5Pset_deflate(properties, DEFLATE_LEVEL) >= 0;
  }
  return done;
}

static hid_t make_space(const struct rst_growing *growing) {
  hsize_t largest[RST_GROWING_RANK];
  for (int axis = 0; axis < RST_GROWING_RANK; ++axis) {
    largest[axis] = growing->dims[axis] > 0 ? growing->dims[axis] : H5S_UNLIMITED;
  }
  return H5Screate_simple(growing->rank, growing->dims, largest);
}

static bool describe(hid_t made, const struct rst_growing *growing) {
  bool done = rst_hdf5_set_text(made, "long_name", growing->variable.long_name, 0) &&
              rst_hdf5_set_text(made, "units", growing->variable.units, 0);
  if (growing->is_scale) {
    const char *slash = strrchr(growing->variable.name, '/');
    done = done && H5DSset_scale(made, slash ? slash + 1 : growing->variable.name) >= 0;
  }
  for (int axis = 0; done && !growing->is_scale && axis < growing->rank; ++axis) {
    done = H5DSattach_scale(made, growing->scales[axis], (unsigned)axis) >= 0;
  }
  return done;
}

enum rst_status rst_growing_write(struct rst_run_file *file, struct rst_ids *ids,
                                  const struct rst_growing *growing, hid_t *made) {
  const hid_t properties = rst_ids_keep(ids, H5Pcreate(H5P_DATASET_CREATE));
  const hid_t space = rst_ids_keep(ids, make_space(growing));
  const bool ready = set_properties(properties, growing);
  *made = ready ? H5Dcreate2(file->file, growing->variable.name, growing->type, space, H5P_DEFAULT,
                             properties, H5P_DEFAULT)
                : H5I_INVALID_HID;
  RST_HDF5(file->context, rst_ids_keep(ids, *made) >= 0 && describe(*made, growing), "%s: /%s cannot be made",
           file->path, growing->variable.name);
  return RST_OK;
}

static enum rst_status make_scale(struct rst_run_file *file, struct rst_ids *ids,
                                  const struct rst_variable *variable, hid_t type, size_t count,
                                  const void *values, hid_t *scale) {
  const struct rst_written_variable written = {
      .variable = *variable, .type = type, .rank = 1, .dims = {count}, .is_scale = true, .values = values};
  RST_TRY(rst_variable_write(file->context, file->file, &written, scale));
  rst_ids_keep(ids, *scale);
  return RST_OK;
}

/* A scale of `count` values, first + i * step. */
static enum rst_status make_axis(struct rst_run_file *file, struct rst_ids *ids,
                                 const struct rst_variable *variable, size_t count, double first, double step,
                                 hid_t *scale) {
  void *positions = NULL;
  RST_TRY(rst_allocate(file->context, count, sizeof(double), &positions));
  for (size_t i = 0; i < count; ++i) {
    ((double *)positions)[i] = first + step * (double)i;
  }
  const enum rst_status status = make_scale(file, ids, variable, H5T_NATIVE_DOUBLE, count, positions, scale);
  free(positions);
  return status;
}

struct scales {
  hid_t time, y, x, ky, kx, iteration, twin, exponent;
};

void rst_run_file_wave_numbers(const struct rst_run_file *file, size_t n, double *first, double *step) {
  const double turn = 6.28318530717958647693;
  const size_t below_zero = n / 2;
  *step = turn / (file->spacing * (double)n);
  *first = -*step * (double)below_zero;
}

static enum rst_status make_axes(struct rst_run_file *file, struct rst_ids *ids, struct scales *scales) {
  const struct rst_variable y = {"y", "position along y", "1"};
  const struct rst_variable x = {"x", "position along x", "1"};
  const struct rst_variable ky = {"ky", "angular wave number along y", "1"};
  const struct rst_variable kx = {"kx", "angular wave number along x", "1"};
  RST_TRY(make_axis(file, ids, &y, file->ny, 0.0, file->spacing, &scales->y));
  RST_TRY(make_axis(file, ids, &x, file->nx, 0.0, file->spacing, &scales->x));
  if (!file->has_wave_numbers) {
    return RST_OK;
  }
  double first = 0.0;
  double step = 0.0;
  rst_run_file_wave_numbers(file, file->ny, &first, &step);
  RST_TRY(make_axis(file, ids, &ky, file->ny, first, step, &scales->ky));
  rst_run_file_wave_numbers(file, file->nx, &first, &step);
  return make_axis(file, ids, &kx, file->nx, first, step, &scales->kx);
}

/* Labels have variable length, as netCDF's strings do. */
static enum rst_status make_twins(struct rst_run_file *file, struct rst_ids *ids,
                                  const struct rst_run_layout *layout, hid_t *scale) {
  const struct rst_variable variable = {"twin", "what the twin differs in: its divisor, precision or ulp",
                                        "1"};
  const hid_t type = rst_hdf5_label_type(ids);
  return make_scale(file, ids, &variable, type, layout->twin_count, layout->twins, scale);
}

static enum rst_status make_exponents(struct rst_run_file *file, struct rst_ids *ids, hid_t *scale) {
  const struct rst_variable variable = {"exponent", "number of the Lyapunov exponent, the largest first",
                                        "1"};
  int64_t numbers[RST_TANGENT_MOST];
  RST_REQUIRE(file->context, file->exponent_count <= RST_TANGENT_MOST, RST_ERROR_ARGUMENT,
              "%s: %zu exponents; there can be %d", file->path, file->exponent_count, RST_TANGENT_MOST);
  for (size_t i = 0; i < file->exponent_count; ++i) {
    numbers[i] = (int64_t)i + 1;
  }
  return make_scale(file, ids, &variable, H5T_NATIVE_INT64, file->exponent_count, numbers, scale);
}

static enum rst_status make_scales(struct rst_run_file *file, const struct rst_run_layout *layout,
                                   struct rst_ids *ids, struct scales *scales) {
  struct rst_growing column = {
      .variable = {"time", "time, the sum of the steps taken", "1"},
      .type = H5T_NATIVE_DOUBLE,
      .rank = 1,
      .is_scale = true,
  };
  RST_TRY(rst_growing_write(file, ids, &column, &scales->time));
  RST_TRY(make_axes(file, ids, scales));
  column.variable = (struct rst_variable){"iteration", "number of updates done", "1"};
  column.type = H5T_NATIVE_INT64;
  RST_TRY(rst_growing_write(file, ids, &column, &scales->iteration));
  column.variable = (struct rst_variable){"step", "number of updates done before the snapshot", "1"};
  column.is_scale = false;
  column.scales[0] = scales->time;
  hid_t step = H5I_INVALID_HID;
  RST_TRY(rst_growing_write(file, ids, &column, &step));
  if (layout->twin_count > 0) {
    RST_TRY(make_twins(file, ids, layout, &scales->twin));
  }
  return layout->exponent_count > 0 ? make_exponents(file, ids, &scales->exponent) : RST_OK;
}

static enum rst_status make_variable(struct rst_run_file *file, const struct rst_growing *variable) {
  struct rst_ids ids = {0};
  hid_t made = H5I_INVALID_HID;
  const enum rst_status status = rst_growing_write(file, &ids, variable, &made);
  rst_ids_close(&ids);
  return status;
}

static hid_t scale_of(const struct scales *scales, enum rst_per per) {
  return per == RST_PER_TWIN ? scales->twin : scales->exponent;
}

static enum rst_status make_variables(struct rst_run_file *file, const struct rst_run_layout *layout,
                                      const struct scales *scales) {
  for (size_t i = 0; i < layout->field_count; ++i) {
    const bool in_space = file->field_axes[i] == RST_AXES_SPACE;
    const struct rst_growing field = {
        .variable = layout->fields[i],
        .type = rst_run_file_type(file),
        .rank = RST_GROWING_RANK,
        .dims = {0, file->ny, file->nx},
        .scales = {scales->time, in_space ? scales->y : scales->ky, in_space ? scales->x : scales->kx},
    };
    RST_TRY(make_variable(file, &field));
  }
  for (size_t i = 0; i < layout->scalar_count; ++i) {
    const size_t count = rst_run_file_members(file, file->per[i]);
    struct rst_growing scalar = {.variable = layout->scalars[i],
                                 .type = H5T_NATIVE_DOUBLE,
                                 .rank = count > 0 ? 2 : 1,
                                 .dims = {count},
                                 .scales = {scales->iteration}};
    if (count > 0) {
      scalar.scales[0] = scale_of(scales, file->per[i]);
      scalar.scales[1] = scales->iteration;
    }
    RST_TRY(make_variable(file, &scalar));
  }
  return RST_OK;
}

/* NaN until the run has ended. */
static enum rst_status make_summary(struct rst_run_file *file, const struct rst_variable *variable,
                                    size_t count, hid_t scale) {
  void *values = NULL;
  RST_TRY(rst_allocate(file->context, count, sizeof(double), &values));
  for (size_t i = 0; i < count; ++i) {
    ((double *)values)[i] = NAN;
  }
  const struct rst_written_variable written = {.variable = *variable,
                                               .type = H5T_NATIVE_DOUBLE,
                                               .rank = 1,
                                               .dims = {count},
                                               .scales = {scale},
                                               .values = values};
  const enum rst_status status = rst_variable_write(file->context, file->file, &written, NULL);
  free(values);
  return status;
}

static enum rst_status make_summaries(struct rst_run_file *file, const struct rst_run_layout *layout,
                                      const struct scales *scales) {
  for (size_t i = 0; i < layout->summary_count; ++i) {
    const enum rst_per per = layout->summary_per[i];
    RST_TRY(
        make_summary(file, &layout->summaries[i], rst_run_file_members(file, per), scale_of(scales, per)));
  }
  return RST_OK;
}

enum rst_status rst_run_layout_write(struct rst_run_file *file, const struct rst_run_layout *layout) {
  struct rst_ids ids = {0};
  struct scales scales = {0};
  enum rst_status status = make_scales(file, layout, &ids, &scales);
  if (status == RST_OK) {
    status = make_variables(file, layout, &scales);
  }
  if (status == RST_OK) {
    status = make_summaries(file, layout, &scales);
  }
  rst_ids_close(&ids);
  return status;
}

static enum rst_status open_dataset(const struct rst_run_file *file, const char *name, hid_t *growing) {
  *growing = H5Dopen2(file->file, name, H5P_DEFAULT);
  RST_HDF5(file->context, *growing >= 0, "%s: /%s cannot be opened", file->path, name);
  return RST_OK;
}

enum rst_status rst_run_layout_open(struct rst_run_file *file) {
  RST_TRY(open_dataset(file, "time", &file->time.dataset));
  RST_TRY(open_dataset(file, "step", &file->step.dataset));
  RST_TRY(open_dataset(file, "iteration", &file->iteration.dataset));
  for (size_t i = 0; i < file->field_count + file->scalar_count + file->summary_count; ++i) {
    RST_TRY(open_dataset(file, file->names[i], &file->datasets[i]));
  }
  return RST_OK;
}
