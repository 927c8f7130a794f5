/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Correlation with an image of few distinct patches P_j (windows of the kernel's size), each of which stands at
 * w_j positions:
 *
 *     c_j = <P_j, K>        and        g = sum_j w_j d_j P_j.
 *
 * Patches are found by naming (Karp, Miller, Rosenberg, STOC 1972): equal windows have equal names, and the name
 * of a window is that of the pair of names of two windows that cover it. Windows of one point double in width and
 * then in height until they are patches; nothing is hashed to a number that could collide, and the last names
 * count the patches in the order of first appearance. The work is proportional to the positions times the
 * logarithm of the kernel's size. Since equal patches begin with equal windows, the search ends as soon as more
 * than the patches allowed begin differently. */
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "core/real.h"
#include "core/vectors.h"
#include "correlate/correlation_type.h"
#include "correlate/naming.h"

/* Partial sums of a dot product: one cache line, the same for every width of the processor's vectors. */
enum { LANES = 64 / sizeof(real), BLOCK = 4 };
typedef real lanes __attribute__((vector_size(LANES * sizeof(real)), aligned(sizeof(real)), may_alias));

struct patch {
  size_t length;                    /* ky kx */
  size_t stride;                    /* from patch to patch: whole cache lines */
  size_t count;                     /* patches */
  real *patches;                    /* [count][stride] */
  struct rst_field *multiplicities; /* 1 x count */
  size_t positions;
  uint32_t *names; /* [positions]: the patch at each */
};

/* Measured with 64-byte vectors: apply and adjoint, the fixed part and each patch. */
static const double overhead = 60.0;

static double cost_of_patch(double length) {
  const double nanoseconds = 0.02 * (double)sizeof(real);
  const double end = 17.0;
  return end + nanoseconds * length;
}

static double state_cost(const void *state) {
  const struct patch *patch = state;
  return overhead + cost_of_patch((double)patch->length) * (double)patch->count;
}

/* How many patches cost less than the budget and fit the memory. Where there is a budget, there are other
 * implementations, which are preferred for an image whose patches hardly repeat. */
static size_t most_patches(const struct rst_correlation_shape *shape, double budget) {
  const double images = 8.0;
  const double smallest = 0x1p20;
  const double length = (double)shape->ky * (double)shape->kx;
  const double memory = fmax(images * (double)shape->ny * (double)shape->nx, smallest) / length;
  if (isinf(budget)) {
    return (size_t)memory;
  }
  const double time = (budget - overhead) / cost_of_patch(length);
  const double repeated = (double)shape->my * (double)shape->mx / 2.0;
  return (size_t)fmax(fmin(fmin(memory, time), repeated), 0.0);
}

/* The image, continued periodically to rows x columns, in names of windows. */
struct search {
  const struct rst_correlation_shape *shape;
  size_t rows, columns;
  size_t most; /* patches */
  bool failed; /* there are more */
  struct rst_naming naming;
  uint32_t *names; /* [rows][columns] */
};

/* Name the window at (y, x), which is known by its key. `beginnings` counts names that begin patches. */
RST_INLINE enum rst_status name_window(struct rst_context *context, struct search *search, size_t y, size_t x,
                                       uint64_t key, size_t *beginnings) {
  const size_t known = search->naming.count;
  RST_TRY(rst_naming_find(context, &search->naming, key, &search->names[y * search->columns + x]));
  if (search->naming.count > known && y < search->shape->my && x < search->shape->mx) {
    search->failed = ++*beginnings > search->most;
  }
  return RST_OK;
}

static enum rst_status name_points(struct rst_context *context, struct search *search, const real *image) {
  size_t beginnings = 0;
  for (size_t y = 0; y < search->rows && !search->failed; ++y) {
    for (size_t x = 0; x < search->columns && !search->failed; ++x) {
      const real value = image[y % search->shape->ny * search->shape->nx + x % search->shape->nx];
      const real unsigned_zero = value == 0 ? 0 : value;
      uint64_t key = 0;
      memcpy(&key, &unsigned_zero, sizeof unsigned_zero);
      RST_TRY(name_window(context, search, y, x, key, &beginnings));
    }
  }
  return RST_OK;
}

/* Name the pairs of windows (y, x), (y + dy, x + dx), in place. */
static enum rst_status name_pairs(struct rst_context *context, struct search *search, size_t rows,
                                  size_t columns, size_t dy, size_t dx) {
  const size_t distance = dy * search->columns + dx;
  size_t beginnings = 0;
  rst_naming_clear(&search->naming);
  for (size_t y = 0; y < rows && !search->failed; ++y) {
    const uint32_t *name = search->names + y * search->columns;
    for (size_t x = 0; x < columns && !search->failed; ++x) {
      const uint64_t key = (uint64_t)name[x] << 32 | name[x + distance];
      RST_TRY(name_window(context, search, y, x, key, &beginnings));
    }
  }
  return RST_OK;
}

/* How far a window of `size` points is moved to cover, with itself, a larger one of at most `goal`. */
static size_t growth(size_t size, size_t goal) {
  return size < goal - size ? size : goal - size;
}

static enum rst_status name_patches(struct rst_context *context, struct search *search, const real *image) {
  const struct rst_correlation_shape *shape = search->shape;
  RST_TRY(name_points(context, search, image));
  for (size_t kx = 1; kx < shape->kx && !search->failed;) {
    const size_t dx = growth(kx, shape->kx);
    kx += dx;
    RST_TRY(name_pairs(context, search, search->rows, search->columns - kx + 1, 0, dx));
  }
  for (size_t ky = 1; ky < shape->ky && !search->failed;) {
    const size_t dy = growth(ky, shape->ky);
    ky += dy;
    RST_TRY(name_pairs(context, search, search->rows - ky + 1, shape->mx, dy, 0));
  }
  return RST_OK;
}

static void copy_patch(const struct rst_correlation_shape *shape, const real *image, size_t m, size_t n,
                       real *patch) {
  for (size_t i = 0; i < shape->ky; ++i) {
    for (size_t j = 0; j < shape->kx; ++j) {
      *patch++ = image[(m + i) % shape->ny * shape->nx + (n + j) % shape->nx];
    }
  }
}

/* Patches and multiplicities by the names at all positions. */
static enum rst_status collect(struct rst_context *context, const struct search *search, const real *image,
                               struct patch *patch) {
  const struct rst_correlation_shape *shape = search->shape;
  patch->length = shape->ky * shape->kx;
  patch->stride = (patch->length + LANES - 1) / LANES * LANES;
  patch->count = search->naming.count;
  RST_TRY(RST_NEW(context, patch->count * patch->stride, &patch->patches));
  RST_TRY(rst_field_create(context, RST_REAL_PRECISION, 1, patch->count, &patch->multiplicities));
  RST_TRY(RST_NEW(context, shape->my * shape->mx, &patch->names));
  real *w = patch->multiplicities->data;
  size_t found = 0;
  for (size_t m = 0; m < shape->my; ++m) {
    for (size_t n = 0; n < shape->mx; ++n) {
      const uint32_t name = search->names[m * search->columns + n];
      w[name] += 1;
      patch->names[patch->positions++] = name;
      if (name == found) {
        copy_patch(shape, image, m, n, patch->patches + found * patch->stride);
        ++found;
      }
    }
  }
  return RST_OK;
}

static void destroy(void *state) {
  struct patch *patch = state;
  rst_field_destroy(&patch->multiplicities);
  free(patch->patches);
  free(patch->names);
  free(patch);
}

/* *patch stays NULL if there are too many patches. */
static enum rst_status find(struct rst_context *context, struct search *search, const real *image,
                            struct patch **patch) {
  RST_TRY(RST_NEW(context, search->rows * search->columns, &search->names));
  RST_TRY(name_patches(context, search, image));
  if (search->failed) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(context, 1, patch));
  return collect(context, search, image, *patch);
}

