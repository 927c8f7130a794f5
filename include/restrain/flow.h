/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_FLOW_H
#define RESTRAIN_FLOW_H

#include "restrain/activation.h"
#include "restrain/correlation.h"
#include "restrain/eigenpair.h"
#include "restrain/image.h"
#include "restrain/laplacian.h"
#include "restrain/layout.h"
#include "restrain/network.h"
#include "restrain/sampling.h"

/** @file
 * A gradient flow: du/dt = -grad E(u) - alpha u. The flow knows E, the data term, with its regulariser; the
 * weight decay alpha is a parameter of the time stepping and belongs to the scheme (scheme.h). L(u) = E(u) +
 * (alpha/2) (u, u). The gradient belongs to the inner product (u, v) = sum u v; of beltrami to h^d sum u v.
 *
 * | kind        | E(u)                                                            | symbol          |
 * |-------------|-----------------------------------------------------------------|-----------------|
 * | heat        | (kappa/2) <u, -Lap_h u>, so that du/dt = kappa Lap_h u          | kappa A_h(w)    |
 * | conv        | mean over images of -y log yhat - (1-y) log(1-yhat)             | none            |
 * | conv-linear | mean over images of (a/2) [ <m, u> + (beta norm/2) sum_mn c^2 ] | mean of S(w)    |
 * | network     | sum over examples of w_i l(f(u, x_i), y_i), see network.h       | none            |
 * | beltrami    | h^d sum [ (lambda/2) (I-u)^2 + sqrt(abs(grad_h u)^2 + delta^2) ] | none           |
 * | landscape   | a function of a few numbers, see below                          | none            |
 * | regression  | (1/2) sum_i h_i (u_i - c)^2, or sum over examples of w_i (x_i.u - y_i)^2/2 | none |
 *
 * with c = correlation of u and I, p = pool_mn s(c) - shift, yhat = sigmoid(p); for conv-linear a = -1/2 for
 * y = 1, +1/2 for y = 0, and S(w) = (a beta/2) norm abs(Ihat(w))^2.
 *
 * conv is the one-layer network of arXiv 2206.02001; pool is the mean or the sum over all positions of c.
 * conv-linear is its linearisation about u = 0 with a frozen: norm = 1 and m = mean(I) for pooling `sum` (the
 * published experiments), norm = 1/(number of positions) and m = pool_mn I[m+i][n+j] for `mean`; it is
 * unbounded below for y = 1, as the theory wants it. Both convolutional flows may add the regulariser
 * (gamma/2) sum |grad_h u|^2, with free ends for `valid` and periodic ends for `periodic`.
 *
 * beltrami smooths a signal I in one or two dimensions d and keeps its edges (arXiv 2206.02001v4, section 3.2): forward
 * differences, no flux through the ends; in the inner product h^d sum u v its flow is the partial differential equation
 *
 *     du/dt = div_h( grad_h u / sqrt(abs(grad_h u)^2 + delta^2) ) + lambda (I - u)
 *
 * The fluxes are at most 1, whatever u. In one dimension, with euler, u stays bounded exactly for lr < 2/lambda, with
 * abs(u - I) <= 2 lr/(h (2 - lambda lr)) for lr lambda >= 1; the bound is the amplitude of alternating saturated fluxes. Its
 * own initial state `signal` is I.
 *
 * landscape has few numbers and an exact map for gradient descent:
 *
 * | function             | E                           | state                                    |
 * |----------------------|-----------------------------|------------------------------------------|
 * | sine-product         | A sin(t_1) sin(t_2)         | t_1, t_2                                 |
 * | quadratic-regression | (w^2 - y)^2/4               | w                                        |
 * | uv                   | (f - y)^2/2, f = v.u x/sqrt(n) | u_1 ... u_n, v_1 ... v_n              |
 *
 * quadratic regression is that of arXiv 2310.01687, uv that of arXiv 2311.02076.
 *
 * regression is linear regression, in its eigenvectors (the diagonal form, without examples) or from data: x_i are the rows of
 * the design X [n][d]. h_i is largest i^-exponent of the spectrum `power`, i from 1, or a list of numbers that are not negative. The
 * design `gaussian` is, in terms of NumPy,
 *
 *     numpy.random.seed(seed)
 *     X = numpy.random.randn(n, d) * numpy.sqrt(h)
 *     y = X @ numpy.full(d, c) + noise * numpy.random.randn(n)
 *
 * The root R of its Hessian, R' R = H, is diag(sqrt(h_i)) or X/sqrt(n).
 */

