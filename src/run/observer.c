/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/observer.h"

#include <string.h>

#include "core/core.h"

struct scalar_type {
  struct rst_variable variable;
  bool required;
  double (*measure)(const struct rst_observation *observation);
};

struct field_type {
  struct rst_variable variable;
  bool required;
  const struct rst_field *(*expose)(const struct rst_observation *observation);
};

double rst_observation_loss(const struct rst_observation *observation) {
  const double norm = observation->weight_norm;
  return observation->value.data_loss + 0.5 * observation->weight_decay * norm * norm;
}

static double loss(const struct rst_observation *observation) {
  return rst_observation_loss(observation);
}

static double data_loss(const struct rst_observation *observation) {
  return observation->value.data_loss;
}

static double residual(const struct rst_observation *observation) {
  return observation->value.residual;
}

static double grad_norm(const struct rst_observation *observation) {
  return observation->grad_norm;
}

static double weight_norm(const struct rst_observation *observation) {
  return observation->weight_norm;
}

static double update_ratio(const struct rst_observation *observation) {
  return observation->update_norm / observation->weight_norm;
}

static double step_size(const struct rst_observation *observation) {
  return observation->step_size;
}

static double max_abs(const struct rst_observation *observation) {
  return rst_field_max_abs(observation->u);
}

static const struct rst_field *kernel(const struct rst_observation *observation) {
  return observation->u;
}

static const struct rst_field *gradient(const struct rst_observation *observation) {
  return observation->gradient;
}

/* One line per scalar: function, whether every run records it, description, units. */
#define SCALAR_LIST(X)                                                                                       \
  X(loss, true, "objective L = data term + (weight decay / 2) sum K^2", "1")                                 \
  X(data_loss, true, "data term of the objective", "1")                                                      \
  X(residual, true, "a = predicted minus given label, mean over images", "1")                                \
  X(grad_norm, true, "Euclidean norm of the gradient of L", "1")                                             \
  X(weight_norm, true, "Euclidean norm of the kernel", "1")                                                  \
  X(update_ratio, true, "norm of the next update over norm of the kernel", "1")                              \
  X(step_size, false, "length of the next time step", "1")                                                   \
  X(max_abs, false, "largest magnitude in the kernel", "1")

#define FIELD_LIST(X)                                                                                        \
  X(kernel, true, "state of the flow: the kernel K, or u of the heat equation", "1")                         \
  X(gradient, false, "gradient of L", "1")

#define TYPE_LINE(name, required, long_name, units) {{#name, long_name, units}, required, name},
#define NAME_LINE(name, required, long_name, units) #name,

static const struct scalar_type scalar_types[] = {SCALAR_LIST(TYPE_LINE)};
static const struct field_type field_types[] = {FIELD_LIST(TYPE_LINE)};
static const char *const scalar_names[] = {SCALAR_LIST(NAME_LINE) NULL};
static const char *const field_names[] = {FIELD_LIST(NAME_LINE) NULL};

enum {
  SCALAR_TYPES = sizeof scalar_types / sizeof *scalar_types,
  FIELD_TYPES = sizeof field_types / sizeof *field_types
};

struct rst_observer {
  size_t scalar_count, field_count;
  const struct scalar_type *scalar[SCALAR_TYPES];
  const struct field_type *field[FIELD_TYPES];
  struct rst_variable scalar_variables[SCALAR_TYPES];
  struct rst_variable field_variables[FIELD_TYPES];
};

const char *const *rst_run_scalar_names(void) {
  return scalar_names;
}

const char *const *rst_run_field_names(void) {
  return field_names;
}

static bool asked_for(const char *name, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(names[i], name) == 0) {
      return true;
    }
  }
  return false;
}

enum rst_status rst_observer_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_observer **observer) {
  void *memory = NULL;
  *observer = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof **observer, &memory));
  struct rst_observer *made = memory;
  for (size_t i = 0; i < SCALAR_TYPES; ++i) {
    const struct scalar_type *type = &scalar_types[i];
    if (type->required || asked_for(type->variable.name, run->output.scalars, run->output.scalar_count)) {
      made->scalar[made->scalar_count] = type;
      made->scalar_variables[made->scalar_count++] = type->variable;
    }
  }
  for (size_t i = 0; i < FIELD_TYPES; ++i) {
    const struct field_type *type = &field_types[i];
    if (type->required || asked_for(type->variable.name, run->output.fields, run->output.field_count)) {
      made->field[made->field_count] = type;
      made->field_variables[made->field_count++] = type->variable;
    }
  }
  *observer = made;
  return RST_OK;
}

void rst_observer_destroy(struct rst_observer **observer) {
  free(*observer);
  *observer = NULL;
}

const struct rst_variable *rst_observer_scalars(const struct rst_observer *observer, size_t *count) {
  *count = observer->scalar_count;
  return observer->scalar_variables;
}

const struct rst_variable *rst_observer_fields(const struct rst_observer *observer, size_t *count) {
  *count = observer->field_count;
  return observer->field_variables;
}

void rst_observer_measure(const struct rst_observer *observer, const struct rst_observation *observation,
                          double *values) {
  for (size_t i = 0; i < observer->scalar_count; ++i) {
    values[i] = observer->scalar[i]->measure(observation);
  }
}

void rst_observer_expose(const struct rst_observer *observer, const struct rst_observation *observation,
                         const struct rst_field **fields) {
  for (size_t i = 0; i < observer->field_count; ++i) {
    fields[i] = observer->field[i]->expose(observation);
  }
}
