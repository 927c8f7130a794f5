/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SERIES_LIST_H
#define RST_SERIES_LIST_H

#include "archive/run_file.h"

/** @file
 * The series of a run's file, listed one by one; and how a file shows a state and what is of its kind: a dataset for each tensor.
 *
 * A state of one tensor of at most two axes is a plane over /y and /x. Of any other, each tensor has axes of its own:
 * /<tensor>.out, .in, .y and .x of (out, in, y, x), .c, .y and .x of (c, y, x), .out and .in of (out, in) and .out of (out). The
 * state's datasets are /<tensor>, those of another field /<field>, or /<field>/<tensor> where there are several tensors.
 */

struct rst_series_list {
  struct rst_context *context;
  const struct rst_layout *state; /**< borrowed */
  struct rst_run_layout layout;   /**< what the file is to hold; its members are the list's */
  struct rst_axis (*tensors)[RST_TENSOR_MOST_AXES];
  struct rst_axis (*averages)[RST_TENSOR_MOST_AXES]; /**< of the tensors of running averages; NULL without */
  struct rst_axis example, image[2], response[2]; /**< of images, and of responses to them, along y and x */
  struct rst_axis ky, kx; /**< angular wave numbers of the first tensor's planes, ascending, 0 at index n/2 */
  /** Count 0: there are none. */
  struct rst_axis twin, exponent, layer, member, quantile, direction, other_direction;
  const char **layers;          /**< names */
  struct rst_axis event_tensor; /**< that events name */
  const char **event_tensors;   /**< names */
  const struct rst_axis *axes[8];
  struct rst_series *series;
  char **texts;
  size_t capacity, text_count, text_capacity;
};

struct rst_series_options {
  enum rst_precision precision;
  const char *const *twins; /**< labels, borrowed as long as the list */
  size_t twin_count, exponent_count, member_count, direction_count;
  const double *quantiles; /**< levels, borrowed as long as the list */
  size_t quantile_count;
  long every; /**< as in the layout */
  bool has_events;
  bool has_layers; /**< series over the layers of the state */
};

/** On failure the list is empty. */
enum rst_status rst_series_list_create(struct rst_context *context, const struct rst_layout *state,
                                       const struct rst_series_options *options,
                                       struct rst_series_list *list);
/** Zeroed lists are fine. */
void rst_series_list_clear(struct rst_series_list *list);

/** Add numbers, for each of the places of an axis unless that is NULL. Texts of variables are borrowed as long as the list. */
enum rst_status rst_series_list_add(struct rst_series_list *list, const struct rst_variable *variable,
                                    enum rst_entry entry, const struct rst_axis *axis);
/** The same for each tensor of the state, as /<name>/<tensor>; /<name> where there is one. */
enum rst_status rst_series_list_add_to_tensors(struct rst_series_list *list,
                                               const struct rst_variable *variable,
                                               const struct rst_axis *axis);
/** Add snapshots of the state itself; or of a field of its kind, whose name is followed by _ and the label unless that is NULL:
 * a series for each tensor. */
enum rst_status rst_series_list_add_state(struct rst_series_list *list, const struct rst_variable *variable);
enum rst_status rst_series_list_add_field(struct rst_series_list *list, const struct rst_variable *variable,
                                          const char *label);
/** Add snapshots of running averages of that layout, a series for each tensor; once. */
enum rst_status rst_series_list_add_averages(struct rst_series_list *list,
                                             const struct rst_variable *variable,
                                             const struct rst_layout *averages);
/** Add images [count ny][nx], one below the other, that are stored once and borrowed as long as the list: over the state's own y
 * and x where they lie on its grid, /image.y and /image.x else. Several have the axis /example before these. */
enum rst_status rst_series_list_add_images(struct rst_series_list *list, const struct rst_variable *variable,
                                           const struct rst_field *images, size_t count, bool on_grid);
/** Add snapshots of the responses to them, over /response.y and /response.x: places in the image where the middle of a kernel of
 * ky x kx points comes to lie. */
enum rst_status rst_series_list_add_responses(struct rst_series_list *list,
                                              const struct rst_variable *variable,
                                              const struct rst_field *responses, size_t count, size_t ky,
                                              size_t kx);
/** Add snapshots over ky and kx. */
enum rst_status rst_series_list_add_spectrum(struct rst_series_list *list,
                                             const struct rst_variable *variable);
/** Add snapshots over pairs of directions. */
enum rst_status rst_series_list_add_covariance(struct rst_series_list *list,
                                               const struct rst_variable *variable);

#endif
