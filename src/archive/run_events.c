/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <string.h>

#include "archive/run_file_parts.h"
#include "hdf5/flags.h"
#include "stability/event_columns.h"

/* The table of events, a column for each member of struct rst_event. Chaotic runs have an event every few iterations, and
 * a row costs some twenty calls of HDF5, so that rows are gathered in memory until the next flush. */

enum { MOST_GATHERED = 256, ROWS_PER_CHUNK = 256 };

#define COUNT(member, type, long_name) +1
enum { COLUMNS = 0 RST_EVENT_COLUMNS(COUNT) };

/* Types of the columns in memory and in the file. */
#define MEMORY_WHOLE H5T_NATIVE_LONG
#define MEMORY_REAL H5T_NATIVE_DOUBLE
#define MEMORY_KIND H5T_NATIVE_INT
#define STORED_WHOLE H5T_NATIVE_INT64
#define STORED_REAL H5T_NATIVE_DOUBLE
#define STORED_KIND H5T_NATIVE_INT8

struct event_column {
  const char *path; /* "events/first" */
  const char *long_name;
  hid_t memory, stored;
  size_t offset, size;
};

struct rst_run_events {
  struct rst_column index;
  struct rst_column columns[COLUMNS];
  size_t stored, gathered;
  struct rst_event list[MOST_GATHERED];
};

/* HDF5's types are variables: the table is made where it is needed. */
static const struct event_column *fill_table(struct event_column table[COLUMNS]) {
#define ROW(member, type, long_name_text)                                                                    \
  {.path = "events/" #member,                                                                                \
   .long_name = (long_name_text),                                                                            \
   .memory = MEMORY_##type,                                                                                  \
   .stored = STORED_##type,                                                                                  \
   .offset = offsetof(struct rst_event, member),                                                             \
   .size = sizeof(((struct rst_event *)NULL)->member)},
  const struct event_column rows[COLUMNS] = {RST_EVENT_COLUMNS(ROW)};
  memcpy(table, rows, sizeof rows);
  return table;
}

static enum rst_status add_meanings(struct rst_context *context, hid_t dataset) {
  const char *const kinds[] = {rst_event_kind_name(RST_EVENT_DISCRETE),
                               rst_event_kind_name(RST_EVENT_CONTINUOUS),
                               rst_event_kind_name(RST_EVENT_NONNORMAL), NULL};
  return rst_flags_write(context, dataset, NULL, kinds);
}

static enum rst_status make_column(struct rst_run_file *file, const struct event_column *column,
                                   hid_t scale) {
  const struct rst_growing growing = {.variable = {column->path, column->long_name, "1"},
                                      .type = column->stored,
                                      .rank = 1,
                                      .scales = {scale},
                                      .rows = ROWS_PER_CHUNK};
  struct rst_ids ids = {0};
  hid_t made = H5I_INVALID_HID;
  enum rst_status status = rst_growing_write(file, &ids, &growing, &made);
  if (status == RST_OK && column->offset == offsetof(struct rst_event, kind)) {
    status = add_meanings(file->context, made);
  }
  rst_ids_close(&ids);
  return status;
}

