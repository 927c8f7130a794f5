/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PERTURBATION_H
#define RST_PERTURBATION_H

#include "restrain/scheme.h"

/** @file
 * Infinitesimal changes of a state, stepped along with it.
 */

struct rst_perturbation {
  /** Of the same kind and parameters as the state's, but for the divisor, which is 1; its fields hold the
   * perturbation of the buffers, and work space. */
  struct rst_scheme *scheme;
  struct rst_field *du;      /**< of the state; zero on fixed points */
  struct rst_field *product; /**< on entry H du at u_t; destroyed */
};

/** As rst_scheme_step(), to the same bits, and every perturbation by the Jacobian of that step. On entry the flow is
 * linearised at u; it need not be so afterwards. */
enum rst_status rst_scheme_step_with_perturbations(struct rst_scheme *scheme, struct rst_field *gradient,
                                                   struct rst_field *u,
                                                   const struct rst_perturbation *perturbations, size_t count,
                                                   double *dt);

#endif
