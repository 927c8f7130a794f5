/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/layers.h"

#include <math.h>
#include <string.h>

/* Sizes whose products and sums below stay exact. */
static const double most_points = 1e12;

/* Room for one more element of an array that grows. */
static enum rst_status make_room(struct rst_context *context, size_t count, size_t size, size_t *capacity,
                                 void *array) {
  void *old = NULL;
  void *grown = NULL;
  memcpy(&old, array, sizeof old);
  if (count < *capacity) {
    return RST_OK;
  }
  RST_TRY(rst_allocate(context, 2 * count + 8, size, &grown));
  if (count > 0) {
    memcpy(grown, old, count * size);
  }
  free(old);
  memcpy(array, &grown, sizeof grown);
  *capacity = 2 * count + 8;
  return RST_OK;
}

/* A text that lives as long as the network. */
static enum rst_status keep(struct rst_builder *builder, char *text, const char **kept) {
  struct rst_network *network = builder->network;
  const enum rst_status status = make_room(network->context, network->text_count, sizeof *network->texts,
                                           &builder->text_capacity, &network->texts);
  if (status != RST_OK) {
    free(text);
    return status;
  }
  network->texts[network->text_count++] = text;
  *kept = text;
  return RST_OK;
}

static enum rst_status name_tensor(struct rst_builder *builder, const char *path, const char *name,
                                   const char *what, struct rst_tensor *tensor) {
  struct rst_context *context = builder->network->context;
  char *text = NULL;
  RST_TRY(rst_format(context, &text, "%s.%s", path, name));
  RST_TRY(keep(builder, text, &tensor->name));
  RST_TRY(rst_format(context, &text, "%s of layer %s", what, path));
  return keep(builder, text, &tensor->long_name);
}

/* Append running averages `name` of layer `path`. */
static enum rst_status add_average_of(struct rst_builder *builder, const char *path, const char *name,
                                      const char *what, size_t count) {
  struct rst_network *network = builder->network;
  struct rst_layout *averages = &network->averages;
  struct rst_tensor tensor = {.rank = 1, .dims = {count}, .offset = averages->count, .spacing = 1.0};
  RST_TRY(name_tensor(builder, path, name, what, &tensor));
  RST_TRY(make_room(network->context, averages->tensor_count, sizeof *network->average_tensors,
                    &builder->average_capacity, &network->average_tensors));
  network->average_tensors[averages->tensor_count++] = tensor;
  averages->tensors = network->average_tensors;
  averages->count += count;
  return RST_OK;
}

/* Append a tensor `name` of layer `path`; its offset. */
static enum rst_status add_tensor(struct rst_builder *builder, const char *path, const char *name,
                                  const char *what, int rank, const size_t dims[RST_TENSOR_MOST_AXES],
                                  size_t *offset) {
  struct rst_network *network = builder->network;
  struct rst_tensor tensor = {.rank = rank, .offset = network->layout.count, .spacing = 1.0};
  RST_TRY(name_tensor(builder, path, name, what, &tensor));
  memcpy(tensor.dims, dims, (size_t)rank * sizeof *dims);
  RST_TRY(make_room(network->context, network->layout.tensor_count, sizeof *network->tensors,
                    &builder->tensor_capacity, &network->tensors));
  double numbers = (double)network->layout.count;
  double count = 1.0;
  for (int axis = 0; axis < rank; ++axis) {
    count *= (double)dims[axis];
  }
  numbers += count;
  RST_REQUIRE(network->context, numbers <= most_points, RST_ERROR_ARGUMENT,
              "layer %s: the network would have %g parameters; make it smaller", path, numbers);
  network->tensors[network->layout.tensor_count++] = tensor;
  network->layout.tensors = network->tensors;
  network->layout.count += rst_tensor_count(&tensor);
  *offset = tensor.offset;
  return RST_OK;
}

static enum rst_status add_vector(struct rst_builder *builder, const char *path, const char *name,
                                  const char *what, size_t count, size_t *offset) {
  const size_t dims[RST_TENSOR_MOST_AXES] = {count};
  return add_tensor(builder, path, name, what, 1, dims, offset);
}

