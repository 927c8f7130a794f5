/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/laplacian.h"

#include <assert.h>
#include <complex.h>
#include <math.h>

#include "core/core.h"
#include "flow/laplacian_operations.h"
#include "transform/transform.h"

/** @file
 * The discrete Laplacian as a sum of one-dimensional operators along the axes.
 *
 * Differences: -h^2 u'' = sum_k weight[k-1] (2 u_i - u_{i-k} - u_{i+k}) with weight 1 (order 2) or 4/3, -1/12
 * (order 4; Fornberg, Math. Comp. 51, 1988). Spectral: transform a line, multiply mode k by theta_k^2,
 * transform back, with theta_k = 2 pi k/n (Fourier), pi k/(n-1) (sines of the n-2 inner points) or pi k/n
 * (cosines).
 */

static const double pi = 3.14159265358979323846;

static double symbol_second(double theta) {
  const double s = sin(0.5 * theta);
  return 4.0 * s * s;
}

/* (15 - 16 cos theta + cos 2 theta)/6 in a form without cancellation. */
static double symbol_fourth(double theta) {
  const double second = symbol_second(theta);
  return second + second * second / 12.0;
}

static double symbol_spectral(double theta) {
  return theta * theta;
}

struct discretisation {
  size_t reach; /* 0 for spectral */
  double weight[RST_LAPLACIAN_REACH];
  double (*symbol)(double theta); /* times h^2 */
};

static const struct discretisation discretisations[] = {
    [RST_DISCRETISATION_SECOND] = {1, {1.0, 0.0}, symbol_second},
    [RST_DISCRETISATION_FOURTH] = {2, {4.0 / 3.0, -1.0 / 12.0}, symbol_fourth},
    [RST_DISCRETISATION_SPECTRAL] = {0, {0.0, 0.0}, symbol_spectral},
};

/* Spectral derivative along one axis; forward is NULL for an axis of length 1 and for differences. */
struct spectral_axis {
  struct rst_transform *forward, *backward;
  size_t rows, columns; /* of the modes, as they lie in memory */
  double *weights;      /* coefficient theta^2/h^2 over the transforms' normalisation, per mode */
};

struct rst_laplacian {
  struct rst_context *context;
  enum rst_precision precision;
  const struct rst_laplacian_operations *operations;
  const struct discretisation *discretisation;
  double scale; /* coefficient / h^2 */
  struct rst_laplacian_grid grid;
  struct rst_laplacian_stencil stencil;
  struct spectral_axis spectral[RST_LAPLACIAN_AXES];
  void *lines;  /* work space of the differences */
  void *packed; /* the free points */
  void *modes;  /* `packed` itself unless the ends are periodic and the discretisation spectral */
  struct rst_field *product; /* of the energy */
};

static size_t axis_length(const struct rst_laplacian *laplacian, enum rst_laplacian_axis axis) {
  return axis == RST_LAPLACIAN_X ? laplacian->grid.nx : laplacian->grid.ny;
}

static enum rst_status require_length(struct rst_context *context, const char *axis, size_t n,
                                      enum rst_ends ends, size_t reach) {
  const size_t needed = ends == RST_ENDS_PERIODIC && reach > 0 ? 2 * reach + 1
                        : ends == RST_ENDS_FIXED               ? 3
                                                               : 1;
  RST_REQUIRE(context, n == 1 || n >= needed, RST_ERROR_ARGUMENT,
              "%zu points along %s are too few for the Laplacian with these ends; it needs %zu", n, axis,
              needed);
  return RST_OK;
}

