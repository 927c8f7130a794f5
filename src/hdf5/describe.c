/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "hdf5/rows.h"
#include "hdf5/support.h"
#include "restrain/archive.h"

enum { NAME_LENGTH = 512, MOST_AXES = 32 };

/* Lists that grow side by side while the file is walked. */
struct description {
  bool json;
  struct rst_text result, datasets, provenance, last;
};

/* A label and whatever the caller adds after it, in either format. */
static void begin_entry(const struct description *description, struct rst_text *list, const char *label) {
  if (description->json) {
    rst_text_add(list, list->length ? ", " : "");
    rst_text_add_quoted(list, label);
    rst_text_add(list, ": ");
  } else {
    rst_text_add(list, "%s  %-24s ", list->length ? "\n" : "", label);
  }
}

static void add_number(const struct description *description, struct rst_text *list, double value) {
  if (description->json || isfinite(value)) {
    rst_text_add_number(list, value);
  } else {
    rst_text_add(list, "%g", value);
  }
}

static void add_string(const struct description *description, struct rst_text *list, const char *value) {
  if (description->json) {
    rst_text_add_quoted(list, value);
  } else {
    rst_text_add(list, "%s", value ? value : "");
  }
}

static const char *type_name(hid_t type, char name[NAME_LENGTH]) {
  const int bits = 8 * (int)H5Tget_size(type);
  switch (H5Tget_class(type)) {
  case H5T_FLOAT:
    snprintf(name, NAME_LENGTH, "float%d", bits);
    break;
  case H5T_INTEGER:
    snprintf(name, NAME_LENGTH, "%sint%d", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
    break;
  case H5T_STRING:
    return "string";
  default:
    return "other";
  }
  return name;
}

static void add_shape(const struct description *description, struct rst_text *list, int rank,
                      const hsize_t *dims) {
  rst_text_add(list, description->json ? "[" : "(");
  for (int axis = 0; axis < rank; ++axis) {
    rst_text_add(list, "%s%llu", axis ? ", " : "", (unsigned long long)dims[axis]);
  }
  rst_text_add(list, description->json ? "]" : ")");
}

static void add_numbers(const struct description *description, struct rst_text *list, size_t count,
                        const double *values) {
  for (size_t i = 0; i < count; ++i) {
    rst_text_add(list, "%s", i > 0 ? ", " : "");
    add_number(description, list, values[i]);
  }
}

/* The last value of a column that grows, or of each of its members. */
static void add_last(struct description *description, hid_t dataset, const char *name, int rank,
                     const hsize_t *dims) {
  struct rst_text *list = &description->last;
  const size_t count = rank > 1 ? dims[0] : 1;
  double *values = calloc(count, sizeof *values);
  if (values && rst_rows_read(dataset, RST_ALL_MEMBERS, dims[rank - 1] - 1, 1, H5T_NATIVE_DOUBLE, values)) {
    const bool brackets = description->json && rank > 1;
    begin_entry(description, list, name);
    rst_text_add(list, brackets ? "[" : "");
    add_numbers(description, list, count, values);
    rst_text_add(list, brackets ? "]" : "");
  }
  free(values);
}

static void add_count(struct description *description, const char *label, hsize_t count) {
  begin_entry(description, &description->result, label);
  rst_text_add(&description->result, "%llu", (unsigned long long)count);
}

static void add_twins(struct description *description, hid_t dataset, const char *path) {
  struct rst_text *list = &description->result;
  RST_SCOPED char *labels = rst_hdf5_dataset_labels(dataset, path);
  begin_entry(description, list, "twins");
  rst_text_add(list, description->json ? "[" : "");
  for (char *rest = labels, *label = NULL; rest && (label = strtok_r(rest, "\n", &rest));) {
    rst_text_add(list, "%s", label > labels ? ", " : "");
    add_string(description, list, label);
  }
  rst_text_add(list, description->json ? "]" : "");
}

/* What the file holds of twins, exponents and events, in one word each. */
static void add_extent(struct description *description, hid_t dataset, const char *path,
                       const hsize_t *dims) {
  if (strcmp(path, "/twin") == 0) {
    add_twins(description, dataset, path);
  } else if (strcmp(path, "/exponent") == 0) {
    add_count(description, "exponents", dims[0]);
  } else if (strcmp(path, "/events/event") == 0) {
    add_count(description, "events", dims[0]);
  }
}

static void add_dataset(struct description *description, hid_t dataset, const char *path) {
  RST_IDS(ids);
  hsize_t dims[MOST_AXES] = {0};
  hsize_t largest[MOST_AXES] = {0};
  char buffer[NAME_LENGTH];
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
  const hid_t type = rst_ids_keep(&ids, H5Dget_type(dataset));
  const int rank = H5Sget_simple_extent_dims(space, dims, largest);
  const char *kind = type_name(type, buffer);
  RST_SCOPED char *long_name = rst_hdf5_attribute_text(dataset, "long_name");
  RST_SCOPED char *units = rst_hdf5_attribute_text(dataset, "units");
  struct rst_text *list = &description->datasets;
  begin_entry(description, list, path);
  if (description->json) {
    rst_text_add(list, "{\"shape\": ");
    add_shape(description, list, rank, dims);
    rst_text_add(list, ", \"type\": \"%s\", \"units\": ", kind);
    rst_text_add_quoted(list, units);
    rst_text_add(list, ", \"long_name\": ");
    rst_text_add_quoted(list, long_name);
    rst_text_add(list, "}");
  } else {
    rst_text_add(list, "%-8s ", kind);
    add_shape(description, list, rank, dims);
    if (long_name) {
      rst_text_add(list, "  %s [%s]", long_name, units ? units : "");
    }
  }
  if (rank == 1) {
    add_extent(description, dataset, path, dims);
  }
  const bool is_column = (rank == 1 || rank == 2) && largest[rank - 1] == H5S_UNLIMITED && *kind != 's';
  if (is_column && dims[rank - 1] > 0 && strchr(path + 1, '/') == NULL) {
    add_last(description, dataset, path + 1, rank, dims);
  }
}

/* Where attributes go. */
struct attributes {
  const struct description *description;
  struct rst_text *list;
};

static herr_t add_attribute(hid_t group, const char *name, const H5A_info_t *info, void *user) {
  (void)info;
  const struct attributes *attributes = user;
  const struct description *description = attributes->description;
  RST_IDS(ids);
  double value = 0.0;
  const hid_t attribute = rst_ids_keep(&ids, H5Aopen(group, name, H5P_DEFAULT));
  const hid_t space = rst_ids_keep(&ids, H5Aget_space(attribute));
  RST_SCOPED char *text = rst_hdf5_attribute_text(group, name);
  if (text) {
    begin_entry(description, attributes->list, name);
    add_string(description, attributes->list, text);
  } else if (H5Sget_simple_extent_npoints(space) == 1 && H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0) {
    begin_entry(description, attributes->list, name);
    add_number(description, attributes->list, value);
  }
  return 0;
}

static void add_attributes(const struct description *description, hid_t group, struct rst_text *list) {
  struct attributes attributes = {description, list};
  H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, add_attribute, &attributes);
}