/* A layer with parameters begins, whose correlation comes next. */
static enum rst_status begin_layer(struct rst_builder *builder, const char *path) {
  struct rst_network *network = builder->network;
  struct rst_layer layer = {.offset = network->layout.count};
  const struct rst_layer_operations operations = {.first = network->operation_count};
  const size_t count = network->layout.layer_count;
  char *text = NULL;
  RST_TRY(rst_format(network->context, &text, "%s", path));
  RST_TRY(keep(builder, text, &layer.name));
  RST_TRY(make_room(network->context, count, sizeof layer, &builder->layer_capacity, &network->layers));
  RST_TRY(make_room(network->context, count, sizeof operations, &builder->layer_operation_capacity,
                    &network->layer_operations));
  network->layers[count] = layer;
  network->layer_operations[count] = operations;
  network->layout.layers = network->layers;
  network->layout.layer_count += 1;
  return RST_OK;
}

static void end_layer(struct rst_builder *builder) {
  struct rst_network *network = builder->network;
  const size_t last = network->layout.layer_count - 1;
  network->layers[last].count = network->layout.count - network->layers[last].offset;
  network->layer_operations[last].last = network->operation_count - 1;
}

/* Append an operation on what the last one put out, to maps of the shape operation.out. */
static enum rst_status add_operation(struct rst_builder *builder, const char *path,
                                     struct rst_operation operation) {
  struct rst_network *network = builder->network;
  const struct rst_map_shape out = operation.out;
  const double points = (double)out.channels * (double)out.ny * (double)out.nx + (double)network->maps;
  RST_REQUIRE(network->context, points <= most_points, RST_ERROR_ARGUMENT,
              "layer %s: an example would have %g numbers in the network; make it smaller", path, points);
  RST_TRY(make_room(network->context, network->operation_count, sizeof *network->operations,
                    &builder->operation_capacity, &network->operations));
  operation.in = builder->shape;
  operation.input = builder->at;
  operation.output = network->maps;
  operation.first = builder->at == 0;
  operation.notes = network->notes;
  const struct rst_operation_type *type = rst_operation_type(network->precision, operation.kind);
  const size_t scratch = type->scratch ? type->scratch(&operation) : 0;
  network->operations[network->operation_count++] = operation;
  network->maps += rst_map_points(out);
  network->notes += type->notes ? type->notes(&operation) : 0;
  network->scratch = network->scratch > scratch ? network->scratch : scratch;
  builder->at = operation.output;
  builder->shape = out;
  return RST_OK;
}

static enum rst_status add_activation(struct rst_builder *builder, const char *path,
                                      const struct rst_layer_parameters *layer) {
  struct rst_context *context = builder->network->context;
  const struct rst_activation *activation = rst_activation_find(layer->activation.kind);
  if (!activation) {
    return rst_fail_unknown(context, "activation", layer->activation.kind, rst_activation_names());
  }
  RST_REQUIRE(context, isfinite(layer->activation.beta), RST_ERROR_ARGUMENT,
              "layer %s: the activation's beta is %g; it must be finite", path, layer->activation.beta);
  if (strcmp(layer->activation.kind, "identity") == 0) {
    return RST_OK;
  }
  return add_operation(builder, path,
                       (struct rst_operation){.kind = RST_OPERATION_ACTIVATE,
                                              .out = builder->shape,
                                              .activate = {activation, layer->activation.beta}});
}

