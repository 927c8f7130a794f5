/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/series_list.h"

#include "core/core.h"

/* Whether a state is a plane over y and x. */
static bool is_plane(const struct rst_layout *state) {
  return state->tensor_count == 1 && state->tensors->rank <= 2;
}

/* Have `*list` take one more of `size` bytes. */
static enum rst_status reserve(struct rst_context *context, void *list, size_t count, size_t *capacity,
                               size_t size) {
  enum { FEWEST = 32 };
  void *old = *(void **)list;
  if (count < *capacity) {
    return RST_OK;
  }
  void *grown = realloc(old, (2 * *capacity + FEWEST) * size);
  RST_REQUIRE(context, grown, RST_ERROR_MEMORY, "memory is exhausted");
  *(void **)list = grown;
  *capacity = 2 * *capacity + FEWEST;
  return RST_OK;
}

/* "a<separator>b", kept by the list. */
static enum rst_status join(struct rst_series_list *list, const char *a, const char *separator, const char *b,
                            const char **text) {
  char *made = NULL;
  RST_TRY(reserve(list->context, &list->texts, list->text_count, &list->text_capacity, sizeof *list->texts));
  RST_TRY(rst_format(list->context, &made, "%s%s%s", a, separator, b));
  list->texts[list->text_count++] = made;
  *text = made;
  return RST_OK;
}

static struct rst_axis place_axis(const char *name, const char *long_name, size_t count, double spacing) {
  return (struct rst_axis){.variable = {name, long_name, "1"}, .count = count, .step = spacing};
}

static struct rst_axis number_axis(const char *name, const char *long_name, size_t count, double first) {
  return (struct rst_axis){.variable = {name, long_name, "1"},
                           .count = count,
                           .numbers = RST_NUMBERS_INT64,
                           .first = first,
                           .step = 1};
}

/* Axes that are no places have no spacing. */
static struct rst_axis tensor_axis(const struct rst_tensor *tensor, int axis) {
  static const struct {
    const char *name, *long_name;
    bool is_place;
  } known[][RST_TENSOR_MOST_AXES] = {
      {{"out", "output channel", false}},
      {{"out", "output channel", false}, {"in", "input channel", false}},
      {{"c", "channel", false}, {"y", "position along y", true}, {"x", "position along x", true}},
      {{"out", "output channel", false},
       {"in", "input channel", false},
       {"y", "position along y", true},
       {"x", "position along x", true}},
  };
  const char *name = known[tensor->rank - 1][axis].name;
  const char *long_name = known[tensor->rank - 1][axis].long_name;
  return known[tensor->rank - 1][axis].is_place
             ? place_axis(name, long_name, tensor->dims[axis], tensor->spacing)
             : number_axis(name, long_name, tensor->dims[axis], 0);
}

static enum rst_status list_tensor_axes(struct rst_series_list *list, const struct rst_layout *layout,
                                        struct rst_axis (*axes)[RST_TENSOR_MOST_AXES]) {
  for (size_t t = 0; t < layout->tensor_count; ++t) {
    for (int axis = 0; axis < layout->tensors[t].rank; ++axis) {
      struct rst_axis *made = &axes[t][axis];
      *made = tensor_axis(&layout->tensors[t], axis);
      RST_TRY(join(list, layout->tensors[t].name, ".", made->variable.name, &made->variable.name));
    }
  }
  return RST_OK;
}

static struct rst_axis wave_axis(const char *name, const char *long_name, size_t n, double spacing) {
  const double turn = 6.28318530717958647693;
  const size_t below_zero = n / 2;
  struct rst_axis axis = place_axis(name, long_name, n, turn / (spacing * (double)n));
  axis.first = -axis.step * (double)below_zero;
  return axis;
}

