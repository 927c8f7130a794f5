/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/watch.h"
#include "core/clock.h"
#include "core/plural.h"
#include "core/text.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t caught = 0;

/* What ends a job in good order: a person, a system, a terminal that is gone, a batch system's warnings. */
static const struct {
  int number;
  const char *name;
} signals[] = {
    {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}, {SIGUSR1, "SIGUSR1"}, {SIGXCPU, "SIGXCPU"}};
enum { SIGNALS = sizeof signals / sizeof *signals };

static void catch_signal(int number) {
  caught = number;
}

/* What was ignored stays ignored: nohup asks for that. */
static void catch_signals(void) {
  /* SA_RESETHAND: whoever presses Ctrl-C twice means it. */
  struct sigaction action = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND};
  struct sigaction before;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < SIGNALS; ++i) {
    if (sigaction(signals[i].number, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
      sigaction(signals[i].number, &action, NULL);
    }
  }
}

void rst_watch_start(struct rst_watch *watch, double wall_limit, bool quiet) {
  caught = 0;
  catch_signals();
  *watch = (struct rst_watch){
      .wall_limit = wall_limit, .show = !quiet, .is_terminal = isatty(STDERR_FILENO) == 1, .first = -1};
  clock_gettime(CLOCK_MONOTONIC, &watch->started);
  rst_watch_next(watch, 0, 1);
}

void rst_watch_next(struct rst_watch *watch, size_t sweep, size_t sweeps) {
  watch->sweep = sweep;
  watch->sweeps = sweeps;
  watch->first = -1;
}

void rst_format_duration(double seconds, size_t size, char *text) {
  const double minute = 60.0;
  const long per_unit = 60;
  if (seconds < minute) {
    snprintf(text, size, "%.2g s", seconds);
    return;
  }
  const long whole = lround(fmin(seconds, 1e15));
  const long hours = whole / (per_unit * per_unit);
  if (hours > 0) {
    snprintf(text, size, "%ld:%02ld:%02ld", hours, whole / per_unit % per_unit, whole % per_unit);
  } else {
    snprintf(text, size, "%ld:%02ld", whole / per_unit, whole % per_unit);
  }
}

/* Done a second since the first poll; 0 while that is now. */
static double rate_of(const struct rst_watch *watch, long done, double elapsed) {
  return elapsed > 0.0 ? (double)(done - watch->first) / elapsed : 0.0;
}

/* What is left to do, at the rate so far. A rate of less than a moment says little: the first points of a sweep may be the cheap
 * ones, and the first iterations find nothing in the caches. */
static void format_left(const struct rst_watch *watch, long done, long count, double elapsed, size_t size,
                        char *text) {
  const double moment = 2.0;
  const double rate = rate_of(watch, done, elapsed);
  if (rate > 0.0 && elapsed >= moment) {
    rst_format_duration((double)(count - done) / rate, size, text);
  } else {
    snprintf(text, size, "?");
  }
}

static void add_run(struct rst_text *line, const struct rst_watch *watch,
                    const struct rst_run_progress *progress, double elapsed) {
  const double percent = 100.0;
  char left[32];
  const double rate = rate_of(watch, progress->iteration, elapsed);
  format_left(watch, progress->iteration, progress->iterations, elapsed, sizeof left, left);
  rst_text_add(line, "%ld of %ld (%.0f %%), ", progress->iteration, progress->iterations,
               percent * (double)progress->iteration / (double)progress->iterations);
  if (progress->epoch > 0) {
    rst_text_add(line, "epoch %.1f of %.1f, ", (double)progress->iteration / (double)progress->epoch,
                 (double)progress->iterations / (double)progress->epoch);
  }
  rst_text_add(line, "%.4g iterations/s, loss %.10g, %s left", rate, progress->loss, left);
}

