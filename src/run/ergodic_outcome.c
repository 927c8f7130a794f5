/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/ergodic_outcome.h"

#include <math.h>

#include "core/core.h"
#include "stability/stretch.h"
#include "stability/window_distance.h"

enum { OBSERVABLES = RST_ERGODIC_OBSERVABLE_COUNT };

#define OBSERVABLE_NAME(name) #name,
static const char *const observables[] = {RST_ERGODIC_OBSERVABLES(OBSERVABLE_NAME)};

/* Arrays over the windows. */
static const struct rst_variable differences = {
    "window_difference", "mean of 2|A-B|/(|A|+|B|) of the states that two successive windows begin with",
    "1"};
#define OBSERVABLE_WASSERSTEIN(name)                                                                         \
  {#name "_window_wasserstein", "distance W1 of " #name " in two successive windows", "1"},
#define OBSERVABLE_KOLMOGOROV(name)                                                                          \
  {#name "_window_kolmogorov", "distance KS of " #name " in two successive windows", "1"},
static const struct rst_variable wassersteins[] = {RST_ERGODIC_OBSERVABLES(OBSERVABLE_WASSERSTEIN)};
static const struct rst_variable kolmogorovs[] = {RST_ERGODIC_OBSERVABLES(OBSERVABLE_KOLMOGOROV)};

/* Single numbers. */
#define ENDING(name, noise, long_name, units) {{#name, long_name, units}, noise},
static const struct {
  struct rst_variable variable;
  bool is_of_noise;
} endings[] = {RST_ERGODIC_ENDINGS(ENDING)};
enum { ENDINGS = sizeof endings / sizeof *endings };

enum rst_status rst_ergodic_list_series(const struct rst_ergodic *ergodic, struct rst_series_list *list) {
  const struct rst_axis *windows = rst_ergodic_window_axis(ergodic);
  RST_TRY(rst_series_list_add(list, &differences, RST_AT_END, windows));
  for (int i = 0; i < OBSERVABLES; ++i) {
    RST_TRY(rst_series_list_add(list, &wassersteins[i], RST_AT_END, windows));
    RST_TRY(rst_series_list_add(list, &kolmogorovs[i], RST_AT_END, windows));
  }
  for (int i = 0; i < ENDINGS; ++i) {
    if (!endings[i].is_of_noise || rst_ergodic_has_noise(ergodic)) {
      RST_TRY(rst_series_list_add(list, &endings[i].variable, RST_AT_END, NULL));
    }
  }
  return RST_OK;
}

/* A scalar of the file. */
struct column {
  const struct rst_run_file *file;
  const char *name;
};

static enum rst_status read_column(void *user, size_t first, size_t count, double *values) {
  const struct column *column = user;
  return rst_run_file_read_scalar(column->file, column->name, 0, first, count, values);
}

/* `count` samples of the window of `rows` rows from `first` on, a multiple of that: one from each stretch. False if one of them is
 * not finite. */
static bool take_samples(const struct rst_sequence *x, size_t first, size_t rows, size_t count,
                         double *samples) {
  const size_t stretch = rows / count;
  bool finite = true;
  for (size_t i = 0; i < count; ++i) {
    samples[i] = rst_sequence_value(x, first + i * stretch + i % stretch);
    finite = finite && isfinite(samples[i]);
  }
  return finite;
}

/* Of one observable, in `room` for two pages. */
static void measure_distances(const struct rst_sequence *x, long every, struct rst_ergodic_summary *summary,
                              int observable, double *room) {
  enum { MOST = RST_SEQUENCE_PAGE };
  const size_t first = (size_t)(summary->first / every);
  for (size_t k = 0; k < summary->window_count; ++k) {
    const size_t rows = (size_t)RST_ERGODIC_SHORTEST << k;
    const size_t count = rows < MOST ? rows : MOST;
    if (take_samples(x, first, rows, count, room) &&
        take_samples(x, first + rows, rows, count, room + count)) {
      rst_window_distances(count, room, room + count, &summary->window_wasserstein[observable][k],
                           &summary->window_kolmogorov[observable][k]);
    }
  }
}

static enum rst_status find_distances(struct rst_context *context, const struct rst_ergodic *ergodic,
                                      const struct rst_run_file *file, struct rst_ergodic_summary *summary) {
  const long every = rst_ergodic_every(ergodic);
  const size_t rows = (size_t)((summary->first + summary->updates) / every) + 1;
  RST_SCOPED double *room = NULL;
  RST_TRY(RST_NEW(context, 2 * RST_SEQUENCE_PAGE, &room));
  for (int i = 0; i < OBSERVABLES; ++i) {
    struct column column = {file, observables[i]};
    struct rst_sequence x;
    RST_TRY(rst_sequence_create(context, rows, read_column, &column, &x));
    measure_distances(&x, every, summary, i, room);
    const enum rst_status status = rst_sequence_status(&x);
    rst_sequence_destroy(&x);
    RST_TRY(status);
  }
  return RST_OK;
}

static enum rst_status store(const struct rst_ergodic *ergodic, const struct rst_ergodic_summary *summary,
                             struct rst_run_file *file) {
#define ENDING_VALUE(name, ...) summary->name,
  const double values[] = {RST_ERGODIC_ENDINGS(ENDING_VALUE)};
#undef ENDING_VALUE
  RST_TRY(rst_run_file_write_summary(file, differences.name, summary->window_difference));
  for (int i = 0; i < OBSERVABLES; ++i) {
    RST_TRY(rst_run_file_write_summary(file, wassersteins[i].name, summary->window_wasserstein[i]));
    RST_TRY(rst_run_file_write_summary(file, kolmogorovs[i].name, summary->window_kolmogorov[i]));
  }
  for (int i = 0; i < ENDINGS; ++i) {
    if (!endings[i].is_of_noise || rst_ergodic_has_noise(ergodic)) {
      RST_TRY(rst_run_file_write_summary(file, endings[i].variable.name, &values[i]));
    }
  }
  return RST_OK;
}

enum rst_status rst_ergodic_conclude(struct rst_context *context, const struct rst_ergodic *ergodic, long t,
                                     struct rst_run_file *file, struct rst_ergodic_summary *summary) {
  rst_ergodic_summarize(ergodic, t, summary);
  if (summary->window_count > 0) {
    RST_TRY(find_distances(context, ergodic, file, summary));
  }
  return store(ergodic, summary, file);
}
