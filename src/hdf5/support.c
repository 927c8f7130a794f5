/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/support.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
#include "hdf5/checksum.h"
#include "hdf5/kill_safe_driver.h"

void rst_hdf5_version(unsigned version[3]) {
  H5get_libversion(&version[0], &version[1], &version[2]);
}

struct rst_quiet rst_quiet_begin(void) {
  struct rst_quiet quiet = {0};
  quiet.known = H5Eget_auto2(H5E_DEFAULT, &quiet.print, &quiet.data) >= 0;
  if (quiet.known) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  }
  return quiet;
}

void rst_quiet_end(struct rst_quiet *quiet) {
  if (quiet->known) {
    H5Eset_auto2(H5E_DEFAULT, quiet->print, quiet->data);
  }
}

hid_t rst_ids_keep(struct rst_ids *ids, hid_t id) {
  if (id >= 0) {
    ids->id[ids->count++] = id;
  }
  return id;
}

/* Every call to HDF5 clears its error stack; the reason of a failure must outlive the closing. */
void rst_ids_close(struct rst_ids *ids) {
  const hid_t errors = H5Eget_num(H5E_DEFAULT) > 0 ? H5Eget_current_stack() : H5I_INVALID_HID;
  while (ids->count > 0) {
    H5Idec_ref(ids->id[--ids->count]);
  }
  if (errors >= 0) {
    H5Eset_current_stack(errors);
  }
}

/* Upward, the walk begins at the innermost error: the reason. */
static herr_t take_reason(unsigned depth, const H5E_error2_t *error, void *user) {
  enum { STOP = 1 };
  (void)depth;
  *(const char **)user = error->desc;
  return STOP;
}

enum rst_status rst_hdf5_fail(struct rst_context *context, const char *format, ...) {
  enum { MESSAGE_LENGTH = 1024 };
  char message[MESSAGE_LENGTH];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  const char *reason = NULL;
  const hid_t stack = H5Eget_current_stack(); /* a copy that the walk itself does not clear */
  H5Ewalk2(stack, H5E_WALK_UPWARD, take_reason, (void *)&reason);
  const enum rst_status status = reason && *reason
                                     ? rst_fail(context, RST_ERROR_IO, "%s: %s", message, reason)
                                     : rst_fail(context, RST_ERROR_IO, "%s", message);
  H5Eclose_stack(stack);
  return status;
}

/* Every flush walks the cache of metadata, which the views of the snapshots would fill, and those of chunks, of which the last of
 * a column alone is written again: keep them small. */
static bool limit_caches(hid_t list) {
  const size_t bytes = 256 * 1024;
  const size_t chunk_bytes = 128 * 1024;
  const size_t slots = 521;
  const double evict_first = 1.0;
  H5AC_cache_config_t config = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
  if (H5Pget_mdc_config(list, &config) < 0) {
    return false;
  }
  config.set_initial_size = true;
  config.initial_size = bytes;
  config.max_size = bytes;
  config.min_size = bytes;
  config.incr_mode = H5C_incr__off;
  config.flash_incr_mode = H5C_flash_incr__off;
  config.decr_mode = H5C_decr__off;
  return H5Pset_mdc_config(list, &config) >= 0 && H5Pset_cache(list, 0, slots, chunk_bytes, evict_first) >= 0;
}

static enum rst_status access_list(struct rst_context *context, bool writable, hid_t *list) {
  *list = H5Pcreate(H5P_FILE_ACCESS);
  const bool made = *list >= 0 && H5Pset_libver_bounds(*list, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110) >= 0 &&
                    H5Pset_file_locking(*list, false, true) >= 0 &&
                    H5Pset_fclose_degree(*list, H5F_CLOSE_STRONG) >= 0 &&
                    (!writable || (rst_kill_safe_driver_use(*list) && limit_caches(*list)));
  if (made) {
    return RST_OK;
  }
  const enum rst_status status = rst_hdf5_fail(context, "HDF5 refuses the access properties");
  H5Pclose(*list);
  return status;
}

