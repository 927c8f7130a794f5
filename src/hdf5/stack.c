/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/stack.h"

enum { OUT, IN, Y, X, MOST_AXES };

/* Lengths of an array as (out, in, y, x), 1 for those that it lacks; the axis before y and x is that of `out`. */
static void shape_of(const struct rst_stack *stack, hsize_t shape[MOST_AXES]) {
  static const int places[][MOST_AXES] = {{X}, {Y, X}, {OUT, Y, X}, {OUT, IN, Y, X}};
  shape[OUT] = shape[IN] = shape[Y] = shape[X] = 1;
  for (int axis = 0; axis < stack->rank; ++axis) {
    shape[places[stack->rank - 1][axis]] = stack->axes[axis]->count;
  }
}

void rst_stack_plane(const struct rst_stack *stack, size_t *ny, size_t *nx) {
  hsize_t shape[MOST_AXES];
  shape_of(stack, shape);
  *ny = (size_t)(shape[OUT] * shape[Y]);
  *nx = (size_t)(shape[IN] * shape[X]);
}

/* A range of arrays, one or as many as there will be. */
struct range {
  hsize_t length, most; /* of the stack */
  hsize_t first, count;
};

static hid_t make_source(const struct rst_stack *stack, const struct range *range, struct rst_ids *ids) {
  hsize_t dims[1 + MOST_AXES] = {range->length};
  hsize_t most[1 + MOST_AXES] = {range->most};
  for (int axis = 0; axis < stack->rank; ++axis) {
    dims[1 + axis] = most[1 + axis] = stack->axes[axis]->count;
  }
  return rst_ids_keep(ids, H5Screate_simple(1 + stack->rank, dims, most));
}

/* The planes of one `in`, row by row, are a column of the mosaic, row by row: one selection each. */
static bool map_column(hid_t properties, const struct rst_stack *stack, const struct range *range,
                       hid_t source, hid_t view, hsize_t in) {
  hsize_t shape[MOST_AXES];
  hsize_t from[1 + MOST_AXES] = {range->first};
  hsize_t count[1 + MOST_AXES] = {range->count};
  shape_of(stack, shape);
  for (int axis = 0; axis < stack->rank; ++axis) {
    count[1 + axis] = stack->axes[axis]->count;
  }
  if (stack->rank == MOST_AXES) {
    from[1 + IN] = in;
    count[1 + IN] = 1;
  }
  const bool is_whole = shape[IN] == 1 && range->count == 1;
  const hsize_t to[] = {0, 0, in * shape[X]};
  const hsize_t size[] = {range->count, shape[OUT] * shape[Y], shape[X]};
  return H5Sselect_hyperslab(source, H5S_SELECT_SET, from, NULL, count, NULL) >= 0 &&
         (is_whole || H5Sselect_hyperslab(view, H5S_SELECT_SET, to, NULL, size, NULL) >= 0) &&
         H5Pset_virtual(properties, view, ".", stack->path, source) >= 0;
}

static bool show(hid_t location, const char *name, const struct rst_stack *stack, const struct range *range,
                 hid_t view, struct rst_ids *ids) {
  hsize_t shape[MOST_AXES];
  shape_of(stack, shape);
  const hid_t source = make_source(stack, range, ids);
  const hid_t properties = rst_ids_keep(ids, H5Pcreate(H5P_DATASET_CREATE));
  bool done = H5Pset_obj_track_times(properties, false) >= 0;
  for (hsize_t in = 0; in < shape[IN] && done; ++in) {
    done = map_column(properties, stack, range, source, view, in);
  }
  done = done && rst_ids_keep(ids, H5Dcreate2(location, name, rst_numbers_type(stack->numbers, ids), view,
                                              rst_hdf5_whole_paths(ids), properties, H5P_DEFAULT)) >= 0;
  return done;
}

bool rst_stack_show(hid_t file, const char *name, const struct rst_stack *stack, size_t length,
                    size_t index) {
  RST_IDS(ids);
  const struct range range = {length, length, index, 1};
  size_t ny = 0;
  size_t nx = 0;
  rst_stack_plane(stack, &ny, &nx);
  const hsize_t dims[] = {1, ny, nx};
  return show(file, name, stack, &range, rst_ids_keep(&ids, H5Screate_simple(3, dims, NULL)), &ids);
}

bool rst_stack_show_all(hid_t location, const char *name, const struct rst_stack *stack) {
  RST_IDS(ids);
  const struct range range = {0, H5S_UNLIMITED, 0, H5S_UNLIMITED};
  size_t ny = 0;
  size_t nx = 0;
  rst_stack_plane(stack, &ny, &nx);
  const hsize_t dims[] = {0, ny, nx};
  const hsize_t most[] = {H5S_UNLIMITED, ny, nx};
  return show(location, name, stack, &range, rst_ids_keep(&ids, H5Screate_simple(3, dims, most)), &ids);
}
