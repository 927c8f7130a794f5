/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LEVELS_TEXT_H
#define RST_LEVELS_TEXT_H

#include "core/text.h"
#include "restrain/image.h"

/** @file
 * Which levels of an image's file became -1 and 1, where there is a file.
 */

/** A line, "levels 0 to 255 of the file are -1 to 1", behind the words `before`; nothing without a file. */
void rst_levels_add_text(const struct rst_image_levels *levels, const char *before, struct rst_text *text);
/** A member image_levels of a JSON object, with a comma before. */
void rst_levels_add_json(const struct rst_image_levels *levels, struct rst_text *text);

#endif
