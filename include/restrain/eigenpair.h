/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_EIGENPAIR_H
#define RESTRAIN_EIGENPAIR_H

/** @file
 * An extremal eigenpair of a symmetric operator.
 */

/** Ends of a spectrum, algebraically. */
enum rst_spectrum_end { RST_SPECTRUM_SMALLEST, RST_SPECTRUM_LARGEST };

struct rst_eigenpair {
  double value;
  double residual; /**< |A v - value v| for the unit vector v, computed afterwards with one more product */
  int products;    /**< applications of A, that one included */
};

#endif
