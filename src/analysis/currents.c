/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

/* tr(B U B'), [n][n] each. */
static double trace(size_t n, const double *b, const double *u) {
  double sum = 0.0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (size_t k = 0; k < n; ++k) {
        sum += b[i * n + j] * u[j * n + k] * b[i * n + k];
      }
    }
  }
  return sum;
}

/* Of x, of covariance U^-1, the current -Q U x has the mean square tr(Q U Q'), the drift -(D + Q) U x likewise; d becomes D + Q. */
static double share_of_current(size_t n, const double *q, const double *u, double *d) {
  const double current = trace(n, q, u);
  for (size_t i = 0; i < n * n; ++i) {
    d[i] += q[i];
  }
  return sqrt(current / trace(n, d, u));
}

enum rst_status rst_analyze_currents(const struct rst_analysis_task *task,
                                     const struct rst_scheme_parameters *scheme, const double *hessian,
                                     const double *noise, struct rst_analysis *analysis) {
  const size_t n = rst_flow_layout(task->flow)->count;
  const struct rst_scheme_facts facts = rst_scheme_facts(scheme->kind);
  RST_SCOPED double *drift = NULL;
  RST_SCOPED double *diffusion = NULL;
  if (facts.buffers > 0 || facts.implicit_decay) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(task->context, n * n, &drift));
  RST_TRY(RST_NEW(task->context, n * n, &diffusion));
  RST_TRY(RST_NEW(task->context, n * n, &analysis->current_q));
  RST_TRY(RST_NEW(task->context, n * n, &analysis->current_u));
  for (size_t i = 0; i < n * n; ++i) {
    drift[i] = hessian[i] + (i % (n + 1) == 0 ? scheme->weight_decay : 0.0);
    diffusion[i] = 0.5 * scheme->lr * noise[i];
  }
  const enum rst_status status = rst_probability_current_find(task->context, n, drift, diffusion,
                                                              analysis->current_q, analysis->current_u);
  if (status == RST_ERROR_NUMERIC) { /* no stationary density */
    free(analysis->current_q);
    free(analysis->current_u);
    analysis->current_q = analysis->current_u = NULL;
    return RST_OK;
  }
  RST_TRY(status);
  analysis->current_share = share_of_current(n, analysis->current_q, analysis->current_u, diffusion);
  return RST_OK;
}
