/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EVENT_RUN_H
#define RST_EVENT_RUN_H

#include <stdlib.h>

#include "restrain/event.h"
#include "support.h"

/** @file
 * A trajectory with one perturbation and the detector of its events.
 */

enum { MOST_UPDATES = 300 };

/** What a run leaves: update by update, and its events. */
struct record {
  double growth[MOST_UPDATES], rayleigh[MOST_UPDATES];
  struct rst_field *u[MOST_UPDATES];     /**< before the update */
  struct rst_field *gain[MOST_UPDATES];  /**< growing energy */
  struct rst_field *after[MOST_UPDATES]; /**< du after the update */
  struct rst_field *over[MOST_UPDATES];  /**< the preconditioner of the update */
  struct rst_event events[MOST_UPDATES];
  int event_count;
};

struct machine {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_scheme_parameters parameters;
  struct rst_scheme *scheme;
  struct rst_tangent *tangent;
  struct rst_event_detector *detector;
  struct rst_field *u, *before, *gradient;
  long t;
};

static inline struct machine start(struct rst_flow *flow, struct rst_context *context,
                                   const struct rst_scheme_parameters *parameters, double scale) {
  struct machine m = {.context = context, .flow = flow, .parameters = *parameters};
  m.scheme = rst_test_scheme(context, parameters, flow);
  m.u = rst_test_state(context, flow, 7, scale);
  RST_TEST_OK(context, rst_tangent_create(context, parameters, flow, 1, 5, &m.tangent));
  RST_TEST_OK(context, rst_event_detector_create(context, parameters, flow, &m.detector));
  RST_TEST_OK(context, rst_field_create_like(context, m.u, &m.before));
  RST_TEST_OK(context, rst_field_create_like(context, m.u, &m.gradient));
  return m;
}

static inline void stop(struct machine *m) {
  rst_event_detector_destroy(&m->detector);
  ck_assert_ptr_null(m->detector);
  rst_event_detector_destroy(&m->detector);
  rst_tangent_destroy(&m->tangent);
  rst_scheme_destroy(&m->scheme);
  rst_field_destroy(&m->u);
  rst_field_destroy(&m->before);
  rst_field_destroy(&m->gradient);
}

static inline void step(struct machine *m) {
  rst_field_copy(m->u, m->before);
  rst_flow_linearise(m->flow, m->u, NULL, m->gradient);
  RST_TEST_OK(m->context, rst_tangent_step(m->tangent, m->scheme, m->gradient, m->u, NULL));
}

/** max(0, |du_{t+1}|^2 - |du_t|^2) of the last update. */
static inline struct rst_field *gain(const struct machine *m, double growth) {
  const struct rst_field *after = rst_tangent_vector(m->tangent, 0);
  struct rst_field *energy = NULL;
  RST_TEST_OK(m->context, rst_field_create(m->context, RST_PRECISION_DOUBLE, after->ny, after->nx, &energy));
  for (size_t i = 0; i < rst_field_count(after); ++i) {
    const double from = rst_field_get(rst_tangent_previous(m->tangent), i / after->nx, i % after->nx);
    const double to = growth * rst_field_get(after, i / after->nx, i % after->nx);
    rst_field_set(energy, i / after->nx, i % after->nx, fmax(0.0, (to - from) * (to + from)));
  }
  return energy;
}

static inline void observe(struct machine *m, struct record *record) {
  bool ended = false;
  RST_TEST_OK(m->context, rst_event_detector_observe(m->detector, m->t, m->before, m->scheme, m->tangent,
                                                     &ended, &record->events[record->event_count]));
  record->event_count += ended;
}

/** All updates before `to`, observed and recorded. */
static inline void run(struct machine *m, long to, struct record *record) {
  ck_assert_int_le(to, MOST_UPDATES);
  for (; m->t < to; ++m->t) {
    step(m);
    record->growth[m->t] = exp(rst_tangent_log_growth(m->tangent, 0));
    record->rayleigh[m->t] = rst_tangent_rayleigh(m->tangent);
    record->gain[m->t] = gain(m, record->growth[m->t]);
    RST_TEST_OK(m->context, rst_field_create_like(m->context, m->u, &record->u[m->t]));
    rst_field_copy(m->before, record->u[m->t]);
    RST_TEST_OK(m->context, rst_field_create_like(m->context, m->u, &record->after[m->t]));
    rst_field_copy(rst_tangent_vector(m->tangent, 0), record->after[m->t]);
    RST_TEST_OK(m->context, rst_field_create_like(m->context, m->u, &record->over[m->t]));
    rst_scheme_preconditioner(m->scheme, record->over[m->t]);
    observe(m, record);
  }
}

static inline struct record *new_record(void) {
  struct record *record = calloc(1, sizeof *record);
  ck_assert_ptr_nonnull(record);
  return record;
}

static inline void destroy_record(struct record *record) {
  for (int t = 0; t < MOST_UPDATES; ++t) {
    rst_field_destroy(&record->u[t]);
    rst_field_destroy(&record->gain[t]);
    rst_field_destroy(&record->after[t]);
    rst_field_destroy(&record->over[t]);
  }
  free(record);
}

static inline struct rst_event finish(struct machine *m) {
  struct rst_event event = {0};
  bool ended = false;
  RST_TEST_OK(m->context, rst_event_detector_finish(m->detector, &ended, &event));
  ck_assert(ended);
  return event;
}

#endif