/* What the file says of itself; a run has a regime once it has ended, and nothing to say before. */
static void add_result(struct description *description, hid_t file) {
  RST_SCOPED char *regime = rst_hdf5_attribute_text(file, "regime");
  if (!regime || *regime) {
    add_attributes(description, file, &description->result);
  }
}

static void walk(struct description *description, hid_t group, const char *path);

/* Soft links and the views of the snapshots say nothing new. */
static void visit(struct description *description, hid_t group, const char *path, const char *name) {
  char below[NAME_LENGTH];
  H5L_info_t link;
  if (snprintf(below, sizeof below, "%s/%s", path, name) >= (int)sizeof below ||
      strcmp(below, "/snapshots") == 0 || H5Lget_info(group, name, &link, H5P_DEFAULT) < 0 ||
      link.type != H5L_TYPE_HARD) {
    return;
  }
  const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  if (object < 0) {
    return;
  }
  if (H5Iget_type(object) == H5I_DATASET) {
    add_dataset(description, object, below);
  } else if (H5Iget_type(object) == H5I_GROUP) {
    if (strcmp(below, "/provenance") == 0) {
      add_attributes(description, object, &description->provenance);
    }
    walk(description, object, below);
  }
  H5Oclose(object);
}

/* Hard links can form cycles; NAME_LENGTH bounds the depth. */
static void walk(struct description *description, hid_t group,
                 const char *path) { // NOLINT(misc-no-recursion)
  H5G_info_t info;
  if (H5Gget_info(group, &info) < 0) {
    return;
  }
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    char name[NAME_LENGTH];
    if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT) > 0) {
      visit(description, group, path, name);
    }
  }
}

static void compose(const struct description *description, const char *path, struct rst_text *text) {
  const struct {
    const char *name;
    const struct rst_text *list;
  } parts[] = {{"result", &description->result},
               {"datasets", &description->datasets},
               {"provenance", &description->provenance},
               {"last", &description->last}};
  if (description->json) {
    rst_text_add(text, "{\"file\": ");
    rst_text_add_quoted(text, path);
  } else {
    rst_text_add(text, "%s\n", path);
  }
  for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
    const char *bytes = parts[i].list->length ? parts[i].list->bytes : "";
    text->failed = text->failed || parts[i].list->failed;
    if (description->json) {
      rst_text_add(text, ", \"%s\": {%s}", parts[i].name, bytes);
    } else if (*bytes) {
      rst_text_add(text, "%s\n%s\n", parts[i].name, bytes);
    }
  }
  rst_text_add(text, description->json ? "}\n" : "");
}

enum rst_status rst_archive_describe(struct rst_context *context, const char *path, bool json, char **text) {
  struct description description = {.json = json};
  struct rst_text whole = {0};
  *text = NULL;
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  enum rst_status status = rst_hdf5_open(context, path, &ids, &file);
  if (status == RST_OK) {
    add_result(&description, file);
    walk(&description, file, "");
  }
  if (status == RST_OK) {
    compose(&description, path, &whole);
    *text = rst_text_take(&whole);
    if (!*text) {
      status = rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted");
    }
  }
  rst_text_clear(&description.result);
  rst_text_clear(&description.datasets);
  rst_text_clear(&description.provenance);
  rst_text_clear(&description.last);
  return status;
}
