/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/tap_sums.h"

#include <stdlib.h>

#include "network/operation.h"
#include "support.h"

/* The sums over taps in each set of vector instructions that the processor has: those of plain loops where numbers are small
 * integers, and the same bits where they are not. */

/* Several parts of positions, blocks of channels, taps with loops of their own, and what is left over of each. */
static const struct shape {
  size_t in, out, rows, columns, tap_rows, tap_columns, stride;
  bool reversed; /* the last tap of w meets the first point */
} shapes[] = {
    {1, 1, 1, 1, 1, 1, 1, false},    {1, 4, 1, 1, 1, 1, 1, false},   {1, 10, 1, 1, 1, 37, 1, false},
    {3, 5, 2, 2, 3, 3, 1, false},    {3, 5, 2, 3, 3, 3, 1, true},    {5, 8, 3, 4, 3, 3, 1, false},
    {16, 4, 5, 7, 3, 3, 1, true},    {2, 9, 13, 8, 5, 5, 1, false},  {2, 9, 3, 13, 5, 5, 1, true},
    {1, 16, 24, 24, 5, 5, 1, false}, {40, 7, 2, 26, 3, 3, 1, false}, {40, 6, 2, 25, 3, 3, 1, true},
    {3, 3, 2, 70, 2, 2, 1, false},   {3, 4, 3, 65, 1, 3, 1, true},   {17, 5, 7, 9, 3, 3, 2, false},
    {4, 8, 16, 16, 3, 3, 2, false},  {2, 4, 5, 6, 1, 2, 3, true},    {7, 12, 9, 8, 4, 4, 1, false},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, CASES = 2 * SHAPES };

/* Maps are fields of a point a row. */
struct sample {
  enum rst_precision precision;
  struct shape shape;
  struct rst_tap_sums sums;
  size_t first; /* number of w that the first point meets */
  struct rst_field *x, *z, *w, *start, *room;
};

static const struct rst_tap_loops *loops_of(const struct sample *sample, enum rst_vectors vectors) {
  return sample->precision == RST_PRECISION_FLOAT ? &rst_tap_loops_float[vectors]
                                                  : &rst_tap_loops_double[vectors];
}

static struct rst_field *noise(struct rst_context *context, const struct sample *sample, size_t ny, size_t nx,
                               uint32_t seed, bool integers) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, sample->precision, ny, nx, &field));
  rst_test_noise(seed, field);
  for (size_t p = 0; p < ny * nx && integers; ++p) {
    rst_field_set(field, p / nx, p % nx, rint(4.0 * rst_field_get(field, p / nx, p % nx)));
  }
  return field;
}

static size_t x_columns(const struct shape *shape) {
  return (shape->columns - 1) * shape->stride + shape->tap_columns;
}

static size_t x_channel(const struct shape *shape) {
  return ((shape->rows - 1) * shape->stride + shape->tap_rows) * x_columns(shape) + 1;
}

static struct rst_tap_sums sums_of(const struct shape *shape) {
  const ptrdiff_t taps = (ptrdiff_t)(shape->tap_rows * shape->tap_columns);
  const ptrdiff_t width = (ptrdiff_t)x_columns(shape);
  const ptrdiff_t stride = (ptrdiff_t)shape->stride;
  const ptrdiff_t sign = shape->reversed ? -1 : 1;
  return (struct rst_tap_sums){
      .in = shape->in,
      .out = shape->out,
      .rows = shape->rows,
      .columns = shape->columns,
      .tap_rows = shape->tap_rows,
      .tap_columns = shape->tap_columns,
      .x = {(ptrdiff_t)x_channel(shape), stride * width, stride, width, 1},
      .z = {(ptrdiff_t)(shape->rows * shape->columns), (ptrdiff_t)shape->columns, 1},
      .w = {(ptrdiff_t)shape->in * taps, taps, sign * (ptrdiff_t)shape->tap_columns, sign},
  };
}

