/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SAMPLE_RUN_H
#define RST_SAMPLE_RUN_H

#include <hdf5.h>
#include <stdio.h>

#include "archive/run_file.h"
#include "support.h"

/** @file
 * A small run file whose every value is known.
 */

enum {
  SAMPLE_NY = 3,
  SAMPLE_NX = 5,
  SAMPLE_FIELDS = 2,
  SAMPLE_SCALARS = 5,
  SAMPLE_SUMMARIES = 2,
  SAMPLE_TWINS = 2,
  SAMPLE_EXPONENTS = 3,
  SAMPLE_WIDTH = 8, /* of a row of scalars */
  SAMPLE_ROWS = 4,  /* for each snapshot */
  SAMPLE_CALM = 5   /* snapshots from event to event */
};

static const struct rst_variable sample_fields[SAMPLE_FIELDS] = {
    {"kernel", "kernel K", "1"},
    {"difference", "difference of twins", "1"},
};
static const struct rst_variable sample_scalars[SAMPLE_SCALARS] = {
    {"loss", "total loss L", "1"},
    {"twin_difference", "relative difference of twins", "1"},
    {"residual", "residual a", "1"},
    {"lyapunov_spectrum", "Lyapunov exponents", "1"},
    {"grad_norm", "norm of the gradient", "1"},
};
enum sample_per { PER_RUN, PER_TWIN, PER_EXPONENT };
static const enum sample_per sample_per[SAMPLE_SCALARS] = {PER_RUN, PER_TWIN, PER_RUN, PER_EXPONENT, PER_RUN};
static const size_t sample_members[] = {1, SAMPLE_TWINS, SAMPLE_EXPONENTS}; /* by enum sample_per */
static const struct rst_variable sample_summaries[SAMPLE_SUMMARIES] = {
    {"twin_growth_rate", "growth of the difference", "1"},
    {"lyapunov_error", "standard error of the exponent", "1"},
};
static const enum sample_per sample_summary_per[SAMPLE_SUMMARIES] = {PER_TWIN, PER_EXPONENT};

static const char *const sample_twins[SAMPLE_TWINS] = {"3", "float"};
static const struct rst_axis sample_y = {
    .variable = {"y", "position along y", "1"}, .count = SAMPLE_NY, .step = 0.5};
static const struct rst_axis sample_x = {
    .variable = {"x", "position along x", "1"}, .count = SAMPLE_NX, .step = 0.5};
static const struct rst_axis sample_twin = {.variable = {"twin", "label of the twin", "1"},
                                            .count = SAMPLE_TWINS,
                                            .numbers = RST_NUMBERS_LABELS,
                                            .values = sample_twins};
static const struct rst_axis sample_exponent = {.variable = {"exponent", "number of the exponent", "1"},
                                                .count = SAMPLE_EXPONENTS,
                                                .numbers = RST_NUMBERS_INT64,
                                                .first = 1,
                                                .step = 1};
static const struct rst_axis *const sample_axes[] = {&sample_twin, &sample_exponent};

/** Fields, scalars, summaries; for an altered layout, this can be altered first. */
enum { SAMPLE_SERIES = SAMPLE_FIELDS + SAMPLE_SCALARS + SAMPLE_SUMMARIES };
static inline void sample_list(struct rst_series series[SAMPLE_SERIES]) {
  static const struct rst_axis *const members[] = {NULL, &sample_twin, &sample_exponent};
  for (size_t i = 0; i < SAMPLE_FIELDS; ++i) {
    *series++ = (struct rst_series){.variable = sample_fields[i],
                                    .entry = RST_AT_SNAPSHOT,
                                    .rank = 2,
                                    .axes = {&sample_y, &sample_x},
                                    .shown = sample_fields[i].name};
  }
  for (size_t i = 0; i < SAMPLE_SCALARS; ++i) {
    *series++ = (struct rst_series){.variable = sample_scalars[i],
                                    .entry = RST_AT_ITERATION,
                                    .rank = sample_per[i] == PER_RUN ? 0 : 1,
                                    .axes = {members[sample_per[i]]}};
  }
  for (size_t i = 0; i < SAMPLE_SUMMARIES; ++i) {
    *series++ = (struct rst_series){.variable = sample_summaries[i],
                                    .entry = RST_AT_END,
                                    .rank = 1,
                                    .axes = {members[sample_summary_per[i]]}};
  }
}

static inline struct rst_run_layout sample_layout(enum rst_precision precision) {
  static struct rst_series series[SAMPLE_SERIES];
  sample_list(series);
  return (struct rst_run_layout){.precision = precision,
                                 .series = series,
                                 .count = SAMPLE_SERIES,
                                 .axes = sample_axes,
                                 .axis_count = 2,
                                 .has_events = true};
}

static inline struct rst_provenance sample_provenance(void) {
  static char program[] = "restrain";
  static char argument[] = "it's <one> & \"two\"";
  static char *argv[] = {program, argument, NULL};
  return (struct rst_provenance){
      .case_source = "title: Größe\n",
      .case_effective = "title: Größe\nstep: {lr: 0.01}\n",
      .argc = 2,
      .argv = argv,
      .threads = 2,
      .ranks = 1,
      .rigor = "estimate",
      .correlation = "direct",
  };
}

