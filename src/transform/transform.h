/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TRANSFORM_H
#define RST_TRANSFORM_H

#include <complex.h>

#include "restrain/field.h"

/** @file
 * Batches of one-dimensional FFTW transforms in either precision: the only module that includes fftw3.h. All
 * are single-threaded and unnormalised. FFTW's planner is not thread-safe: creation and destruction take a
 * process-wide lock. Executing one plan from several threads on different arrays is allowed.
 *
 * Multi-dimensional transforms are built from batches: batches planned by RST_RIGOR_ESTIMATE come within a
 * few per cent of the measured ones, whole two-dimensional transforms cost twice.
 */

enum rst_transform_kind {
  RST_TRANSFORM_REAL_TO_COMPLEX, /**< n reals to n/2+1 complex, exp(-i ...) */
  RST_TRANSFORM_COMPLEX_TO_REAL, /**< n/2+1 complex to n reals, exp(+i ...); destroys its input */
  RST_TRANSFORM_FORWARD,         /**< n complex to n complex, exp(-i ...) */
  RST_TRANSFORM_BACKWARD,        /**< n complex to n complex, exp(+i ...) */
  RST_TRANSFORM_SINE,            /**< FFTW_RODFT00: n reals to n reals, own inverse up to 2 (n+1) */
  RST_TRANSFORM_COSINE,          /**< FFTW_REDFT10, inverse RST_TRANSFORM_COSINE_BACK up to 2 n */
  RST_TRANSFORM_COSINE_BACK      /**< FFTW_REDFT01 */
};

/** `batch` transforms of logical length n; element j of transform b at input + b * input_distance + j *
 * input_stride, in units of the element type (real or complex), and likewise for the output. */
struct rst_transform_layout {
  enum rst_transform_kind kind;
  enum rst_precision precision;
  size_t n, batch;
  size_t input_stride, input_distance;
  size_t output_stride, output_distance;
  bool in_place; /**< input and output are the same array; then the strides and distances must agree */
};

struct rst_transform;

/** Plan with the context's rigor. Arrays given to rst_transform_execute() must be aligned to 16 bytes, as
 * rst_allocate()'s are (an offset by a multiple of 16 bytes is fine). */
enum rst_status rst_transform_create(struct rst_context *context, const struct rst_transform_layout *layout,
                                     struct rst_transform **transform);
void rst_transform_destroy(struct rst_transform **transform);
void rst_transform_execute(const struct rst_transform *transform, void *input, void *output);

/** The planner's accumulated wisdom of both precisions as one malloc'ed text, and its import; so that a
 * resumed run at a measured rigor executes the plans of the first one. Importing a malformed text is
 * RST_ERROR_ARGUMENT. */
enum rst_status rst_transform_export_wisdom(struct rst_context *context, char **text);
enum rst_status rst_transform_import_wisdom(struct rst_context *context, const char *text);

/** Version as FFTW reports it; static. */
const char *rst_transform_library(void);

#endif
