/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "core/files.h"
#include "data/example_kinds.h"
#include "hdf5/read_array.h"
#include "image/npy.h"

enum rst_status rst_examples_read_array(struct rst_context *context, const char *name,
                                        struct rst_array *array) {
  char *file = NULL;
  char *dataset = NULL;
  RST_TRY(rst_files_split_dataset(context, name, &file, &dataset));
  const enum rst_status status =
      file ? rst_hdf5_read_array(context, file, dataset, array) : rst_npy_read(context, name, array);
  free(file);
  free(dataset);
  return status;
}

enum rst_status rst_examples_make_file(struct rst_context *context,
                                       const struct rst_examples_parameters *parameters,
                                       struct rst_example_arrays *arrays) {
  RST_REQUIRE(
      context, parameters->images && parameters->labels, RST_ERROR_ARGUMENT,
      "examples of the kind 'file' need images and labels, each a dataset 'file.h5:/path' or a .npy file");
  arrays->image_name = parameters->images;
  arrays->label_name = parameters->labels;
  RST_TRY(rst_examples_read_array(context, parameters->images, &arrays->images));
  return rst_examples_read_array(context, parameters->labels, &arrays->labels);
}
