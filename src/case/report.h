/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REPORT_H
#define RST_REPORT_H

#include "core/core.h"

/** @file
 * Faults of a case file and of its overrides, collected and then told in one go, in the order of the file:
 *
 *     case.yaml:3:5: error: unknown key "step.lrr"; did you mean "step.lr"?
 *         lrr: 0.1
 *         ^
 */

/** Where a fault is: in the file, or in an override as a whole. */
struct rst_place {
  int override;     /**< 0 for the file, else 1 + index of the override */
  int line, column; /**< from 1 */
  size_t offset;    /**< byte in the file */
};

struct rst_fault;

struct rst_report {
  const char *path; /**< of the case file */
  const char *source;
  size_t length;
  const char *const *overrides;
  int *numbers; /**< of the overrides, from 1; the document's nodes point to them */
  struct rst_fault *faults;
  size_t count, capacity;
  bool exhausted; /**< memory ran out somewhere; set by whoever notices */
};

/** The first byte of the file. */
struct rst_place rst_place_start(void);

/** Add a fault (one line, printf format). */
void rst_report_add(struct rst_report *report, struct rst_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Whether no further fault is kept: nothing needs to be looked for any more. */
bool rst_report_full(const struct rst_report *report);
/** RST_OK without faults; else store all of them in the context and return RST_ERROR_CASE (RST_ERROR_MEMORY
 * if memory ran out). */
enum rst_status rst_report_finish(struct rst_report *report, struct rst_context *context);
/** Free the faults. */
void rst_report_clear(struct rst_report *report);

/** Text of a file, made fit for a message: quoted, shortened, without control characters. */
enum { RST_QUOTE_LENGTH = 72 };
const char *rst_quote(char quoted[RST_QUOTE_LENGTH], const char *text, size_t length);

/** The candidate nearest to a word by edit distance, upper and lower case alike, among those offered and near
 * enough to be what was meant; `best` is NULL if none is. */
struct rst_nearest {
  const char *word;
  const char *best;
  size_t distance;
};
void rst_nearest_offer(struct rst_nearest *nearest, const char *candidate);

#endif
