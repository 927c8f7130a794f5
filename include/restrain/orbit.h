/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ORBIT_H
#define RESTRAIN_ORBIT_H

#include "restrain/case.h"
#include "restrain/regime.h"

/** @file
 * An orbit: a run in memory, with one perturbation, and what became of it.
 */

/** Scalars of the state, in the order of an orbit's samples: data_loss, residual, weight_norm and `probe`, the inner product
 * of u with a fixed random unit vector, which no symmetry of the state hides from. NULL-terminated. */
RST_API const char *const *rst_orbit_observable_names(void);
enum { RST_ORBIT_OBSERVABLES = 4 };

/** Over the whole sets, the weight decay excluded; batches normalised by running averages, but for gradients, of which the
 * whole set is one batch. NaN where there is no test set. */
struct rst_evaluation {
  double train_loss, train_accuracy, full_grad_norm;
  /** Mean over the n weights of |x - y|/|x|, x their gradient over the whole set and y that of the update's batch (arXiv
   * 2206.02001, section 4); NaN without batches. */
  double gradient_fluctuation;
  double test_loss, test_accuracy;
  double epoch; /**< epochs done before, NaN without batches */
};

struct rst_orbit {
  struct rst_regime_result regime; /**< of the whole orbit */
  long iterations;                 /**< updates done; fewer than asked for if it diverged */
  double max_growth;               /**< the largest local growth of all updates */
  double loss;                     /**< L at the end */
  struct rst_evaluation
      evaluation; /**< of an orbit of a sweep, mean over the last sweep.evaluations; NaN without examples */
};

/** Run the flow of `from` with lr and weight decay in place of the case's own.
 * @param observed [RST_ORBIT_OBSERVABLES][samples], all NaN if the orbit diverged; NULL if not wanted. Entries belong
 * to the states after burn_in + 1, ..., burn_in + samples updates.
 * @param flow made from the case: a scan builds it once.
 * @param stop polled once in a while, NULL for never; where it returns true the orbit ends, undecided.
 * Equal input gives equal bits. */
RST_API enum rst_status rst_orbit_run(struct rst_context *context, const struct rst_case *from,
                                      struct rst_flow *flow, double lr, double weight_decay, long burn_in,
                                      long samples, bool (*stop)(void *user), void *user, double *observed,
                                      struct rst_orbit *orbit);

/** What a sweep keeps of an orbit. */
struct rst_orbit_summary {
  enum rst_regime regime;
  double final_loss; /**< L at the end; infinite or NaN where it overflowed */
  /** Over the last half of step.iterations, an orbit that settled standing still at its end. */
  double mean_loss;
  double lyapunov, lyapunov_error;  /**< the regime's exponent; NaN if unknown */
  double max_growth;                /**< the largest local growth */
  long period;                      /**< as rst_regime_result.period */
  long iterations_run;              /**< updates done */
  struct rst_evaluation evaluation; /**< as that of an orbit */
};

#endif
