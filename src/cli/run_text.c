/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/run_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stability/event_columns.h"

static size_t shown_events(const struct rst_run_summary *summary) {
  return summary->event_count < RST_RUN_STRONGEST_EVENTS ? summary->event_count : RST_RUN_STRONGEST_EVENTS;
}

/* Where it is in a state of several tensors. */
static void print_tensor(const struct rst_event *event, const char *tensor) {
  if (*tensor) {
    printf("held in %s, out %ld, ", tensor, event->out);
    if (event->in >= 0) {
      printf("in %ld, ", event->in);
    }
  } else {
    printf("held in ");
  }
}

static void print_event(const struct rst_event *event, const char *tensor) {
  if (event->first == event->last) {
    printf("  iteration %ld", event->first);
  } else {
    printf("  iterations %ld-%ld", event->first, event->last);
  }
  printf(", %s, amplified %.3g (at most %.3g an update, at %ld), ", rst_event_kind_name(event->kind),
         event->amplification, event->peak, event->peak_iteration);
  print_tensor(event, tensor);
  printf("rows %ld-%ld, columns %ld-%ld", event->y_first, event->y_last, event->x_first, event->x_last);
  if (event->share < 1.0) {
    printf(" (90 %% of the growth in %.3g %% of the points)\n", 100.0 * event->share);
  } else {
    printf(" (on all points alike)\n");
  }
}

static double share_of(double growth, const struct rst_run_summary *summary) {
  return growth / summary->event_growth;
}

static void print_events(const struct rst_run_summary *summary) {
  if (!summary->has_events) {
    return;
  }
  if (summary->event_count == 0) {
    printf("events: none, the leading perturbation never grew\n");
    return;
  }
  const size_t shown = shown_events(summary);
  printf("events: %zu, of their log growth %.3g %% discrete, %.3g %% continuous", summary->event_count,
         100.0 * share_of(summary->event_growth_discrete, summary),
         100.0 * share_of(summary->event_growth_continuous, summary));
  if (shown < summary->event_count) {
    printf("; the strongest %zu:\n", shown);
  } else {
    printf("\n");
  }
  for (size_t i = 0; i < shown; ++i) {
    print_event(&summary->strongest[i], summary->strongest_tensors[i]);
  }
}

static void print_twins(const struct rst_run_summary *summary) {
  for (size_t i = 0; i < summary->twin_count; ++i) {
    const struct rst_twin_summary *twin = &summary->twins[i];
    printf("twin %s: mean relative difference %.3g", twin->label, twin->difference);
    if (isfinite(twin->divergence.growth_rate)) {
      printf(", grew by exp(%.4g) an iteration from %ld to %ld", twin->divergence.growth_rate,
             twin->divergence.first, twin->divergence.last);
    }
    if (twin->divergence.saturation >= 0) {
      printf(", saturated at %ld\n", twin->divergence.saturation);
    } else {
      printf(twin->divergence.plateau == 0.0 ? ", equal to the last bit\n" : ", never left rounding\n");
    }
  }
}

static void print_balance(const struct rst_ergodic_summary *ergodic) {
  printf("  noise: |gradient - mean| %.4g +- %.2g, |mean gradient| %.4g +- %.2g", ergodic->noise_norm_mean,
         ergodic->noise_norm_mean_error, ergodic->objective_grad_norm_mean,
         ergodic->objective_grad_norm_mean_error);
  if (!isnan(ergodic->gradient_noise_balance)) {
    printf("; their interaction %.4g +- %.2g", ergodic->gradient_noise_balance,
           ergodic->gradient_noise_balance_error);
  }
  if (!isnan(ergodic->gradient_noise_balance) && !isnan(ergodic->balance_limit)) {
    printf(", 2/lr = %.4g", ergodic->balance_limit);
  }
  printf("\n");
}