static inline double sample_value(size_t field, size_t snapshot, size_t y, size_t x) {
  return sin(0.7 * (double)snapshot + 0.13 * (double)y + 0.029 * (double)x) + 10.0 * (double)field;
}

static inline double sample_scalar(size_t scalar, size_t member, size_t iteration) {
  return cos(0.3 * (double)iteration) * (double)(scalar + 1) + 100.0 * (double)member;
}

/** Events in a run of so many snapshots. */
static inline size_t sample_events(size_t snapshots) {
  return (snapshots + SAMPLE_CALM - 1) / SAMPLE_CALM;
}

/** An event ends before the last of the rows that belong to its snapshot. */
static inline struct rst_event sample_event(size_t index) {
  const long first = (long)(SAMPLE_ROWS * SAMPLE_CALM * index);
  const double number = (double)index;
  return (struct rst_event){
      .first = first,
      .last = first + 1,
      .kind = (enum rst_event_kind)(index % 3),
      .peak = 1.5 + number,
      .peak_iteration = first,
      .amplification = 2.5 + number,
      .rayleigh = -0.5 * number,
      .y_first = 0,
      .y_last = (long)(index % SAMPLE_NY),
      .x_first = 1,
      .x_last = 1 + (long)(index % (SAMPLE_NX - 1)),
      .centroid_y = 0.25 * number,
      .centroid_x = 0.125 * number,
      .share = 1.0 / (1.0 + number),
      .participation = 0.5 / (1.0 + number),
      .ky = 0.1 * number,
      .kx = -0.1 * number,
  };
}

static inline double sample_time(size_t snapshot) {
  return 0.25 * (double)snapshot;
}

static inline long sample_step(size_t snapshot) {
  return (long)(SAMPLE_ROWS * snapshot);
}

/** Append the next SAMPLE_ROWS rows of scalars. */
static inline void sample_append_rows(struct rst_context *context, struct rst_run_file *file) {
  const size_t iteration = rst_run_file_iterations(file);
  double rows[SAMPLE_ROWS][SAMPLE_WIDTH];
  long iterations[SAMPLE_ROWS];
  for (size_t row = 0; row < SAMPLE_ROWS; ++row) {
    size_t column = 0;
    iterations[row] = (long)(iteration + row);
    for (size_t i = 0; i < SAMPLE_SCALARS; ++i) {
      for (size_t member = 0; member < sample_members[sample_per[i]]; ++member) {
        rows[row][column++] = sample_scalar(i, member, iteration + row);
      }
    }
  }
  RST_TEST_OK(context, rst_run_file_append_scalars(file, SAMPLE_ROWS, iterations, &rows[0][0]));
}

/** Append the next snapshot, the SAMPLE_ROWS rows of scalars and the event, if there is one, that belong to it, without a flush. */
static inline void sample_append(struct rst_context *context, struct rst_run_file *file,
                                 enum rst_precision precision) {
  struct rst_field *fields[SAMPLE_FIELDS] = {NULL};
  const size_t snapshot = rst_run_file_snapshots(file);
  for (size_t i = 0; i < SAMPLE_FIELDS; ++i) {
    RST_TEST_OK(context, rst_field_create(context, precision, SAMPLE_NY, SAMPLE_NX, &fields[i]));
    for (size_t y = 0; y < SAMPLE_NY; ++y) {
      for (size_t x = 0; x < SAMPLE_NX; ++x) {
        rst_field_set(fields[i], y, x, sample_value(i, snapshot, y, x));
      }
    }
  }
  const struct rst_field *const borrowed[SAMPLE_FIELDS] = {fields[0], fields[1]};
  RST_TEST_OK(context,
              rst_run_file_append_snapshot(file, sample_step(snapshot), sample_time(snapshot), borrowed));
  sample_append_rows(context, file);
  if (snapshot % SAMPLE_CALM == 0) {
    const struct rst_event event = sample_event(rst_run_file_events(file));
    RST_TEST_OK(context, rst_run_file_append_event(file, &event));
  }
  for (size_t i = 0; i < SAMPLE_FIELDS; ++i) {
    rst_field_destroy(&fields[i]);
  }
}

/** Open for reading as other programs do. */
static inline hid_t sample_open(const char *path) {
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
  H5Pset_file_locking(list, false, true);
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, list);
  H5Pclose(list);
  ck_assert_msg(file >= 0, "%s does not open", path);
  return file;
}

/** Fail unless the attribute is this text, of fixed length. */
static inline void sample_check_text(hid_t object, const char *name, const char *expected) {
  char value[512] = "";
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const hid_t type = H5Aget_type(attribute);
  ck_assert(H5Tget_size(type) < sizeof value && H5Tis_variable_str(type) == 0);
  ck_assert(H5Aread(attribute, type, value) >= 0);
  ck_assert_str_eq(value, expected);
  H5Tclose(type);
  H5Aclose(attribute);
}

#endif
