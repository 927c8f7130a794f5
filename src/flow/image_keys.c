/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/image_keys.h"

#include "restrain/flow.h"

#define IMAGE(member) PLACE(struct rst_labelled_image, member)

/* The label comes last: it is no key of flow.image, which has flow.label beside it. */
static const struct rst_key image_keys[] = {
    {NAMED("kind", rst_image_names), REQUIRED, IMAGE(image.kind),
     HELP("what the image I[m][n] is; checkerboard: -1 where m + n is even, else 1; constant: value; "
          "grating: cos(2 pi (n cos(angle) + m sin(angle))/period); gaussian-field: random, with the power "
          "spectrum |w|^-exponent, mean 0, variance 1; "
          "paper: one row of 100 points, plateaus 230 and 160 and a slope; file: from a file; memory: an "
          "array that a program hands over, image= in Python")},
    {INTEGER("size", WHOLE(1)), DEFAULT("256"),
     WHEN({"kind", "checkerboard constant grating gaussian-field"}), IMAGE(image.size),
     HELP("points a side")},
    {FILE_NAME("file"), REQUIRED, WHEN({"kind", "file"}), IMAGE(image.file),
     HELP("PNG, JPEG, TIFF or PGM, whose grey levels, or luminance (Rec. 709), map to -1..1, a .npy file or "
          "an HDF5 dataset file.h5:/path, whose numbers are taken as they are")},
    {REALS("range", ANY), WHEN({"kind", "file"}),
     LIST(struct rst_labelled_image, image.range, image.range_count),
     HELP("levels of the file that become -1 and 1, as [0, 255] of a picture of bytes in HDF5 or .npy; "
          "without, 0 and the greatest level of pictures, -1 and 1 of numbers")},
    {INTEGER("most_points", WHOLE(1)), DEFAULT("268435456"), WHEN({"kind", "file"}), IMAGE(image.most_points),
     HELP("points of the file that are read at most")},
    {INTEGER("seed", BETWEEN(0, MOST_SEED)), DEFAULT("0"), WHEN({"kind", "gaussian-field"}),
     IMAGE(image.seed), HELP("seed of the noise")},
    {REAL("value", ANY), DEFAULT("1"), WHEN({"kind", "constant"}), IMAGE(image.value),
     HELP("value of every point")},
    {REAL("period", MORE_THAN(0)), DEFAULT("16"), UNIT("points"), WHEN({"kind", "grating"}),
     IMAGE(image.period), HELP("wave length")},
    {REAL("angle", ANY), DEFAULT("0"), UNIT("degrees"), WHEN({"kind", "grating"}), IMAGE(image.angle),
     HELP("direction of the wave vector, from the x axis towards the y axis")},
    {REAL("exponent", ANY), DEFAULT("2"), WHEN({"kind", "gaussian-field"}), IMAGE(image.exponent),
     HELP("power spectrum |w|^-exponent; 2 is like nature")},
    {INTEGER("label", BETWEEN(0, 1)), DEFAULT("1"), IMAGE(label), HELP("y, the class of the image")},
};
enum { IMAGE_KEYS = sizeof image_keys / sizeof *image_keys };
const struct rst_keys rst_labelled_image_keys = {image_keys, IMAGE_KEYS, sizeof(struct rst_labelled_image)};
/* The image is the first member of a labelled one, so that these rows fill either. */
_Static_assert(offsetof(struct rst_labelled_image, image) == 0, "an image does not begin a labelled one");
const struct rst_keys rst_image_keys = {image_keys, IMAGE_KEYS - 1, sizeof(struct rst_image_parameters)};
