/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EVENT_COLUMNS_H
#define RST_EVENT_COLUMNS_H

#include "restrain/event.h"

/** @file
 * The members of struct rst_event as columns of a table, in their order: what stores or prints events reads their names here.
 */

/** COLUMN(member, type, long_name, units); the type is WHOLE (long), REAL (double) or KIND (enum rst_event_kind). */
#define RST_EVENT_COLUMNS(COLUMN)                                                                            \
  COLUMN(first, WHOLE, "first update of the event", "1")                                                     \
  COLUMN(last, WHOLE, "its last update", "1")                                                                \
  COLUMN(kind, KIND, "whether the step or the flow makes it grow", "1")                                      \
  COLUMN(peak, REAL, "largest local growth", "1")                                                            \
  COLUMN(peak_iteration, WHOLE, "update of largest local growth", "1")                                       \
  COLUMN(amplification, REAL, "product of the local growths", "1")                                           \
  COLUMN(growth_discrete, REAL, "log growth of its discrete updates", "1")                                   \
  COLUMN(growth_continuous, REAL, "log growth of its continuous updates", "1")                               \
  COLUMN(rayleigh, REAL, "Rayleigh quotient of the perturbation at the peak", "1")                           \
  COLUMN(y_first, WHOLE, "first row of the region, in points", "1")                                          \
  COLUMN(y_last, WHOLE, "last row of the region, in points", "1")                                            \
  COLUMN(x_first, WHOLE, "first column of the region, in points", "1")                                       \
  COLUMN(x_last, WHOLE, "last column of the region, in points", "1")                                         \
  COLUMN(centroid_y, REAL, "centroid of the growing energy along y", "1")                                    \
  COLUMN(centroid_x, REAL, "centroid of the growing energy along x", "1")                                    \
  COLUMN(share, REAL, "points of the region over all points", "1")                                           \
  COLUMN(participation, REAL, "participation ratio of the root of the growing energy", "1")                  \
  COLUMN(ky, REAL, "dominant angular wave number along y", "radians per unit length")                        \
  COLUMN(kx, REAL, "dominant angular wave number along x", "radians per unit length")

/** Of events that name a tensor: of states of several. */
#define RST_EVENT_TENSOR_COLUMNS(COLUMN)                                                                     \
  COLUMN(tensor, WHOLE, "place along /tensor of the tensor that holds most of the growing energy", "1")      \
  COLUMN(out, WHOLE, "output channel of the plane that does", "1")                                           \
  COLUMN(in, WHOLE, "input channel of the plane that does; -1 where the tensor has none", "1")

#endif
