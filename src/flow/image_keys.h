/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_IMAGE_KEYS_H
#define RST_IMAGE_KEYS_H

#include "core/keys.h"

/** @file
 * The keys of an image, for the flows that have one.
 */

/** They fill a struct rst_image_parameters, which may be the first member of a struct rst_labelled_image. */
extern const struct rst_keys rst_image_keys;
/** The same and `label`; they fill a struct rst_labelled_image. */
extern const struct rst_keys rst_labelled_image_keys;

#endif
