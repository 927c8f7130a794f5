/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/event.h"

#include <float.h>
#include <math.h>

#include "core/core.h"
#include "krylov/extremal.h"
#include "restrain/spectrum.h"
#include "stability/event_region.h"
#include "stability/local_range.h"
#include "stability/preconditioned_hessian.h"

/* Fields that later events depend on, and work space. */
enum {
  ENERGY,
  PEAK_STATE,
  PEAK_BEFORE,
  PEAK_AFTER,
  NUMBERS,
  PEAK_ROOT, /* P^-1/2, of a preconditioned scheme alone */
  STATE_COUNT,
  EIGENVECTOR = STATE_COUNT,
  LANCZOS,
  WORK, /* of a preconditioned scheme alone */
  FIELD_COUNT
};
/* The elements of NUMBERS; log growth of updates of a kind, and of those that the peak stands for. */
enum {
  UNDER_WAY,
  FIRST,
  LAST,
  PEAK,
  PEAK_ITERATION,
  LOG_AMPLIFICATION,
  RAYLEIGH,
  LOG_DISCRETE,
  LOG_CONTINUOUS,
  LOG_PENDING,
  NUMBER_COUNT
};

struct rst_event_detector {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_scheme_parameters parameters;
  struct rst_local_range range;
  double shift;      /* from eigenvalues of the operator to those of the range */
  double tolerance;  /* of comparisons with it, relative to the largest modulus */
  bool is_symmetric; /* the Jacobian, see event.h */
  bool preconditioned;
  struct rst_field *fields[FIELD_COUNT];
  double *shares; /* of the tensors in the last event */
};

const char *rst_event_kind_name(enum rst_event_kind kind) {
  static const char *const names[] = {
      [RST_EVENT_DISCRETE] = "discrete",
      [RST_EVENT_CONTINUOUS] = "continuous",
      [RST_EVENT_NONNORMAL] = "non-normal",
  };
  return names[kind];
}

static bool has_field(const struct rst_event_detector *detector, int i) {
  return (i != PEAK_ROOT && i != WORK) || detector->preconditioned;
}

static enum rst_status build(struct rst_event_detector *detector) {
  const enum rst_precision precision = rst_flow_precision(detector->flow);
  const double epsilon = precision == RST_PRECISION_FLOAT ? FLT_EPSILON : DBL_EPSILON;
  const size_t count = rst_flow_layout(detector->flow)->count;
  RST_TRY(RST_NEW(detector->context, rst_flow_layout(detector->flow)->tensor_count, &detector->shares));
  detector->tolerance = fmax(RST_REGIME_EIGENVALUE, RST_EXTREMAL_ROUNDING * epsilon);
  RST_TRY(rst_local_range_find(detector->context, &detector->parameters, &detector->range));
  const struct rst_scheme_facts facts = rst_scheme_facts(detector->parameters.kind);
  detector->is_symmetric = facts.symmetric_jacobian;
  detector->preconditioned = facts.preconditioned;
  /* The preconditioned operator holds the decay where it is coupled. */
  detector->shift = facts.preconditioned ? 0.0 : detector->parameters.weight_decay;
  detector->parameters.kind =
      rst_scheme_names()[rst_name_index(rst_scheme_names(), detector->parameters.kind)];
  for (int i = 0; i < FIELD_COUNT; ++i) {
    if (!has_field(detector, i)) {
      continue;
    }
    const bool numbers = i == NUMBERS;
    RST_TRY(rst_field_create(detector->context, numbers || i == ENERGY ? RST_PRECISION_DOUBLE : precision, 1,
                             numbers ? NUMBER_COUNT : count, &detector->fields[i]));
  }
  return RST_OK;
}

enum rst_status rst_event_detector_create(struct rst_context *context,
                                          const struct rst_scheme_parameters *parameters,
                                          struct rst_flow *flow, struct rst_event_detector **detector) {
  *detector = NULL;
  struct rst_event_detector *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_event_detector){.context = context, .flow = flow, .parameters = *parameters};
  const enum rst_status status = build(made);
  if (status != RST_OK) {
    rst_event_detector_destroy(&made);
    return status;
  }
  *detector = made;
  return RST_OK;
}

void rst_event_detector_destroy(struct rst_event_detector **detector) {
  if (*detector) {
    for (int i = 0; i < FIELD_COUNT; ++i) {
      rst_field_destroy(&(*detector)->fields[i]);
    }
    free((*detector)->shares);
    free(*detector);
    *detector = NULL;
  }
}

enum rst_status rst_event_detector_set_lr(struct rst_event_detector *detector, double lr) {
  detector->parameters.lr = lr;
  return rst_local_range_find(detector->context, &detector->parameters, &detector->range);
}

