/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FLOW_TYPE_H
#define RST_FLOW_TYPE_H

#include "core/keys.h"
#include "flow/flow_laps.h"

/** @file
 * What a kind of flow provides. A new kind is one file that defines a type and one line in RST_FLOW_LIST.
 */

/** Base of every flow object, its first member. */
struct rst_flow {
  const struct rst_flow_type *type;
  const char *name; /**< static */
  struct rst_context *context;
  enum rst_precision precision;
  /* set by create(): */
  struct rst_layout layout; /**< of the state; its arrays are the kind's own */
  const char *correlation;  /**< static; preset to "none" */
  double cell;              /**< of the inner product of the gradient; preset to 1 */
  double correlation_cost;  /**< of one evaluation: estimated nanoseconds on one thread; preset to 0 */
  struct rst_image_levels
      levels; /**< of its image, or the first of several; preset to 0 for none from a file */
  /* kept by flow.c: */
  bool linearised; /**< at least once */
  /* lent by who calls: */
  struct rst_laps *laps; /**< for the stages of evaluations; NULL, the preset, for none */
};

struct rst_flow_type {
  size_t size; /**< of the object; it is allocated, zeroed, before create() */
  /** That the kind allows, the default first; NULL where there is none to choose. */
  const enum rst_boundary *boundaries;
  size_t boundary_count;
  struct rst_flow_facts facts;

  /* required */
  /** Check the kind's own parameters and build the members. After a failure destroy() is called. */
  enum rst_status (*create)(struct rst_flow *flow, const struct rst_flow_parameters *parameters);
  /** Release the members of an object that may be half built. */
  void (*destroy)(struct rst_flow *flow);
  /** As rst_flow_evaluate(); gradient may be NULL. */
  void (*evaluate)(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                   struct rst_field *gradient);
  /** As rst_flow_hessian_product(), after the first linearisation. */
  void (*hessian_product)(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product);

  /* optional */
  /** As rst_flow_example_count(); with the next three, where the kind has the fact examples. */
  size_t (*example_count)(const struct rst_flow *flow, enum rst_example_set set);
  enum rst_status (*prepare)(struct rst_flow *flow, size_t count);
  void (*choose)(struct rst_flow *flow, const struct rst_draw *draw);
  void (*assess)(struct rst_flow *flow, enum rst_example_set set, const struct rst_field *u,
                 const double *averages, struct rst_assessment *assessment, struct rst_field *gradient);
  /** As rst_flow_root_rows(); NULL: there is no root, and choose() gets no noise. */
  size_t (*root_rows)(const struct rst_flow *flow);
  /** As rst_flow_root_row(), into zeros; where there is a root. */
  void (*root_row)(const struct rst_flow *flow, size_t index, struct rst_field *row);
  /** As rst_flow_known_extreme(), into zeros; NULL: never. */
  bool (*known_extreme)(const struct rst_flow *flow, enum rst_spectrum_end end, struct rst_field *vector,
                        double *value);
  /** The statistics of the last evaluation and their layout, and what averages of them start from; both NULL: there never are any. */
  const double *(*statistics)(const struct rst_flow *flow, const struct rst_layout **layout);
  void (*start_averages)(const struct rst_flow *flow, double *averages);
  /** Add to lambda, which is zero, as rst_flow_frozen_symbol(); where the kind has the fact plane_waves. */
  enum rst_status (*frozen_symbol)(struct rst_flow *flow, const struct rst_field *u,
                                   struct rst_field *lambda);
  /** As evaluate(), and keep what products at u need. NULL: the Hessian is the same everywhere. */
  void (*linearise)(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                    struct rst_field *gradient);
  /** As rst_flow_symbol_shape(); both NULL: no symbol. symbol() is called only where the shape is known. */
  enum rst_status (*symbol_shape)(struct rst_flow *flow, size_t *ny, size_t *nx, bool *exact);
  void (*symbol)(struct rst_flow *flow, struct rst_field *lambda);
  /** As rst_flow_layer_states(); of a kind whose layout has layers. */
  enum rst_status (*layer_states)(struct rst_flow *flow, const struct rst_field *u,
                                  struct rst_layer_state *states);
  /** Image number `index`, in memory of the flow; false beyond the last. NULL: there are none. */
  bool (*image)(const struct rst_flow *flow, size_t index, struct rst_field *image);
  /** Positions of the kernel in the first image, and as rst_flow_respond(); both NULL: there are no responses. */
  void (*response_shape)(const struct rst_flow *flow, size_t *my, size_t *mx);
  void (*respond)(struct rst_flow *flow, const struct rst_field *u, struct rst_field *responses);
  /** As rst_flow_linear_terms(). NULL: there are none, and the rest does not grow. */
  struct rst_linear_terms (*linear_terms)(const struct rst_flow *flow);
  /** Name of the kind's own initial state, the default of a case, and what fills it; NULL for none. */
  const char *initial;
  void (*fill_initial)(struct rst_flow *flow, struct rst_field *u);
  /** Tables of the kind's own keys, which fill a struct rst_flow_parameters; NULL-terminated, NULL for none. Kinds that share
   * keys list the same table. */
  const struct rst_keys *const *keys;
  /** Paths of general keys that the kind does not take; NULL-terminated, NULL for none. */
  const char *const *without;
};

/** One line per kind: its type is rst_flow_<identifier>. */
#define RST_FLOW_LIST(X)                                                                                     \
  X(heat, "heat")                                                                                            \
  X(conv, "conv")                                                                                            \
  X(conv_linear, "conv-linear")                                                                              \
  X(network, "network")                                                                                      \
  X(beltrami, "beltrami")                                                                                    \
  X(landscape, "landscape")                                                                                  \
  X(regression, "regression")

#define RST_FLOW_DECLARATION(identifier, name) extern const struct rst_flow_type rst_flow_##identifier;
RST_FLOW_LIST(RST_FLOW_DECLARATION)
#undef RST_FLOW_DECLARATION

/** Lay out the state as one tensor, the kernel; it is written to *kernel, which the kind owns. */
void rst_flow_lay_out_kernel(struct rst_flow *flow, size_t ny, size_t nx, double spacing,
                             struct rst_tensor *kernel);

/** Kernel of a state so laid out, as a field that shares its memory. */
struct rst_field rst_flow_kernel(const struct rst_flow *flow, const struct rst_field *u);

/** Estimated nanoseconds that the correlations of one evaluation take on one thread; 0 for a flow without. */
double rst_flow_correlation_cost(const struct rst_flow *flow);

/** Tables of the keys of kind number `kind` of rst_flow_names(). */
const struct rst_keys *const *rst_flow_keys(size_t kind);
/** Whether that kind does not take the general key `path`. */
bool rst_flow_lacks(size_t kind, const char *path);

/** Add the diffusion's symbol at the wave numbers of lambda's grid, in FFT order. */
void rst_flow_add_diffusion_symbol(const struct rst_laplacian *laplacian, struct rst_field *lambda);

#endif
