/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event_run.h"

#include <gsl/gsl_eigen.h>

#include "restrain/fixed_point.h"
#include "restrain/spectrum.h"
#include "stability/event_region.h"

/* The detector on small networks that run between lr_lo and lr_hi, against what was recorded along the way and against
 * dense eigenvalues. */

/* A descent that is stable first finds the minimum; its sharpness sets lr to `excess` times the limit there. */
static struct rst_scheme_parameters restrained(struct rst_context *context, size_t kernel, const char *kind,
                                               double excess) {
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 32, kernel);
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  parameters.kind = "euler";
  parameters.weight_decay = 0.05;
  parameters.lr = 0.05;
  struct rst_scheme *scheme = rst_test_scheme(context, &parameters, flow);
  struct rst_field *u = rst_test_state(context, flow, 7, 0.1);
  struct rst_fixed_point minimum;
  struct rst_eigenpair sharpest;
  rst_test_advance(context, flow, scheme, 400, u);
  RST_TEST_OK(context, rst_fixed_point_find(context, flow, parameters.weight_decay, u, 1e-9, &minimum));
  rst_field_fill(0.0, u);
  RST_TEST_OK(context,
              rst_spectrum_extreme(context, flow, minimum.u, RST_SPECTRUM_LARGEST, 1e-9, u, &sharpest));
  parameters.kind = kind;
  parameters.momentum = rst_test_scheme_has_momentum(kind) ? 0.5 : 0.0;
  parameters.own[0] = 0.5;
  parameters.own[1] = 0.9;
  parameters.lr = strcmp(kind, "adam") == 0 ? 0.1 * excess
                                            : excess * rst_test_real_limit(&parameters) /
                                                  (sharpest.value + parameters.weight_decay);
  rst_field_destroy(&minimum.u);
  rst_field_destroy(&u);
  rst_scheme_destroy(&scheme);
  rst_flow_destroy(&flow);
  return parameters;
}

/* By scheme.h; cfl never exceeds its own. */
static double limit_of(const struct rst_scheme_parameters *parameters) {
  return strcmp(parameters->kind, "cfl") == 0 ? (double)INFINITY
         : strcmp(parameters->kind, "adam") == 0
             ? 2.0 * 1.5 / (0.5 * parameters->lr)
             : rst_test_real_limit(parameters) / parameters->lr +
                   (strcmp(parameters->kind, "imex") == 0 ? 2.0 * parameters->weight_decay : 0.0);
}

/* P^-1/2 (H(u) + alpha) P^-1/2. */
static void fill_hessian(struct machine *m, const struct rst_field *u, const struct rst_field *over,
                         gsl_matrix *hessian) {
  const size_t n = rst_field_count(u);
  rst_flow_linearise(m->flow, u, NULL, NULL);
  for (size_t j = 0; j < n; ++j) {
    rst_field_fill(0.0, m->before);
    rst_field_set(m->before, 0, j, 1.0);
    rst_flow_hessian_product(m->flow, m->before, m->gradient);
    for (size_t i = 0; i < n; ++i) {
      const double decay = i == j ? m->parameters.weight_decay : 0.0;
      gsl_matrix_set(hessian, i, j,
                     (rst_field_get(m->gradient, 0, i) + decay) /
                         sqrt(rst_field_get(over, 0, i) * rst_field_get(over, 0, j)));
    }
  }
}

static void find_extremes(struct machine *m, const struct rst_field *u, const struct rst_field *over,
                          double *smallest, double *largest) {
  const size_t n = rst_field_count(u);
  gsl_matrix *hessian = gsl_matrix_alloc(n, n);
  gsl_vector *values = gsl_vector_alloc(n);
  gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(n);
  fill_hessian(m, u, over, hessian);
  gsl_eigen_symm(hessian, values, work);
  gsl_vector_minmax(values, smallest, largest);
  gsl_eigen_symm_free(work);
  gsl_vector_free(values);
  gsl_matrix_free(hessian);
}

/* The rule of a kind, on all eigenvalues of P^-1 (H + alpha) at a state. */
static bool kind_holds(struct machine *m, const struct rst_field *u, const struct rst_field *over,
                       enum rst_event_kind kind) {
  const double limit = limit_of(&m->parameters);
  double smallest = 0.0;
  double largest = 0.0;
  find_extremes(m, u, over, &smallest, &largest);
  const double rounding =
      (m->u->precision == RST_PRECISION_FLOAT ? 1e-5 : 1e-9) * fmax(fabs(smallest), fabs(largest));
  return kind == RST_EVENT_DISCRETE     ? largest > limit - rounding
         : kind == RST_EVENT_CONTINUOUS ? smallest < 0.0
                                        : largest < limit + rounding && smallest > -rounding;
}

