/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FOLLOW_FILE_H
#define RST_FOLLOW_FILE_H

#include "archive/output.h"
#include "restrain/follow.h"

/** @file
 * follow.h5: how trajectories part, with the names that a run has for its twins; FILE.xdmf shows where.
 *
 *     /time /step (time)   /twin   /tensor   /window                                       dimension scales, and the steps
 *     /twin_difference /twin_distance /twin_participation (twin, time)                     absent without twins
 *     /twin_growth_rate /twin_growth_rate_error /twin_saturation /twin_plateau ... (twin)
 *     /weight_norm /local_displacement /global_displacement (time)
 *     /weight_count /displacement_exponent /displacement_exponent_error                         scalars
 *     /window_difference /window_wasserstein /window_kolmogorov (window)                   absent where there are no windows
 *     /<tensor>/...                                                                        the same of each tensor
 *     /difference_map (twin, tensor, time)                                              of all tensors; absent without twins
 *     /maps/<twin> (1, tensor, time)                                                       virtual datasets for FILE.xdmf
 *     /events/first /events/last ... (event)   /events/tensor_share (event, tensor)        intervals of growth; absent if none
 *     /provenance                                                                          as in a run file
 */

/** RST_ERROR_ARGUMENT if a tensor has the name of something else in the file. */
enum rst_status rst_follow_file_check_names(struct rst_context *context, const struct rst_follow *follow);

/** Write the file and, of twins, FILE.xdmf; it appears under its name when it is complete. */
enum rst_status rst_follow_file_write(struct rst_output *output, const struct rst_follow *follow);

#endif
