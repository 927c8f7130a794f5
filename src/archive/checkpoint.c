/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/checkpoint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "hdf5/dataset.h"

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
/* Not .h5, so that a pattern of results finds none. */
static const char ending[] = ".checkpoint";
static const char ending_previous[] = ".checkpoint.previous";
static const char ending_part[] = ".checkpoint.partial";
/* What earlier versions wrote is still resumed. */
static const char old_ending[] = ".checkpoint.h5";
static const char old_ending_previous[] = ".checkpoint.previous.h5";

static hid_t member_type(const struct member *member) {
  return member->kind == REAL ? H5T_NATIVE_DOUBLE : H5T_NATIVE_LONG;
}

/* A block as a dataset; without scales it is stored as it is. */
static struct rst_dataset dataset_of(const char *name, const struct rst_field *field,
                                     struct rst_axis axes[2]) {
  axes[0] = (struct rst_axis){.count = field->ny};
  axes[1] = (struct rst_axis){.count = field->nx};
  return (struct rst_dataset){.variable = {.name = name},
                              .numbers = rst_numbers_of(field->precision),
                              .rank = 2,
                              .axes = {&axes[0], &axes[1]},
                              .values = field->data};
}

struct writer {
  struct rst_context *context;
  const char *path;
  const struct rst_checkpoint *checkpoint;
  const struct rst_blocks *blocks;
};

static enum rst_status write_blocks(const struct writer *writer, hid_t group) {
  RST_HDF5(writer->context, group >= 0, "%s: writing the checkpoint failed", writer->path);
  for (size_t i = 0; i < writer->blocks->count; ++i) {
    struct rst_axis axes[2];
    const struct rst_block *block = &writer->blocks->block[i];
    const struct rst_dataset dataset = dataset_of(block->name, block->field, axes);
    RST_TRY(rst_dataset_write(writer->context, group, &dataset));
  }
  return RST_OK;
}

static enum rst_status write_content(void *user, hid_t file) {
  const struct writer *writer = user;
  const struct rst_checkpoint *checkpoint = writer->checkpoint;
  bool done = true;
  for (size_t i = 0; done && i < MEMBER_COUNT; ++i) {
    done = rst_hdf5_set_numbers(file, members[i].name, member_type(&members[i]),
                                (const char *)checkpoint + members[i].offset, 0);
  }
  const char *identifier = checkpoint->identifier ? checkpoint->identifier : "";
  done = done && rst_hdf5_set_text(file, "identifier", identifier, 0) &&
         rst_hdf5_write_text(file, "effective", checkpoint->effective) &&
         rst_hdf5_write_text(file, "wisdom", checkpoint->wisdom ? checkpoint->wisdom : "");
  RST_HDF5(writer->context, done, "%s: writing the checkpoint failed", writer->path);
  RST_IDS(ids);
  return write_blocks(
      writer, rst_ids_keep(&ids, H5Gcreate2(file, group_of_blocks, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)));
}

struct paths {
  char *current, *previous, *part, *old_current, *old_previous;
};

static enum rst_status make_paths(struct rst_context *context, const char *run_path, struct paths *paths) {
  RST_TRY(rst_files_sibling(context, run_path, ending, &paths->current));
  RST_TRY(rst_files_sibling(context, run_path, ending_previous, &paths->previous));
  RST_TRY(rst_files_sibling(context, run_path, old_ending, &paths->old_current));
  RST_TRY(rst_files_sibling(context, run_path, old_ending_previous, &paths->old_previous));
  return rst_files_sibling(context, run_path, ending_part, &paths->part);
}

static void free_paths(struct paths *paths) {
  free(paths->current);
  free(paths->previous);
  free(paths->part);
  free(paths->old_current);
  free(paths->old_previous);
}
#define PATHS(name) struct paths name __attribute__((cleanup(free_paths))) = {0}

/* Names that are too long to be there need not be removed. */
static enum rst_status remove_old(struct rst_context *context, const struct paths *paths) {
  RST_TRY(access(paths->old_current, F_OK) == 0 ? rst_files_remove(context, paths->old_current) : RST_OK);
  return access(paths->old_previous, F_OK) == 0 ? rst_files_remove(context, paths->old_previous) : RST_OK;
}

/* The new generation is complete on the disk before the older ones are touched. */
static enum rst_status save(struct rst_context *context, const struct paths *paths,
                            const struct rst_checkpoint *checkpoint, const struct rst_blocks *blocks) {
  struct writer writer = {context, paths->part, checkpoint, blocks};
  RST_TRY(rst_hdf5_write_whole(context, paths->part, write_content, &writer));
  RST_TRY(rst_files_seal(context, paths->part));
  if (access(paths->current, F_OK) == 0) {
    RST_TRY(rst_files_replace(context, paths->current, paths->previous, true));
  }
  RST_TRY(rst_files_replace(context, paths->part, paths->current, true));
  return remove_old(context, paths);
}

enum rst_status rst_checkpoint_save(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint *checkpoint,
                                    const struct rst_blocks *blocks) {
  RST_QUIET();
  PATHS(paths);
  RST_TRY(rst_blocks_check(context, blocks));
  RST_TRY(make_paths(context, run_path, &paths));
  const enum rst_status status = save(context, &paths, checkpoint, blocks);
  if (status != RST_OK) {
    unlink(paths.part);
  }
  return status;
}

