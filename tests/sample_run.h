/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SAMPLE_RUN_H
#define RST_SAMPLE_RUN_H

#include <stdio.h>

#include "archive/run_file.h"
#include "support.h"

/** @file
 * A small run file whose every value is known.
 */

enum { SAMPLE_NY = 3, SAMPLE_NX = 5, SAMPLE_FIELDS = 2, SAMPLE_SCALARS = 3, SAMPLE_ROWS = 4 };

static const struct rst_variable sample_fields[SAMPLE_FIELDS] = {
    {"kernel", "kernel K", "1"},
    {"difference", "difference of twins", "1"},
};
static const struct rst_variable sample_scalars[SAMPLE_SCALARS] = {
    {"loss", "total loss L", "1"},
    {"residual", "residual a", "1"},
    {"grad_norm", "norm of the gradient", "1"},
};

static inline struct rst_run_layout sample_layout(enum rst_precision precision) {
  return (struct rst_run_layout){
      .precision = precision,
      .ny = SAMPLE_NY,
      .nx = SAMPLE_NX,
      .spacing = 0.5,
      .fields = sample_fields,
      .field_count = SAMPLE_FIELDS,
      .scalars = sample_scalars,
      .scalar_count = SAMPLE_SCALARS,
  };
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

static inline double sample_scalar(size_t scalar, size_t iteration) {
  return cos(0.3 * (double)iteration) * (double)(scalar + 1);
}

static inline double sample_time(size_t snapshot) {
  return 0.25 * (double)snapshot;
}

static inline long sample_step(size_t snapshot) {
  return (long)(SAMPLE_ROWS * snapshot);
}

/** Append the next snapshot and the SAMPLE_ROWS rows of scalars that belong to it, without a flush. */
static inline void sample_append(struct rst_context *context, struct rst_run_file *file,
                                 enum rst_precision precision) {
  struct rst_field *fields[SAMPLE_FIELDS] = {NULL};
  double rows[SAMPLE_ROWS][SAMPLE_SCALARS];
  const size_t snapshot = rst_run_file_snapshots(file);
  const size_t iteration = rst_run_file_iterations(file);
  for (size_t i = 0; i < SAMPLE_FIELDS; ++i) {
    RST_TEST_OK(context, rst_field_create(context, precision, SAMPLE_NY, SAMPLE_NX, &fields[i]));
    for (size_t y = 0; y < SAMPLE_NY; ++y) {
      for (size_t x = 0; x < SAMPLE_NX; ++x) {
        rst_field_set(fields[i], y, x, sample_value(i, snapshot, y, x));
      }
    }
  }
  for (size_t row = 0; row < SAMPLE_ROWS; ++row) {
    for (size_t i = 0; i < SAMPLE_SCALARS; ++i) {
      rows[row][i] = sample_scalar(i, iteration + row);
    }
  }
  const struct rst_field *const borrowed[SAMPLE_FIELDS] = {fields[0], fields[1]};
  RST_TEST_OK(context,
              rst_run_file_append_snapshot(file, sample_step(snapshot), sample_time(snapshot), borrowed));
  RST_TEST_OK(context, rst_run_file_append_scalars(file, SAMPLE_ROWS, &rows[0][0]));
  for (size_t i = 0; i < SAMPLE_FIELDS; ++i) {
    rst_field_destroy(&fields[i]);
  }
}

#endif