static struct sample make(struct rst_context *context, int index, bool integers) {
  struct sample sample = {.precision = index % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE,
                          .shape = shapes[index / 2]};
  const struct shape *shape = &sample.shape;
  const size_t lanes = RST_LANE_BYTES / rst_precision_size(sample.precision);
  const size_t taps = shape->tap_rows * shape->tap_columns;
  sample.sums = sums_of(shape);
  sample.first = shape->reversed ? taps - 1 : 0;
  sample.x = noise(context, &sample, shape->in * x_channel(shape), lanes, 1, integers);
  sample.z = noise(context, &sample, shape->out * shape->rows * shape->columns, lanes, 2, integers);
  sample.w = noise(context, &sample, 1, shape->out * shape->in * taps, 3, integers);
  sample.start = noise(context, &sample, 1, shape->out, 4, integers);
  sample.room = noise(context, &sample, RST_TAP_CHANNELS * shape->in * taps, lanes, 5, false);
  return sample;
}

static void destroy(struct sample *sample) {
  rst_field_destroy(&sample->x);
  rst_field_destroy(&sample->z);
  rst_field_destroy(&sample->w);
  rst_field_destroy(&sample->start);
  rst_field_destroy(&sample->room);
}

static void *number(const struct rst_field *field, size_t index) {
  return (char *)field->data + index * rst_precision_size(field->precision);
}

/* What apply may begin with. */
enum start { ADDS, VALUES, ZEROS, STARTS };

static struct rst_field *apply(struct rst_context *context, const struct sample *sample,
                               enum rst_vectors vectors, enum start start) {
  struct rst_field *z = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, sample->z, &z));
  rst_field_copy(sample->z, z);
  if (start != ADDS) {
    rst_field_fill(NAN, z);
  }
  loops_of(sample, vectors)
      ->apply(&sample->sums,
              (struct rst_tap_start){start == ADDS, start == VALUES ? sample->start->data : NULL},
              number(sample->w, sample->first), sample->x->data, z->data);
  return z;
}

static struct rst_field *weights(struct rst_context *context, const struct sample *sample,
                                 enum rst_vectors vectors) {
  struct rst_field *dw = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, sample->w, &dw));
  rst_field_copy(sample->w, dw);
  loops_of(sample, vectors)
      ->weights(&sample->sums, sample->x->data, sample->z->data, number(dw, sample->first),
                sample->room->data);
  return dw;
}

/* A product of the sums: of channels o, i, a position and a tap of x. */
struct place {
  size_t o, i, y, x, ky, kx;
};

static double x_at(const struct sample *sample, struct place at, size_t lane) {
  const struct shape *shape = &sample->shape;
  const size_t row = at.y * shape->stride + at.ky;
  const size_t column = at.x * shape->stride + at.kx;
  return rst_field_get(sample->x, at.i * x_channel(shape) + row * x_columns(shape) + column, lane);
}

static size_t z_point(const struct sample *sample, struct place at) {
  return (at.o * sample->shape.rows + at.y) * sample->shape.columns + at.x;
}

static size_t w_number(const struct sample *sample, struct place at) {
  const struct shape *shape = &sample->shape;
  const size_t taps = shape->tap_rows * shape->tap_columns;
  const size_t tap = at.ky * shape->tap_columns + at.kx;
  return (at.o * shape->in + at.i) * taps + (shape->reversed ? taps - 1 - tap : tap);
}

/* Call `visit` for every product. */
static void each_product(const struct sample *sample, void *user,
                         void (*visit)(const struct sample *sample, struct place at, void *user)) {
  const struct shape *shape = &sample->shape;
  const size_t taps = shape->tap_rows * shape->tap_columns;
  for (size_t p = 0; p < shape->out * shape->rows * shape->columns; ++p) {
    for (size_t t = 0; t < shape->in * taps; ++t) {
      visit(sample,
            (struct place){.o = p / (shape->rows * shape->columns),
                           .i = t / taps,
                           .y = p / shape->columns % shape->rows,
                           .x = p % shape->columns,
                           .ky = t / shape->tap_columns % shape->tap_rows,
                           .kx = t % shape->tap_columns},
            user);
    }
  }
}

