/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "follow/follow_map.h"

#include <stdio.h>
#include <string.h>

#include "hdf5/stack.h"
#include "hdf5/xdmf.h"

enum { NAME_LENGTH = 64 };

static void name_map(char name[NAME_LENGTH], size_t twin) {
  snprintf(name, NAME_LENGTH, "maps/%06zu", twin);
}

enum rst_status rst_follow_map_write(struct rst_context *context, const struct rst_follow *follow, hid_t file,
                                     const struct rst_axis *twin, const struct rst_axis *tensor,
                                     const struct rst_axis *time) {
  const size_t times = follow->time_count;
  const size_t size = follow->tensor_count * times;
  const struct rst_axis *const axes[] = {tensor, time};
  const struct rst_stack stack = {.path = "/difference_map", .rank = 2, .axes = axes};
  RST_SCOPED double *values = NULL;
  RST_TRY(RST_NEW(context, follow->twin_count * size, &values));
  for (size_t i = 0; i < follow->twin_count; ++i) {
    for (size_t j = 0; j < follow->tensor_count; ++j) {
      memcpy(values + i * size + j * times, follow->tensors[j].difference + i * times,
             times * sizeof *values);
    }
  }
  const struct rst_dataset dataset = {
      .variable = {"difference_map", "mean relative difference 2|A-B|/(|A|+|B|) of each tensor", "1"},
      .rank = 3,
      .axes = {twin, tensor, time},
      .values = values};
  RST_TRY(rst_dataset_write(context, file, &dataset));
  for (size_t i = 0; i < follow->twin_count; ++i) {
    char name[NAME_LENGTH];
    name_map(name, i);
    RST_HDF5(context, rst_stack_show(file, name, &stack, follow->twin_count, i), "/%s cannot be written",
             name);
  }
  return RST_OK;
}

enum rst_status rst_follow_map_show(struct rst_context *context, const struct rst_follow *follow,
                                    const char *path) {
  const struct rst_xdmf_mesh mesh = {
      .ny = follow->tensor_count, .nx = follow->time_count, .step_y = 1.0, .step_x = 1.0};
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, path);
  rst_xdmf_begin_grid(&xdmf, "tensors over times", &mesh, NULL);
  for (size_t i = 0; i < follow->twin_count; ++i) {
    char name[NAME_LENGTH];
    char dataset[NAME_LENGTH];
    const struct rst_xdmf_attribute attribute = {name, dataset, "Float", sizeof(double)};
    snprintf(name, sizeof name, "difference_map_%zu", i + 1);
    name_map(dataset, i);
    rst_xdmf_add_attribute(&xdmf, &attribute);
  }
  rst_xdmf_end_grid(&xdmf);
  return rst_xdmf_write(&xdmf, context, ".xdmf", false);
}
