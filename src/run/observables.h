/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OBSERVABLES_H
#define RST_OBSERVABLES_H

#include "run/observer.h"

/** @file
 * What a run can record: a scalar is a number per iteration (and twin, or exponent), a field an array per snapshot (and
 * twin). Each is one line of a table in observables.c.
 */

/** What it takes to measure it. */
enum rst_need {
  RST_NEED_NOTHING,
  RST_NEED_SHARPNESS,
  RST_NEED_LAMBDA_MIN,
  RST_NEED_AMPLIFICATION,
  RST_NEED_PERTURBATIONS,
  RST_NEED_TWINS
};

/** When it is recorded: in every run, where its need is met anyway, or where the case asks for it. */
enum rst_when { RST_ALWAYS, RST_IMPLIED, RST_ASKED };

/** An observation, and what the observer adds to it where it is asked for. */
struct rst_view {
  const struct rst_observation *observation;
  const struct rst_motion *motion;
  struct rst_twins *twins; /**< NULL without */
  struct rst_twin_comparison comparison;
  double sharpness, sharpness_residual, sharpness_limit, lambda_min;
  const struct rst_field *amplification;
  struct rst_field *scratch; /**< for a field that is computed, of the state's shape */
};

struct rst_scalar_type {
  struct rst_variable variable;
  enum rst_when when;
  enum rst_need need;
  enum rst_per per;
  double (*measure)(const struct rst_view *view, size_t member);
};

struct rst_field_type {
  struct rst_variable variable; /**< of a field per twin, the name is followed by _ and the twin's label */
  enum rst_when when;
  enum rst_need need;
  enum rst_per per;
  enum rst_axes axes;
  const struct rst_field *(*expose)(const struct rst_view *view, size_t member);
};

extern const struct rst_scalar_type rst_scalar_types[];
extern const size_t rst_scalar_type_count;
extern const struct rst_field_type rst_field_types[];
extern const size_t rst_field_type_count;

#endif