enum rst_status rst_hdf5_create(struct rst_context *context, const char *path, hid_t *file) {
  hid_t list = H5I_INVALID_HID;
  RST_TRY(access_list(context, true, &list));
  *file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, list);
  const enum rst_status status = *file < 0 ? rst_hdf5_fail(context, "%s cannot be created", path) : RST_OK;
  H5Pclose(list);
  return status;
}

static enum rst_status open_file(struct rst_context *context, const char *path, bool writable, hid_t *file) {
  hid_t list = H5I_INVALID_HID;
  struct stat facts;
  RST_REQUIRE(context, stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode), RST_ERROR_IO,
              "%s is a folder; name a file in it", path);
  RST_TRY(access_list(context, writable, &list));
  *file = H5Fopen(path, writable ? H5F_ACC_RDWR : H5F_ACC_RDONLY, list);
  const enum rst_status status =
      *file < 0 ? rst_hdf5_fail(context, "%s cannot be opened as an HDF5 file", path) : RST_OK;
  H5Pclose(list);
  return status;
}

int rst_hdf5_close(hid_t file) {
  return rst_kill_safe_driver_close(file);
}

void rst_hdf5_discard(hid_t file) {
  rst_kill_safe_driver_discard(file);
}

static enum rst_status report(struct rst_context *context, const char *path, int failure) {
  RST_REQUIRE(context, failure == 0, RST_ERROR_IO, "%s: writing failed: %s", path, strerror(failure));
  return RST_OK;
}

enum rst_status rst_hdf5_end_header(struct rst_context *context, const char *path, hid_t *file) {
  const int failure = rst_hdf5_close(*file);
  *file = H5I_INVALID_HID;
  RST_TRY(report(context, path, failure));
  return open_file(context, path, true, file);
}

enum rst_status rst_hdf5_flush(struct rst_context *context, const char *path, hid_t file, bool durable) {
  RST_HDF5(context, H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0, "%s: writing failed", path);
  return report(context, path,
                durable ? rst_kill_safe_driver_synchronise(file) : rst_kill_safe_driver_failure(file));
}

enum rst_status rst_hdf5_write_whole(struct rst_context *context, const char *path,
                                     enum rst_status (*write)(void *user, hid_t file), void *user) {
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_files_probe(context, path));
  RST_TRY(rst_hdf5_create(context, path, &file));
  enum rst_status status = write(user, file);
  if (status == RST_OK) {
    status = rst_hdf5_flush(context, path, file, false);
  }
  if (status != RST_OK) {
    rst_hdf5_discard(file);
    (void)rst_hdf5_close(file);
    return status;
  }
  return report(context, path, rst_hdf5_close(file));
}

enum rst_status rst_hdf5_open(struct rst_context *context, const char *path, struct rst_ids *ids,
                              hid_t *file) {
  RST_REQUIRE(context, access(path, R_OK) == 0, RST_ERROR_IO, "%s cannot be read: %s", path, strerror(errno));
  RST_TRY(open_file(context, path, false, file));
  rst_ids_keep(ids, *file);
  return RST_OK;
}

hid_t rst_hdf5_whole_paths(struct rst_ids *ids) {
  const hid_t links = rst_ids_keep(ids, H5Pcreate(H5P_LINK_CREATE));
  return H5Pset_create_intermediate_group(links, true) >= 0 ? links : H5I_INVALID_HID;
}

/* The heap of names is made large enough for all of them, since HDF5 keeps a heap that has grown in two places, which cannot be
 * changed at once; and with its prefix it just fits into a page (see kill_safe_driver.h). */
