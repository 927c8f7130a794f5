/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/schema_rows.h"
#include "core/core.h"

/* Sections with a table of their own: `analyze` has its defaults where a case has no such section, `ensemble`, `bifurcation` and
 * `sweep` are there or not. And items of
 * lists: zoom series and promises. */

#define WITHIN(section, member)                                                                              \
  .offset = offsetof(struct rst_case, section.member) - offsetof(struct rst_case, section),                  \
  .size = sizeof(((struct rst_case *)NULL)->section.member)
#define ENSEMBLE(member) WITHIN(ensemble, member)
#define ANALYZE(member) WITHIN(analyze, member)
#define BIFURCATION(member) WITHIN(bifurcation, member)
#define SWEEP(member) WITHIN(sweep, member)
#define ZOOM(member) PLACE(struct rst_sweep_zoom, member)

static const char *const parameter_names[] = {"lr", "weight_decay", NULL};
static const char *const scale_names[] = {"linear", "log", NULL};
static const char *const reduction_names[] = {"auto", "none", NULL};

/* In the order of enum rst_vary. */
static const char *const vary_names[] = {"noise", "initial", "both", NULL};

/* In the order of enum rst_directions. */
static const char *const direction_names[] = {"none", "coordinates", "eigenvectors", NULL};

static const struct rst_key ensemble_keys[] = {
    {INTEGER("members", BETWEEN(2, 1000000)), REQUIRED, ENSEMBLE(members),
     HELP("copies of the run, itself included, which is member 0")},
    {CHOICE("vary", vary_names), DEFAULT("noise"), ENSEMBLE(vary),
     HELP("noise: member m draws its examples from stream (sampling.seed, m); initial: it starts from "
          "initial.seed + m, and all share the draws of member 0; both")},
    {CHOICE("directions.kind", direction_names), DEFAULT("none"), ENSEMBLE(directions.kind),
     HELP("along what ensemble_covariance is told: coordinates, the first numbers of the state; eigenvectors "
          "of the Hessian of the data term at the initial state, over all examples, of the largest "
          "eigenvalues, falling")},
    {INTEGER("directions.count", BETWEEN(1, 256)), DEFAULT("2"),
     WHEN({"directions.kind", "coordinates eigenvectors"}), ENSEMBLE(directions.count),
     HELP("how many of them")},
    {REALS("quantiles", BETWEEN(0, 1)), ENSEMBLE(quantiles),
     .count_offset = offsetof(struct rst_case, ensemble.quantile_count) - offsetof(struct rst_case, ensemble),
     HELP("levels, as [0.05, 0.5, 0.95], of which loss_quantile, weight_norm_quantile and "
          "displacement_quantile tell at each row of scalars")},
};
const struct rst_keys rst_ensemble_keys = RST_KEYS(ensemble_keys, ((struct rst_case *)NULL)->ensemble);

static const struct rst_key analyze_keys[] = {
    {CHOICE("empirical", rst_switch_names), DEFAULT("no"), ANALYZE(empirical),
     HELP("whether analyze also measures the thresholds of a linear flow, by bisection on runs")},
    {INTEGER("starts", BETWEEN(0, 1000)), DEFAULT("2"), ANALYZE(starts),
     HELP("random starts of the search for fixed points, beside the initial state and zero")},
    {REAL("start_scale", MORE_THAN(0)), DEFAULT("0.01"), ANALYZE(start_scale),
     HELP("standard deviation of their components")},
    {INTEGER("seed", BETWEEN(0, MOST_SEED)), DEFAULT("0"), ANALYZE(seed),
     HELP("seed of random starts and probes")},
    {INTEGER("dense", BETWEEN(0, 4096)), DEFAULT("1024"), UNIT("points"), ANALYZE(dense),
     HELP("all eigenvalues are computed, by dense algebra, for states of at most so many points")},
    {INTEGER("density.probes", BETWEEN(0, 1000)), DEFAULT("0"), ANALYZE(density.probes),
     HELP("random vectors for the density of the spectrum (stochastic Lanczos quadrature), 0 for none")},
    {INTEGER("density.steps", BETWEEN(1, 1000)), DEFAULT("64"), ANALYZE(density.steps),
     HELP("Lanczos steps for each of them")},
    {INTEGER("density.points", BETWEEN(1, 1000000)), DEFAULT("512"), ANALYZE(density.points),
     HELP("points of the density")},
    {REAL("density.width", ABOVE(0, 1)), DEFAULT("0.01"), ANALYZE(density.width),
     HELP("width of the Gaussians that smear its nodes, relative to that of the spectrum")},
};
const struct rst_keys rst_analyze_keys = RST_KEYS(analyze_keys, ((struct rst_case *)NULL)->analyze);

