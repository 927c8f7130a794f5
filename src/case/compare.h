/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_COMPARE_H
#define RST_COMPARE_H

#include "restrain/case.h"

/** @file
 * Going on with a file of the same case, and refusal of one of another.
 */

/** The end of the message where a computation was to be resumed. */
#define RST_CASE_RESUME_REMEDY "resume with the same case, or start again with --force"

/** Keys that orbits do not depend on, such as what else a run would observe, to begin `may_differ` with. */
#define RST_CASE_BESIDE_ORBITS                                                                               \
  "title", "reference", "cost", "expect", "analyze", "output", "twins", "twin", "sharpness", "noise",        \
      "tangent.exponents", "tangent.burn_in"

/** RST_ERROR_ARGUMENT, "PATH was made from another case: KEYS; REMEDY", unless the effective cases (text of rst_case_effective())
 * are the same (rst_case_compare()). @param may_differ keys that are passed over, NULL at the end. */
enum rst_status rst_case_require_same(struct rst_context *context, const char *stored, const char *effective,
                                      const char *const *may_differ, const char *path, const char *remedy);

/** What `given` leaves to the program, output.every and data.every, as the effective case `stored` of the file `path` has it: a
 * case of its own, equal otherwise; NULL where `given` leaves nothing. The caller destroys it. */
enum rst_status rst_case_adopt(struct rst_context *context, const struct rst_case *given, const char *stored,
                               const char *path, struct rst_case **adopted);

#endif
