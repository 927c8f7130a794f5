/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OBSERVABLE_LIST_H
#define RST_OBSERVABLE_LIST_H

/** @file
 * What a run can record. Case files name it, run/observables.c measures it, run/evaluation.c what is of whole sets: a new observable is a line here and a function of
 * the same name there.
 */

/** Scalars: name, when, need, per, description, units (run/observables.h has their meanings). */
#define RST_SCALAR_LIST(X)                                                                                   \
  X(loss, ALWAYS, NOTHING, RUN, "objective L = data loss + (weight decay/2) sum u^2", "1")                   \
  X(data_loss, ALWAYS, NOTHING, RUN, "data term E, regulariser included", "1")                               \
  X(residual, ALWAYS, NOTHING, RUN, "residual a = predicted minus given label, mean over images", "1")       \
  X(grad_norm, ALWAYS, NOTHING, RUN, "Euclidean norm of the gradient of L", "1")                             \
  X(weight_norm, ALWAYS, NOTHING, RUN, "Euclidean norm of the state", "1")                                   \
  X(update_ratio, ALWAYS, NOTHING, RUN, "norm of the update over norm of the state", "1")                    \
  X(step_size, IMPLIED, SCHEDULE, RUN, "length of the time step taken", "1")                                 \
  X(max_abs, ASKED, NOTHING, RUN, "largest magnitude of the state", "1")                                     \
  X(sharpness, ASKED, SHARPNESS, RUN, "largest eigenvalue of the Hessian of L", "1")                         \
  X(sharpness_residual, ASKED, SHARPNESS, RUN, "residual of its eigenpair", "1")                             \
  X(sharpness_limit, ASKED, SHARPNESS, RUN, "sharpness up to which the step is locally stable", "1")         \
  X(preconditioned_sharpness, ASKED, PRECONDITIONED, RUN,                                                    \
    "largest eigenvalue of the Hessian of L over the preconditioner", "1")                                   \
  X(lambda_min, ASKED, LAMBDA_MIN, RUN, "smallest eigenvalue of the Hessian of L", "1")                      \
  X(layer_sharpness, ASKED, LAYER_SHARPNESS, LAYER,                                                          \
    "largest eigenvalue of the layer's block of the Hessian of L", "1")                                      \
  X(layer_gamma, ASKED, LAYER_STATES, LAYER,                                                                 \
    "mean of dp/d(output of the layer) over examples and positions, of the largest channel", "1")            \
  X(layer_windowed_min, ASKED, LAYER_STATES, LAYER,                                                          \
    "smallest eigenvalue by the layer's windowed bound, decay included", "1")                                \
  X(layer_windowed_max, ASKED, LAYER_STATES, LAYER,                                                          \
    "largest eigenvalue by the layer's windowed bound, decay included", "1")                                 \
  X(layer_activated, ASKED, LAYER_STATES, LAYER, "share of the layer's positions that are activated", "1")   \
  X(layer_transitioning, ASKED, LAYER_STATES, LAYER, "share of the layer's positions in transition", "1")    \
  X(layer_not_activated, ASKED, LAYER_STATES, LAYER,                                                         \
    "share of the layer's positions that are not activated", "1")                                            \
  X(batch_sharpness, ASKED, BATCH_SHARPNESS, RUN,                                                            \
    "mean of g'Hg/|g|^2 over draws of examples, g and H the gradient and the Hessian of L with their "       \
    "weights",                                                                                               \
    "1")                                                                                                     \
  X(batch_sharpness_error, ASKED, BATCH_SHARPNESS, RUN, "its standard error", "1")                           \
  X(gradient_noise_interaction, ASKED, NOISE_CURVATURE, RUN,                                                 \
    "mean of g'Hg over draws of examples, over |grad L|^2, H and grad L of the whole training set", "1")     \
  X(gradient_noise_interaction_error, ASKED, NOISE_CURVATURE, RUN, "its standard error", "1")                \
  X(noise_curvature, ASKED, NOISE_CURVATURE, RUN,                                                            \
    "mean of g'Hg over draws of examples, H of the whole training set", "1")                                 \
  X(noise_curvature_error, ASKED, NOISE_CURVATURE, RUN, "its standard error", "1")                           \
  X(noise_norm, ASKED, NOISE_NORM, RUN,                                                                      \
    "root mean square of |g - grad L| over draws of examples, grad L of the whole training set", "1")        \
  X(noise_norm_error, ASKED, NOISE_NORM, RUN, "its standard error", "1")                                     \
  X(objective_grad_norm, ASKED, NOISE_SLOPE, RUN,                                                            \
    "Euclidean norm of the gradient of L over the whole training set, decay included", "1")                  \
  X(gradient_square, ASKED, NOISE_PAIRS, RUN,                                                                \
    "|grad E|^2 without bias from draws of examples, decay excluded", "1")                                   \
  X(gradient_square_error, ASKED, NOISE_PAIRS, RUN, "its standard error", "1")                               \
  X(gradient_noise_trace, ASKED, NOISE_PAIRS, RUN,                                                           \
    "trace of the covariance of the gradient over draws of examples, without bias, decay excluded", "1")     \
  X(gradient_noise_trace_error, ASKED, NOISE_PAIRS, RUN, "its standard error", "1")                          \
  X(loss_mean, IMPLIED, ERGODIC, RUN, "mean of loss since the begin of the ergodic record", "1")             \
  X(grad_norm_mean, IMPLIED, ERGODIC, RUN, "mean of grad_norm since the begin of the ergodic record", "1")   \
  X(loss_change_mean, IMPLIED, ERGODIC, RUN,                                                                 \
    "mean of L(u_t) - L(u_{t+1}) over the updates of the ergodic record", "1")                               \
  X(loss_change_envelope, IMPLIED, ERGODIC, RUN,                                                             \
    "2 sup |L| over the number of these updates, which bounds loss_change_mean", "1")                        \
  X(local_displacement, IMPLIED, ERGODIC, RUN, "square norm of the update", "1")                             \
  X(global_displacement, IMPLIED, ERGODIC, RUN,                                                              \
    "square distance from the state at the begin of the ergodic record", "1")                                \
  X(noise_norm_mean, IMPLIED, ERGODIC_NOISE, RUN,                                                            \
    "mean of the measurements of noise_norm in the ergodic record", "1")                                     \
  X(objective_grad_norm_mean, IMPLIED, ERGODIC_NOISE, RUN,                                                   \
    "mean of the measurements of objective_grad_norm in the ergodic record", "1")                            \
  X(central_loss, ASKED, CENTRAL_FLOW, RUN, "objective L at the state w of the central flow", "1")           \
  X(central_loss_average, ASKED, CENTRAL_FLOW, RUN,                                                          \
    "time average of L that the central flow predicts, L(w) + tr(X)/lr", "1")                                \
  X(central_sharpness, ASKED, CENTRAL_FLOW, RUN, "largest eigenvalue of the Hessian of L at w", "1")         \
  X(central_variance, ASKED, CENTRAL_FLOW, RUN, "tr X, variance of the oscillation about w, as predicted",   \
    "1")                                                                                                     \
  X(central_grad_norm, ASKED, CENTRAL_FLOW, RUN,                                                             \
    "root mean square of |grad L| that the central flow predicts", "1")                                      \
  X(central_distance, ASKED, CENTRAL_FLOW, RUN,                                                              \
    "Euclidean distance of w from (u_{t-1} + 2 u_t + u_{t+1})/4, the run without its oscillation", "1")      \
  X(largest_update, IMPLIED, STRETCH, RUN, "largest norm of an update since the row before", "1")            \
  X(local_growth, IMPLIED, PERTURBATIONS, RUN, "growth of the leading perturbation in the update", "1")      \
  X(mean_log_growth, IMPLIED, STRETCH_GROWTH, RUN,                                                           \
    "mean log of the growth of the leading perturbation since the row before", "1/iteration")                \
  X(lyapunov, IMPLIED, PERTURBATIONS, RUN, "largest Lyapunov exponent, of finite time", "1/iteration")       \
  X(lyapunov_spectrum, ASKED, PERTURBATIONS, EXPONENT, "finite-time Lyapunov exponents", "1/iteration")      \
  X(participation, ASKED, PERTURBATIONS, RUN, "participation ratio of the leading perturbation", "1")        \
  X(twin_difference, IMPLIED, TWINS, TWIN, "mean relative difference 2|A-B|/(|A|+|B|) to the twin", "1")     \
  X(twin_difference_average, IMPLIED, TWINS, TWIN, "its moving average over the last twin.average states",   \
    "1")                                                                                                     \
  X(tensor_difference, ASKED, TWINS, TENSOR_AND_TWIN,                                                        \
    "mean relative difference 2|A-B|/(|A|+|B|) of one tensor to the twin's", "1")                            \
  X(twin_distance, IMPLIED, TWINS, TWIN, "Euclidean distance to the twin", "1")                              \
  X(member_loss, ASKED, MEMBERS, MEMBER, "objective L of each member of the ensemble", "1")                  \
  X(member_weight_norm, ASKED, MEMBERS, MEMBER, "Euclidean norm of its state", "1")                          \
  X(member_displacement, ASKED, MEMBERS, MEMBER, "Euclidean distance from its initial state", "1")           \
  X(loss_quantile, IMPLIED, QUANTILES, QUANTILE, "quantiles of the members' objective L", "1")               \
  X(weight_norm_quantile, IMPLIED, QUANTILES, QUANTILE, "quantiles of the norms of their states", "1")       \
  X(displacement_quantile, IMPLIED, QUANTILES, QUANTILE,                                                     \
    "quantiles of the distances from their initial states", "1")