/* Sweeps of a series have about as many points each. The last point comes last: the line is cut where it would wrap. */
static void add_sweep(struct rst_text *line, const struct rst_watch *watch,
                      const struct rst_sweep_progress *progress, double elapsed) {
  const double percent = 100.0;
  const size_t after = watch->sweeps - watch->sweep - 1;
  char left[32];
  if (watch->sweeps > 1) {
    rst_text_add(line, "sweep %zu of %zu, ", watch->sweep + 1, watch->sweeps);
  }
  if (progress->is_theory) {
    rst_format_duration(elapsed, sizeof left, left);
    rst_text_add(line, "computing the thresholds lr_lo and lr_hi before %zu point%s, for %s", progress->count,
                 rst_plural((double)progress->count), left);
    return;
  }
  format_left(watch, (long)progress->done, (long)(progress->count * (1 + after)), elapsed, sizeof left, left);
  rst_text_add(line, "%zu of %zu points (%.0f %%), %.3g points/s, %s left", progress->done, progress->count,
               percent * (double)progress->done / (double)progress->count,
               rate_of(watch, (long)progress->done, elapsed), left);
  for (size_t i = 0; i < progress->axis_count; ++i) {
    rst_text_add(line, ", %s %.6g", progress->names[i], progress->at[i]);
  }
}

/* Whether to tell how far it is. Rates count from the first poll. */
static bool is_due(struct rst_watch *watch, long done, double *elapsed) {
  const double refresh = 0.2;
  const double minute = 60.0;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (watch->first < 0) {
    watch->first = done;
    watch->first_polled = now;
    watch->shown = watch->shown.tv_sec > 0 ? watch->shown : now;
  }
  *elapsed = rst_seconds_between(&watch->first_polled, &now);
  const double since = rst_seconds_between(&watch->shown, &now);
  if (!watch->show || since < (watch->is_terminal ? refresh : minute)) {
    return false;
  }
  watch->shown = now;
  return true;
}

/* A terminal's columns but the last, in which some of them wrap. */
static int line_width(void) {
  const int usual = 80;
  struct winsize size = {0};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return (is_known ? size.ws_col : usual) - 1;
}

static void show(struct rst_watch *watch, struct rst_text *line) {
  char *text = rst_text_take(line);
  if (text && watch->is_terminal) {
    fprintf(stderr, "\r\033[K%.*s", line_width(), text);
    watch->drawn = true;
  } else if (text) {
    fprintf(stderr, "restrain: %s\n", text);
  }
  free(text);
}

const char *rst_watch_reason(const struct rst_watch *watch) {
  for (size_t i = 0; i < SIGNALS; ++i) {
    if (caught == signals[i].number) {
      return signals[i].name;
    }
  }
  return watch->wall_limit > 0.0 && rst_seconds_since(&watch->started) >= watch->wall_limit ? "wall limit"
                                                                                            : NULL;
}

const char *rst_watch_poll(void *user, const struct rst_run_progress *progress) {
  struct rst_watch *watch = user;
  struct rst_text line = {0};
  double elapsed = 0.0;
  if (is_due(watch, progress->iteration, &elapsed)) {
    add_run(&line, watch, progress, elapsed);
    show(watch, &line);
  }
  return rst_watch_reason(watch);
}

const char *rst_watch_poll_sweep(void *user, const struct rst_sweep_progress *progress) {
  struct rst_watch *watch = user;
  struct rst_text line = {0};
  double elapsed = 0.0;
  /* What the thresholds take tells nothing of the points. */
  watch->first = watch->in_theory && !progress->is_theory ? -1 : watch->first;
  watch->in_theory = progress->is_theory;
  if (is_due(watch, (long)progress->done, &elapsed)) {
    add_sweep(&line, watch, progress, elapsed);
    show(watch, &line);
  }
  return rst_watch_reason(watch);
}

const char *rst_watch_poll_follow(void *user, const struct rst_follow_progress *progress) {
  const double percent = 100.0;
  const double parts = 1e6; /* that is counted in */
  struct rst_watch *watch = user;
  struct rst_text line = {0};
  const long done = lround(parts * progress->done);
  double elapsed = 0.0;
  if (is_due(watch, done, &elapsed)) {
    char left[32];
    format_left(watch, done, (long)parts, elapsed, sizeof left, left);
    rst_text_add(&line, "%.0f %% of the numbers, %s left", percent * progress->done, left);
    show(watch, &line);
  }
  return rst_watch_reason(watch);
}

void rst_watch_stop(struct rst_watch *watch) {
  if (watch->drawn) {
    fputs("\r\033[K", stderr);
    watch->drawn = false;
  }
}
