/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/checkpoint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
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
    {"time", REAL, offsetof(struct rst_checkpoint, time)},
    {"time_compensation", REAL, offsetof(struct rst_checkpoint, time_compensation)},
    {"radius", REAL, offsetof(struct rst_checkpoint, radius)},
    {"wall_seconds", REAL, offsetof(struct rst_checkpoint, wall_seconds)},
};
enum { MEMBER_COUNT = sizeof members / sizeof *members };
_Static_assert(sizeof(long) == sizeof(size_t) && sizeof(double) == sizeof(size_t), "members are alike");

static const char group_of_blocks[] = "blocks";
static const char ending[] = ".checkpoint.h5";
static const char ending_previous[] = ".checkpoint.previous.h5";
static const char ending_part[] = ".checkpoint.partial.h5";

static hid_t member_type(const struct member *member) {
  return member->kind == REAL ? H5T_NATIVE_DOUBLE : H5T_NATIVE_LONG;
}

static hid_t type_of(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

static bool write_block(hid_t group, const struct rst_block *block) {
  const struct rst_field *field = block->field;
  const hsize_t dims[] = {field->ny, field->nx};
  const hid_t type = type_of(field->precision);
  struct rst_ids ids = {0};
  const hid_t space = rst_ids_keep(&ids, H5Screate_simple(2, dims, NULL));
  const hid_t dataset =
      rst_ids_keep(&ids, H5Dcreate2(group, block->name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const bool done = dataset >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, field->data) >= 0;
  rst_ids_close(&ids);
  return done;
}

static bool write_blocks(hid_t file, const struct rst_blocks *blocks) {
  struct rst_ids ids = {0};
  const hid_t group =
      rst_ids_keep(&ids, H5Gcreate2(file, group_of_blocks, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  bool done = group >= 0;
  for (size_t i = 0; done && i < blocks->count; ++i) {
    done = write_block(group, &blocks->block[i]);
  }
  rst_ids_close(&ids);
  return done;
}

static bool write_content(hid_t file, const struct rst_checkpoint *checkpoint,
                          const struct rst_blocks *blocks) {
  bool done = true;
  for (size_t i = 0; done && i < MEMBER_COUNT; ++i) {
    done = rst_hdf5_set_numbers(file, members[i].name, member_type(&members[i]),
                                (const char *)checkpoint + members[i].offset, 0);
  }
  return done &&
         rst_hdf5_set_text(file, "identifier", checkpoint->identifier ? checkpoint->identifier : "", 0) &&
         rst_hdf5_write_text(file, "effective", checkpoint->effective) &&
         rst_hdf5_write_text(file, "wisdom", checkpoint->wisdom ? checkpoint->wisdom : "") &&
         write_blocks(file, blocks);
}

static enum rst_status write_part(struct rst_context *context, const char *path,
                                  const struct rst_checkpoint *checkpoint, const struct rst_blocks *blocks) {
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_files_probe(context, path));
  RST_TRY(rst_hdf5_create(context, path, &file));
  if (!write_content(file, checkpoint, blocks)) {
    const enum rst_status status = rst_hdf5_fail(context, "%s: writing the checkpoint failed", path);
    rst_hdf5_abandon(file);
    return status;
  }
  RST_TRY(rst_hdf5_close_writable(context, path, file));
  return rst_files_seal(context, path);
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
                            const struct rst_checkpoint *checkpoint, const struct rst_blocks *blocks) {
  RST_TRY(write_part(context, paths->part, checkpoint, blocks));
  if (access(paths->current, F_OK) == 0) {
    RST_TRY(rst_files_replace(context, paths->current, paths->previous, true));
  }
  return rst_files_replace(context, paths->part, paths->current, true);
}

enum rst_status rst_checkpoint_save(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint *checkpoint,
                                    const struct rst_blocks *blocks) {
  struct paths paths = {0};
  enum rst_status status = rst_blocks_check(context, blocks);
  if (status == RST_OK) {
    status = make_paths(context, run_path, &paths);
  }
  if (status == RST_OK) {
    H5E_BEGIN_TRY {
      status = save(context, &paths, checkpoint, blocks);
    }
    H5E_END_TRY
  }
  if (status != RST_OK && paths.part) {
    unlink(paths.part);
  }
  free_paths(&paths);
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

static enum rst_status read_content(struct rst_context *context, hid_t file,
                                    struct rst_checkpoint *checkpoint) {
  bool complete = rst_hdf5_has(file, group_of_blocks);
  for (size_t i = 0; complete && i < MEMBER_COUNT; ++i) {
    complete =
        read_number(file, members[i].name, member_type(&members[i]), (char *)checkpoint + members[i].offset);
  }
  if (complete) {
    checkpoint->effective = rst_hdf5_dataset_text(file, "effective");
    checkpoint->wisdom = rst_hdf5_dataset_text(file, "wisdom");
    checkpoint->identifier = rst_hdf5_attribute_text(file, "identifier");
  }
  RST_REQUIRE(context, complete && checkpoint->effective && checkpoint->wisdom, RST_ERROR_IO,
              "%s is no checkpoint of this version", checkpoint->path);
  return RST_OK;
}

static enum rst_status check_run(struct rst_context *context, const struct rst_checkpoint *checkpoint,
                                 const struct rst_checkpoint_run *run) {
  const bool fits =
      checkpoint->snapshots <= run->snapshots && (size_t)checkpoint->iteration <= run->iterations;
  RST_REQUIRE(context, strcmp(checkpoint->identifier ? checkpoint->identifier : "", run->identifier) == 0,
              RST_ERROR_ARGUMENT, "%s belongs to another run", checkpoint->path);
  RST_REQUIRE(context, fits, RST_ERROR_IO,
              "%s needs more rows than the file has: %zu snapshots, %ld iterations", checkpoint->path,
              checkpoint->snapshots, checkpoint->iteration);
  return RST_OK;
}

static enum rst_status load(struct rst_context *context, const char *path,
                            const struct rst_checkpoint_run *run, struct rst_checkpoint *checkpoint) {
  hid_t file = H5I_INVALID_HID;
  *checkpoint = (struct rst_checkpoint){0};
  RST_REQUIRE(context, access(path, F_OK) == 0, RST_ERROR_IO, "%s is missing", path);
  RST_TRY(rst_files_check_seal(context, path)); /* HDF5 must not see damaged files: it may crash */
  RST_TRY(rst_hdf5_open(context, path, &file));
  enum rst_status status = rst_format(context, &checkpoint->path, "%s", path);
  if (status == RST_OK) {
    status = read_content(context, file, checkpoint);
  }
  H5Fclose(file);
  if (status == RST_OK) {
    status = check_run(context, checkpoint, run);
  }
  if (status != RST_OK) {
    rst_checkpoint_clear(checkpoint);
  }
  return status;
}

/* The reasons why no generation can be used: `there` are files, not all of them of another run. */
static enum rst_status give_up(struct rst_context *context, struct rst_text *reasons, bool there) {
  char *text = rst_text_take(reasons);
  const enum rst_status status =
      there ? rst_fail(context, RST_ERROR_IO,
                       "no checkpoint is usable: %s; what the run has stored can be read, but not continued: "
                       "keep it and start again into another file (-o)",
                       text ? text : "")
            : RST_OK;
  free(text);
  return status;
}

/* A kill between the two renames of a save leaves the previous generation alone, which is then the newest. */
static enum rst_status load_newest(struct rst_context *context, const struct paths *paths,
                                   const struct rst_checkpoint_run *run, struct rst_checkpoint *checkpoint) {
  const char *const generations[] = {paths->current, paths->previous};
  struct rst_text reasons = {0};
  bool there = false;
  for (size_t i = 0; i < 2; ++i) {
    const enum rst_status status = load(context, generations[i], run, checkpoint);
    if (status == RST_OK) {
      if (i > 0) {
        rst_warn(context, "%s; going on from %s", reasons.bytes ? reasons.bytes : "", generations[i]);
      }
      rst_text_clear(&reasons);
      return RST_OK;
    }
    there = there || (status != RST_ERROR_ARGUMENT && access(generations[i], F_OK) == 0);
    rst_text_add(&reasons, "%s%s", i > 0 ? ", and " : "", rst_context_message(context));
  }
  return give_up(context, &reasons, there);
}

enum rst_status rst_checkpoint_load(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint_run *run, struct rst_checkpoint *checkpoint) {
  struct paths paths = {0};
  struct rst_checkpoint loaded = {0};
  enum rst_status status = make_paths(context, run_path, &paths);
  if (status == RST_OK) {
    H5E_BEGIN_TRY {
      status = load_newest(context, &paths, run, &loaded);
    }
    H5E_END_TRY
  }
  free_paths(&paths);
  if (status == RST_OK) {
    *checkpoint = loaded;
  }
  return status;
}

/* Whether the dataset is a field of this shape and precision. */
static bool fits(struct rst_ids *ids, hid_t dataset, const struct rst_field *field) {
  hsize_t dims[2] = {0};
  const hid_t space = rst_ids_keep(ids, H5Dget_space(dataset));
  const hid_t type = rst_ids_keep(ids, H5Dget_type(dataset));
  return H5Sget_simple_extent_ndims(space) == 2 && H5Sget_simple_extent_dims(space, dims, NULL) == 2 &&
         dims[0] == field->ny && dims[1] == field->nx && H5Tequal(type, type_of(field->precision)) > 0;
}

static enum rst_status read_block(struct rst_context *context, const char *path, hid_t group,
                                  const struct rst_block *block) {
  static const char remedy[] = "resume with the case that the run was begun with, or start another file (-o)";
  struct rst_ids ids = {0};
  RST_REQUIRE(context, rst_hdf5_has(group, block->name), RST_ERROR_IO,
              "%s lacks the block %s: the case follows something that the stored run did not; %s", path,
              block->name, remedy);
  const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(group, block->name, H5P_DEFAULT));
  enum rst_status status = RST_OK;
  if (!fits(&ids, dataset, block->field)) {
    status = rst_fail(context, RST_ERROR_IO, "%s: the block %s is not %zu x %zu numbers of type %s; %s", path,
                      block->name, block->field->ny, block->field->nx,
                      block->field->precision == RST_PRECISION_FLOAT ? "float" : "double", remedy);
  } else if (H5Dread(dataset, type_of(block->field->precision), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                     block->field->data) < 0) {
    status = rst_hdf5_fail(context, "%s: the block %s cannot be read", path, block->name);
  }
  rst_ids_close(&ids);
  return status;
}

static enum rst_status read_blocks(struct rst_context *context, const char *path,
                                   const struct rst_blocks *blocks) {
  struct rst_ids ids = {0};
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_hdf5_open(context, path, &file));
  rst_ids_keep(&ids, file);
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, group_of_blocks, H5P_DEFAULT));
  enum rst_status status = RST_OK;
  for (size_t i = 0; i < blocks->count && status == RST_OK; ++i) {
    status = read_block(context, path, group, &blocks->block[i]);
  }
  rst_ids_close(&ids);
  return status;
}

enum rst_status rst_checkpoint_restore(struct rst_context *context, const struct rst_checkpoint *checkpoint,
                                       const struct rst_blocks *blocks) {
  enum rst_status status = rst_blocks_check(context, blocks);
  if (status == RST_OK) {
    H5E_BEGIN_TRY {
      status = read_blocks(context, checkpoint->path, blocks);
    }
    H5E_END_TRY
  }
  return status;
}

void rst_checkpoint_clear(struct rst_checkpoint *checkpoint) {
  free(checkpoint->path);
  free(checkpoint->effective);
  free(checkpoint->identifier);
  free(checkpoint->wisdom);
  *checkpoint = (struct rst_checkpoint){0};
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
