/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file_parts.h"
#include "core/files.h"
#include "hdf5/support.h"

/* What other programs see of the snapshots: virtual datasets for XDMF, the step count of VTKHDF and the files
 * beside run.h5. All XDMF readers of ParaView read a dataset of one snapshot, not all a slab of a stack;
 * virtual datasets have the one without a copy of the other. Views cost more than the snapshots themselves
 * and may lag behind them, so they are brought up to date together, in batches. */

enum { PER_GROUP = 500 };

/* A group's heap of names is made large enough for PER_GROUP names, since HDF5 keeps a heap that has grown in
 * two places, which cannot be changed at once; and with its prefix it just fits into a page (see
 * kill_safe_driver.h). That serves PER_GROUP groups, so PER_GROUP^2 snapshots. */
static bool make_group(const struct rst_run_file *file, const char *name) {
  enum { BYTES_PER_NAME = 8, HEAP_BYTES = (PER_GROUP + 2) * BYTES_PER_NAME };
  struct rst_ids ids = {0};
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_GROUP_CREATE));
  const bool made =
      H5Pset_local_heap_size_hint(properties, HEAP_BYTES) >= 0 &&
      rst_ids_keep(&ids, H5Gcreate2(file->file, name, H5P_DEFAULT, properties, H5P_DEFAULT)) >= 0;
  rst_ids_close(&ids);
  return made;
}

static void group_name(char name[RST_VIEW_NAME_LENGTH], const char *field, size_t index) {
  snprintf(name, RST_VIEW_NAME_LENGTH, "snapshots/%s/%03zu", field, index / PER_GROUP);
}

void rst_view_name(char name[RST_VIEW_NAME_LENGTH], const char *field, size_t index) {
  snprintf(name, RST_VIEW_NAME_LENGTH, "snapshots/%s/%03zu/%06zu", field, index / PER_GROUP, index);
}

/* Part of the header, since the root group's heap has moved by then. */
enum rst_status rst_views_write(struct rst_run_file *file) {
  bool made = make_group(file, "snapshots");
  for (size_t i = 0; made && i < file->field_count; ++i) {
    char name[RST_VIEW_NAME_LENGTH];
    snprintf(name, sizeof name, "snapshots/%s", file->names[i]);
    made = make_group(file, name);
  }
  RST_HDF5(file->context, made, "%s: /snapshots cannot be made", file->path);
  return RST_OK;
}

static bool make_view(const struct rst_run_file *file, size_t field, size_t index) {
  char name[RST_VIEW_NAME_LENGTH];
  char source_name[RST_VIEW_NAME_LENGTH];
  group_name(name, file->names[field], index);
  if (index % PER_GROUP == 0 && !make_group(file, name)) {
    return false;
  }
  rst_view_name(name, file->names[field], index);
  snprintf(source_name, sizeof source_name, "/%s", file->names[field]);
  struct rst_ids ids = {0};
  const hsize_t stack[] = {index + 1, file->ny, file->nx};
  const hsize_t start[] = {index, 0, 0};
  const hsize_t one[] = {1, file->ny, file->nx};
  const hid_t source = rst_ids_keep(&ids, H5Screate_simple(3, stack, NULL));
  const hid_t view = rst_ids_keep(&ids, H5Screate_simple(3, one, NULL));
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_DATASET_CREATE));
  const bool made = H5Sselect_hyperslab(source, H5S_SELECT_SET, start, NULL, one, NULL) >= 0 &&
                    H5Pset_obj_track_times(properties, false) >= 0 &&
                    H5Pset_virtual(properties, view, ".", source_name, source) >= 0 &&
                    rst_ids_keep(&ids, H5Dcreate2(file->file, name, rst_run_file_type(file), view,
                                                  H5P_DEFAULT, properties, H5P_DEFAULT)) >= 0;
  rst_ids_close(&ids);
  return made;
}

static enum rst_status make_views(struct rst_run_file *file) {
  for (size_t index = file->views.snapshots; index < file->snapshots; ++index) {
    for (size_t field = 0; field < file->field_count; ++field) {
      RST_HDF5(file->context, make_view(file, field, index), "%s: the view of snapshot %zu cannot be made",
               file->path, index);
    }
  }
  RST_TRY(rst_vtkhdf_update(file));
  RST_TRY(rst_hdf5_flush(file->context, file->path, file->file, false));
  file->views.snapshots = file->snapshots;
  return RST_OK;
}

static enum rst_status link_vtkhdf(struct rst_run_file *file) {
  char *path = NULL;
  RST_TRY(rst_files_sibling(file->context, file->path, ".vtkhdf", &path));
  const enum rst_status status = rst_files_link(file->context, rst_files_base(file->path), path);
  free(path);
  return status;
}

enum rst_status rst_views_update(struct rst_run_file *file, bool durable) {
  if (file->views.snapshots < file->snapshots) {
    if (file->views.snapshots == 0) {
      RST_TRY(link_vtkhdf(file));
    }
    RST_TRY(make_views(file));
    RST_TRY(rst_run_xdmf_write(file, durable));
  }
  return RST_OK;
}

enum rst_status rst_views_remove(struct rst_run_file *file) {
  static const char *const endings[] = {".xdmf", ".spectrum.xdmf", ".vtkhdf"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
    char *path = NULL;
    RST_TRY(rst_files_sibling(file->context, file->path, endings[i], &path));
    const enum rst_status status = rst_files_remove(file->context, path);
    free(path);
    RST_TRY(status);
  }
  return RST_OK;
}
