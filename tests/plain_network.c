/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plain_network.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

/* [count][channels][ny][nx] */
struct maps {
  size_t count, channels, ny, nx;
  double *x;
};

/* Where parameters come from. */
struct state {
  const struct rst_layout *layout;
  const struct rst_field *u;
};

static struct maps make(size_t count, size_t channels, size_t ny, size_t nx) {
  return (struct maps){count, channels, ny, nx, calloc(count * channels * ny * nx, sizeof(double))};
}

static double *place(const struct maps *maps, size_t i, size_t c, size_t y, size_t x) {
  return &maps->x[((i * maps->channels + c) * maps->ny + y) * maps->nx + x];
}

/* Number `index` of the tensor "path.name"; `otherwise` if there is none. */
static double parameter(const struct state *state, const char *path, const char *name, size_t index,
                        double otherwise) {
  char full[64];
  ck_assert_int_lt(snprintf(full, sizeof full, "%s.%s", path, name), (int)sizeof full);
  for (size_t t = 0; t < state->layout->tensor_count; ++t) {
    if (strcmp(state->layout->tensors[t].name, full) == 0) {
      return rst_field_get(state->u, 0, state->layout->tensors[t].offset + index);
    }
  }
  return otherwise;
}

/* Of the input with its margins; at (y, x), which may lie outside. */
static double padded(const struct maps *in, enum rst_padding padding, size_t i, size_t c, long y, long x) {
  const long ny = (long)in->ny;
  const long nx = (long)in->nx;
  if (padding == RST_PADDING_PERIODIC) {
    return *place(in, i, c, (size_t)(((y % ny) + ny) % ny), (size_t)(((x % nx) + nx) % nx));
  }
  return y < 0 || x < 0 || y >= ny || x >= nx ? 0.0 : *place(in, i, c, (size_t)y, (size_t)x);
}

static struct maps convolve(const struct state *state, const char *path,
                            const struct rst_layer_parameters *layer, const struct maps *in) {
  const size_t k = layer->kernel;
  const size_t margin = layer->padding == RST_PADDING_VALID ? 0 : k - 1;
  const long before = (long)(margin / 2);
  struct maps out = make(in->count, layer->channels, (in->ny + margin - k) / layer->stride + 1,
                         (in->nx + margin - k) / layer->stride + 1);
  for (size_t at = 0; at < out.count * out.channels * out.ny * out.nx; ++at) {
    const size_t x = at % out.nx;
    const size_t y = at / out.nx % out.ny;
    const size_t o = at / (out.nx * out.ny) % out.channels;
    const size_t i = at / (out.nx * out.ny * out.channels);
    out.x[at] = parameter(state, path, "bias", o, 0.0);
    for (size_t tap = 0; tap < in->channels * k * k; ++tap) {
      const long row = (long)(y * layer->stride + tap / k % k) - before;
      const long column = (long)(x * layer->stride + tap % k) - before;
      out.x[at] += parameter(state, path, "weight", o * in->channels * k * k + tap, NAN) *
                   padded(in, layer->padding, i, tap / (k * k), row, column);
    }
  }
  return out;
}

static struct maps dense(const struct state *state, const char *path,
                         const struct rst_layer_parameters *layer, const struct maps *in) {
  const size_t inputs = in->channels * in->ny * in->nx;
  struct maps out = make(in->count, layer->units, 1, 1);
  for (size_t i = 0; i < in->count; ++i) {
    for (size_t o = 0; o < layer->units; ++o) {
      double *to = place(&out, i, o, 0, 0);
      *to = parameter(state, path, "bias", o, 0.0);
      for (size_t j = 0; j < inputs; ++j) {
        *to += parameter(state, path, "weight", o * inputs + j, NAN) * in->x[i * inputs + j];
      }
    }
  }
  return out;
}

static struct maps average(const struct maps *in, size_t ny, size_t nx) {
  struct maps out = make(in->count, in->channels, in->ny / ny, in->nx / nx);
  for (size_t i = 0; i < in->count; ++i) {
    for (size_t c = 0; c < in->channels; ++c) {
      for (size_t y = 0; y < out.ny * ny; ++y) {
        for (size_t x = 0; x < out.nx * nx; ++x) {
          *place(&out, i, c, y / ny, x / nx) += *place(in, i, c, y, x) / (double)(ny * nx);
        }
      }
    }
  }
  return out;
}

/* Whether point b belongs to the statistics of point a. */
static bool together(const struct rst_layer_parameters *layer, const struct maps *maps, size_t a, size_t b) {
  const size_t positions = maps->ny * maps->nx;
  assert(positions > 0 && maps->channels > 0);
  const size_t channel[] = {a / positions % maps->channels, b / positions % maps->channels};
  const size_t example[] = {a / positions / maps->channels, b / positions / maps->channels};
  if (layer->normalisation.kind == RST_NORMALISATION_BATCH) {
    return channel[0] == channel[1];
  }
  const size_t channels = maps->channels / layer->normalisation.groups;
  return example[0] == example[1] && channel[0] / channels == channel[1] / channels;
}

