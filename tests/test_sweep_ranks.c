/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"
#include "sweep/engine.h"
#include "sweep/evaluator.h"
#include "sweep/sweep_file.h"

/* Forked processes, each with a socket to rank 0. */
#define FLOW(iterations)                                                                                     \
  "flow:\n"                                                                                                  \
  "  kind: conv\n"                                                                                           \
  "  kernel: 4\n"                                                                                            \
  "  image: {kind: checkerboard, size: 16}\n"                                                                \
  "initial: {kind: normal, seed: 7}\n"                                                                       \
  "step: {lr: 0.4, weight_decay: 2, iterations: " #iterations "}\n"
#define NETWORK                                                                                              \
  FLOW(100) "sweep: {lr: {from: 0.1, to: 1.1, count: 9}, weight_decay: {from: 1, to: 1.6, count: 7}}\n"
/* Blocks take longer than a rank waits before it asks again. */
#define UNHURRIED                                                                                            \
  FLOW(40000) "sweep: {lr: {from: 0.1, to: 1.1, count: 9}, weight_decay: {from: 1, to: 1.6, count: 7}}\n"
#define REFINED                                                                                              \
  FLOW(100)                                                                                                  \
  "sweep:\n"                                                                                                 \
  "  lr: {from: 0.1, to: 1.9, count: 9}\n"                                                                   \
  "  weight_decay: {from: 1, to: 1.6, count: 7}\n"                                                           \
  "  refine: 3\n"
/* A block takes half a minute. */
#define LONG                                                                                                 \
  "flow:\n"                                                                                                  \
  "  kind: conv\n"                                                                                           \
  "  kernel: 48\n"                                                                                           \
  "  image: {kind: gaussian-field, size: 96}\n"                                                              \
  "initial: {kind: normal, seed: 7}\n"                                                                       \
  "step: {lr: 0.4, weight_decay: 2, iterations: 200000}\n"                                                   \
  "sweep: {lr: {from: 0.1, to: 1.1, count: 9}, weight_decay: {from: 1, to: 1.6, count: 7}}\n"

enum { RANKS = 4, POINTS = 63, PER_BLOCK = 2 };

/* What a rank talks with: rank 0 to all others, they to rank 0. */
struct wires {
  int ends[RANKS]; /* sockets; -1 for none */
};

/* A job of POINTS points, in blocks of PER_BLOCK. */
struct job {
  size_t given, entered;
  int runs[POINTS]; /* how often a point was entered */
  struct rst_orbit_summary points[POINTS];
  size_t tended;
  size_t stop_after,
      stop_at;   /* so many points entered; tended so often after the first are given, 0 for never */
  bool is_chain; /* a block is known only when the one before has been entered */
  enum rst_status next_status, enter_status;
};

static struct rst_case *loaded;
static struct wires wires;
static pid_t processes[RANKS];

static enum rst_status send_message(void *user, int to, const void *bytes, size_t length) {
  const struct wires *mine = user;
  return send(mine->ends[to], bytes, length, MSG_NOSIGNAL) == (ssize_t)length ? RST_OK : RST_ERROR_IO;
}

static enum rst_status receive_message(void *user, size_t room, void *bytes, int *from, size_t *length) {
  const struct wires *mine = user;
  struct pollfd polled[RANKS];
  for (int i = 0; i < RANKS; ++i) {
    polled[i] = (struct pollfd){.fd = mine->ends[i], .events = POLLIN};
  }
  const int milliseconds = 20;
  *length = 0;
  if (poll(polled, RANKS, milliseconds) == 0) {
    return RST_OK;
  }
  for (*from = 0; *from < RANKS; ++*from) {
    if (polled[*from].revents != 0) {
      const ssize_t received = recv(mine->ends[*from], bytes, room, 0);
      *length = received > 0 ? (size_t)received : 0;
      return received > 0 ? RST_OK : RST_ERROR_IO;
    }
  }
  return RST_ERROR_IO;
}

/* Nothing is heard after the first results, the longest messages. */
static enum rst_status receive_until_results(void *user, size_t room, void *bytes, int *from,
                                             size_t *length) {
  const size_t shortest = 64;
  static bool lost;
  const enum rst_status status = lost ? RST_ERROR_IO : receive_message(user, room, bytes, from, length);
  lost = lost || *length > shortest;
  return status;
}

static struct rst_sweep_task task; /* of a process */

