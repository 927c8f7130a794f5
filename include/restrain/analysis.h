/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ANALYSIS_H
#define RESTRAIN_ANALYSIS_H

#include "restrain/case.h"
#include "restrain/fixed_point.h"
#include "restrain/langevin.h"
#include "restrain/output.h"
#include "restrain/spectrum.h"
#include "restrain/threshold.h"
#include "restrain/von_neumann.h"

/** @file
 * The stability of a case before any run: is it stable, what limits it, how far is the limit.
 *
 * A linear flow (heat, conv-linear) has one spectrum. It is known in up to three ways, side by side: from the
 * Fourier symbol (von Neumann), exactly on the finite grid or window, and through thresholds measured by
 * bisection. A non-linear flow (conv) has fixed points, each with a spectrum of its own.
 *
 * Which minimum decides: the one that the continuous flow du/dt = -grad L(u) reaches from the case's initial state, here
 * and in sweeps. The flow is followed with controlled errors until it is in the minimum's own basin, where Newton's method
 * goes on: H is positive there and the linearisation tells grad L all the way to within a quarter. Where the flow runs into
 * a saddle, which takes a symmetry of state and flow, it leaves along the eigenvector of the smallest eigenvalue, largest
 * component positive. With decay L grows in all directions, so that there is always a minimum. Without, the loss may fall
 * for ever, and the flow run to infinity: that is no fixed point, and there is no lr_lo. A valley of minima (without decay,
 * or with one below 1e-9 of lambda_max) has the limit across it, 2/lambda_max for euler.
 *
 * Everything is computed in double, also for a case that runs in float. Eigenvalues and symbols are those of H, the Hessian
 * of L, decay included (alpha (1 - mu) where momentum meets decoupled decay).
 */

/** What the extremes of a symbol say of the spectrum. */
enum rst_symbol_meaning {
  RST_SYMBOL_NONE,     /**< the flow has no symbol */
  RST_SYMBOL_EXACT,    /**< they are its extremes */
  RST_SYMBOL_BOUND,    /**< they enclose it: stable by the symbol is stable indeed */
  RST_SYMBOL_INTERIOR, /**< they describe the interior, and may be wrong at the rim */
  RST_SYMBOL_FROZEN    /**< coefficients frozen at a minimum and averaged over positions; no bound */
};

enum rst_verdict {
  RST_VERDICT_STABLE,     /**< linear: every mode stays bounded */
  RST_VERDICT_UNSTABLE,   /**< linear: some mode grows */
  RST_VERDICT_CONVERGENT, /**< non-linear: lr <= lr_lo, the minimum attracts what is near it */
  RST_VERDICT_RESTRAINED, /**< non-linear: lr_lo < lr <= lr_hi, the minimum repels, decay or fidelity bounds */
  RST_VERDICT_DIVERGENT,  /**< non-linear: lr > lr_lo and lr > lr_hi */
  RST_VERDICT_UNDECIDED /**< non-linear: no minimum was found, or it repels and nothing linear bounds the rest */
};

/** How stability is lost; bits. By the step, the discretisation overshoots where the flow itself would decay:
 * lr is too large. By the decay, the flow itself grows, whatever the step: alpha is too small. */
enum { RST_MECHANISM_STEP = 1, RST_MECHANISM_DECAY = 2 };

/** A spectrum as an interval, and the limits that follow from it. */
struct rst_spectrum_limits {
  double lambda_min, lambda_max;
  struct rst_step_limits limits;
};

/** The spectrum of H at one state. */
struct rst_state_spectrum {
  struct rst_eigenpair smallest;               /**< of H */
  struct rst_eigenpair largest;                /**< of H */
  struct rst_field *vector_min, *vector_max;   /**< unit eigenvectors, of the state's shape */
  double participation_min, participation_max; /**< (sum v^2)^2/(n sum v^4) of them, in [1/n, 1] */
  double ky,
      kx; /**< dominant wave number of vector_max, in radians per unit length, ky >= 0; NaN for several planes */
};

/** By the signs of the spectrum of H, where an eigenvalue below 1e-9 of the largest magnitude counts as 0. */
enum rst_fixed_point_kind {
  RST_FIXED_POINT_MINIMUM, /**< all are positive */
  RST_FIXED_POINT_SADDLE,  /**< some are negative, but not all */
  RST_FIXED_POINT_FLAT, /**< none is negative, some are 0: a valley of minima, as far as second derivatives tell */
  RST_FIXED_POINT_MAXIMUM /**< all are negative */
};

/** A fixed point of the flow with decay. */
struct rst_analysed_point {
  struct rst_fixed_point point;
  struct rst_state_spectrum spectrum;
  enum rst_fixed_point_kind kind;
  const char *start; /**< static: the start that led to it first */
  int starts;        /**< how many did */
  bool of_initial;   /**< whether the initial state did */
  /** Of a minimum: the largest lr that is stable there, of a flat one normal to its valley; else NaN. */
  double lr_lo;
};