static void normalise(const struct state *state, const char *path, const struct rst_layer_parameters *layer,
                      struct maps *maps) {
  const size_t points = maps->count * maps->channels * maps->ny * maps->nx;
  double *old = malloc((points + 1) * sizeof *old);
  ck_assert_ptr_nonnull(old);
  memcpy(old, maps->x, points * sizeof *old);
  for (size_t a = 0; layer->normalisation.kind != RST_NORMALISATION_NONE && a < points; ++a) {
    double count = 0.0;
    double sum = 0.0;
    double squares = 0.0;
    for (size_t b = 0; b < points; ++b) {
      count += together(layer, maps, a, b) ? 1.0 : 0.0;
      sum += together(layer, maps, a, b) ? old[b] : 0.0;
    }
    for (size_t b = 0; b < points; ++b) {
      const double deviation = old[b] - sum / count;
      squares += together(layer, maps, a, b) ? deviation * deviation : 0.0;
    }
    const size_t channel = a / (maps->ny * maps->nx) % maps->channels;
    maps->x[a] = parameter(state, path, "norm.weight", channel, 1.0) * (old[a] - sum / count) /
                     sqrt(squares / count + 1e-5) +
                 parameter(state, path, "norm.bias", channel, 0.0);
  }
  free(old);
}

static void activate(const struct rst_layer_parameters *layer, struct maps *maps) {
  struct rst_field field = {RST_PRECISION_DOUBLE, 1, maps->count * maps->channels * maps->ny * maps->nx,
                            maps->x};
  if (layer->activation.kind) {
    rst_activation_evaluate(NULL, rst_activation_find(layer->activation.kind), layer->activation.beta, &field,
                            &field, NULL, NULL, NULL);
  }
}

static struct maps run_layers(const struct state *state, const char *prefix,
                              const struct rst_layer_parameters *layers, size_t count,
                              const struct maps *from);

static struct maps residual(const struct state *state, const char *path,
                            const struct rst_layer_parameters *layer, const struct maps *in) {
  char prefix[64];
  ck_assert_int_lt(snprintf(prefix, sizeof prefix, "%s.", path), (int)sizeof prefix);
  struct maps sum = run_layers(state, prefix, layer->layers, layer->layer_count, in);
  const size_t stride = (in->ny + sum.ny - 1) / sum.ny;
  for (size_t i = 0; i < in->count; ++i) {
    for (size_t c = 0; c < in->channels; ++c) {
      for (size_t y = 0; y < sum.ny; ++y) {
        for (size_t x = 0; x < sum.nx; ++x) {
          *place(&sum, i, c, y, x) += *place(in, i, c, y * stride, x * stride);
        }
      }
    }
  }
  return sum;
}

static struct maps run_layer(const struct state *state, const char *path,
                             const struct rst_layer_parameters *layer, const struct maps *in) {
  struct maps out = strcmp(layer->kind, "conv") == 0    ? convolve(state, path, layer, in)
                    : strcmp(layer->kind, "dense") == 0 ? dense(state, path, layer, in)
                    : strcmp(layer->kind, "pool") == 0  ? average(in, layer->size, layer->size)
                    : strcmp(layer->kind, "mean") == 0  ? average(in, in->ny, in->nx)
                                                        : residual(state, path, layer, in);
  normalise(state, path, layer, &out);
  activate(layer, &out);
  return out;
}

static struct maps run_layers(const struct state *state, const char *prefix,
                              const struct rst_layer_parameters *layers, size_t count,
                              const struct maps *from) {
  struct maps maps = *from;
  for (size_t i = 0; i < count; ++i) {
    char path[64];
    ck_assert_int_lt(snprintf(path, sizeof path, "%s%zu", prefix, i), (int)sizeof path);
    const struct maps next = run_layer(state, path, &layers[i], &maps);
    if (i > 0) {
      free(maps.x);
    }
    maps = next;
  }
  return maps;
}

static double loss(enum rst_loss kind, size_t outputs, const double *f, int label) {
  double sum = 0.0;
  for (size_t k = 0; k < outputs; ++k) {
    const double target = outputs == 1 ? label : k == (size_t)label;
    sum += kind == RST_LOSS_MEAN_SQUARE ? 0.5 * (f[k] - target) * (f[k] - target) : exp(f[k]);
  }
  return kind == RST_LOSS_MEAN_SQUARE     ? sum
         : kind == RST_LOSS_CROSS_ENTROPY ? log(sum) - f[label]
                                          : log(1.0 + exp(label == 1 ? -f[0] : f[0]));
}

double rst_test_plain_network(struct rst_context *context, const struct rst_network_parameters *parameters,
                              const struct rst_layout *layout, const struct rst_field *u) {
  struct rst_examples *examples = NULL;
  RST_TEST_OK(context, rst_examples_create(context, &parameters->train, NULL, &examples));
  const struct rst_examples_shape shape = rst_examples_shape(examples);
  struct maps in = make(shape.count, shape.channels, shape.ny, shape.nx);
  struct rst_field rows = {RST_PRECISION_DOUBLE, shape.count, shape.channels * shape.ny * shape.nx, in.x};
  rst_examples_copy(examples, NULL, 0, shape.count, &rows);
  const struct state state = {layout, u};
  assert(parameters->layer_count > 0);
  const struct maps out = run_layers(&state, "", parameters->layers, parameters->layer_count, &in);
  const size_t outputs = out.channels * out.ny * out.nx;
  double sum = 0.0;
  for (size_t i = 0; i < shape.count; ++i) {
    sum += loss(parameters->loss, outputs, out.x + i * outputs, rst_examples_labels(examples)[i]);
  }
  free(in.x);
  free(out.x);
  rst_examples_destroy(&examples);
  return sum / (double)shape.count;
}
