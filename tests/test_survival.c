/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <hdf5.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sample_run.h"

/* A run file must be readable with all flushed rows whenever the process that writes it is killed: after
 * every single write to it, tried with a log of all writes, and in earnest by SIGKILL at random moments. A
 * killed write is complete up to a boundary of pages. */

enum { PAGE = 4096, SNAPSHOTS = 130, DURABLE_EVERY = 40, KILLS = 20 };

struct event {
  enum { WRITTEN, RESIZED, FLUSHED } kind;
  off_t offset; /* or new length, or number of flushed snapshots */
  size_t size;
  unsigned char *bytes;
};
static struct {
  bool active;
  struct event *events;
  size_t count, capacity;
} journal;

static void note(struct event event) {
  if (!journal.active) {
    return;
  }
  if (journal.count == journal.capacity) {
    journal.capacity = 2 * journal.capacity + 1024;
    journal.events = realloc(journal.events, journal.capacity * sizeof *journal.events);
    ck_assert_ptr_nonnull(journal.events);
  }
  if (event.kind == WRITTEN) {
    const void *bytes = event.bytes;
    event.bytes = malloc(event.size);
    ck_assert_ptr_nonnull(event.bytes);
    memcpy(event.bytes, bytes, event.size);
  }
  journal.events[journal.count++] = event;
}

static void write_at(int descriptor, const void *bytes, size_t size, off_t offset) {
  ck_assert(lseek(descriptor, offset, SEEK_SET) == offset);
  ck_assert(write(descriptor, bytes, size) == (ssize_t)size);
}

/* The archive writes to run files by these functions alone; it finds these before the C library's. */
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
  note((struct event){.kind = WRITTEN, .offset = offset, .size = size, .bytes = (unsigned char *)bytes});
  write_at(descriptor, bytes, size, offset);
  return (ssize_t)size;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int ftruncate(int descriptor, off_t length) {
  char name[64];
  note((struct event){.kind = RESIZED, .offset = length});
  snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
  return truncate(name, length);
}

/* Rows that a dataset has along its axis `axis`; all of them are read, those that were flushed are compared. */
static size_t check_column(hid_t file, const char *name, int axis, size_t rows, void *buffer, size_t room,
                           hid_t type) {
  hsize_t dims[3] = {0};
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  ck_assert_msg(dataset >= 0, "/%s does not open", name);
  const hid_t space = H5Dget_space(dataset);
  ck_assert_int_gt(H5Sget_simple_extent_dims(space, dims, NULL), axis);
  const hssize_t values = H5Sget_simple_extent_npoints(space);
  ck_assert_msg(dims[axis] >= rows, "/%s has %d rows, %d were flushed", name, (int)dims[axis], (int)rows);
  ck_assert_int_le((int)values, (int)room);
  ck_assert_msg(values == 0 || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer) >= 0,
                "/%s cannot be read", name);
  H5Sclose(space);
  H5Dclose(dataset);
  return dims[axis];
}

static void check_fields(hid_t file, size_t snapshots) {
  enum { VALUES = SAMPLE_NY * SAMPLE_NX };
  static double values[(SNAPSHOTS + 1) * VALUES];
  for (size_t field = 0; field < SAMPLE_FIELDS; ++field) {
    check_column(file, sample_fields[field].name, 0, snapshots, values, sizeof values / sizeof *values,
                 H5T_NATIVE_DOUBLE);
    for (size_t i = 0; i < snapshots * VALUES; ++i) {
      const double expected = sample_value(field, i / VALUES, i % VALUES / SAMPLE_NX, i % VALUES % SAMPLE_NX);
      if (values[i] != expected) { /* an assertion costs a system call even if it holds */
        ck_abort_msg("/%s: value %d is %g instead of %g", sample_fields[field].name, (int)i, values[i],
                     expected);
      }
    }
  }
}

enum { COLUMN_ROWS = (SNAPSHOTS + 1) * SAMPLE_ROWS };