/** How the limit moves with the mesh: the spacing h alone is refined, at equal numbers of points. For a
 * non-linear flow at the minimum that decides, followed from mesh to mesh; NaN once it is lost. */
struct rst_refinement {
  double spacing;
  double lambda_max;  /**< of H */
  double lr_max;      /**< the largest stable lr; lr_lo of a non-linear flow */
  double mesh_number; /**< coefficient lr_max / h^2 */
};

enum { RST_REFINEMENTS = 3 };

/** A layer at the minimum that decides (network.h: struct rst_layer_state). */
struct rst_analysed_layer {
  char *name;
  double lambda_max; /**< of the layer's block of H */
  double lr_lo; /**< the largest lr that is stable where this layer alone moves; 2/lambda_max for euler */
  struct rst_layer_state state; /**< its bounds those of H, decay included */
  double windowed_lr_max;       /**< the largest stable lr by the windowed bounds */
};

/** A mode of linear regression under noise. What is not known is NaN: the numbers of the differential equation for other schemes
 * than euler and heavy-ball with coupled decay, variances for noise whose covariance is not a multiple of the Hessian. */
struct rst_analysed_mode {
  double curvature;                      /**< eigenvalue of the data term, decay excluded */
  struct rst_langevin langevin;          /**< its damping and frequencies, langevin.h */
  double variance;                       /**< of the stationary discrete mode, exactly (mean_square.h) */
  double displacement;                   /**< the mean square of its updates, likewise */
  double sde_variance, sde_displacement; /**< the same of the differential equation */
};

/** A mode some updates after the case's start, at rest there: its distance from the minimum, along its unit eigenvector, has that
 * mean and that standard deviation; exactly, of the discrete dynamics (rst_transient_moments()), and by the differential equation
 * (langevin.h). A band of 95 % is 1.96 deviations about the mean. NaN as above. */
struct rst_analysed_band {
  double mean, deviation, sde_mean, sde_deviation;
};

/** Bands are left out where there are more numbers than that, or so many times more updates. */
#define RST_ANALYSIS_MOST_BANDS ((size_t)1 << 20)

/** A mean-square limit takes some hundred times n d^2 operations; it is left out where n d^2 is larger. */
#define RST_ANALYSIS_MOST_MOMENTS ((size_t)1 << 23)

/** Names are static; arrays and fields are owned by the analysis; what was not computed is NULL, 0 or NaN. */
struct rst_analysis {
  const char *flow, *scheme, *correlation;
  /** Of the image's file; 0 and 0 where there is none: rst_flow_image_levels(). */
  struct rst_image_levels levels;
  bool linear;
  size_t ny, nx;  /**< of the state, see rst_layout_shape() */
  double spacing; /**< of its points */
  double lr, weight_decay;
  double effective_decay; /**< its part in the eigenvalues of H: alpha; alpha (1 - mu) for decoupled decay */
  double real_limit;      /**< R; NaN where lr lambda <= R is not the scheme's rule */
  double mesh_number;     /**< coefficient lr/h^2 of the diffusion, NaN without one */

  /** Symbol and amplification factor of a linear flow on the symbol's grid, or of a non-linear one frozen at
   * the minimum on the state's grid. Wave numbers ascend along both axes, the zero one at [ny/2][nx/2]. */
  struct rst_field *symbol, *amplification;
  enum rst_symbol_meaning symbol_meaning;
  double worst_growth, worst_ky, worst_kx; /**< the largest amplification, its place with ky >= 0 */
  /** Of a linear flow, over all wave numbers, not only the grid's, unless the symbol is exact. */
  struct rst_spectrum_limits by_symbol;

  /** Exact extremes, of a linear flow or at the minimum; one within its residual of 0 is 0. */
  struct rst_spectrum_limits exact;
  struct rst_state_spectrum spectrum; /**< of a linear flow */

  /** Thresholds of a linear flow by bisection, if asked for; value NaN and runs 0 where there is none to measure. */
  struct rst_threshold measured_decay_min;
  struct rst_threshold measured_decay_max; /**< the same */
  struct rst_threshold measured_lr_max;    /**< the same */

  /** Fixed points of a non-linear flow, by ascending loss. */
  struct rst_analysed_point *points;
  size_t point_count;
  size_t escaping_starts; /**< whose flow runs to infinity, where the loss falls for ever */
  size_t failed_starts;   /**< whose flow could not be followed to its end */
  bool initial_escapes;   /**< whether the initial state is an escaping start */
  int minimum;            /**< the one that decides, -1 if there is none */
  double lr_lo;           /**< local limit there */
  /** Limit from what is linear alone: decay, regulariser, fidelity; NaN where the rest of the gradient is not bounded. */
  double lr_hi;
  struct rst_linear_terms linear_terms; /**< of the flow, without decay */
  /** Amplitude of alternating states whose rest of the gradient is saturated: beltrami on a line, at lr < lr_hi. 2 lr/(h (2
   * - lr lambda)) for euler, lambda the fidelity and the decay: u deviates by it from where the linear terms alone would
   * rest, and for lr lambda >= 1 no further. NaN where the flow has none. */
  double saturated_amplitude;

