/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_CASE_H
#define RESTRAIN_CASE_H

#include <stdio.h>

#include "restrain/schedule.h"
#include "restrain/scheme.h"

/** @file
 * A case: the typed, validated content of a case file (YAML 1.2). One table declares every key with its type,
 * unit, range, default and help; it drives validation, the effective case and the reference of all keys. File
 * names in a case are relative to the folder of the case file.
 */

enum rst_cadence { RST_CADENCE_LINEAR, RST_CADENCE_LOGARITHMIC };
/** A file of the state beside an output: of a run's last one, of an analysis' minimum that decides. */
enum rst_weights { RST_WEIGHTS_NONE, RST_WEIGHTS_SAFETENSORS };
enum rst_switch { RST_SWITCH_NO, RST_SWITCH_YES };

/** In what a twin differs from the run: the divisor q of its steps, its precision, or one unit in the last place of the
 * weight in the middle of its initial state, [ny/2][nx/2]. */
enum rst_twin_kind { RST_TWIN_DIVISOR, RST_TWIN_PRECISION, RST_TWIN_ULP };

struct rst_twin {
  const char *label; /**< as in the file: the number in its shortest form, "double", "float" or "ulp" */
  enum rst_twin_kind kind;
  double divisor;               /**< of RST_TWIN_DIVISOR */
  enum rst_precision precision; /**< of RST_TWIN_PRECISION */
};

/** In what the members of an ensemble differ: the draws of examples, the initial states, or both. */
enum rst_vary { RST_VARY_NOISE, RST_VARY_INITIAL, RST_VARY_BOTH };

/** Along what the covariance of an ensemble is told: nothing, coordinates of the state, eigenvectors of its Hessian. */
enum rst_directions { RST_DIRECTIONS_NONE, RST_DIRECTIONS_COORDINATES, RST_DIRECTIONS_EIGENVECTORS };

enum rst_scale { RST_SCALE_LINEAR, RST_SCALE_LOGARITHMIC };

/** Values of a key of the case: a list, or `count` of them from `from` to `to`, both ends included. */
struct rst_sweep_axis {
  const char *key; /**< its path, as "step.lr": a number or a seed */
  double from, to;
  size_t count;
  enum rst_scale scale;
  const double *values; /**< [count], NULL for from ... to */
  /** In files: the last part of the key, or all of it with underscores where others end alike. */
  const char *name;
};
/** A series of windows into the plane of a sweep, all about one point: in window j = 1 ... count each axis is factor^j times
 * shorter than in the whole (its logarithm, on a logarithmic axis). */
struct rst_sweep_zoom {
  double lr, weight_decay, factor;
  size_t count;
};
enum { RST_SWEEP_MOST_LEVELS = 10 };
/** Whether a sweep uses the exact reduction where it applies. */
enum rst_reduction { RST_REDUCTION_AUTO, RST_REDUCTION_NONE };

/** Draws of a measurement of the gradient's noise, at least and at most. */
enum { RST_NOISE_LEAST = 10, RST_NOISE_MOST = 16384 };

/** What a case promises of its own run; tests hold it to that. */
struct rst_expectation {
  const char *scalar; /**< name of a scalar of the output */
  long iteration;     /**< -1 for the last */
  double value;
  double tolerance; /**< relative */
};