/* From the largest lr down: first what converges to nothing, which ends early nowhere. */
static void grid_point(size_t index, double *lr, double *weight_decay) {
  const size_t decays = 7;
  const size_t row = index / decays;
  const size_t column = index % decays;
  *lr = 1.1 - 0.125 * (double)row;
  *weight_decay = 1.0 + 0.1 * (double)column;
}

/* Every third block is run in full. */
static bool is_full(size_t index) {
  return index / PER_BLOCK % 3 == 0;
}

static enum rst_status next(void *user, size_t batch, struct rst_sweep_block *block, bool *more) {
  struct job *job = user;
  *more = job->is_chain && job->given > job->entered;
  ck_assert_uint_ge(batch, 1);
  *block = (struct rst_sweep_block){.full = is_full(job->given)};
  while (!*more && job->given < POINTS && block->count < PER_BLOCK) {
    grid_point(job->given, &block->lr[block->count], &block->weight_decay[block->count]);
    block->index[block->count++] = job->given++;
  }
  return job->given > POINTS / 2 ? job->next_status : RST_OK;
}

static enum rst_status enter(void *user, const struct rst_sweep_block *block,
                             const struct rst_orbit_summary *points, const double *observed) {
  (void)observed;
  struct job *job = user;
  for (size_t i = 0; i < block->count; ++i) {
    ck_assert_uint_lt(block->index[i], POINTS);
    job->runs[block->index[i]] += 1;
    job->points[block->index[i]] = points[i];
    job->entered += 1;
  }
  return job->entered > POINTS / 2 ? job->enter_status : RST_OK;
}

static enum rst_status tend(void *user, bool *stop) {
  struct job *job = user;
  job->tended += 1;
  *stop =
      job->entered >= job->stop_after || (job->stop_at > 0 && job->given > 0 && job->tended >= job->stop_at);
  return RST_OK;
}

/* The other ranks; the last one has a case of its own where there is a change of it. */
static _Noreturn void work(int rank, const int *end, const char *change) {
  struct wires mine = {{end[1], -1, -1, -1}};
  const struct rst_ranks ranks = {rank, RANKS, &mine, send_message, receive_message};
  close(end[0]);
  for (int i = 1; i < rank; ++i) {
    close(wires.ends[i]);
  }
  const struct rst_case *from = rank == RANKS - 1 && change ? rst_test_case(NETWORK, change, NULL) : loaded;
  rst_sweep_task_of_sweep(from, &task);
  const enum rst_status status = rst_sweep_ranks_work(rst_test_bench.context, &task, &ranks);
  /* A closed socket is a lost rank: it stays open until rank 0 has finished. */
  char byte = 0;
  while (recv(mine.ends[0], &byte, 1, 0) > 0) {
  }
  _exit((int)status);
}

static void start(const char *text, const char *change_of_last) {
  loaded = rst_test_case(text, NULL, NULL);
  wires.ends[0] = -1;
  for (int rank = 1; rank < RANKS; ++rank) {
    int end[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end), 0);
    wires.ends[rank] = end[0];
    processes[rank] = fork();
    ck_assert_int_ge(processes[rank], 0);
    if (processes[rank] == 0) {
      work(rank, end, change_of_last);
    }
    close(end[1]);
  }
}

/* Every rank has returned: nobody waits for a dismissal. */
static void finish(enum rst_status expected) {
  for (int rank = 1; rank < RANKS; ++rank) {
    int state = 0;
    close(wires.ends[rank]);
    ck_assert_int_eq(waitpid(processes[rank], &state, 0), processes[rank]);
    ck_assert(WIFSIGNALED(state) || WEXITSTATUS(state) == (int)expected);
  }
}

static enum rst_status run(struct rst_sweep_job *job) {
  const struct rst_ranks ranks = {0, RANKS, &wires, send_message, receive_message};
  const enum rst_status status = rst_sweep_engine_ranks(job, &ranks);
  ck_assert_uint_eq(job ? job->workers : RANKS - 1, RANKS - 1);
  return status;
}

static struct rst_sweep_job make_job(struct job *user) {
  rst_sweep_task_of_sweep(loaded, &task);
  return (struct rst_sweep_job){.context = rst_test_bench.context,
                                .task = &task,
                                .user = user,
                                .next = next,
                                .enter = enter,
                                .tend = tend};
}

static void tear_down(void) {
  rst_case_destroy(&loaded);
  rst_test_bench_tear_down();
}