static double *numbers_of(const struct rst_event_detector *detector) {
  return detector->fields[NUMBERS]->data;
}

static void begin(struct rst_event_detector *detector, long t) {
  double *numbers = numbers_of(detector);
  numbers[UNDER_WAY] = 1.0;
  numbers[FIRST] = (double)t;
  numbers[PEAK] = 0.0;
  numbers[LOG_AMPLIFICATION] = 0.0;
  numbers[LOG_DISCRETE] = 0.0;
  numbers[LOG_CONTINUOUS] = 0.0;
  numbers[LOG_PENDING] = 0.0;
  rst_field_fill(0.0, detector->fields[ENERGY]);
}

/* The perturbation had unit norm before the update and has `growth` after it. */
static void add_energy(struct rst_field *energy, const struct rst_field *before, double growth,
                       const struct rst_field *after) {
  for (size_t i = 0; i < rst_field_count(energy); ++i) {
    const double from = rst_field_get(before, 0, i);
    const double to = growth * rst_field_get(after, 0, i);
    rst_field_set(energy, 0, i, rst_field_get(energy, 0, i) + fmax(0.0, to * to - from * from));
  }
}

/* du = P^-1/2 y before the update: y, in the coordinates in which the preconditioned Hessian is symmetric. */
static void keep_before(struct rst_event_detector *detector, const struct rst_scheme *scheme,
                        const struct rst_field *before) {
  struct rst_field *root = detector->fields[PEAK_ROOT];
  rst_field_copy(before, detector->fields[PEAK_BEFORE]);
  if (detector->preconditioned) {
    rst_scheme_preconditioner(scheme, root);
    rst_preconditioned_root(root, detector->fields[PEAK_BEFORE]);
  }
}

/* The operator: P^-1/2 H P^-1/2, H with the decay where it is coupled, or H of the data term without P. P is that of the
 * peak, and the flow must have been linearised where it is to act. */
static struct rst_preconditioned_hessian operator_of(const struct rst_event_detector *detector) {
  const bool decoupled = detector->parameters.decay == RST_DECAY_DECOUPLED;
  return (struct rst_preconditioned_hessian){
      .flow = detector->flow,
      .decay = detector->preconditioned && !decoupled ? detector->parameters.weight_decay : 0.0,
      .root = detector->fields[PEAK_ROOT],
      .work = detector->fields[WORK],
  };
}

static enum rst_status find_pair(struct rst_event_detector *detector, enum rst_spectrum_end end,
                                 struct rst_field *vector, struct rst_eigenpair *pair) {
  const double tolerance = 1e-6;
  if (!detector->preconditioned) {
    return rst_spectrum_extreme(detector->context, detector->flow, detector->fields[PEAK_STATE], end,
                                tolerance, vector, pair);
  }
  struct rst_preconditioned_hessian hessian = operator_of(detector);
  rst_flow_linearise(detector->flow, detector->fields[PEAK_STATE], NULL, NULL);
  return rst_extremal_eigenpair(detector->context, rst_preconditioned_hessian_apply, &hessian, end, tolerance,
                                vector, pair);
}

/* The growth of one step on an eigenvalue of the operator. */
static enum rst_status find_growth(const struct rst_event_detector *detector, double lambda, double *growth) {
  if (!detector->preconditioned) {
    return rst_scheme_growth(detector->context, &detector->parameters, lambda, growth);
  }
  *growth = rst_scheme_frozen_growth(&detector->parameters, lambda);
  return RST_OK;
}

/* One end of the spectrum at the peak, and how much its eigenvector adds to the square of the norm. */
static enum rst_status find_end(struct rst_event_detector *detector, enum rst_spectrum_end end,
                                double *lambda, double *gain) {
  struct rst_field *vector = detector->fields[EIGENVECTOR];
  struct rst_eigenpair pair;
  double growth = NAN;
  rst_field_copy(detector->fields[PEAK_BEFORE], vector);
  RST_TRY(find_pair(detector, end, vector, &pair));
  if (isfinite(detector->range.largest)) {
    RST_TRY(find_growth(detector, pair.value, &growth));
  }
  const double part = rst_field_dot(vector, detector->fields[PEAK_BEFORE]);
  *lambda = pair.value + detector->shift;
  *gain = part * part * (growth * growth - 1.0);
  return RST_OK;
}

