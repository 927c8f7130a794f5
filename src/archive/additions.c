/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/additions.h"

#include <hdf5_hl.h>
#include <string.h>

#include "core/core.h"

/* Objects are known by where they lie in the old file, so that links that lead to the same one do so in the new file. */
#if H5_VERSION_GE(1, 12, 0)
typedef H5O_token_t place_t;
static bool find_place(hid_t object, place_t *place) {
  H5O_info2_t info;
  const bool found = H5Oget_info3(object, &info, H5O_INFO_BASIC) >= 0;
  *place = found ? info.token : H5O_TOKEN_UNDEF;
  return found;
}
#else
typedef haddr_t place_t;
static bool find_place(hid_t object, place_t *place) {
  H5O_info_t info;
  const bool found = H5Oget_info2(object, &info, H5O_INFO_BASIC) >= 0;
  *place = found ? info.addr : HADDR_UNDEF;
  return found;
}
#endif

/* An object that both files have. */
struct common {
  place_t place;
  char *path; /* "" for the root */
};

struct copying {
  struct rst_context *context;
  const char *file;
  hid_t from, to; /* the roots */
  struct common *list;
  size_t count, capacity;
  const char *object; /* path of the one whose attributes are looked at */
  enum rst_status status;
};

static enum rst_status fail_copy(const struct copying *copying, const char *path) {
  return rst_hdf5_fail(
      copying->context,
      "%s: %s, which was added to it, cannot be kept; copy it into another file and delete it here",
      copying->file, path);
}

static enum rst_status fail_read(const struct copying *copying, const char *what, const char *path) {
  return rst_hdf5_fail(
      copying->context,
      "%s: %s %s cannot be read and would be lost; delete it, restore the file from a copy, or "
      "begin another one (-o)",
      copying->file, what, *path ? path : "/");
}

/* Views are made anew, under numbers or in /VTKHDF; wisdom, which a file has or has not, is replaced. */
static bool is_own(const char *path) {
  static const char views[] = "/snapshots/";
  const char *name = strrchr(path, '/') + 1;
  return strcmp(path, "/provenance/wisdom") == 0 || strncmp(path, "/VTKHDF/", strlen("/VTKHDF/")) == 0 ||
         (strncmp(path, views, sizeof views - 1) == 0 && name[strspn(name, "0123456789")] == '\0');
}

static const struct common *find(const struct copying *copying, hid_t object) {
  place_t place;
  for (size_t i = 0; find_place(object, &place) && i < copying->count; ++i) {
    if (memcmp(&copying->list[i].place, &place, sizeof place) == 0) {
      return &copying->list[i];
    }
  }
  return NULL;
}

static enum rst_status remember(struct copying *copying, hid_t object, const char *path) {
  if (copying->count == copying->capacity) {
    const size_t capacity = 2 * copying->capacity + 64;
    struct common *grown = realloc(copying->list, capacity * sizeof *grown);
    RST_REQUIRE(copying->context, grown, RST_ERROR_MEMORY, "memory is exhausted");
    copying->list = grown;
    copying->capacity = capacity;
  }
  struct common *common = &copying->list[copying->count];
  if (!find_place(object, &common->place)) {
    return fail_read(copying, "the header of", path);
  }
  RST_TRY(rst_format(copying->context, &common->path, "%s", path));
  copying->count += 1;
  return RST_OK;
}

/* Attributes. */

static bool is_of_scales(const char *attribute) {
  return strcmp(attribute, "DIMENSION_LIST") == 0 || strcmp(attribute, "REFERENCE_LIST") == 0;
}

