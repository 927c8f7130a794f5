/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plain loops: the oracle of every other implementation, and the fastest one for few positions. The image
 * is kept continued periodically to (my+ky-1) x (mx+kx-1) points, so that both boundaries run the same loops.
 *
 * apply adds the ky kx products of a response in the order of the kernel. adjoint sums each row of products
 * in LANES partial sums and then adds the rows, which keeps long sums accurate and lets the compiler
 * vectorise. */
#include <string.h>

#include "core/core.h"
#include "core/real.h"
#include "correlate/correlation_type.h"

enum { LANES = 8 };

struct reference {
  struct rst_correlation_shape shape;
  size_t stride; /* mx+kx-1 */
  real *image;
};

static double cost(const struct rst_correlation_shape *shape) {
  /* Measured with 16-byte vectors: one element of apply and one of adjoint; one row of each. */
  const double nanoseconds = 0.04 * (double)sizeof(real);
  const double overhead = 5.0;
  const double rows = (double)shape->my * (double)shape->ky * (double)shape->kx;
  return rows * (overhead + nanoseconds * (double)shape->mx);
}

static void destroy(void *state) {
  struct reference *reference = state;
  free(reference->image);
  free(reference);
}

static enum rst_status create(struct rst_context *context, const struct rst_correlation_shape *shape,
                              const void *image, double budget, void **state) {
  (void)budget;
  const size_t rows = shape->my + shape->ky - 1;
  const size_t columns = shape->mx + shape->kx - 1;
  void *copy = NULL;
  struct reference *reference = NULL;
  RST_TRY(RST_NEW(context, 1, &reference));
  *reference = (struct reference){.shape = *shape, .stride = columns};
  const enum rst_status status = rst_allocate(context, rows * columns, sizeof(real), &copy);
  if (status != RST_OK) {
    destroy(reference);
    return status;
  }
  reference->image = copy;
  const real *from = image;
  for (size_t y = 0; y < rows; ++y) {
    for (size_t x = 0; x < columns; ++x) {
      reference->image[y * columns + x] = from[y % shape->ny * shape->nx + x % shape->nx];
    }
  }
  *state = reference;
  return RST_OK;
}

static void add_scaled(size_t count, real factor, const real *restrict x, real *restrict y) {
  for (size_t i = 0; i < count; ++i) {
    y[i] += factor * x[i];
  }
}

static real dot(size_t count, const real *x, const real *y) {
  real lane[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (size_t l = 0; l < LANES; ++l) {
      lane[l] += x[i + l] * y[i + l];
    }
  }
  for (size_t l = 0; i < count; ++i, ++l) {
    lane[l] += x[i] * y[i];
  }
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static void apply(void *state, const void *kernel, void *response) {
  const struct reference *reference = state;
  const struct rst_correlation_shape *shape = &reference->shape;
  const real *k = kernel;
  real *c = response;
  memset(c, 0, shape->my * shape->mx * sizeof(real));
  for (size_t m = 0; m < shape->my; ++m) {
    for (size_t i = 0; i < shape->ky; ++i) {
      for (size_t j = 0; j < shape->kx; ++j) {
        add_scaled(shape->mx, k[i * shape->kx + j], reference->image + (m + i) * reference->stride + j,
                   c + m * shape->mx);
      }
    }
  }
}

static void adjoint(void *state, const void *weights, void *kernel) {
  const struct reference *reference = state;
  const struct rst_correlation_shape *shape = &reference->shape;
  const real *d = weights;
  real *g = kernel;
  memset(g, 0, shape->ky * shape->kx * sizeof(real));
  for (size_t m = 0; m < shape->my; ++m) {
    for (size_t i = 0; i < shape->ky; ++i) {
      for (size_t j = 0; j < shape->kx; ++j) {
        g[i * shape->kx + j] +=
            dot(shape->mx, d + m * shape->mx, reference->image + (m + i) * reference->stride + j);
      }
    }
  }
}

const struct rst_correlation_type RST_REAL(rst_correlation_reference) = {
    .cost = cost, .create = create, .apply = apply, .adjoint = adjoint, .destroy = destroy};
