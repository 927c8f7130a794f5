/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "follow/file_series.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"
#include "core/files.h"
#include "follow/tensor_file.h"

static bool is_digit(char c) {
  return isdigit((unsigned char)c) != 0;
}

static bool is_folder(const char *name) {
  struct stat status;
  return stat(name, &status) == 0 && S_ISDIR(status.st_mode);
}

bool rst_file_series_is_meant(const char *name) {
  struct stat status;
  return stat(name, &status) == 0 ? S_ISDIR(status.st_mode) : strpbrk(name, "*?[") != NULL;
}

/* Whole numbers count by their value, everything else by its bytes. */
int rst_natural_order(const char *one, const char *other) {
  while (*one && *other) {
    if (is_digit(*one) && is_digit(*other)) {
      one += strspn(one, "0");
      other += strspn(other, "0");
      const size_t digits = strspn(one, "0123456789");
      const size_t others = strspn(other, "0123456789");
      const int order = digits != others ? (digits < others ? -1 : 1) : strncmp(one, other, digits);
      if (order != 0) {
        return order;
      }
      one += digits;
      other += others;
    } else if (*one != *other) {
      break;
    } else {
      ++one;
      ++other;
    }
  }
  return (unsigned char)*one - (unsigned char)*other;
}

static int compare_paths(const void *one, const void *other) {
  const char *first = *(char *const *)one;
  const char *second = *(char *const *)other;
  const int order = rst_natural_order(first, second);
  return order != 0 ? order : strcmp(first, second);
}

/* The last whole number in a name without its ending, NaN if there is none. */
static double number_in(const char *path) {
  const char *base = rst_files_base(path);
  const char *dot = strrchr(base, '.');
  const char *end = dot ? dot : base + strlen(base);
  while (end > base && !is_digit(end[-1])) {
    --end;
  }
  const char *first = end;
  while (first > base && is_digit(first[-1])) {
    --first;
  }
  return first < end ? strtod(first, NULL) : (double)NAN;
}

static void find_steps(struct rst_file_series *series) {
  bool rise = true;
  for (size_t i = 0; i < series->count; ++i) {
    series->steps[i] = number_in(series->paths[i]);
    rise = rise && isfinite(series->steps[i]) && (i == 0 || series->steps[i] > series->steps[i - 1]);
  }
  for (size_t i = 0; i < series->count && !rise; ++i) {
    series->steps[i] = (double)i;
  }
}

/* Of a folder those whose ending tells a kind, of a pattern all. */
static enum rst_status take(struct rst_context *context, const glob_t *found, bool all,
                            struct rst_file_series *series) {
  RST_TRY(RST_NEW(context, found->gl_pathc + 1, &series->paths));
  RST_TRY(RST_NEW(context, found->gl_pathc + 1, &series->steps));
  for (size_t i = 0; i < found->gl_pathc; ++i) {
    const char *path = found->gl_pathv[i];
    if (!is_folder(path) && (all || rst_tensor_file_is_known(path))) {
      RST_TRY(rst_format(context, &series->paths[series->count], "%s", path));
      ++series->count;
    }
  }
  return RST_OK;
}

/* glob() takes the name of a folder literally only if its special characters are escaped. */
static enum rst_status pattern_of(struct rst_context *context, const char *name, char **pattern) {
  if (!is_folder(name)) {
    return rst_format(context, pattern, "%s", name);
  }
  const size_t length = strlen(name);
  char *at = NULL;
  RST_TRY(RST_NEW(context, 2 * length + 3, pattern));
  at = *pattern;
  for (size_t i = 0; i < length; ++i) {
    if (strchr("*?[]\\", name[i])) {
      *at++ = '\\';
    }
    *at++ = name[i];
  }
  at[0] = '/'; /* zeros follow */
  at[1] = '*';
  return RST_OK;
}

static enum rst_status check(struct rst_context *context, const char *name,
                             const struct rst_file_series *series) {
  RST_REQUIRE(context, series->count > 0, RST_ERROR_IO,
              "%s holds no series: no file ends in .npy, .npz, .safetensors, .h5 or .hdf5; name a folder of "
              "such files, one for each time",
              name);
  for (size_t i = 1; i < series->count; ++i) {
    RST_REQUIRE(context, rst_tensor_file_kind(series->paths[i]) == rst_tensor_file_kind(series->paths[0]),
                RST_ERROR_ARGUMENT,
                "%s: %s and %s are of different kinds; choose one by a quoted pattern, as '%s/*.npz'", name,
                rst_files_base(series->paths[0]), rst_files_base(series->paths[i]), name);
  }
  return RST_OK;
}

enum rst_status rst_file_series_find(struct rst_context *context, const char *name,
                                     struct rst_file_series *series) {
  RST_SCOPED char *pattern = NULL;
  glob_t found = {0};
  *series = (struct rst_file_series){0};
  RST_TRY(pattern_of(context, name, &pattern));
  const int result = glob(pattern, 0, NULL, &found);
  enum rst_status status = RST_OK;
  if (result != 0 && result != GLOB_NOMATCH) {
    status = rst_fail(context, RST_ERROR_IO, "%s cannot be read: %s", name, strerror(errno));
  } else {
    status = take(context, &found, !is_folder(name), series);
  }
  globfree(&found);
  if (status == RST_OK) {
    status = check(context, name, series);
  }
  if (status != RST_OK) {
    rst_file_series_clear(series);
    return status;
  }
  qsort(series->paths, series->count, sizeof *series->paths, compare_paths);
  find_steps(series);
  return RST_OK;
}

void rst_file_series_clear(struct rst_file_series *series) {
  for (size_t i = 0; i < series->count; ++i) {
    free(series->paths[i]);
  }
  free((void *)series->paths);
  free(series->steps);
  *series = (struct rst_file_series){0};
}