enum rst_pooling { RST_POOLING_MEAN, RST_POOLING_SUM };

/** An image and its label, 0 or 1. */
struct rst_labelled_image {
  struct rst_image_parameters image;
  int label;
};

/** Parameters of `heat`. */
struct rst_heat_parameters {
  int dimension; /**< 1 or 2 */
  size_t points; /**< grid points a side */
};

/** Parameters of `conv` and `conv-linear`. */
struct rst_conv_parameters {
  size_t kernel; /**< kernel points a side */
  const struct rst_labelled_image *images;
  size_t image_count;
  /** Where a case keeps its image if it has one; flows read `images` alone. */
  struct rst_labelled_image single;
  enum rst_pooling pooling;
  double shift; /**< of conv */
  const char *activation;
  double beta;
  const char *correlation; /**< implementation of the correlation, or "auto" */
};

/** Parameters of `beltrami`. */
struct rst_beltrami_parameters {
  int dimension;   /**< d, 1 or 2 */
  double delta;    /**< > 0 */
  double fidelity; /**< lambda >= 0 */
  /** I, which is the grid too; in one dimension the middle row (number ny/2) of an image of several. */
  struct rst_image_parameters signal;
};

/** Parameters of `landscape`; each function reads its own. */
struct rst_landscape_parameters {
  const char *function;
  double amplitude; /**< A of sine-product */
  double target;    /**< y of quadratic-regression and uv */
  double input;     /**< x of uv */
  size_t width;     /**< n of uv */
};

/** Numbers that are not negative: `power`, largest i^-exponent, i = 1 ... count, or `list`, the values. */
struct rst_given_spectrum {
  const char *kind; /**< one of rst_given_spectrum_names() */
  size_t count;
  double exponent, largest;
  const double *values; /**< borrowed */
  size_t value_count;
};

/** Parameters of `regression`. */
struct rst_regression_parameters {
  const char *design;                 /**< none, of the diagonal form, gaussian or file */
  struct rst_given_spectrum spectrum; /**< h, of the diagonal form and of gaussian */
  double minimum;                     /**< c, likewise */
  size_t samples;                     /**< n of gaussian */
  uint32_t seed;                      /**< of gaussian */
  double noise;                       /**< of gaussian: standard deviation of y - X u* */
  const char *x, *y;                  /**< of file: .npy files or datasets "file.h5:/path", [n][d] and [n] */
};

/** General parameters, and those of each flow, which reads its own. Strings and arrays are borrowed during
 * rst_flow_create() only. */
struct rst_flow_parameters {
  const char *kind;
  enum rst_precision precision;
  enum rst_boundary boundary;
  struct rst_diffusion diffusion; /**< the diffusivity of `heat`, the regulariser of the others */
  struct rst_heat_parameters heat;
  struct rst_conv_parameters conv;
  struct rst_network_parameters network;
  struct rst_beltrami_parameters beltrami;
  struct rst_landscape_parameters landscape;
  struct rst_regression_parameters regression;
};

/** The data term at a state. */
struct rst_flow_value {
  double data_loss; /**< E(u), regulariser included */
  /** a = yhat - y, the mean over images; the frozen a of conv-linear; f - y of landscape's uv; 0 of flows without; of a network
   * the sum over examples of w_i (f - y) for one output f (its sigmoid for the loss logistic), of w_i (1 - p) for several, p
   * the output of the label's class (after softmax for the loss cross-entropy); of regression sum w_i (x_i.u - y_i). */
  double residual;
  /** Fraction of the examples that are classified rightly; 0 of flows without the fact examples, NaN where there are no classes. */
  double accuracy;
};

struct rst_flow;

