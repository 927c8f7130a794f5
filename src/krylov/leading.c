/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/leading.h"

#include <math.h>

#include "core/core.h"

/* P (A + shift) P with the projection P off the first `count` vectors. */
struct deflated {
  rst_operator *apply;
  void *user;
  struct rst_field *const *vectors;
  size_t count;
  double shift;           /* 0 while what is left has a positive eigenvalue */
  struct rst_field *work; /* like the vectors */
};

static void project(const struct deflated *deflated, struct rst_field *v) {
  for (size_t i = 0; i < deflated->count; ++i) {
    rst_field_axpy(-rst_field_dot(deflated->vectors[i], v), deflated->vectors[i], v);
  }
}

static void apply_deflated(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct deflated *deflated = user;
  rst_field_copy(v, deflated->work);
  project(deflated, deflated->work);
  deflated->apply(deflated->user, deflated->work, product);
  rst_field_axpy(deflated->shift, deflated->work, product);
  project(deflated, product);
}

/* Cold, each search has a start of its own: where all eigenvalues are equal, the vector that every search begins with
 * (rst_extremal_eigenpair()) is the first eigenvector, and the projection takes it away. */
static void begin(const struct deflated *deflated, struct rst_field *vector) {
  const bool is_cold = rst_field_max_abs(vector) == 0.0;
  for (size_t y = 0; is_cold && deflated->count > 0 && y < vector->ny; ++y) {
    for (size_t x = 0; x < vector->nx; ++x) {
      rst_field_set(vector, y, x, sin((double)(y * vector->nx + x + 1) * (double)(deflated->count + 1)));
    }
  }
  project(deflated, vector);
}

/* An eigenvector for an eigenvalue other than 0 lies in the range of P but for rounding; `inside` tells whether it does. */
static enum rst_status try_to_find(struct rst_context *context, struct deflated *deflated, double tolerance,
                                   struct rst_field *vector, struct rst_eigenpair *pair, bool *inside) {
  begin(deflated, vector);
  RST_TRY(rst_extremal_eigenpair(context, apply_deflated, deflated, RST_SPECTRUM_LARGEST, tolerance, vector,
                                 pair));
  project(deflated, vector);
  const double norm = rst_field_norm(vector);
  *inside = norm > 0.5;
  if (*inside) {
    rst_field_scale(1.0 / norm, vector);
  }
  pair->value -= deflated->shift;
  return RST_OK;
}

/* Where no eigenvalue that is left is positive, the 0 of what P takes away comes first: a shift makes them positive. */
static enum rst_status find(struct rst_context *context, struct deflated *deflated, double tolerance,
                            struct rst_field *vector, struct rst_eigenpair *pair) {
  const double rough = 1e-2;
  bool inside = false;
  RST_TRY(try_to_find(context, deflated, tolerance, vector, pair, &inside));
  if (!inside) {
    struct rst_eigenpair lowest;
    rst_field_fill(0.0, vector);
    RST_TRY(rst_extremal_eigenpair(context, deflated->apply, deflated->user, RST_SPECTRUM_SMALLEST, rough,
                                   vector, &lowest));
    deflated->shift = 2.0 * fabs(lowest.value);
    rst_field_fill(0.0, vector);
    RST_TRY(try_to_find(context, deflated, tolerance, vector, pair, &inside));
  }
  return RST_OK;
}

enum rst_status rst_leading_eigenpairs(struct rst_context *context, rst_operator *apply, void *user,
                                       double tolerance, double bound, size_t most,
                                       struct rst_field *const *vectors, struct rst_eigenpair *pairs,
                                       size_t *count) {
  struct deflated deflated = {.apply = apply, .user = user, .vectors = vectors};
  enum rst_status status = rst_field_create_like(context, vectors[0], &deflated.work);
  const size_t dimensions = rst_field_count(vectors[0]);
  bool above = true;
  *count = 0;
  while (status == RST_OK && above && *count < most && *count < dimensions) {
    deflated.count = *count;
    status = find(context, &deflated, tolerance, vectors[*count], &pairs[*count]);
    above = status == RST_OK && pairs[*count].value > bound;
    *count += above ? 1 : 0;
  }
  rst_field_destroy(&deflated.work);
  return status;
}
