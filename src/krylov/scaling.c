/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/scaling.h"

#include <math.h>

int rst_scaling_find(const double *elements, size_t count) {
  enum { FAR = 400 };
  double largest = 0.0;
  int exponent = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = fmax(largest, fabs(elements[i]));
  }
  if (isfinite(largest)) {
    (void)frexp(largest, &exponent);
  }
  return exponent < -FAR || exponent > FAR ? -exponent : 0;
}

void rst_scaling_apply(int exponent, double *values, size_t count) {
  for (size_t i = 0; exponent != 0 && i < count; ++i) {
    values[i] = ldexp(values[i], exponent);
  }
}
