/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Preloaded into a program, makes one of its calls fail: call FAIL_AT, counted from 1, of the function FAIL_CALL, with the error
 * FAIL_ERROR, or by a kill if that is 0; with FAIL_ON all that follow, too. The number of calls is written to FAIL_COUNT. */

enum { DESCRIPTORS = 1024 };
static long calls = 0;
static int written[DESCRIPTORS]; /* descriptors that have something to lose */

static long number(const char *name) {
  const char *value = getenv(name);
  return value ? strtol(value, NULL, 10) : 0;
}

/* What a lock says of its holder may fail to be written. */
static int is_lock(int descriptor) {
  char entry[64];
  char target[4096] = "";
  snprintf(entry, sizeof entry, "/proc/self/fd/%d", descriptor);
  return descriptor >= 0 && readlink(entry, target, sizeof target - 1) > 0 && strstr(target, ".lock");
}

/* Of a call on a descriptor, -1 for none. */
static int fails(const char *name, int descriptor) {
  const char *wanted = getenv("FAIL_CALL");
  if (!wanted || strcmp(wanted, name) != 0 || is_lock(descriptor)) {
    return 0;
  }
  calls += 1;
  const long at = number("FAIL_AT");
  if (calls != at && !(number("FAIL_ON") && at > 0 && calls > at)) {
    return 0;
  }
  if (number("FAIL_ERROR") == 0) {
    kill(getpid(), SIGKILL);
  }
  errno = (int)number("FAIL_ERROR");
  return 1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("FAIL_COUNT");
  FILE *stream = path ? fopen(path, "w") : NULL;
  if (stream) {
    fprintf(stream, "%ld\n", calls);
    (void)fclose(stream);
  }
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset) {
  typedef ssize_t function(int, const void *, size_t, off64_t);
  if (descriptor >= 0 && descriptor < DESCRIPTORS) {
    written[descriptor] = 1;
  }
  return fails("pwrite", descriptor) ? -1 : NEXT(function *, "pwrite64")(descriptor, bytes, size, offset);
}

int ftruncate64(int descriptor, off64_t length) {
  typedef int function(int, off64_t);
  return fails("ftruncate", descriptor) ? -1 : NEXT(function *, "ftruncate64")(descriptor, length);
}

int fsync(int descriptor) {
  typedef int function(int);
  return fails("fsync", descriptor) ? -1 : NEXT(function *, "fsync")(descriptor);
}

/* Links may be impossible, which is told and does no harm. */
int rename(const char *from, const char *to) {
  typedef int function(const char *, const char *);
  return !strstr(to, ".vtkhdf") && fails("rename", -1) ? -1 : NEXT(function *, "rename")(from, to);
}

int close(int descriptor) {
  typedef int function(int);
  const int kept = descriptor >= 0 && descriptor < DESCRIPTORS && written[descriptor];
  const int failed = kept && fails("close", descriptor);
  const int error = errno;
  const int result = NEXT(function *, "close")(descriptor);
  if (kept) {
    written[descriptor] = 0;
  }
  if (failed) {
    errno = error;
  }
  return failed ? -1 : result;
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
