/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/record.h"

#include <math.h>
#include <string.h>

#include "archive/record_parts.h"
#include "core/core.h"
#include "core/text.h"

_Static_assert(RST_RECORD_FLOAT64 == (int)RST_NUMBERS_DOUBLE &&
                   RST_RECORD_FLOAT32 == (int)RST_NUMBERS_FLOAT &&
                   RST_RECORD_INT64 == (int)RST_NUMBERS_INT64 && RST_RECORD_INT32 == (int)RST_NUMBERS_INT32 &&
                   RST_RECORD_INT8 == (int)RST_NUMBERS_INT8 && RST_RECORD_TEXT == (int)RST_NUMBERS_LABELS,
               "types are numbered as numbers of datasets are");
_Static_assert(RST_RECORD_MOST_AXES == (int)RST_DATASET_RANK, "arrays have as many axes as datasets");

struct rst_record_entry {
  struct rst_record_array array; /* shape[growing] is the number of rows */
  int growing;                   /* the axis that grows, the first or the last; -1 for none */
  size_t capacity;               /* rows that there is room for */
  char *bytes;                   /* owned; a column of several members has gaps until the end */
};

struct rst_record {
  struct rst_record_entry **entries;
  struct rst_record_attribute *attributes;
  char **texts; /* every text of the others */
  size_t count, attribute_count, text_count;
  char *attributes_json, *arrays_json;
  const void **values;
};

enum rst_status rst_record_create(struct rst_context *context, struct rst_record **record) {
  *record = NULL;
  return RST_NEW(context, 1, record);
}

void rst_record_clear(struct rst_record *record) {
  for (size_t i = 0; i < record->count; ++i) {
    free(record->entries[i]->bytes);
    free(record->entries[i]);
  }
  for (size_t i = 0; i < record->text_count; ++i) {
    free(record->texts[i]);
  }
  free(record->entries);
  free(record->attributes);
  free(record->texts);
  free(record->attributes_json);
  free(record->arrays_json);
  free(record->values);
  *record = (struct rst_record){0};
}

void rst_record_destroy(struct rst_record **record) {
  if (*record) {
    rst_record_clear(*record);
  }
  free(*record);
  *record = NULL;
}

/* Have `*list` take number `count`; room doubles at each power of two from FEWEST on. */
static enum rst_status reserve(struct rst_context *context, size_t count, size_t size, void *list) {
  enum { FEWEST = 16 };
  if (count != 0 && (count < FEWEST || (count & (count - 1)) != 0)) {
    return RST_OK;
  }
  void *grown = realloc(*(void **)list, (count == 0 ? FEWEST : 2 * count) * size);
  RST_REQUIRE(context, grown, RST_ERROR_MEMORY, "memory is exhausted");
  *(void **)list = grown;
  return RST_OK;
}

/* A copy that the record keeps; NULL of NULL. */
static enum rst_status keep(struct rst_context *context, struct rst_record *record, const char *text,
                            const char **kept) {
  *kept = NULL;
  if (text) {
    RST_TRY(reserve(context, record->text_count, sizeof *record->texts, &record->texts));
    char *copied = strdup(text);
    RST_REQUIRE(context, copied, RST_ERROR_MEMORY, "memory is exhausted");
    record->texts[record->text_count++] = copied;
    *kept = copied;
  }
  return RST_OK;
}

static size_t size_of(const struct rst_record_entry *entry) {
  return rst_numbers_size((enum rst_numbers)entry->array.type);
}

/* Product of the axes that do not grow. */
static size_t numbers_of_row(const struct rst_record_entry *entry) {
  size_t numbers = 1;
  for (int axis = 0; axis < entry->array.rank; ++axis) {
    numbers *= axis == entry->growing ? 1 : entry->array.shape[axis];
  }
  return numbers;
}

/* A column of several members: each has its rows together. */
static bool is_column(const struct rst_record_entry *entry) {
  return entry->growing > 0;
}

