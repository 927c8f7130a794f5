/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <string.h>

#include "archive/run_file_parts.h"
#include "stability/event_columns.h"

/* The table of events, a column for each member of struct rst_event; of states of several tensors with those that name one, and
 * the shares of all. Chaotic runs have an event every few iterations, and
 * a row costs some twenty calls of HDF5, so that rows are gathered in memory until a flush stores them. */

enum { MOST_GATHERED = 256 };

#define COUNT(member, type, long_name, units) +1
enum { PLAIN_COLUMNS = 0 RST_EVENT_COLUMNS(COUNT), COLUMNS = PLAIN_COLUMNS RST_EVENT_TENSOR_COLUMNS(COUNT) };
_Static_assert(sizeof(long) == sizeof(int64_t) && sizeof(enum rst_event_kind) == sizeof(int32_t),
               "members are numbers of known sizes");

/* Numbers of the columns in memory and in the file. */
#define MEMORY_WHOLE RST_NUMBERS_INT64
#define MEMORY_REAL RST_NUMBERS_DOUBLE
#define MEMORY_KIND RST_NUMBERS_INT32
#define STORED_WHOLE RST_NUMBERS_INT64
#define STORED_REAL RST_NUMBERS_DOUBLE
#define STORED_KIND RST_NUMBERS_INT8

