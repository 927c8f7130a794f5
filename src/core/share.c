/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A round is one call of rst_share(). It begins when seats are put up for helpers and ends when the caller has taken back those
 * that are left and every helper that took one has left: nobody else touches the round. */
#include "core/share.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "core/clock.h"
#include "core/core.h"
#include "core/sizes.h"

/* Nanoseconds of work that are worth a helper: twice what it costs to wake one that sleeps, about ten microseconds. */
static const double least_share = 20e3;

/* Seconds of looking out before sleeping: as long as it takes to be woken, so that neither costs more than twice the better one. */
static const double longest_lookout = 10e-6;

struct rst_team {
  double least;     /* nanoseconds worth a member */
  atomic_flag busy; /* a round is under way */
  /* of who has made it busy: */
  pthread_t *helpers;
  size_t helper_count;
  /* of the round: */
  rst_piece *piece;
  void *work;
  size_t count;
  atomic_size_t next;  /* piece that nobody has taken */
  atomic_size_t seats; /* of helpers that may still come */
  atomic_size_t left;  /* helpers that have come and gone */
  /* of those who sleep: */
  pthread_mutex_t lock;
  pthread_cond_t call, end;
  atomic_size_t asleep;      /* helpers, until they are called */
  atomic_bool caller_asleep; /* until helpers have left */
  bool dismissed;
};

struct rst_team *rst_team_create(void) {
  struct rst_team *team = calloc(1, sizeof *team);
  if (team) {
    team->least = least_share;
    atomic_flag_clear(&team->busy);
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->call, NULL);
    pthread_cond_init(&team->end, NULL);
  }
  return team;
}

void rst_team_destroy(struct rst_team *team) {
  if (!team) {
    return;
  }
  pthread_mutex_lock(&team->lock);
  team->dismissed = true;
  pthread_mutex_unlock(&team->lock);
  pthread_cond_broadcast(&team->call);
  for (size_t i = 0; i < team->helper_count; ++i) {
    pthread_join(team->helpers[i], NULL);
  }
  pthread_cond_destroy(&team->end);
  pthread_cond_destroy(&team->call);
  pthread_mutex_destroy(&team->lock);
  free(team->helpers);
  free(team);
}

/* A moment, in which the processor may attend to its other thread. */
static void pause_briefly(void) {
  enum { PAUSES = 16 };
  for (int i = 0; i < PAUSES; ++i) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }
}

/* The seat taken, 0 if there is none: its number is that of the member. */
static size_t take_seat(struct rst_team *team) {
  size_t free_seats = atomic_load(&team->seats);
  while (free_seats > 0 && !atomic_compare_exchange_weak(&team->seats, &free_seats, free_seats - 1)) {
  }
  return free_seats;
}

/* The same, once there is one; 0 if the team is dismissed. */
static size_t await_seat(struct rst_team *team) {
  struct timespec begin;
  size_t seat = 0;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  while ((seat = take_seat(team)) == 0 && rst_seconds_since(&begin) < longest_lookout) {
    pause_briefly();
  }
  if (seat > 0) {
    return seat;
  }
  pthread_mutex_lock(&team->lock);
  atomic_fetch_add(&team->asleep, 1);
  while ((seat = take_seat(team)) == 0 && !team->dismissed) {
    pthread_cond_wait(&team->call, &team->lock);
  }
  atomic_fetch_sub(&team->asleep, 1);
  pthread_mutex_unlock(&team->lock);
  return seat;
}

static void do_pieces(struct rst_team *team, size_t member) {
  for (size_t i = 0; (i = atomic_fetch_add(&team->next, 1)) < team->count;) {
    team->piece(team->work, i, member);
  }
}

static void *help(void *shared) {
  struct rst_team *team = shared;
  for (size_t member = 0; (member = await_seat(team)) > 0;) {
    do_pieces(team, member);
    atomic_fetch_add(&team->left, 1);
    if (atomic_load(&team->caller_asleep)) {
      /* With the lock once held, the caller either waits already or sees that all have left. */
      pthread_mutex_lock(&team->lock);
      pthread_mutex_unlock(&team->lock);
      pthread_cond_signal(&team->end);
    }
  }
  return NULL;
}

/* Helpers up to `count`, as far as the system gives them. Signals are left to the threads of the program. */
static void hire(struct rst_team *team, size_t count) {
  sigset_t all;
  sigset_t own;
  if (team->helper_count >= count) {
    return;
  }
  pthread_t *helpers = realloc(team->helpers, count * sizeof *helpers);
  if (!helpers) {
    return;
  }
  team->helpers = helpers;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &own);
  while (team->helper_count < count && pthread_create(&helpers[team->helper_count], NULL, help, team) == 0) {
    ++team->helper_count;
  }
  pthread_sigmask(SIG_SETMASK, &own, NULL);
}

/* Put up seats, and wake who sleeps. */
static void call(struct rst_team *team, size_t seats) {
  atomic_store(&team->seats, seats);
  if (atomic_load(&team->asleep) == 0) {
    return;
  }
  /* With the lock once held, a helper either waits already or sees the seats. */
  pthread_mutex_lock(&team->lock);
  const size_t asleep = atomic_load(&team->asleep);
  pthread_mutex_unlock(&team->lock);
  for (size_t i = 0; i < rst_least(asleep, seats); ++i) {
    pthread_cond_signal(&team->call);
  }
}

/* Wait until so many have left. */
static void await_end(struct rst_team *team, size_t count) {
  struct timespec begin;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  while (atomic_load(&team->left) < count && rst_seconds_since(&begin) < longest_lookout) {
    pause_briefly();
  }
  if (atomic_load(&team->left) == count) {
    return;
  }
  pthread_mutex_lock(&team->lock);
  atomic_store(&team->caller_asleep, true);
  while (atomic_load(&team->left) < count) {
    pthread_cond_wait(&team->end, &team->lock);
  }
  atomic_store(&team->caller_asleep, false);
  pthread_mutex_unlock(&team->lock);
}

static void do_round(struct rst_team *team, size_t size, size_t count, rst_piece *piece, void *work) {
  hire(team, size - 1);
  const size_t seats = rst_least(size - 1, team->helper_count);
  team->piece = piece;
  team->work = work;
  team->count = count;
  atomic_store(&team->next, 0);
  atomic_store(&team->left, 0);
  call(team, seats);
  do_pieces(team, 0);
  await_end(team, seats - atomic_exchange(&team->seats, 0));
}

void rst_team_set_least(const struct rst_context *context, double nanoseconds) {
  rst_context_team(context)->least = nanoseconds;
}

size_t rst_team_size(const struct rst_context *context, double nanoseconds, size_t count) {
  const size_t most = rst_least((size_t)rst_context_threads(context), count);
  const double least = rst_context_team(context)->least;
  if (most <= 1 || nanoseconds < 2.0 * least) {
    return 1;
  }
  return nanoseconds >= (double)most * least ? most : (size_t)(nanoseconds / least);
}

void rst_share(const struct rst_context *context, size_t size, size_t count, rst_piece *piece, void *work) {
  struct rst_team *team = size > 1 && count > 1 ? rst_context_team(context) : NULL;
  if (team && !atomic_flag_test_and_set(&team->busy)) {
    do_round(team, rst_least(size, count), count, piece, work);
    atomic_flag_clear(&team->busy);
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    piece(work, i, 0);
  }
}