bool rst_hdf5_make_group(hid_t location, const char *name) {
  enum { BYTES_PER_NAME = 8, HEAP_BYTES = (RST_HDF5_GROUP_NAMES + 2) * BYTES_PER_NAME };
  RST_IDS(ids);
  const hid_t links = rst_hdf5_whole_paths(&ids);
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_GROUP_CREATE));
  return H5Pset_local_heap_size_hint(properties, HEAP_BYTES) >= 0 &&
         rst_ids_keep(&ids, H5Gcreate2(location, name, links, properties, H5P_DEFAULT)) >= 0;
}

/* Fixed length, because every reader of HDF5 and netCDF copes with that; one byte stands for "". */
static hid_t text_type(struct rst_ids *ids, size_t length) {
  const hid_t type = rst_ids_keep(ids, H5Tcopy(H5T_C_S1));
  const bool made = H5Tset_size(type, length > 0 ? length : 1) >= 0 &&
                    H5Tset_cset(type, H5T_CSET_UTF8) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0;
  return made ? type : H5I_INVALID_HID;
}

hid_t rst_hdf5_label_type(struct rst_ids *ids) {
  const hid_t type = rst_ids_keep(ids, H5Tcopy(H5T_C_S1));
  const bool made = H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
  return made ? type : H5I_INVALID_HID;
}