#define COLUMN(member, type, long_name_text, units_text)                                                     \
  {.variable = {"events/" #member, long_name_text, units_text},                                              \
   .memory = MEMORY_##type,                                                                                  \
   .stored = STORED_##type,                                                                                  \
   .offset = offsetof(struct rst_event, member)},

static const struct event_column {
  struct rst_variable variable;
  enum rst_numbers memory, stored;
  size_t offset;
} columns[COLUMNS] = {RST_EVENT_COLUMNS(COLUMN) RST_EVENT_TENSOR_COLUMNS(COLUMN)};

static const struct rst_variable shares_variable = {"events/tensor_share",
                                                    "share of the tensor in the growing energy", "1"};

static const struct rst_axis event_axis = {.variable = {"events/event", "number of the event, from 0", "1"},
                                           .numbers = RST_NUMBERS_INT64};

struct rst_run_events {
  struct rst_run_dataset index, shares, columns[COLUMNS];
  size_t stored, gathered;
  struct rst_event list[MOST_GATHERED];
  double *gathered_shares; /* [MOST_GATHERED][tensors]; NULL where events name none */
};

static size_t column_count(const struct rst_run_file *file) {
  return file->layout.event_tensors ? COLUMNS : PLAIN_COLUMNS;
}

static size_t tensor_count(const struct rst_run_file *file) {
  return file->layout.event_tensors ? file->layout.event_tensors->count : 0;
}

static enum rst_status write_shares(struct rst_run_file *file) {
  const struct rst_dataset shares = {.variable = shares_variable,
                                     .numbers = RST_NUMBERS_DOUBLE,
                                     .rank = 2,
                                     .axes = {&event_axis, file->layout.event_tensors}};
  RST_TRY(RST_NEW(file->context, MOST_GATHERED * tensor_count(file), &file->events->gathered_shares));
  return rst_run_dataset_write(file, &shares);
}

enum rst_status rst_run_events_write(struct rst_run_file *file) {
  const char *const kinds[] = {rst_event_kind_name(RST_EVENT_DISCRETE),
                               rst_event_kind_name(RST_EVENT_CONTINUOUS),
                               rst_event_kind_name(RST_EVENT_NONNORMAL), NULL};
  RST_TRY(RST_NEW(file->context, 1, &file->events));
  for (size_t i = 0; i < column_count(file); ++i) {
    const bool is_kind = columns[i].offset == offsetof(struct rst_event, kind);
    const struct rst_dataset column = {.variable = columns[i].variable,
                                       .numbers = columns[i].stored,
                                       .rank = 1,
                                       .axes = {&event_axis},
                                       .flags = {.names = is_kind ? kinds : NULL}};
    RST_TRY(rst_run_dataset_write(file, &column));
  }
  return file->layout.event_tensors ? write_shares(file) : RST_OK;
}

enum rst_status rst_run_events_open(struct rst_run_file *file) {
  RST_TRY(rst_run_dataset_open(file, event_axis.variable.name, &file->events->index));
  for (size_t i = 0; i < column_count(file); ++i) {
    RST_TRY(rst_run_dataset_open(file, columns[i].variable.name, &file->events->columns[i]));
  }
  return file->layout.event_tensors ? rst_run_dataset_open(file, shares_variable.name, &file->events->shares)
                                    : RST_OK;
}

void rst_run_events_close(struct rst_run_file *file) {
  struct rst_run_events *events = file->events;
  if (!events) {
    return;
  }
  for (size_t i = 0; i < COLUMNS; ++i) {
    rst_run_dataset_close(&events->columns[i]);
  }
  rst_run_dataset_close(&events->index);
  rst_run_dataset_close(&events->shares);
  free(events->gathered_shares);
  events->gathered_shares = NULL;
}

/* `block` has room for a column of the gathered events. */
static enum rst_status store(struct rst_run_file *file, char *block) {
  struct rst_run_events *events = file->events;
  for (size_t i = 0; i < column_count(file); ++i) {
    const size_t size = rst_numbers_size(columns[i].memory);
    for (size_t row = 0; row < events->gathered; ++row) {
      memcpy(block + row * size, (const char *)&events->list[row] + columns[i].offset, size);
    }
    RST_TRY(rst_run_dataset_append(file, &events->columns[i], columns[i].variable.name, events->stored,
                                   events->gathered, columns[i].memory, block));
  }
  if (events->gathered_shares) {
    RST_TRY(rst_run_dataset_append(file, &events->shares, shares_variable.name, events->stored,
                                   events->gathered, RST_NUMBERS_DOUBLE, events->gathered_shares));
  }
  int64_t numbers[MOST_GATHERED];
  for (size_t row = 0; row < events->gathered; ++row) {
    numbers[row] = (int64_t)(events->stored + row);
  }
  RST_TRY(rst_run_dataset_append(file, &events->index, event_axis.variable.name, events->stored,
                                 events->gathered, RST_NUMBERS_INT64, numbers));
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
  if (events->gathered == MOST_GATHERED) {
    RST_QUIET();
    RST_TRY(rst_run_events_store(file));
  }
  if (events->gathered_shares) {
    memcpy(events->gathered_shares + events->gathered * tensor_count(file), event->tensor_shares,
           tensor_count(file) * sizeof *event->tensor_shares);
  }
  events->list[events->gathered++] = *event;
  return RST_OK;
}

size_t rst_run_file_events(const struct rst_run_file *file) {
  return file->events ? file->events->stored + file->events->gathered : 0;
}

/* Of those that are in the file, as many as a block has room for. */
static enum rst_status read_stored(const struct rst_run_file *file, size_t first, size_t count,
                                   struct rst_event *events) {
  double block[MOST_GATHERED]; /* no member is larger */
  for (size_t i = 0; i < column_count(file); ++i) {
    const size_t size = rst_numbers_size(columns[i].memory);
    RST_TRY(rst_run_dataset_read(file, &file->events->columns[i], columns[i].variable.name, 0, first, count,
                                 columns[i].memory, block));
    for (size_t row = 0; row < count; ++row) {
      memcpy((char *)&events[row] + columns[i].offset, (const char *)block + row * size, size);
    }
  }
  return RST_OK;
}

enum rst_status rst_run_file_read_events(const struct rst_run_file *file, size_t first, size_t count,
                                         struct rst_event *events) {
  RST_QUIET();
  const size_t all = rst_run_file_events(file);
  RST_REQUIRE(file->context, first <= all && count <= all - first, RST_ERROR_ARGUMENT,
              "%s has %zu events; %zu from event %zu on are more", file->path, all, count, first);
  while (count > 0) {
    const size_t stored = file->events->stored > first ? file->events->stored - first : 0;
    size_t some = count < MOST_GATHERED ? count : MOST_GATHERED;
    if (stored > 0) {
      some = some < stored ? some : stored;
      RST_TRY(read_stored(file, first, some, events));
    } else {
      memcpy(events, &file->events->list[first - file->events->stored], some * sizeof *events);
    }
    first += some;
    count -= some;
    events += some;
  }
  return RST_OK;
}

/* Rows of a dataset of the older file. */
static enum rst_status count_rows(struct rst_run_file *file, hid_t source, const char *name, size_t *rows) {
  RST_IDS(ids);
  RST_REQUIRE(file->context, rst_hdf5_has(source, "events") && rst_hdf5_has(source, name), RST_ERROR_IO,
              "%s has no /%s and cannot be resumed by this case; start again with --force", file->path, name);
  *rows = rst_rows_count(rst_ids_keep(&ids, H5Dopen2(source, name, H5P_DEFAULT)));
  return RST_OK;
}

/* Rows that all columns of the older file have, since a kill may have left some longer than others. */
static enum rst_status count_complete(struct rst_run_file *file, hid_t source, size_t *count) {
  *count = SIZE_MAX;
  for (size_t i = 0; i <= column_count(file); ++i) {
    const bool is_column = i < column_count(file);
    size_t rows = SIZE_MAX;
    if (is_column || file->layout.event_tensors) {
      RST_TRY(count_rows(file, source, is_column ? columns[i].variable.name : shares_variable.name, &rows));
    }
    *count = rows < *count ? rows : *count;
  }
  return RST_OK;
}

/* Events come in the order of their ends. */
static enum rst_status count_kept(struct rst_run_file *file, hid_t source, size_t iterations, size_t *kept) {
  RST_IDS(ids);
  int64_t ends[MOST_GATHERED];
  size_t count = 0;
  RST_TRY(count_complete(file, source, &count));
  const hid_t last = rst_ids_keep(&ids, H5Dopen2(source, "events/last", H5P_DEFAULT));
  for (*kept = 0; *kept < count; ++*kept) {
    const size_t place = *kept % MOST_GATHERED;
    const size_t rows = count - *kept < MOST_GATHERED ? count - *kept : MOST_GATHERED;
    if (place == 0 && !rst_rows_read(last, 0, *kept, rows, H5T_NATIVE_INT64, ends)) {
      return rst_run_file_fail_read(file, source, "events/last");
    }
    if (ends[place] + 1 >= (int64_t)iterations) {
      break;
    }
  }
  return RST_OK;
}

enum rst_status rst_run_events_copy(struct rst_run_file *file, hid_t source, size_t iterations) {
  size_t kept = 0;
  RST_TRY(count_kept(file, source, iterations, &kept));
  RST_TRY(rst_run_file_copy_rows(file, source, event_axis.variable.name, &file->events->index, kept));
  if (file->layout.event_tensors) {
    RST_TRY(rst_run_file_copy_rows(file, source, shares_variable.name, &file->events->shares, kept));
  }
  for (size_t i = 0; i < column_count(file); ++i) {
    RST_TRY(rst_run_file_copy_rows(file, source, columns[i].variable.name, &file->events->columns[i], kept));
  }
  file->events->stored = kept;
  return RST_OK;
}
