/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "core/sizes.h"
#include "data/example_kinds.h"

enum { PIECE = 512 };

/* Sum of (number - centre)^power over a channel, power 1 or 2. Sums of pieces are summed in their turn. */
static double channel_sum(const struct rst_examples *set, size_t channel, double centre, int power) {
  double values[PIECE];
  const size_t points = set->shape.ny * set->shape.nx;
  double sum = 0.0;
  for (size_t i = 0; i < set->shape.count; ++i) {
    const size_t first = (i * set->shape.channels + channel) * points;
    double image_sum = 0.0;
    for (size_t j = 0; j < points; j += PIECE) {
      const size_t length = rst_least(points - j, PIECE);
      rst_array_read(&set->images, first + j, length, values);
      double piece_sum = 0.0;
      for (size_t k = 0; k < length; ++k) {
        const double deviation = values[k] - centre;
        piece_sum += power == 2 ? deviation * deviation : deviation;
      }
      image_sum += piece_sum;
    }
    sum += image_sum;
  }
  return sum;
}

static enum rst_status standardise(struct rst_context *context, const char *name,
                                   const struct rst_examples *training, struct rst_examples *set) {
  const double count = (double)(training->shape.count * training->shape.ny * training->shape.nx);
  RST_REQUIRE(
      context, training->images.element == set->images.element, RST_ERROR_ARGUMENT,
      "'%s' holds %s, the training set whose mean and deviation standardise takes holds %s; store both "
      "alike",
      name, rst_element_facts(set->images.element)->name, rst_element_facts(training->images.element)->name);
  for (size_t c = 0; c < set->shape.channels; ++c) {
    const double mean = channel_sum(training, c, 0.0, 1) / count;
    const double deviation = sqrt(channel_sum(training, c, mean, 2) / count);
    RST_REQUIRE(context, deviation > 0 && isfinite(deviation), RST_ERROR_ARGUMENT,
                "'%s': channel %zu has the standard deviation %g in the training set, so that it cannot be "
                "standardised; choose another scale",
                name, c, deviation);
    set->scales[c] = (struct rst_pixel_scale){mean, deviation};
  }
  return RST_OK;
}

enum rst_status rst_examples_find_scales(struct rst_context *context, enum rst_examples_scale scale,
                                         const char *name, const struct rst_examples *training,
                                         struct rst_examples *set) {
  RST_TRY(RST_NEW(context, set->shape.channels, &set->scales));
  if (scale == RST_EXAMPLES_STANDARDISE) {
    return standardise(context, name, training, set);
  }
  struct rst_pixel_scale all = {0.0, 1.0};
  if (scale == RST_EXAMPLES_UNIT || scale == RST_EXAMPLES_SYMMETRIC) {
    const struct rst_element_facts *facts = rst_element_facts(set->images.element);
    RST_REQUIRE(
        context, facts->is_integer, RST_ERROR_ARGUMENT,
        "'%s' holds %s, which have no full range; the scales unit and symmetric are for integers: choose "
        "none or standardise",
        name, facts->name);
    const double half = (facts->most - facts->least) / 2;
    all = scale == RST_EXAMPLES_UNIT ? (struct rst_pixel_scale){facts->least, 2 * half}
                                     : (struct rst_pixel_scale){facts->least + half, half};
  }
  for (size_t c = 0; c < set->shape.channels; ++c) {
    set->scales[c] = all;
  }
  return RST_OK;
}
