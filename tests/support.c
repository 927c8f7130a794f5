/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/share.h"

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk) {
  (void)status;
  (void)kind;
  (void)walk;
  return remove(path);
}

static void remove_folder(const char *folder) {
  nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int rst_test_run(Suite *suite) {
  char folder[] = "/tmp/restrain-test-XXXXXX";
  if (!mkdtemp(folder) || chdir(folder) != 0) {
    perror(folder);
    return EXIT_FAILURE;
  }
  SRunner *runner = srunner_create(suite);
  srunner_set_tap(runner, "-");
  srunner_run_all(runner, CK_SILENT);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  remove_folder(folder);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

struct rst_context *rst_test_context(void) {
  struct rst_context *context = NULL;
  ck_assert_int_eq(rst_context_create(&context), RST_OK);
  rst_team_set_least(context, 0.0);
  return context;
}

/* SplitMix64 of a counter. */
void rst_test_noise(uint32_t seed, struct rst_field *field) {
  for (size_t y = 0; y < field->ny; ++y) {
    for (size_t x = 0; x < field->nx; ++x) {
      uint64_t bits = ((uint64_t)seed << 32) + y * field->nx + x;
      bits *= 0x9E3779B97F4A7C15U;
      bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
      bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
      bits ^= bits >> 31;
      rst_field_set(field, y, x, (double)(bits >> 43) / (double)(1 << 20) - 1.0);
    }
  }
}

struct rst_flow_parameters rst_test_network(const struct rst_labelled_image *images, size_t count,
                                            size_t kernel) {
  return (struct rst_flow_parameters){
      .kind = "conv",
      .boundary = RST_BOUNDARY_VALID,
      .diffusion = {.coefficient = 0.0, .spacing = 1.0},
      .heat.dimension = 1,
      .heat.points = 31,
      .conv.kernel = kernel,
      .conv.images = images,
      .conv.image_count = count,
      .conv.activation = "swish",
      .conv.beta = 1.0,
      .conv.correlation = "auto",
  };
}

struct rst_flow *rst_test_flow(struct rst_context *context, const struct rst_flow_parameters *parameters) {
  struct rst_flow *flow = NULL;
  RST_TEST_OK(context, rst_flow_create(context, parameters, &flow));
  return flow;
}

struct rst_field *rst_test_state(struct rst_context *context, const struct rst_flow *flow, uint32_t seed,
                                 double scale) {
  struct rst_field *u = NULL;
  const struct rst_initial_parameters normal = {.kind = "normal", .seed = seed, .scale = scale};
  RST_TEST_OK(context, rst_flow_create_state(context, flow, &u));
  RST_TEST_OK(context, rst_initial_fill(context, &normal, rst_flow_layout(flow), u));
  return u;
}

struct rst_field rst_test_kernel(const struct rst_flow *flow, const struct rst_field *u) {
  return rst_layout_plane(rst_flow_layout(flow), u, 0, 0);
}

struct rst_field *rst_test_symbol(struct rst_context *context, const struct rst_flow *flow) {
  struct rst_field *lambda = NULL;
  size_t ny = 0;
  size_t nx = 0;
  rst_tensor_plane_shape(rst_flow_layout(flow)->tensors, &ny, &nx);
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &lambda));
  return lambda;
}

enum rst_status rst_test_fill(struct rst_context *context, const struct rst_initial_parameters *parameters,
                              struct rst_field *plane) {
  const struct rst_tensor tensor = {.name = "plane", .rank = 2, .dims = {plane->ny, plane->nx}};
  const struct rst_layout layout = {.count = rst_field_count(plane), .tensor_count = 1, .tensors = &tensor};
  struct rst_field state = {plane->precision, 1, layout.count, plane->data};
  return rst_initial_fill(context, parameters, &layout, &state);
}

struct rst_flow *rst_test_heat(struct rst_context *context, enum rst_precision precision,
                               enum rst_boundary boundary, int dimension, size_t points) {
  const struct rst_flow_parameters parameters = {
      .kind = "heat",
      .precision = precision,
      .boundary = boundary,
      .diffusion = {.coefficient = 1.0, .spacing = 1.0, .discretisation = RST_DISCRETISATION_SECOND},
      .heat.dimension = dimension,
      .heat.points = points,
  };
  return rst_test_flow(context, &parameters);
}

struct rst_flow *rst_test_conv(struct rst_context *context, enum rst_precision precision, size_t size,
                               size_t kernel) {
  const struct rst_labelled_image image = {
      .image = {.kind = "gaussian-field", .size = size, .seed = 3, .exponent = 2.0}, .label = 1};
  struct rst_flow_parameters parameters = rst_test_network(&image, 1, kernel);
  parameters.precision = precision;
  return rst_test_flow(context, &parameters);
}

