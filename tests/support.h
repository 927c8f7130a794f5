/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEST_SUPPORT_H
#define RST_TEST_SUPPORT_H

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "krylov/extremal.h"
#include "restrain/analysis.h"
#include "restrain/tangent.h"
#include "sweep/sweep_file.h"

/** @file
 * What every libcheck program shares.
 */

/* libcheck writes a line to a file for every assertion that holds, to tell the last one before a crash; in loops over elements
 * that takes far longer than the tests do. */
#define _mark_point(file, line) ((void)0) /* NOLINT(bugprone-reserved-identifier) */

/** Run a suite in a new folder, removed afterwards, and report as TAP on standard output, which `meson test`
 * reads. */
int rst_test_run(Suite *suite);

/** A context whose warnings are dropped and whose threads, where it is given some, share out work of any size; fails the test on
 * error. */
struct rst_context *rst_test_context(void);

/** Fail with the context's message unless `call` returns RST_OK. */
#define RST_TEST_OK(context, call)                                                                           \
  do {                                                                                                       \
    const enum rst_status rst_test_status = (call);                                                          \
    ck_assert_msg(rst_test_status == RST_OK, "%s: %s: %s", #call, rst_status_text(rst_test_status),          \
                  rst_context_message(context));                                                             \
  } while (0)

/** Fail unless `call` returns `expected` and the message contains `fragment`. */
#define RST_TEST_FAILS(context, expected, fragment, call)                                                    \
  do {                                                                                                       \
    const enum rst_status rst_test_status = (call);                                                          \
    ck_assert_msg(rst_test_status == (expected), "%s: %s, message: %s", #call,                               \
                  rst_status_text(rst_test_status), rst_context_message(context));                           \
    ck_assert_msg(strstr(rst_context_message(context), (fragment)) != NULL, "message \"%s\" lacks \"%s\"",   \
                  rst_context_message(context), (fragment));                                                 \
  } while (0)

/** Reproducible noise in [-1, 1), multiples of 2^-20, which are exact in both precisions. */
void rst_test_noise(uint32_t seed, struct rst_field *field);

/** Parameters of a one-layer network on these images: conv, valid, mean pooling, swish with beta 1, double,
 * no regulariser. */
struct rst_flow_parameters rst_test_network(const struct rst_labelled_image *images, size_t count,
                                            size_t kernel);
/** rst_flow_create() that fails the test on error. */
struct rst_flow *rst_test_flow(struct rst_context *context, const struct rst_flow_parameters *parameters);
/** A state of the flow: scale times the normal numbers of `seed`, the same in both precisions up to rounding.
 */
struct rst_field *rst_test_state(struct rst_context *context, const struct rst_flow *flow, uint32_t seed,
                                 double scale);

/** The kernel of a state, ny x nx; shares its memory. */
struct rst_field rst_test_kernel(const struct rst_flow *flow, const struct rst_field *u);
/** A double field of the kernel's shape. */
struct rst_field *rst_test_symbol(struct rst_context *context, const struct rst_flow *flow);
/** rst_initial_fill() of a field of any shape, as the one plane of a state. */
enum rst_status rst_test_fill(struct rst_context *context, const struct rst_initial_parameters *parameters,
                              struct rst_field *plane);

/** A heat flow with kappa = h = 1 and second differences. */
struct rst_flow *rst_test_heat(struct rst_context *context, enum rst_precision precision,
                               enum rst_boundary boundary, int dimension, size_t points);
/** A one-layer network on one power-law image of size x size: `valid`, mean pooling, swish, label 1. */
struct rst_flow *rst_test_conv(struct rst_context *context, enum rst_precision precision, size_t size,
                               size_t kernel);
/** Take `steps` steps from u. */
void rst_test_advance(struct rst_context *context, struct rst_flow *flow, struct rst_scheme *scheme,
                      long steps, struct rst_field *u);

/** Valid parameters of a scheme, but for the kind: lr 0.1, no decay, no momentum, divisor 1, safety 0.9, and PyTorch's
 * for adam. */
extern const struct rst_scheme_parameters rst_test_scheme_defaults;
/** Length of rst_scheme_names(). */
int rst_test_scheme_count(void);
bool rst_test_scheme_has_momentum(const char *kind);
/** Fields that a perturbation of the state changes too. */
size_t rst_test_scheme_buffers(const char *kind);
/** Whether the scheme's step does not depend on the state. */
bool rst_test_scheme_has_polynomial(const char *kind);
/** Whether the scheme takes the divisor and the decay given, by the table of scheme.h and not by the code. */
bool rst_test_scheme_accepts(const struct rst_scheme_parameters *parameters);
struct rst_scheme *rst_test_scheme(struct rst_context *context,
                                   const struct rst_scheme_parameters *parameters, struct rst_flow *flow);