static enum rst_status list_state_axes(struct rst_series_list *list) {
  const struct rst_layout *state = list->state;
  const double spacing = state->tensors->spacing;
  size_t ny = 0;
  size_t nx = 0;
  rst_tensor_plane_shape(state->tensors, &ny, &nx);
  RST_TRY(RST_NEW(list->context, state->tensor_count, &list->tensors));
  list->ky = wave_axis("ky", "angular wave number along y", ny, spacing);
  list->kx = wave_axis("kx", "angular wave number along x", nx, spacing);
  if (!is_plane(state)) {
    return list_tensor_axes(list, state, list->tensors);
  }
  list->tensors[0][0] = place_axis("y", "position along y", ny, spacing);
  list->tensors[0][1] = place_axis("x", "position along x", nx, spacing);
  return RST_OK;
}

/* An axis of names that the file has in any case. */
static void add_names(struct rst_series_list *list, const char *name, const char *long_name, size_t count,
                      const char *const *names, struct rst_axis *axis) {
  *axis = (struct rst_axis){
      .variable = {name, long_name, "1"}, .count = count, .numbers = RST_NUMBERS_LABELS, .values = names};
  list->axes[list->layout.axis_count++] = axis;
}

static enum rst_status list_layers(struct rst_series_list *list) {
  const struct rst_layout *state = list->state;
  RST_TRY(RST_NEW(list->context, state->layer_count + 1, &list->layers));
  for (size_t i = 0; i < state->layer_count; ++i) {
    list->layers[i] = state->layers[i].name;
  }
  add_names(list, "layer", "layer with parameters, from the input on", state->layer_count, list->layers,
            &list->layer);
  return RST_OK;
}

static enum rst_status list_event_tensors(struct rst_series_list *list) {
  const struct rst_layout *state = list->state;
  RST_TRY(RST_NEW(list->context, state->tensor_count + 1, &list->event_tensors));
  for (size_t i = 0; i < state->tensor_count; ++i) {
    list->event_tensors[i] = state->tensors[i].name;
  }
  add_names(list, "tensor", "tensor of the state", state->tensor_count, list->event_tensors,
            &list->event_tensor);
  list->layout.event_tensors = &list->event_tensor;
  return RST_OK;
}

/* Labels of twins are texts. */
static void list_members(struct rst_series_list *list, const struct rst_series_options *options) {
  list->twin =
      (struct rst_axis){.variable = {"twin", "what the twin differs in: its divisor, precision or ulp", "1"},
                        .count = options->twin_count,
                        .numbers = RST_NUMBERS_LABELS,
                        .values = options->twins};
  list->exponent = number_axis("exponent", "number of the Lyapunov exponent, the largest first",
                               options->exponent_count, 1);
  list->member =
      number_axis("member", "number of the member of the ensemble, 0 for the run", options->member_count, 0);
  list->quantile = (struct rst_axis){.variable = {"quantile", "share of the members at or below", "1"},
                                     .count = options->quantile_count,
                                     .values = options->quantiles};
  list->direction = number_axis("direction", "direction in the space of states", options->direction_count, 0);
  list->other_direction = number_axis("other_direction", "direction in the space of states, the other one",
                                      options->direction_count, 0);
  const struct rst_axis *const axes[] = {&list->twin,     &list->exponent,  &list->member,
                                         &list->quantile, &list->direction, &list->other_direction};
  list->layout.axes = list->axes;
  for (size_t i = 0; i < sizeof axes / sizeof *axes; ++i) {
    if (axes[i]->count > 0) {
      list->axes[list->layout.axis_count++] = axes[i];
    }
  }
}

enum rst_status rst_series_list_create(struct rst_context *context, const struct rst_layout *state,
                                       const struct rst_series_options *options,
                                       struct rst_series_list *list) {
  *list = (struct rst_series_list){.context = context,
                                   .state = state,
                                   .layout = {.precision = options->precision,
                                              .every = options->every,
                                              .has_events = options->has_events}};
  list_members(list, options);
  enum rst_status status = list_state_axes(list);
  if (status == RST_OK && options->has_layers) {
    status = list_layers(list);
  }
  if (status == RST_OK && options->has_events && state->tensor_count > 1) {
    status = list_event_tensors(list);
  }
  if (status != RST_OK) {
    rst_series_list_clear(list);
  }
  return status;
}