static bool same(double a, double b) {
  return a == b || (isnan(a) && isnan(b));
}

START_TEST(every_point_is_entered_once_as_one_process_computes_it) {
  struct job user = {.stop_after = SIZE_MAX};
  struct rst_evaluator *evaluators[2];
  start(NETWORK, NULL);
  struct rst_sweep_job job = make_job(&user);
  RST_TEST_OK(rst_test_bench.context, run(&job));
  finish(RST_OK);
  for (int full = 0; full < 2; ++full) {
    RST_TEST_OK(rst_test_bench.context,
                rst_evaluator_create(rst_test_bench.context, loaded, !full, &evaluators[full]));
  }
  for (size_t i = 0; i < POINTS; ++i) {
    const struct rst_orbit_summary *found = &user.points[i];
    struct rst_orbit_summary point;
    double lr = 0.0;
    double weight_decay = 0.0;
    bool stopped = false;
    ck_assert_int_eq(user.runs[i], 1);
    grid_point(i, &lr, &weight_decay);
    RST_TEST_OK(rst_test_bench.context, rst_evaluator_run(evaluators[is_full(i)], 1, &lr, &weight_decay, NULL,
                                                          NULL, &point, NULL, &stopped));
    ck_assert_int_eq((int)found->regime, (int)point.regime);
    ck_assert_int_eq(found->iterations_run, point.iterations_run);
    ck_assert_int_eq(found->period, point.period);
    ck_assert(same(found->final_loss, point.final_loss) && same(found->mean_loss, point.mean_loss));
    ck_assert(same(found->lyapunov, point.lyapunov) && same(found->max_growth, point.max_growth));
  }
  ck_assert_uint_ge(user.tended, POINTS / PER_BLOCK);
  rst_evaluator_destroy(&evaluators[0]);
  rst_evaluator_destroy(&evaluators[1]);
}
END_TEST

START_TEST(ranks_wait_for_what_others_bring_about) {
  struct job user = {.stop_after = SIZE_MAX, .is_chain = true};
  start(UNHURRIED, NULL);
  struct rst_sweep_job job = make_job(&user);
  RST_TEST_OK(rst_test_bench.context, run(&job));
  finish(RST_OK);
  ck_assert_uint_eq(user.entered, POINTS);
  ck_assert_uint_gt(user.tended, POINTS / PER_BLOCK + RANKS);
}
END_TEST

/* A whole sweep into a file, alone or with others; their side is work(). */
static struct rst_sweep_table sweep(const struct rst_ranks *ranks, enum rst_status expected,
                                    struct rst_sweep_summary *summary) {
  char path[160];
  char sidecar[160];
  struct rst_sweep_table table;
  struct rst_sweep_origin origin;
  double seconds = 0.0;
  snprintf(path, sizeof path, "%s/sweep.h5", rst_test_bench.folder);
  snprintf(sidecar, sizeof sidecar, "%s/sweep.xdmf", rst_test_bench.folder);
  const struct rst_sweep_options options = {.output.path = path, .ranks = ranks};
  ck_assert_int_eq((int)rst_sweep_run(rst_test_bench.context, loaded, &options, summary), (int)expected);
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_file_load(rst_test_bench.context, path, &table, &seconds, &origin));
  rst_sweep_origin_clear(&origin);
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(unlink(sidecar), 0);
  return table;
}

START_TEST(a_refined_map_has_the_same_bits) {
  const struct rst_ranks ranks = {0, RANKS, &wires, send_message, receive_message};
  struct rst_sweep_summary summary;
  struct rst_sweep_summary alone;
  start(REFINED, NULL);
  struct rst_sweep_table table = sweep(&ranks, RST_OK, &summary);
  finish(RST_OK);
  struct rst_sweep_table expected = sweep(NULL, RST_OK, &alone);
  const size_t count = table.points;
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  ck_assert_uint_eq(summary.done, count);
  ck_assert_uint_eq(summary.computed, alone.computed);
  ck_assert_uint_gt(summary.computed, POINTS);
  ck_assert_uint_lt(summary.computed, count);
  for (size_t i = 0; i < count; ++i) {
    ck_assert_int_eq(table.level[i], expected.level[i]);
    ck_assert_int_eq(table.regime[i], expected.regime[i]);
    ck_assert_int_eq(table.agreement[i], expected.agreement[i]);
    ck_assert(same(table.final_loss[i], expected.final_loss[i]));
    ck_assert(same(table.lyapunov[i], expected.lyapunov[i]));
  }
  rst_sweep_table_clear(&table);
  rst_sweep_table_clear(&expected);
}
END_TEST