/** What is true of a kind of flow whatever its parameters. */
struct rst_flow_facts {
  bool linear;         /**< E is quadratic: its Hessian is the same everywhere */
  bool diffusion_only; /**< E is the energy of the diffusion */
  /** The state is one kernel on a plane, whose waves have a symbol at frozen coefficients. */
  bool plane_waves;
  bool examples;  /**< E is a weighted sum over examples, of which some may be chosen */
  bool one_layer; /**< the network of conv: per image a sigmoid of pool s(c) - shift, under cross entropy */
  bool image_on_grid; /**< its image lies on the grid of the state */
};

/** What of grad E is linear whatever the state, the regulariser or the fidelity term, and the rest of it. */
struct rst_linear_terms {
  double smallest, largest; /**< their eigenvalues; 0 where there are none */
  bool rest_grows;          /**< the rest is known not to be bounded */
  /** The largest number in the rest where it alternates from point to point without depending on how large u is; NaN where
   * it does not. */
  double alternating;
};

/** NULL-terminated lists of kinds of flows, and of a regression's spectra. */
RST_API const char *const *rst_flow_names(void);
RST_API const char *const *rst_given_spectrum_names(void);
/** The facts of a kind, which must be one of rst_flow_names(). */
RST_API struct rst_flow_facts rst_flow_kind_facts(const char *kind);
/** The boundaries that a kind allows, its default first; count receives their number. NULL for an unknown
 * kind and for one that has none to choose. */
RST_API const enum rst_boundary *rst_flow_boundaries(const char *kind, size_t *count);

/** Build a flow: images are made or read, correlations planned. RST_ERROR_ARGUMENT for parameters out of
 * range, a kernel larger than an image, no image, a label other than 0 or 1; errors of rst_image_create()
 * otherwise. */
RST_API enum rst_status rst_flow_create(struct rst_context *context,
                                        const struct rst_flow_parameters *parameters, struct rst_flow **flow);
RST_API void rst_flow_destroy(struct rst_flow **flow);

RST_API const char *rst_flow_name(const struct rst_flow *flow);
RST_API struct rst_flow_facts rst_flow_facts(const struct rst_flow *flow);
RST_API enum rst_precision rst_flow_precision(const struct rst_flow *flow);
/** Layout of the state u, owned by the flow: one tensor `kernel` of shape (y, x), where a line has ny = 1; its spacing is h
 * for heat and beltrami, 1 otherwise; of a network its parameters. The ends of a heat flow with RST_BOUNDARY_DIRICHLET are
 * fixed. */
RST_API const struct rst_layout *rst_flow_layout(const struct rst_flow *flow);
/** A field of zeros for a state, gradient or direction of the flow: one row, in the flow's precision. */
RST_API enum rst_status rst_flow_create_state(struct rst_context *context, const struct rst_flow *flow,
                                              struct rst_field **u);
/** Fill the state u: rst_initial_fill(), or the flow's own kind of initial state, whose name rst_flow_initial() tells. */
RST_API enum rst_status rst_flow_fill_initial(struct rst_context *context, struct rst_flow *flow,
                                              const struct rst_initial_parameters *parameters,
                                              struct rst_field *u);
/** Name of the initial state that a flow of number `kind` of rst_flow_names() brings, its default; NULL for none. */
RST_API const char *rst_flow_initial(size_t kind);
RST_API struct rst_linear_terms rst_flow_linear_terms(const struct rst_flow *flow);
/** (u, u) of the inner product of the gradient over sum u^2: h^d for beltrami, 1 otherwise. */
RST_API double rst_flow_cell(const struct rst_flow *flow);
/** Name of the correlation's implementation, "none" for a flow without one. */
RST_API const char *rst_flow_correlation(const struct rst_flow *flow);
/** Levels of the file of its image, or of the first of several; 0 and 0 where that is from no file. */
RST_API struct rst_image_levels rst_flow_image_levels(const struct rst_flow *flow);

/** Images that the flow takes: those of conv and conv-linear, the signal of beltrami; 0 for a flow without. */
RST_API size_t rst_flow_image_count(const struct rst_flow *flow);
/** Whether the flow has responses c: conv and conv-linear. */
RST_API bool rst_flow_has_responses(const struct rst_flow *flow);
/** The images as the flow takes them, levels mapped, one below the other: [count ny][nx], in the flow's precision; of which there
 * must be one at least. RST_ERROR_ARGUMENT for images that differ in shape. */
