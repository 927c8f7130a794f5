/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_STATUS_H
#define RESTRAIN_STATUS_H

/** @file
 * Status codes and the conventions that every header of librestrain shares.
 *
 * Every fallible function returns an #rst_status. On anything but #RST_OK the outputs are untouched (created
 * handles are NULL) and the context that the call took, or that the object was created with, holds one line
 * that says what was wrong, with the offending values, and what to do (rst_context_message()).
 *
 * Conventions. Context first, outputs last. `create` / `destroy` come in pairs; destroy takes the address of
 * the handle, accepts NULL handles and sets them to NULL. The library never prints, never exits, installs no
 * signal handlers and keeps no mutable global state of its own. One context, and the objects created with it,
 * belong to one thread at a time; different contexts may be used from different threads at once.
 */

#if defined(_WIN32)
#define RST_API
#else
#define RST_API __attribute__((visibility("default")))
#endif

/** One line per status: enumerator suffix and description. */
#define RST_STATUS_LIST(X)                                                                                   \
  X(OK, "success")                                                                                           \
  X(ERROR_ARGUMENT, "an argument or a combination of parameters is not allowed")                             \
  X(ERROR_CASE, "the case file is not valid")                                                                \
  X(ERROR_IO, "a file could not be read or written")                                                         \
  X(ERROR_MEMORY, "memory is exhausted")                                                                     \
  X(ERROR_NUMERIC, "a computation did not converge or left the representable range")                         \
  X(ERROR_UNSUPPORTED, "the object does not offer this operation")                                           \
  X(ERROR_STOPPED, "the computation was stopped by its caller")

enum rst_status {
#define RST_STATUS_ENUMERATOR(name, text) RST_##name,
  RST_STATUS_LIST(RST_STATUS_ENUMERATOR)
#undef RST_STATUS_ENUMERATOR
};

/** Description of `status`: a static string, never NULL, also for values outside the list. Thread-safe. */
RST_API const char *rst_status_text(enum rst_status status);

#endif