static enum rst_status check_arguments(struct rst_context *context, size_t ny, size_t nx, enum rst_ends ends,
                                       const struct rst_diffusion *diffusion) {
  RST_REQUIRE(context, isfinite(diffusion->spacing) && diffusion->spacing > 0.0, RST_ERROR_ARGUMENT,
              "the grid spacing is %g; it must be positive", diffusion->spacing);
  RST_REQUIRE(context, isfinite(diffusion->coefficient) && diffusion->coefficient >= 0.0, RST_ERROR_ARGUMENT,
              "the diffusion coefficient is %g; it must not be negative", diffusion->coefficient);
  RST_REQUIRE(context, isfinite(diffusion->coefficient / (diffusion->spacing * diffusion->spacing)),
              RST_ERROR_ARGUMENT, "the grid spacing %g is too small for the diffusion coefficient %g",
              diffusion->spacing, diffusion->coefficient);
  RST_REQUIRE(context, ny > 0 && nx > 0, RST_ERROR_ARGUMENT, "the Laplacian has no points (%zu x %zu)", ny,
              nx);
  const size_t reach = discretisations[diffusion->discretisation].reach;
  RST_TRY(require_length(context, "y", ny, ends, reach));
  return require_length(context, "x", nx, ends, reach);
}

static struct rst_laplacian_grid make_grid(size_t ny, size_t nx, enum rst_ends ends) {
  const size_t rim_y = ends == RST_ENDS_FIXED && ny > 1 ? 1 : 0;
  const size_t rim_x = ends == RST_ENDS_FIXED && nx > 1 ? 1 : 0;
  return (struct rst_laplacian_grid){ends, ny, nx, rim_y, rim_x, ny - 2 * rim_y, nx - 2 * rim_x};
}

/* Kinds of transform, phase angle theta = angle (k + first), and normalisation for a line of n points. */
struct basis {
  enum rst_transform_kind forward, backward;
  size_t length, modes, first;
  double angle, normalisation;
};

static struct basis make_basis(enum rst_ends ends, size_t n) {
  const double size = (double)n;
  struct basis basis = {.forward = RST_TRANSFORM_REAL_TO_COMPLEX,
                        .backward = RST_TRANSFORM_COMPLEX_TO_REAL,
                        .length = n,
                        .modes = n / 2 + 1,
                        .angle = 2.0 * pi / size,
                        .normalisation = size};
  if (ends == RST_ENDS_FIXED) {
    basis = (struct basis){.forward = RST_TRANSFORM_SINE,
                           .backward = RST_TRANSFORM_SINE,
                           .length = n - 2,
                           .modes = n - 2,
                           .first = 1,
                           .angle = pi / (size - 1.0),
                           .normalisation = 2.0 * (size - 1.0)};
  } else if (ends == RST_ENDS_FREE) {
    basis = (struct basis){.forward = RST_TRANSFORM_COSINE,
                           .backward = RST_TRANSFORM_COSINE_BACK,
                           .length = n,
                           .modes = n,
                           .angle = pi / size,
                           .normalisation = 2.0 * size};
  }
  return basis;
}

static enum rst_status create_spectral_axis(struct rst_laplacian *laplacian, enum rst_laplacian_axis axis) {
  struct rst_context *context = laplacian->context;
  const struct rst_laplacian_grid *grid = &laplacian->grid;
  struct spectral_axis *spectral = &laplacian->spectral[axis];
  const struct basis basis = make_basis(grid->ends, axis_length(laplacian, axis));
  const bool along_x = axis == RST_LAPLACIAN_X;
  spectral->rows = along_x ? grid->free_y : basis.modes;
  spectral->columns = along_x ? basis.modes : grid->free_x;
  void *weights = NULL;
  RST_TRY(rst_allocate(context, basis.modes, sizeof *spectral->weights, &weights));
  spectral->weights = weights;
  for (size_t k = 0; k < basis.modes; ++k) {
    const double theta = basis.angle * (double)(k + basis.first);
    spectral->weights[k] = laplacian->scale * symbol_spectral(theta) / basis.normalisation;
  }
  const struct rst_transform_layout forward = {
      .kind = basis.forward,
      .precision = laplacian->precision,
      .n = basis.length,
      .batch = along_x ? grid->free_y : grid->free_x,
      .input_stride = along_x ? 1 : grid->free_x,
      .input_distance = along_x ? grid->free_x : 1,
      .output_stride = along_x ? 1 : spectral->columns,
      .output_distance = along_x ? spectral->columns : 1,
      .in_place = grid->ends != RST_ENDS_PERIODIC,
  };
  struct rst_transform_layout backward = forward;
  backward.kind = basis.backward;
  backward.input_stride = forward.output_stride;
  backward.input_distance = forward.output_distance;
  backward.output_stride = forward.input_stride;
  backward.output_distance = forward.input_distance;
  RST_TRY(rst_transform_create(context, &forward, &spectral->forward));
  return rst_transform_create(context, &backward, &spectral->backward);
}

