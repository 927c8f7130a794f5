/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_EVENT_H
#define RESTRAIN_EVENT_H

#include "restrain/tangent.h"

/** @file
 * Events: the intervals of consecutive iterations in which the leading perturbation grows, |v_{t+1}| > |v_t|, with where and
 * why. An update counts as growth from a local growth of 1 + RST_EVENT_TOLERANCE on.
 *
 * | kind       | rule, for an update                                                                                |
 * |------------|----------------------------------------------------------------------------------------------------|
 * | discrete   | lambda_max beyond the scheme's limit: the step overshoots where the continuous flow would decay    |
 * | continuous | lambda_min < 0: the flow itself grows there, whatever the step                                     |
 * | non-normal | neither: momentum, stages and steps that depend on u make Jacobians that are not normal, so that   |
 * |            | norms may grow for a while                                                                         |
 *
 * with lambda_min, lambda_max the extreme eigenvalues of H(u_t), decay included. For decoupled decay mu alpha stands in place
 * of 0, because momentum multiplies the gradient's effect but not the decay's; cfl is always within its limit. Where both
 * rules hold, the one that carries more of the growth decides. An event's kind is the one that carries most of the sum of its
 * log growths, which is kept by kind.
 *
 * For euler and imex, whose Jacobian J is symmetric with eigenvalues >= -1 but for overshooting directions and <= 1 but for
 * growing ones, let |v| = 1, g = |Jv| and m = <v, Jv>. Growth of either kind adds at most g^2 - m^2 to g^2 where m has the
 * other sign, so that for m^2 >= (g^2 + 1)/2 the update is discrete if m < 0 and continuous if m > 0. Otherwise, and at the
 * peak for other schemes, the two-point Gauss quadrature of the perturbation's spectral measure tells (two steps of Lanczos;
 * for euler and imex it gives the growth exactly). Its nodes lie between the extreme eigenvalues, so that one beyond a limit
 * proves the rule; only where none is beyond are eigenvalues computed. Other updates of those schemes have the kind of their
 * Rayleigh quotient where it lies beyond a limit by RST_REGIME_EIGENVALUE of it, and that of the peak otherwise.
 *
 * For a preconditioned scheme (adam) the eigenvalues are those of P^-1 (H + alpha), P the preconditioner of the update, and
 * the limit is theirs; for decoupled decay those of P^-1 H, with -alpha in place of 0. The spectral measure is that of P^1/2 du
 * for P^-1/2 (H + alpha) P^-1/2.
 *
 * The growing energy of an update is max(0, |du_{t+1}|^2 - |du_t|^2), point by point, for |v_t| = 1; an event adds it up over
 * its updates. Its region is the smallest set of points that holds RST_EVENT_SHARE of it, and with its weakest member all that
 * are as strong, to RST_EVENT_TIE. Where nothing but the momentum
 * part grows it is empty: last = first - 1, share 0, centroid and participation NaN. Region and wave number are those of one
 * plane of the state's layout: of the tensor that holds most of the energy the plane that does.
 */

#define RST_EVENT_TOLERANCE 1e-9
#define RST_EVENT_SHARE 0.9
#define RST_EVENT_TIE 1e-6

enum rst_event_kind { RST_EVENT_DISCRETE, RST_EVENT_CONTINUOUS, RST_EVENT_NONNORMAL };

struct rst_event {
  long first, last; /**< updates, from u_first to u_{last+1} */
  enum rst_event_kind kind;
  double peak;                           /**< the largest local growth */
  long peak_iteration;                   /**< the update where it happened */
  double amplification;                  /**< product of the local growths */
  double growth_discrete;                /**< sum of their logarithms over the discrete updates */
  double growth_continuous;              /**< the same, continuous */
  double rayleigh;                       /**< <du, (H + alpha) du>/<du, du> at the peak */
  long y_first, y_last, x_first, x_last; /**< bounding box of the region, in points, ends included */
  double centroid_y, centroid_x;         /**< of the region's growing energy, in units of length */
  double share;                          /**< points of the region over all points */
  double participation;                  /**< participation ratio of the growing energy's root */
  double ky, kx; /**< dominant wave number of du after the peak, in radians per unit length, ky >= 0 */
  long tensor;   /**< number of that tensor in the layout */
  /** Channels of that plane; where a plane holds several those of its strongest point; in is -1 where a tensor has none. */
  long out, in;
  const double
      *tensor_shares; /**< of the energy, one for each tensor; owned by the detector until the next event */
};

/** "discrete", "continuous", "non-normal"; static. */
RST_API const char *rst_event_kind_name(enum rst_event_kind kind);

struct rst_event_detector;

/** The flow is borrowed. */
RST_API enum rst_status rst_event_detector_create(struct rst_context *context,
                                                  const struct rst_scheme_parameters *parameters,
                                                  struct rst_flow *flow,
                                                  struct rst_event_detector **detector);
RST_API void rst_event_detector_destroy(struct rst_event_detector **detector);

/** The updates told of from now on have this lr. */
RST_API enum rst_status rst_event_detector_set_lr(struct rst_event_detector *detector, double lr);

/** Tell of update t, just made by rst_tangent_step() with `scheme` from u (the state before it). `ended` tells whether an event has ended
 * before t, written to *event. Updates must come in order. May linearise the flow anew. */
RST_API enum rst_status rst_event_detector_observe(struct rst_event_detector *detector, long t,
                                                   const struct rst_field *u, const struct rst_scheme *scheme,
                                                   const struct rst_tangent *tangent, bool *ended,
                                                   struct rst_event *event);
/** At the end of a run: the event that is under way, if any, as far as it has come. The detector may go on afterwards as if it
 * had not been asked: the event stays under way. */
RST_API enum rst_status rst_event_detector_finish(struct rst_event_detector *detector, bool *ended,
                                                  struct rst_event *event);

/** The fields that later events depend on, for checkpoints. */
RST_API size_t rst_event_detector_state(struct rst_event_detector *detector, struct rst_field ***fields);

#endif
