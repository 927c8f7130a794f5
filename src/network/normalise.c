/* SPDX-License-Identifier: GPL-3.0-or-later */
/* z = weight n + bias, n = r (x - mean x), r = 1/sqrt(var x + epsilon), with means and biased variances over a group: some
 * channels of an example, or one of the whole batch, at all positions. With g = weight z' and <> the mean over the group,
 *
 *     x'  = r (g - a - n b),                             a = <g>,   b = <g n>
 *     n.  = r (x. - d - n c),                            d = <x.>,  c = <n x.>;   r. = -r^2 c
 *     x'. = r (g. - a. - n b. - n. b) - r c x',          a. = <g.>, b. = <g. n + g n.>
 *
 * where g. = weight z'. + (direction of weight) z'. The two means of each pass are its notes.
 */
#include <assert.h>

#include "network/operation_lanes.h"

static const double epsilon = 1e-5;

enum { NOTES = 2 };

/* The notes of pass `pass` for a group, by lane; those of the forward pass are the mean, and the variance, later r. */
static real *note(const struct rst_operation *operation, const struct rst_slice *slice, enum rst_pass pass,
                  size_t which, size_t group) {
  const size_t row = (size_t)pass * NOTES + which;
  return lanes_of(slice->notes, operation->notes + row * operation->normalise.groups + group);
}

static size_t channels_of_group(const struct rst_operation *operation) {
  assert(operation->normalise.groups > 0);
  return operation->in.channels / operation->normalise.groups;
}

static size_t positions(const struct rst_operation *operation) {
  return operation->in.ny * operation->in.nx;
}

static real parameter(const void *state, size_t offset, size_t channel, real otherwise) {
  return offset == RST_ABSENT ? otherwise : ((const real *)state)[offset + channel];
}

/* What the passes know of a channel: all by lane, and from the channel's first position on. */
struct channel {
  size_t index, positions;
  const real *x, *dx, *dz, *dz_tangent; /* x., z', z'. */
  const real *mean, *r, *a, *b, *d, *c, *a_tangent, *b_tangent;
  real weight, weight_direction;
};

static struct channel channel_of(const struct rst_operation *operation, const struct rst_slice *slice,
                                 size_t index) {
  const size_t group = index / channels_of_group(operation);
  const size_t first = index * positions(operation) * LANES;
#define NOTE(pass, which) note(operation, slice, RST_PASS_##pass, which, group)
  return (struct channel){
      .index = index,
      .positions = positions(operation),
      .x = input_of(operation, slice, RST_VALUES) + first,
      .dx = input_of(operation, slice, RST_TANGENTS) + first,
      .dz = output_of(operation, slice, RST_ADJOINTS) + first,
      .dz_tangent = output_of(operation, slice, RST_ADJOINT_TANGENTS) + first,
      .mean = NOTE(FORWARD, 0),
      .r = NOTE(FORWARD, 1),
      .a = NOTE(BACKWARD, 0),
      .b = NOTE(BACKWARD, 1),
      .d = NOTE(TANGENT_FORWARD, 0),
      .c = NOTE(TANGENT_FORWARD, 1),
      .a_tangent = NOTE(TANGENT_BACKWARD, 0),
      .b_tangent = NOTE(TANGENT_BACKWARD, 1),
      .weight = parameter(slice->u, operation->weight, index, 1),
      .weight_direction = slice->v ? parameter(slice->v, operation->weight, index, 0) : 0,
  };
#undef NOTE
}

static real normal(const struct channel *channel, size_t i, size_t l) {
  return channel->r[l] * (channel->x[i] - channel->mean[l]);
}

static real normal_tangent(const struct channel *channel, size_t i, size_t l) {
  return channel->r[l] * (channel->dx[i] - channel->d[l] - normal(channel, i, l) * channel->c[l]);
}

static real slope_tangent(const struct channel *channel, size_t i) {
  return channel->weight * channel->dz_tangent[i] + channel->weight_direction * channel->dz[i];
}

