/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/observer.h"

#include <string.h>

#include "core/core.h"
#include "run/amplification.h"
#include "run/sharpness.h"

/* An observation, and what the observer adds to it where it is asked for. */
struct view {
  const struct rst_observation *observation;
  double sharpness, sharpness_residual, sharpness_limit;
  const struct rst_field *amplification;
};

struct scalar_type {
  struct rst_variable variable;
  bool required;
  double (*measure)(const struct view *view);
};

struct field_type {
  struct rst_variable variable;
  bool required;
  enum rst_axes axes;
  const struct rst_field *(*expose)(const struct view *view);
};

double rst_observation_loss(const struct rst_observation *observation) {
  const double norm = observation->weight_norm;
  return observation->value.data_loss + 0.5 * observation->weight_decay * norm * norm;
}

static double loss(const struct view *view) {
  return rst_observation_loss(view->observation);
}

static double data_loss(const struct view *view) {
  return view->observation->value.data_loss;
}

static double residual(const struct view *view) {
  return view->observation->value.residual;
}

static double grad_norm(const struct view *view) {
  return view->observation->grad_norm;
}

static double weight_norm(const struct view *view) {
  return view->observation->weight_norm;
}

static double update_ratio(const struct view *view) {
  return view->observation->update_norm / view->observation->weight_norm;
}

static double step_size(const struct view *view) {
  return view->observation->step_size;
}

static double max_abs(const struct view *view) {
  return rst_field_max_abs(view->observation->u);
}

static double sharpness(const struct view *view) {
  return view->sharpness;
}

static double sharpness_residual(const struct view *view) {
  return view->sharpness_residual;
}

static double sharpness_limit(const struct view *view) {
  return view->sharpness_limit;
}

static const struct rst_field *kernel(const struct view *view) {
  return view->observation->u;
}

static const struct rst_field *gradient(const struct view *view) {
  return view->observation->gradient;
}

static const struct rst_field *amplification(const struct view *view) {
  return view->amplification;
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
  X(max_abs, false, "largest magnitude in the kernel", "1")                                                  \
  X(sharpness, false, "largest eigenvalue of the Hessian of L", "1")                                         \
  X(sharpness_residual, false, "norm of the residual of the sharpness' eigenpair", "1")                      \
  X(sharpness_limit, false, "largest sharpness at which the next step is locally stable", "1")

/* Likewise, and the axes. */
#define FIELD_LIST(X)                                                                                        \
  X(kernel, true, "state of the flow: the kernel K, or u of the heat equation", "1", RST_AXES_SPACE)         \
  X(gradient, false, "gradient of L", "1", RST_AXES_SPACE)                                                   \
  X(amplification, false, "amplification factor abs(G(w)), coefficients frozen", "1", RST_AXES_WAVE_NUMBERS)

#define SCALAR_LINE(name, required, long_name, units) {{#name, long_name, units}, required, name},
#define SCALAR_NAME(name, required, long_name, units) #name,
#define FIELD_LINE(name, required, long_name, units, axes) {{#name, long_name, units}, required, axes, name},
#define FIELD_NAME(name, required, long_name, units, axes) #name,

static const struct scalar_type scalar_types[] = {SCALAR_LIST(SCALAR_LINE)};
static const struct field_type field_types[] = {FIELD_LIST(FIELD_LINE)};
static const char *const scalar_names[] = {SCALAR_LIST(SCALAR_NAME) NULL};
static const char *const field_names[] = {FIELD_LIST(FIELD_NAME) NULL};

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
  enum rst_axes field_axes[FIELD_TYPES];
  struct rst_sharpness *sharpness; /* NULL unless one of its scalars is recorded */
  struct rst_field *state[1];
  struct rst_amplification *amplification; /* NULL unless recorded */
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

static void choose(struct rst_observer *made, const struct rst_case *run) {
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
      made->field_axes[made->field_count] = type->axes;
      made->field_variables[made->field_count++] = type->variable;
    }
  }
}

static bool records(const struct rst_variable *variables, size_t count, const char *prefix) {
  for (size_t i = 0; i < count; ++i) {
    if (strncmp(variables[i].name, prefix, strlen(prefix)) == 0) {
      return true;
    }
  }
  return false;
}

static enum rst_status create_instruments(struct rst_context *context, const struct rst_case *run,
                                          struct rst_flow *flow, struct rst_observer *made) {
  if (records(made->scalar_variables, made->scalar_count, "sharpness")) {
    RST_TRY(rst_sharpness_create(context, run, flow, &made->sharpness));
    made->state[0] = rst_sharpness_state(made->sharpness);
  }
  if (records(made->field_variables, made->field_count, "amplification")) {
    RST_TRY(rst_amplification_create(context, run, flow, &made->amplification));
  }
  return RST_OK;
}

enum rst_status rst_observer_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, struct rst_observer **observer) {
  void *memory = NULL;
  *observer = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof **observer, &memory));
  struct rst_observer *made = memory;
  choose(made, run);
  const enum rst_status status = create_instruments(context, run, flow, made);
  if (status != RST_OK) {
    rst_observer_destroy(&made);
    return status;
  }
  *observer = made;
  return RST_OK;
}

void rst_observer_destroy(struct rst_observer **observer) {
  if (*observer) {
    rst_sharpness_destroy(&(*observer)->sharpness);
    rst_amplification_destroy(&(*observer)->amplification);
    free(*observer);
    *observer = NULL;
  }
}

size_t rst_observer_state(struct rst_observer *observer, struct rst_field ***fields) {
  *fields = observer->state;
  return observer->sharpness ? 1 : 0;
}

const struct rst_variable *rst_observer_scalars(const struct rst_observer *observer, size_t *count) {
  *count = observer->scalar_count;
  return observer->scalar_variables;
}

const struct rst_variable *rst_observer_fields(const struct rst_observer *observer,
                                               const enum rst_axes **axes, size_t *count) {
  *axes = observer->field_axes;
  *count = observer->field_count;
  return observer->field_variables;
}

void rst_observer_measure(struct rst_observer *observer, const struct rst_observation *observation,
                          double *values) {
  struct view view = {.observation = observation};
  if (observer->sharpness) {
    rst_sharpness_measure(observer->sharpness, observation->iteration, observation->u, &view.sharpness,
                          &view.sharpness_residual);
    view.sharpness_limit = rst_sharpness_limit(observer->sharpness, observation->step_size);
  }
  for (size_t i = 0; i < observer->scalar_count; ++i) {
    values[i] = observer->scalar[i]->measure(&view);
  }
}

enum rst_status rst_observer_expose(struct rst_observer *observer, const struct rst_observation *observation,
                                    const struct rst_field **fields) {
  struct view view = {.observation = observation};
  if (observer->amplification) {
    RST_TRY(rst_amplification_measure(observer->amplification, observation->u, &view.amplification));
  }
  for (size_t i = 0; i < observer->field_count; ++i) {
    fields[i] = observer->field[i]->expose(&view);
  }
  return RST_OK;
}
