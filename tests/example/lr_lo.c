/* SPDX-License-Identifier: GPL-3.0-or-later
 * The largest learning rate at which training on an image of your own is stable:
 *     cc lr_lo.c $(pkg-config --cflags --libs restrain) -lm && ./a.out */
#include <math.h>
#include <restrain/restrain.h>
#include <stdio.h>

enum { SIZE = 64 };

int main(void) {
  const char *const settings[] = {"flow={kind: conv, kernel: 8, image: {kind: memory}}",
                                  "step={lr: 0.1, weight_decay: 0.5, iterations: 1}"};
  const struct rst_analysis_options options = {.output.path = NULL}; /* store nothing */
  double image[SIZE][SIZE];
  struct rst_context *context = NULL;
  struct rst_case *setting = NULL;
  struct rst_analysis *analysis = NULL;
  for (int y = 0; y < SIZE; ++y) {
    for (int x = 0; x < SIZE; ++x) {
      image[y][x] = cos(0.3 * x) * sin(0.2 * y);
    }
  }
  enum rst_status status = rst_context_create(&context);
  if (status == RST_OK) {
    status = rst_case_parse(context, NULL, NULL, settings, 2, &setting);
  }
  if (status == RST_OK) {
    status = rst_case_set_image(context, image[0], SIZE, SIZE, setting);
  }
  if (status == RST_OK) {
    status = rst_analyze(context, setting, &options, &analysis);
  }
  status == RST_OK ? printf("lr_lo = %.9g\n", analysis->lr_lo)
                   : fprintf(stderr, "%s\n", context ? rst_context_message(context) : "no memory");
  rst_analysis_destroy(&analysis);
  rst_case_destroy(&setting);
  rst_context_destroy(&context);
  return status == RST_OK ? 0 : 1;
}
