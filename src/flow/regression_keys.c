/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/regression_keys.h"

#include <math.h>
#include <string.h>

#include "core/core.h"

const char *const rst_regression_designs[] = {"none", "gaussian", "file", NULL};

static const char *const spectra[] = {"power", "list", NULL};

const char *const *rst_given_spectrum_names(void) {
  return spectra;
}

static bool is_list(const struct rst_given_spectrum *spectrum) {
  return strcmp(spectrum->kind, "list") == 0;
}

size_t rst_given_spectrum_count(const struct rst_given_spectrum *spectrum) {
  return is_list(spectrum) ? spectrum->value_count : spectrum->count;
}

double rst_given_spectrum_value(const struct rst_given_spectrum *spectrum, size_t i) {
  return is_list(spectrum) ? spectrum->values[i]
                           : spectrum->largest * pow((double)i + 1.0, -spectrum->exponent);
}

enum rst_status rst_given_spectrum_check(struct rst_context *context,
                                         const struct rst_given_spectrum *spectrum) {
  if (!spectrum->kind || rst_name_index(spectra, spectrum->kind) < 0) {
    return rst_fail_unknown(context, "spectrum", spectrum->kind, spectra);
  }
  const size_t count = rst_given_spectrum_count(spectrum);
  RST_REQUIRE(context, count > 0, RST_ERROR_ARGUMENT, "the spectrum is empty; it needs at least one number");
  for (size_t i = 0; i < count; ++i) {
    const double value = rst_given_spectrum_value(spectrum, i);
    RST_REQUIRE(context, isfinite(value) && value >= 0, RST_ERROR_ARGUMENT,
                "number %zu of the spectrum is %g; it must be finite and not negative", i + 1, value);
  }
  return RST_OK;
}

#define SPECTRUM(member) PLACE(struct rst_given_spectrum, member)
#define REGRESSION(member) PLACE(struct rst_flow_parameters, regression.member)
#define OF_DESIGN(design)                                                                                    \
  LIST(struct rst_flow_parameters, regression.spectrum, regression.spectrum.kind),                           \
      WHEN({"flow.design.kind", design})

static const struct rst_key spectrum_rows[] = {
    {NAMED("kind", rst_given_spectrum_names), REQUIRED, SPECTRUM(kind),
     HELP("power: largest i^-exponent, i = 1 ... count; list: the values")},
    {INTEGER("count", WHOLE(1)), REQUIRED, WHEN({"kind", "power"}), SPECTRUM(count),
     HELP("how many numbers")},
    {REAL("exponent", ANY), REQUIRED, WHEN({"kind", "power"}), SPECTRUM(exponent),
     HELP("of the power law; 0 for equal numbers")},
    {REAL("largest", AT_LEAST(0)), DEFAULT("1"), WHEN({"kind", "power"}), SPECTRUM(largest),
     HELP("the first number")},
    {REALS("values", AT_LEAST(0)), REQUIRED, WHEN({"kind", "list"}),
     LIST(struct rst_given_spectrum, values, value_count), HELP("the numbers")},
};
static const struct rst_keys spectrum_keys = RST_KEYS(spectrum_rows, struct rst_given_spectrum);

static const struct rst_key rows[] = {
    {NAMED("flow.design.kind", NULL), DEFAULT("none"), .names = rst_regression_designs, REGRESSION(design),
     HELP("none: E = (1/2) sum h_i (u_i - c)^2; else E = |X u - y|^2/(2 n), with X and y from files or, for "
          "gaussian, in NumPy: seed(seed); X = randn(samples, d) * sqrt(h); y = X @ full(d, c) + noise * "
          "randn(samples)")},
    {INTEGER("flow.design.samples", WHOLE(1)), REQUIRED, WHEN({"flow.design.kind", "gaussian"}),
     REGRESSION(samples), HELP("n, the rows of X")},
    {INTEGER("flow.design.seed", BETWEEN(0, MOST_SEED)), DEFAULT("0"), WHEN({"flow.design.kind", "gaussian"}),
     REGRESSION(seed), HELP("seed of the random numbers")},
    {MAPPING("flow.design.spectrum", spectrum_keys), REQUIRED, OF_DESIGN("gaussian"),
     HELP("h, the variances of the columns of X")},
    {REAL("flow.design.noise", AT_LEAST(0)), DEFAULT("1"), WHEN({"flow.design.kind", "gaussian"}),
     REGRESSION(noise), HELP("standard deviation of the targets about X u*")},
    {FILE_NAME("flow.design.x"), REQUIRED, WHEN({"flow.design.kind", "file"}), REGRESSION(x),
     HELP("X [n][d]: a .npy file or a dataset file.h5:/path")},
    {FILE_NAME("flow.design.y"), REQUIRED, WHEN({"flow.design.kind", "file"}), REGRESSION(y),
     HELP("y [n], likewise")},
    {MAPPING("flow.spectrum", spectrum_keys), REQUIRED, OF_DESIGN("none"),
     HELP("h, the eigenvalues of the Hessian")},
    {REAL("flow.minimum", ANY), DEFAULT("0"), WHEN({"flow.design.kind", "none gaussian"}),
     REGRESSION(minimum),
     HELP("c, every component of the minimum, of gaussian of the u* that the targets are made with")},
};
const struct rst_keys rst_regression_keys = RST_KEYS(rows, struct rst_flow_parameters);
