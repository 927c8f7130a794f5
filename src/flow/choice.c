/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/choice.h"

#include <string.h>

#include "core/core.h"

void rst_choice_clear(struct rst_choice *choice) {
  free(choice->indices);
  free(choice->weights);
  *choice = (struct rst_choice){.whole = true};
}

enum rst_status rst_choice_allocate(struct rst_context *context, size_t count, struct rst_choice *choice) {
  rst_choice_clear(choice);
  RST_TRY(RST_NEW(context, count, &choice->indices));
  return RST_NEW(context, count, &choice->weights);
}

static void fill(size_t count, const size_t *indices, const double *weights, struct rst_choice *choice) {
  choice->whole = false;
  choice->count = count;
  memcpy(choice->indices, indices, count * sizeof *indices);
  memcpy(choice->weights, weights, count * sizeof *weights);
}

void rst_choice_take(const struct rst_draw *draw, struct rst_choice *choice) {
  choice->whole = true;
  if (draw && !draw->noise) {
    fill(draw->count, draw->indices, draw->weights, choice);
  }
}

void rst_choice_copy(const struct rst_choice *from, struct rst_choice *to) {
  to->whole = true;
  if (!from->whole) {
    fill(from->count, from->indices, from->weights, to);
  }
}

void rst_choices_begin(struct rst_choices *choices) {
  *choices = (struct rst_choices){.chosen.whole = true, .linearised.whole = true};
}

void rst_choices_clear(struct rst_choices *choices) {
  rst_choice_clear(&choices->chosen);
  rst_choice_clear(&choices->linearised);
  choices->capacity = 0;
}

enum rst_status rst_choices_reserve(struct rst_context *context, size_t count, struct rst_choices *choices) {
  if (choices->capacity < count) {
    choices->capacity = 0;
    RST_TRY(rst_choice_allocate(context, count, &choices->chosen));
    RST_TRY(rst_choice_allocate(context, count, &choices->linearised));
    choices->capacity = count;
  }
  return RST_OK;
}
