/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Linear regression: E = (1/2) sum_i h_i (u_i - c)^2 in its eigenvectors, or E = sum_i w_i (x_i.u - y_i)^2/2 over examples.
 * Of the latter grad E = sum_i w_i r_i x_i with r_i = x_i.u - y_i, and H v = sum_i w_i (x_i.v) x_i.
 */

#include <assert.h>
#include <math.h>

#include "core/core.h"
#include "data/example_kinds.h"
#include "flow/choice.h"
#include "flow/flow_type.h"
#include "flow/regression_keys.h"
#include "flow/regression_loops.h"

struct regression {
  struct rst_flow base;
  struct rst_tensor kernel;
  const struct rst_regression_loops *loops;
  double minimum;
  struct rst_field *h, *roots; /* sqrt(h); of the diagonal form, both NULL from data */
  struct rst_field *x;         /* X [n][d]; NULL in the diagonal form */
  double *y;                   /* [n] */
  struct rst_choices choices;
  bool noisy;
  struct rst_field *noise; /* one number for each row of R, where noisy */
};

static struct rst_field row_of(const struct rst_field *x, size_t i) {
  const size_t size = rst_precision_size(x->precision);
  return (struct rst_field){x->precision, 1, x->nx, (char *)x->data + i * x->nx * size};
}

static enum rst_status make_diagonal(struct regression *own, const struct rst_given_spectrum *spectrum) {
  struct rst_context *context = own->base.context;
  RST_TRY(rst_given_spectrum_check(context, spectrum));
  const size_t count = rst_given_spectrum_count(spectrum);
  rst_flow_lay_out_kernel(&own->base, 1, count, 1.0, &own->kernel);
  RST_TRY(rst_flow_create_state(context, &own->base, &own->h));
  RST_TRY(rst_flow_create_state(context, &own->base, &own->roots));
  for (size_t i = 0; i < count; ++i) {
    const double h = rst_given_spectrum_value(spectrum, i);
    rst_field_set(own->h, 0, i, h);
    rst_field_set(own->roots, 0, i, sqrt(h));
  }
  return RST_OK;
}

/* X and y in double: all rows, then the noise of the targets, in the order of the generator. */
static void shape_gaussian(const struct rst_regression_parameters *parameters, size_t columns, double *x,
                           double *y) {
  const double *noise = x + parameters->samples * columns;
  for (size_t i = 0; i < parameters->samples; ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < columns; ++j) {
      x[i * columns + j] *= sqrt(rst_given_spectrum_value(&parameters->spectrum, j));
      sum += x[i * columns + j] * parameters->minimum;
    }
    y[i] = sum + parameters->noise * noise[i];
  }
}

/* Take over X, of which `x` is freed. */
static enum rst_status keep_design(struct regression *own, size_t rows, size_t columns, double *x) {
  struct rst_field of = {RST_PRECISION_DOUBLE, rows, columns, x};
  const enum rst_status status =
      rst_field_create(own->base.context, own->base.precision, rows, columns, &own->x);
  if (status == RST_OK) {
    rst_field_copy(&of, own->x);
    rst_flow_lay_out_kernel(&own->base, 1, columns, 1.0, &own->kernel);
  }
  free(x);
  return status;
}

static enum rst_status make_gaussian(struct regression *own,
                                     const struct rst_regression_parameters *parameters) {
  struct rst_context *context = own->base.context;
  double *x = NULL;
  size_t numbers = 0;
  RST_TRY(rst_given_spectrum_check(context, &parameters->spectrum));
  const size_t columns = rst_given_spectrum_count(&parameters->spectrum);
  RST_REQUIRE(context,
              parameters->samples > 0 && !__builtin_mul_overflow(parameters->samples, columns + 1, &numbers),
              RST_ERROR_ARGUMENT, "a design of %zu samples cannot be made", parameters->samples);
  RST_TRY(RST_NEW(context, parameters->samples, &own->y));
  RST_TRY(RST_NEW(context, numbers, &x));
  const enum rst_status status = rst_random_normal(context, parameters->seed, numbers, x);
  if (status != RST_OK) {
    free(x);
    return status;
  }
  shape_gaussian(parameters, columns, x, own->y);
  return keep_design(own, parameters->samples, columns, x);
}

