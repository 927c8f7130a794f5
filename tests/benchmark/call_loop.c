/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "restrain/restrain.h"

/** @file
 * Usage: call_loop CASE.yaml RUNS
 *
 * So many runs of a case at as many learning rates, one after the other, as tools that call the library do them: the case is
 * made, run into a record, of which the regime and the last loss are read, and released. Prints the processor time of one run in
 * seconds; python_loop.py does the same in Python.
 */

static enum rst_status run_once(struct rst_context *context, const char *path, double lr) {
  char text[64];
  const char *const overrides[] = {text};
  struct rst_case *loaded = NULL;
  struct rst_record *record = NULL;
  enum rst_call_outcome outcome = RST_CALL_COMPLETED;
  snprintf(text, sizeof text, "step.lr=%.17g", lr);
  enum rst_status status = rst_case_load(context, path, overrides, 1, &loaded);
  if (status == RST_OK) {
    status = rst_record_create(context, &record);
  }
  if (status == RST_OK) {
    status = rst_call_record(context, loaded, NULL, NULL, record, &outcome);
  }
  if (status == RST_OK) {
    const struct rst_record_array *loss = rst_record_find(record, "loss");
    const double last = ((const double *)loss->values)[loss->shape[0] - 1];
    status = last > 0.0 && *rst_record_text(record, "regime") ? RST_OK : RST_ERROR_NUMERIC;
  }
  rst_record_destroy(&record);
  rst_case_destroy(&loaded);
  return status;
}

int main(int argc, char **argv) {
  struct rst_context *context = NULL;
  const long runs = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
  if (runs < 1 || rst_context_create(&context) != RST_OK) {
    return EXIT_FAILURE;
  }
  enum rst_status status = run_once(context, argv[1], 0.05);
  const clock_t start = clock();
  for (long i = 0; status == RST_OK && i < runs; ++i) {
    status = run_once(context, argv[1], 0.05 + 1e-5 * (double)i);
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
