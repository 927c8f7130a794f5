/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/provenance.h"

#include <string.h>
#include <time.h>

#include "archive/record_parts.h"
#include "core/text.h"
#include "hdf5/checksum.h"
#include "hdf5/support.h"
#include "restrain/version.h"

/* Attributes that are known at the end only are overwritten in place and need their room from the start; an
 * attribute must fit into an object header of 64 KiB. */
enum { ROOM_FOR_REASON = 64, LONGEST_ARGUMENTS = 32768 };

static const char group_name[] = "provenance";

static enum rst_status quote_arguments(struct rst_context *context, const struct rst_provenance *provenance,
                                       char **quoted) {
  static const char cut[] = " ...";
  struct rst_text text = {0};
  for (int i = 0; i < provenance->argc; ++i) {
    rst_text_add_argument(&text, provenance->argv[i]);
  }
  *quoted = rst_text_take(&text);
  RST_REQUIRE(context, *quoted, RST_ERROR_MEMORY, "memory is exhausted");
  if (strlen(*quoted) > LONGEST_ARGUMENTS) {
    memcpy(*quoted + LONGEST_ARGUMENTS - sizeof cut, cut, sizeof cut);
  }
  return RST_OK;
}

static bool write_texts(hid_t group, const struct rst_provenance *provenance, const char *created,
                        const char *libraries, const char *arguments) {
  const struct rst_version *version = rst_version();
  const char *const texts[][2] = {
      {"version", version->version},
      {"commit", version->commit},
      {"compiler", version->compiler},
      {"flags", version->flags},
      {"libraries", libraries},
      {"argv", arguments},
      {"rigor", provenance->rigor},
      {"correlation", provenance->correlation},
      {"created", created},
      {"identifier", provenance->identifier},
  };
  bool done = rst_hdf5_set_text(group, "exit_reason", "running", ROOM_FOR_REASON);
  for (size_t i = 0; done && i < sizeof texts / sizeof *texts; ++i) {
    done = rst_hdf5_set_text(group, texts[i][0], texts[i][1] ? texts[i][1] : "", 0);
  }
  return done;
}

static bool write_group(hid_t group, const struct rst_provenance *provenance) {
  const double wall_seconds = 0.0;
  const bool wise = provenance->wisdom && *provenance->wisdom;
  return rst_hdf5_set_numbers(group, "threads", H5T_NATIVE_INT, &provenance->threads, 0) &&
         rst_hdf5_set_numbers(group, "ranks", H5T_NATIVE_INT, &provenance->ranks, 0) &&
         rst_hdf5_set_numbers(group, "wall_seconds", H5T_NATIVE_DOUBLE, &wall_seconds, 0) &&
         rst_hdf5_write_text(group, "case", provenance->case_source) &&
         rst_hdf5_write_text(group, "effective", provenance->case_effective) &&
         (!wise || rst_hdf5_write_text(group, "wisdom", provenance->wisdom));
}

static bool set_missing_text(hid_t file, const char *name, const char *text) {
  return !text || !*text || H5Aexists(file, name) > 0 || rst_hdf5_set_text(file, name, text, 0);
}

static bool set_missing_numbers(hid_t file, const char *name, const double *numbers, hsize_t count) {
  return H5Aexists(file, name) > 0 || rst_hdf5_set_numbers(file, name, H5T_NATIVE_DOUBLE, numbers, count);
}

/* What a reader wants to know of a file before its numbers. */
static bool write_heading(hid_t file, const struct rst_provenance *provenance) {
  const struct rst_case *from = provenance->from;
  const double levels[] = {provenance->levels.black, provenance->levels.white};
  return set_missing_text(file, "Conventions", RST_CONVENTIONS) &&
         (!from ||
          (set_missing_text(file, "case_name", provenance->name ? provenance->name : rst_case_name(from)) &&
           set_missing_text(file, "title", from->title) &&
           set_missing_text(file, "reference", from->reference) &&
           set_missing_numbers(file, "lr", &from->step.scheme.lr, 0) &&
           set_missing_numbers(file, "weight_decay", &from->step.scheme.weight_decay, 0))) &&
         (levels[0] == levels[1] || set_missing_numbers(file, "image_levels", levels, 2));
}

