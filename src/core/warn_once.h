/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_WARN_ONCE_H
#define RST_WARN_ONCE_H

#include "restrain/context.h"

/** rst_warn(), unless the last warning that was given by this function is the same: for what is done again and again. */
void rst_warn_once(struct rst_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
