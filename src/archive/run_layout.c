/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5.h>
#include <hdf5_hl.h>
#include <string.h>

#include "archive/hdf5_support.h"
#include "archive/run_file_parts.h"

enum { ROWS_PER_CHUNK = 1024, RANK_OF_FIELDS = 3, DEFLATE_LEVEL = 1 };

/* A dataset to be made: its name and texts, and its axes by the scales that belong to them. */
struct dataset {
  struct rst_variable variable;
  hid_t type;
  int rank;
  hsize_t dims[RANK_OF_FIELDS]; /* 0 for the unlimited one */
  hid_t scales[RANK_OF_FIELDS]; /* H5I_INVALID_HID for none */
  bool is_scale;
};

hid_t rst_run_file_type(const struct rst_run_file *file) {
  return file->precision == RST_PRECISION_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

/* Rows of fields are chunks of their own, compressed; columns are not compressed, because their last chunk is
 * written again at every flush. Times of objects would make equal runs differ. */
static bool set_properties(hid_t properties, const struct dataset *dataset) {
  bool done = H5Pset_obj_track_times(properties, false) >= 0;
  if (dataset->dims[0] == 0) {
    hsize_t chunk[RANK_OF_FIELDS] = {ROWS_PER_CHUNK};
    if (dataset->rank == RANK_OF_FIELDS) {
      memcpy(chunk, dataset->dims, sizeof chunk);
      chunk[0] = 1;
    }
    done = done && H5Pset_chunk(properties, dataset->rank, chunk) >= 0;
  }
  if (dataset->rank == RANK_OF_FIELDS) {
    done = done && H5Pset_shuffle(properties) >= 0 && H5Pset_deflate(properties, DEFLATE_LEVEL) >= 0;
  }
  return done;
}

static hid_t make_space(const struct dataset *dataset) {
  hsize_t largest[RANK_OF_FIELDS];
  memcpy(largest, dataset->dims, sizeof largest);
  if (largest[0] == 0) {
    largest[0] = H5S_UNLIMITED;
  }
  return H5Screate_simple(dataset->rank, dataset->dims, largest);
}

static bool describe(hid_t made, const struct dataset *dataset) {
  bool done = rst_hdf5_set_text(made, "long_name", dataset->variable.long_name, 0) &&
              rst_hdf5_set_text(made, "units", dataset->variable.units, 0);
  if (dataset->is_scale) {
    done = done && H5DSset_scale(made, dataset->variable.name) >= 0;
  }
  for (int axis = 0; done && !dataset->is_scale && axis < dataset->rank; ++axis) {
    done = H5DSattach_scale(made, dataset->scales[axis], (unsigned)axis) >= 0;
  }
  return done;
}

static enum rst_status make(struct rst_run_file *file, struct rst_ids *ids, const struct dataset *dataset,
                            hid_t *made) {
  const hid_t properties = rst_ids_keep(ids, H5Pcreate(H5P_DATASET_CREATE));
  const hid_t space = rst_ids_keep(ids, make_space(dataset));
  const bool ready = set_properties(properties, dataset);
  *made = ready ? H5Dcreate2(file->file, dataset->variable.name, dataset->type, space, H5P_DEFAULT,
                             properties, H5P_DEFAULT)
                : H5I_INVALID_HID;
  RST_HDF5(file->context, rst_ids_keep(ids, *made) >= 0 && describe(*made, dataset), "%s: /%s cannot be made",
           file->path, dataset->variable.name);
  return RST_OK;
}

/* A scale of `count` values, first + i * step. */
static enum rst_status make_axis(struct rst_run_file *file, struct rst_ids *ids,
                                 const struct rst_variable *variable, size_t count, double first, double step,
                                 hid_t *scale) {
  const char *name = variable->name;
  const struct dataset axis = {
      .variable = *variable,
      .type = H5T_NATIVE_DOUBLE,
      .rank = 1,
      .dims = {count},
      .is_scale = true,
  };
  RST_TRY(make(file, ids, &axis, scale));
  void *positions = NULL;
  RST_TRY(rst_allocate(file->context, count, sizeof(double), &positions));
  for (size_t i = 0; i < count; ++i) {
    ((double *)positions)[i] = first + step * (double)i;
  }
  const herr_t written = H5Dwrite(*scale, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, positions);
  free(positions);
  RST_HDF5(file->context, written >= 0, "%s: /%s cannot be written", file->path, name);
  return RST_OK;
}

struct scales {
  hid_t time, y, x, ky, kx, iteration;
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

static enum rst_status make_scales(struct rst_run_file *file, struct rst_ids *ids, struct scales *scales) {
  struct dataset column = {
      .variable = {"time", "time, the sum of the steps taken", "1"},
      .type = H5T_NATIVE_DOUBLE,
      .rank = 1,
      .is_scale = true,
  };
  RST_TRY(make(file, ids, &column, &scales->time));
  RST_TRY(make_axes(file, ids, scales));
  column.variable = (struct rst_variable){"iteration", "number of updates done", "1"};
  column.type = H5T_NATIVE_INT64;
  RST_TRY(make(file, ids, &column, &scales->iteration));
  column.variable = (struct rst_variable){"step", "number of updates done before the snapshot", "1"};
  column.is_scale = false;
  column.scales[0] = scales->time;
  hid_t step = H5I_INVALID_HID;
  return make(file, ids, &column, &step);
}

static enum rst_status make_variable(struct rst_run_file *file, const struct dataset *variable) {
  struct rst_ids ids = {0};
  hid_t made = H5I_INVALID_HID;
  const enum rst_status status = make(file, &ids, variable, &made);
  rst_ids_close(&ids);
  return status;
}

static enum rst_status make_variables(struct rst_run_file *file, const struct rst_run_layout *layout,
                                      const struct scales *scales) {
  for (size_t i = 0; i < layout->field_count; ++i) {
    const bool in_space = file->field_axes[i] == RST_AXES_SPACE;
    const struct dataset field = {
        .variable = layout->fields[i],
        .type = rst_run_file_type(file),
        .rank = RANK_OF_FIELDS,
        .dims = {0, file->ny, file->nx},
        .scales = {scales->time, in_space ? scales->y : scales->ky, in_space ? scales->x : scales->kx},
    };
    RST_TRY(make_variable(file, &field));
  }
  for (size_t i = 0; i < layout->scalar_count; ++i) {
    const struct dataset scalar = {
        .variable = layout->scalars[i],
        .type = H5T_NATIVE_DOUBLE,
        .rank = 1,
        .scales = {scales->iteration},
    };
    RST_TRY(make_variable(file, &scalar));
  }
  return RST_OK;
}

enum rst_status rst_run_layout_write(struct rst_run_file *file, const struct rst_run_layout *layout) {
  struct rst_ids ids = {0};
  struct scales scales = {0};
  enum rst_status status = make_scales(file, &ids, &scales);
  if (status == RST_OK) {
    status = make_variables(file, layout, &scales);
  }
  rst_ids_close(&ids);
  return status;
}

static enum rst_status open_dataset(const struct rst_run_file *file, const char *name, hid_t *dataset) {
  *dataset = H5Dopen2(file->file, name, H5P_DEFAULT);
  RST_HDF5(file->context, *dataset >= 0, "%s: /%s cannot be opened", file->path, name);
  return RST_OK;
}

enum rst_status rst_run_layout_open(struct rst_run_file *file) {
  RST_TRY(open_dataset(file, "time", &file->time));
  RST_TRY(open_dataset(file, "step", &file->step));
  RST_TRY(open_dataset(file, "iteration", &file->iteration));
  for (size_t i = 0; i < file->field_count + file->scalar_count; ++i) {
    RST_TRY(open_dataset(file, file->names[i], &file->datasets[i]));
  }
  return RST_OK;
}
