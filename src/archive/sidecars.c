/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/sidecars.h"

#include <stdlib.h>

#include "core/core.h"
#include "core/files.h"
#include "image/safetensors.h"

static const char weights_ending[] = ".weights.safetensors";

enum rst_status rst_sidecars_remove(struct rst_context *context, const char *path) {
  static const char *const endings[] = {".xdmf", ".spectrum.xdmf", ".vtkhdf", weights_ending};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
    RST_SCOPED char *sidecar = NULL;
    RST_TRY(rst_files_sibling(context, path, endings[i], &sidecar));
    RST_TRY(rst_files_remove(context, sidecar));
  }
  return RST_OK;
}

enum rst_status rst_sidecars_link_vtkhdf(struct rst_context *context, const char *path) {
  RST_SCOPED char *link = NULL;
  RST_TRY(rst_files_sibling(context, path, ".vtkhdf", &link));
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
