/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUNNING_MEANS_H
#define RST_RUNNING_MEANS_H

#include "restrain/field.h"

/** @file
 * Means of quantities that come one after the other, any number of times, with their errors, in memory that does not depend on how
 * many: sums over groups of consecutive numbers, of which there are at most RST_RUNNING_GROUPS; where they are full, neighbours are
 * joined. From half of them on, all but the last few numbers are in groups that are whole.
 */

enum { RST_RUNNING_GROUPS = 512 };

/** A field of one column for each group. Its first row holds the count, the length of a group and the total of each quantity, the
 * others the groups of each quantity; it is all there is to save and restore. */
enum rst_status rst_running_means_create(struct rst_context *context, size_t quantities,
                                         struct rst_field **means);
/** Begin anew. */
void rst_running_means_clear(struct rst_field *means);
/** One number of each quantity. */
void rst_running_means_add(const double *values, struct rst_field *means);

/** Mean of a quantity, NaN of none. */
double rst_running_means_mean(const struct rst_field *means, size_t quantity);

/** Its standard error, by rst_block_mean() over the groups that are whole: NaN of fewer than 32. */
double rst_running_means_error(const struct rst_field *means, size_t quantity);
/** Ratio of the means of two quantities, and its standard error, that of the mean of (above - ratio below)/mean(below). */
void rst_running_means_ratio(const struct rst_field *means, size_t above, size_t below, double *ratio,
                             double *error);

#endif
