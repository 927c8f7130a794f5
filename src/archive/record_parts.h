/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RECORD_PARTS_H
#define RST_RECORD_PARTS_H

#include "hdf5/dataset.h"
#include "restrain/record.h"

/** @file
 * How a record is filled: with datasets as a file is. Memory that is exhausted is the only failure.
 */

/** An array that may still grow. */
struct rst_record_entry;

enum { RST_RECORD_ATTRIBUTE_NUMBERS = 2 };

struct rst_record_attribute {
  const char *name, *text; /**< text NULL: numbers */
  bool is_whole;
  size_t count; /**< 0 for a single number */
  double values[RST_RECORD_ATTRIBUTE_NUMBERS];
};

/** Forget everything: a record may serve several runs. */
void rst_record_clear(struct rst_record *record);
/** Add an array, and those of the places of its axes that are not there yet. */
enum rst_status rst_record_add(struct rst_context *context, struct rst_record *record,
                               const struct rst_dataset *dataset);
enum rst_status rst_record_add_axis(struct rst_context *context, struct rst_record *record,
                                    const struct rst_axis *axis);
/** NULL if there is none of that name. */
struct rst_record_entry *rst_record_entry(const struct rst_record *record, const char *name);

/** As rst_rows_append(), rst_rows_read() and rst_dataset_complete(); of whole numbers those in memory may be wider. */
enum rst_status rst_record_append(struct rst_context *context, struct rst_record_entry *entry, size_t first,
                                  size_t rows, enum rst_numbers numbers, const void *values);
void rst_record_read(const struct rst_record_entry *entry, size_t member, size_t first, size_t rows,
                     enum rst_numbers numbers, void *values);
void rst_record_complete(struct rst_record_entry *entry, const void *values);

/** Set an attribute, anew if it is there: a text, a whole number, or `count` numbers, 0 for a single one. */
enum rst_status rst_record_set_text(struct rst_context *context, struct rst_record *record, const char *name,
                                    const char *text);
enum rst_status rst_record_set_whole(struct rst_context *context, struct rst_record *record, const char *name,
                                     long value);
enum rst_status rst_record_set_numbers(struct rst_context *context, struct rst_record *record,
                                       const char *name, const double *values, size_t count);

/** rst_record_attributes() and rst_record_arrays(), malloc'ed; NULL if memory is exhausted (record_json.c). */
char *rst_record_write_attributes(const struct rst_record_attribute *attributes, size_t count);
char *rst_record_write_arrays(const struct rst_record *record);

/** Nothing comes any more: shapes, values and descriptions are made. */
enum rst_status rst_record_finish(struct rst_context *context, struct rst_record *record);

#endif