/* All numbers of an array of that many axes, which must be finite. */
static enum rst_status read_numbers(struct rst_context *context, const char *name, int rank, size_t dims[2],
                                    double **values) {
  struct rst_array array = {0};
  size_t count = 0;
  size_t bytes = 0;
  enum rst_status status = rst_examples_read_array(context, name, &array);
  if (status == RST_OK && (array.rank != rank || !rst_array_count(&array, &count, &bytes) || count == 0)) {
    status = rst_fail(context, RST_ERROR_ARGUMENT, "'%s' has %d axes; it needs %d, none of them empty", name,
                      array.rank, rank);
  }
  if (status == RST_OK) {
    status = RST_NEW(context, count, values);
  }
  if (status == RST_OK) {
    rst_array_read(&array, 0, count, *values);
    dims[0] = array.dims[0];
    dims[1] = rank > 1 ? array.dims[1] : 1;
  }
  rst_array_free(&array);
  for (size_t i = 0; status == RST_OK && i < count; ++i) {
    if (!isfinite((*values)[i])) {
      status = rst_fail(context, RST_ERROR_ARGUMENT, "number %zu of '%s' is not finite", i + 1, name);
    }
  }
  return status;
}

static enum rst_status read_design(struct regression *own,
                                   const struct rst_regression_parameters *parameters) {
  struct rst_context *context = own->base.context;
  size_t shape[2] = {0};
  size_t targets[2] = {0};
  double *x = NULL;
  RST_REQUIRE(context, parameters->x && parameters->y, RST_ERROR_ARGUMENT,
              "the design 'file' needs x and y, each a dataset 'file.h5:/path' or a .npy file");
  RST_TRY(read_numbers(context, parameters->y, 1, targets, &own->y));
  const enum rst_status status = read_numbers(context, parameters->x, 2, shape, &x);
  if (status != RST_OK || shape[0] != targets[0]) {
    free(x);
    return status != RST_OK ? status
                            : rst_fail(context, RST_ERROR_ARGUMENT,
                                       "'%s' has %zu rows and '%s' %zu numbers; they must be as many",
                                       parameters->x, shape[0], parameters->y, targets[0]);
  }
  return keep_design(own, shape[0], shape[1], x);
}

static enum rst_status check(struct rst_context *context, const struct rst_flow_parameters *parameters) {
  const struct rst_regression_parameters *own = &parameters->regression;
  RST_REQUIRE(context, parameters->diffusion.coefficient == 0, RST_ERROR_ARGUMENT,
              "the flow regression takes no diffusion, and its coefficient is %g; set it to 0",
              parameters->diffusion.coefficient);
  RST_REQUIRE(context, isfinite(own->minimum) && isfinite(own->noise) && own->noise >= 0, RST_ERROR_ARGUMENT,
              "the minimum %g and the noise %g must be finite, the noise not negative", own->minimum,
              own->noise);
  return RST_OK;
}

static size_t root_rows(const struct rst_flow *flow) {
  const struct regression *own = (const struct regression *)flow;
  return own->x ? own->x->ny : flow->layout.count;
}

static void root_row(const struct rst_flow *flow, size_t index, struct rst_field *row) {
  const struct regression *own = (const struct regression *)flow;
  if (own->x) {
    const struct rst_field of = row_of(own->x, index);
    rst_field_axpy(1.0 / sqrt((double)own->x->ny), &of, row);
  } else {
    rst_field_set(row, 0, index, rst_field_get(own->roots, 0, index));
  }
}

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct regression *own = (struct regression *)flow;
  const struct rst_regression_parameters *given = &parameters->regression;
  const int design = given->design ? rst_name_index(rst_regression_designs, given->design) : RST_DESIGN_NONE;
  rst_choices_begin(&own->choices);
  if (design < 0) {
    return rst_fail_unknown(flow->context, "design", given->design, rst_regression_designs);
  }
  RST_TRY(check(flow->context, parameters));
  own->loops =
      flow->precision == RST_PRECISION_FLOAT ? &rst_regression_loops_float : &rst_regression_loops_double;
  own->minimum = given->minimum;
  RST_TRY(design == RST_DESIGN_NONE       ? make_diagonal(own, &given->spectrum)
          : design == RST_DESIGN_GAUSSIAN ? make_gaussian(own, given)
                                          : read_design(own, given));
  return rst_field_create(flow->context, flow->precision, 1, root_rows(flow), &own->noise);
}

static void destroy(struct rst_flow *flow) {
  struct regression *own = (struct regression *)flow;
  rst_field_destroy(&own->h);
  rst_field_destroy(&own->roots);
  rst_field_destroy(&own->x);
  rst_field_destroy(&own->noise);
  rst_choices_clear(&own->choices);
  free(own->y);
}

static size_t example_count(const struct rst_flow *flow, enum rst_example_set set) {
  const struct regression *own = (const struct regression *)flow;
  return own->x && set == RST_TRAINING_SET ? own->x->ny : 0;
}

/* Those of a choice, with their targets or without. */
static struct rst_regression_examples examples_of(const struct regression *own,
                                                  const struct rst_choice *choice, const double *y) {
  struct rst_regression_examples examples = {
      .count = own->x->ny, .columns = own->x->nx, .x = own->x->data, .y = y};
  if (!choice->whole) {
    examples.count = choice->count;
    examples.indices = choice->indices;
    examples.weights = choice->weights;
  }
  return examples;
}

