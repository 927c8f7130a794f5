/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/core.h"
#include "data/example_kinds.h"

static size_t image_bytes(const struct rst_examples *set) {
  return set->shape.channels * set->shape.ny * set->shape.nx * rst_element_facts(set->images.element)->size;
}

/* Example `from` becomes example `to`, which stands before it. */
static void move(struct rst_examples *set, size_t from, size_t to) {
  const size_t bytes = image_bytes(set);
  char *images = set->images.data;
  memmove(images + to * bytes, images + from * bytes, bytes);
  set->labels[to] = set->labels[from];
}

/* The place of a label in the list of those to keep; class_count if it is not in there. */
static size_t place_of(const struct rst_examples_parameters *parameters, double label) {
  size_t place = 0;
  while (place < parameters->class_count && parameters->classes[place] != label) {
    ++place;
  }
  return place;
}

static bool has_label(const struct rst_examples *set, double label) {
  size_t i = 0;
  while (i < set->shape.count && set->labels[i] != label) {
    ++i;
  }
  return i < set->shape.count;
}

static enum rst_status check_classes(struct rst_context *context,
                                     const struct rst_examples_parameters *parameters, const char *name,
                                     const struct rst_examples *set) {
  for (size_t i = 0; i < parameters->class_count; ++i) {
    const double label = parameters->classes[i];
    RST_REQUIRE(context, has_label(set, label), RST_ERROR_ARGUMENT,
                "'%s' has no example of the class %.10g; its labels are within 0 to %zu", name, label,
                set->shape.classes - 1);
    RST_REQUIRE(context, place_of(parameters, label) == i, RST_ERROR_ARGUMENT,
                "the class %.10g is twice among those to keep of '%s'; name it once", label, name);
  }
  return RST_OK;
}

static enum rst_status keep_classes(struct rst_context *context,
                                    const struct rst_examples_parameters *parameters, const char *name,
                                    struct rst_examples *set) {
  RST_REQUIRE(context, parameters->class_count > 0, RST_ERROR_ARGUMENT,
              "no class of '%s' is to be kept; name one at least", name);
  RST_TRY(check_classes(context, parameters, name, set));
  size_t kept = 0;
  for (size_t i = 0; i < set->shape.count; ++i) {
    const size_t place = place_of(parameters, set->labels[i]);
    if (place < parameters->class_count) {
      move(set, i, kept);
      set->labels[kept++] = (int32_t)place;
    }
  }
  set->shape.count = kept;
  set->shape.classes = parameters->class_count;
  return RST_OK;
}

static enum rst_status keep_range(struct rst_context *context,
                                  const struct rst_examples_parameters *parameters, const char *name,
                                  struct rst_examples *set) {
  const size_t there = set->shape.count;
  const size_t first = parameters->first;
  RST_REQUIRE(context, first < there && parameters->count <= there - first, RST_ERROR_ARGUMENT,
              "%zu examples from %zu on (from 0) are asked for, '%s' has %zu; ask for fewer",
              parameters->count ? parameters->count : 1, first, name, there);
  const size_t count = parameters->count ? parameters->count : there - first;
  for (size_t i = 0; i < count && first > 0; ++i) {
    move(set, first + i, i);
  }
  set->shape.count = count;
  return RST_OK;
}

enum rst_status rst_examples_choose(struct rst_context *context,
                                    const struct rst_examples_parameters *parameters, const char *name,
                                    struct rst_examples *set) {
  const size_t there = set->shape.count;
  if (parameters->classes) {
    RST_TRY(keep_classes(context, parameters, name, set));
  }
  RST_TRY(keep_range(context, parameters, name, set));
  const size_t bytes = set->shape.count * image_bytes(set);
  if (set->shape.count < there && bytes > 0) {
    /* Where a smaller piece cannot be had the larger one serves. */
    void *images = realloc(set->images.data, bytes);
    set->images.data = images ? images : set->images.data;
  }
  return RST_OK;
}
