/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduced/reduction.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "restrain/tangent.h"
#include "run/orbit.h"

/* Patches whose part outside the span of the others is below this, relative to the largest patch, lie within it. */
static const double tolerance = 1e-12;
/* Squares of what is larger might overflow, which costs other implementations nothing. */
static const double most_norm = 1e150;

/* Patches as columns, then their QR decomposition. */
struct decomposition {
  size_t length;      /* k^2, rows */
  size_t room, count; /* columns */
  double *columns;    /* [length][count], while they are collected [room][length] */
  double *tau, *norms;
  size_t *order;
};

static bool flow_applies(const struct rst_flow_parameters *flow) {
  return rst_flow_kind_facts(flow->kind).one_layer && flow->precision == RST_PRECISION_DOUBLE &&
         flow->diffusion.coefficient == 0.0;
}

static bool steps_apply(const struct rst_case *from) {
  return rst_scheme_facts(from->step.scheme.kind).affine && rst_schedule_is_constant(&from->step.schedule) &&
         rst_sampling_is_full(&from->sampling);
}

static enum rst_status allocate(struct rst_context *context, size_t count, double **values) {
  RST_TRY(RST_NEW(context, count, values));
  return RST_OK;
}

/* A patch is the gradient of its response. */
static enum rst_status copy_patches(struct rst_context *context, struct rst_correlation *correlation,
                                    const struct rst_field *weights, struct rst_reduced_network *reduction,
                                    struct decomposition *made) {
  struct rst_field *unit = NULL;
  struct rst_field *patch = NULL;
  const size_t count = rst_field_count(weights);
  const size_t side = (size_t)lround(sqrt((double)made->length));
  enum rst_status status = rst_field_create_like(context, weights, &unit);
  if (status == RST_OK) {
    status = rst_field_create(context, RST_PRECISION_DOUBLE, side, side, &patch);
  }
  for (size_t j = 0; status == RST_OK && j < count; ++j) {
    const double multiplicity = rst_field_get(weights, 0, j);
    rst_field_fill(0.0, unit);
    rst_field_set(unit, 0, j, 1.0);
    rst_correlation_adjoint(correlation, unit, patch);
    rst_field_scale(1.0 / multiplicity, patch);
    reduction->multiplicities[made->count] = multiplicity;
    memcpy(made->columns + made->count * made->length, patch->data, made->length * sizeof(double));
    ++made->count;
  }
  rst_field_destroy(&unit);
  rst_field_destroy(&patch);
  return status;
}

/* *fits: whether the image's patches could be added. */
static enum rst_status add_image(struct rst_context *context, const struct rst_case *from, size_t index,
                                 struct rst_reduced_network *reduction, struct decomposition *made,
                                 bool *fits) {
  const struct rst_flow_parameters *flow = &from->flow;
  struct rst_field *image = NULL;
  struct rst_correlation *correlation = NULL;
  enum rst_status status =
      rst_image_create(context, &flow->conv.images[index].image, RST_PRECISION_DOUBLE, &image);
  if (status == RST_OK) {
    status = rst_correlation_create(context, image, flow->conv.kernel, flow->conv.kernel, flow->boundary,
                                    "auto", &correlation);
  }
  const struct rst_field *weights = status == RST_OK ? rst_correlation_multiplicities(correlation) : NULL;
  *fits = weights && made->count + rst_field_count(weights) <= made->room;
  if (*fits) {
    const double positions = (double)rst_correlation_positions(correlation);
    reduction->images[index] =
        (struct rst_reduced_image){.patches = rst_field_count(weights),
                                   .pooling = flow->conv.pooling == RST_POOLING_MEAN ? 1.0 / positions : 1.0,
                                   .label = flow->conv.images[index].label};
    status = copy_patches(context, correlation, weights, reduction, made);
  }
  rst_correlation_destroy(&correlation);
  rst_field_destroy(&image);
  return status;
}

static gsl_matrix_view matrix_of(const struct decomposition *made) {
  return gsl_matrix_view_array(made->columns, made->length, made->count);
}

static gsl_vector_view reflections_of(const struct decomposition *made) {
  return gsl_vector_view_array(made->tau, made->count < made->length ? made->count : made->length);
}

/* Turn the collected patches into columns, and decompose. Everything that the library works on is ours: it allocates
 * nothing, and so cannot fail. */