RST_API enum rst_status rst_flow_create_images(struct rst_context *context, const struct rst_flow *flow,
                                               struct rst_field **images);
/** Zeros in the shape of the responses to the images, one below the other: [count my][mx], a number for each position of the
 * kernel in the image. Errors likewise; the flow must have responses. */
RST_API enum rst_status rst_flow_create_responses(struct rst_context *context, const struct rst_flow *flow,
                                                  struct rst_field **responses);
/** responses = c, the correlation of u with each image (correlation.h), whichever are chosen: the numbers that rst_flow_evaluate()
 * pools s of. The linearisation is left alone. Not thread-safe for one flow. */
RST_API void rst_flow_respond(struct rst_flow *flow, const struct rst_field *u, struct rst_field *responses);

/** Evaluate at u: the value and, unless NULL, gradient = grad E(u), zero on points that the flow keeps fixed.
 * Value and gradient are not finite where E overflows; that is no error. Not thread-safe for one flow. */
RST_API void rst_flow_evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                               struct rst_field *gradient);

/** Evaluate at u, to the same bits, and linearise there: until the next call, rst_flow_hessian_product() acts with the
 * Hessian at u, whatever else is evaluated meanwhile. The linearisation shares the evaluation's correlations, so that a
 * gradient and products at one state cost least this way. Of value and gradient NULL is what is not wanted. u is not kept. */
RST_API void rst_flow_linearise(struct rst_flow *flow, const struct rst_field *u,
                                struct rst_flow_value *value, struct rst_field *gradient);

/** product = H v with H the exact Hessian of E where the flow was linearised last; zero before the first time. For
 * conv, with gbar = pool[s'(c) I], per image:
 *     H v = a pool[ s''(c) (I*v) I ] + sigmoid'(p) <gbar, v> gbar
 * The fixed points of v are ignored and those of product are zero, so that H is symmetric on the whole state.
 */
RST_API void rst_flow_hessian_product(struct rst_flow *flow, const struct rst_field *v,
                                      struct rst_field *product);

enum rst_example_set { RST_TRAINING_SET, RST_TEST_SET };

/** Examples of a set: those of `data`, the images of conv if there are several; 0 where there is no such set. */
RST_API size_t rst_flow_example_count(const struct rst_flow *flow, enum rst_example_set set);

/** Make room for draws of up to `count` examples. RST_ERROR_UNSUPPORTED for a flow without the fact examples. */
RST_API enum rst_status rst_flow_prepare(struct rst_flow *flow, size_t count);
/** Evaluate and linearise with these weights on these examples of the training set from now on; NULL, the preset: all of them
 * with equal weights. A linearisation keeps its own. There must be room for the draw, which is not kept. With noise, which only
 * flows with a root take, every gradient has R' noise added, and values and linearisations stay as they are. */
RST_API void rst_flow_choose(struct rst_flow *flow, const struct rst_draw *draw);

/** Rows of the root R of the Hessian, R' R = H everywhere; 0 for flows that do not know one. */
RST_API size_t rst_flow_root_rows(const struct rst_flow *flow);
/** Row number `index` of R, into a state. */
RST_API void rst_flow_root_row(const struct rst_flow *flow, size_t index, struct rst_field *row);

/** An extremal eigenvalue of the Hessian of E and a unit eigenvector, of a flow that knows them everywhere; false for others.
 * Spectra of a power law crowd near 0, where iterations find no end. */
RST_API bool rst_flow_known_extreme(const struct rst_flow *flow, enum rst_spectrum_end end,
                                    struct rst_field *vector, double *value);

/** Of a whole set, whatever is chosen. */
struct rst_assessment {
  /** sum_i w_i l_i with equal weights, or those of the classes, of sum 1; regulariser included. */
  double loss;
  double
      accuracy; /**< fraction of the examples whose largest output is that of their label; NaN where there are no classes */
};
/** Assess u on a set that has examples. @param averages as rst_flow_average() makes them, NULL where there are none. @param gradient
 * NULL, or of the training set: grad E with equal weights, the whole set being one batch; NaN where normalisation over that
 * batch would take more than a gibibyte that the flow does not have. */
