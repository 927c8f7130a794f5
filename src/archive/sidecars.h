/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SIDECARS_H
#define RST_SIDECARS_H

#include "restrain/case.h"

/** @file
 * The files beside an output FILE.h5: those by which ParaView opens it, FILE.xdmf, FILE.spectrum.xdmf and FILE.vtkhdf, and a
 * state for other programs, FILE.weights.safetensors.
 */

/** Remove them, which would show a file that is about to be replaced wrongly. */
enum rst_status rst_sidecars_remove(struct rst_context *context, const char *path);
/** Write FILE.weights.safetensors if a case asks for it. */
enum rst_status rst_sidecars_write_weights(struct rst_context *context, const char *path,
                                           enum rst_weights weights, const struct rst_layout *layout,
                                           const struct rst_field *state);
/** Make FILE.vtkhdf a link to the file. */
enum rst_status rst_sidecars_link_vtkhdf(struct rst_context *context, const char *path);

#endif