/* An update at least is of the kind that the event names, and what has log growth of a kind has such an update; where the
 * scheme is preconditioned, the peak tells for all. */
static void check_kind(struct machine *m, const struct record *record, const struct rst_event *event) {
  const double others = log(event->amplification) - event->growth_discrete - event->growth_continuous;
  const double parts[] = {event->growth_discrete, event->growth_continuous, others};
  const bool by_peak = rst_scheme_facts(m->parameters.kind).preconditioned;
  const long first = by_peak ? event->peak_iteration : event->first;
  const long last = by_peak ? event->peak_iteration : event->last;
  for (enum rst_event_kind kind = RST_EVENT_DISCRETE; kind <= RST_EVENT_NONNORMAL; ++kind) {
    bool found = parts[kind] <= 1e-12;
    for (long t = first; t <= last && !found; ++t) {
      found = kind_holds(m, record->u[t], record->over[t], kind);
    }
    ck_assert(found);
    ck_assert_double_ge(parts[kind], -1e-12);
    ck_assert_double_ge(parts[event->kind], parts[kind] - 1e-12);
  }
}

/* What was recorded of the updates from event->first on, until the growth ends. */
static void check_numbers(const struct record *record, const struct rst_event *event) {
  double product = 1.0;
  double peak = 0.0;
  long t = event->first;
  ck_assert(t == 0 || !(record->growth[t - 1] >= 1.0 + RST_EVENT_TOLERANCE));
  for (; record->growth[t] >= 1.0 + RST_EVENT_TOLERANCE; ++t) {
    product *= record->growth[t];
    peak = fmax(peak, record->growth[t]);
  }
  ck_assert_int_eq(event->last, t - 1);
  rst_test_close(event->amplification, product, 1e-12);
  ck_assert(event->peak == peak && record->growth[event->peak_iteration] == peak);
  ck_assert_int_ge(event->peak_iteration, event->first);
  ck_assert_int_le(event->peak_iteration, event->last);
  ck_assert_double_eq(event->rayleigh, record->rayleigh[event->peak_iteration]);
}

/* The sum of the growing energies has the region that the event tells of, and du after the peak its wave. */
static void check_region(struct rst_context *context, const struct rst_flow *flow,
                         const struct record *record, const struct rst_event *event) {
  struct rst_event expected = {0};
  struct rst_field *energy = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, record->gain[0], &energy));
  for (long t = event->first; t <= event->last; ++t) {
    rst_field_axpy(1.0, record->gain[t], energy);
  }
  const struct rst_field place = rst_test_kernel(flow, energy);
  const struct rst_field after = rst_test_kernel(flow, record->after[event->peak_iteration]);
  RST_TEST_OK(context, rst_event_find_region(context, &place, 1.0, &expected));
  RST_TEST_OK(context, rst_event_find_wave(context, &after, 1.0, &expected));
  ck_assert(event->ky == expected.ky && event->kx == expected.kx);
  ck_assert_double_eq(event->share, expected.share);
  ck_assert(event->y_first == expected.y_first && event->y_last == expected.y_last);
  ck_assert(event->x_first == expected.x_first && event->x_last == expected.x_last);
  if (expected.share > 0.0) {
    for (size_t i = 0; i < rst_field_count(energy); ++i) {
      rst_field_set(energy, 0, i, sqrt(rst_field_get(energy, 0, i)));
    }
    rst_test_close(event->participation, rst_participation_ratio(energy), 1e-10);
    ck_assert_double_eq_tol(event->centroid_y, expected.centroid_y, 1e-9);
    ck_assert_double_eq_tol(event->centroid_x, expected.centroid_x, 1e-9);
    ck_assert(event->centroid_y >= (double)event->y_first && event->centroid_y <= (double)event->y_last);
    ck_assert(event->centroid_x >= (double)event->x_first && event->centroid_x <= (double)event->x_last);
  }
  rst_field_destroy(&energy);
}

