/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/sharing.h"

#include <stdio.h>

#include "cli/mpi_ranks.h"
#include "cli/output_path.h"
#include "core/text.h"

enum { FILE_NAME = 64 };

bool rst_sharing_makes_sense(const struct rst_arguments *arguments) {
  struct rst_ranks ranks;
  const bool together = rst_ranks_connect(&ranks);
  const int processes = rst_ranks_count();
  if (processes > 1 && (!together || arguments->merge)) {
    if (ranks.rank == 0) {
      fprintf(stderr, "restrain: %d processes were started and would write the same file; %s\n", processes,
              arguments->merge ? "a merge is one process" : "this build has no MPI, see -Dmpi");
    }
    return false;
  }
  if (!arguments->merge) {
    return true;
  }
  if (!arguments->output) {
    fputs("restrain: --merge needs -o FILE.h5, the file to make\n", stderr);
    return false;
  }
  if (arguments->override_count > 0 || arguments->resume || arguments->dry_run || arguments->shards > 0 ||
      arguments->threads > 1 || arguments->wall_limit > 0.0) {
    fputs("restrain: --merge joins what is there: it takes -o, --force, --quiet and --json alone\n", stderr);
    return false;
  }
  return true;
}

enum rst_status rst_shard_output(struct rst_context *context, const struct rst_arguments *arguments,
                                 const char *name, char **path, struct rst_output_options *output) {
  char file[FILE_NAME];
  if (arguments->shards > 1) {
    snprintf(file, sizeof file, "%s.%zu-of-%zu.h5", name, arguments->shard, arguments->shards);
  } else {
    snprintf(file, sizeof file, "%s.h5", name);
  }
  return rst_output_find(context, arguments, NULL, file, path, output);
}

size_t rst_points_of_shard(const struct rst_arguments *arguments, size_t points) {
  const size_t shards = arguments->shards > 1 ? arguments->shards : 1;
  return (points + shards - 1 - arguments->shard) / shards;
}

void rst_print_continuation(const struct rst_arguments *arguments, const char *command, enum rst_exit code) {
  if (code == RST_EXIT_STOPPED && arguments->merge) {
    printf("what is missing is in shards that were not given, or: restrain %s CASE.yaml --resume -o %s\n",
           command, arguments->output);
  } else if (code == RST_EXIT_STOPPED) {
    rst_print_resumption(arguments);
  } else if (code == RST_EXIT_DONE && arguments->shards > 1) {
    printf("join the shards with: restrain %s --merge FILE.h5... -o FILE.h5\n", command);
  }
}

enum rst_exit rst_print_plan(const char *command, const char *path, const struct rst_sweep_cost *cost,
                             size_t points, size_t sweeps) {
  const struct rst_member members[] = {
      {"dry_run", command, 0.0},
      {"output", path, 0.0},
      {"engine", cost->engine, 0.0},
      {"sweeps", NULL, (double)sweeps},
      {"points", NULL, (double)points},
      {"seconds", NULL, cost->seconds * (double)points / (double)cost->points},
      {"bytes", NULL, cost->bytes},
  };
  struct rst_text text = {0};
  rst_text_add_object(&text, members, sizeof members / sizeof *members);
  return rst_print_text(&text);
}