static const struct rst_key bifurcation_keys[] = {
    {CHOICE("parameter", parameter_names), DEFAULT("lr"), BIFURCATION(parameter),
     HELP("the parameter that is scanned")},
    {REAL("from", AT_LEAST(0)), REQUIRED, BIFURCATION(from), HELP("first value of the parameter")},
    {REAL("to", AT_LEAST(0)), REQUIRED, BIFURCATION(to), HELP("last value, at least the first")},
    {INTEGER("count", BETWEEN(1, 1000000)), DEFAULT("200"), BIFURCATION(count),
     HELP("number of values, both ends included")},
    {CHOICE("scale", scale_names), DEFAULT("linear"), BIFURCATION(scale),
     HELP("whether neighbouring values have the same difference or the same ratio")},
    {INTEGER("burn_in", WHOLE(0)), DEFAULT("1000"), UNIT("iterations"), BIFURCATION(burn_in),
     HELP("at each value before those that are stored")},
    {INTEGER("samples", WHOLE(1)), DEFAULT("200"), UNIT("iterations"), BIFURCATION(samples),
     HELP("at each value whose observables are stored")},
    {CHOICE("reduction", reduction_names), DEFAULT("auto"), BIFURCATION(reduction),
     HELP("auto runs in the span of the image's distinct patches where they are few, which is exact")},
};
const struct rst_keys rst_bifurcation_keys =
    RST_KEYS(bifurcation_keys, ((struct rst_case *)NULL)->bifurcation);

#define MOST_VALUES 100000
#define AXIS(member) PLACE(struct rst_sweep_axis, member)
#define WITHOUT_VALUES WHEN({"values", "absent"})

static const struct rst_key axis_keys[] = {
    {TEXT("key"), REQUIRED, AXIS(key), HELP("a key of the case that holds a number or a seed: step.divisor")},
    {REALS("values", ANY), LIST(struct rst_sweep_axis, values, count), HELP("its values")},
    {REAL("from", ANY), REQUIRED, WITHOUT_VALUES, AXIS(from), HELP("first value")},
    {REAL("to", ANY), REQUIRED, WITHOUT_VALUES, AXIS(to), HELP("last one, at least the first")},
    {INTEGER("count", BETWEEN(1, MOST_VALUES)), REQUIRED, WITHOUT_VALUES, AXIS(count),
     HELP("number of values, both ends included")},
    {CHOICE("scale", scale_names), DEFAULT("linear"), WITHOUT_VALUES, AXIS(scale),
     HELP("whether neighbouring values have the same difference or the same ratio")},
};
const struct rst_keys rst_sweep_axis_keys = RST_KEYS(axis_keys, struct rst_sweep_axis);

static const struct rst_key zoom_keys[] = {
    {REAL("lr", MORE_THAN(0)), REQUIRED, UNIT("time"), ZOOM(lr),
     HELP("learning rate in the middle of the windows, inside sweep.lr")},
    {REAL("weight_decay", AT_LEAST(0)), REQUIRED, UNIT("1/time"), ZOOM(weight_decay),
     HELP("weight decay in the middle, inside sweep.weight_decay")},
    {REAL("factor", MORE_THAN(1)), DEFAULT("10"), ZOOM(factor),
     HELP("by which the axes of each window are shorter than those of the one before")},
    {INTEGER("count", BETWEEN(1, 1000)), DEFAULT("1"), ZOOM(count), HELP("number of windows")},
};
const struct rst_keys rst_sweep_zoom_keys = RST_KEYS(zoom_keys, struct rst_sweep_zoom);

#define IN_PLANE WHEN({"axes", "absent"})
#define LR_RANGE WHEN({"axes", "absent"}, {"lr.values", "absent"})
#define WEIGHT_DECAY_RANGE WHEN({"axes", "absent"}, {"weight_decay.values", "absent"})
/* Refinement and zoom halve and shorten both axes of a plane. */
#define IN_RANGES WHEN({"axes", "absent"}, {"lr.values", "absent"}, {"weight_decay.values", "absent"})

