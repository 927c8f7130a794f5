/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_RESTRAIN_H
#define RESTRAIN_RESTRAIN_H

/** @file
 * librestrain: the numerical analysis of training. This header includes all others.
 */

#include "restrain/activation.h"
#include "restrain/analysis.h"
#include "restrain/archive.h"
#include "restrain/bifurcation.h"
#include "restrain/call.h"
#include "restrain/case.h"
#include "restrain/central_flow.h"
#include "restrain/context.h"
#include "restrain/correlation.h"
#include "restrain/eigenpair.h"
#include "restrain/ergodic.h"
#include "restrain/event.h"
#include "restrain/examples.h"
#include "restrain/field.h"
#include "restrain/fixed_point.h"
#include "restrain/flow.h"
#include "restrain/follow.h"
#include "restrain/image.h"
#include "restrain/langevin.h"
#include "restrain/laplacian.h"
#include "restrain/layout.h"
#include "restrain/mean_square.h"
#include "restrain/network.h"
#include "restrain/orbit.h"
#include "restrain/output.h"
#include "restrain/ranks.h"
#include "restrain/record.h"
#include "restrain/regime.h"
#include "restrain/run.h"
#include "restrain/sampling.h"
#include "restrain/schedule.h"
#include "restrain/scheme.h"
#include "restrain/sequence.h"
#include "restrain/spectrum.h"
#include "restrain/status.h"
#include "restrain/sweep.h"
#include "restrain/tangent.h"
#include "restrain/threshold.h"
#include "restrain/version.h"
#include "restrain/von_neumann.h"

#endif