void rst_test_advance(struct rst_context *context, struct rst_flow *flow, struct rst_scheme *scheme,
                      long steps, struct rst_field *u) {
  struct rst_field *gradient = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, u, &gradient));
  for (long i = 0; i < steps; ++i) {
    struct rst_flow_value value;
    rst_flow_evaluate(flow, u, &value, gradient);
    RST_TEST_OK(context, rst_scheme_step(scheme, gradient, u, NULL));
  }
  rst_field_destroy(&gradient);
}

const struct rst_scheme_parameters rst_test_scheme_defaults = {
    .lr = 0.1, .divisor = 1.0, .safety = 0.9, .decay = RST_DECAY_COUPLED, .own = {0.9, 0.999, 1e-8}};

int rst_test_scheme_count(void) {
  int count = 0;
  while (rst_scheme_names()[count]) {
    ++count;
  }
  return count;
}

bool rst_test_scheme_has_momentum(const char *kind) {
  return strcmp(kind, "heavy-ball") == 0 || strcmp(kind, "nesterov") == 0;
}

size_t rst_test_scheme_buffers(const char *kind) {
  return rst_test_scheme_has_momentum(kind) ? 1 : strcmp(kind, "adam") == 0 ? 2 : 0;
}

bool rst_test_scheme_has_polynomial(const char *kind) {
  return strcmp(kind, "cfl") != 0 && strcmp(kind, "adam") != 0;
}

bool rst_test_scheme_accepts(const struct rst_scheme_parameters *parameters) {
  const char *kind = parameters->kind;
  const bool adam = strcmp(kind, "adam") == 0;
  const bool averages = rst_test_scheme_has_momentum(kind) || adam;
  const bool divides = averages || strcmp(kind, "euler") == 0 || strcmp(kind, "cfl") == 0;
  return (divides || parameters->divisor == 1.0) && (averages || parameters->decay == RST_DECAY_COUPLED);
}

struct rst_scheme *rst_test_scheme(struct rst_context *context,
                                   const struct rst_scheme_parameters *parameters, struct rst_flow *flow) {
  struct rst_scheme *scheme = NULL;
  RST_TEST_OK(context, rst_scheme_create(context, parameters, flow, &scheme));
  return scheme;
}

struct rst_scheme_parameters rst_test_scheme_variant(const char *kind, int index) {
  static const double momenta[RST_TEST_SCHEME_VARIANTS / 2] = {0.0, 0.5, 0.9, 0.99, 0.999};
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = kind;
  p.momentum = momenta[index / 2];
  p.decay = index % 2 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
  if (!rst_test_scheme_has_polynomial(kind) || !rst_test_scheme_accepts(&p)) {
    p.kind = NULL;
  }
  return p;
}

double rst_test_real_limit(const struct rst_scheme_parameters *parameters) {
  const double mu = parameters->momentum;
  return strcmp(parameters->kind, "heavy-ball") == 0 ? 2.0 * (1.0 + mu)
         : strcmp(parameters->kind, "nesterov") == 0 ? 2.0 * (1.0 + mu) / (1.0 + 2.0 * mu)
         : strcmp(parameters->kind, "rk4") == 0      ? 2.7852935634052818
                                                     : 2.0;
}

static void multiply_hessian(void *user, const struct rst_field *v, struct rst_field *product) {
  rst_flow_hessian_product(user, v, product);
}

double rst_test_eigenvalue(struct rst_context *context, struct rst_flow *flow, enum rst_spectrum_end which,
                           struct rst_field *vector) {
  struct rst_field *v = rst_test_state(context, flow, 1, 0.0);
  struct rst_eigenpair result;
  rst_flow_linearise(flow, v, NULL, NULL);
  RST_TEST_OK(context, rst_extremal_eigenpair(context, multiply_hessian, flow, which, 1e-12, v, &result));
  if (vector) {
    rst_field_copy(v, vector);
  }
  rst_field_destroy(&v);
  return result.value;
}

struct rst_test_bench rst_test_bench;

void rst_test_bench_set_up(void) {
  struct rst_test_bench *bench = &rst_test_bench;
  char folder[] = "/tmp/restrain-test-XXXXXX";
  ck_assert_ptr_nonnull(mkdtemp(folder));
  bench->context = rst_test_context();
  snprintf(bench->folder, sizeof bench->folder, "%s", folder);
  snprintf(bench->path, sizeof bench->path, "%s/case.yaml", folder);
}

void rst_test_bench_tear_down(void) {
  remove_folder(rst_test_bench.folder);
  rst_context_destroy(&rst_test_bench.context);
}

void rst_test_bench_write(const void *bytes, size_t length) {
  FILE *file = fopen(rst_test_bench.path, "wb");
  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
  ck_assert_int_eq(fclose(file), 0);
}