static enum rst_status copy_values(struct rst_context *context, struct rst_record *record,
                                   struct rst_record_entry *entry, const void *values) {
  const size_t count = numbers_of_row(entry);
  RST_TRY(rst_allocate(context, count > 0 ? count : 1, size_of(entry), &entry->bytes));
  if (!values) {
    return RST_OK;
  }
  if (entry->array.type != RST_RECORD_TEXT) {
    memcpy(entry->bytes, values, count * size_of(entry));
    return RST_OK;
  }
  for (size_t i = 0; i < count; ++i) {
    RST_TRY(
        keep(context, record, ((const char *const *)values)[i], &((const char **)(void *)entry->bytes)[i]));
  }
  return RST_OK;
}

static enum rst_status describe_flags(struct rst_context *context, struct rst_record *record,
                                      const struct rst_flags *flags, struct rst_record_array *array) {
  if (!flags->names) {
    return RST_OK;
  }
  struct rst_text words = {0};
  array->flag_first = flags->none ? -1 : 0;
  for (int code = array->flag_first; code < 0 || flags->names[code]; ++code) {
    rst_text_add(&words, "%s%s", words.length > 0 ? " " : "", code < 0 ? flags->none : flags->names[code]);
  }
  RST_SCOPED char *joined = rst_text_take(&words);
  RST_REQUIRE(context, joined, RST_ERROR_MEMORY, "memory is exhausted");
  return keep(context, record, joined, &array->flag_meanings);
}

static enum rst_status describe(struct rst_context *context, struct rst_record *record,
                                const struct rst_dataset *dataset, struct rst_record_entry *entry) {
  struct rst_record_array *array = &entry->array;
  *array = (struct rst_record_array){.type = (enum rst_record_type)dataset->numbers, .rank = dataset->rank};
  entry->growing = -1;
  for (int axis = 0; axis < dataset->rank; ++axis) {
    array->shape[axis] = dataset->axes[axis]->count;
    entry->growing = array->shape[axis] == 0 ? axis : entry->growing;
    RST_TRY(keep(context, record, dataset->axes[axis]->variable.name, &array->axes[axis]));
  }
  RST_TRY(keep(context, record, dataset->variable.name, &array->name));
  if (dataset->variable.long_name) {
    RST_TRY(keep(context, record, dataset->variable.long_name, &array->long_name));
    RST_TRY(keep(context, record, dataset->variable.units, &array->units));
  }
  RST_TRY(describe_flags(context, record, &dataset->flags, array));
  return entry->growing < 0 ? copy_values(context, record, entry, dataset->values) : RST_OK;
}

static enum rst_status add(struct rst_context *context, struct rst_record *record,
                           const struct rst_dataset *dataset) {
  RST_TRY(reserve(context, record->count, sizeof(struct rst_record_entry *), &record->entries));
  RST_TRY(RST_NEW(context, 1, &record->entries[record->count]));
  return describe(context, record, dataset, record->entries[record->count++]);
}

enum rst_status rst_record_add_axis(struct rst_context *context, struct rst_record *record,
                                    const struct rst_axis *axis) {
  if (!axis->variable.name || rst_record_entry(record, axis->variable.name)) {
    return RST_OK;
  }
  RST_SCOPED void *places = NULL;
  if (!axis->values && axis->count > 0) {
    RST_TRY(rst_axis_places(context, axis, &places));
  }
  return add(context, record,
             &(struct rst_dataset){.variable = axis->variable,
                                   .numbers = axis->numbers,
                                   .rank = 1,
                                   .axes = {axis},
                                   .values = places ? places : axis->values,
                                   .flags = axis->flags});
}

enum rst_status rst_record_add(struct rst_context *context, struct rst_record *record,
                               const struct rst_dataset *dataset) {
  for (int axis = 0; axis < dataset->rank; ++axis) {
    RST_TRY(rst_record_add_axis(context, record, dataset->axes[axis]));
  }
  return add(context, record, dataset);
}

struct rst_record_entry *rst_record_entry(const struct rst_record *record, const char *name) {
  for (size_t i = 0; i < record->count; ++i) {
    if (strcmp(record->entries[i]->array.name, name) == 0) {
      return record->entries[i];
    }
  }
  return NULL;
}

