/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/mpi_ranks.h"

static const unsigned case_options = RST_OPTION_DEFINE | RST_OPTION_QUIET | RST_OPTION_JSON;

const struct rst_command rst_commands[] = {
    {.name = "run",
     .usage = "CASE.yaml [-D key.path=value]... [-o FILE.h5] [--resume]",
     .summary = "integrate a case, observe it, store it",
     .details =
         "Steps the gradient flow that CASE.yaml describes and stores fields and scalars in HDF5, by "
         "default in\n"
         "output/<stem of the case file>/run.h5, with a sidecar run.xdmf for ParaView. SIGINT, "
         "SIGTERM and the wall\n"
         "limit stop it with a checkpoint; --resume goes on to the very bits of an uninterrupted run, "
         "and also after a\n"
         "kill or a crash. With --resume and a larger step.iterations a finished run is prolonged.\n\n"
         "The members of an ensemble are shared by --threads N and by mpirun (a build with -Dmpi=enabled), "
         "to the same\n"
         "bits; any number of ranks can go on with what another has begun.\n\n"
         "A case named - is read from standard input; its file names are relative to the current folder.\n",
     .options = RST_OPTION_DEFINE | RST_OPTION_OUTPUT | RST_OPTION_RESUME | RST_OPTION_FORCE |
                RST_OPTION_DRY_RUN | RST_OPTION_THREADS | RST_OPTION_WALL_LIMIT | RST_OPTION_PROFILE |
                RST_OPTION_QUIET | RST_OPTION_JSON,
     .needs_subject = true,
     .execute = rst_command_run},
    {.name = "analyze",
     .usage = "CASE.yaml [-D key.path=value]... [-o FILE.h5 | --plan]",
     .summary = "is a case stable, what limits it, how far is the limit",
     .details = "Of a linear flow: the von Neumann symbol and the exact spectrum, side by side, with the "
                "limits of lr\n"
                "and weight decay that follow. Of a non-linear one: its fixed points, the local limit lr_lo "
                "and the\n"
                "global one, lr_hi. The last lines name the limiting mechanism. Fields go, by default, to\n"
                "output/<stem of the case file>/analysis.h5, with sidecars for ParaView. The keys analyze.* "
                "of the\n"
                "case ask for more (restrain help case). Exit code 0 whatever the verdict.\n"
                "--plan analyses nothing: for each image, it compares the implementations of the correlation "
                "by the cost\n"
                "model and by the clock, and tells which one the case gets and why.\n",
     .options = RST_OPTION_DEFINE | RST_OPTION_OUTPUT | RST_OPTION_FORCE | RST_OPTION_DRY_RUN |
                RST_OPTION_THREADS | RST_OPTION_PLAN | RST_OPTION_QUIET | RST_OPTION_JSON,
     .needs_subject = true,
     .execute = rst_command_analyze},
    {.name = "bifurcate",
     .usage = "CASE.yaml [-D key.path=value]... [-o FILE.h5] [--resume]",
     .summary = "what the iteration settles on, over the learning rate or the weight decay",
     .details =
         "At every value of the parameter that the case's section bifurcation names, the case is run "
         "from its\n"
         "initial state: so many iterations, then samples of what it has settled on, its regime and its "
         "Lyapunov\n"
         "exponent; a value at which it diverges is no error. The diagram goes, by default, to\n"
         "output/<stem of the case file>/bifurcation.h5, every ten seconds as far as it is. SIGINT, "
         "SIGTERM and the\n"
         "wall limit stop it with all finished values stored; --resume does the others, to the same "
         "bits, and also\n"
         "after a kill. --threads, mpirun, --shard and --merge share the values as in a sweep.\n",
     .options = RST_OPTION_DEFINE | RST_OPTION_OUTPUT | RST_OPTION_RESUME | RST_OPTION_FORCE |
                RST_OPTION_DRY_RUN | RST_OPTION_THREADS | RST_OPTION_SHARD | RST_OPTION_MERGE |
                RST_OPTION_WALL_LIMIT | RST_OPTION_QUIET | RST_OPTION_JSON,
     .needs_subject = true,
     .execute = rst_command_bifurcate},
    {.name = "sweep",
     .usage = "CASE.yaml [-D key.path=value]... [-o FILE.h5] [--resume] | --merge FILE.h5... -o FILE.h5",
     .summary = "the regime over a grid of learning rates and weight decays",
     .details =
         "At every point of the grid that the case's section sweep spans, the case is run from its "
         "initial state and classified: stable, transient, restrained-periodic, restrained-chaotic or "
         "divergent; converged or bounded where more was not measured. The maps go, by default, to "
         "output/<stem of the case file>/sweep.h5, with "
         "sidecars for ParaView, every ten seconds as far as they are.\n\n"
         "With sweep.refine the cells of the grid that a boundary between regimes crosses are divided "
         "again and again. Windows that sweep.zoom asks for are sweeps of their own; they follow the "
         "whole and go to FILE.zoom-1.h5, FILE.zoom-2.h5 and so on. --json then prints an object for "
         "each sweep, one per line, as it ends.\n\n"
         "SIGINT, SIGTERM and the wall limit stop it, windows that are still to come included, with "
         "all finished points stored. --resume does the others, also after a kill; sweeps that are "
         "complete are left as they are.\n\n"
         "The points may be shared in three ways, to the same bits: --threads N; mpirun (a build with "
         "-Dmpi=enabled; rank 0 hands out the work and the others do it, each with its --threads "
         "within a point); --shard i/n, processes that know nothing of each other, whose files --merge "
         "joins, those of each window by themselves.\n",
     .options = RST_OPTION_DEFINE | RST_OPTION_OUTPUT | RST_OPTION_RESUME | RST_OPTION_FORCE |
                RST_OPTION_DRY_RUN | RST_OPTION_THREADS | RST_OPTION_SHARD | RST_OPTION_MERGE |
                RST_OPTION_WALL_LIMIT | RST_OPTION_QUIET | RST_OPTION_JSON,
     .needs_subject = true,
     .execute = rst_command_sweep},
    {.name = "follow",
     .usage = "FILES... [-o FILE.h5]",
     .summary = "weight trajectories of any program: how they part, where, how fast",
     .details =
         "The first trajectory is the reference, the others are its twins: other seeds, precisions, "
         "divisors, "
         "with the same tensors at the same times; one alone is followed by itself. A trajectory is an HDF5 "
         "file, in which every dataset, in groups too, of two or more axes whose first is as long as /time "
         "(or "
         "/iteration) is a tensor, and of restrain's own files the state; or a folder or a quoted pattern, "
         "which is a series of .npy, .npz, .safetensors or HDF5 files, one for each time, in the natural "
         "order "
         "of the numbers in their names. tools/record.py writes such a file while PyTorch trains.\n\n"
         "For all weights together and for each tensor: mean relative difference and distance to each twin, "
         "the rate at which the distance grew, its error, where it saturated; the share of weights that take "
         "part; local and global displacement with the exponent of diffusion; distances of the distributions "
         "of the weights' norm in successive windows; and the intervals of growth with the tensor that grew "
         "most. Curves go, by default, to output/<stem of the first>/follow.h5, whole or not at all; memory "
         "does not depend on the number of weights.\n",
     .options = RST_OPTION_OUTPUT | RST_OPTION_FORCE | RST_OPTION_QUIET | RST_OPTION_JSON,
     .needs_subject = true,
     .takes_several = true,
     .execute = rst_command_follow},
    {.name = "check",
     .usage = "CASE.yaml [-D key.path=value]...",
     .summary = "validate a case file, print the effective case",
     .details =
         "Reports every error of the file at once, each with its place and the nearest valid key. A valid "
         "case is\n"
         "printed with every key, given or default; the output is a case file again. Nothing is run.\n",
     .options = case_options,
     .needs_subject = true,
     .execute = rst_command_check},
    {.name = "info",
     .usage = "FILE.h5 | --verify FILE.h5...",
     .summary = "what is in a file and how it was made, and whether it is damaged",
     .details =
         "Lists datasets, provenance and the last scalars. Works on a file that is still being written.\n\n"
         "--verify reads all datasets of the files instead, compares them with their checksums and tells "
         "which "
         "places are damaged, as selections in Python: /loss [511:1022] are 511 rows, [()] is all of a "
         "dataset. "
         "Exit code 4 if there are any. Attributes, the regime among them, have no checksums but in "
         "checkpoints.\n",
     .options = RST_OPTION_JSON | RST_OPTION_QUIET | RST_OPTION_VERIFY,
     .needs_subject = true,
     .execute = rst_command_info},
    {.name = "help",
     .usage = "[COMMAND | case | KEY | scalars | fields | evaluations | regimes | --json]",
     .summary = "this overview, a command in detail, or keys of case files and words of results",
     .details =
         "`restrain help case` prints all keys with type, unit, range and default, `restrain help step.lr` "
         "one of them and `restrain help step` a section; scalars, fields and evaluations are what a run "
         "records, regimes what becomes of it; `restrain help lyapunov` explains one such word. --json "
         "prints all of it, for programs.\n",
     .options = RST_OPTION_JSON,
     .needs_subject = false,
     .execute = rst_command_help},
    {.name = NULL},
};

