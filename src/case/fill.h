/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FILL_H
#define RST_FILL_H

#include "case/document.h"

/** Check the mapping `root` against the table and fill the case: values, defaults, what is derived from other
 * keys. Every fault is reported. File names are left as given; the images of a case that has flow.image are
 * left to the caller. */
void rst_case_fill(struct rst_report *report, struct fy_node *root, struct rst_loaded_case *loaded);

#endif