static enum rst_status copy_attribute(const struct copying *copying, hid_t from, hid_t to, const char *name) {
  RST_IDS(ids);
  const hid_t old = rst_ids_keep(&ids, H5Aopen(from, name, H5P_DEFAULT));
  const hid_t type = rst_ids_keep(&ids, H5Tcopy(rst_ids_keep(&ids, H5Aget_type(old))));
  const hid_t space = rst_ids_keep(&ids, H5Aget_space(old));
  const hid_t properties = rst_ids_keep(&ids, H5Aget_create_plist(old));
  if (H5Tdetect_class(type, H5T_REFERENCE) > 0) {
    rst_warn(copying->context, "%s: the attribute %s of %s holds references and is not kept", copying->file,
             name, copying->object);
    return RST_OK;
  }
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  RST_SCOPED void *value = NULL;
  RST_TRY(rst_allocate(copying->context, count > 0 ? (size_t)count : 1, H5Tget_size(type), &value));
  const bool read = count <= 0 || H5Aread(old, type, value) >= 0;
  const hid_t made =
      read ? rst_ids_keep(&ids, H5Acreate2(to, name, type, space, properties, H5P_DEFAULT)) : -1;
  const bool done = made >= 0 && (count <= 0 || H5Awrite(made, type, value) >= 0);
  const enum rst_status status = done ? RST_OK : fail_copy(copying, name);
  if (read && count > 0) {
    (void)H5Dvlen_reclaim(type, space, H5P_DEFAULT, value);
  }
  return status;
}

static enum rst_status copy_attributes(struct copying *copying, hid_t from, hid_t to, const char *path) {
  enum { LONGEST = 1024 };
  char name[LONGEST];
  const int count = H5Aget_num_attrs(from);
  copying->object = path;
  if (count < 0) {
    return fail_read(copying, "the attributes of", path);
  }
  for (int i = 0; i < count; ++i) {
    const ssize_t length =
        H5Aget_name_by_idx(from, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, name, sizeof name, H5P_DEFAULT);
    if (length < 0 || length >= LONGEST) {
      return fail_read(copying, "an attribute of", path);
    }
    if (!is_of_scales(name) && H5Aexists(to, name) == 0) {
      RST_TRY(copy_attribute(copying, from, to, name));
    }
  }
  return RST_OK;
}

/* Links. */

typedef enum rst_status visit(struct copying *copying, hid_t old, hid_t made, const char *name,
                              const char *path);

/* Call for each link of the old group, of path `path`, in the order of their making where that is known. */
static enum rst_status each_link(struct copying *copying, hid_t old, hid_t made, const char *path,
                                 visit *call) {
  enum { LONGEST = 1024 };
  char name[LONGEST];
  H5G_info_t info = {0};
  unsigned order = 0;
  RST_IDS(ids);
  const hid_t properties = rst_ids_keep(&ids, H5Gget_create_plist(old));
  if (H5Gget_info(old, &info) < 0 || H5Pget_link_creation_order(properties, &order) < 0) {
    return fail_read(copying, "the members of", path);
  }
  const H5_index_t by = order & H5P_CRT_ORDER_INDEXED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const ssize_t length = H5Lget_name_by_idx(old, ".", by, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
    if (length < 0 || length >= LONGEST) {
      return fail_read(copying, "a member of", path);
    }
    RST_SCOPED char *below = NULL;
    RST_TRY(rst_format(copying->context, &below, "%s/%s", path, name));
    RST_TRY(is_own(below) ? RST_OK : call(copying, old, made, name, below));
  }
  return RST_OK;
}

