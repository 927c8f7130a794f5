/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/levels_text.h"

static bool has_levels(const struct rst_image_levels *levels) {
  return levels->black != levels->white;
}

void rst_levels_add_text(const struct rst_image_levels *levels, const char *before, struct rst_text *text) {
  if (has_levels(levels) && levels->black == -1.0 && levels->white == 1.0) {
    rst_text_add(text, "%snumbers of the file as they are\n", before);
  } else if (has_levels(levels)) {
    rst_text_add(text, "%slevels %.10g to %.10g of the file are -1 to 1\n", before, levels->black,
                 levels->white);
  }
}

void rst_levels_add_json(const struct rst_image_levels *levels, struct rst_text *text) {
  if (has_levels(levels)) {
    rst_text_add(text, ", \"image_levels\": [");
    rst_text_add_number(text, levels->black);
    rst_text_add(text, ", ");
    rst_text_add_number(text, levels->white);
    rst_text_add(text, "]");
  }
}