enum rst_status rst_test_bench_load(const char *text, const char *const *overrides, size_t count,
                                    struct rst_case **loaded) {
  rst_test_bench_write(text, strlen(text));
  return rst_case_load(rst_test_bench.context, rst_test_bench.path, overrides, count, loaded);
}

struct rst_case *rst_test_case(const char *text, const char *one, const char *other) {
  const char *const overrides[] = {one, other};
  struct rst_case *loaded = NULL;
  RST_TEST_OK(rst_test_bench.context,
              rst_test_bench_load(text, overrides, one ? (other ? 2U : 1U) : 0U, &loaded));
  return loaded;
}

struct rst_analysis *rst_test_analyze(const char *text, const char *one, const char *other) {
  const struct rst_analysis_options options = {0};
  struct rst_analysis *analysis = NULL;
  struct rst_case *loaded = rst_test_case(text, one, other);
  RST_TEST_OK(rst_test_bench.context, rst_analyze(rst_test_bench.context, loaded, &options, &analysis));
  rst_case_destroy(&loaded);
  return analysis;
}

void rst_test_close(double value, double expected, double tolerance) {
  ck_assert_msg(fabs(value - expected) <= tolerance * fabs(expected), "%.17g, expected %.17g", value,
                expected);
}

bool rst_test_small_flow(const char *kind, size_t index, struct rst_flow_parameters *parameters,
                         char label[static 160]) {
  static const struct {
    const char *kind, *function;
    int dimension;
    double delta, spacing;
  } table[] = {
      {"beltrami", NULL, 1, 1.5, 1.0},
      {"beltrami", NULL, 2, 1.2, 0.8},
      {"beltrami", NULL, 1, 0.3, 0.8},
      {"landscape", "sine-product", 0, 0.0, 1.0},
      {"landscape", "quadratic-regression", 0, 0.0, 1.0},
      {"landscape", "uv", 0, 0.0, 1.0},
      {"regression", "none", 0, 0.0, 1.0},
      {"regression", "gaussian", 0, 0.0, 1.0},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    if (strcmp(table[i].kind, kind) == 0 && index-- == 0) {
      *parameters = (struct rst_flow_parameters){
          .kind = table[i].kind,
          .diffusion.spacing = table[i].spacing,
          .beltrami = {.dimension = table[i].dimension,
                       .delta = table[i].delta,
                       .fidelity = 0.4,
                       .signal = {.kind = "gaussian-field", .size = 6, .seed = 5, .exponent = 1.0}},
          .landscape =
              {.function = table[i].function, .amplitude = 1.7, .target = 0.8, .input = 1.3, .width = 3},
          .regression = {.design = table[i].function,
                         .spectrum = {.kind = "power", .count = 6, .exponent = 1.5, .largest = 2.0},
                         .minimum = 0.3,
                         .samples = 9,
                         .seed = 8,
                         .noise = 0.5}};
      snprintf(label, 160, "%s %s, %d-D, delta %g", kind, table[i].function ? table[i].function : "",
               table[i].dimension, table[i].delta);
      return true;
    }
  }
  return false;
}

struct rst_flow *rst_test_flow_of_each(struct rst_context *context, int index, enum rst_precision precision) {
  static const struct {
    const char *kind;
    enum rst_boundary boundary;
    size_t images;
    const char *activation;
    enum rst_pooling pooling;
    double diffusion;
  } table[] = {
      {"heat", RST_BOUNDARY_DIRICHLET, 0, NULL, 0, 1.0},
      {"heat", RST_BOUNDARY_PERIODIC, 0, NULL, 0, 1.0},
      {"conv", RST_BOUNDARY_VALID, 1, "swish", RST_POOLING_MEAN, 0.0},
      {"conv", RST_BOUNDARY_PERIODIC, 2, "tanh", RST_POOLING_MEAN, 0.0},
      {"conv", RST_BOUNDARY_VALID, 2, "gelu", RST_POOLING_MEAN, 0.1},
      {"conv", RST_BOUNDARY_PERIODIC, 1, "softplus", RST_POOLING_SUM, 0.0},
      {"conv-linear", RST_BOUNDARY_VALID, 2, "swish", RST_POOLING_MEAN, 0.1},
  };
  const struct rst_labelled_image images[] = {
      {{.kind = "gaussian-field", .size = 10, .seed = 3, .exponent = 1.0}, 0},
      {{.kind = "gaussian-field", .size = 12, .seed = 4, .exponent = 2.0}, 1},
  };
  if (index == (int)(sizeof table / sizeof *table)) {
    struct rst_flow_parameters beltrami;
    char label[160];
    ck_assert(rst_test_small_flow("beltrami", 1, &beltrami, label));
    beltrami.precision = precision;
    return rst_test_flow(context, &beltrami);
  }
  struct rst_flow_parameters parameters = rst_test_network(images, table[index].images, 4);
  parameters.kind = table[index].kind;
  parameters.precision = precision;
  parameters.boundary = table[index].boundary;
  parameters.conv.activation = table[index].activation;
  parameters.conv.pooling = table[index].pooling;
  parameters.diffusion.coefficient = table[index].diffusion;
  parameters.heat.dimension = 2;
  parameters.heat.points = 6;
  return rst_test_flow(context, &parameters);
}