static enum rst_status add_normalisation(struct rst_builder *builder, const char *path,
                                         const struct rst_layer_parameters *layer) {
  struct rst_context *context = builder->network->context;
  const bool batch = layer->normalisation.kind == RST_NORMALISATION_BATCH;
  const size_t channels = builder->shape.channels;
  const size_t groups = batch ? channels : layer->normalisation.groups;
  struct rst_operation operation = {.kind = RST_OPERATION_NORMALISE,
                                    .out = builder->shape,
                                    .weight = RST_ABSENT,
                                    .bias = RST_ABSENT,
                                    .normalise = {.groups = groups, .batch = batch}};
  if (layer->normalisation.kind == RST_NORMALISATION_NONE) {
    return RST_OK;
  }
  RST_REQUIRE(context, groups > 0 && channels % groups == 0, RST_ERROR_ARGUMENT,
              "layer %s: %zu channels are no whole number of %zu groups", path, channels, groups);
  if (layer->normalisation.affine) {
    RST_TRY(add_vector(builder, path, "norm.weight", "weights of the normalisation", channels,
                       &operation.weight));
    RST_TRY(add_vector(builder, path, "norm.bias", "biases of the normalisation", channels, &operation.bias));
  }
  if (batch) {
    builder->network->whole = true;
    operation.normalise.first = builder->network->averages.count;
    RST_TRY(
        add_average_of(builder, path, "norm.running_mean", "running means of the normalisation", channels));
    RST_TRY(add_average_of(builder, path, "norm.running_var", "running variances of the normalisation",
                           channels));
  }
  return add_operation(builder, path, operation);
}

static enum rst_status build_conv(struct rst_builder *builder, const char *path,
                                  const struct rst_layer_parameters *layer) {
  struct rst_context *context = builder->network->context;
  const struct rst_map_shape in = builder->shape;
  const size_t k = layer->kernel;
  const size_t margin = layer->padding == RST_PADDING_VALID ? 0 : k - 1;
  RST_REQUIRE(context, layer->channels > 0 && k > 0 && layer->stride > 0, RST_ERROR_ARGUMENT,
              "layer %s: it has %zu channels, %zu kernel points a side, stride %zu; each must be at least 1",
              path, layer->channels, k, layer->stride);
  RST_REQUIRE(context, (double)k <= most_points && k <= in.ny + margin && k <= in.nx + margin,
              RST_ERROR_ARGUMENT,
              "layer %s: its kernel of %zu x %zu is larger than its input of %zu x %zu; make it smaller",
              path, k, k, in.ny, in.nx);
  struct rst_operation operation = {.kind = RST_OPERATION_CONVOLVE,
                                    .out = {layer->channels, (in.ny + margin - k) / layer->stride + 1,
                                            (in.nx + margin - k) / layer->stride + 1},
                                    .bias = RST_ABSENT,
                                    .convolve = {k, layer->stride, layer->padding}};
  const size_t dims[RST_TENSOR_MOST_AXES] = {layer->channels, in.channels, k, k};
  RST_TRY(begin_layer(builder, path));
  RST_TRY(add_tensor(builder, path, "weight", "weights", RST_TENSOR_MOST_AXES, dims, &operation.weight));
  if (layer->bias) {
    RST_TRY(add_vector(builder, path, "bias", "biases", layer->channels, &operation.bias));
  }
  RST_TRY(add_operation(builder, path, operation));
  builder->stride *= layer->stride;
  RST_TRY(add_normalisation(builder, path, layer));
  RST_TRY(add_activation(builder, path, layer));
  end_layer(builder);
  return RST_OK;
}

static enum rst_status build_dense(struct rst_builder *builder, const char *path,
                                   const struct rst_layer_parameters *layer) {
  RST_REQUIRE(builder->network->context, layer->units > 0, RST_ERROR_ARGUMENT,
              "layer %s: it has no units; it needs at least 1", path);
  const size_t inputs = rst_map_points(builder->shape);
  struct rst_operation operation = {.kind = RST_OPERATION_CONVOLVE,
                                    .out = {layer->units, 1, 1},
                                    .bias = RST_ABSENT,
                                    .convolve = {1, 1, RST_PADDING_VALID}};
  const size_t dims[RST_TENSOR_MOST_AXES] = {layer->units, inputs};
  builder->shape = (struct rst_map_shape){inputs, 1, 1};
  RST_TRY(begin_layer(builder, path));
  RST_TRY(add_tensor(builder, path, "weight", "weights", 2, dims, &operation.weight));
  if (layer->bias) {
    RST_TRY(add_vector(builder, path, "bias", "biases", layer->units, &operation.bias));
  }
  RST_TRY(add_operation(builder, path, operation));
  RST_TRY(add_activation(builder, path, layer));
  end_layer(builder);
  return RST_OK;
}

