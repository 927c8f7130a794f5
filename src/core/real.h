/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REAL_H
#define RST_REAL_H

#include <tgmath.h>

#include "restrain/field.h"

/** @file
 * For the sources that are compiled once for double and once for float (real_sources in meson.build): `real`
 * is the type and RST_REAL(name) the name of what the source exports. Mathematical functions come from
 * <tgmath.h>. Such a source exports one const table of functions; the callers pick it by precision.
 */

#ifdef RST_REAL_IS_FLOAT
typedef float real;
#define RST_REAL(name) name##_float
#define RST_REAL_PRECISION RST_PRECISION_FLOAT
#else
typedef double real;
#define RST_REAL(name) name##_double
#define RST_REAL_PRECISION RST_PRECISION_DOUBLE
#endif

#endif
