/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/checkpoint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "hdf5/kill_safe_driver.h"
#include "hdf5/support.h"

/* The numbers of a checkpoint by name, so that saving and loading go over one table. */
enum kind { COUNT, REAL };
static const struct member {
  const char *name;
  enum kind kind;
  size_t offset;
} members[] = {
    {"iteration", COUNT, offsetof(struct rst_checkpoint, iteration)},
    {"snapshots", COUNT, offsetof(struct rst_checkpoint, snapshots)},
    {"field_count", COUNT, offsetof(struct rst_checkpoint, field_count)},
    {"time", REAL, offsetof(struct rst_checkpoint, time)},
    {"time_compensation", REAL, offsetof(struct rst_checkpoint, time_compensation)},
    {"radius", REAL, offsetof(struct rst_checkpoint, radius)},
    {"wall_seconds", REAL, offsetof(struct rst_checkpoint, wall_seconds)},
};
enum { MEMBER_COUNT = sizeof members / sizeof *members, FIELD_NAME_LENGTH = 32 };
_Static_assert(sizeof(long) == sizeof(size_t) && sizeof(double) == sizeof(size_t), "members are alike");

static const char ending[] = ".checkpoint.h5";
static const char ending_previous[] = ".checkpoint.previous.h5";
static const char ending_part[] = ".checkpoint.partial.h5";

static hid_t member_type(const struct member *member) {
  return member->kind == REAL ? H5T_NATIVE_DOUBLE : H5T_NATIVE_LONG;
}

static hid_t type_of(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

static bool write_field(hid_t file, size_t index, const struct rst_field *field) {
  char name[FIELD_NAME_LENGTH];
  snprintf(name, sizeof name, "field_%zu", index);
  const hsize_t dims[] = {field->ny, field->nx};
  const hid_t type = type_of(field->precision);
  struct rst_ids ids = {0};
  const hid_t space = rst_ids_keep(&ids, H5Screate_simple(2, dims, NULL));
  const hid_t dataset =
      rst_ids_keep(&ids, H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const bool done = dataset >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, field->data) >= 0;
  rst_ids_close(&ids);
  return done;
}

static bool write_content(hid_t file, const struct rst_checkpoint *checkpoint) {
  bool done = true;
  for (size_t i = 0; done && i < MEMBER_COUNT; ++i) {
    done = rst_hdf5_set_numbers(file, members[i].name, member_type(&members[i]),
                                (const char *)checkpoint + members[i].offset, 0);
  }
  done = done && rst_hdf5_write_text(file, "effective", checkpoint->effective) &&
         rst_hdf5_write_text(file, "wisdom", checkpoint->wisdom);
  for (size_t i = 0; done && i < checkpoint->field_count; ++i) {
    done = write_field(file, i, checkpoint->fields[i]);
  }
  return done && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
}

static enum rst_status write_part(struct rst_context *context, const char *path,
                                  const struct rst_checkpoint *checkpoint) {
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_files_probe(context, path));
  RST_TRY(rst_hdf5_create(context, path, &file));
  enum rst_status status = RST_OK;
  if (!write_content(file, checkpoint)) {
    status = rst_hdf5_fail(context, "%s: writing the checkpoint failed", path);
    rst_kill_safe_driver_discard(file);
  }
  if (!rst_hdf5_close_writable(file) && status == RST_OK) {
    status = rst_hdf5_fail(context, "%s: closing the checkpoint failed", path);
  }
  return status == RST_OK ? rst_files_seal(context, path) : status;
}

struct paths {
  char *current, *previous, *part;
};

static enum rst_status make_paths(struct rst_context *context, const char *run_path, struct paths *paths) {
  RST_TRY(rst_files_sibling(context, run_path, ending, &paths->current));
  RST_TRY(rst_files_sibling(context, run_path, ending_previous, &paths->previous));
  return rst_files_sibling(context, run_path, ending_part, &paths->part);
}

static void free_paths(struct paths *paths) {
  free(paths->current);
  free(paths->previous);
  free(paths->part);
}

/* The new generation is complete on the disk before the older ones are touched. */
static enum rst_status save(struct rst_context *context, const struct paths *paths,
                            const struct rst_checkpoint *checkpoint) {
  RST_TRY(write_part(context, paths->part, checkpoint));
  if (access(paths->current, F_OK) == 0) {
    RST_TRY(rst_files_replace(context, paths->current, paths->previous, true));
  }
  return rst_files_replace(context, paths->part, paths->current, true);
}

enum rst_status rst_checkpoint_save(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint *checkpoint) {
  struct paths paths = {0};
  struct rst_checkpoint complete = *checkpoint;
  complete.wisdom = checkpoint->wisdom ? checkpoint->wisdom : "";
  enum rst_status status = make_paths(context, run_path, &paths);
  if (status == RST_OK) {
    H5E_BEGIN_TRY {
      status = save(context, &paths, &complete);
    }
    H5E_END_TRY
  }
  if (status != RST_OK && paths.part) {
    unlink(paths.part);
  }
  free_paths(&paths);
  return status;
}