/* The numbers that the notes of a pass but the first average. */
static void terms(const struct channel *channel, enum rst_pass pass, size_t i, size_t l, real term[NOTES]) {
  const real n = normal(channel, i, l);
  if (pass == RST_PASS_BACKWARD) {
    term[0] = channel->weight * channel->dz[i];
    term[1] = term[0] * n;
  } else if (pass == RST_PASS_TANGENT_FORWARD) {
    term[0] = channel->dx[i];
    term[1] = term[0] * n;
  } else {
    term[0] = slope_tangent(channel, i);
    term[1] = term[0] * n + channel->weight * channel->dz[i] * normal_tangent(channel, i, l);
  }
}

#define EACH_LANE(channel, i, l)                                                                             \
  for (size_t p = 0; p < (channel).positions; ++p)                                                           \
    for (size_t i = p * LANES, l = 0; l < LANES; ++l, ++i)

static void take_means(const struct rst_operation *operation, const struct rst_slice *slice,
                       enum rst_pass pass, size_t group) {
  const size_t channels = channels_of_group(operation);
  const double share = 1.0 / (double)(channels * positions(operation));
  double sum[NOTES][LANES] = {{0}};
  for (size_t c = 0; c < channels; ++c) {
    const struct channel channel = channel_of(operation, slice, group * channels + c);
    EACH_LANE(channel, i, l) {
      real term[NOTES];
      terms(&channel, pass, i, l, term);
      sum[0][l] += (double)term[0];
      sum[1][l] += (double)term[1];
    }
  }
  for (size_t which = 0; which < NOTES; ++which) {
    real *to = note(operation, slice, pass, which, group);
    for (size_t l = 0; l < LANES; ++l) {
      to[l] = (real)(share * sum[which][l]);
    }
  }
}

static void take_mean_and_variance(const struct rst_operation *operation, const struct rst_slice *slice,
                                   size_t group) {
  const size_t count = channels_of_group(operation) * positions(operation);
  const real *x = input_of(operation, slice, RST_VALUES) + group * count * LANES;
  double mean[LANES] = {0};
  double variance[LANES] = {0};
  for (size_t p = 0; p < count; ++p) {
    for (size_t l = 0; l < LANES; ++l) {
      mean[l] += (double)x[p * LANES + l];
    }
  }
  for (size_t l = 0; l < LANES; ++l) {
    mean[l] /= (double)count;
  }
  for (size_t p = 0; p < count; ++p) {
    for (size_t l = 0; l < LANES; ++l) {
      const double deviation = (double)x[p * LANES + l] - mean[l];
      variance[l] += deviation * deviation;
    }
  }
  for (size_t l = 0; l < LANES; ++l) {
    note(operation, slice, RST_PASS_FORWARD, 0, group)[l] = (real)mean[l];
    note(operation, slice, RST_PASS_FORWARD, 1, group)[l] = (real)(variance[l] / (double)count);
  }
}

static void collect_forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  for (size_t group = 0; group < operation->normalise.groups; ++group) {
    take_mean_and_variance(operation, slice, group);
  }
}

#define COLLECT(name, pass)                                                                                  \
  static void collect_##name(const struct rst_operation *operation, const struct rst_slice *slice) {         \
    for (size_t group = 0; group < operation->normalise.groups; ++group) {                                   \
      take_means(operation, slice, pass, group);                                                             \
    }                                                                                                        \
  }
COLLECT(backward, RST_PASS_BACKWARD)
COLLECT(tangent_forward, RST_PASS_TANGENT_FORWARD)
COLLECT(tangent_backward, RST_PASS_TANGENT_BACKWARD)