  /** All eigenvalues, ascending, and their density, as asked for; of a linear flow or at the minimum. */
  double *eigenvalues;
  size_t eigenvalue_count;
  double dense_deviation; /**< of their extremes from `spectrum`, relative to the largest magnitude */
  double *abscissae, *density;
  size_t density_count;

  /** Of linear regression with an affine scheme, where the case's sampling is not full: the largest lr that is stable in mean
   * square, growth of the second moments per update at the case's lr (mean_square.h), both NaN where they take too long, and
   * the modes of the dense eigenvalues. */
  bool noisy;
  double lr_ms, moment_growth;
  struct rst_analysed_mode *modes;
  size_t mode_count;
  /** Of a constant lr: the updates at which a run has snapshots, and bands [band_count][mode_count] there. */
  double *band_steps;
  struct rst_analysed_band *bands;
  size_t band_count;
  /** Of euler on data: Q and U of the stationary probability current -Q U x of the weights, x their distance from the minimum, in
   * the time t = lr k (rst_probability_current_find(): A = H, decay included, D half of lr times the covariance of the gradient at the
   * minimum), [numbers of a state][the same]; NULL where some direction has no noise. And the share of the current in the
   * drift, root mean squares over the stationary density: 0 where noise and curvature have the same directions. */
  double *current_q, *current_u;
  double current_share;
  /** Of each weight, from data, as what it would settle to at the case's lr; infinite beyond lr_ms; and the sum over all weights,
   * of the modes in the diagonal form. */
  struct rst_field *stationary_variance;
  double total_variance;
  /** Exponent c of the mean-square displacement, t^c, of all modes together, stationary, over updates t with lr h t from 30 to
   * 3000, h the largest curvature: about 1/a of a spectrum h_i = i^-a; NaN unless the modes have variances. */
  double displacement_exponent;

  /** Of a flow with layers, unless no minimum is known. */
  struct rst_analysed_layer *layers;
  size_t layer_count;

  /** Of a flow with diffusion, unless no minimum is known. */
  struct rst_refinement refinements[RST_REFINEMENTS];
  size_t refinement_count;

  enum rst_verdict verdict;
  /** RST_MECHANISM_...: by which stability is lost, or would be lost first; 0 if nothing limits it. */
  unsigned mechanisms;
  double lr_factor;        /**< lr may be multiplied by this; infinite if any lr will do, 0 if none */
  double decay_min_factor; /**< linear: alpha over the smallest stable one, infinite if that is 0 */
  double decay_max_factor; /**< linear: the largest stable alpha over alpha, infinite if any will do */
  char *gap;               /**< why symbol and exact spectrum differ; NULL if they do not */
  char *explanation;       /**< the verdict with its mechanism, in words; one line or several */
  double wall_seconds;
};

struct rst_analysis_options {
  struct rst_output_options output; /**< analysis.h5; without a path nothing is stored */
};

/** Analyse `from` (its keys analyze.* say what besides the default) and store the result, with the sidecars FILE.xdmf, of
 * states, and FILE.spectrum.xdmf, over wave numbers, beside it. An existing output is refused before anything is computed
 * (RST_ERROR_IO), unless forced; nothing is written before the analysis is complete. An unstable case is no error. The caller
 * destroys the analysis. RST_ERROR_NUMERIC if a spectrum does not converge; errors of rst_problem_create() otherwise. */
RST_API enum rst_status rst_analyze(struct rst_context *context, const struct rst_case *from,
                                    const struct rst_analysis_options *options,
                                    struct rst_analysis **analysis);
RST_API void rst_analysis_destroy(struct rst_analysis **analysis);

/** The theory's thresholds as functions of the weight decay: lr_lo at the minimum that the flow reaches from the case's
 * initial state, by the same search as rst_analyze(), NaN where it reaches none; lr_hi, of what is linear alone (for
 * euler 2/weight_decay, of beltrami 2/(fidelity + weight_decay)), NaN where the rest of the gradient is not bounded. For a
 * linear flow both are its largest stable lr. */
struct rst_lr_limits {
  double lr_lo, lr_hi;
};
RST_API enum rst_status rst_lr_limits_find(struct rst_context *context, const struct rst_case *from,
                                           const double *weight_decays, size_t count,
                                           struct rst_lr_limits *theory);
/** Wave number of index i of n along an axis of the symbol's grid, ascending: 2 pi (i - n/2)/(n h). */
RST_API double rst_analysis_wave_number(const struct rst_analysis *analysis, size_t n, size_t i);

/** Static names: "stable", ..., "minimum", "exact", ... */
RST_API const char *rst_verdict_name(enum rst_verdict verdict);
RST_API const char *rst_fixed_point_kind_name(enum rst_fixed_point_kind kind);
/** Whether a fixed point of that kind attracts, or at least does not repel. */
RST_API bool rst_fixed_point_is_minimum(enum rst_fixed_point_kind kind);
RST_API const char *rst_symbol_meaning_name(enum rst_symbol_meaning meaning);

#endif