static bool is_hard(hid_t group, const char *name) {
  H5L_info_t link;
  return H5Lget_info(group, name, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD;
}

/* What the new file has from the start; its objects get the attributes that they lack. */
static enum rst_status note(struct copying *copying, hid_t old, hid_t made, const char *name,
                            const char *path) {
  RST_IDS(ids);
  if (H5Lexists(made, name, H5P_DEFAULT) <= 0 || !is_hard(old, name) || !is_hard(made, name)) {
    return RST_OK;
  }
  const hid_t one = rst_ids_keep(&ids, H5Oopen(old, name, H5P_DEFAULT));
  const hid_t other = rst_ids_keep(&ids, H5Oopen(made, name, H5P_DEFAULT));
  if (one < 0 || H5Iget_type(one) != H5Iget_type(other)) {
    return RST_OK;
  }
  RST_TRY(remember(copying, one, path));
  RST_TRY(copy_attributes(copying, one, other, path));
  return H5Iget_type(one) == H5I_GROUP ? each_link(copying, one, other, path, note) : RST_OK;
}

static bool copy_soft(hid_t old, hid_t made, const char *name, H5L_type_t kind, char *value, size_t size) {
  unsigned flags = 0;
  const char *file = NULL;
  const char *object = NULL;
  if (H5Lget_val(old, name, value, size, H5P_DEFAULT) < 0) {
    return false;
  }
  if (kind == H5L_TYPE_SOFT) {
    return H5Lcreate_soft(value, made, name, H5P_DEFAULT, H5P_DEFAULT) >= 0;
  }
  return kind == H5L_TYPE_EXTERNAL && H5Lunpack_elink_val(value, size, &flags, &file, &object) >= 0 &&
         H5Lcreate_external(file, object, made, name, H5P_DEFAULT, H5P_DEFAULT) >= 0;
}

static enum rst_status copy_link(const struct copying *copying, hid_t old, hid_t made, const char *name,
                                 const char *path) {
  H5L_info_t link;
  RST_SCOPED char *value = NULL;
  if (H5Lget_info(old, name, &link, H5P_DEFAULT) < 0) {
    return fail_copy(copying, path);
  }
  RST_TRY(rst_allocate(copying->context, link.u.val_size + 1, 1, &value));
  return copy_soft(old, made, name, link.type, value, link.u.val_size) ? RST_OK : fail_copy(copying, path);
}

static enum rst_status add(struct copying *copying, hid_t old, hid_t made, const char *name,
                           const char *path);

static enum rst_status add_group(struct copying *copying, hid_t object, hid_t made, const char *name,
                                 const char *path) {
  RST_IDS(ids);
  const hid_t properties = rst_ids_keep(&ids, H5Gget_create_plist(object));
  const hid_t group = rst_ids_keep(&ids, H5Gcreate2(made, name, H5P_DEFAULT, properties, H5P_DEFAULT));
  if (group < 0) {
    return fail_copy(copying, path);
  }
  RST_TRY(copy_attributes(copying, object, group, path));
  return each_link(copying, object, group, path, add);
}

/* References of scales lead nowhere in the copy; scales are attached again. */
static enum rst_status add_dataset(const struct copying *copying, hid_t old, hid_t object, hid_t made,
                                   const char *name, const char *path) {
  RST_IDS(ids);
  const hid_t type = rst_ids_keep(&ids, H5Dget_type(object));
  if (H5Ocopy(old, name, made, name, H5P_DEFAULT, H5P_DEFAULT) < 0) {
    return fail_copy(copying, path);
  }
  if (H5Tdetect_class(type, H5T_REFERENCE) > 0) {
    rst_warn(copying->context, "%s: the references in %s are not kept", copying->file, path);
  }
  const hid_t copy = rst_ids_keep(&ids, H5Dopen2(made, name, H5P_DEFAULT));
  const char *const attributes[] = {"DIMENSION_LIST", "REFERENCE_LIST"};
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; ++i) {
    if (H5Aexists(copy, attributes[i]) > 0 && H5Adelete(copy, attributes[i]) < 0) {
      return fail_copy(copying, path);
    }
  }
  return RST_OK;
}