static void check_scalar(hid_t file, size_t scalar, size_t rows) {
  static double values[SAMPLE_EXPONENTS * COLUMN_ROWS];
  const size_t members = sample_members[sample_per[scalar]];
  const int axis = sample_per[scalar] == PER_RUN ? 0 : 1;
  const size_t stored = check_column(file, sample_scalars[scalar].name, axis, rows, values,
                                     members * (size_t)COLUMN_ROWS, H5T_NATIVE_DOUBLE);
  for (size_t i = 0; i < members * rows; ++i) {
    if (values[i / rows * stored + i % rows] != sample_scalar(scalar, i / rows, i % rows)) {
      ck_abort_msg("/%s is wrong at %d", sample_scalars[scalar].name, (int)(i % rows));
    }
  }
}

static void check_columns(hid_t file, size_t snapshots) {
  static double values[COLUMN_ROWS];
  static long counts[COLUMN_ROWS];
  check_column(file, "time", 0, snapshots, values, COLUMN_ROWS, H5T_NATIVE_DOUBLE);
  check_column(file, "step", 0, snapshots, counts, COLUMN_ROWS, H5T_NATIVE_LONG);
  for (size_t i = 0; i < snapshots; ++i) {
    if (values[i] != sample_time(i) || counts[i] != sample_step(i)) {
      ck_abort_msg("/time or /step is wrong at %d", (int)i);
    }
  }
  check_column(file, "iteration", 0, snapshots * SAMPLE_ROWS, counts, COLUMN_ROWS, H5T_NATIVE_LONG);
  for (size_t i = 0; i < snapshots * SAMPLE_ROWS; ++i) {
    if (counts[i] != (long)i) {
      ck_abort_msg("/iteration is wrong at %d", (int)i);
    }
  }
  for (size_t scalar = 0; scalar < SAMPLE_SCALARS; ++scalar) {
    check_scalar(file, scalar, snapshots * SAMPLE_ROWS);
  }
}

/* A column of integers and one of numbers for all; the others lie in between. */
static void check_events(hid_t file, size_t count) {
  static double wave_numbers[SNAPSHOTS + 1];
  static long lasts[SNAPSHOTS + 1];
  static long kinds[SNAPSHOTS + 1];
  enum { ROOM = SNAPSHOTS + 1 };
  check_column(file, "events/event", 0, count, lasts, ROOM, H5T_NATIVE_LONG);
  check_column(file, "events/last", 0, count, lasts, ROOM, H5T_NATIVE_LONG);
  check_column(file, "events/kind", 0, count, kinds, ROOM, H5T_NATIVE_LONG);
  check_column(file, "events/kx", 0, count, wave_numbers, ROOM, H5T_NATIVE_DOUBLE);
  for (size_t i = 0; i < count; ++i) {
    const struct rst_event event = sample_event(i);
    if (lasts[i] != event.last || kinds[i] != (long)event.kind || wave_numbers[i] != event.kx) {
      ck_abort_msg("event %d is wrong", (int)i);
    }
  }
}

/* What is overwritten at the end is whole before and after. */
static void check_end(hid_t file) {
  char regime[64] = "";
  double rates[SAMPLE_TWINS] = {0};
  const hid_t attribute = H5Aopen(file, "regime", H5P_DEFAULT);
  const hid_t type = H5Aget_type(attribute);
  ck_assert(attribute >= 0 && H5Aread(attribute, type, regime) >= 0);
  ck_assert_msg(!*regime || strcmp(regime, "transient") == 0, "the regime is %s", regime);
  H5Tclose(type);
  H5Aclose(attribute);
  check_column(file, sample_summaries[0].name, 0, SAMPLE_TWINS, rates, SAMPLE_TWINS, H5T_NATIVE_DOUBLE);
  for (int i = 0; i < SAMPLE_TWINS; ++i) {
    ck_assert(isnan(rates[i]) || rates[i] == 0.5 * i);
  }
}

