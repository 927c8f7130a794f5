/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ADDITIONS_H
#define RST_ADDITIONS_H

#include "hdf5/support.h"

/** @file
 * What others have added to a file of results, which goes over into the one that replaces it: groups, datasets and links that
 * the new file lacks, attributes that its objects lack, and scales of its axes. Not kept are references, which a warning names,
 * and what lies in views, which are made anew.
 */

/** @param to the new file, with all that it has from the start; it must still take anything. RST_ERROR_IO, naming what cannot
 * be read or copied: what others added may be lost with it. @param path of both, for messages. */
enum rst_status rst_additions_copy(struct rst_context *context, const char *path, hid_t from, hid_t to);

#endif