static void evaluate_choice(const struct regression *own, const struct rst_choice *choice,
                            const struct rst_field *u, struct rst_flow_value *value,
                            struct rst_field *gradient) {
  const struct rst_regression_examples examples = examples_of(own, choice, own->y);
  *value = (struct rst_flow_value){.accuracy = NAN};
  value->data_loss =
      own->loops->evaluate_examples(&examples, u->data, &value->residual, gradient ? gradient->data : NULL);
}

/* gradient += R' noise. */
static void add_noise(const struct regression *own, struct rst_field *gradient) {
  if (!own->x) {
    own->loops->multiply(gradient->nx, false, own->roots->data, own->noise->data, gradient->data);
    return;
  }
  const double share = 1.0 / sqrt((double)own->x->ny);
  for (size_t i = 0; i < own->x->ny; ++i) {
    const struct rst_field row = row_of(own->x, i);
    rst_field_axpy(share * rst_field_get(own->noise, 0, i), &row, gradient);
  }
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  const struct regression *own = (const struct regression *)flow;
  if (own->x) {
    evaluate_choice(own, &own->choices.chosen, u, value, gradient);
  } else {
    *value = (struct rst_flow_value){.accuracy = NAN};
    value->data_loss =
        own->loops->evaluate(u->nx, own->h->data, own->minimum, u->data, gradient ? gradient->data : NULL);
  }
  if (own->noisy && gradient) {
    add_noise(own, gradient);
  }
}

static void linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                      struct rst_field *gradient) {
  struct regression *own = (struct regression *)flow;
  rst_choice_copy(&own->choices.chosen, &own->choices.linearised);
  evaluate(flow, u, value, gradient);
}

static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  const struct regression *own = (const struct regression *)flow;
  if (!own->x) {
    own->loops->multiply(v->nx, true, own->h->data, v->data, product->data);
    return;
  }
  double residual = 0.0;
  const struct rst_regression_examples examples = examples_of(own, &own->choices.linearised, NULL);
  (void)own->loops->evaluate_examples(&examples, v->data, &residual, product->data);
}

/* In the diagonal form eigenvectors are unit vectors. */
static bool known_extreme(const struct rst_flow *flow, enum rst_spectrum_end end, struct rst_field *vector,
                          double *value) {
  const struct regression *own = (const struct regression *)flow;
  size_t found = 0;
  for (size_t i = 1; own->h && i < own->h->nx; ++i) {
    const double difference = rst_field_get(own->h, 0, i) - rst_field_get(own->h, 0, found);
    found = (end == RST_SPECTRUM_LARGEST ? difference > 0.0 : difference < 0.0) ? i : found;
  }
  if (own->h) {
    rst_field_set(vector, 0, found, 1.0);
    *value = rst_field_get(own->h, 0, found);
  }
  return own->h != NULL;
}

static enum rst_status prepare(struct rst_flow *flow, size_t count) {
  struct regression *own = (struct regression *)flow;
  return rst_choices_reserve(flow->context, count, &own->choices);
}

static void choose(struct rst_flow *flow, const struct rst_draw *draw) {
  struct regression *own = (struct regression *)flow;
  assert(!draw || draw->count <= own->choices.capacity);
  rst_choice_take(draw, &own->choices.chosen);
  own->noisy = draw && draw->noise;
  for (size_t i = 0; own->noisy && i < own->noise->nx; ++i) {
    rst_field_set(own->noise, 0, i, draw->noise[i]);
  }
}

static void assess(struct rst_flow *flow, enum rst_example_set set, const struct rst_field *u,
                   const double *averages, struct rst_assessment *assessment, struct rst_field *gradient) {
  const struct rst_choice all = {.whole = true};
  struct rst_flow_value value;
  (void)set;
  (void)averages;
  evaluate_choice((const struct regression *)flow, &all, u, &value, gradient);
  *assessment = (struct rst_assessment){value.data_loss, value.accuracy};
}

static const struct rst_keys *const keys[] = {&rst_regression_keys, NULL};

static const char *const without[] = {"flow.boundary", "flow.diffusion.coefficient", "flow.diffusion.spacing",
                                      "flow.diffusion.discretisation", NULL};

const struct rst_flow_type rst_flow_regression = {
    .size = sizeof(struct regression),
    .facts = {.linear = true, .examples = true},
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .linearise = linearise,
    .hessian_product = hessian_product,
    .example_count = example_count,
    .prepare = prepare,
    .choose = choose,
    .assess = assess,
    .root_rows = root_rows,
    .root_row = root_row,
    .known_extreme = known_extreme,
    .keys = keys,
    .without = without,
};
