/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"

#include <stdio.h>
#include <string.h>

#include "core/share.h"
#include "core/warn_once.h"

enum { WARNING_LENGTH = 1024 };

struct rst_context {
  char *message;
  void (*warn)(void *user, const char *text);
  void *warn_user;
  char *warned; /* the last one that is given once */
  bool (*stop)(void *user);
  void *stop_user;
  int threads;
  struct rst_team *team;
  enum rst_rigor rigor;
};

enum rst_status rst_context_create(struct rst_context **context) {
  *context = calloc(1, sizeof **context);
  if (!*context) {
    return RST_ERROR_MEMORY;
  }
  (*context)->threads = 1;
  (*context)->team = rst_team_create();
  if (!(*context)->team) {
    rst_context_destroy(context);
    return RST_ERROR_MEMORY;
  }
  return RST_OK;
}

void rst_context_destroy(struct rst_context **context) {
  if (*context) {
    rst_team_destroy((*context)->team);
    free((*context)->message);
    free((*context)->warned);
    free(*context);
    *context = NULL;
  }
}

const char *rst_context_message(const struct rst_context *context) {
  return context->message ? context->message : "";
}

void rst_context_set_warning(struct rst_context *context, void (*warn)(void *user, const char *text),
                             void *user) {
  context->warn = warn;
  context->warn_user = user;
}

void rst_context_set_stop(struct rst_context *context, bool (*stop)(void *user), void *user) {
  context->stop = stop;
  context->stop_user = user;
}

enum rst_status rst_go_on(struct rst_context *context) {
  RST_REQUIRE(context, !context->stop || !context->stop(context->stop_user), RST_ERROR_STOPPED,
              "stopped by the caller");
  return RST_OK;
}

enum rst_status rst_context_set_threads(struct rst_context *context, int threads) {
  RST_REQUIRE(context, threads >= 1, RST_ERROR_ARGUMENT, "the number of threads is %d; it must be at least 1",
              threads);
  context->threads = threads;
  return RST_OK;
}

int rst_context_threads(const struct rst_context *context) {
  return context->threads;
}

struct rst_team *rst_context_team(const struct rst_context *context) {
  return context->team;
}

const char *const rst_rigor_names[] = {"estimate", "measure", "patient", NULL};
const char *const rst_switch_names[] = {"no", "yes", NULL};

void rst_context_set_rigor(struct rst_context *context, enum rst_rigor rigor) {
  context->rigor = rigor;
}

enum rst_rigor rst_context_rigor(const struct rst_context *context) {
  return context->rigor;
}

static char *format_text(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0) {
    return NULL;
  }
  char *text = malloc((size_t)length + 1);
  if (text) {
    vsnprintf(text, (size_t)length + 1, format, arguments);
  }
  return text;
}

enum rst_status rst_fail(struct rst_context *context, enum rst_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  /* Formatted before the old message is freed: it may be one of the arguments. */
  char *message = format_text(format, arguments);
  va_end(arguments);
  free(context->message);
  context->message = message;
  return status;
}

static void pass_warning(struct rst_context *context, bool once, const char *format, va_list arguments) {
  char text[WARNING_LENGTH];
  if (!context->warn) {
    return;
  }
  va_list again;
  va_copy(again, arguments);
  vsnprintf(text, sizeof text, format, again);
  va_end(again);
  if (once && context->warned && strcmp(context->warned, text) == 0) {
    return;
  }
  if (once) {
    free(context->warned);
    context->warned = strdup(text);
  }
  context->warn(context->warn_user, text);
}

void rst_warn(struct rst_context *context, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  pass_warning(context, false, format, arguments);
  va_end(arguments);
}

void rst_warn_once(struct rst_context *context, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  pass_warning(context, true, format, arguments);
  va_end(arguments);
}

void rst_scoped_free(void *address_of_pointer) {
  void *pointer = NULL;
  memcpy(&pointer, address_of_pointer, sizeof pointer);
  free(pointer);
}

enum rst_status rst_format(struct rst_context *context, char **text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *made = format_text(format, arguments);
  va_end(arguments);
  RST_REQUIRE(context, made, RST_ERROR_MEMORY, "memory is exhausted");
  *text = made;
  return RST_OK;
}

enum rst_status rst_allocate(struct rst_context *context, size_t count, size_t size, void *pointer) {
  enum { ALIGNMENT = 64 };
  size_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT;
  /* aligned_alloc wants a multiple of the alignment. */
  const size_t rounded = overflow ? 0 : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  void *made = overflow ? NULL : aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
  RST_REQUIRE(context, made, RST_ERROR_MEMORY,
              "memory is exhausted: %zu elements of %zu bytes could not be allocated", count, size);
  memset(made, 0, rounded);
  memcpy(pointer, &made, sizeof made);
  return RST_OK;
}

int rst_name_index(const char *const *names, const char *name) {
  for (int i = 0; name && names[i]; ++i) {
    if (strcmp(names[i], name) == 0) {
      return i;
    }
  }
  return -1;
}

char *rst_name_join(const char *const *names) {
  size_t length = 1;
  for (size_t i = 0; names[i]; ++i) {
    length += strlen(names[i]) + 2;
  }
  char *text = malloc(length);
  if (!text) {
    return NULL;
  }
  char *end = text;
  *end = '\0';
  for (size_t i = 0; names[i]; ++i) {
    end += snprintf(end, length - (size_t)(end - text), "%s%s", i ? ", " : "", names[i]);
  }
  return text;
}

enum rst_status rst_fail_unknown(struct rst_context *context, const char *what, const char *name,
                                 const char *const *known) {
  char *list = rst_name_join(known);
  const enum rst_status status = rst_fail(context, RST_ERROR_ARGUMENT, "unknown %s '%s'; choose one of: %s",
                                          what, name ? name : "", list ? list : "");
  free(list);
  return status;
}
