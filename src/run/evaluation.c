/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/evaluation.h"

#include <math.h>

#include "case/fault.h"
#include "case/observable_list.h"
#include "core/core.h"

struct rst_evaluations {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_field *gradient;
  long every;
  bool has_test_set, has_batches;
  struct rst_evaluation *recent; /* [room], the last ones in a ring, NULL if they are not kept */
  size_t measured, room;
};

enum { TRAINING, BATCHES, TEST };

static const struct {
  struct rst_variable variable;
  int set;
  size_t offset; /* in struct rst_evaluation */
} kinds[] = {
#define KIND(name, set, long_name, units)                                                                    \
  {{#name, long_name, units}, set, offsetof(struct rst_evaluation, name)},
    RST_EVALUATION_LIST(KIND)
#undef KIND
        {{"epoch", "epochs done before the evaluation", "1"},
         BATCHES,
         offsetof(struct rst_evaluation, epoch)}};
enum { KINDS = sizeof kinds / sizeof *kinds };
_Static_assert((int)KINDS == (int)RST_EVALUATIONS, "room for all");

enum rst_status rst_evaluation_check_batch(struct rst_context *context, const struct rst_case *run,
                                           const struct rst_flow *flow) {
  const size_t examples = rst_flow_example_count(flow, RST_TRAINING_SET);
  if (rst_sampling_needs_root(&run->sampling)) {
    return rst_flow_root_rows(flow) > 0
               ? RST_OK
               : rst_case_fault(
                     context, run, "sampling.kind",
                     "key \"sampling.kind\": the noise hessian is that of the flow regression alone; choose "
                     "gaussian or minibatch for %s",
                     rst_flow_name(flow));
  }
  if (rst_sampling_is_full(&run->sampling) || (examples > 0 && run->sampling.batch <= examples)) {
    return RST_OK;
  }
  return examples == 0
             ? rst_case_fault(context, run, "sampling.kind",
                              "key \"sampling.kind\": there are no examples to choose from, for one image is "
                              "no set; list "
                              "several as flow.images, give a regression a design, or leave it at full")
             : rst_case_fault(
                   context, run, "sampling.batch",
                   "key \"sampling.batch\": expected at most the %zu examples of the training set, "
                   "found %zu",
                   examples, run->sampling.batch);
}

enum rst_status rst_evaluation_create(struct rst_context *context, const struct rst_case *run,
                                      struct rst_flow *flow, struct rst_evaluations **evaluations) {
  const size_t examples = rst_flow_example_count(flow, RST_TRAINING_SET);
  struct rst_evaluations *made = NULL;
  *evaluations = NULL;
  if (examples == 0) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(context, 1, &made));
  made->context = context;
  made->flow = flow;
  made->every = run->data.every > 0 ? run->data.every : rst_sampling_epoch(&run->sampling, examples);
  made->has_batches = !rst_sampling_is_full(&run->sampling);
  made->has_test_set = rst_flow_example_count(flow, RST_TEST_SET) > 0;
  const enum rst_status status = rst_flow_create_state(context, flow, &made->gradient);
  if (status != RST_OK) {
    rst_evaluation_destroy(&made);
    return status;
  }
  *evaluations = made;
  return RST_OK;
}

void rst_evaluation_destroy(struct rst_evaluations **evaluations) {
  if (*evaluations) {
    rst_field_destroy(&(*evaluations)->gradient);
    free((*evaluations)->recent);
    free(*evaluations);
    *evaluations = NULL;
  }
}

long rst_evaluation_every(const struct rst_evaluations *evaluations) {
  return evaluations->every;
}

bool rst_evaluation_is_due(const struct rst_evaluations *evaluations, long t) {
  return t % evaluations->every == 0;
}

static bool is_there(const struct rst_evaluations *evaluations, size_t kind) {
  const bool there[] = {
      [TRAINING] = true, [BATCHES] = evaluations->has_batches, [TEST] = evaluations->has_test_set};
  return there[kinds[kind].set];
}

enum rst_status rst_evaluation_list(const struct rst_evaluations *evaluations, struct rst_series_list *list) {
  list->layout.evaluate_every = evaluations->every;
  for (size_t i = 0; i < KINDS; ++i) {
    if (is_there(evaluations, i)) {
      RST_TRY(rst_series_list_add(list, &kinds[i].variable, RST_AT_EVALUATION, NULL));
    }
  }
  return RST_OK;
}

/* A look at a full batch has seen all; its gradient is grad E. */
static void assess_training_set(struct rst_evaluations *evaluations, const struct rst_motion *motion,
                                const struct rst_observation *seen, struct rst_assessment *training) {
  const double *averages = motion->averages ? motion->averages->data : NULL;
  if (motion->sampler_count > 0 || averages) {
    rst_flow_assess(evaluations->flow, RST_TRAINING_SET, motion->u, averages, training,
                    motion->sampler_count > 0 ? evaluations->gradient : NULL);
  } else {
    *training = (struct rst_assessment){seen->value.data_loss, seen->value.accuracy};
  }
  if (motion->sampler_count == 0) {
    rst_field_copy(motion->gradient, evaluations->gradient);
  }
}

/* Infinite where the full gradient of a weight vanishes and the batch's does not; NaN without a full gradient. */
static double fluctuation(const struct rst_field *full, const struct rst_field *batch) {
  double sum = 0.0;
  for (size_t i = 0; i < full->nx; ++i) {
    const double x = rst_field_get(full, 0, i);
    const double difference = fabs(x - rst_field_get(batch, 0, i));
    sum += difference == 0.0 ? 0.0 : difference / fabs(x);
  }
  return sum / (double)full->nx;
}

static double *entry(struct rst_evaluation *evaluation, size_t kind) {
  return (double *)((char *)evaluation + kinds[kind].offset);
}

enum rst_status rst_evaluation_keep(struct rst_evaluations *evaluations, size_t count) {
  RST_TRY(RST_NEW(evaluations->context, count, &evaluations->recent));
  evaluations->room = count;
  return RST_OK;
}

void rst_evaluation_mean(const struct rst_evaluations *evaluations, struct rst_evaluation *mean) {
  const size_t count = evaluations->measured < evaluations->room ? evaluations->measured : evaluations->room;
  for (size_t kind = 0; kind < KINDS; ++kind) {
    double sum = 0.0;
    for (size_t i = 0; i < count; ++i) {
      sum += *entry(&evaluations->recent[(evaluations->measured - count + i) % evaluations->room], kind);
    }
    *entry(mean, kind) = sum / (double)count;
  }
}

void rst_evaluation_measure(struct rst_evaluations *evaluations, const struct rst_motion *motion,
                            const struct rst_observation *seen, struct rst_evaluation *evaluation) {
  const double *averages = motion->averages ? motion->averages->data : NULL;
  struct rst_assessment training;
  struct rst_assessment test = {NAN, NAN};
  assess_training_set(evaluations, motion, seen, &training);
  if (evaluations->has_test_set) {
    rst_flow_assess(evaluations->flow, RST_TEST_SET, motion->u, averages, &test, NULL);
  }
  *evaluation = (struct rst_evaluation){.train_loss = training.loss,
                                        .train_accuracy = training.accuracy,
                                        .full_grad_norm = rst_field_norm(evaluations->gradient),
                                        .gradient_fluctuation = NAN,
                                        .test_loss = test.loss,
                                        .test_accuracy = test.accuracy,
                                        .epoch = NAN};
  if (evaluations->has_batches) {
    evaluation->epoch = (double)motion->iteration / (double)motion->epoch;
    evaluation->gradient_fluctuation = fluctuation(evaluations->gradient, motion->gradient);
  }
  if (evaluations->room > 0) {
    evaluations->recent[evaluations->measured % evaluations->room] = *evaluation;
  }
  ++evaluations->measured;
}

double rst_evaluation_full_step(struct rst_evaluations *evaluations, const struct rst_motion *motion) {
  const struct rst_motion_parameters *parameters = &motion->parameters;
  const double factor = rst_schedule_factor(&parameters->schedule, motion->iteration, motion->epoch);
  rst_field_axpy(parameters->scheme.weight_decay, motion->u, evaluations->gradient);
  return parameters->scheme.lr * factor * rst_field_norm(evaluations->gradient);
}

void rst_evaluation_values(const struct rst_evaluations *evaluations, const struct rst_evaluation *evaluation,
                           double values[RST_EVALUATIONS]) {
  for (size_t i = 0; i < KINDS; ++i) {
    if (is_there(evaluations, i)) {
      *values++ = *(const double *)((const char *)evaluation + kinds[i].offset);
    }
  }
}