static void write_end(struct rst_context *context, struct rst_run_file *file) {
  static const double rates[SAMPLE_TWINS] = {0.0, 0.5};
  const struct rst_regime_result regime = {.regime = RST_REGIME_TRANSIENT, .period = 1, .reason = "a reason"};
  RST_TEST_OK(context, rst_run_file_write_summary(file, sample_summaries[0].name, rates));
  RST_TEST_OK(context, rst_run_file_write_regime(file, &regime));
}

/* As many views as VTKHDF counts steps lead to their snapshots. */
static void check_views(hid_t file, size_t snapshots) {
  int steps = -1;
  const hid_t count = H5Aopen_by_name(file, "VTKHDF/Steps", "NSteps", H5P_DEFAULT, H5P_DEFAULT);
  ck_assert(count >= 0 && H5Aread(count, H5T_NATIVE_INT, &steps) >= 0);
  H5Aclose(count);
  ck_assert(steps >= (int)(snapshots - snapshots % DURABLE_EVERY));
  for (int i = 0; i < steps; ++i) {
    char name[64];
    double values[SAMPLE_NY * SAMPLE_NX];
    snprintf(name, sizeof name, "snapshots/kernel/000/%06d", i);
    const hid_t view = H5Dopen2(file, name, H5P_DEFAULT);
    ck_assert_msg(view >= 0, "/%s does not open", name);
    ck_assert(H5Dread(view, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    ck_assert(values[SAMPLE_NX + 1] == sample_value(0, (size_t)i, 1, 1));
    H5Dclose(view);
  }
}

/* Events are flushed with what is durable. */
static void check_file(hid_t file, size_t snapshots, bool views) {
  ck_assert_msg(file >= 0, "the file does not open");
  check_fields(file, snapshots);
  check_columns(file, snapshots);
  check_events(file, sample_events(snapshots - snapshots % DURABLE_EVERY));
  check_end(file);
  if (views) {
    check_views(file, snapshots);
  }
  ck_assert(H5Fclose(file) >= 0);
}

static void write_snapshots(struct rst_context *context, struct rst_run_file *file, size_t count,
                            int report) {
  for (size_t i = 0; i < count; ++i) {
    sample_append(context, file, RST_PRECISION_DOUBLE);
    const bool durable = (i + 1) % DURABLE_EVERY == 0;
    RST_TEST_OK(context, rst_run_file_flush(file, durable));
    const size_t flushed = i + 1;
    note((struct event){.kind = FLUSHED, .offset = (off_t)flushed});
    ck_assert(report < 0 || write(report, &flushed, sizeof flushed) == (ssize_t)sizeof flushed);
  }
}

static struct rst_run_file *create(struct rst_context *context, const char *path) {
  struct rst_run_file *file = NULL;
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  const struct rst_provenance provenance = sample_provenance();
  RST_TEST_OK(context, rst_run_file_create(context, path, &layout, &provenance, &file));
  return file;
}

/* A run file as it is on the disk at some moment; and the rows that were flushed by then. */
struct image {
  unsigned char *bytes;
  size_t size;
  size_t flushed;
};

static void resize(struct image *image, size_t size) {
  image->bytes = realloc(image->bytes, size);
  ck_assert_ptr_nonnull(image->bytes);
  if (size > image->size) {
    memset(image->bytes + image->size, 0, size - image->size);
  }
  image->size = size;
}

static void load(struct image *image, const char *path) {
  FILE *stream = fopen(path, "rb");
  ck_assert(stream && fseek(stream, 0, SEEK_END) == 0);
  resize(image, (size_t)ftell(stream));
  rewind(stream);
  ck_assert(fread(image->bytes, 1, image->size, stream) == image->size);
  ck_assert_int_eq(fclose(stream), 0);
}

static void check_image(const struct image *image) {
  const size_t increment = 1 << 20;
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  ck_assert(H5Pset_fapl_core(list, increment, false) >= 0);
  ck_assert(H5Pset_file_image(list, image->bytes, image->size) >= 0);
  check_file(H5Fopen("image", H5F_ACC_RDONLY, list), image->flushed, image->flushed % DURABLE_EVERY == 0);
  H5Pclose(list);
}

/* Page by page; the number of pieces. */
static size_t replay_write(struct image *image, const struct event *event) {
  size_t pieces = 0;
  for (size_t done = 0; done < event->size; ++pieces) {
    const size_t offset = (size_t)event->offset + done;
    const size_t left = event->size - done;
    const size_t page = PAGE - offset % PAGE;
    const size_t size = page < left ? page : left;
    if (offset + size > image->size) {
      resize(image, offset + size);
    }
    memcpy(image->bytes + offset, event->bytes + done, size);
    check_image(image);
    done += size;
  }
  return pieces;
}

START_TEST(every_write_leaves_a_readable_file) {
  static const char path[] = "survival.h5";
  struct rst_context *context = rst_test_context();
  struct rst_run_file *file = create(context, path);
  struct image image = {0};
  load(&image, path);
  journal.active = true;
  write_snapshots(context, file, SNAPSHOTS, -1);
  write_end(context, file);
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 1.0));
  journal.active = false;
  size_t written = 0;
  size_t resized = 0;
  for (size_t i = 0; i < journal.count; ++i) {
    const struct event *event = &journal.events[i];
    switch (event->kind) {
    case WRITTEN:
      written += replay_write(&image, event);
      free(event->bytes);
      break;
    case RESIZED:
      resize(&image, (size_t)event->offset);
      check_image(&image);
      ++resized;
      break;
    case FLUSHED:
      image.flushed = (size_t)event->offset;
      check_image(&image);
      break;
    }
  }
  ck_assert_int_eq((int)image.flushed, SNAPSHOTS);
  ck_assert_int_gt((int)written, 10 * SNAPSHOTS);
  ck_assert_int_gt((int)resized, 0);
  free(image.bytes);
  free(journal.events);
  rst_context_destroy(&context);
}
END_TEST