const struct rst_command *rst_command_find(const char *name) {
  for (const struct rst_command *command = rst_commands; command->name; ++command) {
    if (name && strcmp(command->name, name) == 0) {
      return command;
    }
  }
  return NULL;
}

static void warn(void *user, const char *text) {
  (void)user;
  fprintf(stderr, "restrain: warning: %s\n", text);
}

static enum rst_exit execute(const struct rst_command *command, const struct rst_arguments *arguments) {
  struct rst_context *context = NULL;
  if (rst_context_create(&context) != RST_OK) {
    fputs("restrain: memory is exhausted\n", stderr);
    return RST_EXIT_FAILURE;
  }
  if (!arguments->quiet) {
    rst_context_set_warning(context, warn, NULL);
  }
  if (arguments->json) {
    rst_report_as_json();
  }
  const enum rst_exit code = command->execute(context, arguments);
  rst_context_destroy(&context);
  return code;
}

static void print_version(void) {
  printf("restrain %s (%s)\n", rst_version()->version, rst_version()->commit);
}

static enum rst_exit dispatch(int argc, char **argv) {
  const char *first = argc > 1 ? argv[1] : NULL;
  if (!first || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
    rst_help_overview();
    return first ? RST_EXIT_DONE : RST_EXIT_USAGE;
  }
  if (strcmp(first, "--version") == 0) {
    print_version();
    return RST_EXIT_DONE;
  }
  const struct rst_command *command = rst_command_find(first);
  if (!command) {
    fprintf(stderr, "restrain: '%s' is not a command; the commands are", first);
    for (const struct rst_command *known = rst_commands; known->name; ++known) {
      fprintf(stderr, "%s %s", known == rst_commands ? "" : ",", known->name);
    }
    fputs(" (see restrain --help)\n", stderr);
    return RST_EXIT_USAGE;
  }
  struct rst_arguments arguments;
  enum rst_exit code = RST_EXIT_USAGE;
  if (rst_arguments_parse(command, argc, argv, &arguments)) {
    if (arguments.help) {
      rst_help_command(command);
      code = RST_EXIT_DONE;
    } else if (arguments.version) {
      print_version();
      code = RST_EXIT_DONE;
    } else {
      code = execute(command, &arguments);
    }
  }
  rst_arguments_clear(&arguments);
  return code;
}

int main(int argc, char **argv) {
  /* GSL reports by return code where it is used; its handler would abort the program instead. */
  gsl_set_error_handler_off();
  /* A file that would exceed its limit is an error of writing, which has a message. */
  signal(SIGXFSZ, SIG_IGN);
  rst_ranks_start(&argc, &argv);
  enum rst_exit code = dispatch(argc, argv);
  /* A full disk or a closed pipe shows only when the results leave the buffer. */
  const bool lost = fflush(stdout) != 0 || ferror(stdout) != 0;
  if (lost && code == RST_EXIT_DONE) {
    fputs("restrain: standard output cannot be written\n", stderr);
    code = RST_EXIT_IO;
  }
  rst_ranks_stop();
  return (int)code;
}
