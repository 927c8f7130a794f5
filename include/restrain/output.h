/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_OUTPUT_H
#define RESTRAIN_OUTPUT_H

#include <stdbool.h>

#include "restrain/record.h"

/** @file
 * Where a result is stored, and what may be there already: the first member of the options of every computation.
 *
 * A file that exists is refused (RST_ERROR_IO) unless it is to be gone on with or replaced. Files and sidecars are replaced
 * whole: they are written under a temporary name, synchronised and renamed.
 */

/** Texts and arguments are borrowed. */
struct rst_output_options {
  const char *path; /**< FILE.h5; its sidecars lie beside it */
  bool resume;      /**< go on with what is stored there; begin if nothing is */
  bool force;       /**< replace what is stored there */
  /** Make the folders of the file that are missing, once the case has been turned into objects. */
  bool make_folders;
  /** Of a run: where the result is kept instead of a file, with `path` NULL and without the rest; NULL for none. */
  struct rst_record *record;
  /** Recorded in /provenance. */
  int argc;
  char *const *argv;
};

#endif