/** Variants of a scheme with a growth polynomial: momenta from 0 to 0.999, coupled and decoupled decay; the
 * other parameters are the defaults. NULL kind where there is no such variant. */
enum { RST_TEST_SCHEME_VARIANTS = 10 };
struct rst_scheme_parameters rst_test_scheme_variant(const char *kind, int index);
/** The real-axis limit, by the table of scheme.h. */
double rst_test_real_limit(const struct rst_scheme_parameters *parameters);
/** An extremal eigenvalue of a linear flow's Hessian, to 1e-12; `vector` receives the eigenvector unless it
 * is NULL. */
double rst_test_eigenvalue(struct rst_context *context, struct rst_flow *flow, enum rst_spectrum_end which,
                           struct rst_field *vector);

/** What tests of cases share, as a checked fixture: a context and a folder, which holds one case file at a time. */
struct rst_test_bench {
  struct rst_context *context;
  char folder[64];
  char path[128]; /**< of the case file */
};
extern struct rst_test_bench rst_test_bench;
void rst_test_bench_set_up(void);
/** Remove the folder, with all that is in it. */
void rst_test_bench_tear_down(void);
/** Set the case file's content. */
void rst_test_bench_write(const void *bytes, size_t length);
/** Load the case `text` with overrides. */
enum rst_status rst_test_bench_load(const char *text, const char *const *overrides, size_t count,
                                    struct rst_case **loaded);
/** The same with one override or two, unless they are NULL; fails the test on error. */
struct rst_case *rst_test_case(const char *text, const char *one, const char *other);
/** The table of a sweep, or of the bifurcation diagram, that a case asks for; nothing is done yet. */
struct rst_sweep_table rst_test_table(const struct rst_case *from, bool of_diagram);
/** Analyse that case; nothing is stored. */
struct rst_analysis *rst_test_analyze(const char *text, const char *one, const char *other);
/** Fail unless the difference is at most the tolerance times the expected value. */
void rst_test_close(double value, double expected, double tolerance);

/** Parameters of variant `index` of a small flow, double: beltrami in one and two dimensions, the functions of landscape; the
 * label says what is particular. False beyond the last, and for other kinds. */
bool rst_test_small_flow(const char *kind, size_t index, struct rst_flow_parameters *parameters,
                         char label[static 160]);

/** Heat with fixed and with periodic ends, networks of several activations, boundaries, poolings and numbers of images, the
 * linearised network, beltrami; at most 36 points. */
enum { RST_TEST_FLOWS = 8 };
struct rst_flow *rst_test_flow_of_each(struct rst_context *context, int index, enum rst_precision precision);

/** Parameters of every scheme for perturbations: coupled and, where the scheme takes it, decoupled decay; cfl with its step
 * limited by the eigenvalue in the second. False where there is no such variant. */
enum { RST_TEST_PERTURBED_VARIANTS = 2 };
bool rst_test_perturbed_variant(const char *kind, int index, struct rst_scheme_parameters *parameters);

/** A state on its way, with perturbations or, if `tangent` is NULL, without. */
struct rst_test_trajectory {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_scheme *scheme;
  struct rst_tangent *tangent;
  struct rst_field *u, *gradient;
};
/** From a random state, with `count` perturbations. */
struct rst_test_trajectory rst_test_depart(struct rst_context *context, struct rst_flow *flow,
                                           const struct rst_scheme_parameters *parameters, size_t count);
void rst_test_arrive(struct rst_test_trajectory *trajectory);
/** One step; its length. */
double rst_test_step(struct rst_test_trajectory *trajectory);
/** Put `to` where `from` is: u and what its scheme remembers. */
void rst_test_copy_state(const struct rst_test_trajectory *from, struct rst_test_trajectory *to);
/** The parts of perturbation j: du and, where there is momentum, its part of the buffer. */
struct rst_field **rst_test_perturbation(struct rst_tangent *tangent, size_t j, size_t *parts);

bool rst_test_same_bits(const struct rst_field *a, const struct rst_field *b);

/** The shortest cases of two flows. */
#define RST_TEST_HEAT_CASE                                                                                   \
  "flow:\n"                                                                                                  \
  "  kind: heat\n"                                                                                           \
  "  points: 31\n"                                                                                           \
  "  diffusion: {coefficient: 1}\n"                                                                          \
  "step:\n"                                                                                                  \
  "  lr: 0.4\n"                                                                                              \
  "  iterations: 2000\n"
#define RST_TEST_CONV_CASE                                                                                   \
  "flow:\n"                                                                                                  \
  "  kind: conv\n"                                                                                           \
  "  kernel: 32\n"                                                                                           \
  "  image: {kind: checkerboard}\n"                                                                          \
  "step: {lr: 1e-8, weight_decay: 1.296e7, iterations: 101}\n"

/** v = (1 - 2 w w^T) v, w of unit norm. */
void rst_test_reflect(size_t count, const double *w, double *v);

#endif
