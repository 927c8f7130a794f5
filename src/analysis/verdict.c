/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The verdict and its reason. A mode of eigenvalue lambda, decay included, grows for one of two reasons: lambda < 0,
 * where the flow itself grows and no step helps (decay); or lambda > 0 and a growth factor above 1,
 * where the flow decays and the step overshoots (step). The stable steps of every scheme form an interval
 * from 0 on, so that the two ends of the spectrum tell.
 */

#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"
#include "core/text.h"
#include "restrain/tangent.h"

/* Growth factors are computed to this accuracy. */
static const double rounding = 1e-12;

static double ratio(double numerator, double denominator) {
  return denominator == 0 ? INFINITY : numerator / denominator;
}

/* The minimum of a non-linear flow moves with alpha, so that the limits of alpha there are not the flow's. */
static void find_factors(struct rst_analysis *analysis) {
  const struct rst_step_limits *limits = &analysis->exact.limits;
  analysis->lr_factor = limits->lr_max / analysis->lr;
  if (!analysis->linear) {
    return;
  }
  analysis->decay_min_factor = ratio(analysis->weight_decay, limits->decay_min);
  analysis->decay_max_factor = ratio(limits->decay_max, analysis->weight_decay);
}

/* Through which mechanism the spectrum is unstable, or nearest to it. */
static enum rst_status find_mechanisms(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const struct rst_spectrum_limits *exact = &analysis->exact;
  const struct rst_scheme_parameters working =
      rst_working_scheme(&task->from->step.scheme, exact->lambda_max);
  if (!analysis->linear) {
    analysis->mechanisms = isfinite(analysis->lr_factor) ? RST_MECHANISM_STEP : 0;
    return RST_OK;
  }
  if (exact->limits.stable) {
    const double to_step = fmin(analysis->lr_factor, analysis->decay_max_factor);
    if (isfinite(to_step) || isfinite(analysis->decay_min_factor)) {
      analysis->mechanisms = to_step <= analysis->decay_min_factor ? RST_MECHANISM_STEP : RST_MECHANISM_DECAY;
    }
    return RST_OK;
  }
  double growth = 0.0;
  RST_TRY(rst_scheme_growth(task->context, &working, exact->lambda_max, &growth));
  const bool decays = exact->lambda_max + analysis->effective_decay > 0;
  if (analysis->weight_decay < exact->limits.decay_min) {
    analysis->mechanisms |= RST_MECHANISM_DECAY;
  }
  if ((decays && growth > 1 + rounding) || analysis->mechanisms == 0) {
    analysis->mechanisms |= RST_MECHANISM_STEP;
  }
  return RST_OK;
}

/* "lr lambda_max = 2.1 > 2" with the decay in lambda_max, or the growth factor for a scheme with another rule. */
static void add_step(struct rst_text *text, const struct rst_analysis *analysis) {
  const struct rst_spectrum_limits *exact = &analysis->exact;
  if (isfinite(analysis->real_limit)) {
    const double value = analysis->lr * (analysis->weight_decay + exact->lambda_max);
    rst_text_add(text, "lr lambda_max = %.8g %s %.8g", value,
                 exact->limits.stable || value <= analysis->real_limit ? "<=" : ">", analysis->real_limit);
  } else {
    rst_text_add(text, "|G| = %.8g at lambda = %.8g", exact->limits.growth,
                 exact->limits.critical + analysis->effective_decay);
  }
}

/* "lr_max = 0.5, 1.25 times the given one" */
static void add_limit(struct rst_text *text, const char *name, double limit, double factor) {
  if (isinf(limit)) {
    rst_text_add(text, "%s is unlimited", name);
  } else {
    rst_text_add(text, "%s = %.8g, %.6g times the given one", name, limit, factor);
  }
}

static void explain_step(struct rst_text *text, const struct rst_analysis *analysis) {
  const struct rst_step_limits *limits = &analysis->exact.limits;
  rst_text_add(text, "unstable through the step: ");
  add_step(text, analysis);
  if (limits->lr_max > 0) {
    rst_text_add(text, "; stable up to ");
    add_limit(text, "lr", limits->lr_max, analysis->lr_factor);
  }
  if (limits->decay_max >= limits->decay_min) {
    rst_text_add(text, "; or for alpha <= %.8g", limits->decay_max);
  }
}