/* The time in UTC; `now` stays as it is where there is none. */
static void tell_time(size_t size, char *now) {
  const time_t seconds = time(NULL);
  struct tm utc;
  if (gmtime_r(&seconds, &utc)) {
    strftime(now, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
  }
}

static enum rst_status record_text(struct rst_context *context, struct rst_record *record, const char *name,
                                   const char *text) {
  return text && *text ? rst_record_set_text(context, record, name, text) : RST_OK;
}

enum rst_status rst_provenance_record(struct rst_context *context, struct rst_record *record,
                                      const struct rst_provenance *provenance) {
  const struct rst_case *from = provenance->from;
  const double levels[] = {provenance->levels.black, provenance->levels.white};
  char now[] = "0000-00-00T00:00:00Z";
  tell_time(sizeof now, now);
  RST_TRY(rst_record_set_text(context, record, "Conventions", RST_CONVENTIONS));
  RST_TRY(record_text(context, record, "case_name", rst_case_name(from)));
  RST_TRY(record_text(context, record, "title", from->title));
  RST_TRY(record_text(context, record, "reference", from->reference));
  RST_TRY(rst_record_set_numbers(context, record, "lr", &from->step.scheme.lr, 0));
  RST_TRY(rst_record_set_numbers(context, record, "weight_decay", &from->step.scheme.weight_decay, 0));
  RST_TRY(levels[0] != levels[1] ? rst_record_set_numbers(context, record, "image_levels", levels, 2)
                                 : RST_OK);
  RST_TRY(rst_record_set_text(context, record, "version", rst_version()->version));
  RST_TRY(rst_record_set_text(context, record, "commit", rst_version()->commit));
  return rst_record_set_text(context, record, "created", now);
}

enum rst_status rst_provenance_write(struct rst_context *context, hid_t file, const char *path,
                                     const struct rst_provenance *provenance, const char *created) {
  char now[] = "0000-00-00T00:00:00Z";
  tell_time(sizeof now, now);
  RST_SCOPED char *libraries = NULL;
  RST_SCOPED char *arguments = NULL;
  RST_TRY(rst_version_libraries(context, &libraries));
  RST_TRY(quote_arguments(context, provenance, &arguments));
  RST_IDS(ids);
  const hid_t group = rst_ids_keep(&ids, H5Gcreate2(file, group_name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  RST_HDF5(context,
           write_texts(group, provenance, created ? created : now, libraries, arguments) &&
               write_group(group, provenance) && write_heading(file, provenance),
           "%s: /%s cannot be written", path, group_name);
  return RST_OK;
}

enum rst_status rst_provenance_finish(struct rst_context *context, hid_t file, const char *path,
                                      const char *exit_reason, double wall_seconds) {
  RST_IDS(ids);
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, group_name, H5P_DEFAULT));
  RST_HDF5(context,
           rst_hdf5_update_text(group, "exit_reason", exit_reason) &&
               rst_hdf5_update_numbers(group, "wall_seconds", H5T_NATIVE_DOUBLE, &wall_seconds, 1),
           "%s: /%s cannot be completed", path, group_name);
  return RST_OK;
}

enum rst_status rst_provenance_read(struct rst_context *context, hid_t file, const char *path,
                                    double *wall_seconds, char **wisdom) {
  RST_IDS(ids);
  if (wisdom) {
    *wisdom = NULL;
  }
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, group_name, H5P_DEFAULT));
  const bool read = rst_hdf5_read_numbers(group, "wall_seconds", H5T_NATIVE_DOUBLE, wall_seconds, 1);
  RST_HDF5(context, read, "%s: /%s cannot be read", path, group_name);
  if (wisdom && rst_hdf5_has(group, "wisdom")) {
    RST_TRY(rst_dataset_require_intact(context, path, file, "provenance/wisdom"));
    *wisdom = rst_hdf5_dataset_text(group, "wisdom");
  }
  return RST_OK;
}

enum rst_status rst_provenance_effective(struct rst_context *context, const char *path, char **effective,
                                         char **identifier) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  *effective = NULL;
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  static const char name[] = "provenance/effective";
  RST_SCOPED char *text = rst_hdf5_dataset_text(file, name);
  RST_REQUIRE(context, text, RST_ERROR_IO, "%s is no file of results: it has no /%s", path, name);
  RST_TRY(rst_dataset_require_intact(context, path, file, name));
  if (identifier) {
    const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, group_name, H5P_DEFAULT));
    RST_SCOPED char *stored = rst_hdf5_attribute_text(group, "identifier");
    RST_TRY(rst_format(context, identifier, "%s", stored ? stored : ""));
  }
  *effective = text;
  text = NULL;
  return RST_OK;
}