bool rst_hdf5_set_text(hid_t object, const char *name, const char *text, size_t room) {
  RST_IDS(ids);
  const size_t length = strlen(text);
  const hid_t type = text_type(&ids, length > room ? length : room);
  const hid_t space = rst_ids_keep(&ids, H5Screate(H5S_SCALAR));
  const hid_t attribute = rst_ids_keep(&ids, H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
  return attribute >= 0 && rst_hdf5_update_text(object, name, text);
}

bool rst_hdf5_set_numbers(hid_t object, const char *name, hid_t type, const void *values, hsize_t count) {
  RST_IDS(ids);
  const hid_t space = rst_ids_keep(&ids, count ? H5Screate_simple(1, &count, NULL) : H5Screate(H5S_SCALAR));
  const hid_t attribute = rst_ids_keep(&ids, H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
  return attribute >= 0 && H5Awrite(attribute, type, values) >= 0;
}

bool rst_hdf5_update_text(hid_t object, const char *name, const char *text) {
  RST_IDS(ids);
  const hid_t attribute = rst_ids_keep(&ids, H5Aopen(object, name, H5P_DEFAULT));
  const hid_t type = rst_ids_keep(&ids, H5Aget_type(attribute));
  const size_t size = H5Tget_size(type);
  char *bytes = size ? calloc(1, size) : NULL;
  bool done = false;
  if (bytes) {
    const size_t length = strlen(text);
    memcpy(bytes, text, length < size ? length : size);
    done = H5Awrite(attribute, type, bytes) >= 0;
  }
  free(bytes);
  return done;
}

/* The attribute, if it holds so many numbers: others' files may hold any. */
static hid_t open_numbers(struct rst_ids *ids, hid_t object, const char *name, hssize_t count) {
  const hid_t attribute = rst_ids_keep(ids, H5Aopen(object, name, H5P_DEFAULT));
  const hid_t space = attribute < 0 ? H5I_INVALID_HID : rst_ids_keep(ids, H5Aget_space(attribute));
  return space >= 0 && H5Sget_simple_extent_npoints(space) == count ? attribute : H5I_INVALID_HID;
}

bool rst_hdf5_update_numbers(hid_t object, const char *name, hid_t type, const void *values, size_t count) {
  RST_IDS(ids);
  const hid_t attribute = open_numbers(&ids, object, name, (hssize_t)count);
  return attribute >= 0 && H5Awrite(attribute, type, values) >= 0;
}

bool rst_hdf5_read_numbers(hid_t object, const char *name, hid_t type, void *values, size_t count) {
  RST_IDS(ids);
  const hid_t attribute = open_numbers(&ids, object, name, (hssize_t)count);
  return attribute >= 0 && H5Aread(attribute, type, values) >= 0;
}

bool rst_hdf5_write_text(hid_t location, const char *name, const char *text) {
  RST_IDS(ids);
  const hid_t type = text_type(&ids, strlen(text));
  const hid_t space = rst_ids_keep(&ids, H5Screate(H5S_SCALAR));
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_obj_track_times(properties, false);
  const hid_t dataset =
      rst_ids_keep(&ids, H5Dcreate2(location, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT));
  return dataset >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0 &&
         rst_checksum_attach(dataset, H5Tget_size(type), text);
}

/* Either H5Aread or H5Dread. */
static bool read_value(hid_t object, bool is_attribute, hid_t type, void *value) {
  return (is_attribute ? H5Aread(object, type, value)
                       : H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value)) >= 0;
}

static char *read_text(struct rst_ids *ids, hid_t object, bool is_attribute) {
  const hid_t type = rst_ids_keep(ids, is_attribute ? H5Aget_type(object) : H5Dget_type(object));
  const hid_t space = rst_ids_keep(ids, is_attribute ? H5Aget_space(object) : H5Dget_space(object));
  if (type < 0 || H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) {
    return NULL;
  }
  char *text = NULL;
  if (H5Tis_variable_str(type) > 0) {
    char *value = NULL;
    if (read_value(object, is_attribute, type, &value) && value) {
      text = strdup(value);
      H5free_memory(value);
    }
    return text;
  }
  text = calloc(1, H5Tget_size(type) + 1);
  if (text && !read_value(object, is_attribute, type, text)) {
    free(text);
    text = NULL;
  }
  return text;
}

char *rst_hdf5_attribute_text(hid_t object, const char *name) {
  RST_IDS(ids);
  char *text = NULL;
  if (H5Aexists(object, name) > 0) {
    text = read_text(&ids, rst_ids_keep(&ids, H5Aopen(object, name, H5P_DEFAULT)), true);
  }
  return text;
}

char *rst_hdf5_dataset_text(hid_t location, const char *name) {
  RST_IDS(ids);
  char *text = read_text(&ids, rst_ids_keep(&ids, H5Dopen2(location, name, H5P_DEFAULT)), false);
  return text;
}

char *rst_hdf5_dataset_labels(hid_t location, const char *name) {
  RST_IDS(ids);
  struct rst_text text = {0};
  const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(location, name, H5P_DEFAULT));
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
  const hid_t type = rst_hdf5_label_type(&ids);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  char **labels = count > 0 ? calloc((size_t)count, sizeof *labels) : NULL;
  const bool read = labels && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0;
  for (hssize_t i = 0; read && i < count; ++i) {
    rst_text_add(&text, "%s\n", labels[i] ? labels[i] : "");
    H5free_memory(labels[i]);
  }
  free(labels);
  return read ? rst_text_take(&text) : NULL;
}

bool rst_hdf5_has(hid_t location, const char *name) {
  return H5Lexists(location, name, H5P_DEFAULT) > 0 && H5Oexists_by_name(location, name, H5P_DEFAULT) > 0;
}

enum rst_status rst_hdf5_require_own_numbers(struct rst_context *context, const char *path, const char *name,
                                             hid_t dataset) {
  RST_IDS(ids);
  const hid_t layout = rst_ids_keep(&ids, H5Dget_create_plist(dataset));
  bool elsewhere = H5Pget_external_count(layout) > 0;
  size_t sources = 0;
  if (H5Pget_layout(layout) == H5D_VIRTUAL) {
    H5Pget_virtual_count(layout, &sources);
  }
  for (size_t i = 0; i < sources && !elsewhere; ++i) {
    char source[2] = "";
    elsewhere = H5Pget_virtual_filename(layout, i, source, sizeof source) != 1 || source[0] != '.';
  }
  RST_REQUIRE(
      context, !elsewhere, RST_ERROR_IO,
      "%s: %s keeps its numbers in other files; copy them into one dataset (h5py: f['new'] = f['%s'][()])",
      path, name, name);
  return RST_OK;
}