static const struct rst_key sweep_keys[] = {
    {ITEMS("axes", rst_sweep_axis_keys), SWEEP(axes),
     .count_offset = offsetof(struct rst_case, sweep.axis_count) - offsetof(struct rst_case, sweep),
     HELP("what the sweep runs over in place of sweep.lr and sweep.weight_decay, the first slowest")},
    {REALS("lr.values", MORE_THAN(0)), UNIT("time"), IN_PLANE, SWEEP(lr.values),
     .count_offset = offsetof(struct rst_case, sweep.lr.count) - offsetof(struct rst_case, sweep),
     HELP("learning rates, in place of the other keys of the section; sweep.lr: [...] is short for it")},
    {REAL("lr.from", MORE_THAN(0)), REQUIRED, UNIT("time"), LR_RANGE, SWEEP(lr.from),
     HELP("first learning rate")},
    {REAL("lr.to", MORE_THAN(0)), REQUIRED, UNIT("time"), LR_RANGE, SWEEP(lr.to),
     HELP("last one, at least the first")},
    {INTEGER("lr.count", BETWEEN(1, MOST_VALUES)), REQUIRED, LR_RANGE, SWEEP(lr.count),
     HELP("number of learning rates, both ends included")},
    {CHOICE("lr.scale", scale_names), DEFAULT("linear"), LR_RANGE, SWEEP(lr.scale),
     HELP("whether neighbouring values have the same difference or the same ratio")},
    {REALS("weight_decay.values", AT_LEAST(0)), UNIT("1/time"), IN_PLANE, SWEEP(weight_decay.values),
     .count_offset = offsetof(struct rst_case, sweep.weight_decay.count) - offsetof(struct rst_case, sweep),
     HELP("weight decays, in place of the other keys of the section; sweep.weight_decay: [...] is short for "
          "it")},
    {REAL("weight_decay.from", AT_LEAST(0)), REQUIRED, UNIT("1/time"), WEIGHT_DECAY_RANGE,
     SWEEP(weight_decay.from), HELP("first weight decay")},
    {REAL("weight_decay.to", AT_LEAST(0)), REQUIRED, UNIT("1/time"), WEIGHT_DECAY_RANGE,
     SWEEP(weight_decay.to), HELP("last one, at least the first")},
    {INTEGER("weight_decay.count", BETWEEN(1, MOST_VALUES)), REQUIRED, WEIGHT_DECAY_RANGE,
     SWEEP(weight_decay.count), HELP("number of weight decays, both ends included")},
    {CHOICE("weight_decay.scale", scale_names), DEFAULT("linear"), WEIGHT_DECAY_RANGE,
     SWEEP(weight_decay.scale),
     HELP("whether neighbouring values have the same difference or the same ratio")},
    {INTEGER("refine", BETWEEN(0, RST_SWEEP_MOST_LEVELS)), DEFAULT("0"), IN_RANGES, SWEEP(refine),
     HELP(
         "times that cells of the grid are halved, each way, where a boundary between regimes crosses them")},
    {ITEMS("zoom", rst_sweep_zoom_keys), DEFAULT("[]"), IN_RANGES, SWEEP(zoom),
     .count_offset = offsetof(struct rst_case, sweep.zoom_count) - offsetof(struct rst_case, sweep),
     HELP("series of windows into the plane, each a sweep of its own")},
    {INTEGER("agreement", WHOLE(0)), DEFAULT("16"), UNIT("points"), SWEEP(agreement),
     HELP("spread over the grid, that a reduced sweep also runs in full")},
    {CHOICE("reduction", reduction_names), DEFAULT("auto"), SWEEP(reduction),
     HELP("auto runs in the span of the image's distinct patches where they are few, which is exact")},
    {CHOICE("theory", rst_switch_names), DEFAULT("yes"), SWEEP(theory),
     HELP("whether the thresholds lr_lo and lr_hi are computed beside the runs; the minimum of a deep "
          "network may "
          "take longer than they do")},
    {CHOICE("exponents", rst_switch_names), DEFAULT("yes"), SWEEP(exponents),
     HELP("whether runs in full follow a perturbation, which tells chaos from order but costs two gradients "
          "more an "
          "update")},
    {INTEGER("evaluations", WHOLE(1)), DEFAULT("1"), SWEEP(evaluations),
     HELP("at the end of a run with examples, of which its test_accuracy and the like are the mean; "
          "data.every says how often they come")},
};
const struct rst_keys rst_sweep_keys = RST_KEYS(sweep_keys, ((struct rst_case *)NULL)->sweep);

static const struct rst_key expectation_keys[] = {
    {NAMED("scalar", rst_case_scalar_names), REQUIRED, PLACE(struct rst_expectation, scalar),
     HELP("the scalar")},
    {INTEGER("iteration", WHOLE(-1)), DEFAULT("-1"), PLACE(struct rst_expectation, iteration),
     HELP("the iteration, -1 for the last")},
    {REAL("value", ANY), REQUIRED, PLACE(struct rst_expectation, value), HELP("its value there")},
    {REAL("tolerance", AT_LEAST(0)), DEFAULT("1e-9"), PLACE(struct rst_expectation, tolerance),
     HELP("relative deviation allowed")},
};
const struct rst_keys rst_expectation_keys = RST_KEYS(expectation_keys, struct rst_expectation);
