/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EVENT_REGION_H
#define RST_EVENT_REGION_H

#include "restrain/event.h"

/** @file
 * Where an event is and of which wave length: pure functions of fields.
 */

/** Fill in the members of the event that describe the region of `energy`, a double field without negative elements: box,
 * centroid, share and participation. No energy at all has an empty region: last = first - 1, share 0, centroid and participation NaN. */
enum rst_status rst_event_find_region(struct rst_context *context, const struct rst_field *energy,
                                      double spacing, struct rst_event *event);

/** Fill in ky and kx: where the power spectrum of v is largest, at ky >= 0, and at kx >= 0 where ky is 0 or pi/spacing. Of
 * waves that are equal to rounding the one with the lowest ky wins, then that with the lowest kx >= 0, if there is one. */
enum rst_status rst_event_find_wave(struct rst_context *context, const struct rst_field *v, double spacing,
                                    struct rst_event *event);

#endif
