/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ADAM_LOOPS_H
#define RST_ADAM_LOOPS_H

#include "restrain/field.h"

/** @file
 * Adam's arithmetic, element by element, in one precision.
 */

/** Of one update. */
struct rst_adam_numbers {
  double beta2;
  double correction1, correction2; /**< 1 - beta^t of the averages m and v */
  double epsilon;
};

struct rst_adam_loops {
  /** v = beta2 v + (1 - beta2) g^2. */
  void (*average_square)(size_t count, const struct rst_adam_numbers *of, const void *g, void *v);
  /** dv = beta2 dv + (1 - beta2) 2 g dg. */
  void (*perturb_average)(size_t count, const struct rst_adam_numbers *of, const void *g, const void *dg,
                          void *dv);
  /** p = sqrt(v/correction2) + epsilon. */
  void (*precondition)(size_t count, const struct rst_adam_numbers *of, const void *v, void *p);
  /** d = (m/correction1)/p. */
  void (*direct)(size_t count, const struct rst_adam_numbers *of, const void *m, const void *v, void *d);
  /** Its derivative dd, where v is 0 along dm alone. */
  void (*perturb_direction)(size_t count, const struct rst_adam_numbers *of, const void *m, const void *v,
                            const void *dm, const void *dv, void *dd);
};

extern const struct rst_adam_loops rst_adam_loops_double, rst_adam_loops_float;

static inline const struct rst_adam_loops *rst_adam_loops(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? &rst_adam_loops_float : &rst_adam_loops_double;
}

#endif