static void print_ergodic(const struct rst_ergodic_summary *ergodic) {
  if (ergodic->updates == 0) {
    printf("ergodic record: none, it would begin at iteration %ld\n", ergodic->first);
    return;
  }
  printf("ergodic record: %ld updates from iteration %ld\n", ergodic->updates, ergodic->first);
  printf(
      "  means: loss %.5g +- %.2g, |gradient| %.5g +- %.2g, fall of the loss %.3g an update, at most %.3g\n",
      ergodic->loss_mean, ergodic->loss_mean_error, ergodic->grad_norm_mean, ergodic->grad_norm_mean_error,
      ergodic->loss_change_mean, ergodic->loss_change_envelope);
  if (ergodic->window_count > 0) {
    const size_t k = ergodic->window_count - 1;
    printf(
        "  two windows of %.0f: KS of the loss %.3g, W1 %.3g; the weights they begin with differ by %.3g of "
        "themselves\n",
        ergodic->window[k], ergodic->window_kolmogorov[0][k], ergodic->window_wasserstein[0][k],
        ergodic->window_difference[k]);
  }
  printf("  displacement: |update|^2 %.4g +- %.2g", ergodic->local_displacement_mean,
         ergodic->local_displacement_mean_error);
  if (!isnan(ergodic->displacement_exponent)) {
    printf(", |u_t - u_%ld|^2 ~ t^c with c = %.3g +- %.2g", ergodic->first, ergodic->displacement_exponent,
           ergodic->displacement_exponent_error);
  }
  printf("\n");
  if (!isnan(ergodic->noise_norm_mean)) {
    print_balance(ergodic);
  }
}

/* Without the regime, where a reason begins with it: "to rounding: ..." of "converged to rounding: ...". */
static const char *reason_for(const struct rst_regime_result *result) {
  const char *name = rst_regime_names()[result->regime];
  const size_t length = strlen(name);
  const char *rest = result->reason + length;
  if (strncmp(result->reason, name, length) != 0) {
    return result->reason;
  }
  return rest + strspn(rest, ": ");
}

static void print_evaluation(const struct rst_evaluation *evaluation) {
  printf("  training set: loss %.6g, ", evaluation->train_loss);
  if (!isnan(evaluation->train_accuracy)) {
    printf("accuracy %.4g, ", evaluation->train_accuracy);
  }
  printf("|gradient| %.4g\n", evaluation->full_grad_norm);
  if (!isnan(evaluation->test_accuracy)) {
    printf("  test set:     loss %.6g, accuracy %.4g\n", evaluation->test_loss, evaluation->test_accuracy);
  }
}

void rst_run_summary_print(const struct rst_run_summary *summary) {
  if (summary->outcome == RST_RUN_INTERRUPTED) {
    return;
  }
  if (summary->has_evaluation) {
    print_evaluation(&summary->evaluation);
  }
  printf("regime: %s (%s)\n", rst_regime_names()[summary->regime.regime], reason_for(&summary->regime));
  print_events(summary);
  print_twins(summary);
  if (summary->has_ergodic) {
    print_ergodic(&summary->ergodic);
  }
}

static void add_number(struct rst_text *text, const char *name, double value) {
  rst_text_add(text, ", \"%s\": ", name);
  rst_text_add_number(text, value);
}

/* The kind leads the object. */
#define ADD_WHOLE(member) rst_text_add(text, ", \"" #member "\": %ld", event->member);
#define ADD_REAL(member) add_number(text, #member, event->member);
#define ADD_KIND(member)
#define ADD(member, type, long_name, units) ADD_##type(member)

static void add_event(struct rst_text *text, const struct rst_event *event, const char *tensor) {
  rst_text_add(text, "{\"kind\": \"%s\"", rst_event_kind_name(event->kind));
  RST_EVENT_COLUMNS(ADD)
  if (*tensor) {
    rst_text_add(text, ", \"tensor\": ");
    rst_text_add_quoted(text, tensor);
    rst_text_add(text, ", \"out\": %ld, \"in\": %ld", event->out, event->in);
  }
  rst_text_add(text, "}");
}