static bool ends_in(const char *path, const char *end) {
  const size_t length = strlen(path);
  return length >= strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

enum rst_status rst_checkpoint_check_seal(struct rst_context *context, const char *path) {
  const bool is_generation = ends_in(path, ending) || ends_in(path, ending_previous) ||
                             ends_in(path, old_ending) || ends_in(path, old_ending_previous);
  return is_generation ? rst_files_check_seal(context, path) : RST_OK;
}

static enum rst_status read_content(struct rst_context *context, hid_t file,
                                    struct rst_checkpoint *checkpoint) {
  bool complete = rst_hdf5_has(file, group_of_blocks);
  for (size_t i = 0; complete && i < MEMBER_COUNT; ++i) {
    complete = rst_hdf5_read_numbers(file, members[i].name, member_type(&members[i]),
                                     (char *)checkpoint + members[i].offset, 1);
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

static enum rst_status read_file(struct rst_context *context, const char *path,
                                 struct rst_checkpoint *checkpoint) {
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_files_check_seal(context, path)); /* HDF5 must not see damaged files: it may crash */
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  RST_TRY(rst_format(context, &checkpoint->path, "%s", path));
  return read_content(context, file, checkpoint);
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
  *checkpoint = (struct rst_checkpoint){0};
  RST_REQUIRE(context, access(path, F_OK) == 0, RST_ERROR_IO, "%s is missing", path);
  enum rst_status status = read_file(context, path, checkpoint);
  if (status == RST_OK) {
    status = check_run(context, checkpoint, run);
  }
  if (status != RST_OK) {
    rst_checkpoint_clear(checkpoint);
  }
  return status;
}

/* A kill between the two renames of a save leaves the previous generation alone, which is then the newest. What belongs to
 * another run is as good as missing. */
static enum rst_status load_newest(struct rst_context *context, const char *current, const char *previous,
                                   const struct rst_checkpoint_run *run, struct rst_checkpoint *checkpoint) {
  RST_SCOPED char *reason = NULL;
  enum rst_status status = load(context, current, run, checkpoint);
  if (status == RST_OK) {
    return RST_OK;
  }
  RST_TRY(rst_format(context, &reason, "%s", rst_context_message(context)));
  bool damaged = status != RST_ERROR_ARGUMENT && access(current, F_OK) == 0;
  status = load(context, previous, run, checkpoint);
  if (status == RST_OK) {
    rst_warn(context, "%s; going on from %s", reason, previous);
    return RST_OK;
  }
  damaged = damaged || (status != RST_ERROR_ARGUMENT && access(previous, F_OK) == 0);
  RST_REQUIRE(context, !damaged, RST_ERROR_IO,
              "no checkpoint is usable: %s, and %s; what the run has stored can be read, but not continued: "
              "keep it and start again into another file (-o)",
              reason, rst_context_message(context));
  return RST_OK;
}

enum rst_status rst_checkpoint_load(struct rst_context *context, const char *run_path,
                                    const struct rst_checkpoint_run *run, struct rst_checkpoint *checkpoint) {
  RST_QUIET();
  PATHS(paths);
  struct rst_checkpoint loaded = {0};
  RST_TRY(make_paths(context, run_path, &paths));
  const bool is_old = access(paths.current, F_OK) != 0 && access(paths.previous, F_OK) != 0 &&
                      (access(paths.old_current, F_OK) == 0 || access(paths.old_previous, F_OK) == 0);
  RST_TRY(load_newest(context, is_old ? paths.old_current : paths.current,
                      is_old ? paths.old_previous : paths.previous, run, &loaded));
  *checkpoint = loaded;
  return RST_OK;
}

static enum rst_status read_block(struct rst_context *context, const char *path, hid_t group,
                                  const struct rst_block *block) {
  static const char remedy[] = "resume with the case that the run was begun with, or start another file (-o)";
  struct rst_axis axes[2];
  const struct rst_field *field = block->field;
  const struct rst_dataset dataset = dataset_of(block->name, field, axes);
  RST_REQUIRE(context, rst_hdf5_has(group, block->name), RST_ERROR_IO,
              "%s lacks the block %s: the case follows something that the stored run did not; %s", path,
              block->name, remedy);
  RST_HDF5(context, rst_dataset_fits(group, &dataset),
           "%s: the block %s is not %zu x %zu numbers of type %s; %s", path, block->name, field->ny,
           field->nx, field->precision == RST_PRECISION_FLOAT ? "float" : "double", remedy);
  return rst_dataset_read(context, path, group, &dataset, field->data);
}

enum rst_status rst_checkpoint_restore(struct rst_context *context, const struct rst_checkpoint *checkpoint,
                                       const struct rst_blocks *blocks) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_blocks_check(context, blocks));
  RST_TRY(rst_hdf5_open(context, checkpoint->path, &ids, &file));
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, group_of_blocks, H5P_DEFAULT));
  for (size_t i = 0; i < blocks->count; ++i) {
    RST_TRY(read_block(context, checkpoint->path, group, &blocks->block[i]));
  }
  return RST_OK;
}

void rst_checkpoint_clear(struct rst_checkpoint *checkpoint) {
  free(checkpoint->path);
  free(checkpoint->effective);
  free(checkpoint->identifier);
  free(checkpoint->wisdom);
  *checkpoint = (struct rst_checkpoint){0};
}

enum rst_status rst_checkpoint_remove(struct rst_context *context, const char *run_path) {
  PATHS(paths);
  RST_TRY(make_paths(context, run_path, &paths));
  RST_TRY(rst_files_remove(context, paths.current));
  RST_TRY(rst_files_remove(context, paths.previous));
  RST_TRY(remove_old(context, &paths));
  return rst_files_remove(context, paths.part);
}
