/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/activation.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "activation/activation_kernels.h"
#include "core/core.h"
#include "core/share.h"
#include "core/sizes.h"

enum {
  OUTPUTS = 3,
  PART = 32, /* blocks, at least: some microseconds */
  MOST_PARTS = 64,
};

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

/* What a thread takes at a time. */
struct part {
  size_t first, count; /* elements */
  double sum;
};

struct evaluation {
  const struct rst_activation_operations *operations;
  size_t index;
  double beta;
  const struct rst_field *z;
  struct rst_field *outputs[OUTPUTS];
  bool sum;
  struct part *parts;
};

/* Whole blocks, as evenly as they go: the order of sums depends on their number alone. Returns the number of parts. */
static size_t divide(size_t count, struct part *parts) {
  const size_t blocks = rst_round_up(count, RST_ACTIVATION_BLOCK) / RST_ACTIVATION_BLOCK;
  const size_t number = blocks < 2 * PART ? 1 : rst_least(blocks / PART, MOST_PARTS);
  size_t first = 0;
  for (size_t i = 0; i < number; ++i) {
    const size_t end = rst_least(blocks * (i + 1) / number * RST_ACTIVATION_BLOCK, count);
    parts[i] = (struct part){.first = first, .count = end - first};
    first = end;
  }
  return number;
}

/* Block by block, so that what the loops of a kernel leave for each other stays in the first cache. A kernel computes all three
 * into arrays that do not overlap: what is not asked, or takes the place of z, goes to scratch. */
static void evaluate_part(void *work, size_t index, size_t member) {
  (void)member;
  struct evaluation *evaluation = work;
  struct part *part = &evaluation->parts[index];
  const struct rst_field *z = evaluation->z;
  struct rst_field *const *outputs = evaluation->outputs;
  const size_t size = rst_precision_size(z->precision);
  alignas(64) double scratch[OUTPUTS][RST_ACTIVATION_BLOCK];
  for (size_t done = 0; done < part->count; done += RST_ACTIVATION_BLOCK) {
    const size_t first = part->first + done;
    const size_t length = rst_least(part->count - done, RST_ACTIVATION_BLOCK);
    void *to[OUTPUTS];
    for (size_t o = 0; o < OUTPUTS; ++o) {
      to[o] = outputs[o] && outputs[o]->data != z->data ? at(outputs[o], first * size) : scratch[o];
    }
    evaluation->operations->evaluate(evaluation->index, evaluation->beta, length, at(z, first * size), to[0],
                                     to[1], to[2]);
    if (evaluation->sum) {
      part->sum += evaluation->operations->sum(length, to[0]);
    }
    for (size_t o = 0; o < OUTPUTS; ++o) {
      if (outputs[o] && to[o] == scratch[o]) {
        memcpy(at(outputs[o], first * size), scratch[o], length * size);
      }
    }
  }
}

/* Nanoseconds, of the cheaper ones: others are worth the more. */
static double cost(const struct rst_field *z) {
  const double nanoseconds_per_byte = 0.15;
  return nanoseconds_per_byte * (double)(rst_field_count(z) * rst_precision_size(z->precision));
}

void rst_activation_evaluate(const struct rst_context *context, const struct rst_activation *activation,
                             double beta, const struct rst_field *z, struct rst_field *s,
                             struct rst_field *ds, struct rst_field *dds, double *sum) {
  assert(fits(s, z) && fits(ds, z) && fits(dds, z));
  struct part parts[MOST_PARTS];
  const size_t count = divide(rst_field_count(z), parts);
  struct evaluation evaluation = {
      .operations =
          &(z->precision == RST_PRECISION_FLOAT ? rst_activation_operations_float
                                                : rst_activation_operations_double)[rst_vectors_widest()],
      .index = (size_t)(activation - activations),
      .beta = beta,
      .z = z,
      .outputs = {s, ds, dds},
      .sum = sum != NULL,
      .parts = parts,
  };
  const size_t team = context ? rst_team_size(context, cost(z), count) : 1;
  rst_share(context, team, count, evaluate_part, &evaluation);
  if (sum) {
    *sum = 0.0;
    for (size_t i = 0; i < count; ++i) {
      *sum += parts[i].sum;
    }
  }
}

double rst_activation_curvature(const struct rst_activation *activation, double beta) {
  double zero = 0.0;
  double curvature = 0.0;
  const struct rst_field z = {RST_PRECISION_DOUBLE, 1, 1, &zero};
  struct rst_field dds = {RST_PRECISION_DOUBLE, 1, 1, &curvature};
  rst_activation_evaluate(NULL, activation, beta, &z, NULL, NULL, &dds, NULL);
  return curvature;
}