static enum rst_status classify_by_eigenvalues(struct rst_event_detector *detector,
                                               enum rst_event_kind *kind) {
  double lambda[2];
  double gain[2];
  RST_TRY(find_end(detector, RST_SPECTRUM_SMALLEST, &lambda[0], &gain[0]));
  RST_TRY(find_end(detector, RST_SPECTRUM_LARGEST, &lambda[1], &gain[1]));
  const bool grows =
      lambda[0] < detector->range.lowest - detector->tolerance * fmax(fabs(lambda[0]), fabs(lambda[1]));
  const bool beyond = lambda[1] > detector->range.largest;
  *kind = beyond && !(grows && gain[0] > gain[1]) ? RST_EVENT_DISCRETE
          : grows                                 ? RST_EVENT_CONTINUOUS
                                                  : RST_EVENT_NONNORMAL;
  return RST_OK;
}

/* Nodes and weights, no numbers where du = 0, of the two-point Gauss quadrature of du's spectral measure: the eigenvalues of
 * [a0 b; b a1], two steps of Lanczos from du, and the squares of their vectors' first elements. */
struct quadrature {
  double node[2], weight[2];
};

static struct quadrature quadrature_of(double a0, double a1, double b) {
  const double mean = 0.5 * (a0 + a1);
  const double half = 0.5 * (a0 - a1);
  const double radius = hypot(half, b);
  const double upper = radius > 0.0 ? 0.5 * (1.0 + half / radius) : 1.0;
  return (struct quadrature){{mean - radius, mean + radius}, {1.0 - upper, upper}};
}

static struct quadrature find_quadrature(struct rst_event_detector *detector, const struct rst_field *u,
                                         const struct rst_field *before) {
  struct rst_field *v = detector->fields[LANCZOS];
  struct rst_field *product = detector->fields[EIGENVECTOR];
  const double length = rst_field_norm(before);
  if (length == 0.0) {
    return (struct quadrature){{NAN, NAN}, {0.0, 0.0}};
  }
  rst_flow_linearise(detector->flow, u, NULL, NULL);
  rst_field_copy(before, v);
  rst_field_scale(1.0 / length, v);
  struct rst_preconditioned_hessian hessian = operator_of(detector);
  rst_preconditioned_hessian_apply(&hessian, v, product);
  const double a0 = rst_field_dot(v, product);
  const double size = rst_field_norm(product);
  rst_field_axpy(-a0, v, product);
  const double b = rst_field_norm(product);
  if (!(b > detector->tolerance * size)) {
    return (struct quadrature){{a0, a0}, {0.0, 1.0}};
  }
  rst_field_scale(1.0 / b, product);
  rst_preconditioned_hessian_apply(&hessian, product, v);
  return quadrature_of(a0, rst_field_dot(product, v), b);
}

/* What a node adds to the square of the norm. */
static double gain_of(const struct rst_event_detector *detector, double node, double weight) {
  double growth = NAN;
  const bool known = find_growth(detector, node, &growth) == RST_OK;
  return known ? weight * (growth * growth - 1.0) : weight;
}

/* A node beyond a limit proves an eigenvalue there, since nodes lie between the extreme eigenvalues; non-normal without. */
static enum rst_event_kind classify_by_quadrature(struct rst_event_detector *detector,
                                                  const struct rst_field *u, const struct rst_field *before) {
  const double shift = detector->shift;
  const struct quadrature q = find_quadrature(detector, u, before);
  const double size = fmax(fabs(q.node[0] + shift), fabs(q.node[1] + shift));
  double discrete = 0.0;
  double continuous = 0.0;
  for (int i = 0; i < 2; ++i) {
    const double lambda = q.node[i] + shift;
    if (lambda > detector->range.largest + detector->tolerance * size) {
      discrete += gain_of(detector, q.node[i], q.weight[i]);
    } else if (lambda < detector->range.lowest - detector->tolerance * size) {
      continuous += gain_of(detector, q.node[i], q.weight[i]);
    }
  }
  const bool proved = discrete > 0.0 || continuous > 0.0;
  return !proved ? RST_EVENT_NONNORMAL : discrete > continuous ? RST_EVENT_DISCRETE : RST_EVENT_CONTINUOUS;
}

static enum rst_status classify_peak(struct rst_event_detector *detector, enum rst_event_kind *kind) {
  *kind = classify_by_quadrature(detector, detector->fields[PEAK_STATE], detector->fields[PEAK_BEFORE]);
  if (*kind != RST_EVENT_NONNORMAL) {
    return RST_OK;
  }
  const enum rst_status status = classify_by_eigenvalues(detector, kind);
  if (status != RST_ERROR_NUMERIC) {
    return status;
  }
  /* Without eigenvalues the nearer end is the likelier. */
  const struct quadrature q =
      find_quadrature(detector, detector->fields[PEAK_STATE], detector->fields[PEAK_BEFORE]);
  const double mean = q.weight[0] * q.node[0] + q.weight[1] * q.node[1] + detector->shift;
  *kind = mean > 0.5 * detector->range.largest ? RST_EVENT_DISCRETE : RST_EVENT_CONTINUOUS;
  return RST_OK;
}

