/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "image/initial_kinds.h"

/** @file
 * Initial weights and biases that depend on the number of inputs: normal numbers (K. He et al., arXiv 1502.01852, there with
 * gain sqrt(2)), and uniform ones, PyTorch's default range.
 */

static const char weight_ending[] = ".weight";
static const char bias_ending[] = ".bias";

static bool ends_in(const char *name, const char *ending) {
  const size_t length = strlen(name);
  const size_t tail = strlen(ending);
  return length >= tail && strcmp(name + length - tail, ending) == 0;
}

static bool is_norm_weight(const struct rst_tensor *tensor) {
  return ends_in(tensor->name, ".norm.weight");
}

static bool is_norm_bias(const struct rst_tensor *tensor) {
  return ends_in(tensor->name, ".norm.bias");
}

/* The tensor `.weight` beside a `.bias`; NULL if there is none. */
static const struct rst_tensor *weight_of(const struct rst_layout *layout, const struct rst_tensor *bias) {
  const size_t stem = strlen(bias->name) - strlen(bias_ending);
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    const struct rst_tensor *other = &layout->tensors[i];
    if (strncmp(other->name, bias->name, stem) == 0 && strcmp(other->name + stem, weight_ending) == 0) {
      return other;
    }
  }
  return NULL;
}

static double fan_in(const struct rst_layout *layout, const struct rst_tensor *tensor) {
  const struct rst_tensor *weight = ends_in(tensor->name, bias_ending) ? weight_of(layout, tensor) : tensor;
  weight = weight ? weight : tensor;
  const size_t count = rst_tensor_count(weight);
  return (double)(ends_in(weight->name, weight_ending) ? count / weight->dims[0] : count);
}

static double *numbers_of(const struct rst_tensor *tensor, struct rst_field *values) {
  return (double *)values->data + tensor->offset;
}

static void fill_norms(const struct rst_layout *layout, struct rst_field *values) {
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    const struct rst_tensor *tensor = &layout->tensors[i];
    double *numbers = numbers_of(tensor, values);
    for (size_t j = 0; j < rst_tensor_count(tensor) && is_norm_weight(tensor); ++j) {
      numbers[j] = 1.0;
    }
  }
}

/* The random numbers come in the order of the tensors that draw them: as many as the state has are enough. */
enum rst_status rst_initial_fill_fan_in(struct rst_context *context,
                                        const struct rst_initial_parameters *parameters,
                                        const struct rst_layout *layout, struct rst_field *values) {
  double *drawn = NULL;
  RST_TRY(RST_NEW(context, layout->count, &drawn));
  const enum rst_status status = rst_random_normal(context, parameters->seed, layout->count, drawn);
  const double *next = drawn;
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    const struct rst_tensor *tensor = &layout->tensors[i];
    const bool is_drawn = !is_norm_weight(tensor) && !ends_in(tensor->name, bias_ending);
    const double deviation = parameters->gain / sqrt(fan_in(layout, tensor));
    double *numbers = numbers_of(tensor, values);
    for (size_t j = 0; j < rst_tensor_count(tensor) && is_drawn; ++j) {
      numbers[j] = deviation * *next++;
    }
  }
  fill_norms(layout, values);
  free(drawn);
  return status;
}

enum rst_status rst_initial_fill_uniform(struct rst_context *context,
                                         const struct rst_initial_parameters *parameters,
                                         const struct rst_layout *layout, struct rst_field *values) {
  double *drawn = NULL;
  RST_TRY(RST_NEW(context, layout->count, &drawn));
  const enum rst_status status = rst_random_uniform(context, parameters->seed, layout->count, drawn);
  const double *next = drawn;
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    const struct rst_tensor *tensor = &layout->tensors[i];
    const bool is_drawn = !is_norm_weight(tensor) && !is_norm_bias(tensor);
    const double bound = 1.0 / sqrt(fan_in(layout, tensor));
    double *numbers = numbers_of(tensor, values);
    for (size_t j = 0; j < rst_tensor_count(tensor) && is_drawn; ++j) {
      numbers[j] = -bound + (bound - -bound) * *next++;
    }
  }
  fill_norms(layout, values);
  free(drawn);
  return status;
}
