/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "restrain/restrain.h"

/** @file
 * Usage: call_loop CASE.yaml RUNS FOLDER
 *
 * So many runs of a case at as many learning rates, one after the other, as tools that call the library do them: the case is
 * made, run into a file that does not stay, and released. Prints the processor time of one run in seconds; python_loop.py does
 * the same in Python.
 */

static enum rst_status run_once(struct rst_context *context, const char *path, double lr,
                                const char *output) {
  char text[64];
  const char *const overrides[] = {text};
  struct rst_case *loaded = NULL;
  enum rst_call_outcome outcome = RST_CALL_COMPLETED;
  snprintf(text, sizeof text, "step.lr=%.17g", lr);
  enum rst_status status = rst_case_load(context, path, overrides, 1, &loaded);
  if (status == RST_OK) {
    status = rst_call(context, "run", loaded, output, RST_CALL_TRANSIENT, NULL, NULL, &outcome);
  }
  rst_case_destroy(&loaded);
  unlink(output);
  return status;
}

int main(int argc, char **argv) {
  struct rst_context *context = NULL;
  char output[4096];
  const long runs = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
  if (runs < 1 || rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  snprintf(output, sizeof output, "%s/run.h5", argv[3]);
  enum rst_status status = run_once(context, argv[1], 0.05, output);
  const clock_t start = clock();
  for (long i = 0; status == RST_OK && i < runs; ++i) {
    status = run_once(context, argv[1], 0.05 + 1e-5 * (double)i, output);
  }
  const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC / (double)runs;
  if (status != RST_OK) {
    fprintf(stderr, "%s\n", rst_context_message(context));
  } else {
    printf("%.9f\n", seconds);
  }
  rst_context_destroy(&context);
  return status == RST_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
