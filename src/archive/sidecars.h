/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SIDECARS_H
#define RST_SIDECARS_H

#include "restrain/case.h"

/** @file
 * The files beside an output FILE.h5: those by which ParaView opens it, FILE.xdmf and others for what is not of the state's kind,
 * and FILE.vtkhdf, and a state for other programs, FILE.weights.safetensors.
 */

/** Sidecars for ParaView, and what their names end in. Not every reader shows grids of one file that have not the same arrays. */
enum rst_sidecar {
  RST_SIDECAR_STATE,
  RST_SIDECAR_SPECTRUM,
  RST_SIDECAR_AVERAGES,
  RST_SIDECAR_DIRECTIONS,
  RST_SIDECAR_IMAGE,
  RST_SIDECAR_RESPONSE,
  RST_SIDECARS
};
extern const char *const rst_sidecar_endings[RST_SIDECARS];

/** Remove them, which would show a file that is about to be replaced wrongly. */
enum rst_status rst_sidecars_remove(struct rst_context *context, const char *path);
/** Write FILE.weights.safetensors if a case asks for it. */
enum rst_status rst_sidecars_write_weights(struct rst_context *context, const char *path,
                                           enum rst_weights weights, const struct rst_layout *layout,
                                           const struct rst_field *state);
/** Make FILE.vtkhdf a link to the file. */
enum rst_status rst_sidecars_link_vtkhdf(struct rst_context *context, const char *path);

#endif