/* The kind of an update from u; non-normal where the peak is to tell. */
static enum rst_event_kind classify_update(struct rst_event_detector *detector, const struct rst_field *u,
                                           const struct rst_tangent *tangent, double growth) {
  const struct rst_field *before = rst_tangent_previous(tangent);
  if (detector->preconditioned) {
    return RST_EVENT_NONNORMAL;
  }
  if (detector->is_symmetric) {
    const double along = growth * rst_field_dot(before, rst_tangent_vector(tangent, 0));
    if (along * along >= 0.5 * (growth * growth + 1.0)) {
      return along < 0.0 ? RST_EVENT_DISCRETE : RST_EVENT_CONTINUOUS;
    }
    return classify_by_quadrature(detector, u, before);
  }
  const double rayleigh = rst_tangent_rayleigh(tangent);
  const double error = detector->tolerance * fabs(rayleigh);
  return rayleigh > detector->range.largest + error  ? RST_EVENT_DISCRETE
         : rayleigh < detector->range.lowest - error ? RST_EVENT_CONTINUOUS
                                                     : RST_EVENT_NONNORMAL;
}

static void extend(struct rst_event_detector *detector, long t, const struct rst_field *u,
                   const struct rst_scheme *scheme, const struct rst_tangent *tangent, double growth) {
  static const int sums[] = {[RST_EVENT_DISCRETE] = LOG_DISCRETE,
                             [RST_EVENT_CONTINUOUS] = LOG_CONTINUOUS,
                             [RST_EVENT_NONNORMAL] = LOG_PENDING};
  double *numbers = numbers_of(detector);
  const struct rst_field *before = rst_tangent_previous(tangent);
  const struct rst_field *after = rst_tangent_vector(tangent, 0);
  const double log_growth = rst_tangent_log_growth(tangent, 0);
  numbers[LAST] = (double)t;
  numbers[LOG_AMPLIFICATION] += log_growth;
  numbers[sums[classify_update(detector, u, tangent, growth)]] += log_growth;
  add_energy(detector->fields[ENERGY], before, growth, after);
  if (growth > numbers[PEAK]) {
    numbers[PEAK] = growth;
    numbers[PEAK_ITERATION] = (double)t;
    numbers[RAYLEIGH] = rst_tangent_rayleigh(tangent);
    rst_field_copy(u, detector->fields[PEAK_STATE]);
    keep_before(detector, scheme, before);
    rst_field_copy(after, detector->fields[PEAK_AFTER]);
  }
}

/* The kind that carries most, once the peak has told of the updates that are pending. */
static enum rst_status find_kind(struct rst_event_detector *detector, struct rst_event *event) {
  const double *numbers = numbers_of(detector);
  enum rst_event_kind peak = RST_EVENT_NONNORMAL;
  if (numbers[LOG_PENDING] > 0.0) {
    RST_TRY(classify_peak(detector, &peak));
  }
  const double pending = numbers[LOG_PENDING];
  const double discrete = numbers[LOG_DISCRETE] + (peak == RST_EVENT_DISCRETE ? pending : 0.0);
  const double continuous = numbers[LOG_CONTINUOUS] + (peak == RST_EVENT_CONTINUOUS ? pending : 0.0);
  const double others = peak == RST_EVENT_NONNORMAL ? pending : 0.0;
  event->growth_discrete = discrete;
  event->growth_continuous = continuous;
  event->kind = others > fmax(discrete, continuous) ? RST_EVENT_NONNORMAL
                : discrete >= continuous            ? RST_EVENT_DISCRETE
                                                    : RST_EVENT_CONTINUOUS;
  return RST_OK;
}

/* Which of `count` parts holds most of the growing energy; the first of them where several hold as much. */
static size_t strongest_of(const double *energies, size_t count) {
  size_t strongest = 0;
  for (size_t i = 1; i < count; ++i) {
    strongest = energies[i] > energies[strongest] ? i : strongest;
  }
  return strongest;
}

static double energy_of(const struct rst_event_detector *detector, size_t tensor, size_t plane) {
  const struct rst_field energy =
      rst_layout_plane(rst_flow_layout(detector->flow), detector->fields[ENERGY], tensor, plane);
  return rst_field_sum(&energy);
}

