/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_table.h"

#include <math.h>

static double total_products(const struct rst_state_spectrum *spectrum) {
  return spectrum->smallest.products + spectrum->largest.products;
}

static double products(const void *subject) {
  return total_products(&((const struct rst_analysis *)subject)->spectrum);
}

static double residual(const void *subject) {
  const struct rst_state_spectrum *spectrum = &((const struct rst_analysis *)subject)->spectrum;
  return fmax(spectrum->smallest.residual, spectrum->largest.residual);
}

static double minimum(const void *subject) {
  const int index = ((const struct rst_analysis *)subject)->minimum;
  return index >= 0 ? (double)index : (double)NAN;
}

static double point_products(const void *subject) {
  return total_products(&((const struct rst_analysed_point *)subject)->spectrum);
}

static double norm(const void *subject) {
  return rst_field_norm(((const struct rst_analysed_point *)subject)->point.u);
}

static double max_abs(const void *subject) {
  return rst_field_max_abs(((const struct rst_analysed_point *)subject)->point.u);
}

static double damping(const void *subject) {
  const struct rst_langevin *langevin = &((const struct rst_analysed_mode *)subject)->langevin;
  return isnan(langevin->gamma) ? (double)NAN : (double)langevin->damping;
}

#define OF(member) RST_QUANTITY_MEMBER(struct rst_analysis, member)
#define POINT(member) RST_QUANTITY_MEMBER(struct rst_analysed_point, member)
#define REFINEMENT(member) RST_QUANTITY_MEMBER(struct rst_refinement, member)
#define LAYER(member) RST_QUANTITY_MEMBER(struct rst_analysed_layer, member)
#define MODE(member) RST_QUANTITY_MEMBER(struct rst_analysed_mode, member)
#define BAND(member) RST_QUANTITY_MEMBER(struct rst_analysed_band, member)
#define BY(function) RST_QUANTITY_MEASURED(function)

/* A number of the file, whose units are all 1; one that is not stored; one of JSON alone. */
#define STORED(group, key, head, name, long_name, ...)                                                       \
  {                                                                                                          \
    RST_ANALYSIS_##group, key, __VA_ARGS__, head, {                                                          \
      name, long_name, "1"                                                                                   \
    }                                                                                                        \
  }
#define SHOWN(group, key, head, ...) STORED(group, key, head, NULL, NULL, __VA_ARGS__)
#define PLAIN(group, key, ...) SHOWN(group, key, NULL, __VA_ARGS__)

#define SPECTRUM_OF(group, place)                                                                            \
  PLAIN(group, "participation_min", place(spectrum.participation_min)),                                      \
      PLAIN(group, "participation_max", place(spectrum.participation_max)),                                  \
      PLAIN(group, "ky", place(spectrum.ky)), PLAIN(group, "kx", place(spectrum.kx))