/* Every scheme in both precisions: each interval of growth is an event, and each is what it says. */
START_TEST(events_are_what_was_recorded) {
  enum { UPDATES = 200 };
  const double excess = _i % 2 ? 2.7 : 1.8;
  const char *kind = rst_scheme_names()[_i / 4];
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow =
      rst_test_conv(context, _i / 2 % 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE, 32, 8);
  const struct rst_scheme_parameters parameters = restrained(context, 8, kind, excess);
  struct machine m = start(flow, context, &parameters, 0.1);
  struct record *record = new_record();
  run(&m, UPDATES, record);
  ck_assert(rst_field_is_finite(m.u));
  int begun = 0;
  for (int t = 1; t < UPDATES; ++t) {
    begun += !(record->growth[t] >= 1.0 + RST_EVENT_TOLERANCE) &&
             record->growth[t - 1] >= 1.0 + RST_EVENT_TOLERANCE;
  }
  ck_assert_int_eq(record->event_count, begun);
  ck_assert_int_gt(begun, 0);
  int kinds[3] = {0};
  for (int i = 0; i < record->event_count; ++i) {
    const struct rst_event *event = &record->events[i];
    ck_assert(i == 0 || event->first > record->events[i - 1].last + 1);
    check_numbers(record, event);
    check_kind(&m, record, event);
    check_region(context, flow, record, event);
    ++kinds[event->kind];
  }
  if (strcmp(kind, "adam") == 0) {
    ck_assert_int_gt(kinds[RST_EVENT_DISCRETE], 0);
  }
  if (strcmp(kind, "euler") == 0 && _i % 2) {
    ck_assert(kinds[RST_EVENT_DISCRETE] > 3 && kinds[RST_EVENT_CONTINUOUS] > 3);
  }
  ck_assert(kinds[RST_EVENT_DISCRETE] == 0 || strcmp(kind, "cfl") != 0);
  destroy_record(record);
  stop(&m);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* What the eigenvalues beyond the limit, and those below 0, add to |v_{t+1}|^2, for euler: with all eigenvectors
 * w_j of H + alpha, sum <w_j, v>^2 ((1 - lr lambda_j)^2 - 1). */
static void split_growth(struct machine *m, const struct record *record, long t, double *discrete,
                         double *continuous) {
  const struct rst_field *u = record->u[t];
  const struct rst_field *v = record->after[t - 1];
  const size_t n = rst_field_count(u);
  gsl_matrix *hessian = gsl_matrix_alloc(n, n);
  gsl_matrix *vectors = gsl_matrix_alloc(n, n);
  gsl_vector *values = gsl_vector_alloc(n);
  gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
  fill_hessian(m, u, record->over[t], hessian);
  gsl_eigen_symmv(hessian, values, vectors, work);
  *discrete = *continuous = 0.0;
  for (size_t j = 0; j < n; ++j) {
    const double lambda = gsl_vector_get(values, j);
    double part = 0.0;
    for (size_t i = 0; i < n; ++i) {
      part += gsl_matrix_get(vectors, i, j) * rst_field_get(v, 0, i);
    }
    const double root = 1.0 - m->parameters.lr * lambda;
    const double gain = part * part * (root * root - 1.0);
    *discrete += lambda * m->parameters.lr > 2.0 ? gain : 0.0;
    *continuous += lambda < 0.0 ? gain : 0.0;
  }
  gsl_eigen_symmv_free(work);
  gsl_vector_free(values);
  gsl_matrix_free(vectors);
  gsl_matrix_free(hessian);
}

/* Log growth of the discrete updates of an event; false if the parts of one are not far apart. */
static bool sum_discrete(struct machine *m, const struct record *record, const struct rst_event *event,
                         double *sum, int *both) {
  *sum = 0.0;
  for (long t = event->first; t <= event->last; ++t) {
    double discrete = 0.0;
    double continuous = 0.0;
    split_growth(m, record, t, &discrete, &continuous);
    *both += discrete > 0.0 && continuous > 0.0;
    if (fmax(discrete, continuous) <= 2.0 * fmin(discrete, continuous)) {
      return false;
    }
    *sum += discrete > continuous ? log(record->growth[t]) : 0.0;
  }
  return true;
}

/* Where eigenvalues lie beyond both limits, the kind of an update is that of the larger part of its growth; that of an
 * event, of the larger part of its log growth. */
START_TEST(the_larger_part_of_the_growth_decides) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 32, 8);
  const struct rst_scheme_parameters parameters = restrained(context, 8, "euler", 2.7);
  struct machine m = start(flow, context, &parameters, 0.1);
  struct record *record = new_record();
  run(&m, 300, record);
  int clear = 0;
  int both = 0;
  int mixed = 0;
  for (int i = 0; i < record->event_count; ++i) {
    const struct rst_event *event = &record->events[i];
    const double whole = log(event->amplification);
    double discrete = 0.0;
    if (event->first > 0 && sum_discrete(&m, record, event, &discrete, &both)) {
      ++clear;
      rst_test_close(event->growth_discrete, discrete, 1e-9);
      rst_test_close(event->growth_continuous, whole - discrete, 1e-9);
      ck_assert_int_eq(event->kind, discrete > 0.5 * whole ? RST_EVENT_DISCRETE : RST_EVENT_CONTINUOUS);
      mixed += discrete > 0.1 * whole && discrete < 0.9 * whole;
    }
  }
  ck_assert_int_gt(clear, 20);
  ck_assert_int_gt(both, 5);
  ck_assert_int_gt(mixed, 3);
  destroy_record(record);
  stop(&m);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