static void explain_decay(struct rst_text *text, const struct rst_analysis *analysis) {
  const struct rst_step_limits *limits = &analysis->exact.limits;
  rst_text_add(text,
               "unstable through the decay: alpha < alpha_min, %.8g < %.8g: the flow itself grows, at the "
               "rate %.4g, whatever the step",
               analysis->weight_decay, limits->decay_min,
               -(analysis->exact.lambda_min + analysis->effective_decay));
  if (!(limits->decay_max >= limits->decay_min)) {
    rst_text_add(text, "; no alpha is stable at this lr");
  } else if (analysis->weight_decay > 0) {
    rst_text_add(text, "; stable from %.6g times the given alpha on", 1 / analysis->decay_min_factor);
  }
}

static void explain_stable(struct rst_text *text, const struct rst_analysis *analysis) {
  const struct rst_step_limits *limits = &analysis->exact.limits;
  rst_text_add(text, "stable: ");
  add_step(text, analysis);
  rst_text_add(text, " and alpha = %.8g >= alpha_min = %.8g", analysis->weight_decay, limits->decay_min);
  if (analysis->mechanisms == 0) {
    rst_text_add(text, "\nnothing limits it");
  } else if (analysis->mechanisms == RST_MECHANISM_DECAY) {
    rst_text_add(text, "\nnearest limit: through the decay, alpha_min, %.6g times below the given alpha",
                 analysis->decay_min_factor);
  } else {
    rst_text_add(text, "\nnearest limit: through the step, ");
    add_limit(text, "lr_max", limits->lr_max, analysis->lr_factor);
  }
}

static void explain_linear(struct rst_text *text, const struct rst_analysis *analysis) {
  if (analysis->verdict == RST_VERDICT_STABLE) {
    explain_stable(text, analysis);
    return;
  }
  if ((analysis->mechanisms & RST_MECHANISM_STEP) != 0) {
    explain_step(text, analysis);
    rst_text_add(text, (analysis->mechanisms & RST_MECHANISM_DECAY) != 0 ? "\n" : "");
  }
  if ((analysis->mechanisms & RST_MECHANISM_DECAY) != 0) {
    explain_decay(text, analysis);
  }
}

/* Whether the linear terms draw large states back. */
static bool bounds_rest(const struct rst_analysis *analysis) {
  return analysis->effective_decay + analysis->linear_terms.smallest > 0 &&
         !analysis->linear_terms.rest_grows;
}

/* What does. */
static const char *restraint(const struct rst_analysis *analysis) {
  return analysis->linear_terms.smallest > 0 ? "the linear terms" : "the decay";
}

static enum rst_verdict judge_nonlinear(const struct rst_analysis *analysis) {
  if (analysis->minimum < 0) {
    return RST_VERDICT_UNDECIDED;
  }
  if (analysis->exact.limits.stable) {
    return RST_VERDICT_CONVERGENT;
  }
  if (!bounds_rest(analysis)) {
    return RST_VERDICT_UNDECIDED;
  }
  return analysis->lr <= analysis->lr_hi ? RST_VERDICT_RESTRAINED : RST_VERDICT_DIVERGENT;
}

static void add_upper(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, "lr = %.8g %s lr_hi = %.8g, %.6g times the given one", analysis->lr,
               analysis->lr <= analysis->lr_hi ? "<=" : ">", analysis->lr_hi, analysis->lr_hi / analysis->lr);
}

static const char *say_what_is_missing(const struct rst_analysis *analysis) {
  if (analysis->minimum >= 0) {
    return analysis->linear_terms.rest_grows ? "locally unstable, and nothing bounds large states"
                                             : "locally unstable, and no weight decay bounds large states";
  }
  return analysis->initial_escapes ? "the flow from the initial state runs to infinity, where the loss falls "
                                     "for ever: no minimum, no "
                                     "lr_lo"
                                   : "the flow from the initial state could not be followed to a minimum";
}

