/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/observables.h"

double rst_observation_loss(const struct rst_observation *observation) {
  const double norm = observation->weight_norm;
  return observation->value.data_loss + 0.5 * observation->weight_decay * norm * norm;
}

#define MEASURE(name, value)                                                                                 \
  static double name(const struct rst_view *view, size_t member) {                                           \
    (void)member;                                                                                            \
    return value;                                                                                            \
  }
#define MEASURE_MEMBER(name, value)                                                                          \
  static double name(const struct rst_view *view, size_t member) {                                           \
    return value;                                                                                            \
  }
#define EXPOSE(name, value)                                                                                  \
  static const struct rst_field *name(const struct rst_view *view, size_t member) {                          \
    (void)member;                                                                                            \
    return value;                                                                                            \
  }

MEASURE(loss, rst_observation_loss(view->observation))
MEASURE(data_loss, view->observation->value.data_loss)
MEASURE(residual, view->observation->value.residual)
MEASURE(grad_norm, view->observation->grad_norm)
MEASURE(weight_norm, view->observation->weight_norm)
MEASURE(update_ratio, view->observation->update_norm / view->observation->weight_norm)
MEASURE(step_size, view->observation->step_size)
MEASURE(max_abs, rst_field_max_abs(view->observation->u))
MEASURE(sharpness, view->sharpness)
MEASURE(sharpness_residual, view->sharpness_residual)
MEASURE(sharpness_limit, view->sharpness_limit)
MEASURE(local_growth, view->observation->local_growth)
MEASURE(lyapunov, view->observation->exponents[0])
MEASURE_MEMBER(lyapunov_spectrum, view->observation->exponents[member])
MEASURE(participation, view->observation->participation)
MEASURE_MEMBER(twin_difference, view->observation->twins.difference[member])
MEASURE_MEMBER(twin_difference_average, view->observation->twins.average[member])
MEASURE_MEMBER(twin_distance, view->observation->twins.distance[member])
EXPOSE(kernel, view->observation->u)
EXPOSE(gradient, view->observation->gradient)
EXPOSE(amplification, view->amplification)
EXPOSE(tangent, rst_tangent_vector(view->observation->companions->tangent, 0))

static const struct rst_field *difference(const struct rst_view *view, size_t member) {
  const struct rst_observation *seen = view->observation;
  rst_twins_difference(seen->companions->twins, member, seen->u, view->scratch);
  return view->scratch;
}

static const struct rst_field *relative_difference(const struct rst_view *view, size_t member) {
  const struct rst_observation *seen = view->observation;
  rst_twins_relative_difference(seen->companions->twins, member, seen->u, view->scratch);
  return view->scratch;
}

/* Name and function, when, need, per, description, units. */
#define SCALAR_LIST(X)                                                                                       \
  X(loss, ALWAYS, NOTHING, RUN, "objective L = data loss + (weight decay/2) sum u^2", "1")                   \
  X(data_loss, ALWAYS, NOTHING, RUN, "data term E, regulariser included", "1")                               \
  X(residual, ALWAYS, NOTHING, RUN, "residual a = predicted minus given label, mean over images", "1")       \
  X(grad_norm, ALWAYS, NOTHING, RUN, "Euclidean norm of the gradient of L", "1")                             \
  X(weight_norm, ALWAYS, NOTHING, RUN, "Euclidean norm of the state", "1")                                   \
  X(update_ratio, ALWAYS, NOTHING, RUN, "norm of the update over norm of the state", "1")                    \
  X(step_size, ASKED, NOTHING, RUN, "length of the time step taken", "time")                                 \
  X(max_abs, ASKED, NOTHING, RUN, "largest magnitude of the state", "1")                                     \
  X(sharpness, ASKED, SHARPNESS, RUN, "largest eigenvalue of the Hessian of L", "1")                         \
  X(sharpness_residual, ASKED, SHARPNESS, RUN, "residual of its eigenpair", "1")                             \
  X(sharpness_limit, ASKED, SHARPNESS, RUN, "sharpness up to which the step is locally stable", "1")         \
  X(local_growth, IMPLIED, PERTURBATIONS, RUN, "growth of the leading perturbation in the update", "1")      \
  X(lyapunov, IMPLIED, PERTURBATIONS, RUN, "finite-time Lyapunov exponent, leading", "1/iteration")          \
  X(lyapunov_spectrum, ASKED, PERTURBATIONS, EXPONENT, "finite-time Lyapunov exponents", "1/iteration")      \
  X(participation, ASKED, PERTURBATIONS, RUN, "participation ratio of the leading perturbation", "1")        \
  X(twin_difference, IMPLIED, TWINS, TWIN, "mean relative difference 2|A-B|/(|A|+|B|) to the twin", "1")     \
  X(twin_difference_average, IMPLIED, TWINS, TWIN, "its moving average over the last twin.average states",   \
    "1")                                                                                                     \
  X(twin_distance, IMPLIED, TWINS, TWIN, "Euclidean distance to the twin", "1")

/* Likewise, and the axes. */
#define FIELD_LIST(X)                                                                                        \
  X(kernel, ALWAYS, NOTHING, RUN, "state of the flow: the kernel K, or u of the heat equation", "1", SPACE)  \
  X(gradient, ASKED, NOTHING, RUN, "gradient of L", "1", SPACE)                                              \
  X(amplification, ASKED, AMPLIFICATION, RUN, "amplification factor abs(G(w)), coefficients frozen", "1",    \
    WAVE_NUMBERS)                                                                                            \
  X(tangent, ASKED, PERTURBATIONS, RUN, "leading perturbation, of unit norm", "1", SPACE)                    \
  X(difference, ASKED, TWINS, TWIN, "state minus the twin's", "1", SPACE)                                    \
  X(relative_difference, ASKED, TWINS, TWIN, "2|A-B|/(|A|+|B|) of the state and the twin's", "1", SPACE)

#define SCALAR_LINE(name, when, need, per, long_name, units)                                                 \
  {{#name, long_name, units}, RST_##when, RST_NEED_##need, RST_PER_##per, name},
#define FIELD_LINE(name, when, need, per, long_name, units, axes)                                            \
  {{#name, long_name, units}, RST_##when, RST_NEED_##need, RST_PER_##per, RST_AXES_##axes, name},

const struct rst_scalar_type rst_scalar_types[] = {SCALAR_LIST(SCALAR_LINE)};
const struct rst_field_type rst_field_types[] = {FIELD_LIST(FIELD_LINE)};
const size_t rst_scalar_type_count = sizeof rst_scalar_types / sizeof *rst_scalar_types;
const size_t rst_field_type_count = sizeof rst_field_types / sizeof *rst_field_types;

#define SCALAR_NAME(name, ...) #name,
static const char *const scalar_names[] = {SCALAR_LIST(SCALAR_NAME) NULL};
#define FIELD_NAME(name, ...) #name,
static const char *const field_names[] = {FIELD_LIST(FIELD_NAME) NULL};

const char *const *rst_run_scalar_names(void) {
  return scalar_names;
}

const char *const *rst_run_field_names(void) {
  return field_names;
}