static void add_twin(struct rst_text *text, const struct rst_twin_summary *twin) {
  rst_text_add(text, "{\"twin\": ");
  rst_text_add_quoted(text, twin->label);
  add_number(text, "difference", twin->difference);
  add_number(text, "growth_rate", twin->divergence.growth_rate);
  add_number(text, "growth_rate_error", twin->divergence.growth_rate_error);
  add_number(text, "first", (double)twin->divergence.first);
  add_number(text, "last", (double)twin->divergence.last);
  add_number(text, "saturation", (double)twin->divergence.saturation);
  add_number(text, "plateau", twin->divergence.plateau);
  rst_text_add(text, "}");
}

static void add_array(struct rst_text *text, const char *name, size_t count, const double *values) {
  rst_text_add(text, ", \"%s\": [", name);
  for (size_t i = 0; i < count; ++i) {
    rst_text_add(text, i > 0 ? ", " : "");
    rst_text_add_number(text, values[i]);
  }
  rst_text_add(text, "]");
}

static void add_ergodic(struct rst_text *text, const struct rst_ergodic_summary *ergodic) {
  const size_t count = ergodic->window_count;
  int observable = 0;
  rst_text_add(text, ", \"ergodic\": {\"first\": %ld, \"updates\": %ld", ergodic->first, ergodic->updates);
#define ADD_NUMBER(name, ...) add_number(text, #name, ergodic->name);
  RST_ERGODIC_MEANS(ADD_NUMBER)
  RST_ERGODIC_ENDINGS(ADD_NUMBER)
#undef ADD_NUMBER
  add_number(text, "balance_limit", ergodic->balance_limit);
  add_array(text, "window", count, ergodic->window);
  add_array(text, "window_difference", count, ergodic->window_difference);
#define ADD_DISTANCES(name)                                                                                  \
  add_array(text, #name "_window_wasserstein", count, ergodic->window_wasserstein[observable]);              \
  add_array(text, #name "_window_kolmogorov", count, ergodic->window_kolmogorov[observable++]);
  RST_ERGODIC_OBSERVABLES(ADD_DISTANCES)
#undef ADD_DISTANCES
  rst_text_add(text, "}");
}

static void add_evaluation(struct rst_text *text, const struct rst_evaluation *evaluation) {
  add_number(text, "train_loss", evaluation->train_loss);
  add_number(text, "train_accuracy", evaluation->train_accuracy);
  add_number(text, "full_grad_norm", evaluation->full_grad_norm);
  if (!isnan(evaluation->test_accuracy)) {
    add_number(text, "test_loss", evaluation->test_loss);
    add_number(text, "test_accuracy", evaluation->test_accuracy);
  }
}

void rst_run_summary_add_json(const struct rst_run_summary *summary, struct rst_text *text) {
  if (summary->outcome == RST_RUN_INTERRUPTED) {
    return;
  }
  if (summary->has_evaluation) {
    add_evaluation(text, &summary->evaluation);
  }
  rst_text_add(text, ", \"regime\": \"%s\", \"regime_reason\": ", rst_regime_names()[summary->regime.regime]);
  rst_text_add_quoted(text, summary->regime.reason);
  add_number(text, "contraction", summary->regime.contraction);
  add_number(text, "period", (double)summary->regime.period);
  add_number(text, "exponent", summary->regime.exponent);
  add_number(text, "exponent_error", summary->regime.exponent_error);
  if (summary->has_events) {
    add_number(text, "event_count", (double)summary->event_count);
    add_number(text, "share_discrete", share_of(summary->event_growth_discrete, summary));
    add_number(text, "share_continuous", share_of(summary->event_growth_continuous, summary));
    rst_text_add(text, ", \"strongest_events\": [");
    for (size_t i = 0; i < shown_events(summary); ++i) {
      rst_text_add(text, i > 0 ? ", " : "");
      add_event(text, &summary->strongest[i], summary->strongest_tensors[i]);
    }
    rst_text_add(text, "]");
  }
  if (summary->has_ergodic) {
    add_ergodic(text, &summary->ergodic);
  }
  if (summary->twin_count > 0) {
    rst_text_add(text, ", \"twins\": [");
    for (size_t i = 0; i < summary->twin_count; ++i) {
      rst_text_add(text, i > 0 ? ", " : "");
      add_twin(text, &summary->twins[i]);
    }
    rst_text_add(text, "]");
  }
}