static enum rst_status read_field(struct rst_context *context, const char *path, hid_t file, size_t index,
                                  struct rst_field **field) {
  char name[FIELD_NAME_LENGTH];
  snprintf(name, sizeof name, "field_%zu", index);
  struct rst_ids ids = {0};
  hsize_t dims[2] = {0};
  const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT));
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
  const hid_t type = rst_ids_keep(&ids, H5Dget_type(dataset));
  const enum rst_precision precision =
      H5Tget_size(type) == sizeof(float) ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
  enum rst_status status = RST_OK;
  if (H5Sget_simple_extent_ndims(space) != 2 || H5Sget_simple_extent_dims(space, dims, NULL) != 2) {
    status = rst_hdf5_fail(context, "%s: %s is damaged", path, name);
  } else {
    status = rst_field_create(context, precision, dims[0], dims[1], field);
  }
  if (status == RST_OK &&
      H5Dread(dataset, type_of(precision), H5S_ALL, H5S_ALL, H5P_DEFAULT, (*field)->data) < 0) {
    status = rst_hdf5_fail(context, "%s: %s is damaged", path, name);
  }
  rst_ids_close(&ids);
  return status;
}

static bool read_number(hid_t file, const char *name, hid_t type, void *value) {
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
  const bool done = attribute >= 0 && H5Aread(attribute, type, value) >= 0;
  if (attribute >= 0) {
    H5Aclose(attribute);
  }
  return done;
}

static enum rst_status read_content(struct rst_context *context, const char *path, hid_t file,
                                    struct rst_checkpoint *checkpoint) {
  enum { MOST_FIELDS = 64 };
  bool complete = true;
  for (size_t i = 0; complete && i < MEMBER_COUNT; ++i) {
    complete =
        read_number(file, members[i].name, member_type(&members[i]), (char *)checkpoint + members[i].offset);
  }
  const size_t count = checkpoint->field_count;
  checkpoint->field_count = 0; /* of those allocated so far */
  complete = complete && count <= MOST_FIELDS;
  if (complete) {
    checkpoint->effective = rst_hdf5_dataset_text(file, "effective");
    checkpoint->wisdom = rst_hdf5_dataset_text(file, "wisdom");
  }
  RST_REQUIRE(context, complete && checkpoint->effective && checkpoint->wisdom, RST_ERROR_IO,
              "%s is no checkpoint of this version", path);
  void *fields = NULL;
  RST_TRY(rst_allocate(context, count + 1, sizeof *checkpoint->fields, &fields));
  checkpoint->fields = fields;
  for (size_t i = 0; i < count; ++i) {
    checkpoint->field_count = i + 1;
    RST_TRY(read_field(context, path, file, i, &checkpoint->fields[i]));
  }
  return RST_OK;
}

static enum rst_status load(struct rst_context *context, const char *path,
                            struct rst_checkpoint *checkpoint) {
  hid_t file = H5I_INVALID_HID;
  *checkpoint = (struct rst_checkpoint){0};
  RST_TRY(rst_files_check_seal(context, path)); /* HDF5 must not see damaged files: it may crash */
  RST_TRY(rst_hdf5_open(context, path, &file));
  const enum rst_status status = read_content(context, path, file, checkpoint);
  H5Fclose(file);
  if (status != RST_OK) {
    rst_checkpoint_clear(checkpoint);
  }
  return status;
}

/* A kill between the two renames of a save leaves the previous generation alone, which is then the newest. */
static enum rst_status load_newest(struct rst_context *context, const struct paths *paths,
                                   struct rst_checkpoint *checkpoint) {
  const bool has_current = access(paths->current, F_OK) == 0;
  if (has_current && load(context, paths->current, checkpoint) == RST_OK) {
    return RST_OK;
  }
  RST_REQUIRE(context, has_current || access(paths->previous, F_OK) == 0, RST_ERROR_IO,
              "there is no checkpoint %s; start again without --resume", paths->current);
  if (has_current) {
    rst_warn(context, "%s; going on from %s", rst_context_message(context), paths->previous);
  }
  const enum rst_status status = load(context, paths->previous, checkpoint);
  RST_REQUIRE(context, status == RST_OK, status, "no checkpoint is usable: %s; start again with --force",
              rst_context_message(context));
  return RST_OK;
}

enum rst_status rst_checkpoint_load(struct rst_context *context, const char *run_path,
                                    struct rst_checkpoint *checkpoint) {
  struct paths paths = {0};
  struct rst_checkpoint loaded = {0};
  enum rst_status status = make_paths(context, run_path, &paths);
  if (status == RST_OK) {
    H5E_BEGIN_TRY {
      status = load_newest(context, &paths, &loaded);
    }
    H5E_END_TRY
  }
  free_paths(&paths);
  if (status == RST_OK) {
    *checkpoint = loaded;
  }
  return status;
}

void rst_checkpoint_clear(struct rst_checkpoint *checkpoint) {
  for (size_t i = 0; i < checkpoint->field_count; ++i) {
    rst_field_destroy(&checkpoint->fields[i]);
  }
  free((void *)checkpoint->fields);
  free(checkpoint->effective);
  free(checkpoint->wisdom);
  *checkpoint = (struct rst_checkpoint){0};
}

bool rst_checkpoint_exists(const char *run_path) {
  struct rst_context *context = NULL;
  struct paths paths = {0};
  if (rst_context_create(&context) != RST_OK) {
    return false;
  }
  const bool exists = make_paths(context, run_path, &paths) == RST_OK &&
                      (access(paths.current, F_OK) == 0 || access(paths.previous, F_OK) == 0);
  free_paths(&paths);
  rst_context_destroy(&context);
  return exists;
}

enum rst_status rst_checkpoint_remove(struct rst_context *context, const char *run_path) {
  struct paths paths = {0};
  enum rst_status status = make_paths(context, run_path, &paths);
  const char *const all[] = {paths.current, paths.previous, paths.part};
  for (size_t i = 0; i < sizeof all / sizeof *all && status == RST_OK; ++i) {
    status = rst_files_remove(context, all[i]);
  }
  free_paths(&paths);
  return status;
}