/* What the new file lacks. */
static enum rst_status add(struct copying *copying, hid_t old, hid_t made, const char *name,
                           const char *path) {
  RST_IDS(ids);
  const bool hard = is_hard(old, name);
  const bool lacks = H5Lexists(made, name, H5P_DEFAULT) == 0;
  if (!hard) {
    return lacks ? copy_link(copying, old, made, name, path) : RST_OK;
  }
  const hid_t object = rst_ids_keep(&ids, H5Oopen(old, name, H5P_DEFAULT));
  if (object < 0) {
    return fail_read(copying, "the header of", path);
  }
  if (!lacks) {
    const hid_t group = H5Iget_type(object) == H5I_GROUP && is_hard(made, name)
                            ? rst_ids_keep(&ids, H5Gopen2(made, name, H5P_DEFAULT))
                            : H5I_INVALID_HID;
    return group >= 0 ? each_link(copying, object, group, path, add) : RST_OK;
  }
  const struct common *common = find(copying, object);
  if (common) {
    return H5Lcreate_hard(copying->to, *common->path ? common->path : "/", made, name, H5P_DEFAULT,
                          H5P_DEFAULT) >= 0
               ? RST_OK
               : fail_copy(copying, path);
  }
  RST_TRY(remember(copying, object, path));
  if (H5Iget_type(object) == H5I_GROUP) {
    return add_group(copying, object, made, name, path);
  }
  if (H5Iget_type(object) == H5I_DATASET) {
    return add_dataset(copying, old, object, made, name, path);
  }
  return H5Ocopy(old, name, made, name, H5P_DEFAULT, H5P_DEFAULT) >= 0 ? RST_OK : fail_copy(copying, path);
}

/* Scales. */

struct axis {
  struct copying *copying;
  hid_t made; /* dataset of the new file */
  bool lacks; /* a scale */
};

static herr_t attach_scale(hid_t dataset, unsigned number, hid_t scale, void *user) {
  struct axis *axis = user;
  struct copying *copying = axis->copying;
  RST_IDS(ids);
  (void)dataset;
  const struct common *common = find(copying, scale);
  const hid_t made = common ? rst_ids_keep(&ids, H5Dopen2(copying->to, common->path, H5P_DEFAULT)) : -1;
  if (made >= 0 && H5DSis_attached(axis->made, made, number) <= 0 &&
      H5DSattach_scale(axis->made, made, number) < 0) {
    copying->status = fail_copy(copying, common->path);
  }
  axis->lacks = axis->lacks || made < 0;
  return copying->status == RST_OK ? 0 : -1;
}

static enum rst_status attach_scales(struct copying *copying) {
  for (size_t i = 0; i < copying->count; ++i) {
    RST_IDS(ids);
    const char *path = copying->list[i].path;
    const hid_t old = rst_ids_keep(&ids, H5Oopen(copying->from, *path ? path : "/", H5P_DEFAULT));
    const hid_t made = rst_ids_keep(&ids, H5Oopen(copying->to, *path ? path : "/", H5P_DEFAULT));
    if (H5Iget_type(old) != H5I_DATASET || H5Iget_type(made) != H5I_DATASET ||
        H5Aexists(old, "DIMENSION_LIST") <= 0) {
      continue;
    }
    const hid_t space = rst_ids_keep(&ids, H5Dget_space(old));
    for (int number = 0; number < H5Sget_simple_extent_ndims(space); ++number) {
      struct axis axis = {copying, made, false};
      const bool all = H5DSiterate_scales(old, (unsigned)number, NULL, attach_scale, &axis) >= 0;
      RST_TRY(copying->status);
      if (!all || axis.lacks) {
        rst_warn(copying->context, "%s: scales of axis %d of %s that cannot be found are not kept",
                 copying->file, number, path);
      }
    }
  }
  return RST_OK;
}

static enum rst_status copy_all(struct copying *copying) {
  RST_TRY(remember(copying, copying->from, ""));
  RST_TRY(copy_attributes(copying, copying->from, copying->to, ""));
  RST_TRY(each_link(copying, copying->from, copying->to, "", note));
  RST_TRY(each_link(copying, copying->from, copying->to, "", add));
  return attach_scales(copying);
}

enum rst_status rst_additions_copy(struct rst_context *context, const char *path, hid_t from, hid_t to) {
  RST_IDS(ids);
  struct copying copying = {.context = context, .file = path, .status = RST_OK};
  copying.from = rst_ids_keep(&ids, H5Gopen2(from, "/", H5P_DEFAULT));
  copying.to = rst_ids_keep(&ids, H5Gopen2(to, "/", H5P_DEFAULT));
  const enum rst_status status = copy_all(&copying);
  for (size_t i = 0; i < copying.count; ++i) {
    free(copying.list[i].path);
  }
  free(copying.list);
  return status;
}
