/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/schema_rows.h"
#include "restrain/run.h"

#define NO_OUTER
static const struct rst_key image_keys[] = {
    IMAGE_KEYS("", struct rst_labelled_image, image, NO_OUTER),
    LABEL_KEY("", struct rst_labelled_image, label, NO_OUTER),
};
const struct rst_keys rst_image_keys = {image_keys, sizeof image_keys / sizeof *image_keys,
                                        sizeof(struct rst_labelled_image)};

static const struct rst_key expectation_keys[] = {
    {.path = "scalar",
     .type = RST_KEY_NAME,
     .required = true,
     .registry = rst_run_scalar_names,
     .help = "the scalar",
     PLACE(struct rst_expectation, scalar)},
    {.path = "iteration",
     .type = RST_KEY_INTEGER,
     .fallback = "-1",
     .range = WHOLE(-1),
     .help = "the iteration, -1 for the last",
     PLACE(struct rst_expectation, iteration)},
    {.path = "value",
     .type = RST_KEY_REAL,
     .required = true,
     .range = ANY,
     .help = "its value there",
     PLACE(struct rst_expectation, value)},
    {.path = "tolerance",
     .type = RST_KEY_REAL,
     .fallback = "1e-9",
     .range = AT_LEAST(0),
     .help = "relative deviation allowed",
     PLACE(struct rst_expectation, tolerance)},
};
const struct rst_keys rst_expectation_keys = {
    expectation_keys, sizeof expectation_keys / sizeof *expectation_keys, sizeof(struct rst_expectation)};
