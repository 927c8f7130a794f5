/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_RECORD_H
#define RESTRAIN_RECORD_H

#include <stddef.h>

#include "restrain/context.h"

/** @file
 * A record: what a run stores, in memory instead of a file. It has the datasets of run.h5 as arrays, of the same names, axes and
 * numbers to the bit, and the attributes of / with those of /provenance that tell of the result; it has no views for other
 * programs, no text of the case (rst_case_effective()), and a run that is stopped cannot go on.
 *
 * Name one in rst_run_options.output.record. It belongs to the caller and may outlive context and case; everything that it returns
 * belongs to it. It may be read once rst_run() has returned RST_OK, then in several threads at once.
 */

struct rst_record;

RST_API enum rst_status rst_record_create(struct rst_context *context, struct rst_record **record);
/** Sets *record to NULL; NULL-safe. */
RST_API void rst_record_destroy(struct rst_record **record);

enum rst_record_type {
  RST_RECORD_FLOAT64,
  RST_RECORD_FLOAT32,
  RST_RECORD_INT64,
  RST_RECORD_INT32,
  RST_RECORD_INT8,
  RST_RECORD_TEXT /**< const char *, UTF-8 */
};

enum { RST_RECORD_MOST_AXES = 10 };

struct rst_record_array {
  const char *name;              /**< of the dataset: "loss", "events/peak" */
  const char *long_name, *units; /**< NULL for none */
  const char *flag_meanings;     /**< words of the codes flag_first, flag_first + 1, ...; NULL for numbers */
  int flag_first;                /**< -1 or 0 */
  enum rst_record_type type;     /**< of each of the values */
  int rank;                      /**< 0 for a scalar */
  const char
      *axes[RST_RECORD_MOST_AXES]; /**< names of the arrays of their places; NULL for an axis without */
  size_t shape[RST_RECORD_MOST_AXES];
  const void *values; /**< without gaps, the last axis fastest; NULL where there are none */
};

/** Number of arrays, and each of them; the one of that name, NULL if there is none. */
RST_API size_t rst_record_count(const struct rst_record *record);
RST_API const struct rst_record_array *rst_record_array(const struct rst_record *record, size_t index);
RST_API const struct rst_record_array *rst_record_find(const struct rst_record *record, const char *name);

/** An attribute: "regime", "lr", "exit_reason", ...; NULL and NaN for what is not there or of the other kind. */
RST_API const char *rst_record_text(const struct rst_record *record, const char *name);
RST_API double rst_record_number(const struct rst_record *record, const char *name);

/** The same for languages that know no structures, as JSON. Attributes are an object whose numbers have a point or an exponent
 * where they are no whole ones, null stands for NaN. Arrays are a list of {"name", "type": "float64", "axes", "shape", "attributes":
 * {"long_name", "units", "flag_values", "flag_meanings"}}, the same text for runs that differ in numbers alone; their values
 * follow in that order. */
RST_API const char *rst_record_attributes(const struct rst_record *record);
RST_API const char *rst_record_arrays(const struct rst_record *record);
RST_API const void *const *rst_record_values(const struct rst_record *record);

#endif
