/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"

static const char ending_of_runs[] = ".h5";
static const char ending_of_parts[] = ".partial";

enum rst_status rst_files_sibling(struct rst_context *context, const char *path, const char *ending,
                                  char **sibling) {
  const size_t length = strlen(path);
  const size_t suffix = sizeof ending_of_runs - 1;
  const bool has = length > suffix && strcmp(path + length - suffix, ending_of_runs) == 0;
  return rst_format(context, sibling, "%.*s%s", (int)(has ? length - suffix : length), path, ending);
}

const char *rst_files_base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool is_file(const char *name) {
  struct stat status;
  return stat(name, &status) == 0 && S_ISREG(status.st_mode);
}

enum rst_status rst_files_split_dataset(struct rst_context *context, const char *name, char **file,
                                        char **dataset) {
  *file = *dataset = NULL;
  for (const char *colon = strchr(name, ':'); colon && !*file; colon = strchr(colon + 1, ':')) {
    char *before = NULL;
    RST_TRY(rst_format(context, &before, "%.*s", (int)(colon - name), name));
    if (is_file(before)) {
      *file = before;
    } else {
      free(before);
    }
    const char *slash = colon[1] == '/' ? "" : "/";
    if (*file && rst_format(context, dataset, "%s%s", slash, colon + 1) != RST_OK) {
      free(*file);
      *file = NULL;
      return RST_ERROR_MEMORY;
    }
  }
  return RST_OK;
}

static enum rst_status folder_of(struct rst_context *context, const char *path, char **folder) {
  const char *base = rst_files_base(path);
  if (base == path) {
    return rst_format(context, folder, ".");
  }
  const int length = base == path + 1 ? 1 : (int)(base - path - 1);
  return rst_format(context, folder, "%.*s", length, path);
}

enum rst_status rst_files_follow(struct rst_context *context, const char *path, char **target) {
  enum { LONGEST = 4096, MOST_LINKS = 40 };
  char link[LONGEST];
  ssize_t length = 0;
  RST_TRY(rst_format(context, target, "%s", path));
  for (int links = 0; (length = readlink(*target, link, sizeof link)) >= 0; ++links) {
    char *from = *target;
    const int folder = *link == '/' ? 0 : (int)(rst_files_base(from) - from);
    enum rst_status status = rst_format(context, target, "%.*s%.*s", folder, from, (int)length, link);
    if (status == RST_OK && links == MOST_LINKS) {
      free(*target);
      status = rst_fail(context, RST_ERROR_IO, "%s: there are too many symbolic links", path);
    }
    free(from);
    RST_TRY(status);
  }
  return RST_OK;
}

enum rst_status rst_files_open(struct rst_context *context, const char *path, int flags, int *descriptor) {
  const mode_t permissions = 0666;
  *descriptor = open(path, flags | O_CREAT | O_CLOEXEC, permissions);
  if (*descriptor >= 0) {
    return RST_OK;
  }
  const int error = errno;
  char *folder = NULL;
  RST_TRY(folder_of(context, path, &folder));
  const enum rst_status status =
      rst_fail(context, RST_ERROR_IO, "no file can be made in the folder %s: %s; %s", folder, strerror(error),
               error == ENOENT ? "make the folder first" : "choose another place for the output");
  free(folder);
  return status;
}

enum rst_status rst_files_probe(struct rst_context *context, const char *path) {
  int descriptor = -1;
  RST_TRY(rst_files_open(context, path, O_WRONLY | O_TRUNC, &descriptor));
  close(descriptor);
  return RST_OK;
}

/* A folder that refuses fsync (some network file systems do) still holds the renamed file. */
static enum rst_status synchronise(struct rst_context *context, const char *path, int flags) {
  const int descriptor = open(path, flags | O_CLOEXEC);
  RST_REQUIRE(context, descriptor >= 0, RST_ERROR_IO, "%s: %s", path, strerror(errno));
  int result = fsync(descriptor);
  while (result != 0 && errno == EINTR) {
    result = fsync(descriptor);
  }
  const int error = errno;
  const bool done = result == 0 || error == EINVAL;
  close(descriptor);
  RST_REQUIRE(context, done, RST_ERROR_IO, "%s: writing it to the disk failed: %s", path, strerror(error));
  return RST_OK;
}

enum rst_status rst_files_synchronise(struct rst_context *context, const char *path) {
  return synchronise(context, path, O_RDONLY);
}

enum rst_status rst_files_replace(struct rst_context *context, const char *from, const char *to,
                                  bool durable) {
  if (durable) {
    RST_TRY(synchronise(context, from, O_RDONLY));
  }
  RST_REQUIRE(context, rename(from, to) == 0, RST_ERROR_IO, "%s cannot be renamed to %s: %s", from, to,
              strerror(errno));
  if (!durable) {
    return RST_OK;
  }
  char *folder = NULL;
  RST_TRY(folder_of(context, to, &folder));
  const enum rst_status status = synchronise(context, folder, O_RDONLY | O_DIRECTORY);
  free(folder);
  return status;
}

