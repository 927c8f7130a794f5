/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_size.h"

#include <math.h>
#include <zlib.h>

#include "core/core.h"
#include "hdf5/dataset.h"
#include "stability/event_columns.h"

static const double kibibyte = 1024.0;

/* The columns of events, and their numbers. */
#define COUNT(member, type, name, units) +1
enum { EVENT_COLUMNS = 1 RST_EVENT_COLUMNS(COUNT), TENSOR_COLUMNS = 0 RST_EVENT_TENSOR_COLUMNS(COUNT) };
#undef COUNT

/* Of one dataset: what is in the file, and what of it HDF5 keeps in memory. */
static void add_dataset(double raw, double stored, struct rst_run_size *size) {
  const double of_dataset = 4.5 * kibibyte;
  size->file += of_dataset + stored;
  size->memory += fmin(raw, kibibyte * kibibyte);
}

static void add_column(double rows, size_t members, double rows_per_chunk, struct rst_run_size *size) {
  const double bytes = ceil(rows / rows_per_chunk) * rows_per_chunk * (double)(members * sizeof(double));
  add_dataset(bytes, bytes, size);
}

/* Bytes of a field as HDF5 stores it: the first bytes of all numbers, then the second ones, and so on, deflated. */
static enum rst_status compress_field(struct rst_context *context, const struct rst_field *field,
                                      double *bytes) {
  const size_t width = rst_precision_size(field->precision);
  const size_t count = field->ny * field->nx;
  uLongf length = compressBound(count * width);
  RST_SCOPED unsigned char *shuffled = NULL;
  RST_SCOPED unsigned char *deflated = NULL;
  RST_TRY(RST_NEW(context, count * width, &shuffled));
  RST_TRY(RST_NEW(context, length, &deflated));
  for (size_t byte = 0; byte < width; ++byte) {
    for (size_t i = 0; i < count; ++i) {
      shuffled[byte * count + i] = ((const unsigned char *)field->data)[i * width + byte];
    }
  }
  RST_REQUIRE(context, compress2(deflated, &length, shuffled, count * width, 1) == Z_OK, RST_ERROR_MEMORY,
              "memory is exhausted");
  *bytes = (double)length;
  return RST_OK;
}

enum rst_status rst_run_size_fields(struct rst_context *context, const struct rst_run_layout *layout,
                                    const struct rst_field *const *fields, double *bytes) {
  *bytes = 0.0;
  for (size_t i = 0; i < layout->count; ++i) {
    double field = 0.0;
    if (layout->series[i].entry == RST_AT_SNAPSHOT) {
      RST_TRY(compress_field(context, *fields++, &field));
    }
    *bytes += field;
  }
  return RST_OK;
}

enum rst_status rst_run_size_constants(struct rst_context *context, const struct rst_run_layout *layout,
                                       double *bytes) {
  *bytes = 0.0;
  for (size_t i = 0; i < layout->count; ++i) {
    const struct rst_series *series = &layout->series[i];
    double constant = 0.0;
    if (series->entry == RST_AT_START) {
      const struct rst_field field = {layout->precision, 1, rst_series_length(series),
                                      (void *)series->values};
      RST_TRY(compress_field(context, &field, &constant));
    }
    *bytes += constant;
  }
  return RST_OK;
}

/* But for the compressed fields. */
static void add_snapshots(size_t numbers, enum rst_precision precision, double snapshots,
                          struct rst_run_size *size) {
  const double of_series = 6.0 * kibibyte;
  const double view = 640.0;
  const double view_in_sidecar = 750.0;
  const double raw = (double)(numbers * rst_precision_size(precision));
  add_dataset(snapshots * raw, of_series + snapshots * view, size);
  size->memory += snapshots * view_in_sidecar + 2.0 * raw;
}

struct rst_run_size rst_run_size_estimate(const struct rst_run_layout *layout,
                                          const struct rst_run_rows *rows) {
  enum { CHUNK = RST_ROWS_PER_CHUNK, INSTANTS = 2, SCALES = 5 };
  struct rst_run_size size = {.file = 24.0 * kibibyte + rows->snapshots * rows->fields + rows->constants,
                              .memory = 8.0 * kibibyte * kibibyte};
  for (int i = 0; i < INSTANTS; ++i) {
    add_column(rows->snapshots, 1, CHUNK, &size);
  }
  add_column(rows->scalars, 1, CHUNK, &size);
  if (layout->evaluate_every > 0) {
    add_column(rows->evaluations, 1, CHUNK, &size);
  }
  for (int i = 0; i < SCALES; ++i) {
    add_dataset(0.0, 0.0, &size);
  }
  for (int i = 0; layout->has_events && i < EVENT_COLUMNS; ++i) {
    add_column(rows->events, 1, CHUNK, &size);
  }
  for (int i = 0; layout->event_tensors && i < TENSOR_COLUMNS; ++i) {
    add_column(rows->events, 1, CHUNK, &size);
  }
  if (layout->event_tensors) {
    const size_t tensors = layout->event_tensors->count;
    add_column(rows->events, tensors, fmax(RST_FEWEST_ROWS_PER_CHUNK, floor(CHUNK / (double)tensors)), &size);
  }
  for (size_t i = 0; i < layout->count; ++i) {
    const size_t members = rst_series_length(&layout->series[i]);
    if (layout->series[i].entry == RST_AT_SNAPSHOT) {
      add_snapshots(members, layout->precision, rows->snapshots, &size);
    } else if (layout->series[i].entry == RST_AT_ITERATION) {
      add_column(rows->scalars, members, fmax(RST_FEWEST_ROWS_PER_CHUNK, floor(CHUNK / (double)members)),
                 &size);
    } else if (layout->series[i].entry == RST_AT_EVALUATION) {
      add_column(rows->evaluations, members, CHUNK, &size);
    } else {
      add_dataset(0.0, 0.0, &size);
    }
  }
  return size;
}
