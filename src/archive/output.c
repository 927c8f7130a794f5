/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/output.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/core.h"
#include "core/files.h"
#include "transform/transform.h"

/* What lies beside an output bears its name with another ending; the first of these is the longest one. */
static const char *const own_endings[] = {".checkpoint.previous.h5", ".checkpoint.previous",
                                          ".checkpoint.partial",     ".checkpoint",
                                          ".checkpoint.h5",          ".partial.h5"};

static enum rst_status check_name(struct rst_context *context, const char *path) {
  char *longest = NULL;
  RST_TRY(rst_files_sibling(context, path, own_endings[0], &longest));
  const size_t length = strlen(rst_files_base(longest));
  free(longest);
  RST_REQUIRE(context, length <= NAME_MAX, RST_ERROR_IO,
              "%s: the name is %zu bytes too long for %s to follow it; choose a shorter one (-o)", path,
              length - NAME_MAX, own_endings[0]);
  for (size_t i = 0; i < sizeof own_endings / sizeof *own_endings; ++i) {
    const size_t ending = strlen(own_endings[i]);
    RST_REQUIRE(context, strlen(path) <= ending || strcmp(path + strlen(path) - ending, own_endings[i]) != 0,
                RST_ERROR_IO, "%s: what ends in %s lies beside another output; choose another name (-o)",
                path, own_endings[i]);
  }
  return RST_OK;
}

/* x and x.h5 would have the same checkpoints and sidecars. */
static enum rst_status check_namesake(struct rst_context *context, const char *path) {
  RST_SCOPED char *other = NULL;
  RST_SCOPED char *effective = NULL;
  struct stat status;
  RST_TRY(rst_files_sibling(context, path, "", &other));
  if (strcmp(other, path) == 0) {
    free(other);
    other = NULL;
    RST_TRY(rst_files_sibling(context, path, ".h5", &other));
  }
  const bool taken = stat(other, &status) == 0 && S_ISREG(status.st_mode) &&
                     rst_provenance_effective(context, other, &effective, NULL) == RST_OK;
  RST_REQUIRE(context, !taken, RST_ERROR_IO,
              "%s and %s would share what lies beside them; choose another name (-o)", path, other);
  return RST_OK;
}

static enum rst_status check(struct rst_context *context, const struct rst_output_options *options,
                             const char *path, const char *what, bool *exists) {
  struct stat status;
  RST_TRY(check_name(context, path));
  RST_TRY(check_namesake(context, path));
  *exists = stat(path, &status) == 0;
  if (!*exists) {
    return RST_OK;
  }
  RST_REQUIRE(context, S_ISREG(status.st_mode), RST_ERROR_IO,
              "%s is no regular file; choose another name (-o)", path);
  RST_REQUIRE(context, options->resume || options->force, RST_ERROR_IO, "%s exists; %s", path,
              what ? "go on with it by --resume or replace it by --force"
                   : "replace it by --force or choose another name (-o)");
  char *effective = NULL;
  const bool own = options->resume || rst_provenance_effective(context, path, &effective, NULL) == RST_OK;
  free(effective);
  RST_REQUIRE(
      context, own, RST_ERROR_IO,
      "%s was not written by restrain, or is damaged: choose another name (-o), or remove it yourself", path);
  return RST_OK;
}

enum rst_status rst_output_check(struct rst_context *context, const struct rst_output_options *options,
                                 const char *what) {
  char *path = NULL;
  bool exists = false;
  RST_TRY(rst_files_follow(context, options->path, &path));
  const enum rst_status status = check(context, options, path, what, &exists);
  free(path);
  return status;
}

/* 128 random bits in hexadecimal digits. */
static enum rst_status make_identifier(struct rst_context *context, char **identifier) {
  uint64_t bits[2] = {0};
  RST_REQUIRE(context, getentropy(bits, sizeof bits) == 0, RST_ERROR_IO,
              "the system has no random numbers: %s", strerror(errno));
  return rst_format(context, identifier, "%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
}

enum rst_status rst_output_open(struct rst_context *context, const struct rst_output_options *options,
                                const char *what, struct rst_output *output) {
  bool exists = false;
  *output = (struct rst_output){.context = context, .options = options};
  clock_gettime(CLOCK_MONOTONIC, &output->opened);
  output->stored = output->opened;
  if (!options->path) {
    return RST_OK;
  }
  RST_TRY(rst_files_follow(context, options->path, &output->path));
  RST_TRY(check(context, options, output->path, what, &exists));
  RST_TRY(exists ? rst_output_lock_take(context, output->path, &output->lock) : RST_OK);
  output->resuming = options->resume && exists;
  if (options->resume && !exists) {
    rst_warn(context, "%s does not exist yet: starting a new %s", output->path, what);
  }
  return output->resuming
             ? rst_provenance_effective(context, output->path, &output->stored_case, &output->identifier)
             : make_identifier(context, &output->identifier);
}

enum rst_status rst_output_prepare(struct rst_output *output) {
  if (!output->path || output->lock.path) {
    return RST_OK;
  }
  RST_TRY(output->options->make_folders ? rst_files_make_folders(output->context, output->path) : RST_OK);
  RST_TRY(rst_output_lock_take(output->context, output->path, &output->lock));
  RST_REQUIRE(output->context, access(output->path, F_OK) != 0, RST_ERROR_IO,
              "%s has been made by another process meanwhile", output->path);
  return check_namesake(output->context, output->path);
}

void rst_output_close(struct rst_output *output) {
  rst_output_lock_release(&output->lock);
  free(output->stored_case);
  free(output->identifier);
  free(output->wisdom);
  free(output->path);
  *output = (struct rst_output){0};
}

enum rst_status rst_output_wisdom(struct rst_output *output, const char **wisdom) {
  free(output->wisdom);
  output->wisdom = NULL;
  if (rst_context_rigor(output->context) != RST_RIGOR_ESTIMATE) {
    RST_TRY(rst_transform_export_wisdom(output->context, &output->wisdom));
  }
  *wisdom = output->wisdom;
  return RST_OK;
}

enum rst_status rst_output_provenance(struct rst_output *output, const struct rst_case *from,
                                      const char *effective, const char *correlation,
                                      struct rst_provenance *provenance) {
  *provenance = (struct rst_provenance){.from = from,
                                        .case_source = from ? rst_case_source(from) : effective,
                                        .case_effective = effective,
                                        .identifier = output->identifier,
                                        .argc = output->options->argc,
                                        .argv = output->options->argv,
                                        .threads = rst_context_threads(output->context),
                                        .ranks = 1,
                                        .rigor = rst_rigor_names[rst_context_rigor(output->context)],
                                        .correlation = correlation};
  return rst_output_wisdom(output, &provenance->wisdom);
}

double rst_output_wall_seconds(const struct rst_output *output) {
  return output->wall_before + rst_seconds_since(&output->opened);
}

bool rst_output_is_due(const struct rst_output *output, double interval) {
  const double share = 10.0 * output->cost;
  return rst_seconds_since(&output->stored) >= (share > interval ? share : interval);
}

void rst_output_note_storing(struct rst_output *output, const struct timespec *began) {
  clock_gettime(CLOCK_MONOTONIC, &output->stored);
  output->cost = rst_seconds_between(began, &output->stored);
}