static enum rst_status write_whole(struct rst_context *context, const char *path, const char *bytes,
                                   size_t length) {
  RST_TRY(rst_files_probe(context, path));
  FILE *stream = fopen(path, "we");
  RST_REQUIRE(context, stream, RST_ERROR_IO, "%s: %s", path, strerror(errno));
  const bool written = fwrite(bytes, 1, length, stream) == length;
  const bool closed = fclose(stream) == 0;
  RST_REQUIRE(context, written && closed, RST_ERROR_IO, "%s: writing failed: %s", path, strerror(errno));
  return RST_OK;
}

enum rst_status rst_files_write(struct rst_context *context, const char *path, const char *bytes,
                                size_t length, bool durable) {
  char *part = NULL;
  RST_TRY(rst_format(context, &part, "%s%s", path, ending_of_parts));
  enum rst_status status = write_whole(context, part, bytes, length);
  if (status == RST_OK) {
    status = rst_files_replace(context, part, path, durable);
  }
  if (status != RST_OK) {
    unlink(part);
  }
  free(part);
  return status;
}

enum rst_status rst_files_link(struct rst_context *context, const char *target, const char *path) {
  char *part = NULL;
  RST_TRY(rst_format(context, &part, "%s%s", path, ending_of_parts));
  unlink(part);
  const bool linked = symlink(target, part) == 0 && rename(part, path) == 0;
  const int error = errno;
  if (!linked) {
    unlink(part);
  }
  free(part);
  if (!linked) {
    rst_warn(context, "%s cannot be made a symbolic link: %s", path, strerror(error));
  }
  return RST_OK;
}

/* Checksum (FNV-1a, 64 bits) of the bytes of `stream` up to its last `seal` bytes, which follow in `last`. */
static bool checksum(FILE *stream, size_t seal, uint64_t *sum, unsigned char *last) {
  enum { BLOCK = 1 << 16 };
  const uint64_t basis = 0xcbf29ce484222325U;
  const uint64_t prime = 0x100000001b3U;
  unsigned char block[BLOCK];
  *sum = basis;
  if (fseek(stream, 0, SEEK_END) != 0 || ftell(stream) < (long)seal) {
    return false;
  }
  size_t left = (size_t)ftell(stream) - seal;
  rewind(stream);
  while (left > 0) {
    const size_t size = fread(block, 1, left < BLOCK ? left : BLOCK, stream);
    if (size == 0) {
      return false;
    }
    for (size_t i = 0; i < size; ++i) {
      *sum = (*sum ^ block[i]) * prime;
    }
    left -= size;
  }
  return seal == 0 || fread(last, 1, seal, stream) == seal;
}

enum rst_status rst_files_seal(struct rst_context *context, const char *path) {
  uint64_t sum = 0;
  FILE *stream = fopen(path, "r+be");
  RST_REQUIRE(context, stream, RST_ERROR_IO, "%s: %s", path, strerror(errno));
  const bool sealed = checksum(stream, 0, &sum, NULL) && fseek(stream, 0, SEEK_END) == 0 &&
                      fwrite(&sum, sizeof sum, 1, stream) == 1;
  const bool closed = fclose(stream) == 0;
  RST_REQUIRE(context, sealed && closed, RST_ERROR_IO, "%s: writing failed: %s", path, strerror(errno));
  return RST_OK;
}

enum rst_status rst_files_check_seal(struct rst_context *context, const char *path) {
  uint64_t sum = 0;
  uint64_t stored = 0;
  FILE *stream = fopen(path, "rbe");
  RST_REQUIRE(context, stream, RST_ERROR_IO, "%s: %s", path, strerror(errno));
  const bool read = checksum(stream, sizeof stored, &sum, (unsigned char *)&stored);
  (void)fclose(stream);
  RST_REQUIRE(context, read && sum == stored, RST_ERROR_IO, "%s is incomplete or damaged", path);
  return RST_OK;
}

enum rst_status rst_files_remove(struct rst_context *context, const char *path) {
  RST_REQUIRE(context, unlink(path) == 0 || errno == ENOENT, RST_ERROR_IO, "%s cannot be removed: %s", path,
              strerror(errno));
  return RST_OK;
}

enum rst_status rst_files_make_folders(struct rst_context *context, const char *path) {
  const mode_t permissions = 0777;
  char *folder = NULL;
  RST_TRY(rst_format(context, &folder, "%s", path));
  enum rst_status status = RST_OK;
  for (char *slash = strchr(folder + 1, '/'); slash && status == RST_OK; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(folder, permissions) != 0 && errno != EEXIST) {
      status =
          rst_fail(context, RST_ERROR_IO, "the folder %s cannot be made: %s; choose another place with -o",
                   folder, strerror(errno));
    }
    *slash = '/';
  }
  free(folder);
  return status;
}
