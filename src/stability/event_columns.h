/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EVENT_COLUMNS_H
#define RST_EVENT_COLUMNS_H

#include "restrain/event.h"

/** @file
 * The members of struct rst_event as columns of a table, in their order: what stores or prints events reads their names here.
 */

/** COLUMN(member, type, long_name); the type is WHOLE (long), REAL (double) or KIND (enum rst_event_kind). All are pure
 * numbers. */
#define RST_EVENT_COLUMNS(COLUMN)                                                                            \
  COLUMN(first, WHOLE, "first update of the event")                                                          \
  COLUMN(last, WHOLE, "its last update")                                                                     \
  COLUMN(kind, KIND, "whether the step or the flow makes it grow")                                           \
  COLUMN(peak, REAL, "largest local growth")                                                                 \
  COLUMN(peak_iteration, WHOLE, "update of largest local growth")                                            \
  COLUMN(amplification, REAL, "product of the local growths")                                                \
  COLUMN(growth_discrete, REAL, "log growth of its discrete updates")                                        \
  COLUMN(growth_continuous, REAL, "log growth of its continuous updates")                                    \
  COLUMN(rayleigh, REAL, "Rayleigh quotient of the perturbation at the peak")                                \
  COLUMN(y_first, WHOLE, "first row of the region, in points")                                               \
  COLUMN(y_last, WHOLE, "last row of the region, in points")                                                 \
  COLUMN(x_first, WHOLE, "first column of the region, in points")                                            \
  COLUMN(x_last, WHOLE, "last column of the region, in points")                                              \
  COLUMN(centroid_y, REAL, "centroid of the growing energy along y")                                         \
  COLUMN(centroid_x, REAL, "centroid of the growing energy along x")                                         \
  COLUMN(share, REAL, "points of the region over all points")                                                \
  COLUMN(participation, REAL, "participation ratio of the root of the growing energy")                       \
  COLUMN(ky, REAL, "dominant angular wave number along y")                                                   \
  COLUMN(kx, REAL, "dominant angular wave number along x")

/** Of events that name a tensor: of states of several. */
#define RST_EVENT_TENSOR_COLUMNS(COLUMN)                                                                     \
  COLUMN(tensor, WHOLE, "place along /tensor of the tensor that holds most of the growing energy")           \
  COLUMN(out, WHOLE, "output channel of the plane that does")                                                \
  COLUMN(in, WHOLE, "input channel of the plane that does; -1 where the tensor has none")

#endif