RST_API void rst_flow_assess(struct rst_flow *flow, enum rst_example_set set, const struct rst_field *u,
                             const double *averages, struct rst_assessment *assessment,
                             struct rst_field *gradient);

/** Layout of the running averages of the means and unbiased variances that batches are normalised with, tensors with the names of
 * PyTorch: `0.norm.running_mean`, `0.norm.running_var`. Owned by the flow; NULL: there are none. */
RST_API const struct rst_layout *rst_flow_averages(const struct rst_flow *flow);
/** Where they start: means 0, variances 1. */
RST_API void rst_flow_start_averages(const struct rst_flow *flow, double *averages);
/** Copy those of the last evaluation or linearisation, whoever asked for it. */
RST_API void rst_flow_statistics(const struct rst_flow *flow, double *statistics);
/** averages = 0.9 averages + 0.1 statistics, as PyTorch's momentum 0.1. */
RST_API void rst_flow_average(const struct rst_flow *flow, const double *statistics, double *averages);

/** states[i] of layer i of the flow's layout at u: of a network, and of conv, whose one layer is its kernel; for conv gamma is
 * the norm of the pooling and a = yhat - y of each image. The linearisation is left alone. RST_ERROR_UNSUPPORTED for a flow
 * without layers, RST_ERROR_NUMERIC where eigenvalues do not converge, as at states that overflow. */
RST_API enum rst_status rst_flow_layer_states(struct rst_flow *flow, const struct rst_field *u,
                                              struct rst_layer_state *states);

/** v = 0 on the points that the flow keeps fixed. */
RST_API void rst_flow_pin(const struct rst_flow *flow, struct rst_field *v);

/** Grid of the Fourier symbol: the kernel's for heat, the image's for conv-linear. RST_ERROR_UNSUPPORTED for a
 * flow without symbol (conv; conv-linear with images of different shapes). `exact` tells whether plane waves
 * of that grid are eigenvectors (periodic heat; periodic conv-linear whose kernel is as large as the image);
 * otherwise the symbol describes the interior (von Neumann's assumption); its largest magnitude bounds the
 * spectrum of heat, and that of conv-linear where all labels agree and there is no regulariser. The
 * regulariser's symbol is included, at the phase angles of the grid. */
RST_API enum rst_status rst_flow_symbol_shape(struct rst_flow *flow, size_t *ny, size_t *nx, bool *exact);
/** lambda(w), the symbol of grad E (decay not included), real, into a double field of the shape above, wave
 * numbers in FFT order. Errors as above. */
RST_API enum rst_status rst_flow_symbol(struct rst_flow *flow, struct rst_field *lambda);

/** lambda(w) of the Hessian of E at u with frozen coefficients, von Neumann's local analysis on the plane waves of the kernel's
 * own grid (decay not included), a double field of the kernel's shape, wave numbers in FFT order. For conv the coefficient
 * s''(c) is replaced by its mean over positions: lambda(w) is the Rayleigh quotient of that averaged operator, and of the
 * Hessian itself only where s''(c) is constant. Per image
 *     lambda(w) = a pool'[mean s''(c)] P(w) + sigmoid'(p) abs(ghat(w))^2 / k^2,   P(w) = sum_mn abs(I*e_w)^2 / k^2
 * with pool' the norm of the pooling, e_w the plane wave in the kernel's window, ghat the transform of gbar; for conv-linear (a
 * beta/2) norm P(w); for heat its symbol; for beltrami the Rayleigh quotient of the Hessian. The regulariser's symbol is
 * added. P is made at the first call (2 k^2 correlations) and kept. RST_ERROR_UNSUPPORTED for a kind without the fact
 * plane_waves; otherwise fails only with RST_ERROR_MEMORY. */
RST_API enum rst_status rst_flow_frozen_symbol(struct rst_flow *flow, const struct rst_field *u,
                                               struct rst_field *lambda);

#endif
