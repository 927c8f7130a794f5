/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_CORRELATION_H
#define RESTRAIN_CORRELATION_H

#include "restrain/field.h"

/** @file
 * The correlation operator: an image bound to a kernel shape, planned once, applied many times.
 *
 *     apply:    c[m][n] = sum_ij K[i][j] I[m+i][n+j]
 *     adjoint:  g[i][j] = sum_mn d[m][n] I[m+i][n+j]        so that <apply(K), d> = <K, adjoint(d)>
 *
 * (cross-correlation, as deep networks do it; arXiv 2206.02001, section 4). The image is ny x nx, the kernel
 * ky x kx. For RST_BOUNDARY_VALID the response has (ny-ky+1) x (nx-kx+1) positions; for RST_BOUNDARY_PERIODIC
 * it has ny x nx and image indices are taken modulo ny, nx.
 *
 * An image with few distinct patches gives few distinct responses: "patch" keeps one position for each distinct patch, in
 * the order of first appearance, with the number of positions where it stands as its multiplicity w. Its response is
 * 1 x (number of patches) and sums over positions become weighted sums: adjoint is the adjoint in that inner product,
 * <apply(K), d>_w = sum_j w_j apply(K)_j d_j = <K, adjoint(d)>. All other implementations have w = 1 everywhere.
 *
 * Implementations agree to rounding; "reference" is the plain loop that the others are tested against. An
 * operator owns its work space: one operator serves one thread at a time. Results are the same bits for every
 * call, process and thread count when the context's rigor is RST_RIGOR_ESTIMATE.
 */

enum rst_boundary {
  RST_BOUNDARY_VALID,    /**< only positions where the kernel lies inside the image */
  RST_BOUNDARY_PERIODIC, /**< indices modulo the grid */
  RST_BOUNDARY_DIRICHLET /**< fixed end values (heat flow) */
};

struct rst_correlation;

/** NULL-terminated list of the implementations' names ("reference", "direct", "fft", "patch"). */
RST_API const char *const *rst_correlation_names(void);

/** Bind `image` (copied, in its precision) to kernels of ky x kx.
 * @param name an implementation, or "auto" for the one with the smallest estimated cost; "patch" only where patches
 * repeat, twice on the average.
 * RST_ERROR_ARGUMENT: unknown name, empty kernel, kernel larger than the image, RST_BOUNDARY_DIRICHLET; "patch" for an
 * image with so many distinct patches that they need more memory than 8 images and more than 2^20 numbers. */
RST_API enum rst_status rst_correlation_create(struct rst_context *context, const struct rst_field *image,
                                               size_t ky, size_t kx, enum rst_boundary boundary,
                                               const char *name, struct rst_correlation **correlation);
RST_API void rst_correlation_destroy(struct rst_correlation **correlation);

/** The implementation in use. */
RST_API const char *rst_correlation_name(const struct rst_correlation *correlation);
/** Number of positions of the kernel in the image, (ny-ky+1) (nx-kx+1) or ny nx: the sum of the multiplicities. */
RST_API size_t rst_correlation_positions(const struct rst_correlation *correlation);
/** Multiplicities w in the shape and precision of the response, NULL where all are 1. Owned by the operator. */
RST_API const struct rst_field *rst_correlation_multiplicities(const struct rst_correlation *correlation);
/** Rows and columns of the response. */
RST_API void rst_correlation_response_shape(const struct rst_correlation *correlation, size_t *my,
                                            size_t *mx);

/** Rows and columns of the positions, (ny-ky+1) x (nx-kx+1) or ny x nx. */
RST_API void rst_correlation_position_shape(const struct rst_correlation *correlation, size_t *my,
                                            size_t *mx);

/** response = apply(kernel); kernel is ky x kx, response my x mx, both of the image's precision. */
RST_API void rst_correlation_apply(struct rst_correlation *correlation, const struct rst_field *kernel,
                                   struct rst_field *response);
/** kernel = adjoint(weights); weights is my x mx, kernel ky x kx. */
RST_API void rst_correlation_adjoint(struct rst_correlation *correlation, const struct rst_field *weights,
                                     struct rst_field *kernel);
/** positions[m][n] = the number of the response that belongs to position (m, n): a copy, where all multiplicities are 1. */
RST_API void rst_correlation_spread(const struct rst_correlation *correlation,
                                    const struct rst_field *response, struct rst_field *positions);

/** What one implementation would cost. Times are seconds of one apply() and one adjoint(). */
struct rst_correlation_candidate {
  const char *name; /**< of rst_correlation_names() */
  bool applies;     /**< rst_correlation_create() gives it when asked for it by name */
  bool chosen;      /**< rst_correlation_create() gives it for "auto"; true once in a list */
  /** By the cost model, on one thread: what "auto" compares. A formula of the shapes, the precision and the number of
   * distinct patches, the same on every machine. NAN where it does not apply. */
  double estimated_seconds;
  /** On this machine, now, on the context's threads: the median of repeated runs. NAN where it was not measured. */
  double measured_seconds;
};

enum { RST_CORRELATION_MOST_CANDIDATES = 8 };

/** All implementations for an image and a kernel, in the order of rst_correlation_names(). The choice of "auto" never depends on
 * measured times.
 * @param longest seconds that may be spent on measuring each candidate, to be seen as a hint; 0 to measure nothing. A candidate
 * whose estimate says that one run would take longer is not measured.
 * Fails as rst_correlation_create() does for "auto". */
RST_API enum rst_status
rst_correlation_candidates(struct rst_context *context, const struct rst_field *image, size_t ky, size_t kx,
                           enum rst_boundary boundary, double longest,
                           struct rst_correlation_candidate candidates[RST_CORRELATION_MOST_CANDIDATES],
                           size_t *count);

/** |Ihat(w)|^2 of the whole image, Ihat the unnormalised discrete Fourier transform: power is ny x nx,
 * double, wave numbers in FFT order (0, 1, ..., -1). */
RST_API enum rst_status rst_power_spectrum(struct rst_context *context, const struct rst_field *image,
                                           struct rst_field *power);

#endif
