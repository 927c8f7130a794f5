/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SIDECARS_H
#define RST_SIDECARS_H

#include "restrain/context.h"

/** @file
 * The files beside an output FILE.h5 by which ParaView opens it: FILE.xdmf, FILE.spectrum.xdmf and FILE.vtkhdf.
 */

/** Remove them, which would show a file that is about to be replaced wrongly. */
enum rst_status rst_sidecars_remove(struct rst_context *context, const char *path);
/** Make FILE.vtkhdf a link to the file. */
enum rst_status rst_sidecars_link_vtkhdf(struct rst_context *context, const char *path);

#endif