/* The tensor that holds most of it, and the shares of all. */
static size_t find_tensor(const struct rst_event_detector *detector) {
  const struct rst_layout *layout = rst_flow_layout(detector->flow);
  double sum = 0.0;
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    detector->shares[i] = 0.0;
    for (size_t j = 0; j < rst_tensor_planes(&layout->tensors[i]); ++j) {
      detector->shares[i] += energy_of(detector, i, j);
    }
    sum += detector->shares[i];
  }
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    detector->shares[i] /= sum;
  }
  return strongest_of(detector->shares, layout->tensor_count);
}

static size_t find_plane(const struct rst_event_detector *detector, size_t tensor) {
  const size_t planes = rst_tensor_planes(&rst_flow_layout(detector->flow)->tensors[tensor]);
  size_t strongest = 0;
  double most = 0.0;
  for (size_t i = 0; i < planes; ++i) {
    const double energy = energy_of(detector, tensor, i);
    if (energy > most) {
      strongest = i;
      most = energy;
    }
  }
  return strongest;
}

/* Channels are the leading axes of a tensor, all but y and x; of weights of a dense layer and of vectors all there are. */
static void find_channels(const struct rst_tensor *tensor, size_t plane, const struct rst_field *energy,
                          struct rst_event *event) {
  const size_t point = strongest_of(energy->data, rst_field_count(energy));
  const size_t x = tensor->dims[tensor->rank - 1];
  event->out = (long)(tensor->rank == 4   ? plane / tensor->dims[1]
                      : tensor->rank == 3 ? plane
                      : tensor->rank == 2 ? point / x
                                          : point);
  event->in = tensor->rank == 4   ? (long)(plane % tensor->dims[1])
              : tensor->rank == 2 ? (long)(point % x)
                                  : -1;
}

/* Region and wave number, in the plane that holds most of the energy of the tensor that does. */
static enum rst_status find_place(const struct rst_event_detector *detector, struct rst_event *event) {
  const struct rst_layout *layout = rst_flow_layout(detector->flow);
  const size_t tensor = find_tensor(detector);
  const size_t plane = find_plane(detector, tensor);
  const double spacing = layout->tensors[tensor].spacing;
  const struct rst_field energy = rst_layout_plane(layout, detector->fields[ENERGY], tensor, plane);
  const struct rst_field after = rst_layout_plane(layout, detector->fields[PEAK_AFTER], tensor, plane);
  event->tensor = (long)tensor;
  event->tensor_shares = detector->shares;
  find_channels(&layout->tensors[tensor], plane, &energy, event);
  RST_TRY(rst_event_find_region(detector->context, &energy, spacing, event));
  return rst_event_find_wave(detector->context, &after, spacing, event);
}

static enum rst_status describe(struct rst_event_detector *detector, struct rst_event *event) {
  const double *numbers = numbers_of(detector);
  struct rst_event found = {
      .first = (long)numbers[FIRST],
      .last = (long)numbers[LAST],
      .peak = numbers[PEAK],
      .peak_iteration = (long)numbers[PEAK_ITERATION],
      .amplification = exp(numbers[LOG_AMPLIFICATION]),
      .rayleigh = numbers[RAYLEIGH],
  };
  RST_TRY(find_kind(detector, &found));
  RST_TRY(find_place(detector, &found));
  *event = found;
  return RST_OK;
}

enum rst_status rst_event_detector_observe(struct rst_event_detector *detector, long t,
                                           const struct rst_field *u, const struct rst_scheme *scheme,
                                           const struct rst_tangent *tangent, bool *ended,
                                           struct rst_event *event) {
  const double growth = exp(rst_tangent_log_growth(tangent, 0));
  if (!(growth >= 1.0 + RST_EVENT_TOLERANCE)) {
    RST_TRY(rst_event_detector_finish(detector, ended, event));
    numbers_of(detector)[UNDER_WAY] = 0.0;
    return RST_OK;
  }
  if (numbers_of(detector)[UNDER_WAY] == 0.0) {
    begin(detector, t);
  }
  extend(detector, t, u, scheme, tangent, growth);
  *ended = false;
  return RST_OK;
}

enum rst_status rst_event_detector_finish(struct rst_event_detector *detector, bool *ended,
                                          struct rst_event *event) {
  const bool under_way = numbers_of(detector)[UNDER_WAY] != 0.0;
  if (under_way) {
    RST_TRY(describe(detector, event));
  }
  *ended = under_way;
  return RST_OK;
}

size_t rst_event_detector_state(struct rst_event_detector *detector, struct rst_field ***fields) {
  *fields = detector->fields;
  return detector->preconditioned ? STATE_COUNT : PEAK_ROOT;
}