/* Each lane += w x. */
static void add_response(const struct sample *sample, struct place at, void *user) {
  struct rst_field *plain = user;
  const double w = rst_field_get(sample->w, 0, w_number(sample, at));
  for (size_t lane = 0; lane < plain->nx; ++lane) {
    const size_t point = z_point(sample, at);
    rst_field_set(plain, point, lane, rst_field_get(plain, point, lane) + w * x_at(sample, at, lane));
  }
}

static void add_weight(const struct sample *sample, struct place at, void *user) {
  struct rst_field *plain = user;
  const size_t index = w_number(sample, at);
  double sum = rst_field_get(plain, 0, index);
  for (size_t lane = 0; lane < sample->z->nx; ++lane) {
    sum += rst_field_get(sample->z, z_point(sample, at), lane) * x_at(sample, at, lane);
  }
  rst_field_set(plain, 0, index, sum);
}

static void assert_same(struct rst_field *made, const struct rst_field *expected) {
  ck_assert_mem_eq(made->data, expected->data, rst_field_count(made) * rst_precision_size(made->precision));
  rst_field_destroy(&made);
}

static double start_of(const struct sample *sample, size_t point, size_t lane, enum start start) {
  switch (start) {
  case ADDS:
    return rst_field_get(sample->z, point, lane);
  case VALUES:
    return rst_field_get(sample->start, 0, point / (sample->shape.rows * sample->shape.columns));
  default:
    return 0.0;
  }
}

START_TEST(sums_are_those_of_plain_loops) {
  struct rst_context *context = rst_test_context();
  struct sample sample = make(context, _i, true);
  struct rst_field *plain = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, sample.z, &plain));
  for (enum start start = ADDS; start < STARTS; ++start) {
    for (size_t p = 0; p < rst_field_count(plain); ++p) {
      rst_field_set(plain, p / plain->nx, p % plain->nx,
                    start_of(&sample, p / plain->nx, p % plain->nx, start));
    }
    each_product(&sample, plain, add_response);
    for (enum rst_vectors set = rst_vectors_widest(); set <= RST_VECTORS_OF_ALL; ++set) {
      struct rst_field *z = apply(context, &sample, set, start);
      for (size_t p = 0; p < rst_field_count(plain); ++p) { /* zeros have two signs */
        ck_assert(rst_field_get(z, p / z->nx, p % z->nx) == rst_field_get(plain, p / z->nx, p % z->nx));
      }
      rst_field_destroy(&z);
    }
  }
  rst_field_destroy(&plain);
  RST_TEST_OK(context, rst_field_create_like(context, sample.w, &plain));
  rst_field_copy(sample.w, plain);
  each_product(&sample, plain, add_weight);
  for (enum rst_vectors set = rst_vectors_widest(); set <= RST_VECTORS_OF_ALL; ++set) {
    struct rst_field *dw = weights(context, &sample, set);
    for (size_t p = 0; p < rst_field_count(plain); ++p) {
      ck_assert(rst_field_get(dw, 0, p) == rst_field_get(plain, 0, p));
    }
    rst_field_destroy(&dw);
  }
  rst_field_destroy(&plain);
  destroy(&sample);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(instructions_agree) {
  struct rst_context *context = rst_test_context();
  struct sample sample = make(context, _i, false);
  struct rst_field *dw = weights(context, &sample, RST_VECTORS_OF_ALL);
  for (enum rst_vectors set = rst_vectors_widest(); set < RST_VECTORS_OF_ALL; ++set) {
    assert_same(weights(context, &sample, set), dw);
  }
  rst_field_destroy(&dw);
  for (enum start start = ADDS; start < STARTS; ++start) {
    struct rst_field *z = apply(context, &sample, RST_VECTORS_OF_ALL, start);
    for (enum rst_vectors set = rst_vectors_widest(); set < RST_VECTORS_OF_ALL; ++set) {
      assert_same(apply(context, &sample, set, start), z);
    }
    rst_field_destroy(&z);
  }
  destroy(&sample);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("tap_sums");
  TCase *tests = tcase_create("tap_sums");
  tcase_add_loop_test(tests, sums_are_those_of_plain_loops, 0, CASES);
  tcase_add_loop_test(tests, instructions_agree, 0, CASES);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
