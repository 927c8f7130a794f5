/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "data/examples_keys.h"

#include "restrain/examples.h"

#define SET(member) PLACE(struct rst_examples_parameters, member)
#define FROM_FILES WHEN({"kind", "idx cifar file"})
#define MADE WHEN({"kind", "textures"})

/* In the order of enum rst_examples_scale. */
static const char *const scale_names[] = {"none", "unit", "symmetric", "standardise", NULL};

#define SCALE_HELP                                                                                           \
  HELP(                                                                                                      \
      "none; unit: integers to 0..1, symmetric: to -1..1, by the full range of their type; standardise: "    \
      "mean 0, deviation 1 over the training set, per channel")

static const struct rst_key examples_keys[] = {
    {NAMED("kind", rst_examples_names), REQUIRED, SET(kind),
     HELP("what the examples come from; idx: files of MNIST's format; cifar: binary batches of CIFAR-10; "
          "file: .npy or HDF5 files; textures: made, oriented gratings under noise, a direction a class")},
    {FILE_NAME("images"), REQUIRED, WHEN({"kind", "idx file"}), SET(images),
     HELP("idx: the file of MNIST's format, plain or .gz; file: file.h5:/path or .npy, [n][y][x] or "
          "[n][channel][y][x]")},
    {FILE_NAME("labels"), REQUIRED, WHEN({"kind", "idx file"}), SET(labels),
     HELP("the same for the labels, [n], from 0")},
    {FILES("files"), REQUIRED, WHEN({"kind", "cifar"}),
     LIST(struct rst_examples_parameters, files, file_count), HELP("binary batches of CIFAR-10")},
    {INTEGER("size", WHOLE(1)), DEFAULT("16"), MADE, SET(size), HELP("points of an image a side")},
    {INTEGER("classes", BETWEEN(1, INT_MAX)), DEFAULT("4"), MADE, SET(texture_classes),
     HELP("number of classes, each a direction of the grating")},
    {REALS("classes", WHOLE(0)), FROM_FILES, LIST(struct rst_examples_parameters, classes, class_count),
     HELP("labels to keep, renumbered from 0 in this order; all without it")},
    {REAL("noise", AT_LEAST(0)), DEFAULT("0.5"), MADE, SET(noise),
     HELP("standard deviation of what is added to the gratings, whose amplitude is 1")},
    {INTEGER("seed", BETWEEN(0, MOST_SEED)), DEFAULT("0"), MADE, SET(seed),
     HELP("seed of the random numbers")},
    {INTEGER("first", WHOLE(0)), DEFAULT("0"), FROM_FILES, SET(first),
     HELP("the first example taken, of those that classes leaves")},
    {INTEGER("count", WHOLE(1)), DEFAULT("256"), MADE, SET(texture_count), HELP("number of examples")},
    {INTEGER("count", WHOLE(0)), DEFAULT("0"), .derived = "0, for all the rest", FROM_FILES, SET(count),
     HELP("how many are taken")},
    {CHOICE("scale", scale_names), DEFAULT("none"), WHEN({"kind", "file textures"}), SET(scale), SCALE_HELP},
    {CHOICE("scale", scale_names), DEFAULT("unit"), WHEN({"kind", "idx cifar"}), SET(scale), SCALE_HELP},
};
const struct rst_keys rst_examples_keys = RST_KEYS(examples_keys, struct rst_examples_parameters);