static enum rst_status create_spectral(struct rst_laplacian *laplacian) {
  size_t modes = 0;
  for (enum rst_laplacian_axis axis = 0; axis < RST_LAPLACIAN_AXES; ++axis) {
    if (axis_length(laplacian, axis) > 1) {
      RST_TRY(create_spectral_axis(laplacian, axis));
      const size_t count = laplacian->spectral[axis].rows * laplacian->spectral[axis].columns;
      modes = count > modes ? count : modes;
    }
  }
  if (laplacian->grid.ends != RST_ENDS_PERIODIC) {
    laplacian->modes = laplacian->packed;
    return RST_OK;
  }
  return rst_allocate(laplacian->context, 2 * modes, rst_precision_size(laplacian->precision),
                      &laplacian->modes);
}

static enum rst_status build(struct rst_laplacian *laplacian) {
  struct rst_context *context = laplacian->context;
  const struct rst_laplacian_grid *grid = &laplacian->grid;
  const size_t size = rst_precision_size(laplacian->precision);
  RST_TRY(rst_field_create(context, laplacian->precision, grid->ny, grid->nx, &laplacian->product));
  RST_TRY(rst_allocate(context, grid->free_y * grid->free_x, size, &laplacian->packed));
  if (laplacian->discretisation->reach == 0) {
    return create_spectral(laplacian);
  }
  for (enum rst_laplacian_axis axis = 0; axis < RST_LAPLACIAN_AXES; ++axis) {
    for (size_t k = 0; k < laplacian->discretisation->reach; ++k) {
      laplacian->stencil.weight[axis][k] =
          axis_length(laplacian, axis) > 1 ? laplacian->scale * laplacian->discretisation->weight[k] : 0.0;
    }
  }
  return rst_allocate(context, laplacian->operations->work_count(grid), size, &laplacian->lines);
}

enum rst_status rst_laplacian_create(struct rst_context *context, enum rst_precision precision, size_t ny,
                                     size_t nx, enum rst_ends ends, const struct rst_diffusion *diffusion,
                                     struct rst_laplacian **laplacian) {
  *laplacian = NULL;
  RST_TRY(check_arguments(context, ny, nx, ends, diffusion));
  struct rst_laplacian *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->context = context;
  made->precision = precision;
  made->operations =
      precision == RST_PRECISION_FLOAT ? &rst_laplacian_operations_float : &rst_laplacian_operations_double;
  made->discretisation = &discretisations[diffusion->discretisation];
  made->scale = diffusion->coefficient / (diffusion->spacing * diffusion->spacing);
  made->grid = make_grid(ny, nx, ends);
  const enum rst_status status = build(made);
  if (status != RST_OK) {
    rst_laplacian_destroy(&made);
    return status;
  }
  *laplacian = made;
  return RST_OK;
}

void rst_laplacian_destroy(struct rst_laplacian **laplacian) {
  struct rst_laplacian *old = *laplacian;
  if (!old) {
    return;
  }
  for (int axis = 0; axis < RST_LAPLACIAN_AXES; ++axis) {
    rst_transform_destroy(&old->spectral[axis].forward);
    rst_transform_destroy(&old->spectral[axis].backward);
    free(old->spectral[axis].weights);
  }
  if (old->modes != old->packed) {
    free(old->modes);
  }
  free(old->packed);
  free(old->lines);
  rst_field_destroy(&old->product);
  free(old);
  *laplacian = NULL;
}