static enum rst_status create(struct rst_context *context, const struct rst_correlation_shape *shape,
                              const void *image, double budget, void **state) {
  struct search search = {.shape = shape,
                          .rows = shape->my + shape->ky - 1,
                          .columns = shape->mx + shape->kx - 1,
                          .most = most_patches(shape, budget)};
  struct patch *made = NULL;
  const bool countable = (double)search.rows * (double)search.columns < (double)UINT32_MAX;
  enum rst_status status = RST_OK;
  if (search.most > 0 && countable) {
    status = find(context, &search, image, &made);
    free(search.names);
    rst_naming_release(&search.naming);
  }
  if (status != RST_OK) {
    if (made) {
      destroy(made);
    }
    return status;
  }
  RST_REQUIRE(
      context, made || isfinite(budget), RST_ERROR_ARGUMENT,
      "the image of %zu x %zu has more than %zu distinct patches of %zu x %zu, too many to keep; choose the "
      "correlation auto or fft",
      shape->ny, shape->nx, search.most, shape->ky, shape->kx);
  *state = made;
  return RST_OK;
}

RST_INLINE real sum_of_lanes(const lanes *sums) {
  real rest[LANES];
  memcpy(rest, sums, sizeof rest);
  for (size_t width = LANES / 2; width > 0; width /= 2) {
    for (size_t l = 0; l < width; ++l) {
      rest[l] += rest[l + width];
    }
  }
  return rest[0];
}

