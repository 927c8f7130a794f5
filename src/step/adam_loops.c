/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/adam_loops.h"

#include "core/real.h"

static void average_square(size_t count, const struct rst_adam_numbers *of, const void *g, void *v) {
  const real kept = (real)of->beta2;
  const real added = (real)(1.0 - of->beta2);
  const real *slope = g;
  real *average = v;
  for (size_t i = 0; i < count; ++i) {
    average[i] = kept * average[i] + added * (slope[i] * slope[i]);
  }
}

static void perturb_average(size_t count, const struct rst_adam_numbers *of, const void *g, const void *dg,
                            void *dv) {
  const real kept = (real)of->beta2;
  const real added = (real)(2.0 * (1.0 - of->beta2));
  const real *slope = g;
  const real *change = dg;
  real *average = dv;
  for (size_t i = 0; i < count; ++i) {
    average[i] = kept * average[i] + added * (slope[i] * change[i]);
  }
}

static void precondition(size_t count, const struct rst_adam_numbers *of, const void *v, void *p) {
  const real correction = (real)of->correction2;
  const real epsilon = (real)of->epsilon;
  const real *average = v;
  real *divisor = p;
  for (size_t i = 0; i < count; ++i) {
    divisor[i] = sqrt(average[i] / correction) + epsilon;
  }
}

static void direct(size_t count, const struct rst_adam_numbers *of, const void *m, const void *v, void *d) {
  const real correction1 = (real)of->correction1;
  const real correction2 = (real)of->correction2;
  const real epsilon = (real)of->epsilon;
  const real *mean = m;
  const real *average = v;
  real *direction = d;
  for (size_t i = 0; i < count; ++i) {
    direction[i] = (mean[i] / correction1) / (sqrt(average[i] / correction2) + epsilon);
  }
}

/* d (m/p) = (dm - (m/p) dp)/p with p = sqrt(v) + epsilon, dp = dv/(2 sqrt(v)). */
static void perturb_direction(size_t count, const struct rst_adam_numbers *of, const void *m, const void *v,
                              const void *dm, const void *dv, void *dd) {
  const real correction1 = (real)of->correction1;
  const real correction2 = (real)of->correction2;
  const real epsilon = (real)of->epsilon;
  const real *mean = m;
  const real *average = v;
  const real *mean_change = dm;
  const real *average_change = dv;
  real *change = dd;
  for (size_t i = 0; i < count; ++i) {
    const real root = sqrt(average[i] / correction2);
    const real divisor = root + epsilon;
    const real root_change = root > 0 ? (average_change[i] / correction2) / (2 * root) : 0;
    const real direction = (mean[i] / correction1) / divisor;
    change[i] = (mean_change[i] / correction1 - direction * root_change) / divisor;
  }
}

const struct rst_adam_loops RST_REAL(rst_adam_loops) = {
    .average_square = average_square,
    .perturb_average = perturb_average,
    .precondition = precondition,
    .direct = direct,
    .perturb_direction = perturb_direction,
};
