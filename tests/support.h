/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEST_SUPPORT_H
#define RST_TEST_SUPPORT_H

#include <check.h>
#include <math.h>
#include <string.h>

#include "restrain/context.h"

/** @file
 * What every libcheck program shares.
 */

/** Run a suite and report as TAP on standard output, which `meson test` reads. */
int rst_test_run(Suite *suite);

/** A context whose warnings are dropped; fails the test on error. */
struct rst_context *rst_test_context(void);

/** Fail with the context's message unless `call` returns RST_OK. */
#define RST_TEST_OK(context, call)                                                                           \
  do {                                                                                                       \
    const enum rst_status rst_test_status = (call);                                                          \
    ck_assert_msg(rst_test_status == RST_OK, "%s: %s: %s", #call, rst_status_text(rst_test_status),          \
                  rst_context_message(context));                                                             \
  } while (0)

/** Fail unless `call` returns `expected` and the message contains `fragment`. */
#define RST_TEST_FAILS(context, expected, fragment, call)                                                    \
  do {                                                                                                       \
    const enum rst_status rst_test_status = (call);                                                          \
    ck_assert_msg(rst_test_status == (expected), "%s: %s, message: %s", #call,                               \
                  rst_status_text(rst_test_status), rst_context_message(context));                           \
    ck_assert_msg(strstr(rst_context_message(context), (fragment)) != NULL, "message \"%s\" lacks \"%s\"",   \
                  rst_context_message(context), (fragment));                                                 \
  } while (0)

#endif
