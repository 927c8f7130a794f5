/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/schema.h"

#include "case/schema_rows.h"
#include "core/core.h"
#include "restrain/tangent.h"

#define LISTED(list, length) LIST(struct rst_loaded_case, list, length)

static const char *const precision_names[] = {"double", "float", NULL};
static const char *const boundary_names[] = {"valid", "periodic", "dirichlet", NULL};
static const char *const discretisation_names[] = {"second", "fourth", "spectral", NULL};
static const char *const cadence_names[] = {"linear", "logarithmic", NULL};
/* In the order of enum rst_weights. */
static const char *const weights_names[] = {"none", "safetensors", NULL};
static const char *const twin_names[] = {"double", "float", "ulp", NULL};
static const char *const order_names[] = {"shuffle", "replacement", NULL};
static const char *const schedule_names[] = {"constant", "steps", "cosine", NULL};
static const char *const unit_names[] = {"iterations", "epochs", NULL};

static const struct rst_key case_keys[] = {
    {TEXT("title"), AT(content.title), HELP("what the case is")},
    {TEXT("reference"), AT(content.reference), HELP("publication and figure that it reproduces")},
    {TEXT("cost"), AT(content.cost), HELP("what it takes to run")},

    {NAMED("flow.kind", rst_flow_names), REQUIRED, AT(content.flow.kind),
     HELP(
         "the gradient flow; du/dt = -grad L(u), L = E + (alpha/2) sum u^2; heat: du/dt = kappa Lap u; conv: "
         "one convolutional layer, E the logistic loss of mean s(c) - shift, c the correlation of kernel "
         "and image; "
         "conv-linear: conv linearised about the kernel 0; network: flow.layers on the examples of "
         "data.train; beltrami: E = sum (fidelity/2)(I-u)^2 + sqrt(|grad u|^2 + delta^2); "
         "landscape: E a function of a few numbers, flow.function; regression: E = (1/2) sum h_i (u_i - "
         "c)^2, or the least squares of flow.design")},
    {CHOICE("flow.precision", precision_names), DEFAULT("double"), AT(content.flow.precision),
     HELP("floating-point type of all fields")},
    {CHOICE("flow.boundary", boundary_names), .derived = "the first that the flow offers",
     AT(content.flow.boundary),
     HELP("what lies beyond the rim; heat offers periodic and dirichlet (fixed end values), the "
          "convolutional flows valid (kernel inside the image) and periodic")},
    {REAL("flow.diffusion.coefficient", AT_LEAST(0)), DEFAULT("0"), AT(content.flow.diffusion.coefficient),
     HELP("gamma of the regulariser (gamma/2) sum |grad_h u|^2")},
    {REAL("flow.diffusion.spacing", MORE_THAN(0)), DEFAULT("1"), UNIT("length"),
     AT(content.flow.diffusion.spacing), HELP("distance h of neighbouring points")},
    {CHOICE("flow.diffusion.discretisation", discretisation_names), DEFAULT("second"),
     AT(content.flow.diffusion.discretisation),
     HELP("Laplacian by differences of second or fourth order, or spectral")},

    {INTEGER("data.every", WHOLE(0)), DEFAULT("0"), UNIT("iterations"),
     .derived = "0, an epoch, or 100 times in a run of full batches, which keeps its own when it is resumed",
     AT(content.data.every),
     HELP("between evaluations over the whole training and test sets; the first and the last state have one "
          "in any case")},

    {NAMED("sampling.kind", rst_sampling_names), DEFAULT("full"), AT(content.sampling.kind),
     HELP("the example weights of an update; full: all alike; minibatch: batches, as in SGD; svag: of two "
          "batches, so that l updates have the noise of one step of SGD; gaussian: normal ones, with the "
          "covariance of batches; "
          "sde: the differential equation of SGD in steps of lr/l; hessian: all alike, and noise of "
          "covariance (sigma^2/batch) H is added to the gradient")},
    {INTEGER("sampling.batch", WHOLE(1)), REQUIRED,
     WHEN({"sampling.kind", "minibatch svag gaussian sde hessian"}), AT(content.sampling.batch),
     HELP("examples of a batch; of gaussian and sde, one whose covariance it has; hessian divides its own by "
          "it")},
    {CHOICE("sampling.order", order_names), DEFAULT("shuffle"), WHEN({"sampling.kind", "minibatch svag"}),
     AT(content.sampling.order),
     HELP(
         "shuffle: the batches of an epoch have no example in common; replacement: each is drawn by itself")},
    {REAL("sampling.l", AT_LEAST(1)), REQUIRED, WHEN({"sampling.kind", "svag sde"}),
     AT(content.sampling.length), HELP("updates that are one step of length step.lr; of sde a power of two")},
    {REAL("sampling.sigma", AT_LEAST(0)), REQUIRED, WHEN({"sampling.kind", "hessian"}),
     AT(content.sampling.sigma),
     HELP("the noise has the covariance sigma^2/batch times the Hessian; of regression alone")},
    {INTEGER("sampling.seed", BETWEEN(0, MOST_SEED)), DEFAULT("0"),
     WHEN({"sampling.kind", "minibatch svag gaussian sde hessian"}), AT(content.sampling.seed),
     HELP("seed of the draws, which are those of NumPy's Philox")},

    {NAMED("initial.kind", rst_initial_names), DEFAULT("normal"), AT(content.initial.kind),
     HELP("the initial state; normal: scale times NumPy's seed(seed); randn(...), bit for bit; fan-in: "
          "weights gain/sqrt(inputs) randn(...), biases 0; uniform: both within +-1/sqrt(inputs); zero; "
          "constant: scale everywhere; "
          "tent: rises from 0 at the rim to scale in the middle; list: initial.values; file: initial.file; "
          "signal, of beltrami: flow.signal")},
    {INTEGER("initial.seed", BETWEEN(0, MOST_SEED)), DEFAULT("0"),
     WHEN({"initial.kind", "normal fan-in uniform"}), AT(content.initial.seed),
     HELP("seed of the random numbers")},
    {REAL("initial.scale", ANY), DEFAULT("1"), WHEN({"initial.kind", "normal constant tent file"}),
     AT(content.initial.scale), HELP("factor of the initial state: value of constant, height of tent")},
    {REAL("initial.gain", AT_LEAST(0)), DEFAULT("1"), WHEN({"initial.kind", "fan-in"}),
     AT(content.initial.gain), HELP("deviation of the weights times sqrt(fan_in); biases start from 0")},
    {REALS("initial.values", ANY), REQUIRED, WHEN({"initial.kind", "list"}),
     LISTED(content.initial.values, content.initial.value_count),
     HELP("the state itself, one number for each of its numbers, in their order")},
    {FILE_NAME("initial.file"), REQUIRED, WHEN({"initial.kind", "file"}), AT(content.initial.file),
     HELP(
         "HDF5 dataset file.h5:/path, PNG, JPEG, TIFF, PGM or .npy, of the shape of the state; or HDF5 group "
         "file.h5:/path or file file.h5 with the tensors' names, such as a run's")},
    {INTEGER("initial.snapshot", BETWEEN(-MOST, MOST)), DEFAULT("-1"), WHEN({"initial.kind", "file"}),
     AT(content.initial.snapshot),
     HELP("of a run's file, the snapshot to start from: 0 is the first, -1 the last")},

    {NAMED("step.scheme", rst_scheme_names), DEFAULT("euler"), AT(content.step.scheme.kind),
     HELP("what an update does; euler: u - lr g, g = grad L(u), gradient descent; heavy-ball: v = "
          "mu v + g, u - lr v; nesterov, as in PyTorch: v = mu v + g, u - lr (g + mu v); "
          "rk2, rk4: Runge-Kutta of order 2 and 4; imex: the decay implicitly, (u - lr grad E)/(1 + lr "
          "alpha); cfl: euler with at most safety 2/lambda_max(u) for lr; adam: PyTorch's Adam, with "
          "decoupled decay AdamW")},
    {REAL("step.lr", MORE_THAN(0)), REQUIRED, UNIT("time"), AT(content.step.scheme.lr),
     HELP("the learning rate, the time step; euler takes u to u - lr grad L(u)")},
    {REAL("step.weight_decay", AT_LEAST(0)), DEFAULT("0"), UNIT("1/time"),
     AT(content.step.scheme.weight_decay),
     HELP("alpha, the weight decay; L = E + (alpha/2) sum u^2, so that the state decays towards 0")},
    {INTEGER("step.iterations", WHOLE(0)), REQUIRED, AT(content.step.iterations), HELP("number of updates")},

    {CHOICE("step.schedule.kind", schedule_names), DEFAULT("constant"), AT(content.step.schedule.kind),
     HELP("how the learning rate changes: constant; steps: step.lr times the factor of the last of the times "
          "at that has come; cosine: falls from step.lr to final step.lr at length, as half a cosine")},
    {CHOICE("step.schedule.unit", unit_names), DEFAULT("epochs"), AT(content.step.schedule.unit),
     HELP("of the times at and warm_up; an epoch of full batches is an iteration")},
    {REALS("step.schedule.at", AT_LEAST(0)), REQUIRED, WHEN({"step.schedule.kind", "steps"}),
     LISTED(content.step.schedule.at, content.step.schedule.at_count),
     HELP("times at which the factor changes, ascending")},
    {REALS("step.schedule.factors", MORE_THAN(0)), REQUIRED, WHEN({"step.schedule.kind", "steps"}),
     LISTED(content.step.schedule.factors, content.step.schedule.factor_count),
     HELP("of step.lr, from each of the times at on")},
    {REAL("step.schedule.final", BETWEEN(0, 1)), DEFAULT("0"), WHEN({"step.schedule.kind", "cosine"}),
     AT(content.step.schedule.final), HELP("factor of step.lr that the cosine falls to")},
    {INTEGER("step.schedule.length", WHOLE(0)), DEFAULT("0"), UNIT("iterations"),
     WHEN({"step.schedule.kind", "cosine"}), .derived = "step.iterations", AT(content.step.schedule.length),
     HELP("the update at which the cosine has fallen to final")},
    {REAL("step.schedule.warm_up", AT_LEAST(0)), DEFAULT("0"), AT(content.step.schedule.warm_up),
     HELP("time over which step.lr rises linearly first")},

    {REAL("stop.blow_up", AT_LEAST(1)), DEFAULT("1e6"), AT(content.stop.blow_up),
     HELP("the run has diverged when |u| exceeds this times max(|u_0|, 1)")},

    {CHOICE("output.cadence", cadence_names), DEFAULT("linear"), AT(content.output.cadence),
     HELP("how the snapshots are spread over the iterations")},
    {INTEGER("output.every", WHOLE(0)), DEFAULT("0"),
     .derived =
         "0, for about 100 snapshots in all or, if logarithmic, 20 a decade; a resumed run keeps its own",
     AT(content.output.every), HELP("linear: iterations between snapshots; logarithmic: snapshots a decade")},
    {NAMES("output.fields", rst_case_field_names), DEFAULT("[]"),

     LISTED(content.output.fields, content.output.field_count),
     HELP("optional fields to store with the kernel")},
    {NAMES("output.scalars", rst_case_scalar_names), DEFAULT("[]"),

     LISTED(content.output.scalars, content.output.scalar_count),
     HELP("optional scalars to record with the rows of scalars")},
    {INTEGER("output.scalars_every", WHOLE(1)), DEFAULT("1"), UNIT("iterations"),
     AT(content.output.scalars_every),
     HELP("between rows of scalars; the first and the last state have one in any case. Beyond 1, rows also "
          "hold the "
          "largest update and the mean growth since the row before, by which the run is judged")},
    {FILE_NAME("output.file"), .derived = "output/<stem of the case file>/run.h5", AT(content.output.file),
     HELP("the result")},
    {REAL("output.checkpoint", MORE_THAN(0)), DEFAULT("60"), UNIT("seconds"), AT(content.output.checkpoint),
     HELP("wall time between checkpoints")},
    {CHOICE("output.weights", weights_names), DEFAULT("none"), AT(content.output.weights),
     HELP("safetensors: the last state of a run, or the minimum that decides of an analysis, also as "
          "FILE.weights.safetensors beside the output")},

    {.path = "twins",
     .type = RST_KEY_TWINS,
     DEFAULT("[]"),
     .range = MORE_THAN(0),
     .names = twin_names,
     LISTED(content.twins, content.twin_count),
     HELP("runs in lockstep that are compared with the run: each number is a divisor in place of "
          "step.divisor, double and float are precisions, ulp moves one initial weight by one unit in "
          "its last place")},

    {INTEGER("twin.average", WHOLE(1)), DEFAULT("100"), UNIT("iterations"), AT(content.twin.average),
     HELP("over which twin_difference_average averages")},

    {MAPPING("ensemble", rst_ensemble_keys),

     LISTED(content.ensemble, content.ensemble.members),
     HELP("copies of the run, of which output.fields ensemble_mean and ensemble_variance tell")},

    {INTEGER("tangent.exponents", BETWEEN(1, RST_TANGENT_MOST)), DEFAULT("1"), AT(content.tangent.exponents),
     HELP("perturbations that are followed, where output asks for scalars or fields of them")},
    {INTEGER("tangent.seed", BETWEEN(0, MOST_SEED)), DEFAULT("1"), AT(content.tangent.seed),
     HELP("seed of the first perturbations")},
    {INTEGER("tangent.burn_in", WHOLE(0)), DEFAULT("0"), UNIT("iterations"), AT(content.tangent.burn_in),
     HELP("before the scalars lyapunov and lyapunov_spectrum begin to average")},

    {INTEGER("sharpness.every", WHOLE(1)), DEFAULT("1"), UNIT("iterations"), AT(content.sharpness.every),
     HELP("between measurements of the sharpness, where output.scalars asks for it")},
    {REAL("sharpness.tolerance", ABOVE(0, 0.1)), DEFAULT("1e-8"), AT(content.sharpness.tolerance),
     HELP("residual of its eigenpair, relative to the eigenvalue")},

    {INTEGER("noise.every", WHOLE(1)), DEFAULT("100"), UNIT("iterations"), AT(content.noise.every),
     HELP("between measurements over independent draws of examples, where output.scalars asks for "
          "batch_sharpness, gradient_noise_interaction, noise_norm, gradient_square and their like")},
    {INTEGER("noise.draws", BETWEEN(RST_NOISE_LEAST, RST_NOISE_MOST)), DEFAULT("1000"),
     AT(content.noise.draws), HELP("of a measurement at most; at least 10 are taken")},
    {REAL("noise.tolerance", AT_LEAST(0)), DEFAULT("0.005"), AT(content.noise.tolerance),
     HELP("standard error, relative to the mean, at which a measurement stops; 0 takes all draws, as "
          "gradient_square and gradient_noise_trace do in any case")},

    {INTEGER("ergodic.burn_in", WHOLE(-1)), DEFAULT("-1"), UNIT("iterations"), AT(content.ergodic.burn_in),
     HELP("before the ergodic record of the run begins, with time means, displacements and distances of "
          "windows, as restrain/ergodic.h says; -1: none is kept")},

    {INTEGER("central_flow.start", WHOLE(0)), DEFAULT("0"), UNIT("iterations"),
     AT(content.central_flow.start),
     HELP(
         "the iteration at which the central flow starts, where output.scalars asks for central_loss and its "
         "like: from the initial state, or from that of a run under way without its oscillation")},
    {INTEGER("central_flow.substeps", BETWEEN(1, 1000)), DEFAULT("4"), AT(content.central_flow.substeps),
     HELP("of the central flow for each update, Euler's, at each of which eigenvectors are found")},

    {CHOICE("performance.rigor", rst_rigor_names), DEFAULT("estimate"), AT(content.performance.rigor),
     HELP("how hard FFTW searches; only estimate gives the same bits in every process")},

    {MAPPING("analyze", rst_analyze_keys), DEFAULT("{}"),

     AT(content.analyze), HELP("what analyze computes")},

    {MAPPING("bifurcation", rst_bifurcation_keys),

     LISTED(content.bifurcation, content.bifurcation.count), HELP("the scan that bifurcate does")},

    {MAPPING("sweep", rst_sweep_keys),

     LISTED(content.sweep, content.sweep.points),
     HELP("what sweep covers: the plane of learning rates and weight decays, or axes")},

    {ITEMS("expect", rst_expectation_keys), DEFAULT("[]"),

     LISTED(content.expect, content.expect_count), HELP("what the run is known to give")},
};

const struct rst_keys rst_general_keys = RST_KEYS(case_keys, struct rst_loaded_case);
