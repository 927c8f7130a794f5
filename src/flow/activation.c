/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/activation.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "core/core.h"
#include "flow/activation_kernels.h"

enum { OUTPUTS = 3 };

struct rst_activation {
  const char *name;
};

#define ACTIVATION_OBJECT(name) {#name},
static const struct rst_activation activations[] = {RST_ACTIVATION_LIST(ACTIVATION_OBJECT)};
#undef ACTIVATION_OBJECT

#define ACTIVATION_NAME(name) #name,
static const char *const names[] = {RST_ACTIVATION_LIST(ACTIVATION_NAME) NULL};
#undef ACTIVATION_NAME

const char *const *rst_activation_names(void) {
  return names;
}

const struct rst_activation *rst_activation_find(const char *name) {
  const int index = rst_name_index(names, name);
  return index < 0 ? NULL : &activations[index];
}

const char *rst_activation_name(const struct rst_activation *activation) {
  return activation->name;
}

/* Bytes from `offset` on of a field's data. */
static void *at(const struct rst_field *field, size_t offset) {
  return (char *)field->data + offset;
}

static bool fits(const struct rst_field *output, const struct rst_field *z) {
  return !output || (output->precision == z->precision && output->ny == z->ny && output->nx == z->nx);
}

/* Block by block, so that what the loops of a kernel leave for each other stays in the first cache. A kernel computes all three
 * into arrays that do not overlap: what is not asked, or takes the place of z, goes to scratch. */
void rst_activation_evaluate(const struct rst_activation *activation, double beta, const struct rst_field *z,
                             struct rst_field *s, struct rst_field *ds, struct rst_field *dds, double *sum) {
  assert(fits(s, z) && fits(ds, z) && fits(dds, z));
  const struct rst_activation_operations *operations =
      &(z->precision == RST_PRECISION_FLOAT ? rst_activation_operations_float
                                            : rst_activation_operations_double)[rst_vectors_widest()];
  const size_t index = (size_t)(activation - activations);
  struct rst_field *const outputs[OUTPUTS] = {s, ds, dds};
  alignas(64) double scratch[OUTPUTS][RST_ACTIVATION_BLOCK];
  const size_t count = rst_field_count(z);
  const size_t size = rst_precision_size(z->precision);
  double total = 0.0;
  for (size_t first = 0; first < count; first += RST_ACTIVATION_BLOCK) {
    const size_t rest = count - first;
    const size_t length = rest < RST_ACTIVATION_BLOCK ? rest : RST_ACTIVATION_BLOCK;
    void *to[OUTPUTS];
    for (size_t o = 0; o < OUTPUTS; ++o) {
      to[o] = outputs[o] && outputs[o]->data != z->data ? at(outputs[o], first * size) : scratch[o];
    }
    operations->evaluate(index, beta, length, at(z, first * size), to[0], to[1], to[2]);
    if (sum) {
      total += operations->sum(length, to[0]);
    }
    for (size_t o = 0; o < OUTPUTS; ++o) {
      if (outputs[o] && to[o] == scratch[o]) {
        memcpy(at(outputs[o], first * size), scratch[o], length * size);
      }
    }
  }
  if (sum) {
    *sum = total;
  }
}
