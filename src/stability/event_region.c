/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/event_region.h"

#include <float.h>

#include "core/core.h"
#include "transform/phase.h"

struct point {
  double energy;
  size_t index;
};

static int strongest_first(const void *a, const void *b) {
  const struct point *left = a;
  const struct point *right = b;
  if (left->energy != right->energy) {
    return left->energy > right->energy ? -1 : 1;
  }
  return (left->index > right->index) - (left->index < right->index);
}

/* The sums run over the sorted points, so that the region's can be compared with the whole. */
static size_t measure_share(const struct point *points, size_t count, struct rst_event *event) {
  const double largest = points[0].energy;
  double sum = 0.0;
  double squares = 0.0;
  for (size_t i = 0; i < count; ++i) {
    sum += points[i].energy;
    squares += points[i].energy / largest * (points[i].energy / largest);
  }
  double held = 0.0;
  size_t members = 0;
  if (largest > 0.0) {
    do {
      held += points[members].energy;
      ++members;
    } while (held < RST_EVENT_SHARE * sum && members < count);
    /* Points as strong as the weakest member: an even field has no region smaller than itself. */
    const double weakest = (1.0 - RST_EVENT_TIE) * points[members - 1].energy;
    while (members < count && points[members].energy >= weakest) {
      ++members;
    }
  }
  event->share = (double)members / (double)count;
  event->participation = sum / largest * (sum / largest) / ((double)count * squares);
  return members;
}

static void measure_box(const struct point *points, size_t members, size_t nx, double spacing,
                        struct rst_event *event) {
  double sum = 0.0;
  double moment_y = 0.0;
  double moment_x = 0.0;
  for (size_t i = 0; i < members; ++i) {
    const long y = (long)(points[i].index / nx);
    const long x = (long)(points[i].index % nx);
    event->y_first = i == 0 || y < event->y_first ? y : event->y_first;
    event->y_last = i == 0 || y > event->y_last ? y : event->y_last;
    event->x_first = i == 0 || x < event->x_first ? x : event->x_first;
    event->x_last = i == 0 || x > event->x_last ? x : event->x_last;
    sum += points[i].energy;
    moment_y += points[i].energy * (double)y;
    moment_x += points[i].energy * (double)x;
  }
  event->centroid_y = spacing * (moment_y / sum);
  event->centroid_x = spacing * (moment_x / sum);
}

enum rst_status rst_event_find_region(struct rst_context *context, const struct rst_field *energy,
                                      double spacing, struct rst_event *event) {
  const size_t count = rst_field_count(energy);
  const double *values = energy->data;
  struct point *points = NULL;
  RST_TRY(RST_NEW(context, count, &points));
  for (size_t i = 0; i < count; ++i) {
    points[i] = (struct point){.energy = values[i], .index = i};
  }
  qsort(points, count, sizeof *points, strongest_first);
  event->y_first = event->x_first = 0;
  event->y_last = event->x_last = -1;
  measure_box(points, measure_share(points, count, event), energy->nx, spacing, event);
  free(points);
  return RST_OK;
}

/* The spectrum of a real field is symmetric: rows up to the middle are enough, and half of a row that is its own mirror. */
static void find_peak(const struct rst_field *power, double rounding, size_t *peak_y, size_t *peak_x) {
  const size_t ny = power->ny;
  const size_t nx = power->nx;
  *peak_y = *peak_x = 0;
  for (size_t y = 0; y <= ny / 2; ++y) {
    const size_t columns = y == 0 || 2 * y == ny ? nx / 2 + 1 : nx;
    for (size_t x = 0; x < columns; ++x) {
      if (rst_field_get(power, y, x) > (1.0 + rounding) * rst_field_get(power, *peak_y, *peak_x)) {
        *peak_y = y;
        *peak_x = x;
      }
    }
  }
}

enum rst_status rst_event_find_wave(struct rst_context *context, const struct rst_field *v, double spacing,
                                    struct rst_event *event) {
  const double rounding = 256 * (v->precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON);
  struct rst_field *power = NULL;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, v->ny, v->nx, &power));
  const enum rst_status status = rst_power_spectrum(context, v, power);
  if (status == RST_OK) {
    size_t y = 0;
    size_t x = 0;
    find_peak(power, rounding, &y, &x);
    event->ky = rst_phase_angle(y, v->ny) / spacing;
    event->kx = rst_phase_angle(x, v->nx) / spacing;
  }
  rst_field_destroy(&power);
  return status;
}