static enum rst_status decompose(struct rst_context *context, struct decomposition *made) {
  double *patches = made->columns;
  made->columns = NULL;
  enum rst_status status = allocate(context, made->length * made->count, &made->columns);
  for (size_t i = 0; status == RST_OK && i < made->length * made->count; ++i) {
    made->columns[i] = patches[i % made->count * made->length + i / made->count];
  }
  free(patches);
  RST_TRY(status);
  gsl_matrix_view matrix = matrix_of(made);
  gsl_vector_view tau = reflections_of(made);
  gsl_vector_view norms = gsl_vector_view_array(made->norms, made->count);
  gsl_permutation order = {.size = made->count, .data = made->order};
  int sign = 0;
  gsl_linalg_QRPT_decomp(&matrix.matrix, &tau.vector, &order, &sign, &norms.vector);
  return RST_OK;
}

static size_t rank_of(const struct decomposition *made) {
  const size_t most = made->count < made->length ? made->count : made->length;
  const double largest = fabs(made->columns[0]);
  size_t rank = 0;
  while (rank < most && fabs(made->columns[rank * made->count + rank]) > tolerance * largest) {
    ++rank;
  }
  return rank;
}

static enum rst_status fill_responses(struct rst_context *context, const struct decomposition *made,
                                      struct rst_reduced_network *reduction) {
  const size_t rank = reduction->rank;
  RST_TRY(allocate(context, made->count * (rank > 0 ? rank : 1), &reduction->responses));
  for (size_t j = 0; j < made->count; ++j) {
    for (size_t i = 0; i < rank && i <= j; ++i) {
      reduction->responses[made->order[j] * rank + i] = made->columns[i * made->count + j];
    }
  }
  return RST_OK;
}

enum { STATE, PROBE, POSITION, MOMENTUM, VECTORS };

/* Q^T x of all vectors, in double [VECTORS][length]. */
static enum rst_status rotate(struct rst_context *context, const struct rst_case *from, struct rst_flow *flow,
                              const struct decomposition *made, double *vectors) {
  gsl_matrix_view matrix = matrix_of(made);
  gsl_vector_view tau = reflections_of(made);
  struct rst_tangent *tangent = NULL;
  struct rst_field **perturbation = NULL;
  double *const vector[VECTORS] = {vectors, vectors + made->length, vectors + 2 * made->length,
                                   vectors + 3 * made->length};
  const struct rst_layout *layout = rst_flow_layout(flow);
  struct rst_field view = {.precision = RST_PRECISION_DOUBLE, .ny = 1, .nx = layout->count};
  view.data = vector[STATE];
  RST_TRY(rst_flow_fill_initial(context, flow, &from->initial, &view));
  view.data = vector[PROBE];
  RST_TRY(rst_orbit_probe(context, layout, &view));
  RST_TRY(rst_tangent_create(context, &from->step.scheme, flow, 1, from->tangent.seed, &tangent));
  const size_t parts = rst_tangent_state(tangent, &perturbation);
  for (size_t part = 0; part < parts && POSITION + part < VECTORS; ++part) {
    const double weight = part == 0 ? 1.0 : from->step.scheme.lr;
    view.data = vector[POSITION + part];
    rst_field_copy(perturbation[part], &view);
    rst_field_scale(weight, &view);
  }
  rst_tangent_destroy(&tangent);
  for (size_t i = 0; i < VECTORS; ++i) {
    gsl_vector_view all = gsl_vector_view_array(vector[i], made->length);
    gsl_linalg_QR_QTvec(&matrix.matrix, &tau.vector, &all.vector);
  }
  return RST_OK;
}

/* x.y/|y|, 0 for y = 0. */
static double component(size_t count, const double *x, const double *y) {
  double product = 0.0;
  double square = 0.0;
  for (size_t i = 0; i < count; ++i) {
    product += x[i] * y[i];
    square += y[i] * y[i];
  }
  return square > 0.0 ? product / sqrt(square) : 0.0;
}

/* x less its part along y. */
static void remove_component(size_t count, double *x, const double *y) {
  const double length = component(count, y, y);
  const double part = component(count, x, y);
  for (size_t i = 0; i < count && length > 0.0; ++i) {
    x[i] -= part * (y[i] / length);
  }
}

/* The coordinates of rotated vectors; their parts outside the span, behind the first `rank` elements, are replaced by new
 * directions one after the other. */
