/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/output_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/core.h"
#include "core/files.h"

/* "process 42 on host since 2022-06-02T12:00:00Z" */
enum { HOLDER = 256 };

static void write_holder(int descriptor) {
  char holder[HOLDER];
  char host[HOLDER / 2] = "";
  char now[] = "0000-00-00T00:00:00Z";
  const time_t seconds = time(NULL);
  struct tm utc;
  if (gmtime_r(&seconds, &utc)) {
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &utc);
  }
  (void)gethostname(host, sizeof host - 1);
  const int length = snprintf(holder, sizeof holder, "process %ld on %s since %s", (long)getpid(), host, now);
  /* The lock holds without it, on a full disk for one. */
  const bool told = ftruncate(descriptor, 0) == 0 && pwrite(descriptor, holder, (size_t)length, 0) == length;
  (void)told;
}

static enum rst_status refuse(struct rst_context *context, const char *output, int descriptor) {
  char holder[HOLDER] = "";
  if (pread(descriptor, holder, sizeof holder - 1, 0) <= 0) {
    snprintf(holder, sizeof holder, "another process");
  }
  return rst_fail(context, RST_ERROR_IO,
                  "%s is being written by %s; wait for its end or choose another name (-o)", output, holder);
}

/* One that let it go has removed the file that it had locked. */
static bool is_current(const char *path, int descriptor) {
  struct stat held;
  struct stat current;
  return fstat(descriptor, &held) == 0 && stat(path, &current) == 0 && held.st_dev == current.st_dev &&
         held.st_ino == current.st_ino;
}

static enum rst_status take(struct rst_context *context, const char *output, struct rst_output_lock *lock) {
  for (;;) {
    RST_TRY(rst_files_open(context, lock->path, O_RDWR, &lock->descriptor));
    if (flock(lock->descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return refuse(context, output, lock->descriptor);
      }
      rst_warn(context, "%s cannot be locked (%s): see to it that no other process writes %s", lock->path,
               strerror(errno), output);
      return RST_OK;
    }
    if (is_current(lock->path, lock->descriptor)) {
      write_holder(lock->descriptor);
      return RST_OK;
    }
    close(lock->descriptor);
  }
}

enum rst_status rst_output_lock_take(struct rst_context *context, const char *output,
                                     struct rst_output_lock *lock) {
  char *sibling = NULL;
  *lock = (struct rst_output_lock){.descriptor = -1};
  RST_TRY(rst_files_sibling(context, output, ".lock", &sibling));
  const char *base = rst_files_base(sibling);
  enum rst_status status = rst_format(context, &lock->path, "%.*s.%s", (int)(base - sibling), sibling, base);
  free(sibling);
  if (status == RST_OK) {
    status = take(context, output, lock);
  }
  if (status != RST_OK) {
    free(lock->path);
    lock->path = NULL;
    if (lock->descriptor >= 0) {
      close(lock->descriptor);
    }
  }
  return status;
}

void rst_output_lock_release(struct rst_output_lock *lock) {
  if (lock->path) {
    unlink(lock->path);
    close(lock->descriptor);
    free(lock->path);
    lock->path = NULL;
  }
}