/* What the assertions of a child report would be mixed into the reports of its parent. */
static void stop_reports(int kept) {
  enum { FIRST = 3, MOST = 64 };
  const int nowhere = open("/dev/null", O_WRONLY);
  for (int descriptor = FIRST; descriptor < MOST; ++descriptor) {
    if (descriptor != kept && descriptor != nowhere) {
      dup2(nowhere, descriptor);
    }
  }
}

START_TEST(a_killed_writer_leaves_all_that_it_flushed) {
  static const char path[] = "killed.h5";
  int channel[2];
  ck_assert_int_eq(pipe(channel), 0);
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    stop_reports(channel[1]);
    struct rst_context *context = rst_test_context();
    struct rst_run_file *file = create(context, path);
    write_snapshots(context, file, SNAPSHOTS, channel[1]);
    pause();
  }
  close(channel[1]);
  /* After some snapshots and a part of the next: the parts differ from kill to kill. */
  size_t flushed = 0;
  const size_t enough = 1 + (size_t)_i * 6;
  while (flushed < enough) {
    ck_assert(read(channel[0], &flushed, sizeof flushed) == (ssize_t)sizeof flushed);
  }
  const struct timespec moment = {.tv_nsec = 1000L * 17 * _i};
  nanosleep(&moment, NULL);
  ck_assert_int_eq(kill(child, SIGKILL), 0);
  ck_assert_int_eq(waitpid(child, NULL, 0), child);
  while (read(channel[0], &flushed, sizeof flushed) == (ssize_t)sizeof flushed) {
  }
  close(channel[0]);
  check_file(H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), flushed, true);
}
END_TEST

int main(void) {
  /* HDF5 copies every image, which costs more in fresh pages than in bytes. */
  mallopt(M_MMAP_THRESHOLD, 1 << 25);
  mallopt(M_TRIM_THRESHOLD, 1 << 25);
  Suite *suite = suite_create("survival");
  TCase *tests = tcase_create("survival");
  tcase_set_timeout(tests, 600);
  tcase_add_test(tests, every_write_leaves_a_readable_file);
  tcase_add_loop_test(tests, a_killed_writer_leaves_all_that_it_flushed, 0, KILLS);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
