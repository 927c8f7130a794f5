/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/bifurcation.h"

#include "core/core.h"
#include "sweep/sweep_parts.h"

enum rst_status rst_bifurcation_check(struct rst_context *context, const struct rst_case *from) {
  RST_REQUIRE(context, from->bifurcation.count > 0, RST_ERROR_ARGUMENT,
              "the case has no section bifurcation; say there which parameter to scan, from where to where");
  return RST_OK;
}

void rst_bifurcation_clear(struct rst_bifurcation *diagram) {
  free(diagram->parameter);
  free(diagram->values);
  free(diagram->regimes);
  free(diagram->periods);
  *diagram = (struct rst_bifurcation){0};
}

/* What is wanted changes its owner; the rest of the table goes. */
static void hand_over(struct rst_sweep_table *table, struct rst_bifurcation *diagram) {
  if (diagram && table->axis_count > 0) {
    struct rst_sweep_scale *axis = &table->axes[0];
    *diagram = (struct rst_bifurcation){.parameter = axis->name,
                                        .count = axis->count,
                                        .values = axis->values,
                                        .regimes = table->regime,
                                        .periods = table->period};
    axis->name = NULL;
    axis->values = NULL;
    table->regime = NULL;
    table->period = NULL;
  }
  rst_sweep_table_clear(table);
}

enum rst_status rst_bifurcation_run(struct rst_context *context, const struct rst_case *from,
                                    const struct rst_sweep_options *options,
                                    struct rst_sweep_summary *summary, struct rst_bifurcation *diagram) {
  struct rst_sweep_task task;
  struct rst_sweep_table table = {0};
  if (diagram) {
    *diagram = (struct rst_bifurcation){0};
  }
  RST_TRY(rst_bifurcation_check(context, from));
  rst_sweep_task_of_bifurcation(from, &task);
  const enum rst_status status = rst_sweep_perform(context, &task, options, summary, &table);
  hand_over(&table, status == RST_OK ? diagram : NULL);
  return status;
}

enum rst_status rst_bifurcation_merge(struct rst_context *context, const char *const *paths, size_t count,
                                      const struct rst_output_options *output,
                                      struct rst_sweep_summary *summary, struct rst_bifurcation *diagram) {
  struct rst_sweep_table table = {0};
  if (diagram) {
    *diagram = (struct rst_bifurcation){0};
  }
  const enum rst_status status = rst_sweep_join(context, true, paths, count, output, summary, &table);
  hand_over(&table, status == RST_OK ? diagram : NULL);
  return status;
}

enum rst_status rst_bifurcation_estimate(struct rst_context *context, const struct rst_case *from,
                                         struct rst_sweep_cost *cost) {
  struct rst_sweep_task task;
  RST_TRY(rst_bifurcation_check(context, from));
  rst_sweep_task_of_bifurcation(from, &task);
  return rst_sweep_estimate_task(context, &task, cost);
}