void rst_series_list_clear(struct rst_series_list *list) {
  for (size_t i = 0; i < list->text_count; ++i) {
    free(list->texts[i]);
  }
  free((void *)list->texts);
  free(list->series);
  free((void *)list->layers);
  free((void *)list->event_tensors);
  free(list->tensors);
  free(list->averages);
  *list = (struct rst_series_list){0};
}

static enum rst_status append(struct rst_series_list *list, const struct rst_series *series) {
  struct rst_run_layout *layout = &list->layout;
  RST_TRY(reserve(list->context, &list->series, layout->count, &list->capacity, sizeof *series));
  list->series[layout->count++] = *series;
  layout->series = list->series;
  return RST_OK;
}

enum rst_status rst_series_list_add(struct rst_series_list *list, const struct rst_variable *variable,
                                    enum rst_entry entry, const struct rst_axis *axis) {
  const struct rst_series series = {
      .variable = *variable, .entry = entry, .rank = axis ? 1 : 0, .axes = {axis}};
  RST_REQUIRE(list->context, !axis || axis->count > 0, RST_ERROR_ARGUMENT,
              "/%s has values for each %s, and there is none", variable->name, axis->variable.name);
  return append(list, &series);
}

enum rst_status rst_series_list_add_to_tensors(struct rst_series_list *list,
                                               const struct rst_variable *variable,
                                               const struct rst_axis *axis) {
  for (size_t i = 0; i < list->state->tensor_count; ++i) {
    struct rst_variable named = *variable;
    if (list->state->tensor_count > 1) {
      RST_TRY(join(list, variable->name, "/", list->state->tensors[i].name, &named.name));
    }
    RST_TRY(rst_series_list_add(list, &named, RST_AT_ITERATION, axis));
  }
  return RST_OK;
}

/* One tensor of a field that is called `shown`. */
static enum rst_status add_tensor(struct rst_series_list *list, const struct rst_variable *variable,
                                  const char *shown, bool is_state, size_t index) {
  const struct rst_tensor *tensor = &list->state->tensors[index];
  const bool plane = is_plane(list->state);
  struct rst_series series = {.variable = *variable,
                              .entry = RST_AT_SNAPSHOT,
                              .rank = plane ? 2 : tensor->rank,
                              .grid = tensor->name,
                              .shown = shown};
  series.variable.name = is_state ? tensor->name : shown;
  for (int axis = 0; axis < series.rank; ++axis) {
    series.axes[axis] = &list->tensors[index][axis];
  }
  if (!is_state && list->state->tensor_count > 1) {
    RST_TRY(join(list, shown, "/", tensor->name, &series.variable.name));
  }
  if (!plane && tensor->long_name) {
    RST_TRY(join(list, variable->long_name, ": ", tensor->long_name, &series.variable.long_name));
  }
  return append(list, &series);
}

enum rst_status rst_series_list_add_state(struct rst_series_list *list, const struct rst_variable *variable) {
  for (size_t i = 0; i < list->state->tensor_count; ++i) {
    RST_TRY(add_tensor(list, variable, variable->name, true, i));
  }
  return RST_OK;
}

enum rst_status rst_series_list_add_field(struct rst_series_list *list, const struct rst_variable *variable,
                                          const char *label) {
  const char *shown = variable->name;
  if (label) {
    RST_TRY(join(list, shown, "_", label, &shown));
  }
  for (size_t i = 0; i < list->state->tensor_count; ++i) {
    RST_TRY(add_tensor(list, variable, shown, false, i));
  }
  return RST_OK;
}

