/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_CONTEXT_H
#define RESTRAIN_CONTEXT_H

#include <stdbool.h>

#include "restrain/status.h"

/** @file
 * The context: last error message, warnings, thread count and planning rigor for the objects created with it.
 */

struct rst_context;

/** How hard FFTW searches for a plan. Only ESTIMATE gives the same plans, hence the same last bits, in every
 * process; the other two are reproducible through the wisdom that is stored with a result. */
enum rst_rigor { RST_RIGOR_ESTIMATE, RST_RIGOR_MEASURE, RST_RIGOR_PATIENT };

/** Create a context with one thread and RST_RIGOR_ESTIMATE. Fails only with RST_ERROR_MEMORY. */
RST_API enum rst_status rst_context_create(struct rst_context **context);

/** Destroy; every object created with the context must have been destroyed before. */
RST_API void rst_context_destroy(struct rst_context **context);

/** The message of the last failure, "" if none. It may hold several lines where several faults were found at
 * once. Owned by the context, valid until the next failure. */
RST_API const char *rst_context_message(const struct rst_context *context);

/** Warnings (one line each, without newline) go to `warn(user, text)`; NULL, the
 * default, drops them. */
RST_API void rst_context_set_warning(struct rst_context *context, void (*warn)(void *user, const char *text),
                                     void *user);

/** Asked now and then by long operations that have no poll of their own, in the thread that called them, many times a second;
 * where it says true they end with RST_ERROR_STOPPED and have no result. NULL, the default, lets them end by themselves. Runs and
 * sweeps, which keep what they have done, ask only what they are given. */
RST_API void rst_context_set_stop(struct rst_context *context, bool (*stop)(void *user), void *user);

/** Number of threads that operations may use (over images, or within one), at least 1. Results do not depend on it, to the
 * bit. Work that is too small to gain by threads is left to the caller. Threads are started where they are first needed, take no
 * signals, sleep while there is nothing to do, and end with the context; a process that was forked needs a context of its own. */
RST_API enum rst_status rst_context_set_threads(struct rst_context *context, int threads);
RST_API int rst_context_threads(const struct rst_context *context);

/** Planning rigor for objects created from now on. */
RST_API void rst_context_set_rigor(struct rst_context *context, enum rst_rigor rigor);
RST_API enum rst_rigor rst_context_rigor(const struct rst_context *context);

#endif