START_TEST(what_is_done_survives_the_loss_of_the_others) {
  const struct rst_ranks ranks = {0, RANKS, &wires, send_message, receive_until_results};
  struct rst_sweep_summary summary;
  size_t done = 0;
  start(NETWORK, NULL);
  struct rst_sweep_table table = sweep(&ranks, RST_ERROR_IO, &summary);
  ck_assert_ptr_nonnull(strstr(rst_context_message(rst_test_bench.context), "--resume"));
  for (size_t i = 0; i < POINTS; ++i) {
    done += table.regime[i] >= 0;
  }
  ck_assert_uint_gt(done, 0);
  ck_assert_uint_lt(done, POINTS);
  rst_sweep_table_clear(&table);
  finish(RST_ERROR_IO);
}
END_TEST

/* Blocks of hours: rank 0 hears that the others are alive, tends, and stops them. */
START_TEST(a_stop_reaches_ranks_within_a_block) {
  const size_t messages = 10;
  struct job user = {.stop_after = SIZE_MAX, .stop_at = messages};
  start(LONG, NULL);
  struct rst_sweep_job job = make_job(&user);
  RST_TEST_OK(rst_test_bench.context, run(&job));
  finish(RST_OK);
  ck_assert_uint_gt(user.given, 0);
  ck_assert_uint_eq(user.entered, 0);
}
END_TEST

START_TEST(a_stop_leaves_what_was_not_begun) {
  struct job user = {.stop_after = POINTS / 2};
  start(NETWORK, NULL);
  struct rst_sweep_job job = make_job(&user);
  RST_TEST_OK(rst_test_bench.context, run(&job));
  finish(RST_OK);
  ck_assert_uint_ge(user.entered, POINTS / 2);
  ck_assert_uint_lt(user.entered, POINTS);
}
END_TEST

START_TEST(failures_of_rank_0_dismiss_the_others) {
  struct job user = {.stop_after = SIZE_MAX};
  *(_i ? &user.next_status : &user.enter_status) = RST_ERROR_IO;
  start(NETWORK, NULL);
  struct rst_sweep_job job = make_job(&user);
  ck_assert_int_eq((int)run(&job), (int)RST_ERROR_IO);
  finish(RST_OK);
}
END_TEST

START_TEST(without_a_job_all_are_dismissed) {
  start(NETWORK, NULL);
  RST_TEST_OK(rst_test_bench.context, run(NULL));
  finish(RST_OK);
}
END_TEST

/* The last rank cannot do its part. The others, which are in blocks of hours, are dismissed. */
START_TEST(a_failing_rank_is_named) {
  struct job user = {.stop_after = SIZE_MAX};
  start(LONG, "flow.kernel=17");
  struct rst_sweep_job job = make_job(&user);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "rank 3: ", run(&job));
  finish(RST_OK);
}
END_TEST

START_TEST(a_killed_rank_is_an_error) {
  struct job user = {.stop_after = SIZE_MAX};
  start(LONG, NULL);
  ck_assert_int_eq(kill(processes[2], SIGKILL), 0);
  struct rst_sweep_job job = make_job(&user);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "--resume", run(&job));
  finish(RST_ERROR_IO);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sweep_ranks");
  TCase *test_case = tcase_create("ranks");
  tcase_add_checked_fixture(test_case, rst_test_bench_set_up, tear_down);
  tcase_add_test(test_case, every_point_is_entered_once_as_one_process_computes_it);
  tcase_add_test(test_case, ranks_wait_for_what_others_bring_about);
  tcase_add_test(test_case, a_refined_map_has_the_same_bits);
  tcase_add_test(test_case, what_is_done_survives_the_loss_of_the_others);
  tcase_add_test(test_case, a_stop_reaches_ranks_within_a_block);
  tcase_add_test(test_case, a_stop_leaves_what_was_not_begun);
  tcase_add_loop_test(test_case, failures_of_rank_0_dismiss_the_others, 0, 2);
  tcase_add_test(test_case, without_a_job_all_are_dismissed);
  tcase_add_test(test_case, a_failing_rank_is_named);
  tcase_add_test(test_case, a_killed_rank_is_an_error);
  suite_add_tcase(suite, test_case);
  return rst_test_run(suite);
}