static void project(struct rst_reduced_network *reduction, size_t length, double *vectors) {
  const size_t rank = reduction->rank;
  const size_t rest = length - rank;
  double *const coordinates[VECTORS] = {reduction->initial, reduction->probe, reduction->perturbation[0],
                                        reduction->perturbation[1]};
  double *outside[VECTORS];
  for (size_t i = 0; i < VECTORS; ++i) {
    memcpy(coordinates[i], vectors + i * length, rank * sizeof(double));
    outside[i] = vectors + i * length + rank;
  }
  coordinates[STATE][rank] = component(rest, outside[STATE], outside[STATE]);
  coordinates[PROBE][rank] = component(rest, outside[PROBE], outside[STATE]);
  coordinates[POSITION][rank] = component(rest, outside[POSITION], outside[POSITION]);
  coordinates[MOMENTUM][rank] = component(rest, outside[MOMENTUM], outside[POSITION]);
  remove_component(rest, outside[MOMENTUM], outside[POSITION]);
  coordinates[MOMENTUM][rank + 1] = component(rest, outside[MOMENTUM], outside[MOMENTUM]);
}

static enum rst_status fill_coordinates(struct rst_context *context, const struct rst_case *from,
                                        struct rst_flow *flow, const struct decomposition *made,
                                        struct rst_reduced_network *reduction) {
  const size_t rank = reduction->rank;
  const size_t parts = 1 + rst_scheme_facts(from->step.scheme.kind).buffers;
  double *vectors = NULL;
  const size_t dimension = rank + 1 + parts;
  reduction->dimension = dimension < made->length ? dimension : made->length;
  RST_TRY(allocate(context, rank + 1, &reduction->initial));
  RST_TRY(allocate(context, rank + 1, &reduction->probe));
  RST_TRY(allocate(context, rank + 2, &reduction->perturbation[0]));
  RST_TRY(allocate(context, rank + 2, &reduction->perturbation[1]));
  RST_TRY(allocate(context, VECTORS * made->length, &vectors));
  const enum rst_status status = rotate(context, from, flow, made, vectors);
  if (status == RST_OK) {
    project(reduction, made->length, vectors);
  }
  free(vectors);
  return status;
}

static enum rst_status prepare(struct rst_context *context, const struct rst_case *from,
                               struct rst_reduced_network *reduction, struct decomposition *made) {
  const size_t images = from->flow.conv.image_count;
  made->length = from->flow.conv.kernel * from->flow.conv.kernel;
  made->room = RST_REDUCTION_MOST_PATCHES;
  reduction->image_count = images;
  RST_TRY(RST_NEW(context, images, &reduction->images));
  RST_TRY(allocate(context, made->room, &reduction->multiplicities));
  RST_TRY(allocate(context, made->room, &made->tau));
  RST_TRY(allocate(context, made->room, &made->norms));
  RST_TRY(RST_NEW(context, made->room, &made->order));
  return allocate(context, made->room * made->length, &made->columns);
}

static enum rst_status build(struct rst_context *context, const struct rst_case *from, struct rst_flow *flow,
                             struct rst_reduced_network *reduction, struct decomposition *made,
                             bool *applies) {
  RST_TRY(prepare(context, from, reduction, made));
  *applies = true;
  for (size_t i = 0; *applies && i < reduction->image_count; ++i) {
    RST_TRY(add_image(context, from, i, reduction, made, applies));
  }
  if (!*applies) {
    return RST_OK;
  }
  RST_TRY(decompose(context, made));
  reduction->patches = made->count;
  reduction->rank = rank_of(made);
  *applies = reduction->rank <= RST_REDUCTION_MOST_RANK;
  if (!*applies) {
    return RST_OK;
  }
  RST_TRY(fill_responses(context, made, reduction));
  rst_reduced_find_magnitudes(reduction);
  RST_TRY(fill_coordinates(context, from, flow, made, reduction));
  const double norm = component(reduction->rank + 1, reduction->initial, reduction->initial);
  *applies = from->stop.blow_up * fmax(norm, 1.0) <= most_norm;
  return RST_OK;
}

enum rst_status rst_reduced_network_create(struct rst_context *context, const struct rst_case *from,
                                           struct rst_flow *flow, struct rst_reduced_network **reduction) {
  struct decomposition made = {0};
  bool applies = false;
  *reduction = NULL;
  if (!flow_applies(&from->flow) || !steps_apply(from)) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(context, 1, reduction));
  const enum rst_status status = build(context, from, flow, *reduction, &made, &applies);
  free(made.columns);
  free(made.tau);
  free(made.norms);
  free(made.order);
  if (status != RST_OK || !applies) {
    rst_reduced_network_destroy(reduction);
  }
  return status;
}

void rst_reduced_network_destroy(struct rst_reduced_network **reduction) {
  struct rst_reduced_network *made = *reduction;
  if (made) {
    free(made->images);
    free(made->multiplicities);
    free(made->responses);
    free(made->initial);
    free(made->probe);
    free(made->perturbation[0]);
    free(made->perturbation[1]);
    free(made);
    *reduction = NULL;
  }
}
