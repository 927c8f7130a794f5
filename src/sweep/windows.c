/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "restrain/sweep.h"

size_t rst_sweep_windows(const struct rst_case *from) {
  size_t windows = 0;
  for (size_t i = 0; i < from->sweep.zoom_count; ++i) {
    windows += from->sweep.zoom[i].count;
  }
  return windows;
}

/* The axis shortened to `share` of its length about the centre. */
static struct rst_sweep_axis shorten(const struct rst_sweep_axis *whole, double centre, double share) {
  struct rst_sweep_axis window = *whole;
  if (whole->scale == RST_SCALE_LOGARITHMIC) {
    const double half = 0.5 * share * log(whole->to / whole->from);
    window.from = centre * exp(-half);
    window.to = centre * exp(half);
    return window;
  }
  const double length = share * (whole->to - whole->from);
  const double low = centre - 0.5 * length;
  window.from = low > 0.0 ? low : whole->from;
  window.to = low > 0.0 ? centre + 0.5 * length : whole->from + length;
  return window;
}

void rst_sweep_window(const struct rst_case *from, size_t window, struct rst_sweep_axis *lr,
                      struct rst_sweep_axis *weight_decay) {
  *lr = from->sweep.lr;
  *weight_decay = from->sweep.weight_decay;
  size_t before = 0;
  for (size_t i = 0; i < from->sweep.zoom_count; ++i) {
    const struct rst_sweep_zoom *zoom = &from->sweep.zoom[i];
    if (window > before && window <= before + zoom->count) {
      const double share = pow(zoom->factor, -(double)(window - before));
      *lr = shorten(&from->sweep.lr, zoom->lr, share);
      *weight_decay = shorten(&from->sweep.weight_decay, zoom->weight_decay, share);
    }
    before += zoom->count;
  }
}