/* Copy numbers, of codes, which are -1 or more, between 32 bits in memory and 8 stored. */
static void copy(void *to, enum rst_numbers to_type, const void *from, enum rst_numbers from_type,
                 size_t count) {
  if (to_type == from_type) {
    memcpy(to, from, count * rst_numbers_size(to_type));
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    if (to_type == RST_NUMBERS_INT8) {
      ((int8_t *)to)[i] = (int8_t)((const int32_t *)from)[i];
    } else {
      const int8_t code = ((const int8_t *)from)[i];
      ((int32_t *)to)[i] = code < 0 ? -1 : (uint8_t)code;
    }
  }
}

/* Rows of a member lie together, so that room for more moves all but the first. */
static void spread(struct rst_record_entry *entry, size_t from, size_t to) {
  const size_t row = size_of(entry);
  const size_t rows = entry->array.shape[entry->growing];
  for (size_t i = 0, members = numbers_of_row(entry); i < members; ++i) {
    const size_t member = to > from ? members - 1 - i : i;
    memmove(entry->bytes + member * to * row, entry->bytes + member * from * row, rows * row);
  }
}

static enum rst_status grow(struct rst_context *context, struct rst_record_entry *entry, size_t rows) {
  enum { FEWEST = 16 };
  if (rows <= entry->capacity) {
    return RST_OK;
  }
  const size_t wanted = rows > 2 * entry->capacity ? rows : 2 * entry->capacity;
  const size_t capacity = wanted > FEWEST || !is_column(entry) ? wanted : FEWEST;
  const size_t row = numbers_of_row(entry) * size_of(entry);
  RST_REQUIRE(context, capacity <= SIZE_MAX / row, RST_ERROR_MEMORY, "memory is exhausted");
  char *grown = realloc(entry->bytes, capacity * row);
  RST_REQUIRE(context, grown, RST_ERROR_MEMORY, "memory is exhausted");
  entry->bytes = grown;
  if (is_column(entry)) {
    spread(entry, entry->capacity, capacity);
  }
  entry->capacity = capacity;
  return RST_OK;
}

enum rst_status rst_record_append(struct rst_context *context, struct rst_record_entry *entry, size_t first,
                                  size_t rows, enum rst_numbers numbers, const void *values) {
  const enum rst_numbers stored = (enum rst_numbers)entry->array.type;
  const size_t size = size_of(entry);
  const size_t row = numbers_of_row(entry);
  RST_TRY(grow(context, entry, first + rows));
  entry->array.shape[entry->growing] = first + rows;
  if (!is_column(entry)) {
    copy(entry->bytes + first * row * size, stored, values, numbers, rows * row);
    return RST_OK;
  }
  const size_t given = rst_numbers_size(numbers);
  for (size_t member = 0; member < row; ++member) {
    copy(entry->bytes + (member * entry->capacity + first) * size, stored,
         (const char *)values + member * rows * given, numbers, rows);
  }
  return RST_OK;
}

void rst_record_read(const struct rst_record_entry *entry, size_t member, size_t first, size_t rows,
                     enum rst_numbers numbers, void *values) {
  const size_t before = is_column(entry) ? member * entry->capacity : 0;
  copy(values, numbers, entry->bytes + (before + first) * size_of(entry), (enum rst_numbers)entry->array.type,
       rows);
}

void rst_record_complete(struct rst_record_entry *entry, const void *values) {
  memcpy(entry->bytes, values, numbers_of_row(entry) * size_of(entry));
}

static enum rst_status find_attribute(struct rst_context *context, struct rst_record *record,
                                      const char *name, struct rst_record_attribute **found) {
  for (size_t i = 0; i < record->attribute_count; ++i) {
    if (strcmp(record->attributes[i].name, name) == 0) {
      *found = &record->attributes[i];
      return RST_OK;
    }
  }
  RST_TRY(reserve(context, record->attribute_count, sizeof *record->attributes, &record->attributes));
  *found = &record->attributes[record->attribute_count];
  **found = (struct rst_record_attribute){0};
  RST_TRY(keep(context, record, name, &(*found)->name));
  record->attribute_count += 1;
  return RST_OK;
}

