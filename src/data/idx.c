/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "data/example_kinds.h"
#include "image/packed_file.h"

/** @file
 * The format of MNIST and Fashion-MNIST (Y. LeCun, C. Cortes, "The MNIST database"): two zeros, a code of the type, the number
 * of axes, their lengths, then the numbers; everything big-endian.
 */

enum { HEAD = 4, WORD = 4 };

static bool element_of(unsigned char code, enum rst_element *element) {
  static const struct {
    unsigned char code;
    enum rst_element element;
  } codes[] = {{0x08, RST_ELEMENT_UINT8}, {0x09, RST_ELEMENT_INT8},  {0x0b, RST_ELEMENT_INT16},
               {0x0c, RST_ELEMENT_INT32}, {0x0d, RST_ELEMENT_FLOAT}, {0x0e, RST_ELEMENT_DOUBLE}};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
    if (codes[i].code == code) {
      *element = codes[i].element;
      return true;
    }
  }
  return false;
}

static enum rst_status read_header(struct rst_packed_file *file, struct rst_array *array) {
  unsigned char head[HEAD] = {0};
  unsigned char word[WORD] = {0};
  RST_TRY(rst_packed_read(file, head, sizeof head));
  RST_REQUIRE(file->context,
              head[0] == 0 && head[1] == 0 && element_of(head[2], &array->element) && head[3] > 0 &&
                  head[3] <= RST_ARRAY_MOST_AXES,
              RST_ERROR_IO,
              "'%s' is no idx file: it begins with %02x %02x %02x %02x; MNIST's images begin with "
              "00 00 08 03, its labels with 00 00 08 01",
              file->name, head[0], head[1], head[2], head[3]);
  array->rank = head[3];
  for (int axis = 0; axis < array->rank; ++axis) {
    RST_TRY(rst_packed_read(file, word, sizeof word));
    array->dims[axis] =
        (size_t)word[0] << 24 | (size_t)word[1] << 16 | (size_t)word[2] << 8 | (size_t)word[3];
  }
  return RST_OK;
}

static bool is_little_endian(void) {
  const uint16_t one = 1;
  return *(const unsigned char *)&one == 1;
}

static enum rst_status read_idx(struct rst_context *context, const char *name, struct rst_array *array) {
  struct rst_packed_file file = {0};
  RST_TRY(rst_packed_open(context, name, &file));
  enum rst_status status = read_header(&file, array);
  if (status == RST_OK) {
    status = rst_packed_read_array(&file, array);
  }
  rst_packed_close(&file);
  if (status == RST_OK && is_little_endian()) {
    rst_array_swap_bytes(array);
  }
  return status;
}

enum rst_status rst_examples_make_idx(struct rst_context *context,
                                      const struct rst_examples_parameters *parameters,
                                      struct rst_example_arrays *arrays) {
  RST_REQUIRE(context, parameters->images && parameters->labels, RST_ERROR_ARGUMENT,
              "examples of the kind 'idx' need two files, images and labels");
  arrays->image_name = parameters->images;
  arrays->label_name = parameters->labels;
  RST_TRY(read_idx(context, parameters->images, &arrays->images));
  return read_idx(context, parameters->labels, &arrays->labels);
}
