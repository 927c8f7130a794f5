/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/observables.h"

#include <math.h>

#include "case/observable_list.h"

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

MEASURE(loss, view->observation->loss)
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
MEASURE(preconditioned_sharpness, view->preconditioned_sharpness)
MEASURE(lambda_min, view->lambda_min)
MEASURE(batch_sharpness, view->noise.batch_sharpness)
MEASURE(batch_sharpness_error, view->noise.batch_sharpness_error)
MEASURE(gradient_noise_interaction, view->noise.interaction)
MEASURE(gradient_noise_interaction_error, view->noise.interaction_error)
MEASURE(noise_curvature, view->noise.curvature)
MEASURE(noise_curvature_error, view->noise.curvature_error)
MEASURE(noise_norm, view->noise.norm)
MEASURE(noise_norm_error, view->noise.norm_error)
MEASURE(objective_grad_norm, view->noise.grad_norm)
MEASURE(gradient_square, view->noise.square)
MEASURE(gradient_square_error, view->noise.square_error)
MEASURE(gradient_noise_trace, view->noise.trace)
MEASURE(gradient_noise_trace_error, view->noise.trace_error)
MEASURE(loss_mean, view->ergodic.loss_mean)
MEASURE(grad_norm_mean, view->ergodic.grad_norm_mean)
MEASURE(loss_change_mean, view->ergodic.loss_change_mean)
MEASURE(loss_change_envelope, view->ergodic.loss_change_envelope)
MEASURE(local_displacement, view->ergodic.local_displacement)
MEASURE(global_displacement, view->ergodic.global_displacement)
MEASURE(noise_norm_mean, view->ergodic.noise_norm_mean)
MEASURE(objective_grad_norm_mean, view->ergodic.objective_grad_norm_mean)
MEASURE(central_loss, view->central.loss)
MEASURE(central_loss_average, view->central.average_loss)
MEASURE(central_sharpness, view->central.sharpness)
MEASURE(central_variance, view->central.variance)
MEASURE(central_grad_norm, view->central.average_grad_norm)
MEASURE(central_distance, view->central_distance)
MEASURE(local_growth, exp(view->observation->log_growth))
MEASURE_MEMBER(layer_sharpness, view->layer_sharpness[member])
MEASURE_MEMBER(layer_gamma, view->layer_states[member].gamma)
MEASURE_MEMBER(layer_windowed_min, view->layer_states[member].windowed_min)
MEASURE_MEMBER(layer_windowed_max, view->layer_states[member].windowed_max)
MEASURE_MEMBER(layer_activated, view->layer_states[member].activated)
MEASURE_MEMBER(layer_transitioning, view->layer_states[member].transitioning)
MEASURE_MEMBER(layer_not_activated, view->layer_states[member].not_activated)
MEASURE(largest_update, view->largest_update)
MEASURE(mean_log_growth, view->mean_log_growth)
MEASURE(lyapunov, view->observation->exponents[0])
MEASURE_MEMBER(lyapunov_spectrum, view->observation->exponents[member])
MEASURE(participation, view->observation->participation)
MEASURE_MEMBER(twin_difference, view->comparison.difference[member])
MEASURE_MEMBER(twin_difference_average, view->comparison.average[member])
MEASURE_MEMBER(tensor_difference, view->comparison.tensor_difference[member])
MEASURE_MEMBER(twin_distance, view->comparison.distance[member])
MEASURE_MEMBER(member_loss, rst_ensemble_numbers(view->ensemble, member).loss)
MEASURE_MEMBER(member_weight_norm, rst_ensemble_numbers(view->ensemble, member).weight_norm)
MEASURE_MEMBER(member_displacement, rst_ensemble_numbers(view->ensemble, member).displacement)
MEASURE_MEMBER(loss_quantile, rst_ensemble_quantile(view->ensemble, member).loss)
MEASURE_MEMBER(weight_norm_quantile, rst_ensemble_quantile(view->ensemble, member).weight_norm)
MEASURE_MEMBER(displacement_quantile, rst_ensemble_quantile(view->ensemble, member).displacement)
EXPOSE(ensemble_mean, rst_ensemble_mean(view->ensemble, view->observation->u))
EXPOSE(ensemble_variance, rst_ensemble_variance(view->ensemble, view->observation->u))
EXPOSE(ensemble_covariance, rst_ensemble_covariance(view->ensemble, view->observation->u))
EXPOSE(kernel, view->observation->u)
EXPOSE(gradient, view->observation->gradient)
EXPOSE(image, view->images)
EXPOSE(response, view->responses)
EXPOSE(amplification, view->amplification)
EXPOSE(tangent, rst_tangent_vector(view->motion->tangent, 0))

static const struct rst_field *difference(const struct rst_view *view, size_t member) {
  rst_twins_difference(view->twins, member, view->observation->u, view->scratch);
  return view->scratch;
}

static const struct rst_field *averages(const struct rst_view *view, size_t member) {
  (void)member;
  rst_field_copy(view->motion->averages, view->scratch);
  return view->scratch;
}

static const struct rst_field *relative_difference(const struct rst_view *view, size_t member) {
  rst_twins_relative_difference(view->twins, member, view->observation->u, view->scratch);
  return view->scratch;
}

/* A line of the list of observables and the function of that name. */
#define SCALAR_LINE(name, when, need, per, long_name, units)                                                 \
  {{#name, long_name, units}, RST_##when, RST_NEED_##need, RST_PER_##per, RST_SCALAR, .measure = name},
#define FIELD_LINE(name, when, need, per, long_name, units, kind)                                            \
  {{#name, long_name, units}, RST_##when, RST_NEED_##need, RST_PER_##per, RST_FIELD_##kind, .expose = name},

const struct rst_observable rst_observables[] = {RST_FIELD_LIST(FIELD_LINE) RST_SCALAR_LIST(SCALAR_LINE)};
const size_t rst_observable_count = sizeof rst_observables / sizeof *rst_observables;
