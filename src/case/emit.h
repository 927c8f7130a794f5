/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EMIT_H
#define RST_EMIT_H

#include "case/value.h"

enum rst_emit_format { RST_EMIT_YAML, RST_EMIT_JSON };

/** Every key that applies with its value, in the order of the table, as a malloc'ed text. */
enum rst_status rst_case_emit(struct rst_context *context, const struct rst_loaded_case *loaded,
                              enum rst_emit_format format, char **text);

#endif