bool rst_test_perturbed_variant(const char *kind, int index, struct rst_scheme_parameters *parameters) {
  const bool momentum = rst_test_scheme_has_momentum(kind);
  const bool cfl = strcmp(kind, "cfl") == 0;
  const bool adam = strcmp(kind, "adam") == 0;
  *parameters = rst_test_scheme_defaults;
  parameters->kind = kind;
  parameters->weight_decay = 0.3;
  parameters->lr = cfl && index == 1 ? 100.0 : 0.15;
  parameters->safety = cfl && index == 1 ? 0.3 : 1.0;
  parameters->momentum = momentum ? 0.6 : 0.0;
  parameters->decay = (momentum || adam) && index == 1 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
  if (adam) {
    memcpy(parameters->own, (const double[]){0.6, 0.8, 0.1}, 3 * sizeof(double));
  }
  return index == 0 || momentum || cfl || adam;
}

struct rst_test_trajectory rst_test_depart(struct rst_context *context, struct rst_flow *flow,
                                           const struct rst_scheme_parameters *parameters, size_t count) {
  struct rst_test_trajectory made = {.context = context, .flow = flow};
  made.scheme = rst_test_scheme(context, parameters, flow);
  made.u = rst_test_state(context, flow, 7, 0.5);
  made.gradient = rst_test_state(context, flow, 7, 0.0);
  if (count > 0) {
    RST_TEST_OK(context, rst_tangent_create(context, parameters, flow, count, 11, &made.tangent));
  }
  return made;
}

void rst_test_arrive(struct rst_test_trajectory *trajectory) {
  rst_tangent_destroy(&trajectory->tangent);
  rst_scheme_destroy(&trajectory->scheme);
  rst_field_destroy(&trajectory->u);
  rst_field_destroy(&trajectory->gradient);
}

void rst_test_copy_state(const struct rst_test_trajectory *from, struct rst_test_trajectory *to) {
  struct rst_field **source = NULL;
  struct rst_field **target = NULL;
  rst_field_copy(from->u, to->u);
  const size_t count = rst_scheme_state(from->scheme, &source);
  ck_assert_uint_eq(rst_scheme_state(to->scheme, &target), count);
  for (size_t i = 0; i < count; ++i) {
    rst_field_copy(source[i], target[i]);
  }
}

double rst_test_step(struct rst_test_trajectory *trajectory) {
  struct rst_flow_value value;
  double dt = NAN;
  if (trajectory->tangent) {
    rst_flow_linearise(trajectory->flow, trajectory->u, &value, trajectory->gradient);
    RST_TEST_OK(trajectory->context, rst_tangent_step(trajectory->tangent, trajectory->scheme,
                                                      trajectory->gradient, trajectory->u, &dt));
  } else {
    rst_flow_evaluate(trajectory->flow, trajectory->u, &value, trajectory->gradient);
    RST_TEST_OK(trajectory->context,
                rst_scheme_step(trajectory->scheme, trajectory->gradient, trajectory->u, &dt));
  }
  return dt;
}

bool rst_test_same_bits(const struct rst_field *a, const struct rst_field *b) {
  return memcmp(a->data, b->data, rst_field_count(a) * rst_precision_size(a->precision)) == 0;
}

struct rst_field **rst_test_perturbation(struct rst_tangent *tangent, size_t j, size_t *parts) {
  struct rst_field **fields = NULL;
  *parts = rst_tangent_state(tangent, &fields) / rst_tangent_count(tangent);
  return fields + j * *parts;
}

struct rst_sweep_table rst_test_table(const struct rst_case *from, bool of_diagram) {
  struct rst_sweep_task task;
  struct rst_sweep_table table;
  if (of_diagram) {
    rst_sweep_task_of_bifurcation(from, &task);
  } else {
    rst_sweep_task_of_sweep(from, &task);
  }
  RST_TEST_OK(rst_test_bench.context, rst_sweep_table_create(rst_test_bench.context, &task, &table));
  return table;
}

void rst_test_reflect(size_t count, const double *w, double *v) {
  double sum = 0.0;
  for (size_t i = 0; i < count; ++i) {
    sum += w[i] * v[i];
  }
  for (size_t i = 0; i < count; ++i) {
    v[i] -= 2.0 * sum * w[i];
  }
}