struct rst_case {
  const char *title, *reference, *cost;
  struct rst_flow_parameters flow;
  struct rst_initial_parameters initial;
  struct {
    struct rst_scheme_parameters scheme;
    struct rst_schedule schedule;
    long iterations;
  } step;
  struct rst_sampling_parameters sampling; /**< of flows with examples */
  struct {
    long every; /**< iterations between evaluations over the whole sets; 0: an epoch */
  } data;       /**< of flows with examples */
  struct {
    double blow_up; /**< the run has diverged when |u| exceeds blow_up * max(|u_0|, 1) or is not finite */
  } stop;
  struct {
    enum rst_cadence cadence;
    long every; /**< linear: iterations between snapshots, 0 for about 100 in all; logarithmic: snapshots a
                   decade */
    const char **fields, **scalars; /**< names of optional fields and scalars */
    size_t field_count, scalar_count;
    long scalars_every; /**< iterations between rows of scalars */
    const char *file;   /**< resolved; NULL if the case names none */
    double checkpoint;  /**< seconds between checkpoints, > 0 */
    enum rst_weights weights;
  } output;
  const struct rst_twin *twins; /**< run in lockstep and compared with the run */
  size_t twin_count;
  struct {
    size_t members; /**< copies of the run, itself included; 0 for a case without this section */
    enum rst_vary vary;
    struct {
      enum rst_directions kind;
      size_t count;
    } directions;
    const double *quantiles; /**< levels; NULL for none */
    size_t quantile_count;
  } ensemble;
  struct {
    long average; /**< iterations over which twin_difference_average averages */
  } twin;
  struct {
    size_t exponents; /**< perturbations followed, where a scalar or field asks for any */
    uint32_t seed;
    long burn_in; /**< iterations before the scalars lyapunov and lyapunov_spectrum begin to average */
  } tangent;
  struct {
    long every;       /**< iterations between measurements */
    double tolerance; /**< residual of the eigenpair, relative to the eigenvalue */
  } sharpness;        /**< of the scalars of that name */
  struct {
    long every;       /**< iterations between measurements */
    long draws;       /**< of a measurement at most; RST_NOISE_LEAST ... RST_NOISE_MOST */
    double tolerance; /**< standard error at which it stops, relative to the mean; 0: never */
  } noise;            /**< of the scalars batch_sharpness, noise_curvature and their like */
  struct {
    long burn_in; /**< iterations before it begins; -1: there is none */
  } ergodic;
  struct {
    long start;   /**< the iteration from whose state it starts */
    int substeps; /**< of an update */
  } central_flow; /**< of the scalars central_loss and their like */
  struct {
    enum rst_rigor rigor;
  } performance;
  struct {
    enum rst_switch empirical; /**< whether thresholds of linear flows are measured by bisection, too */
    int starts; /**< random starts of the search for fixed points, beside the initial state and zero */
    double start_scale; /**< size of their components */
    uint32_t seed;      /**< of random starts and probes */
    size_t dense;       /**< all eigenvalues are computed up to this many points */
    struct {
      int probes; /**< random vectors, 0 for no density */
      int steps;  /**< Lanczos steps for each */
      size_t points;
      double width; /**< of the smearing Gaussians, relative to the width of the spectrum */
    } density;
  } analyze;
  struct {
    enum rst_step_parameter parameter;
    double from, to;
    size_t count; /**< of values; 0 for a case without this section */
    enum rst_scale scale;
    long burn_in, samples; /**< iterations before the samples, and of the samples, at each value */
    enum rst_reduction reduction;
  } bifurcation;
  struct {
    size_t points;                      /**< of the grid of all axes; 0 for a case without this section */
    struct rst_sweep_axis lr;           /**< count 0 where the case lists axes instead */
    struct rst_sweep_axis weight_decay; /**< the same */
    const struct rst_sweep_axis
        *axes; /**< what the sweep runs over, the first one slowest: sweep.axes, or weight_decay and lr */
    size_t axis_count;
    int refine; /**< times that cells across a boundary are halved, at most RST_SWEEP_MOST_LEVELS */
    struct rst_sweep_zoom *zoom;
    size_t zoom_count;
    size_t agreement; /**< points of a reduced sweep that are run in full as well */
    enum rst_reduction reduction;
    enum rst_switch theory;    /**< whether lr_lo and lr_hi are computed */
    enum rst_switch exponents; /**< whether orbits follow a perturbation, for their Lyapunov exponents */
    size_t evaluations;        /**< the last ones of an orbit, of which a point has the mean */
  } sweep;
  struct rst_expectation *expect;
  size_t expect_count;
};

/** Value number `index` of count from `from` to `to`, both ends included; geometric for RST_SCALE_LOGARITHMIC. */
RST_API double rst_scan_value(double from, double to, size_t count, enum rst_scale scale, size_t index);
/** Value number `index` of an axis. */
RST_API double rst_sweep_axis_value(const struct rst_sweep_axis *axis, size_t index);

