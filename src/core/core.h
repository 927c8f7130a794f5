/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CORE_H
#define RST_CORE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "restrain/context.h"

/** @file
 * What every module uses: error reporting and memory.
 */

/** Store the message (printf format, one line without newline) and return `status`. */
enum rst_status rst_fail(struct rst_context *context, enum rst_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Pass a warning to the context's handler. */
void rst_warn(struct rst_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** RST_ERROR_STOPPED where the context's caller wants a long operation to end (rst_context_set_stop()). */
enum rst_status rst_go_on(struct rst_context *context);

/** Return from the calling function with the status of `call` unless it is RST_OK. */
#define RST_TRY(call)                                                                                        \
  do {                                                                                                       \
    const enum rst_status rst_try_status = (call);                                                           \
    if (rst_try_status != RST_OK) {                                                                          \
      return rst_try_status;                                                                                 \
    }                                                                                                        \
  } while (0)

/** Return rst_fail(context, status, message...) unless `condition` holds. */
#define RST_REQUIRE(context, condition, status, ...)                                                         \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      return rst_fail(context, status, __VA_ARGS__);                                                         \
    }                                                                                                        \
  } while (0)

/** Message about a name, rows, columns, and the points that it may have. */
#define RST_TOO_MANY_POINTS                                                                                  \
  "%s has %zu x %zu points, more than the %zu that are read; set most_points beside its name if that is "    \
  "meant"

/** "estimate", "measure", "patient"; in the order of enum rst_rigor, NULL at the end. */
extern const char *const rst_rigor_names[];
/** "no", "yes", NULL: the names of a key that is a switch; `false` and `true` stand for them. */
extern const char *const rst_switch_names[];

/** count * size bytes of zeros, aligned to 64 bytes; freed by free(). RST_ERROR_MEMORY also on overflow of
 * the product; the pointer is then left as it was. `pointer` is the address of a pointer to any type. */
enum rst_status rst_allocate(struct rst_context *context, size_t count, size_t size, void *pointer);
/** rst_allocate() of `count` elements of the type that *pointer points to. */
#define RST_NEW(context, count, pointer) rst_allocate((context), (count), sizeof **(pointer), (pointer))

/** Before the declaration of a pointer, which may be NULL: free() what it points to at the end of the block. */
#define RST_SCOPED __attribute__((cleanup(rst_scoped_free)))
void rst_scoped_free(void *address_of_pointer);

/** malloc'ed printf. */
enum rst_status rst_format(struct rst_context *context, char **text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Index of `name` in a NULL-terminated list, -1 if absent or NULL. */
int rst_name_index(const char *const *names, const char *name);
/** Fail with RST_ERROR_ARGUMENT: there is no <what> of that name, and the names that there are. */
enum rst_status rst_fail_unknown(struct rst_context *context, const char *what, const char *name,
                                 const char *const *known);
/** malloc'ed "a, b, c" of a NULL-terminated list, for messages. NULL if memory is exhausted. */
char *rst_name_join(const char *const *names);

#endif