/* Dot products of the kernel with `count` <= BLOCK patches. */
RST_INLINE void multiply(size_t count, size_t length, const real *kernel, size_t stride, const real *patches,
                         real *response) {
  lanes sums[BLOCK] = {{0}};
  const size_t whole = length - length % LANES;
  for (size_t i = 0; i < whole; i += LANES) {
    const lanes k = *(const lanes *)(kernel + i);
    for (size_t b = 0; b < count; ++b) {
      sums[b] += k * *(const lanes *)(patches + b * stride + i);
    }
  }
  for (size_t b = 0; b < count; ++b) {
    for (size_t i = whole; i < length; ++i) {
      sums[b][i - whole] += kernel[i] * patches[b * stride + i];
    }
    response[b] = sum_of_lanes(&sums[b]);
  }
}

/* gradient += the weighted sum of `count` <= BLOCK patches. */
RST_INLINE void add_patches(size_t count, size_t length, const real *weights, size_t stride,
                            const real *patches, real *restrict gradient) {
  for (size_t i = 0; i < length; ++i) {
    real sum = gradient[i];
    for (size_t b = 0; b < count; ++b) {
      sum += weights[b] * patches[b * stride + i];
    }
    gradient[i] = sum;
  }
}

RST_INLINE void apply_inline(const struct patch *patch, const real *kernel, real *response) {
  const size_t length = patch->length;
  const size_t stride = patch->stride;
  const real *patches = patch->patches;
  size_t j = 0;
  for (; j + BLOCK <= patch->count; j += BLOCK) {
    multiply(BLOCK, length, kernel, stride, patches + j * stride, response + j);
  }
  if (j + 2 <= patch->count) {
    multiply(2, length, kernel, stride, patches + j * stride, response + j);
    j += 2;
  }
  if (j < patch->count) {
    multiply(1, length, kernel, stride, patches + j * stride, response + j);
  }
}

RST_INLINE void adjoint_inline(const struct patch *patch, const real *d, real *gradient) {
  const size_t length = patch->length;
  const size_t stride = patch->stride;
  const real *patches = patch->patches;
  const real *w = patch->multiplicities->data;
  memset(gradient, 0, length * sizeof(real));
  size_t j = 0;
  for (; j + BLOCK <= patch->count; j += BLOCK) {
    const real weights[BLOCK] = {w[j] * d[j], w[j + 1] * d[j + 1], w[j + 2] * d[j + 2], w[j + 3] * d[j + 3]};
    add_patches(BLOCK, length, weights, stride, patches + j * stride, gradient);
  }
  for (; j < patch->count; ++j) {
    const real weight = w[j] * d[j];
    add_patches(1, length, &weight, stride, patches + j * stride, gradient);
  }
}

/* Both for one set of instructions. The results are the same to the bit, since the build fuses nothing. */
#define LOOPS(set, attribute)                                                                                \
  attribute static void apply_##set(const struct patch *patch, const real *kernel, real *response) {         \
    apply_inline(patch, kernel, response);                                                                   \
  }                                                                                                          \
  attribute static void adjoint_##set(const struct patch *patch, const real *weights, real *gradient) {      \
    adjoint_inline(patch, weights, gradient);                                                                \
  }
LOOPS(baseline, )
#ifdef RST_WIDER_VECTORS
LOOPS(avx2, RST_WITH_AVX2)
LOOPS(avx512, RST_WITH_AVX512)
#endif

static const struct {
  void (*apply)(const struct patch *patch, const real *kernel, real *response);
  void (*adjoint)(const struct patch *patch, const real *weights, real *gradient);
} loops[] = {
#ifdef RST_WIDER_VECTORS
    [RST_VECTORS_AVX512] = {apply_avx512, adjoint_avx512},
    [RST_VECTORS_AVX2] = {apply_avx2, adjoint_avx2},
#endif
    [RST_VECTORS_OF_ALL] = {apply_baseline, adjoint_baseline},
};

static void apply(void *state, const void *kernel, void *response) {
  loops[rst_vectors_widest()].apply(state, kernel, response);
}

static void adjoint(void *state, const void *weights, void *kernel) {
  loops[rst_vectors_widest()].adjoint(state, weights, kernel);
}

static const struct rst_field *multiplicities(const void *state) {
  return ((const struct patch *)state)->multiplicities;
}

static void spread(const void *state, const void *response, void *positions) {
  const struct patch *patch = state;
  for (size_t i = 0; i < patch->positions; ++i) {
    ((real *)positions)[i] = ((const real *)response)[patch->names[i]];
  }
}

const struct rst_correlation_type RST_REAL(rst_correlation_patch) = {.state_cost = state_cost,
                                                                     .create = create,
                                                                     .multiplicities = multiplicities,
                                                                     .spread = spread,
                                                                     .apply = apply,
                                                                     .adjoint = adjoint,
                                                                     .destroy = destroy};
