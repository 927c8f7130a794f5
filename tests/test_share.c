/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work shared out among threads: every piece is done once, by members of different numbers, whatever the numbers of pieces and of
 * threads; pieces may share out work of their own; what they leave is seen by the caller. */
#include <pthread.h>
#include <stdatomic.h>

#include "core/core.h"
#include "core/share.h"
#include "support.h"

enum { MOST_PIECES = 200, MOST_MEMBERS = 8, ROUNDS = 300 };

/* Threads note what they see; the test's own asserts, since those of libcheck are for one thread. */
struct work {
  const struct rst_context *context;
  size_t size;                      /* of the team */
  atomic_int at_work[MOST_MEMBERS]; /* by member: pieces under way */
  atomic_int faults;
  pthread_t doer;        /* of the piece around it */
  int done[MOST_PIECES]; /* times */
  enum rst_status status[MOST_PIECES];
};

static enum rst_status status_of(size_t index) {
  return index % 3 == 2 ? RST_ERROR_NUMERIC : RST_OK;
}

static void do_piece(void *shared, size_t index, size_t member) {
  struct work *work = shared;
  if (member >= work->size || atomic_fetch_add(&work->at_work[member], 1) != 0) {
    atomic_fetch_add(&work->faults, 1);
    return;
  }
  ++work->done[index];
  work->status[index] = status_of(index);
  atomic_fetch_sub(&work->at_work[member], 1);
}

static bool is_done(struct work *work, size_t count, int times) {
  bool right = atomic_load(&work->faults) == 0;
  for (size_t i = 0; i < MOST_PIECES; ++i) {
    right = right && work->done[i] == (i < count ? times : 0) &&
            work->status[i] == (i < count ? status_of(i) : RST_OK);
  }
  return right;
}

/* For teams smaller and larger than the number of pieces. */
START_TEST(every_piece_is_done_once) {
  static const size_t counts[] = {0, 1, 2, 3, 7, MOST_PIECES};
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
    struct work work = {.context = context, .size = (size_t)_i};
    for (int round = 1; round <= ROUNDS; ++round) {
      rst_share(context, work.size, counts[i], do_piece, &work);
      ck_assert(is_done(&work, counts[i], round));
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* Without a context where one thread does all. */
START_TEST(the_caller_alone_goes_in_order) {
  struct work work = {.size = 1};
  rst_share(NULL, 1, MOST_PIECES, do_piece, &work);
  ck_assert(is_done(&work, MOST_PIECES, 1));
}
END_TEST

/* In the thread that does the piece around it. */
static void do_inner(void *shared, size_t index, size_t member) {
  struct work *inner = shared;
  do_piece(inner, index, pthread_equal(inner->doer, pthread_self()) ? member : MOST_MEMBERS);
}

static void do_nest(void *shared, size_t index, size_t member) {
  struct work *inner = &((struct work *)shared)[index];
  (void)member;
  inner->doer = pthread_self();
  rst_share(inner->context, MOST_MEMBERS, index, do_inner, inner);
}

START_TEST(pieces_may_share_out_their_own) {
  enum { PIECES = 40 };
  struct rst_context *context = rst_test_context();
  struct work *inner = NULL;
  RST_TEST_OK(context, RST_NEW(context, PIECES, &inner));
  for (size_t i = 0; i < PIECES; ++i) {
    inner[i].context = context;
    inner[i].size = 1; /* member 0: a team at work takes no other */
  }
  for (int round = 1; round <= ROUNDS; ++round) {
    rst_share(context, 4, PIECES, do_nest, inner);
    for (size_t i = 0; i < PIECES; ++i) {
      ck_assert(is_done(&inner[i], i, round));
    }
  }
  free(inner);
  rst_context_destroy(&context);
}
END_TEST

/* Pieces that wait for each other: each is at work in a thread of its own, whether helpers have fallen asleep or not. */
static void meet(void *shared, size_t index, size_t member) {
  (void)index;
  (void)member;
  pthread_barrier_wait(shared);
}

START_TEST(helpers_come_from_sleep) {
  enum { MEMBERS = 4, MEETINGS = 50 };
  const struct timespec longer_than_a_lookout = {.tv_nsec = 200000};
  struct rst_context *context = rst_test_context();
  pthread_barrier_t barrier;
  ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, MEMBERS), 0);
  for (int i = 0; i < MEETINGS; ++i) {
    rst_share(context, MEMBERS, MEMBERS, meet, &barrier);
    if (i % 2 == 0) {
      nanosleep(&longer_than_a_lookout, NULL);
    }
  }
  ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
  rst_context_destroy(&context);
}
END_TEST

/* The caller has nothing left to do but to sleep until the helper is through. */
static void be_slow(void *shared, size_t index, size_t member) {
  const struct timespec while_the_caller_waits = {.tv_nsec = 500000};
  struct work *work = shared;
  (void)member;
  if (index > 0) {
    nanosleep(&while_the_caller_waits, NULL);
  }
  ++work->done[index];
}

START_TEST(the_caller_waits_for_all) {
  struct rst_context *context = rst_test_context();
  struct work work = {.size = 3};
  for (int round = 1; round <= 50; ++round) {
    rst_share(context, 3, 3, be_slow, &work);
    for (size_t i = 0; i < 3; ++i) {
      ck_assert_int_eq(work.done[i], round);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(small_work_is_not_worth_a_team) {
  const double least = 1e3;
  struct rst_context *context = NULL;
  ck_assert_int_eq(rst_context_create(&context), RST_OK);
  RST_TEST_OK(context, rst_context_set_threads(context, 4));
  ck_assert_uint_eq(rst_team_size(context, 1.0, 100), 1);
  ck_assert_uint_eq(rst_team_size(context, INFINITY, 100), 4);
  rst_team_set_least(context, least);
  ck_assert_uint_eq(rst_team_size(context, 0.0, 100), 1);
  ck_assert_uint_eq(rst_team_size(context, 1.99 * least, 100), 1);
  ck_assert_uint_eq(rst_team_size(context, 2.0 * least, 100), 2);
  ck_assert_uint_eq(rst_team_size(context, 3.5 * least, 100), 3);
  ck_assert_uint_eq(rst_team_size(context, 1e6 * least, 100), 4);
  ck_assert_uint_eq(rst_team_size(context, 1e6 * least, 3), 3);
  ck_assert_uint_eq(rst_team_size(context, 1e6 * least, 0), 1);
  rst_team_set_least(context, 0.0);
  ck_assert_uint_eq(rst_team_size(context, 0.0, 100), 4);
  RST_TEST_OK(context, rst_context_set_threads(context, 1));
  ck_assert_uint_eq(rst_team_size(context, INFINITY, 100), 1);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("share");
  TCase *tests = tcase_create("share");
  tcase_add_loop_test(tests, every_piece_is_done_once, 1, MOST_MEMBERS + 1);
  tcase_add_test(tests, the_caller_alone_goes_in_order);
  tcase_add_test(tests, pieces_may_share_out_their_own);
  tcase_add_test(tests, helpers_come_from_sleep);
  tcase_add_test(tests, the_caller_waits_for_all);
  tcase_add_test(tests, small_work_is_not_worth_a_team);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
