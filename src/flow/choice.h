/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CHOICE_H
#define RST_CHOICE_H

#include "restrain/sampling.h"

/** @file
 * Which examples a flow evaluates, and their weights in E.
 */

struct rst_choice {
  bool whole; /**< all of them, in order; otherwise: */
  size_t count;
  size_t *indices; /**< [count], owned */
  double *weights; /**< [count], owned */
};

/** Room for `count` examples in place of what there was; the choice is whole. */
enum rst_status rst_choice_allocate(struct rst_context *context, size_t count, struct rst_choice *choice);
void rst_choice_clear(struct rst_choice *choice);
/** Take over a draw's examples and weights, for which there must be room; all of them for NULL and for a draw of noise. */
void rst_choice_take(const struct rst_draw *draw, struct rst_choice *choice);
void rst_choice_copy(const struct rst_choice *from, struct rst_choice *to);

/** Those of a flow: of its evaluations, and of its last linearisation. */
struct rst_choices {
  struct rst_choice chosen, linearised;
  size_t capacity; /**< of each */
};

/** All examples, without room for others. */
void rst_choices_begin(struct rst_choices *choices);
void rst_choices_clear(struct rst_choices *choices);
/** Room for draws of `count` examples; both choices are whole where there was less. */
enum rst_status rst_choices_reserve(struct rst_context *context, size_t count, struct rst_choices *choices);

#endif
