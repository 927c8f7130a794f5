/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/observer.h"

#include <string.h>

#include "core/core.h"
#include "run/amplification.h"
#include "run/observables.h"
#include "run/sharpness.h"

/* A field of the file: one of a type, or one of its twins'. */
struct column {
  const struct rst_field_type *type;
  size_t member;
  char *name;                /* with the twin's label; NULL for the type's own */
  struct rst_field *scratch; /* NULL unless per twin */
  struct rst_field plane;    /* of the state that is exposed */
};

struct rst_observer {
  struct rst_context *context;
  const struct rst_layout *layout;
  size_t scalar_count, field_count;
  const struct rst_scalar_type **scalar;
  struct rst_variable *scalar_variables;
  enum rst_per *scalar_per;
  struct column *column;
  struct rst_variable *field_variables;
  enum rst_axes *field_axes;
  const char **labels; /* of the twins */
  size_t twin_count, exponent_count;
  const struct rst_motion *motion; /* borrowed, as the next */
  struct rst_twins *twins;
  struct rst_sharpness *sharpness, *lambda_min; /* NULL unless needed, as the next */
  struct rst_amplification *amplification;
  bool needs[RST_NEED_TWINS + 1];
};

static bool asked_for(const char *name, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(names[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static bool asks_for_scalar(const struct rst_case *run, const char *name) {
  return asked_for(name, run->output.scalars, run->output.scalar_count);
}

static bool asks_for_field(const struct rst_case *run, const char *name) {
  return asked_for(name, run->output.fields, run->output.field_count);
}

static enum rst_status find_needs(struct rst_observer *made, const struct rst_case *run) {
  made->needs[RST_NEED_TWINS] = run->twin_count > 0;
  for (size_t i = 0; i < rst_scalar_type_count; ++i) {
    const struct rst_scalar_type *type = &rst_scalar_types[i];
    const bool asked = asks_for_scalar(run, type->variable.name);
    RST_REQUIRE(
        made->context, !asked || type->need != RST_NEED_TWINS || run->twin_count > 0, RST_ERROR_ARGUMENT,
        "output.scalars asks for %s, but the case has no twins; add twins: [1, 3]", type->variable.name);
    made->needs[type->need] |= asked;
  }
  for (size_t i = 0; i < rst_field_type_count; ++i) {
    const struct rst_field_type *type = &rst_field_types[i];
    const bool asked = asks_for_field(run, type->variable.name);
    RST_REQUIRE(made->context, !asked || type->need != RST_NEED_TWINS || run->twin_count > 0,
                RST_ERROR_ARGUMENT, "output.fields asks for %s, but the case has no twins; add twins: [1, 3]",
                type->variable.name);
    made->needs[type->need] |= asked;
  }
  return RST_OK;
}

static bool is_recorded(const struct rst_observer *made, enum rst_when when, enum rst_need need, bool asked) {
  return when == RST_ALWAYS || asked || (when == RST_IMPLIED && made->needs[need]);
}

static enum rst_status choose_scalars(struct rst_observer *made, const struct rst_case *run) {
  RST_TRY(RST_NEW(made->context, rst_scalar_type_count, &made->scalar));
  RST_TRY(RST_NEW(made->context, rst_scalar_type_count, &made->scalar_variables));
  RST_TRY(RST_NEW(made->context, rst_scalar_type_count, &made->scalar_per));
  for (size_t i = 0; i < rst_scalar_type_count; ++i) {
    const struct rst_scalar_type *type = &rst_scalar_types[i];
    if (is_recorded(made, type->when, type->need, asks_for_scalar(run, type->variable.name))) {
      made->scalar[made->scalar_count] = type;
      made->scalar_per[made->scalar_count] = type->per;
      made->scalar_variables[made->scalar_count++] = type->variable;
    }
  }
  return RST_OK;
}

static enum rst_status add_column(struct rst_observer *made, const struct rst_field_type *type, size_t member,
                                  const struct rst_field *like) {
  struct column *column = &made->column[made->field_count];
  struct rst_variable *variable = &made->field_variables[made->field_count];
  *column = (struct column){.type = type, .member = member};
  *variable = type->variable;
  made->field_axes[made->field_count++] = type->axes;
  if (type->per == RST_PER_TWIN) {
    RST_TRY(rst_format(made->context, &column->name, "%s_%s", type->variable.name, made->labels[member]));
    variable->name = column->name;
    RST_TRY(rst_field_create_like(made->context, like, &column->scratch));
  }
  return RST_OK;
}

static enum rst_status choose_fields(struct rst_observer *made, const struct rst_case *run,
                                     const struct rst_field *like) {
  const size_t most = rst_field_type_count * (1 + run->twin_count);
  RST_TRY(RST_NEW(made->context, most, &made->column));
  RST_TRY(RST_NEW(made->context, most, &made->field_variables));
  RST_TRY(RST_NEW(made->context, most, &made->field_axes));
  for (size_t i = 0; i < rst_field_type_count; ++i) {
    const struct rst_field_type *type = &rst_field_types[i];
    if (is_recorded(made, type->when, type->need, asks_for_field(run, type->variable.name))) {
      const size_t members = type->per == RST_PER_TWIN ? run->twin_count : 1;
      for (size_t m = 0; m < members; ++m) {
        RST_TRY(add_column(made, type, m, like));
      }
    }
  }
  return RST_OK;
}

static enum rst_status list_labels(struct rst_observer *made, const struct rst_case *run) {
  RST_TRY(RST_NEW(made->context, run->twin_count + 1, &made->labels));
  for (size_t i = 0; i < run->twin_count; ++i) {
    made->labels[i] = run->twins[i].label;
  }
  made->twin_count = run->twin_count;
  made->exponent_count = made->needs[RST_NEED_PERTURBATIONS] ? run->tangent.exponents : 0;
  return RST_OK;
}

static enum rst_status create_instruments(struct rst_observer *made, const struct rst_case *run,
                                          struct rst_flow *flow) {
  if (made->needs[RST_NEED_SHARPNESS]) {
    RST_TRY(rst_sharpness_create(made->context, run, flow, RST_SPECTRUM_LARGEST, &made->sharpness));
  }
  if (made->needs[RST_NEED_LAMBDA_MIN]) {
    RST_TRY(rst_sharpness_create(made->context, run, flow, RST_SPECTRUM_SMALLEST, &made->lambda_min));
  }
  if (made->needs[RST_NEED_AMPLIFICATION]) {
    RST_TRY(rst_amplification_create(made->context, run, flow, &made->amplification));
  }
  return RST_OK;
}

static enum rst_status build(struct rst_observer *made, const struct rst_case *run, struct rst_flow *flow) {
  struct rst_field *like = NULL;
  made->layout = rst_flow_layout(flow);
  RST_TRY(find_needs(made, run));
  RST_TRY(list_labels(made, run));
  RST_TRY(choose_scalars(made, run));
  RST_TRY(rst_flow_create_state(made->context, flow, &like));
  const enum rst_status status = choose_fields(made, run, like);
  rst_field_destroy(&like);
  RST_TRY(status);
  return create_instruments(made, run, flow);
}

enum rst_status rst_observer_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, struct rst_observer **observer) {
  *observer = NULL;
  struct rst_observer *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->context = context;
  const enum rst_status status = build(made, run, flow);
  if (status != RST_OK) {
    rst_observer_destroy(&made);
    return status;
  }
  *observer = made;
  return RST_OK;
}

void rst_observer_destroy(struct rst_observer **observer) {
  struct rst_observer *gone = *observer;
  if (!gone) {
    return;
  }
  rst_sharpness_destroy(&gone->sharpness);
  rst_sharpness_destroy(&gone->lambda_min);
  rst_amplification_destroy(&gone->amplification);
  for (size_t i = 0; i < gone->field_count; ++i) {
    free(gone->column[i].name);
    rst_field_destroy(&gone->column[i].scratch);
  }
  free(gone->column);
  free(gone->field_variables);
  free(gone->field_axes);
  free(gone->scalar);
  free(gone->scalar_variables);
  free(gone->scalar_per);
  free(gone->labels);
  free(gone);
  *observer = NULL;
}

void rst_observer_watch(struct rst_observer *observer, struct rst_motion *motion, struct rst_twins *twins) {
  observer->motion = motion;
  observer->twins = twins;
}

static struct rst_view view_of(const struct rst_observer *observer,
                               const struct rst_observation *observation) {
  struct rst_view view = {.observation = observation, .motion = observer->motion, .twins = observer->twins};
  if (observer->twins) {
    view.comparison = rst_twins_comparison(observer->twins);
  }
  return view;
}

bool rst_observer_follows_perturbations(const struct rst_observer *observer) {
  return observer->needs[RST_NEED_PERTURBATIONS];
}

void rst_observer_list(const struct rst_observer *observer, struct rst_blocks *blocks) {
  if (observer->sharpness) {
    rst_blocks_add(blocks, rst_sharpness_state(observer->sharpness), "sharpness.vector");
  }
  if (observer->lambda_min) {
    rst_blocks_add(blocks, rst_sharpness_state(observer->lambda_min), "lambda_min.vector");
  }
}

void rst_observer_describe(const struct rst_observer *observer, struct rst_run_layout *layout) {
  layout->fields = observer->field_variables;
  layout->field_axes = observer->field_axes;
  layout->field_count = observer->field_count;
  layout->scalars = observer->scalar_variables;
  layout->scalar_per = observer->scalar_per;
  layout->scalar_count = observer->scalar_count;
  layout->twins = observer->labels;
  layout->twin_count = observer->twin_count;
  layout->exponent_count = observer->exponent_count;
  layout->has_events = observer->needs[RST_NEED_PERTURBATIONS];
}

static size_t members(const struct rst_observer *observer, enum rst_per per) {
  const size_t count[] = {[RST_PER_RUN] = 1,
                          [RST_PER_TWIN] = observer->twin_count,
                          [RST_PER_EXPONENT] = observer->exponent_count};
  return count[per];
}

void rst_observer_measure(struct rst_observer *observer, const struct rst_observation *observation,
                          double *values) {
  struct rst_view view = view_of(observer, observation);
  if (observer->sharpness) {
    rst_sharpness_measure(observer->sharpness, observation->iteration, observation->u, &view.sharpness,
                          &view.sharpness_residual);
    view.sharpness_limit = rst_sharpness_limit(observer->sharpness, observation->step_size);
  }
  if (observer->lambda_min) {
    double residual = 0.0;
    rst_sharpness_measure(observer->lambda_min, observation->iteration, observation->u, &view.lambda_min,
                          &residual);
  }
  for (size_t i = 0; i < observer->scalar_count; ++i) {
    for (size_t m = 0; m < members(observer, observer->scalar_per[i]); ++m) {
      *values++ = observer->scalar[i]->measure(&view, m);
    }
  }
}

enum rst_status rst_observer_expose(struct rst_observer *observer, const struct rst_observation *observation,
                                    const struct rst_field **fields) {
  struct rst_view view = view_of(observer, observation);
  if (observer->amplification) {
    RST_TRY(rst_amplification_measure(observer->amplification, observation->u, &view.amplification));
  }
  for (size_t i = 0; i < observer->field_count; ++i) {
    struct column *column = &observer->column[i];
    view.scratch = column->scratch;
    fields[i] = column->type->expose(&view, column->member);
    if (column->type->axes == RST_AXES_SPACE) {
      column->plane = rst_layout_plane(observer->layout, fields[i], 0, 0);
      fields[i] = &column->plane;
    }
  }
  return RST_OK;
}
