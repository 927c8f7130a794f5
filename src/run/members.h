/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_MEMBERS_H
#define RST_MEMBERS_H

#include "core/blocks.h"
#include "motion/motion.h"
#include "restrain/case.h"

/** @file
 * Members of an ensemble, all but the run itself or those of one rank. They do not depend on each other: threads of the context
 * share them out, each with a flow of its own, and the bits are the same for any number of threads. Members of a small flow are
 * stepped in blocks, as copies of it (flow/copies.h), to the same bits again.
 *
 * What there is of members can be copied to rows, one for each member: fields [members][numbers of one], the first their
 * struct rst_member_numbers, the second their states, then what else later steps depend on.
 */

struct rst_members;

/** Of a member at an iteration. */
struct rst_member_numbers {
  double loss;         /**< L, of the weights of the member's update */
  double weight_norm;  /**< |u_t| */
  double displacement; /**< |u_t - u_0| */
};

/** Fields of rows, from the first up to the end. */
struct rst_member_columns {
  size_t first, end;
};
enum { RST_MEMBER_NUMBERS, RST_MEMBER_STATES, RST_MEMBER_REST };

/** Members number `first` to `first + count - 1`, count 0 for none; the run is number 0. */
struct rst_member_range {
  size_t first, count;
};

/** u is the initial state of the run. @param measured whether they will be measured. */
enum rst_status rst_members_create(struct rst_context *context, const struct rst_case *run,
                                   const struct rst_field *u, struct rst_member_range range, bool measured,
                                   struct rst_members **members);
void rst_members_destroy(struct rst_members **members);

/** Step all to iteration t, not below where they are, and measure them there if that is wanted. */
enum rst_status rst_members_step(struct rst_members *members, long t, bool measure);
/** They are at iteration t, once what they depend on has been written. */
void rst_members_resume(struct rst_members *members, long t);

/** Rows for `count` members, numbers NaN; the names of the fields as rst_motion_list() has them. */
enum rst_status rst_members_create_rows(const struct rst_members *members, size_t count,
                                        struct rst_blocks *rows);
void rst_members_destroy_rows(struct rst_blocks *rows);
/** Row `place` of a field of rows, borrowed. */
struct rst_field rst_member_row(const struct rst_field *rows, size_t place);
/** Copy some columns of all members to rows from `place` on; and back, numbers excepted. */
enum rst_status rst_members_read(struct rst_members *members, struct rst_member_columns columns, size_t place,
                                 struct rst_blocks *rows);
enum rst_status rst_members_write(struct rst_members *members, const struct rst_blocks *rows, size_t place);

#endif
