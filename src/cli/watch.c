/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/watch.h"
#include "core/clock.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t caught = 0;

static void catch_signal(int number) {
  caught = number;
}

void rst_watch_start(struct rst_watch *watch, double wall_limit, bool quiet) {
  /* SA_RESETHAND: whoever presses Ctrl-C twice means it. */
  struct sigaction action = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  caught = 0;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  *watch =
      (struct rst_watch){.wall_limit = wall_limit, .show = !quiet && isatty(STDERR_FILENO) == 1, .first = -1};
  clock_gettime(CLOCK_MONOTONIC, &watch->started);
  watch->shown = watch->started;
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

static void draw(struct rst_watch *watch, const struct rst_run_progress *progress, double elapsed) {
  const double percent = 100.0;
  char left[32] = "?";
  const double rate = (double)(progress->iteration - watch->first) / elapsed;
  if (rate > 0.0) {
    rst_format_duration((double)(progress->iterations - progress->iteration) / rate, sizeof left, left);
  }
  fprintf(stderr, "\r\033[K%ld of %ld (%.0f %%), %.4g iterations/s, loss %.10g, %s left", progress->iteration,
          progress->iterations, percent * (double)progress->iteration / (double)progress->iterations, rate,
          progress->loss, left);
  watch->drawn = true;
}

const char *rst_watch_poll(void *user, const struct rst_run_progress *progress) {
  const double refresh = 0.2;
  struct rst_watch *watch = user;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (watch->first < 0) {
    watch->first = progress->iteration;
  }
  const double elapsed = rst_seconds_between(&watch->started, &now);
  if (watch->show && rst_seconds_between(&watch->shown, &now) >= refresh) {
    watch->shown = now;
    draw(watch, progress, elapsed);
  }
  if (caught != 0) {
    return caught == SIGINT ? "SIGINT" : "SIGTERM";
  }
  return watch->wall_limit > 0.0 && elapsed >= watch->wall_limit ? "wall limit" : NULL;
}

void rst_watch_stop(struct rst_watch *watch) {
  if (watch->drawn) {
    fputs("\r\033[K", stderr);
  }
}