enum rst_status rst_series_list_add_averages(struct rst_series_list *list,
                                             const struct rst_variable *variable,
                                             const struct rst_layout *averages) {
  RST_TRY(RST_NEW(list->context, averages->tensor_count, &list->averages));
  RST_TRY(list_tensor_axes(list, averages, list->averages));
  for (size_t i = 0; i < averages->tensor_count; ++i) {
    const struct rst_tensor *tensor = &averages->tensors[i];
    const struct rst_series series = {.variable = {tensor->name, tensor->long_name, variable->units},
                                      .entry = RST_AT_SNAPSHOT,
                                      .rank = tensor->rank,
                                      .axes = {&list->averages[i][0]},
                                      .grid = tensor->name,
                                      .shown = variable->name,
                                      .sidecar = RST_SIDECAR_AVERAGES};
    RST_TRY(append(list, &series));
  }
  return RST_OK;
}

/* Of `count` planes, one below the other. */
static struct rst_series series_of_planes(struct rst_series_list *list, const struct rst_variable *variable,
                                          enum rst_entry entry, const struct rst_axis axes[2], size_t count) {
  struct rst_series series = {
      .variable = *variable, .entry = entry, .grid = variable->name, .shown = variable->name};
  if (count > 1) {
    list->example = number_axis("example", "number of the image, as the case lists them", count, 0);
    series.axes[series.rank++] = &list->example;
  }
  series.axes[series.rank++] = &axes[0];
  series.axes[series.rank++] = &axes[1];
  return series;
}

enum rst_status rst_series_list_add_images(struct rst_series_list *list, const struct rst_variable *variable,
                                           const struct rst_field *images, size_t count, bool on_grid) {
  list->image[0] = place_axis("image.y", "position along y in the image", images->ny / count, 1);
  list->image[1] = place_axis("image.x", "position along x in the image", images->nx, 1);
  struct rst_series series =
      series_of_planes(list, variable, RST_AT_START, on_grid ? list->tensors[0] : list->image, count);
  series.values = images->data;
  series.sidecar = on_grid ? RST_SIDECAR_STATE : RST_SIDECAR_IMAGE;
  return append(list, &series);
}

enum rst_status rst_series_list_add_responses(struct rst_series_list *list,
                                              const struct rst_variable *variable,
                                              const struct rst_field *responses, size_t count, size_t ky,
                                              size_t kx) {
  list->response[0] = place_axis("response.y", "position along y in the image, of the middle of the kernel",
                                 responses->ny / count, 1);
  list->response[1] = place_axis("response.x", "position along x in the image, of the middle of the kernel",
                                 responses->nx, 1);
  list->response[0].first = ((double)ky - 1) / 2;
  list->response[1].first = ((double)kx - 1) / 2;
  struct rst_series series = series_of_planes(list, variable, RST_AT_SNAPSHOT, list->response, count);
  series.sidecar = RST_SIDECAR_RESPONSE;
  return append(list, &series);
}

enum rst_status rst_series_list_add_spectrum(struct rst_series_list *list,
                                             const struct rst_variable *variable) {
  const struct rst_series series = {.variable = *variable,
                                    .entry = RST_AT_SNAPSHOT,
                                    .rank = 2,
                                    .axes = {&list->ky, &list->kx},
                                    .grid = "spectrum",
                                    .shown = variable->name,
                                    .sidecar = RST_SIDECAR_SPECTRUM};
  return append(list, &series);
}

enum rst_status rst_series_list_add_covariance(struct rst_series_list *list,
                                               const struct rst_variable *variable) {
  const struct rst_series series = {.variable = *variable,
                                    .entry = RST_AT_SNAPSHOT,
                                    .rank = 2,
                                    .axes = {&list->direction, &list->other_direction},
                                    .grid = "directions",
                                    .shown = variable->name,
                                    .sidecar = RST_SIDECAR_DIRECTIONS};
  return append(list, &series);
}
