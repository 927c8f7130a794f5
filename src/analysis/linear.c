/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_task.h"
#include "core/core.h"

/* H does not depend on the state. */
enum rst_status rst_analyze_linear(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  RST_TRY(rst_analyze_symbol(task, analysis));
  RST_TRY(rst_state_spectrum_find(task->context, task->flow, task->initial, &analysis->spectrum));
  rst_state_spectrum_extremes(&analysis->spectrum, &lambda_min, &lambda_max);
  RST_TRY(rst_spectrum_limits_find(task->context, &task->from->step.scheme, lambda_min, lambda_max,
                                   &analysis->exact));
  RST_TRY(rst_analyze_distribution(task, task->initial, &analysis->spectrum, analysis));
  RST_TRY(rst_analyze_noise(task, analysis));
  return rst_analyze_thresholds(task, analysis);
}