static void add_spectral(struct rst_laplacian *laplacian, enum rst_laplacian_axis axis,
                         const struct rst_field *u, struct rst_field *g) {
  const struct rst_laplacian_operations *operations = laplacian->operations;
  const struct spectral_axis *spectral = &laplacian->spectral[axis];
  const size_t width = laplacian->grid.ends == RST_ENDS_PERIODIC ? 2 : 1;
  if (!spectral->forward) {
    return;
  }
  operations->deviate(&laplacian->grid, axis, u->data, laplacian->packed);
  rst_transform_execute(spectral->forward, laplacian->packed, laplacian->modes);
  operations->weigh(spectral->rows, spectral->columns, width, axis, spectral->weights, laplacian->modes);
  rst_transform_execute(spectral->backward, laplacian->modes, laplacian->packed);
  operations->spread(&laplacian->grid, laplacian->packed, g->data);
}

/* g = g - coefficient d^2 u along one axis. */
static void add_axis(struct rst_laplacian *laplacian, enum rst_laplacian_axis axis, const struct rst_field *u,
                     struct rst_field *g) {
  if (laplacian->discretisation->reach == 0) {
    add_spectral(laplacian, axis, u, g);
    return;
  }
  struct rst_laplacian_stencil along = {0};
  for (size_t k = 0; k < RST_LAPLACIAN_REACH; ++k) {
    along.weight[axis][k] = laplacian->stencil.weight[axis][k];
  }
  laplacian->operations->differences(&laplacian->grid, &along, laplacian->lines, u->data, g->data);
}

static void check_field(const struct rst_laplacian *laplacian, const struct rst_field *field) {
  (void)laplacian;
  (void)field;
  assert(field->precision == laplacian->precision && field->ny == laplacian->grid.ny &&
         field->nx == laplacian->grid.nx);
}

void rst_laplacian_add(struct rst_laplacian *laplacian, const struct rst_field *u, struct rst_field *g) {
  check_field(laplacian, u);
  check_field(laplacian, g);
  assert(u->data != g->data);
  if (laplacian->discretisation->reach > 0) {
    laplacian->operations->differences(&laplacian->grid, &laplacian->stencil, laplacian->lines, u->data,
                                       g->data);
    return;
  }
  add_spectral(laplacian, RST_LAPLACIAN_Y, u, g);
  add_spectral(laplacian, RST_LAPLACIAN_X, u, g);
}

double rst_laplacian_energy(struct rst_laplacian *laplacian, const struct rst_field *u) {
  check_field(laplacian, u);
  const struct rst_laplacian_operations *operations = laplacian->operations;
  double energy = 0.0;
  for (enum rst_laplacian_axis axis = 0; axis < RST_LAPLACIAN_AXES; ++axis) {
    if (axis_length(laplacian, axis) > 1) {
      rst_field_fill(0.0, laplacian->product);
      add_axis(laplacian, axis, u, laplacian->product);
      operations->deviate(&laplacian->grid, axis, u->data, laplacian->packed);
      energy += 0.5 * operations->dot(&laplacian->grid, laplacian->packed, laplacian->product->data);
    }
  }
  return energy;
}

double rst_laplacian_symbol(const struct rst_laplacian *laplacian, double theta_y, double theta_x) {
  const double y = laplacian->grid.ny > 1 ? laplacian->discretisation->symbol(theta_y) : 0.0;
  const double x = laplacian->grid.nx > 1 ? laplacian->discretisation->symbol(theta_x) : 0.0;
  return laplacian->scale * (y + x);
}

/* Phase angle of the fastest mode on n points: cosines j pi/n between free ends, whole waves 2 pi j/n on a
 * ring, sines j pi/(n-1) between fixed ends, both of which belong to the n points. */
static double fastest_angle(enum rst_ends ends, size_t n) {
  const double count = (double)n;
  const size_t highest = n / 2;
  switch (ends) {
  case RST_ENDS_FREE:
    return pi * (count - 1) / count;
  case RST_ENDS_PERIODIC:
    return 2 * pi * (double)highest / count;
  default:
    return pi * (count - 2) / (count - 1);
  }
}

double rst_laplacian_largest(const struct rst_laplacian *laplacian) {
  const struct rst_laplacian_grid *grid = &laplacian->grid;
  return rst_laplacian_symbol(laplacian, fastest_angle(grid->ends, grid->ny),
                              fastest_angle(grid->ends, grid->nx));
}
