/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/core.h"
#include "data/example_kinds.h"
#include "image/packed_file.h"

/** @file
 * The binary version of CIFAR-10 (A. Krizhevsky, 2009): records of one byte, the label, and 3 x 32 x 32 bytes, the image.
 */

enum { SIDE = 32, CHANNELS = 3, PIXELS = CHANNELS * SIDE * SIDE, RECORD = 1 + PIXELS, CLASSES = 10 };

/* Examples as they come in; how many there will be is not known before. */
struct store {
  struct rst_context *context;
  struct rst_example_arrays *arrays;
  size_t count, capacity;
};

static enum rst_status grow(struct store *store) {
  enum { FIRST = 10000 };
  const size_t capacity = store->capacity ? 2 * store->capacity : FIRST;
  unsigned char *images = realloc(store->arrays->images.data, capacity * PIXELS);
  store->arrays->images.data = images ? images : store->arrays->images.data;
  unsigned char *labels = realloc(store->arrays->labels.data, capacity);
  store->arrays->labels.data = labels ? labels : store->arrays->labels.data;
  RST_REQUIRE(store->context, images && labels, RST_ERROR_MEMORY, "memory is exhausted");
  store->capacity = capacity;
  return RST_OK;
}

static enum rst_status read_batch(struct store *store, struct rst_packed_file *file) {
  unsigned char record[RECORD];
  size_t got = 0;
  RST_TRY(rst_packed_read_some(file, record, sizeof record, &got));
  for (size_t i = 0; got > 0; ++i) {
    RST_REQUIRE(
        store->context, got == sizeof record, RST_ERROR_IO,
        "'%s' is no batch of CIFAR-10, or is truncated: %zu records of %d bytes leave %zu bytes over; "
        "take the binary version of CIFAR-10",
        file->name, i, RECORD, got);
    RST_REQUIRE(
        store->context, record[0] < CLASSES, RST_ERROR_IO,
        "'%s' is no batch of CIFAR-10: the label of record %zu (from 0) is %d, beyond %d; take the binary "
        "version of CIFAR-10",
        file->name, i, record[0], CLASSES - 1);
    if (store->count == store->capacity) {
      RST_TRY(grow(store));
    }
    ((unsigned char *)store->arrays->labels.data)[store->count] = record[0];
    memcpy((unsigned char *)store->arrays->images.data + store->count * PIXELS, record + 1, PIXELS);
    ++store->count;
    RST_TRY(rst_packed_read_some(file, record, sizeof record, &got));
  }
  return RST_OK;
}

enum rst_status rst_examples_make_cifar(struct rst_context *context,
                                        const struct rst_examples_parameters *parameters,
                                        struct rst_example_arrays *arrays) {
  struct store store = {.context = context, .arrays = arrays};
  RST_REQUIRE(context, parameters->files && parameters->file_count > 0, RST_ERROR_ARGUMENT,
              "examples of the kind 'cifar' need files, the binary batches of CIFAR-10");
  arrays->image_name = arrays->label_name = parameters->files[0];
  for (size_t i = 0; i < parameters->file_count; ++i) {
    struct rst_packed_file file = {0};
    RST_TRY(rst_packed_open(context, parameters->files[i], &file));
    const enum rst_status status = read_batch(&store, &file);
    rst_packed_close(&file);
    RST_TRY(status);
  }
  arrays->images.element = arrays->labels.element = RST_ELEMENT_UINT8;
  arrays->images.rank = 4;
  memcpy(arrays->images.dims, (const size_t[]){store.count, CHANNELS, SIDE, SIDE}, 4 * sizeof(size_t));
  arrays->labels.rank = 1;
  arrays->labels.dims[0] = store.count;
  arrays->classes = CLASSES;
  return RST_OK;
}
