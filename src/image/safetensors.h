/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SAFETENSORS_H
#define RST_SAFETENSORS_H

#include <stdbool.h>

#include "core/array.h"
#include "restrain/field.h"
#include "restrain/layout.h"

/** @file
 * Files of named tensors as the library safetensors has them: 8 bytes with the length of the header, little-endian; the header,
 * JSON,
 *
 *     {"0.weight": {"dtype": "F32", "shape": [16, 1, 5, 5], "data_offsets": [0, 1600]}, ...}
 *
 * whose offsets count from its end; then the numbers, little-endian, C order.
 */

/** Whether the name ends in .safetensors. */
bool rst_is_safetensors(const char *path);

struct rst_safetensors;

/** Read the header. RST_ERROR_IO naming the file if it is missing, unreadable or no such file. */
enum rst_status rst_safetensors_open(struct rst_context *context, const char *path,
                                     struct rst_safetensors **file);
void rst_safetensors_close(struct rst_safetensors **file);

/** Read a tensor of F64, F32, F16 or BF16 numbers, the last two as float32; the caller frees the array. RST_ERROR_IO naming file
 * and tensor if there is none of that name, if it is of another type, or not all of it is in the file. */
enum rst_status rst_safetensors_read(struct rst_safetensors *file, const char *name, struct rst_array *array);

/** Number of entries of the header; one of them, with type and shape but without memory for its numbers. `name` belongs to the
 * file, and is NULL for what is no tensor of a type that can be read. */
size_t rst_safetensors_count(const struct rst_safetensors *file);
enum rst_status rst_safetensors_describe(const struct rst_safetensors *file, size_t index, const char **name,
                                         struct rst_array *array);
/** Numbers first ... first + count - 1 of a tensor; not more memory than for a piece of them. */
enum rst_status rst_safetensors_read_part(struct rst_safetensors *file, const char *name, size_t first,
                                          size_t count, double *values);

/** Write a state with the names of its tensors, F64 or F32 by its precision, durably and whole or not at all. */
enum rst_status rst_safetensors_write(struct rst_context *context, const char *path,
                                      const struct rst_layout *layout, const struct rst_field *state);

#endif
