/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/descend.h"

#include <math.h>

enum { MOST_STEPS = 1000 };

/* gradient = grad L at u; whether it is small against its terms. */
static bool is_near(struct rst_analysis_task *task, double decay, const struct rst_field *u,
                    struct rst_field *gradient, double *loss) {
  const double near = 1e-4;
  struct rst_flow_value value;
  const double norm = rst_field_norm(u);
  rst_flow_evaluate(task->flow, u, &value, gradient);
  const double slope = rst_field_norm(gradient);
  rst_field_axpy(decay, u, gradient);
  rst_flow_pin(task->flow, gradient);
  *loss = value.data_loss + 0.5 * decay * norm * norm;
  return rst_field_norm(gradient) <= near * (slope + decay * norm);
}

enum rst_status rst_analysis_descend_further(struct rst_analysis_task *task, double decay,
                                             struct rst_field *u, bool *settled) {
  struct rst_field *gradient = NULL;
  struct rst_field *next = NULL;
  struct rst_field *next_gradient = NULL;
  struct rst_field **made[] = {&gradient, &next, &next_gradient};
  enum rst_status status = RST_OK;
  for (size_t i = 0; status == RST_OK && i < 3; ++i) {
    status = rst_field_create_like(task->context, u, made[i]);
  }
  if (status == RST_OK) {
    double loss = 0.0;
    double length = 1.0;
    *settled = is_near(task, decay, u, gradient, &loss);
    for (int i = 0; i < MOST_STEPS && !*settled; ++i) {
      double next_loss = 0.0;
      rst_field_copy(u, next);
      rst_field_axpy(-length, gradient, next);
      const bool near = is_near(task, decay, next, next_gradient, &next_loss);
      const double square = rst_field_dot(gradient, gradient);
      const bool falls = next_loss <= loss - 0.5 * length * square; /* as it does up to length = 1/lambda */
      if (falls) {
        rst_field_copy(next, u);
        rst_field_copy(next_gradient, gradient);
        loss = next_loss;
        *settled = near;
      }
      length *= falls ? 1.25 : 0.5;
    }
  }
  for (size_t i = 0; i < 3; ++i) {
    rst_field_destroy(made[i]);
  }
  return status;
}
