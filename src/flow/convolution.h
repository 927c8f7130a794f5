/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CONVOLUTION_H
#define RST_CONVOLUTION_H

#include "flow/flow_type.h"

/** @file
 * What the convolutional flows share. Their energy is a mean over labelled images plus a regulariser,
 *
 *     E(u) = (1/n) sum_i E_i(u) + (gamma/2) sum |grad_h u|^2.
 *
 * Each image is a term with a correlation, work space and results of its own, so that terms may be computed
 * in different threads; results are added in the order of the images, whatever the number of threads.
 */

enum { RST_CONVOLUTION_MOST_RESPONSES = 3 };

struct rst_convolution_term {
  struct rst_field *image;
  struct rst_correlation *correlation;
  int label;
  double norm; /**< of the pooling: 1, or 1 / number of positions */
  /** Of the responses, NULL for ones; sums over positions are sums weighted by them. */
  const struct rst_field *multiplicities;
  struct rst_field *window_power; /**< P(w), see rst_convolution_window_power(); NULL until asked for */
  /** In the shape of the response; the first is work space. */
  struct rst_field *response[RST_CONVOLUTION_MOST_RESPONSES];
  struct rst_field *values; /**< s of the response, to be weighted; NULL without multiplicities */
  /* results of a task: */
  double loss, residual;
  struct rst_field *contribution; /**< to the gradient or Hessian product, in the shape of the kernel */
  /* factors of the Hessian where the flow was linearised: */
  double curvature, rank_one;
  double weight, linearised_weight; /**< of a choice in E, and in the Hessian */
};

/** Base of a convolutional flow, its first member. */
struct rst_convolution {
  struct rst_flow base;
  struct rst_tensor kernel;
  size_t count;
  struct rst_convolution_term *terms;
  struct rst_laplacian *regulariser; /**< NULL for none */
  /** Whether the terms have weights of their own in E, and in the Hessian; otherwise all have 1/count. */
  bool chosen, linearised;
};

/** The keys of both flows, before and after those of one kind. */
extern const struct rst_keys rst_convolution_first_keys, rst_convolution_last_keys;

/** Called once per term, in order. */
typedef enum rst_status rst_convolution_visitor(struct rst_convolution *convolution,
                                                struct rst_convolution_term *term);

/** Work on one term: reads the convolution and x, the kernel of a state or of a direction, writes the term alone. */
typedef void rst_convolution_task(const struct rst_convolution *convolution,
                                  struct rst_convolution_term *term, const struct rst_field *x);

/** The boundaries of both flows, default first. */
enum { RST_CONVOLUTION_BOUNDARIES = 2 };
extern const enum rst_boundary rst_convolution_boundaries[RST_CONVOLUTION_BOUNDARIES];

/** Check the shared parameters and build the terms, each with `responses` fields in the shape of its response. @param visit NULL for
 * none. */
enum rst_status rst_convolution_build(struct rst_convolution *convolution,
                                      const struct rst_flow_parameters *parameters, size_t responses,
                                      rst_convolution_visitor *visit);
/** Release the members; the object may be half built. */
void rst_convolution_release(struct rst_convolution *convolution);

/** Sum of x over the positions. */
double rst_convolution_sum(const struct rst_convolution_term *term, const struct rst_field *x);
/** Inner product of x and y over the positions. */
double rst_convolution_dot(const struct rst_convolution_term *term, const struct rst_field *x,
                           const struct rst_field *y);

/** Run the task on every term at the state or direction x, on as many of the context's threads as that is worth. */
void rst_convolution_run(struct rst_convolution *convolution, rst_convolution_task *task,
                         const struct rst_field *x);

/** Of the regulariser. */
struct rst_linear_terms rst_convolution_linear_terms(const struct rst_flow *flow);

/** Mean loss and residual of the terms, or by their weights, plus the regulariser's energy at u. */
struct rst_flow_value rst_convolution_value(struct rst_convolution *convolution, const struct rst_field *u);

/** total = total + sum of the terms' contributions + the regulariser's -gamma Lap_h v. */
void rst_convolution_add(struct rst_convolution *convolution, const struct rst_field *v,
                         struct rst_field *total);

/** As rst_flow_type has them; rst_convolution_respond() uses response[0]. */
bool rst_convolution_image(const struct rst_flow *flow, size_t index, struct rst_field *image);
void rst_convolution_response_shape(const struct rst_flow *flow, size_t *my, size_t *mx);
void rst_convolution_respond(struct rst_flow *flow, const struct rst_field *u, struct rst_field *responses);

/** Make term->window_power unless it is there: P(w) = sum_mn |(I*e_w)_mn|^2 / k^2 on the plane waves e_w of the kernel's
 * window, the Rayleigh quotients of the windowed correlation; double, k x k, FFT order. Uses response[0]. */
enum rst_status rst_convolution_window_power(const struct rst_convolution *convolution,
                                             struct rst_convolution_term *term);
/** lambda += factor P. */
enum rst_status rst_convolution_add_window_power(const struct rst_convolution *convolution,
                                                 struct rst_convolution_term *term, double factor,
                                                 struct rst_field *lambda);

#endif
