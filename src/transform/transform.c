/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transform/transform.h"

#include <pthread.h>
#include <string.h>

#include "core/core.h"
#include "transform/fftw.h"

/* FFTW's planner is one object for the whole process, and so is this lock. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

/* Between the two texts of exported wisdom; FFTW's own text has no line like it. */
static const char separator[] = "\n# single precision\n";

struct rst_transform {
  const struct rst_fftw *fftw;
  enum rst_transform_kind kind;
  void *plan;
};

static const struct rst_fftw *fftw_of(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? &rst_fftw_float : &rst_fftw_double;
}

/* Bytes from the first to the last element that one side of the layout reaches; `halved` is the kind for
 * which that side holds n/2+1 complex numbers. */
static size_t array_bytes(const struct rst_transform_layout *layout, enum rst_transform_kind halved,
                          size_t stride, size_t distance) {
  const bool half = layout->kind == halved;
  const bool is_complex =
      half || layout->kind == RST_TRANSFORM_FORWARD || layout->kind == RST_TRANSFORM_BACKWARD;
  const size_t last = half ? layout->n / 2 : layout->n - 1;
  return (last * stride + (layout->batch - 1) * distance + 1) * (is_complex ? 2 : 1) *
         rst_precision_size(layout->precision);
}

/* FFTW applies wisdom even to estimated plans: without this detour, one measured plan anywhere in the process
 * would change the last bits of every estimated plan of the same problem made after it. */
static void *plan_without_wisdom(const struct rst_fftw *fftw, const struct rst_transform_layout *layout,
                                 void *input, void *output) {
  char *kept = fftw->export_wisdom();
  if (!kept) {
    return NULL;
  }
  fftw->forget_wisdom();
  void *plan = fftw->plan(layout, RST_RIGOR_ESTIMATE, input, output);
  fftw->forget_wisdom();
  fftw->import_wisdom(kept);
  free(kept);
  return plan;
}

static void *plan_locked(const struct rst_fftw *fftw, const struct rst_transform_layout *layout,
                         enum rst_rigor rigor, void *input, void *output) {
  pthread_mutex_lock(&planner);
  void *plan = rigor == RST_RIGOR_ESTIMATE ? plan_without_wisdom(fftw, layout, input, output)
                                           : fftw->plan(layout, rigor, input, output);
  pthread_mutex_unlock(&planner);
  return plan;
}

/* Plan on scratch arrays, which measuring overwrites. */
static enum rst_status plan_on_scratch(struct rst_context *context, const struct rst_transform_layout *layout,
                                       struct rst_transform *transform) {
  const size_t input_bytes =
      array_bytes(layout, RST_TRANSFORM_COMPLEX_TO_REAL, layout->input_stride, layout->input_distance);
  const size_t output_bytes =
      array_bytes(layout, RST_TRANSFORM_REAL_TO_COMPLEX, layout->output_stride, layout->output_distance);
  const size_t larger = input_bytes > output_bytes ? input_bytes : output_bytes;
  void *input = NULL;
  void *output = NULL;
  enum rst_status status = rst_allocate(context, layout->in_place ? larger : input_bytes, 1, &input);
  if (status == RST_OK && !layout->in_place) {
    status = rst_allocate(context, output_bytes, 1, &output);
  }
  if (status == RST_OK) {
    transform->plan = plan_locked(transform->fftw, layout, rst_context_rigor(context), input,
                                  layout->in_place ? input : output);
    if (!transform->plan) {
      status = rst_fail(context, RST_ERROR_ARGUMENT,
                        "FFTW has no plan for %zu transforms of length %zu in this layout; strides of an "
                        "in-place transform must agree",
                        layout->batch, layout->n);
    }
  }
  free(input);
  free(output);
  return status;
}

enum rst_status rst_transform_create(struct rst_context *context, const struct rst_transform_layout *layout,
                                     struct rst_transform **transform) {
  *transform = NULL;
  RST_REQUIRE(context, layout->n > 0 && layout->batch > 0, RST_ERROR_ARGUMENT,
              "%zu transforms of length %zu cannot be planned; both must be at least 1", layout->batch,
              layout->n);
  struct rst_transform *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->fftw = fftw_of(layout->precision);
  made->kind = layout->kind;
  const enum rst_status status = plan_on_scratch(context, layout, made);
  if (status != RST_OK) {
    rst_transform_destroy(&made);
    return status;
  }
  *transform = made;
  return RST_OK;
}

void rst_transform_destroy(struct rst_transform **transform) {
  if (!*transform) {
    return;
  }
  if ((*transform)->plan) {
    pthread_mutex_lock(&planner);
    (*transform)->fftw->destroy((*transform)->plan);
    pthread_mutex_unlock(&planner);
  }
  free(*transform);
  *transform = NULL;
}

void rst_transform_execute(const struct rst_transform *transform, void *input, void *output) {
  transform->fftw->execute(transform->kind, transform->plan, input, output);
}

enum rst_status rst_transform_export_wisdom(struct rst_context *context, char **text) {
  *text = NULL;
  pthread_mutex_lock(&planner);
  char *of_double = rst_fftw_double.export_wisdom();
  char *of_float = rst_fftw_float.export_wisdom();
  pthread_mutex_unlock(&planner);
  const enum rst_status status =
      of_double && of_float
          ? rst_format(context, text, "%s%s%s", of_double, separator, of_float)
          : rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted: FFTW's wisdom could not be exported");
  free(of_double);
  free(of_float);
  return status;
}

enum rst_status rst_transform_import_wisdom(struct rst_context *context, const char *text) {
  const char *middle = strstr(text, separator);
  bool imported = false;
  if (middle) {
    char *of_double = NULL;
    RST_TRY(rst_format(context, &of_double, "%.*s", (int)(middle - text), text));
    pthread_mutex_lock(&planner);
    imported =
        rst_fftw_double.import_wisdom(of_double) && rst_fftw_float.import_wisdom(middle + strlen(separator));
    pthread_mutex_unlock(&planner);
    free(of_double);
  }
  RST_REQUIRE(context, imported, RST_ERROR_ARGUMENT,
              "FFTW does not accept the planner's wisdom beginning with \"%.*s\"; it must come from the same "
              "release of FFTW on the same kind of processor",
              (int)strcspn(text, "\n"), text);
  return RST_OK;
}

const char *rst_transform_library(void) {
  return rst_fftw_double.version;
}