/* Mean over the examples of all slices of a note, each plus the square of its deviation if that is asked for. */
static double mean_of_notes(const struct rst_operation *operation, enum rst_pass pass, size_t which,
                            size_t group, const struct rst_slice *slices, size_t count,
                            const double *centre) {
  double sum = 0.0;
  size_t examples = 0;
  for (size_t s = 0; s < count; ++s) {
    const real *value = note(operation, &slices[s], pass, which, group);
    const real *mean = note(operation, &slices[s], pass, 0, group);
    for (size_t l = 0; l < slices[s].present; ++l) {
      const double deviation = centre ? (double)mean[l] - *centre : 0.0;
      sum += (double)value[l] + deviation * deviation;
    }
    examples += slices[s].present;
  }
  return sum / (double)examples;
}

/* Of a batch, for running averages: the variance unbiased, as PyTorch has it. */
static void keep_statistics(const struct rst_operation *operation, size_t group,
                            const struct rst_slice *slices, size_t count, const double mean[NOTES]) {
  size_t numbers = 0;
  for (size_t s = 0; s < count; ++s) {
    numbers += slices[s].present * positions(operation);
  }
  operation->normalise.statistics[group] = mean[0];
  operation->normalise.statistics[operation->normalise.groups + group] =
      numbers > 1 ? mean[1] * ((double)numbers / (double)(numbers - 1)) : mean[1];
}

static void combine(const struct rst_operation *operation, enum rst_pass pass, const struct rst_slice *slices,
                    size_t count) {
  if (!operation->normalise.batch) {
    return;
  }
  for (size_t group = 0; group < operation->normalise.groups; ++group) {
    double mean[NOTES];
    mean[0] = mean_of_notes(operation, pass, 0, group, slices, count, NULL);
    mean[1] = mean_of_notes(operation, pass, 1, group, slices, count, pass == RST_PASS_FORWARD ? mean : NULL);
    if (pass == RST_PASS_FORWARD) {
      keep_statistics(operation, group, slices, count, mean);
    }
    for (size_t s = 0; s < count; ++s) {
      for (size_t which = 0; which < NOTES; ++which) {
        for (size_t l = 0; l < LANES; ++l) {
          note(operation, &slices[s], pass, which, group)[l] = (real)mean[which];
        }
      }
    }
  }
}

static void impose(const struct rst_operation *operation, const struct rst_slice *slice,
                   const double *averages) {
  const double *own = averages + operation->normalise.first;
  if (!operation->normalise.batch) {
    collect_forward(operation, slice);
    return;
  }
  for (size_t group = 0; group < operation->normalise.groups; ++group) {
    for (size_t l = 0; l < LANES; ++l) {
      note(operation, slice, RST_PASS_FORWARD, 0, group)[l] = (real)own[group];
      note(operation, slice, RST_PASS_FORWARD, 1, group)[l] = (real)own[operation->normalise.groups + group];
    }
  }
}

static void forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  for (size_t group = 0; group < operation->normalise.groups; ++group) {
    real *r = note(operation, slice, RST_PASS_FORWARD, 1, group);
    for (size_t l = 0; l < LANES; ++l) {
      r[l] = (real)(1.0 / sqrt((double)r[l] + epsilon));
    }
  }
  for (size_t c = 0; c < operation->in.channels; ++c) {
    const struct channel channel = channel_of(operation, slice, c);
    const real bias = parameter(slice->u, operation->bias, c, 0);
    real *z = output_of(operation, slice, RST_VALUES) + c * channel.positions * LANES;
    EACH_LANE(channel, i, l) {
      z[i] = channel.weight * normal(&channel, i, l) + bias;
    }
  }
}

static void add_parameters(const struct rst_operation *operation, const struct channel *channel,
                           void *gradient, const double weight[LANES], const double bias[LANES]) {
  if (gradient && operation->weight != RST_ABSENT) {
    double sums[2] = {0};
    for (size_t l = 0; l < LANES; ++l) {
      sums[0] += weight[l];
      sums[1] += bias[l];
    }
    ((real *)gradient)[operation->weight + channel->index] += (real)sums[0];
    ((real *)gradient)[operation->bias + channel->index] += (real)sums[1];
  }
}

