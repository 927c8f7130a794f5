/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFTW_H
#define RST_FFTW_H

#include "transform/transform.h"

/** @file
 * FFTW in one precision; transform.c picks the table and holds the lock that planning, destroying and wisdom
 * need. Wisdom texts are malloc'ed.
 */

struct rst_fftw {
  void *(*plan)(const struct rst_transform_layout *layout, enum rst_rigor rigor, void *input, void *output);
  void (*execute)(enum rst_transform_kind kind, void *plan, void *input, void *output);
  void (*destroy)(void *plan);
  char *(*export_wisdom)(void);
  bool (*import_wisdom)(const char *text);
  void (*forget_wisdom)(void);
  const char *version;
};

extern const struct rst_fftw rst_fftw_double, rst_fftw_float;

#endif