enum rst_status rst_record_set_text(struct rst_context *context, struct rst_record *record, const char *name,
                                    const char *text) {
  struct rst_record_attribute *attribute = NULL;
  RST_TRY(find_attribute(context, record, name, &attribute));
  return keep(context, record, text, &attribute->text);
}

enum rst_status rst_record_set_whole(struct rst_context *context, struct rst_record *record, const char *name,
                                     long value) {
  struct rst_record_attribute *attribute = NULL;
  RST_TRY(find_attribute(context, record, name, &attribute));
  attribute->values[0] = (double)value;
  attribute->is_whole = true;
  return RST_OK;
}

enum rst_status rst_record_set_numbers(struct rst_context *context, struct rst_record *record,
                                       const char *name, const double *values, size_t count) {
  struct rst_record_attribute *attribute = NULL;
  RST_REQUIRE(context, count <= RST_RECORD_ATTRIBUTE_NUMBERS, RST_ERROR_ARGUMENT,
              "an attribute has at most %d numbers; %s has %zu", RST_RECORD_ATTRIBUTE_NUMBERS, name, count);
  RST_TRY(find_attribute(context, record, name, &attribute));
  memcpy(attribute->values, values, (count > 0 ? count : 1) * sizeof *values);
  attribute->count = count;
  return RST_OK;
}

/* Columns lose their gaps. */
static void close_entry(struct rst_record_entry *entry) {
  if (is_column(entry)) {
    const size_t rows = entry->array.shape[entry->growing];
    spread(entry, entry->capacity, rows);
    entry->capacity = rows;
  }
  const bool is_empty = entry->growing >= 0 && entry->array.shape[entry->growing] == 0;
  entry->array.values = is_empty ? NULL : entry->bytes;
}

enum rst_status rst_record_finish(struct rst_context *context, struct rst_record *record) {
  RST_TRY(RST_NEW(context, record->count, &record->values));
  for (size_t i = 0; i < record->count; ++i) {
    close_entry(record->entries[i]);
    record->values[i] = record->entries[i]->array.values;
  }
  record->attributes_json = rst_record_write_attributes(record->attributes, record->attribute_count);
  record->arrays_json = rst_record_write_arrays(record);
  RST_REQUIRE(context, record->attributes_json && record->arrays_json, RST_ERROR_MEMORY,
              "memory is exhausted");
  return RST_OK;
}

size_t rst_record_count(const struct rst_record *record) {
  return record->count;
}

const struct rst_record_array *rst_record_array(const struct rst_record *record, size_t index) {
  return &record->entries[index]->array;
}

const struct rst_record_array *rst_record_find(const struct rst_record *record, const char *name) {
  const struct rst_record_entry *entry = rst_record_entry(record, name);
  return entry ? &entry->array : NULL;
}

static const struct rst_record_attribute *attribute_of(const struct rst_record *record, const char *name) {
  for (size_t i = 0; i < record->attribute_count; ++i) {
    if (strcmp(record->attributes[i].name, name) == 0) {
      return &record->attributes[i];
    }
  }
  return NULL;
}

const char *rst_record_text(const struct rst_record *record, const char *name) {
  const struct rst_record_attribute *attribute = attribute_of(record, name);
  return attribute ? attribute->text : NULL;
}

double rst_record_number(const struct rst_record *record, const char *name) {
  const struct rst_record_attribute *attribute = attribute_of(record, name);
  return attribute && !attribute->text && attribute->count == 0 ? attribute->values[0] : NAN;
}

const char *rst_record_attributes(const struct rst_record *record) {
  return record->attributes_json;
}

const char *rst_record_arrays(const struct rst_record *record) {
  return record->arrays_json;
}

const void *const *rst_record_values(const struct rst_record *record) {
  return record->values;
}