#define THRESHOLD(group, threshold, long_name)                                                               \
  STORED(group, "value", NULL, #threshold, long_name, OF(threshold.value)),                                  \
      PLAIN(group, "low", OF(threshold.low)), PLAIN(group, "high", OF(threshold.high)),                      \
      PLAIN(group, "runs", OF(threshold.runs))

static const struct rst_quantity rows[] = {
    STORED(SETTINGS, "lr", NULL, "lr", "learning rate", OF(lr)),
    STORED(SETTINGS, "weight_decay", NULL, "weight_decay", "weight decay", OF(weight_decay)),
    STORED(SETTINGS, "real_limit", NULL, "real_limit",
           "real-axis limit of the scheme: stable for lr lambda up to this", OF(real_limit)),
    STORED(SETTINGS, "mesh_number", NULL, "mesh_number",
           "diffusivity times learning rate over spacing squared", OF(mesh_number)),
    PLAIN(SETTINGS, "spacing", OF(spacing)),

    STORED(SYMBOL_EXTREMES, "lambda_min", "lambda_min", "symbol_lambda_min",
           "smallest eigenvalue by the symbol, decay included", OF(by_symbol.lambda_min)),
    STORED(SYMBOL_EXTREMES, "lambda_max", "lambda_max", "symbol_lambda_max",
           "largest eigenvalue by the symbol, decay included", OF(by_symbol.lambda_max)),
    STORED(SYMBOL_LIMITS, "decay_min", "decay_min", "symbol_decay_min",
           "smallest stable weight decay by the symbol", OF(by_symbol.limits.decay_min)),
    STORED(SYMBOL_LIMITS, "decay_max", "decay_max", "symbol_decay_max",
           "largest stable weight decay by the symbol", OF(by_symbol.limits.decay_max)),
    STORED(SYMBOL_LIMITS, "lr_max", "lr_max", "symbol_lr_max", "largest stable learning rate by the symbol",
           OF(by_symbol.limits.lr_max)),
    SHOWN(SYMBOL_LIMITS, "growth", "max |G|", OF(by_symbol.limits.growth)),
    PLAIN(SYMBOL_LIMITS, "critical", OF(by_symbol.limits.critical)),
    PLAIN(SYMBOL_LIMITS, "stable", OF(by_symbol.limits.stable)),
    PLAIN(WORST_WAVE, "worst_growth", OF(worst_growth)),
    PLAIN(WORST_WAVE, "worst_ky", OF(worst_ky)),
    PLAIN(WORST_WAVE, "worst_kx", OF(worst_kx)),

    STORED(EXACT_EXTREMES, "lambda_min", "lambda_min", "lambda_min",
           "smallest eigenvalue of the Hessian, decay included", OF(exact.lambda_min)),
    STORED(EXACT_EXTREMES, "lambda_max", "lambda_max", "lambda_max",
           "largest eigenvalue of the Hessian, decay included", OF(exact.lambda_max)),
    STORED(EXACT_LIMITS, "decay_min", "decay_min", "decay_min", "smallest stable weight decay",
           OF(exact.limits.decay_min)),
    STORED(EXACT_LIMITS, "decay_max", "decay_max", "decay_max",
           "largest stable weight decay at the learning rate of the case", OF(exact.limits.decay_max)),
    STORED(EXACT_LIMITS, "lr_max", "lr_max", "lr_max", "largest stable learning rate",
           OF(exact.limits.lr_max)),
    STORED(EXACT_GROWTH, "growth", "max |G|", "growth", "largest growth factor of one step",
           OF(exact.limits.growth)),
    PLAIN(EXACT_GROWTH, "critical", OF(exact.limits.critical)),
    PLAIN(EXACT_GROWTH, "stable", OF(exact.limits.stable)),
    SHOWN(SPECTRUM, NULL, "residual", BY(residual)),
    PLAIN(SPECTRUM, "residual_min", OF(spectrum.smallest.residual)),
    PLAIN(SPECTRUM, "residual_max", OF(spectrum.largest.residual)),
    SHOWN(SPECTRUM, "products", "products", BY(products)),
    SPECTRUM_OF(SPECTRUM, OF),
    THRESHOLD(MEASURED_DECAY_MIN, measured_decay_min, "smallest stable weight decay, by bisection on runs"),
    THRESHOLD(MEASURED_DECAY_MAX, measured_decay_max, "largest stable weight decay, by bisection on runs"),
    THRESHOLD(MEASURED_LR_MAX, measured_lr_max, "largest stable learning rate, by bisection on runs"),

    STORED(TWO_LIMITS, "escaping_starts", NULL, "escaping_starts",
           "number of starts whose flow runs to infinity, where there is no fixed point",
           OF(escaping_starts)),
    STORED(TWO_LIMITS, "initial_escapes", NULL, "initial_escapes",
           "1 where the flow from the initial state runs to infinity, else 0", OF(initial_escapes)),
    STORED(TWO_LIMITS, "failed_starts", NULL, "failed_starts",
           "number of starts whose flow could not be followed to its end", OF(failed_starts)),
    PLAIN(TWO_LIMITS, "minimum", BY(minimum)),
    STORED(TWO_LIMITS, "lr_lo", NULL, "lr_lo", "local limit of the learning rate at the minimum that decides",
           OF(lr_lo)),
    STORED(TWO_LIMITS, "lr_hi", NULL, "lr_hi", "limit of the learning rate by decay and regulariser alone",
           OF(lr_hi)),
    STORED(SATURATION, "saturated_amplitude", NULL, "saturated_amplitude",
           "amplitude of alternating states whose fluxes are saturated", OF(saturated_amplitude)),

    STORED(MEAN_SQUARE, "lr_ms", "lr_ms", "lr_ms", "largest learning rate that is stable in mean square",
           OF(lr_ms)),
    STORED(MEAN_SQUARE, "moment_growth", "growth", "moment_growth",
           "growth of the second moments in one update", OF(moment_growth)),
    STORED(MEAN_SQUARE, "total_variance", "variance", "total_variance",
           "sum of the stationary variances of all weights", OF(total_variance)),
    STORED(MEAN_SQUARE, "displacement_exponent", "MSD exponent", "displacement_exponent",
           "exponent of the mean-square displacement over lr h t from 30 to 3000", OF(displacement_exponent)),
    STORED(MEAN_SQUARE, "current_share", "current", "current_share",
           "share of the stationary probability current in the drift of the weights, root mean squares",
           OF(current_share)),
    PLAIN(MEAN_SQUARE, "bands", OF(band_count)),

    PLAIN(DENSE, "count", OF(eigenvalue_count)),
    PLAIN(DENSE, "deviation", OF(dense_deviation)),
    STORED(FACTORS, "lr_factor", NULL, "lr_factor", "largest stable learning rate over that of the case",
           OF(lr_factor)),
    STORED(FACTORS, "decay_min_factor", NULL, "decay_min_factor",
           "weight decay of the case over the smallest stable one", OF(decay_min_factor)),
    STORED(FACTORS, "decay_max_factor", NULL, "decay_max_factor",
           "largest stable weight decay over that of the case", OF(decay_max_factor)),
    PLAIN(FACTORS, "wall_seconds", OF(wall_seconds)),

    STORED(POINT, "loss", "loss", "fixed_point_loss", "objective L", POINT(point.loss)),
    STORED(POINT, "data_loss", NULL, "fixed_point_data_loss", "data term E, regulariser included",
           POINT(point.data_loss)),
    STORED(POINT, "residual", "|grad L|", "fixed_point_residual", "Euclidean norm of the gradient of L",
           POINT(point.residual)),
    PLAIN(POINT, "norm", BY(norm)),
    PLAIN(POINT, "max_abs", BY(max_abs)),
    STORED(POINT, "lambda_min", "lambda_min", "fixed_point_lambda_min",
           "smallest eigenvalue of the Hessian, decay included", POINT(spectrum.smallest.value)),
    STORED(POINT, "lambda_max", "lambda_max", "fixed_point_lambda_max",
           "largest eigenvalue of the Hessian, decay included", POINT(spectrum.largest.value)),
    STORED(POINT, "lr_lo", "lr_lo", "fixed_point_lr_lo", "largest learning rate that is stable at a minimum",
           POINT(lr_lo)),
    PLAIN(POINT, "starts", POINT(starts)),
    PLAIN(POINT, "newton_steps", POINT(point.newton_steps)),
    PLAIN(POINT, "residual_min", POINT(spectrum.smallest.residual)),
    PLAIN(POINT, "residual_max", POINT(spectrum.largest.residual)),
    PLAIN(POINT, "products", BY(point_products)),
    SPECTRUM_OF(POINT, POINT),
    STORED(POINT, NULL, NULL, "fixed_point_participation",
           "participation ratio of the eigenvector of the largest eigenvalue",
           POINT(spectrum.participation_max)),

    STORED(REFINEMENT, "spacing", "h", "spacing", "distance of neighbouring points", REFINEMENT(spacing)),
    STORED(REFINEMENT, "lambda_max", "lambda_max", "refined_lambda_max",
           "largest eigenvalue at this spacing, decay included", REFINEMENT(lambda_max)),
    STORED(REFINEMENT, "lr_max", "lr_max", "refined_lr_max", "largest stable learning rate at this spacing",
           REFINEMENT(lr_max)),
    SHOWN(REFINEMENT, "mesh_number", "c lr_max/h^2", REFINEMENT(mesh_number)),

    STORED(LAYER, "lambda_max", "lambda_max", "layer_lambda_max",
           "largest eigenvalue of the layer's block of the Hessian, decay included", LAYER(lambda_max)),
    STORED(LAYER, "lr_lo", "lr_lo", "layer_lr_lo", "largest learning rate that is stable for the layer alone",
           LAYER(lr_lo)),
    STORED(LAYER, "gamma", "gamma", "layer_gamma",
           "mean of dp/d(output) over examples and positions, of the largest channel", LAYER(state.gamma)),
    STORED(LAYER, "windowed_lambda_min", NULL, "layer_windowed_lambda_min",
           "smallest eigenvalue by the windowed bound, decay included", LAYER(state.windowed_min)),
    STORED(LAYER, "windowed_lambda_max", NULL, "layer_windowed_lambda_max",
           "largest eigenvalue by the windowed bound, decay included", LAYER(state.windowed_max)),
    STORED(LAYER, "windowed_lr_max", "windowed lr_max", "layer_windowed_lr_max",
           "largest stable learning rate by the windowed bound", LAYER(windowed_lr_max)),
    STORED(LAYER, "activated", "activated", "layer_activated", "share of positions that are activated",
           LAYER(state.activated)),
    STORED(LAYER, "transitioning", NULL, "layer_transitioning", "share of positions in transition",
           LAYER(state.transitioning)),
    STORED(LAYER, "not_activated", NULL, "layer_not_activated", "share of positions that are not activated",
           LAYER(state.not_activated)),

    STORED(MODE, "curvature", "curvature", "mode_curvature",
           "eigenvalue of the Hessian of the data term, decay excluded", MODE(curvature)),
    STORED(MODE, "damping", NULL, "mode_damping", "0 under-damped, 1 critically damped, 2 over-damped",
           BY(damping)),
    STORED(MODE, "gamma", "gamma", "mode_gamma", "damping rate of the limiting dynamics",
           MODE(langevin.gamma)),
    STORED(MODE, "omega", "omega", "mode_omega", "undamped angular frequency of the limiting dynamics",
           MODE(langevin.omega)),
    STORED(MODE, "frequency", "frequency", "mode_frequency", "angular frequency of the limiting dynamics",
           MODE(langevin.frequency)),
    STORED(MODE, "discrete_frequency", "discrete", "mode_discrete_frequency",
           "angular frequency of the discrete dynamics, arg(z)/lr", MODE(langevin.discrete_frequency)),
    STORED(MODE, "variance", "variance", "mode_variance", "stationary variance of the discrete dynamics",
           MODE(variance)),
    STORED(MODE, "sde_variance", "by the SDE", "mode_sde_variance",
           "stationary variance of the limiting dynamics", MODE(sde_variance)),
    STORED(MODE, "displacement", NULL, "mode_displacement",
           "stationary mean square of an update of the discrete dynamics", MODE(displacement)),
    STORED(MODE, "sde_displacement", NULL, "mode_sde_displacement",
           "stationary mean square of an update by the limiting dynamics", MODE(sde_displacement)),

    STORED(BAND, NULL, NULL, "band_mean", "mean distance of the mode from the minimum, discrete dynamics",
           BAND(mean)),
    STORED(BAND, NULL, NULL, "band_deviation", "its standard deviation", BAND(deviation)),
    STORED(BAND, NULL, NULL, "band_sde_mean", "mean distance of the mode by the limiting dynamics",
           BAND(sde_mean)),
    STORED(BAND, NULL, NULL, "band_sde_deviation", "its standard deviation", BAND(sde_deviation)),
};

const struct rst_quantities rst_analysis_numbers = {rows, sizeof rows / sizeof *rows};

bool rst_analysis_has(const struct rst_analysis *analysis, enum rst_analysis_group group) {
  switch (group) {
  case RST_ANALYSIS_SYMBOL_EXTREMES:
  case RST_ANALYSIS_SYMBOL_LIMITS:
    return analysis->linear && analysis->symbol;
  case RST_ANALYSIS_EXACT_EXTREMES:
  case RST_ANALYSIS_EXACT_GROWTH: /* of the linear flow, or at the minimum that decides */
    return analysis->linear || analysis->minimum >= 0;
  case RST_ANALYSIS_EXACT_LIMITS:
  case RST_ANALYSIS_SPECTRUM:
  case RST_ANALYSIS_MEASURED_DECAY_MIN:
  case RST_ANALYSIS_MEASURED_DECAY_MAX:
  case RST_ANALYSIS_MEASURED_LR_MAX:
    return analysis->linear;
  case RST_ANALYSIS_TWO_LIMITS:
    return !analysis->linear;
  case RST_ANALYSIS_MEAN_SQUARE:
    return analysis->noisy;
  case RST_ANALYSIS_SATURATION:
    return !isnan(analysis->saturated_amplitude);
  default:
    return true;
  }
}