/* In a valley of minima the limits hold across it. */
static const char *minimum_name(const struct rst_analysis *analysis) {
  return analysis->points[analysis->minimum].kind == RST_FIXED_POINT_FLAT ? "valley of minima" : "minimum";
}

static void explain_nonlinear(struct rst_text *text, const struct rst_analysis *analysis) {
  switch (analysis->verdict) {
  case RST_VERDICT_CONVERGENT:
    rst_text_add(text, "converges near the %s: ", minimum_name(analysis));
    add_step(text, analysis);
    rst_text_add(text,
                 analysis->mechanisms == 0 ? "\nnothing limits it: " : "\nnearest limit: through the step, ");
    add_limit(text, "lr_lo", analysis->lr_lo, analysis->lr_factor);
    if (analysis->lr > analysis->lr_hi) {
      rst_text_add(text, "\nyet large states grow: ");
      add_upper(text, analysis);
    }
    break;
  case RST_VERDICT_RESTRAINED:
    rst_text_add(text,
                 "restrained: locally unstable, bounded by %s\nunstable at the minimum through the step: ",
                 restraint(analysis));
    add_step(text, analysis);
    rst_text_add(text, "; ");
    add_limit(text, "lr_lo", analysis->lr_lo, analysis->lr_factor);
    rst_text_add(text, "\nbounded by %s: ", restraint(analysis));
    add_upper(text, analysis);
    break;
  case RST_VERDICT_DIVERGENT:
    rst_text_add(text, "divergent: ");
    add_upper(text, analysis);
    rst_text_add(text,
                 "\nunstable through the step everywhere: %s overshoot%s, and no bounded gradient holds %s",
                 restraint(analysis), analysis->linear_terms.smallest > 0 ? "" : "s",
                 analysis->linear_terms.smallest > 0 ? "them" : "it");
    break;
  default:
    rst_text_add(text, "undecided: %s", say_what_is_missing(analysis));
    if (analysis->minimum >= 0) {
      rst_text_add(text, "\nunstable at the minimum through the step: ");
      add_step(text, analysis);
    }
    break;
  }
}

/* Nothing follows from the spectrum. */
static void explain_preconditioned(struct rst_text *text, const struct rst_analysis_task *task,
                                   struct rst_analysis *analysis) {
  const struct rst_scheme_parameters *scheme = &task->from->step.scheme;
  const bool decoupled = scheme->decay == RST_DECAY_DECOUPLED && scheme->weight_decay > 0.0;
  analysis->verdict = RST_VERDICT_UNDECIDED;
  analysis->lr_factor = analysis->decay_min_factor = analysis->decay_max_factor = NAN;
  rst_text_add(
      text,
      "undecided: %s divides the slope by a preconditioner P that the run makes, so that no limit of lr "
      "follows from the spectrum of H\na run is locally stable while lambda_max(P^-1 %s < %.8g: its scalar "
      "preconditioned_sharpness",
      analysis->scheme, decoupled ? "H)" : "(H + alpha))", rst_scheme_local_limit(task->context, scheme));
  if (decoupled) {
    rst_text_add(text, "\nwith decoupled decay %s does not come to rest where the gradient of L is zero",
                 analysis->scheme);
  }
}

static void explain(struct rst_text *text, struct rst_analysis *analysis) {
  if (analysis->linear) {
    analysis->verdict = analysis->exact.limits.stable ? RST_VERDICT_STABLE : RST_VERDICT_UNSTABLE;
    explain_linear(text, analysis);
  } else {
    analysis->verdict = judge_nonlinear(analysis);
    explain_nonlinear(text, analysis);
  }
}

enum rst_status rst_judge(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const bool preconditioned = rst_scheme_facts(task->from->step.scheme.kind).preconditioned;
  if (!preconditioned && (analysis->linear || analysis->minimum >= 0)) {
    find_factors(analysis);
    RST_TRY(find_mechanisms(task, analysis));
  }
  struct rst_text text = {0};
  if (preconditioned) {
    explain_preconditioned(&text, task, analysis);
  } else {
    explain(&text, analysis);
  }
  analysis->explanation = rst_text_take(&text);
  RST_REQUIRE(task->context, analysis->explanation, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}
