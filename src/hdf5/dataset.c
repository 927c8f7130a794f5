/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/dataset.h"

#include <hdf5_hl.h>
#include <string.h>

#include "hdf5/support.h"

/* Fields are compressed, one chunk each; times of objects would make equal files differ. */
static bool set_properties(hid_t properties, const struct rst_written_variable *written) {
  enum { DEFLATE_LEVEL = 1 };
  bool done = H5Pset_obj_track_times(properties, false) >= 0;
  if (written->rank > 1) {
    hsize_t chunk[RST_VARIABLE_RANK];
    memcpy(chunk, written->dims, sizeof chunk);
    chunk[0] = written->rank > 2 ? 1 : chunk[0];
    done = done && H5Pset_chunk(properties, written->rank, chunk) >= 0 && H5Pset_shuffle(properties) >= 0 &&
           H5Pset_deflate(properties, DEFLATE_LEVEL) >= 0;
  }
  return done;
}

static bool describe(hid_t made, const struct rst_written_variable *written) {
  bool done = rst_hdf5_set_text(made, "long_name", written->variable.long_name, 0) &&
              rst_hdf5_set_text(made, "units", written->variable.units, 0);
  if (written->is_scale) {
    return done && H5DSset_scale(made, written->variable.name) >= 0;
  }
  for (int axis = 0; done && axis < written->rank; ++axis) {
    done = H5DSattach_scale(made, written->scales[axis], (unsigned)axis) >= 0;
  }
  return done;
}

enum rst_status rst_variable_write(struct rst_context *context, hid_t file,
                                   const struct rst_written_variable *written, hid_t *made) {
  struct rst_ids ids = {0};
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_DATASET_CREATE));
  const hid_t space = rst_ids_keep(
      &ids, written->rank > 0 ? H5Screate_simple(written->rank, written->dims, NULL) : H5Screate(H5S_SCALAR));
  const hid_t dataset = set_properties(properties, written)
                            ? H5Dcreate2(file, written->variable.name, written->type, space, H5P_DEFAULT,
                                         properties, H5P_DEFAULT)
                            : H5I_INVALID_HID;
  const bool done = rst_ids_keep(&ids, dataset) >= 0 &&
                    H5Dwrite(dataset, written->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, written->values) >= 0 &&
                    describe(dataset, written);
  enum rst_status status = RST_OK;
  if (!done) {
    status = rst_hdf5_fail(context, "/%s cannot be written", written->variable.name);
  } else if (made) {
    H5Iinc_ref(dataset);
    *made = dataset;
  }
  rst_ids_close(&ids);
  return status;
}
