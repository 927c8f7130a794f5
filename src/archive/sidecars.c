/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/sidecars.h"

#include <stdlib.h>

#include "core/core.h"
#include "core/files.h"
#include "image/safetensors.h"

static const char weights_ending[] = ".weights.safetensors";
static const char vtkhdf_ending[] = ".vtkhdf";

const char *const rst_sidecar_endings[RST_SIDECARS] = {[RST_SIDECAR_STATE] = ".xdmf",
                                                       [RST_SIDECAR_SPECTRUM] = ".spectrum.xdmf",
                                                       [RST_SIDECAR_AVERAGES] = ".averages.xdmf",
                                                       [RST_SIDECAR_DIRECTIONS] = ".directions.xdmf",
                                                       [RST_SIDECAR_IMAGE] = ".image.xdmf",
                                                       [RST_SIDECAR_RESPONSE] = ".response.xdmf"};

static enum rst_status remove_sidecar(struct rst_context *context, const char *path, const char *ending) {
  RST_SCOPED char *sidecar = NULL;
  RST_TRY(rst_files_sibling(context, path, ending, &sidecar));
  return rst_files_remove(context, sidecar);
}

enum rst_status rst_sidecars_remove(struct rst_context *context, const char *path) {
  for (int i = 0; i < RST_SIDECARS; ++i) {
    RST_TRY(remove_sidecar(context, path, rst_sidecar_endings[i]));
  }
  RST_TRY(remove_sidecar(context, path, vtkhdf_ending));
  return remove_sidecar(context, path, weights_ending);
}

enum rst_status rst_sidecars_link_vtkhdf(struct rst_context *context, const char *path) {
  RST_SCOPED char *link = NULL;
  RST_TRY(rst_files_sibling(context, path, vtkhdf_ending, &link));
  return rst_files_link(context, rst_files_base(path), link);
}

enum rst_status rst_sidecars_write_weights(struct rst_context *context, const char *path,
                                           enum rst_weights weights, const struct rst_layout *layout,
                                           const struct rst_field *state) {
  if (weights == RST_WEIGHTS_NONE) {
    return RST_OK;
  }
  RST_SCOPED char *sidecar = NULL;
  RST_TRY(rst_files_sibling(context, path, weights_ending, &sidecar));
  return rst_safetensors_write(context, sidecar, layout, state);
}