/** NULL-terminated lists of the fields and scalars that output.fields and output.scalars may name. */
RST_API const char *const *rst_case_field_names(void);
RST_API const char *const *rst_case_scalar_names(void);

/** Read and validate.
 * @param path the case file.
 * @param overrides `count` strings "key.path=value", value in YAML, applied in order after reading; they may
 * name keys that the file lacks, and without a value take them out; file names are relative to the current folder. On RST_ERROR_CASE the message holds all errors of the file and of the
 * overrides, each as "file:line:column: error: ..." with the line, a caret and, for an unknown key or name,
 * the nearest valid one. RST_ERROR_IO if the file cannot be read. */
RST_API enum rst_status rst_case_load(struct rst_context *context, const char *path,
                                      const char *const *overrides, size_t count, struct rst_case **loaded);
/** The same from memory.
 * @param text YAML as in a file; NULL or "" for nothing but overrides. Errors are at "case:line:column".
 * @param folder that file names are relative to; NULL for the current one. */
RST_API enum rst_status rst_case_parse(struct rst_context *context, const char *text, const char *folder,
                                       const char *const *overrides, size_t count, struct rst_case **loaded);
/** The case `from`, made again from its text with further overrides after its own. */
RST_API enum rst_status rst_case_with(struct rst_context *context, const struct rst_case *from,
                                      const char *const *overrides, size_t count, struct rst_case **made);
/** Give the case that has an image of kind `memory`, in flow.image or flow.signal, the values [ny][nx], which are copied;
 * rst_case_with() hands them on. RST_ERROR_ARGUMENT for a case without one; whether they are finite is looked at where the
 * image is made. */
RST_API enum rst_status rst_case_set_image(struct rst_context *context, const double *values, size_t ny,
                                           size_t nx, struct rst_case *changed);
RST_API void rst_case_destroy(struct rst_case **loaded);

/** The name of the file without folders and extension; "case" for one from memory. Owned by the case. */
RST_API const char *rst_case_name(const struct rst_case *loaded);
/** The text of the file as read, or as given. Owned by the case. */
RST_API const char *rst_case_source(const struct rst_case *loaded);
/** Every key with its value, given or default, as YAML (1.2, and 1.1 alike) that loads to the same case from any folder: file
 * names are absolute. The same bytes for the same case. Owned by the case. */
RST_API const char *rst_case_effective(const struct rst_case *loaded);
/** The same as one JSON object. Owned by the case. */
RST_API const char *rst_case_json(const struct rst_case *loaded);

/** Compare two effective cases (text of rst_case_effective()), of which another version of the library may have
 * made one: keys that a text lacks have their defaults. `differences` receives a malloc'ed list of the differing
 * keys, "key (was X, is Y)" joined by ", ", or NULL if there are none. Keys in the NULL-terminated list `ignore`
 * are skipped, and absolute names of files are the same if their last parts are. RST_ERROR_CASE for a text that
 * does not load. */
RST_API enum rst_status rst_case_compare(struct rst_context *context, const char *effective_a,
                                         const char *effective_b, const char *const *ignore,
                                         char **differences);

/** Reference of all keys (type, unit, range, default, help), generated from the table, as a malloc'ed text.
 */
RST_API enum rst_status rst_case_reference(struct rst_context *context, char **text);

/** The same of one topic: a key ("step.lr", and for output.scalars and output.fields what they may name), a section ("step"),
 * one of "scalars", "fields", "evaluations" and "regimes", or a word of these lists. RST_ERROR_ARGUMENT for another, naming the
 * nearest. */
RST_API enum rst_status rst_case_explain(struct rst_context *context, const char *topic, char **text);

/** All of that for programs, as a malloc'ed JSON object: "keys", each with "path", "value" (what it must be and its default),
 * "help", "when" (it applies), "names" (that it may have) and "below" (whether it holds keys); "scalars", "fields",
 * "evaluations" and "regimes", each with "name", "help" and "units". */
RST_API enum rst_status rst_case_tables(struct rst_context *context, char **json);

#endif