static void check_same(const struct rst_event *a, const struct rst_event *b) {
  ck_assert(a->first == b->first && a->last == b->last && a->kind == b->kind);
  ck_assert(a->peak == b->peak && a->peak_iteration == b->peak_iteration);
  ck_assert(a->amplification == b->amplification && a->rayleigh == b->rayleigh);
  ck_assert(a->growth_discrete == b->growth_discrete && a->growth_continuous == b->growth_continuous);
  ck_assert(a->y_first == b->y_first && a->y_last == b->y_last);
  ck_assert(a->x_first == b->x_first && a->x_last == b->x_last);
  ck_assert(a->centroid_y == b->centroid_y && a->centroid_x == b->centroid_x);
  ck_assert(a->share == b->share && a->participation == b->participation);
  ck_assert(a->ky == b->ky && a->kx == b->kx);
}

/* A detector made anew from the state of the last one, before every update, tells of the same events to the bit; so does
 * one that is asked, after every update, for the event under way, and what it says last is what it tells at the end. */
START_TEST(saved_and_finished_at_every_update) {
  static const char *const kinds[] = {"euler", "heavy-ball"};
  enum { UPDATES = 150 };
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, _i / 2 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE, 32, 8);
  const struct rst_scheme_parameters parameters = restrained(context, 8, kinds[_i % 2], 2.7);
  struct machine m = start(flow, context, &parameters, 0.1);
  struct machine other = start(flow, context, &parameters, 0.1);
  struct record *record = new_record();
  struct record *others = new_record();
  struct rst_event under_way = {0};
  run(&m, UPDATES, record);
  while (other.t < UPDATES) {
    struct rst_event_detector *fresh = NULL;
    struct rst_field **from = NULL;
    struct rst_field **to = NULL;
    RST_TEST_OK(context, rst_event_detector_create(context, &parameters, flow, &fresh));
    const size_t count = rst_event_detector_state(other.detector, &from);
    ck_assert_uint_eq(rst_event_detector_state(fresh, &to), count);
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; ++i) {
      rst_field_copy(from[i], to[i]);
    }
    rst_event_detector_destroy(&other.detector);
    other.detector = fresh;
    const int before = others->event_count;
    run(&other, other.t + 1, others);
    if (others->event_count > before) {
      check_same(&others->events[before], &under_way);
    }
    bool ended = false;
    RST_TEST_OK(context, rst_event_detector_finish(other.detector, &ended, &under_way));
    ck_assert(ended == (others->growth[other.t - 1] >= 1.0 + RST_EVENT_TOLERANCE));
    ck_assert(!ended || under_way.last == other.t - 1);
  }
  ck_assert_int_gt(record->event_count, 10);
  ck_assert_int_eq(others->event_count, record->event_count);
  int longer = 0;
  for (int i = 0; i < record->event_count; ++i) {
    check_same(&others->events[i], &record->events[i]);
    longer += record->events[i].last > record->events[i].first;
  }
  ck_assert_int_gt(longer, 5);
  destroy_record(record);
  destroy_record(others);
  stop(&m);
  stop(&other);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* On a natural image growth is local: events hold nine tenths of their growth on some of the points. */
START_TEST(growth_is_local) {
  enum { K = 12, UPDATES = 100 };
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 32, K);
  const struct rst_scheme_parameters parameters = restrained(context, K, "euler", 2.7);
  struct machine m = start(flow, context, &parameters, 0.1);
  struct record *record = new_record();
  run(&m, UPDATES, record);
  ck_assert_int_gt(record->event_count, 10);
  int smaller = 0;
  for (int i = 0; i < record->event_count; ++i) {
    const struct rst_event *event = &record->events[i];
    const double box =
        (double)(event->y_last - event->y_first + 1) * (double)(event->x_last - event->x_first + 1);
    check_region(context, flow, record, event);
    ck_assert(event->share > 0.0 && event->share < RST_EVENT_SHARE && event->participation < RST_EVENT_SHARE);
    ck_assert(event->share * K * K <= box && box <= K * K);
    smaller += box < K * K;
  }
  ck_assert_int_gt(smaller, 5);
  destroy_record(record);
  stop(&m);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("event_network");
  TCase *tests = tcase_create("event_network");
  tcase_set_timeout(tests, 600);
  tcase_add_test(tests, the_larger_part_of_the_growth_decides);
  tcase_add_loop_test(tests, events_are_what_was_recorded, 0, 4 * rst_test_scheme_count());
  tcase_add_loop_test(tests, saved_and_finished_at_every_update, 0, 4);
  tcase_add_test(tests, growth_is_local);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