static enum rst_status add_average(struct rst_builder *builder, const char *path, size_t ny, size_t nx) {
  const struct rst_map_shape in = builder->shape;
  return add_operation(builder, path,
                       (struct rst_operation){.kind = RST_OPERATION_AVERAGE,
                                              .out = {in.channels, in.ny / ny, in.nx / nx},
                                              .average = {ny, nx}});
}

static enum rst_status build_pool(struct rst_builder *builder, const char *path,
                                  const struct rst_layer_parameters *layer) {
  const struct rst_map_shape in = builder->shape;
  RST_REQUIRE(builder->network->context, layer->size > 0 && layer->size <= in.ny && layer->size <= in.nx,
              RST_ERROR_ARGUMENT, "layer %s: no block of %zu x %zu fits into its input of %zu x %zu", path,
              layer->size, layer->size, in.ny, in.nx);
  builder->stride *= layer->size;
  return add_average(builder, path, layer->size, layer->size);
}

static enum rst_status build_mean(struct rst_builder *builder, const char *path,
                                  const struct rst_layer_parameters *layer) {
  (void)layer;
  return add_average(builder, path, builder->shape.ny, builder->shape.nx);
}

static enum rst_status build_residual(struct rst_builder *builder, const char *path,
                                      const struct rst_layer_parameters *layer) {
  struct rst_context *context = builder->network->context;
  const struct rst_map_shape x = builder->shape;
  const size_t from = builder->at;
  const size_t outside = builder->stride;
  char *prefix = NULL;
  builder->stride = 1;
  RST_TRY(rst_format(context, &prefix, "%s.", path));
  const enum rst_status status = rst_build_layers(builder, prefix, layer->layers, layer->layer_count);
  free(prefix);
  RST_TRY(status);
  const struct rst_map_shape sum = builder->shape;
  const size_t stride = builder->stride;
  RST_REQUIRE(
      context, (x.ny - 1) / stride + 1 == sum.ny && (x.nx - 1) / stride + 1 == sum.nx, RST_ERROR_ARGUMENT,
      "layer %s: its layers make %zu x %zu points of %zu x %zu, which are not those that stride %zu takes; "
      "keep the size (boundary same or periodic) or change it by strides alone",
      path, sum.ny, sum.nx, x.ny, x.nx, stride);
  RST_REQUIRE(context, x.channels <= sum.channels, RST_ERROR_ARGUMENT,
              "layer %s: its layers make %zu channels of %zu; they may not make fewer", path, sum.channels,
              x.channels);
  builder->stride = outside * stride;
  RST_TRY(add_operation(builder, path,
                        (struct rst_operation){.kind = RST_OPERATION_SHORTCUT,
                                               .out = sum,
                                               .shortcut = {.from = from, .shape = x, .stride = stride}}));
  return add_activation(builder, path, layer);
}

/* Kinds of layers. */
struct layer_kind {
  enum rst_status (*build)(struct rst_builder *builder, const char *path,
                           const struct rst_layer_parameters *layer);
};

#define KIND(name) {build_##name},
static const struct layer_kind kinds[] = {RST_LAYER_LIST(KIND)};
#undef KIND

#define NAME(name) #name,
static const char *const names[] = {RST_LAYER_LIST(NAME) NULL};
#undef NAME

const char *const *rst_layer_names(void) {
  return names;
}

enum rst_status rst_build_layers(struct rst_builder *builder, const char *prefix,
                                 const struct rst_layer_parameters *layers, size_t count) {
  struct rst_context *context = builder->network->context;
  RST_REQUIRE(context, count > 0 && layers, RST_ERROR_ARGUMENT, "%s%s no layers; give at least one",
              *prefix ? "layer " : "the network has", *prefix ? prefix : "");
  for (size_t i = 0; i < count; ++i) {
    const int kind = rst_name_index(names, layers[i].kind);
    char *path = NULL;
    if (kind < 0) {
      return rst_fail_unknown(context, "kind of layer", layers[i].kind, names);
    }
    RST_TRY(rst_format(context, &path, "%s%zu", prefix, i));
    const enum rst_status status = kinds[kind].build(builder, path, &layers[i]);
    free(path);
    RST_TRY(status);
  }
  return RST_OK;
}
