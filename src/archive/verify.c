/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "archive/checkpoint.h"
#include "hdf5/checksum.h"
#include "restrain/archive.h"

/* What has been read so far. */
struct verification {
  struct rst_context *context;
  bool json;
  size_t datasets, bare; /* without a checksum */
  size_t damaged;
  struct rst_text list; /* of those that are damaged */
  enum rst_status status;
};

static void add_damaged(struct verification *verification, const char *name, const char *places) {
  struct rst_text *list = &verification->list;
  if (verification->json) {
    rst_text_add(list, "%s", list->length ? ", " : "");
    rst_text_add_quoted(list, name);
    rst_text_add(list, ": ");
    rst_text_add_quoted(list, places);
  } else {
    rst_text_add(list, "  %s %s\n", name, places);
  }
  verification->damaged += 1;
}

static void verify_dataset(struct verification *verification, hid_t dataset, const char *name) {
  RST_IDS(ids);
  struct rst_text places = {0};
  const hid_t list = rst_ids_keep(&ids, H5Dget_create_plist(dataset));
  if (H5Pget_layout(list) == H5D_VIRTUAL) {
    return;
  }
  verification->datasets += 1;
  verification->bare += !rst_dataset_is_covered(dataset);
  verification->status = rst_dataset_find_damage(verification->context, dataset, &places);
  if (places.length > 0) {
    add_damaged(verification, name, places.bytes);
  }
  rst_text_clear(&places);
}

static herr_t visit(hid_t file, const char *name, const H5L_info_t *link, void *user) {
  struct verification *verification = user;
  if (link->type != H5L_TYPE_HARD) {
    return 0;
  }
  RST_IDS(ids);
  RST_SCOPED char *path = NULL;
  const hid_t object = rst_ids_keep(&ids, H5Oopen(file, name, H5P_DEFAULT));
  verification->status = rst_format(verification->context, &path, "/%s", name);
  if (verification->status == RST_OK && object < 0) {
    add_damaged(verification, path, "cannot be opened");
  } else if (verification->status == RST_OK && H5Iget_type(object) == H5I_DATASET) {
    verify_dataset(verification, object, path);
  }
  return verification->status == RST_OK ? 0 : -1;
}

static void compose(const struct verification *verification, const char *path, struct rst_text *text) {
  const char *list = verification->list.length ? verification->list.bytes : "";
  if (verification->json) {
    rst_text_add(text, "{\"file\": ");
    rst_text_add_quoted(text, path);
    rst_text_add(text, ", \"intact\": %s, \"datasets\": %zu, \"without_checksum\": %zu, \"damaged\": {%s}}",
                 verification->damaged == 0 ? "true" : "false", verification->datasets, verification->bare,
                 list);
    return;
  }
  rst_text_add(text, "%s: ", path);
  if (verification->damaged == 0) {
    rst_text_add(text, "ok, %zu datasets", verification->datasets);
  } else {
    rst_text_add(text, "damaged, %zu of %zu datasets", verification->damaged, verification->datasets);
  }
  if (verification->bare > 0) {
    rst_text_add(text, ", %zu without a checksum", verification->bare);
  }
  rst_text_add(text, "\n%s", list);
}

/* HDF5 must not see damaged files where that can be avoided: it may crash. */
static enum rst_status verify(struct verification *verification, const char *path) {
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_checkpoint_check_seal(verification->context, path));
  RST_TRY(rst_hdf5_open(verification->context, path, &ids, &file));
  const bool visited = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, verification) >= 0;
  if (verification->status == RST_OK && !visited) {
    add_damaged(verification, "/", "cannot be walked to its end");
  }
  return verification->status;
}

enum rst_status rst_archive_verify(struct rst_context *context, const char *path, bool json, char **text,
                                   bool *intact) {
  RST_QUIET();
  struct verification verification = {.context = context, .json = json, .status = RST_OK};
  struct rst_text whole = {0};
  *text = NULL;
  *intact = false;
  enum rst_status status = verify(&verification, path);
  if (status == RST_OK) {
    compose(&verification, path, &whole);
    whole.failed = whole.failed || verification.list.failed;
    *intact = verification.damaged == 0;
    *text = rst_text_take(&whole);
    status = *text ? RST_OK : rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted");
  }
  rst_text_clear(&verification.list);
  return status;
}
