/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_VERSION_H
#define RESTRAIN_VERSION_H

#include "restrain/context.h"

/** @file
 * How the library was built; all strings are static and never NULL. Thread-safe.
 */

struct rst_version {
  const char *version;  /**< release, e.g. "0.1.0" */
  const char *commit;   /**< git description of the source tree, "unknown" outside one */
  const char *compiler; /**< name and version */
  const char *flags;    /**< build type, optimisation and other compiler arguments */
};

RST_API const struct rst_version *rst_version(void);

/** Versions of the libraries in use, as they report themselves at run time: "FFTW 3.3.10, HDF5 1.10.8,
 * GSL 2.7.1, ...", malloc'ed. Fails only with RST_ERROR_MEMORY. */
RST_API enum rst_status rst_version_libraries(struct rst_context *context, char **text);

#endif