/** Evaluations over a whole set: name, set, description, units. */
#define RST_EVALUATION_LIST(X)                                                                               \
  X(train_loss, TRAINING, "mean loss over the training set, weight decay excluded", "1")                     \
  X(train_accuracy, TRAINING, "fraction of the training set that is classified rightly", "1")                \
  X(full_grad_norm, TRAINING, "Euclidean norm of the gradient of the mean loss over the training set", "1")  \
  X(gradient_fluctuation, BATCHES,                                                                           \
    "mean over the weights of |x - y|/|x|, x the gradient over the training set, y the batch's", "1")        \
  X(test_loss, TEST, "mean loss over the test set", "1")                                                     \
  X(test_accuracy, TEST, "fraction of the test set that is classified rightly", "1")

/** Fields: the same as scalars, and the kind. */
#define RST_FIELD_LIST(X)                                                                                    \
  X(kernel, ALWAYS, NOTHING, RUN, "state of the flow: the kernel K, or u of the heat equation", "1", STATE)  \
  X(averages, IMPLIED, AVERAGES, RUN, "running averages that batches are normalised by", "1", AVERAGES)      \
  X(gradient, ASKED, NOTHING, RUN, "gradient of L", "1", LIKE)                                               \
  X(image, ASKED, IMAGE, RUN, "image I as the flow takes it, its levels mapped; stored once", "1", IMAGES)   \
  X(response, ASKED, RESPONSE, RUN,                                                                          \
    "response c, the correlation of the kernel and the image at each position, before the activation", "1",  \
    RESPONSES)                                                                                               \
  X(amplification, ASKED, AMPLIFICATION, RUN, "amplification factor abs(G(w)), coefficients frozen", "1",    \
    SPECTRUM)                                                                                                \
  X(tangent, ASKED, PERTURBATIONS, RUN, "leading perturbation, of unit norm", "1", LIKE)                     \
  X(ensemble_mean, IMPLIED, ENSEMBLE, RUN, "mean of the states of the ensemble", "1", LIKE)                  \
  X(ensemble_variance, IMPLIED, ENSEMBLE, RUN, "their unbiased variance", "1", LIKE)                         \
  X(ensemble_covariance, IMPLIED, DIRECTIONS, RUN, "their unbiased covariance along ensemble.directions",    \
    "1", COVARIANCE)                                                                                         \
  X(difference, ASKED, TWINS, TWIN, "state minus the twin's", "1", LIKE)                                     \
  X(relative_difference, ASKED, TWINS, TWIN, "2|A-B|/(|A|+|B|) of the state and the twin's", "1", LIKE)

#endif
