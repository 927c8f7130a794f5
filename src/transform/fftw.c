/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transform/fftw.h"

#include "core/real.h"

#include <fftw3.h>

#ifdef RST_REAL_IS_FLOAT
#define FFTW(name) fftwf_##name
#else
#define FFTW(name) fftw_##name
#endif

static void *plan(const struct rst_transform_layout *layout, enum rst_rigor rigor, void *input,
                  void *output) {
  static const unsigned flags_of_rigor[] = {
      [RST_RIGOR_ESTIMATE] = FFTW_ESTIMATE,
      [RST_RIGOR_MEASURE] = FFTW_MEASURE,
      [RST_RIGOR_PATIENT] = FFTW_PATIENT,
  };
  static const FFTW(r2r_kind) real_kind[] = {
      [RST_TRANSFORM_SINE] = FFTW_RODFT00,
      [RST_TRANSFORM_COSINE] = FFTW_REDFT10,
      [RST_TRANSFORM_COSINE_BACK] = FFTW_REDFT01,
  };
  const unsigned flags = flags_of_rigor[rigor];
  const FFTW(iodim64) length = {.n = (ptrdiff_t)layout->n,
                                .is = (ptrdiff_t)layout->input_stride,
                                .os = (ptrdiff_t)layout->output_stride};
  const FFTW(iodim64) batch = {.n = (ptrdiff_t)layout->batch,
                               .is = (ptrdiff_t)layout->input_distance,
                               .os = (ptrdiff_t)layout->output_distance};
  switch (layout->kind) {
  case RST_TRANSFORM_REAL_TO_COMPLEX:
    return FFTW(plan_guru64_dft_r2c)(1, &length, 1, &batch, input, output, flags);
  case RST_TRANSFORM_COMPLEX_TO_REAL:
    return FFTW(plan_guru64_dft_c2r)(1, &length, 1, &batch, input, output, flags);
  case RST_TRANSFORM_FORWARD:
    return FFTW(plan_guru64_dft)(1, &length, 1, &batch, input, output, FFTW_FORWARD, flags);
  case RST_TRANSFORM_BACKWARD:
    return FFTW(plan_guru64_dft)(1, &length, 1, &batch, input, output, FFTW_BACKWARD, flags);
  case RST_TRANSFORM_SINE:
  case RST_TRANSFORM_COSINE:
  case RST_TRANSFORM_COSINE_BACK:
    return FFTW(plan_guru64_r2r)(1, &length, 1, &batch, input, output, &real_kind[layout->kind], flags);
  }
  return NULL;
}

static void execute(enum rst_transform_kind kind, void *made, void *input, void *output) {
  switch (kind) {
  case RST_TRANSFORM_REAL_TO_COMPLEX:
    FFTW(execute_dft_r2c)(made, input, output);
    break;
  case RST_TRANSFORM_COMPLEX_TO_REAL:
    FFTW(execute_dft_c2r)(made, input, output);
    break;
  case RST_TRANSFORM_FORWARD:
  case RST_TRANSFORM_BACKWARD:
    FFTW(execute_dft)(made, input, output);
    break;
  case RST_TRANSFORM_SINE:
  case RST_TRANSFORM_COSINE:
  case RST_TRANSFORM_COSINE_BACK:
    FFTW(execute_r2r)(made, input, output);
    break;
  }
}

static void destroy(void *made) {
  FFTW(destroy_plan)(made);
}

static bool import_wisdom(const char *text) {
  return FFTW(import_wisdom_from_string)(text) != 0;
}

const struct rst_fftw RST_REAL(rst_fftw) = {
    .plan = plan,
    .execute = execute,
    .destroy = destroy,
    .export_wisdom = FFTW(export_wisdom_to_string),
    .import_wisdom = import_wisdom,
    .forget_wisdom = FFTW(forget_wisdom),
    .version = FFTW(version),
};
