/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OPERATION_H
#define RST_OPERATION_H

#include "restrain/activation.h"
#include "restrain/network.h"

/** @file
 * The operations that a network consists of. Layers are made of them: a convolutional one of `convolve`, `normalise` and
 * `activate`, a residual one of its own layers, `shortcut` and `activate`.
 *
 * Examples go through a network side by side, in lanes: what an operation reads and writes is maps [channel][y][x][lane], so
 * that loops over lanes fill the vectors of a processor whatever the sizes of images, kernels and strides, and no result
 * depends on the width of vectors. A slice is as many examples as there are lanes; a last one of fewer repeats its first
 * example, with the weight 0.
 *
 * An operation z = f(x, p) with parameters p goes through four passes. With E' the adjoint of E (its derivative by what stands
 * before it) and a dot the derivative along a direction v of all parameters (Pearlmutter's R-operator):
 *
 *     forward             x, p                 -> z
 *     backward            z'                   -> x', p' (added to the gradient)
 *     tangent forward     x., v                -> z.
 *     tangent backward    z'.                  -> x'., p'. (added to the product)
 *
 * Where several operations read the same maps, x' and x'. are sums: the last of them, which comes first in these passes, sets
 * them, and the others add.
 */

/** Bytes of the lanes of a point: a whole number of vectors of every set. */
enum { RST_LANE_BYTES = 64 };

enum rst_pass {
  RST_PASS_FORWARD,
  RST_PASS_BACKWARD,
  RST_PASS_TANGENT_FORWARD,
  RST_PASS_TANGENT_BACKWARD,
  RST_PASSES
};

/** What maps hold; each pass writes its own. */
enum rst_maps { RST_VALUES, RST_ADJOINTS, RST_TANGENTS, RST_ADJOINT_TANGENTS, RST_MAPS };

struct rst_map_shape {
  size_t channels, ny, nx;
};

static inline size_t rst_map_points(struct rst_map_shape shape) {
  return shape.channels * shape.ny * shape.nx;
}

enum rst_operation_kind {
  RST_OPERATION_CONVOLVE,
  RST_OPERATION_NORMALISE,
  RST_OPERATION_ACTIVATE,
  RST_OPERATION_AVERAGE,
  RST_OPERATION_SHORTCUT,
  RST_OPERATIONS
};

#define RST_ABSENT SIZE_MAX

struct rst_operation {
  enum rst_operation_kind kind;
  struct rst_map_shape in, out;
  size_t input, output; /**< where its maps begin, in points */
  bool first;           /**< its input is the network's: no derivative by it is wanted */
  bool adds;            /**< to the adjoint of its input: an operation behind it reads the same */
  size_t notes;         /**< where its own numbers of a slice begin, in points */
  size_t weight, bias;  /**< where its parameters begin in the state, RST_ABSENT for none */
  union {
    struct {
      size_t kernel, stride;
      enum rst_padding padding;
    } convolve; /**< cross-correlation over input channels, and a bias */
    struct {
      size_t groups;
      bool batch; /**< over the batch, too; a group is then a channel */
      /** Of the last forward pass over the batch: means of the channels, then unbiased variances. The network's. */
      double *statistics;
      size_t first; /**< where they begin among the network's, and in running averages */
    } normalise; /**< to mean 0 and variance 1 over a group's channels and positions; weight and bias per channel */
    struct {
      const struct rst_activation *activation;
      double beta;
    } activate;
    struct {
      size_t ny, nx;
    } average; /**< over blocks */
    struct {
      size_t from; /**< where the maps of x begin */
      struct rst_map_shape shape;
      size_t stride; /**< of the points of x that are taken */
      bool adds;     /**< to the adjoint of x */
    } shortcut;      /**< x is added; its channels may be fewer */
  };
};

/** A slice on its way. */
struct rst_slice {
  const void *u, *v;    /**< parameters and their direction */
  void *gradient;       /**< sums over slices go on in it; NULL in the backward pass where it is not wanted */
  void *product;        /**< the same of the tangent backward pass */
  void *maps[RST_MAPS]; /**< one after the other */
  void *notes, *scratch; /**< the scratch is one operation's, during one pass */
  size_t present;        /**< lanes that hold an example of their own */
};

typedef void rst_operation_step(const struct rst_operation *operation, const struct rst_slice *slice);

struct rst_operation_type {
  /** By enum rst_pass. */
  rst_operation_step *step[RST_PASSES];
  /** Optional, before each step: what is needed of all lanes first; then, if the operation is over the whole batch, combine it. */
  rst_operation_step *collect[RST_PASSES];
  void (*combine)(const struct rst_operation *operation, enum rst_pass pass, const struct rst_slice *slices,
                  size_t count);
  /** In place of collect and combine of the forward pass of an operation over the batch: with these running averages of the
   * network. */
  void (*impose)(const struct rst_operation *operation, const struct rst_slice *slice,
                 const double *averages);
  /** Points of notes and scratch; NULL for none. */
  size_t (*notes)(const struct rst_operation *operation);
  size_t (*scratch)(const struct rst_operation *operation);
};

/** Examples [example][point], `present` of them, to a slice's maps [point][lane]; the first one to the other lanes. */
void rst_fill_lanes_double(size_t points, size_t present, const void *rows, void *maps);
void rst_fill_lanes_float(size_t points, size_t present, const void *rows, void *maps);

/** By enum rst_operation_kind. */
extern const struct rst_operation_type *const rst_operations_double[], *const rst_operations_float[];

static inline const struct rst_operation_type *rst_operation_type(enum rst_precision precision,
                                                                  enum rst_operation_kind kind) {
  return precision == RST_PRECISION_FLOAT ? rst_operations_float[kind] : rst_operations_double[kind];
}

/** Sums over examples, with their weights where nothing else is said. */
struct rst_network_totals {
  double loss;
  double residual; /**< see struct rst_flow_value */
  double correct;  /**< examples whose largest output is the label's, each counted as 1 */
};

/** A loss of the outputs of one example; [output][lane] each. */
struct rst_loss_type {
  /** Add the example's to the totals; its derivatives by the outputs go to `adjoint` unless NULL. */
  void (*evaluate)(size_t outputs, const void *values, int label, double weight,
                   struct rst_network_totals *totals, void *adjoint);
  /** Derivatives of these along `tangent`. */
  void (*tangent)(size_t outputs, const void *values, int label, double weight, const void *tangent,
                  void *adjoint_tangent);
};

/** p in place of a loss: the output, or that of the label's class; weights are ignored. It has no tangent. */
extern const struct rst_loss_type rst_label_output_double, rst_label_output_float;

/** By enum rst_loss. */
extern const struct rst_loss_type rst_losses_double[], rst_losses_float[];

#endif
