/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "restrain/run.h"
#include "run/evaluation.h"

enum rst_status rst_problem_create(struct rst_context *context, const struct rst_case *from,
                                   struct rst_problem *problem) {
  *problem = (struct rst_problem){0};
  struct rst_problem made = {0};
  enum rst_status status = rst_flow_create(context, &from->flow, &made.flow);
  if (status == RST_OK) {
    status = rst_evaluation_check_batch(context, from, made.flow);
  }
  if (status == RST_OK) {
    status = rst_flow_create_state(context, made.flow, &made.u);
  }
  if (status == RST_OK) {
    status = rst_flow_fill_initial(context, made.flow, &from->initial, made.u);
  }
  if (status != RST_OK) {
    rst_problem_destroy(&made);
    return status;
  }
  *problem = made;
  return RST_OK;
}

void rst_problem_destroy(struct rst_problem *problem) {
  rst_field_destroy(&problem->u);
  rst_flow_destroy(&problem->flow);
}
