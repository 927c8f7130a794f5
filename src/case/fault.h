/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CASE_FAULT_H
#define RST_CASE_FAULT_H

#include "restrain/case.h"

/** @file
 * Faults that show when a case is turned into objects, told as those of its text.
 */

/** RST_ERROR_CASE with the message (printf format, one line) at the value of the key, or of the innermost section on the way to it
 * that the case has. */
enum rst_status rst_case_fault(struct rst_context *context, const struct rst_case *from, const char *path,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
