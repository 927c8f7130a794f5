/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/needs.h"

#include <string.h>

#include "core/core.h"

static bool asks_for(const struct rst_case *run, const struct rst_observable *observable) {
  const bool is_scalar = observable->kind == RST_SCALAR;
  const char *const *names = is_scalar ? run->output.scalars : run->output.fields;
  const size_t count = is_scalar ? run->output.scalar_count : run->output.field_count;
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(names[i], observable->variable.name) == 0) {
      return true;
    }
  }
  return false;
}

/* Whether the case has what an observable that it asks for takes. */
static enum rst_status check_asked(struct rst_context *context, const struct rst_case *run,
                                   const struct rst_flow *flow, const struct rst_observable *observable) {
  const enum rst_need need = observable->need;
  const char *name = observable->variable.name;
  const char *list = observable->kind == RST_SCALAR ? "scalars" : "fields";
  RST_REQUIRE(context, need != RST_NEED_AVERAGES || rst_flow_averages(flow), RST_ERROR_ARGUMENT,
              "output.fields asks for averages, but no layer is normalised over the batch; leave them out");
  RST_REQUIRE(context, need != RST_NEED_IMAGE || rst_flow_image_count(flow) > 0, RST_ERROR_ARGUMENT,
              "output.fields asks for image, but the flow %s takes none; leave it out", rst_flow_name(flow));
  RST_REQUIRE(
      context, need != RST_NEED_RESPONSE || rst_flow_has_responses(flow), RST_ERROR_ARGUMENT,
      "output.fields asks for response, of a layer to its image, but the flow %s is no such layer; leave "
      "it out",
      rst_flow_name(flow));
  RST_REQUIRE(context, need != RST_NEED_TWINS || run->twin_count > 0, RST_ERROR_ARGUMENT,
              "output.%s asks for %s, but the case has no twins; add twins: [1, 3]", list, name);
  RST_REQUIRE(context, (need != RST_NEED_ENSEMBLE && need != RST_NEED_MEMBERS) || run->ensemble.members > 0,
              RST_ERROR_ARGUMENT,
              "output.%s asks for %s, but the case has no ensemble; add ensemble: {members: 100}", list,
              name);
  RST_REQUIRE(context, need != RST_NEED_QUANTILES || run->ensemble.quantile_count > 0, RST_ERROR_ARGUMENT,
              "output.scalars asks for %s, but the case has no ensemble.quantiles; add a list of them, as "
              "[0.05, 0.5, 0.95]",
              name);
  RST_REQUIRE(context, need != RST_NEED_DIRECTIONS || run->ensemble.directions.kind != RST_DIRECTIONS_NONE,
              RST_ERROR_ARGUMENT,
              "output.fields asks for %s, but the case has no ensemble.directions; add {kind: eigenvectors}",
              name);
  RST_REQUIRE(context, observable->per != RST_PER_LAYER || rst_flow_layout(flow)->layer_count > 0,
              RST_ERROR_ARGUMENT,
              "output.scalars asks for %s, of each layer, but the flow has no layers; leave it out", name);
  RST_REQUIRE(
      context, (need != RST_NEED_ERGODIC && need != RST_NEED_ERGODIC_NOISE) || run->ergodic.burn_in >= 0,
      RST_ERROR_ARGUMENT,
      "output.scalars asks for %s, but the case keeps no ergodic record; add ergodic: {burn_in: 0}", name);
  return RST_OK;
}

enum rst_status rst_needs_find(struct rst_context *context, const struct rst_case *run,
                               const struct rst_flow *flow, bool needs[RST_NEEDS]) {
  const bool is_sparse = run->output.scalars_every > 1;
  memset(needs, 0, RST_NEEDS * sizeof *needs);
  needs[RST_NEED_TWINS] = run->twin_count > 0;
  needs[RST_NEED_ENSEMBLE] = run->ensemble.members > 0;
  needs[RST_NEED_QUANTILES] = run->ensemble.quantile_count > 0;
  needs[RST_NEED_DIRECTIONS] = run->ensemble.directions.kind != RST_DIRECTIONS_NONE;
  needs[RST_NEED_STRETCH] = is_sparse;
  needs[RST_NEED_AVERAGES] = rst_flow_averages(flow) != NULL;
  needs[RST_NEED_ERGODIC] = run->ergodic.burn_in >= 0;
  needs[RST_NEED_SCHEDULE] = !rst_schedule_is_constant(&run->step.schedule);
  for (size_t i = 0; i < rst_observable_count; ++i) {
    const struct rst_observable *observable = &rst_observables[i];
    const bool asked = asks_for(run, observable);
    RST_TRY(asked ? check_asked(context, run, flow, observable) : RST_OK);
    needs[observable->need] |= asked;
  }
  needs[RST_NEED_NOISE_NORM] |= needs[RST_NEED_ERGODIC_NOISE];
  needs[RST_NEED_ERGODIC_NOISE] |=
      needs[RST_NEED_ERGODIC] && (needs[RST_NEED_NOISE_NORM] || needs[RST_NEED_NOISE_CURVATURE]);
  needs[RST_NEED_PERTURBATIONS] |= needs[RST_NEED_STRETCH_GROWTH];
  needs[RST_NEED_STRETCH_GROWTH] |= is_sparse && needs[RST_NEED_PERTURBATIONS];
  return RST_OK;
}

bool rst_needs_record(const bool needs[RST_NEEDS], const struct rst_case *run,
                      const struct rst_observable *observable) {
  return observable->when == RST_ALWAYS || asks_for(run, observable) ||
         (observable->when == RST_IMPLIED && needs[observable->need]);
}