/* Over a batch the lanes without an example of their own would take part in its means. */
static real keep(const struct rst_slice *slice, size_t l) {
  return l < slice->present ? 1 : 0;
}

static real adjoint(const struct channel *channel, size_t i, size_t l) {
  return channel->r[l] *
         (channel->weight * channel->dz[i] - channel->a[l] - normal(channel, i, l) * channel->b[l]);
}

/* x' of a channel; sums for its weight and bias by lane. Copies tell the compiler that nothing overlaps. */
static void backward_channel(const struct channel *channel, const struct rst_slice *slice, bool adds,
                             real *restrict to, double *restrict weight, double *restrict bias) {
  const real *restrict x = channel->x;
  const real *restrict dz = channel->dz;
  const real factor = channel->weight;
  real r[LANES];
  real mean[LANES];
  real a[LANES];
  real b[LANES];
  real kept[LANES];
  for (size_t l = 0; l < LANES; ++l) {
    r[l] = channel->r[l];
    mean[l] = channel->mean[l];
    a[l] = channel->a[l];
    b[l] = channel->b[l];
    kept[l] = keep(slice, l);
  }
  EACH_LANE(*channel, i, l) {
    const real n = r[l] * (x[i] - mean[l]);
    const real term = kept[l] * (r[l] * (factor * dz[i] - a[l] - n * b[l]));
    weight[l] += (double)(dz[i] * n);
    bias[l] += (double)dz[i];
    to[i] = adds ? to[i] + term : term;
  }
}

static void backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  for (size_t c = 0; c < operation->in.channels; ++c) {
    const struct channel channel = channel_of(operation, slice, c);
    real *to = input_of(operation, slice, RST_ADJOINTS) + c * channel.positions * LANES;
    double weight[LANES] = {0};
    double bias[LANES] = {0};
    backward_channel(&channel, slice, operation->adds, to, weight, bias);
    add_parameters(operation, &channel, slice->gradient, weight, bias);
  }
}

static void tangent_forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  for (size_t c = 0; c < operation->in.channels; ++c) {
    const struct channel channel = channel_of(operation, slice, c);
    const real bias = parameter(slice->v, operation->bias, c, 0);
    real *z = output_of(operation, slice, RST_TANGENTS) + c * channel.positions * LANES;
    EACH_LANE(channel, i, l) {
      z[i] = channel.weight * normal_tangent(&channel, i, l) +
             channel.weight_direction * normal(&channel, i, l) + bias;
    }
  }
}

static void tangent_backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  for (size_t c = 0; c < operation->in.channels; ++c) {
    const struct channel channel = channel_of(operation, slice, c);
    real *to = input_of(operation, slice, RST_ADJOINT_TANGENTS) + c * channel.positions * LANES;
    double weight[LANES] = {0};
    double bias[LANES] = {0};
    EACH_LANE(channel, i, l) {
      const real n = normal(&channel, i, l);
      const real n_tangent = normal_tangent(&channel, i, l);
      const real inner = slope_tangent(&channel, i) - channel.a_tangent[l] - n * channel.b_tangent[l] -
                         n_tangent * channel.b[l];
      weight[l] += (double)(channel.dz_tangent[i] * n + channel.dz[i] * n_tangent);
      bias[l] += (double)channel.dz_tangent[i];
      const real term = keep(slice, l) * channel.r[l] * (inner - channel.c[l] * adjoint(&channel, i, l));
      to[i] = operation->adds ? to[i] + term : term;
    }
    add_parameters(operation, &channel, slice->product, weight, bias);
  }
}

static size_t notes(const struct rst_operation *operation) {
  return (size_t)RST_PASSES * NOTES * operation->normalise.groups;
}

const struct rst_operation_type RST_REAL(rst_operation_normalise) = {
    .step = {forward, backward, tangent_forward, tangent_backward},
    .collect = {collect_forward, collect_backward, collect_tangent_forward, collect_tangent_backward},
    .combine = combine,
    .impose = impose,
    .notes = notes};