enum rst_status rst_run_events_write(struct rst_run_file *file) {
  const struct rst_growing index = {.variable = {"events/event", "number of the event, from 0", "1"},
                                    .type = H5T_NATIVE_INT64,
                                    .rank = 1,
                                    .is_scale = true,
                                    .rows = ROWS_PER_CHUNK};
  struct event_column table[COLUMNS];
  fill_table(table);
  void *events = NULL;
  RST_TRY(rst_allocate(file->context, 1, sizeof *file->events, &events));
  file->events = events;
  struct rst_ids ids = {0};
  hid_t scale = H5I_INVALID_HID;
  enum rst_status status = RST_OK;
  if (rst_ids_keep(&ids, H5Gcreate2(file->file, "events", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) < 0) {
    status = rst_hdf5_fail(file->context, "%s: /events cannot be made", file->path);
  }
  if (status == RST_OK) {
    status = rst_growing_write(file, &ids, &index, &scale);
  }
  for (size_t i = 0; i < COLUMNS && status == RST_OK; ++i) {
    status = make_column(file, &table[i], scale);
  }
  rst_ids_close(&ids);
  return status;
}

static enum rst_status open_column(const struct rst_run_file *file, const char *path,
                                   struct rst_column *column) {
  column->dataset = H5Dopen2(file->file, path, H5P_DEFAULT);
  RST_HDF5(file->context, column->dataset >= 0, "%s: /%s cannot be opened", file->path, path);
  return RST_OK;
}

enum rst_status rst_run_events_open(struct rst_run_file *file) {
  struct event_column table[COLUMNS];
  fill_table(table);
  RST_TRY(open_column(file, "events/event", &file->events->index));
  for (size_t i = 0; i < COLUMNS; ++i) {
    RST_TRY(open_column(file, table[i].path, &file->events->columns[i]));
  }
  return RST_OK;
}

void rst_run_events_close(struct rst_run_file *file) {
  struct rst_run_events *events = file->events;
  for (size_t i = 0; events && i <= COLUMNS; ++i) {
    struct rst_column *column = i < COLUMNS ? &events->columns[i] : &events->index;
    if (column->dataset > 0) {
      H5Idec_ref(column->dataset);
    }
    column->dataset = 0;
  }
}

/* `block` has room for a column of the gathered events. */
static enum rst_status store(struct rst_run_file *file, char *block) {
  struct rst_run_events *events = file->events;
  struct event_column table[COLUMNS];
  fill_table(table);
  for (size_t i = 0; i < COLUMNS; ++i) {
    for (size_t row = 0; row < events->gathered; ++row) {
      memcpy(block + row * table[i].size, (const char *)&events->list[row] + table[i].offset, table[i].size);
    }
    RST_HDF5(file->context,
             rst_column_append(&events->columns[i], events->stored, events->gathered, table[i].memory, block),
             "%s: writing /%s failed", file->path, table[i].path);
  }
  int64_t numbers[MOST_GATHERED];
  for (size_t row = 0; row < events->gathered; ++row) {
    numbers[row] = (int64_t)(events->stored + row);
  }
  RST_HDF5(file->context,
           rst_column_append(&events->index, events->stored, events->gathered, H5T_NATIVE_INT64, numbers),
           "%s: writing /events/event failed", file->path);
  events->stored += events->gathered;
  events->gathered = 0;
  return RST_OK;
}

enum rst_status rst_run_events_store(struct rst_run_file *file) {
  double block[MOST_GATHERED]; /* no member is larger */
  return file->events && file->events->gathered > 0 ? store(file, (char *)block) : RST_OK;
}

enum rst_status rst_run_file_append_event(struct rst_run_file *file, const struct rst_event *event) {
  struct rst_run_events *events = file->events;
  RST_REQUIRE(file->context, events, RST_ERROR_ARGUMENT, "%s records no events", file->path);
  enum rst_status status = RST_OK;
  if (events->gathered == MOST_GATHERED) {
    H5E_BEGIN_TRY {
      status = rst_run_events_store(file);
    }
    H5E_END_TRY
    RST_TRY(status);
  }
  events->list[events->gathered++] = *event;
  return RST_OK;
}

size_t rst_run_file_events(const struct rst_run_file *file) {
  return file->events ? file->events->stored + file->events->gathered : 0;
}

static enum rst_status read_event(const struct rst_run_file *file, size_t index, struct rst_event *event) {
  struct event_column table[COLUMNS];
  fill_table(table);
  for (size_t i = 0; i < COLUMNS; ++i) {
    RST_HDF5(file->context,
             rst_column_read(&file->events->columns[i], 0, 1, index, 1, table[i].memory,
                             (char *)event + table[i].offset),
             "%s: /%s cannot be read", file->path, table[i].path);
  }
  return RST_OK;
}

enum rst_status rst_run_file_read_event(const struct rst_run_file *file, size_t index,
                                        struct rst_event *event) {
  RST_REQUIRE(file->context, index < rst_run_file_events(file), RST_ERROR_ARGUMENT,
              "%s has %zu events; %zu is none", file->path, rst_run_file_events(file), index);
  if (index >= file->events->stored) {
    *event = file->events->list[index - file->events->stored];
    return RST_OK;
  }
  enum rst_status status = RST_OK;
  H5E_BEGIN_TRY {
    status = read_event(file, index, event);
  }
  H5E_END_TRY
  return status;
}

/* Rows that all columns of the older file have, since a kill may have left some longer than others. */
static enum rst_status count_complete(struct rst_run_file *file, hid_t source, size_t *count) {
  struct event_column table[COLUMNS];
  fill_table(table);
  *count = SIZE_MAX;
  for (size_t i = 0; i < COLUMNS; ++i) {
    struct rst_ids ids = {0};
    RST_REQUIRE(file->context, rst_hdf5_has(source, "events") && rst_hdf5_has(source, table[i].path),
                RST_ERROR_IO, "%s has no /%s and cannot be resumed by this case; start again with --force",
                file->path, table[i].path);
    const struct rst_column old = {.dataset =
                                       rst_ids_keep(&ids, H5Dopen2(source, table[i].path, H5P_DEFAULT))};
    const size_t rows = rst_column_rows(&old);
    *count = rows < *count ? rows : *count;
    rst_ids_close(&ids);
  }
  return RST_OK;
}

/* Events come in the order of their ends. */
static enum rst_status count_kept(struct rst_run_file *file, hid_t source, size_t iterations, size_t *kept) {
  struct rst_ids ids = {0};
  const struct rst_column last = {.dataset =
                                      rst_ids_keep(&ids, H5Dopen2(source, "events/last", H5P_DEFAULT))};
  size_t count = 0;
  void *ends = NULL;
  *kept = 0;
  enum rst_status status = count_complete(file, source, &count);
  if (status == RST_OK) {
    status = rst_allocate(file->context, count, sizeof(long), &ends);
  }
  if (status == RST_OK && !rst_column_read(&last, 0, 1, 0, count, H5T_NATIVE_LONG, ends)) {
    status = rst_hdf5_fail(file->context, "%s: /events/last cannot be read", file->path);
  }
  while (status == RST_OK && *kept < count && ((long *)ends)[*kept] + 1 < (long)iterations) {
    ++*kept;
  }
  free(ends);
  rst_ids_close(&ids);
  return status;
}

enum rst_status rst_run_events_copy(struct rst_run_file *file, hid_t source, size_t iterations) {
  struct event_column table[COLUMNS];
  fill_table(table);
  size_t kept = 0;
  RST_TRY(count_kept(file, source, iterations, &kept));
  RST_TRY(
      rst_run_file_copy_column(file, source, "events/event", &file->events->index, H5T_NATIVE_INT64, kept));
  for (size_t i = 0; i < COLUMNS; ++i) {
    RST_TRY(rst_run_file_copy_column(file, source, table[i].path, &file->events->columns[i], table[i].memory,
                                     kept));
  }
  file->events->stored = kept;
  return RST_OK;
}
