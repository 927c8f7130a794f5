/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ANALYSIS_TASK_H
#define RST_ANALYSIS_TASK_H

#include "restrain/analysis.h"

/** @file
 * The parts of an analysis, one source each. They fill the analysis that they are given; what they allocate
 * there is freed by rst_analysis_destroy(), also after a failure. They work with eigenvalues of the data term's Hessian, to
 * which rst_analyze() adds the decay at the end.
 */

/** What the parts work on. */
struct rst_analysis_task {
  struct rst_context *context;
  const struct rst_case *from;
  struct rst_flow_parameters parameters; /**< of the flow, in double */
  struct rst_flow *flow;
  struct rst_field *initial;
};

/** Make flow and initial state of a task that has context and case, and check the case's scheme; release them, also after a
 * failure (analysis.c). */
enum rst_status rst_analysis_prepare(struct rst_analysis_task *task);
void rst_analysis_release(struct rst_analysis_task *task);

/** Eigenpairs to this residual, relative; the eigenvalue's own error is of the order of its square. */
#define RST_ANALYSIS_TOLERANCE 1e-8

/** Both ends of the spectrum of H(u) (state_spectrum.c). The eigenvectors of `spectrum` are made if they are
 * NULL, and are warm starts otherwise. */
enum rst_status rst_state_spectrum_find(struct rst_context *context, struct rst_flow *flow,
                                        const struct rst_field *u, struct rst_state_spectrum *spectrum);
void rst_state_spectrum_clear(struct rst_state_spectrum *spectrum);
/** The extremes, where one that its own accuracy cannot tell from 0 is 0. */
void rst_state_spectrum_extremes(const struct rst_state_spectrum *spectrum, double *lambda_min,
                                 double *lambda_max);

/** Of the two wave numbers +-(ky, kx), which belong to one real mode, the one with ky > 0, or kx >= 0 where
 * ky = 0. */
void rst_wave_number_orient(double *ky, double *kx);

/** All eigenvalues and the density at u, as the case asks (distribution.c). */
enum rst_status rst_analyze_distribution(const struct rst_analysis_task *task, const struct rst_field *u,
                                         const struct rst_state_spectrum *spectrum,
                                         struct rst_analysis *analysis);

/** The scheme that steps a spectrum up to lambda_max: itself, or for cfl euler with the step that cfl takes
 * (limits.c). */
struct rst_scheme_parameters rst_working_scheme(const struct rst_scheme_parameters *scheme,
                                                double lambda_max);
/** rst_step_limits_find() for every scheme: any lr will do for cfl, which adapts it; no numbers for a preconditioned scheme,
 * whose limits do not follow from the spectrum. */
enum rst_status rst_spectrum_limits_find(struct rst_context *context,
                                         const struct rst_scheme_parameters *scheme, double lambda_min,
                                         double lambda_max, struct rst_spectrum_limits *found);
/** The alpha of the flow that the scheme follows: momentum multiplies the gradient by 1/(1 - mu) and leaves
 * decoupled decay as it is, so that its part in the balance of the two is alpha (1 - mu). */
double rst_effective_decay(const struct rst_scheme_parameters *scheme);
/** R where lr (alpha + lambda_max) <= R is the scheme's rule, else NaN. */
enum rst_status rst_real_limit_find(struct rst_context *context, const struct rst_scheme_parameters *scheme,
                                    double *limit);
/** lr_hi, the largest stable lr of what is linear whatever the state, decay included; NaN where the rest is not bounded. */
enum rst_status rst_lr_hi_find(const struct rst_analysis_task *task, double *lr_hi);
/** A of states u_i = +-A that alternate in space and, by an affine scheme, from step to step, where the rest of the gradient is
 * `alternating`: lr (lambda A + alternating) = R A. NaN where the flow has no such states, or they grow. */
double rst_saturated_amplitude(const struct rst_analysis_task *task, double real_limit, double lr_hi);

/** Of a flow with layers, each of them at u (layers_at_minimum.c). */
enum rst_status rst_analyze_layers(const struct rst_analysis_task *task, const struct rst_field *u,
                                   struct rst_analysis *analysis);

enum rst_status rst_analyze_linear(const struct rst_analysis_task *task, struct rst_analysis *analysis);
/** Symbol and amplification (symbol.c): of a linear flow; of a non-linear one, coefficients frozen at u. */
enum rst_status rst_analyze_symbol(const struct rst_analysis_task *task, struct rst_analysis *analysis);
enum rst_status rst_analyze_frozen_symbol(const struct rst_analysis_task *task, const struct rst_field *u,
                                          struct rst_analysis *analysis);
/** What the noise of the sampling does (noise.c), after exact limits and eigenvalues. */
enum rst_status rst_analyze_noise(const struct rst_analysis_task *task, struct rst_analysis *analysis);
/** Bands of its modes (bands.c), of updates by `scheme`; `noise` over the Hessian is the gradient's covariance, NaN where it has none
 * such. Its stationary current (currents.c), of noise of that covariance at the minimum, [numbers of a state][the same]. */
enum rst_status rst_analyze_bands(const struct rst_analysis_task *task,
                                  const struct rst_scheme_parameters *scheme, double noise,
                                  struct rst_analysis *analysis);
enum rst_status rst_analyze_currents(const struct rst_analysis_task *task,
                                     const struct rst_scheme_parameters *scheme, const double *hessian,
                                     const double *noise, struct rst_analysis *analysis);
enum rst_status rst_analyze_thresholds(const struct rst_analysis_task *task, struct rst_analysis *analysis);
enum rst_status rst_analyze_nonlinear(const struct rst_analysis_task *task, struct rst_analysis *analysis);
enum rst_status rst_analyze_refinement(const struct rst_analysis_task *task, struct rst_analysis *analysis);

/** Verdict, mechanisms, factors and explanation (verdict.c); the explanation of the gap (gap.c). */
enum rst_status rst_judge(const struct rst_analysis_task *task, struct rst_analysis *analysis);
enum rst_status rst_explain_gap(const struct rst_analysis_task *task, struct rst_analysis *analysis);

#endif
