/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/correlation_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/text.h"

/* Seconds for measuring each implementation. */
static const double longest = 0.1;

/* The plan for one image. */
struct plan {
  const struct rst_case *from;
  const struct rst_labelled_image *image;
  size_t ny, nx, count;
  struct rst_correlation_candidate candidates[RST_CORRELATION_MOST_CANDIDATES];
  char *why_not[RST_CORRELATION_MOST_CANDIDATES]; /* malloc'ed, NULL where it applies */
};

static bool is_automatic(const struct plan *plan) {
  return strcmp(plan->from->flow.conv.correlation, "auto") == 0;
}

static bool is_chosen(const struct plan *plan, size_t index) {
  const struct rst_correlation_candidate *candidate = &plan->candidates[index];
  return is_automatic(plan) ? candidate->chosen
                            : strcmp(candidate->name, plan->from->flow.conv.correlation) == 0;
}

/* An attempt to make what does not apply tells why. */
static enum rst_status ask_why_not(struct rst_context *context, const struct rst_field *image,
                                   const char *name, const struct rst_flow_parameters *flow, char **why_not) {
  struct rst_correlation *correlation = NULL;
  const enum rst_status status = rst_correlation_create(context, image, flow->conv.kernel, flow->conv.kernel,
                                                        flow->boundary, name, &correlation);
  rst_correlation_destroy(&correlation);
  if (status == RST_ERROR_MEMORY) {
    return status;
  }
  return rst_format(context, why_not, "%s", status == RST_OK ? "" : rst_context_message(context));
}

static enum rst_status compare(struct rst_context *context, const struct rst_field *image,
                               struct plan *plan) {
  const struct rst_flow_parameters *flow = &plan->from->flow;
  RST_TRY(rst_correlation_candidates(context, image, flow->conv.kernel, flow->conv.kernel, flow->boundary,
                                     longest, plan->candidates, &plan->count));
  for (size_t i = 0; i < plan->count; ++i) {
    if (!plan->candidates[i].applies) {
      RST_TRY(ask_why_not(context, image, plan->candidates[i].name, flow, &plan->why_not[i]));
    }
  }
  return RST_OK;
}

static void add_time(struct rst_text *text, double seconds) {
  const double microsecond = 1e-6;
  if (isfinite(seconds)) {
    rst_text_add(text, "%14.3f", seconds / microsecond);
  } else {
    rst_text_add(text, "%14s", "-");
  }
}

static const char *boundary_name(const struct plan *plan) {
  return plan->from->flow.boundary == RST_BOUNDARY_PERIODIC ? "periodic" : "valid";
}

static const char *precision_name(const struct plan *plan) {
  return plan->from->flow.precision == RST_PRECISION_FLOAT ? "float" : "double";
}

static void add_text(struct rst_text *text, const struct plan *plan) {
  const size_t kernel = plan->from->flow.conv.kernel;
  rst_text_add(text, "%s %zu x %zu, kernel %zu x %zu, %s, %s\n", plan->image->image.kind, plan->ny, plan->nx,
               kernel, kernel, boundary_name(plan), precision_name(plan));
  rst_text_add(text, "  %-12s%14s%14s   microseconds of one correlation and one adjoint\n", "operator",
               "estimated", "measured");
  for (size_t i = 0; i < plan->count; ++i) {
    const struct rst_correlation_candidate *candidate = &plan->candidates[i];
    rst_text_add(text, "  %-12s", candidate->name);
    add_time(text, candidate->estimated_seconds);
    add_time(text, candidate->measured_seconds);
    if (is_chosen(plan, i)) {
      rst_text_add(text, "   %s by %s", candidate->applies ? "chosen" : "asked for, in vain,",
                   is_automatic(plan) ? "the cost model" : "flow.operator");
    } else if (candidate->chosen) {
      rst_text_add(text, "   the cost model's choice");
    }
    if (plan->why_not[i]) {
      rst_text_add(text, "%s%s", is_chosen(plan, i) ? ": " : "   ", plan->why_not[i]);
    }
    rst_text_add(text, "\n");
  }
}

static void add_operator(struct rst_text *text, const struct plan *plan, size_t index) {
  const struct rst_correlation_candidate *candidate = &plan->candidates[index];
  rst_text_add(text, "{\"name\": ");
  rst_text_add_quoted(text, candidate->name);
  rst_text_add(text, ", \"applies\": %s, \"why_not\": ", candidate->applies ? "true" : "false");
  rst_text_add_quoted(text, plan->why_not[index]);
  rst_text_add(text, ", \"estimated_seconds\": ");
  rst_text_add_number(text, candidate->estimated_seconds);
  rst_text_add(text, ", \"measured_seconds\": ");
  rst_text_add_number(text, candidate->measured_seconds);
  rst_text_add(text, ", \"cheapest\": %s, \"chosen\": %s}", candidate->chosen ? "true" : "false",
               is_chosen(plan, index) ? "true" : "false");
}

static void add_json(struct rst_text *text, const struct plan *plan) {
  rst_text_add(text, "{\"image\": ");
  rst_text_add_quoted(text, plan->image->image.kind);
  rst_text_add(text,
               ", \"ny\": %zu, \"nx\": %zu, \"kernel\": %zu, \"boundary\": \"%s\", \"precision\": \"%s\", "
               "\"operators\": [",
               plan->ny, plan->nx, plan->from->flow.conv.kernel, boundary_name(plan), precision_name(plan));
  for (size_t i = 0; i < plan->count; ++i) {
    rst_text_add(text, i > 0 ? ", " : "");
    add_operator(text, plan, i);
  }
  rst_text_add(text, "]}");
}

static enum rst_status add_image(struct rst_context *context, const struct rst_case *from, size_t index,
                                 bool json, struct rst_text *text) {
  struct plan plan = {.from = from, .image = &from->flow.conv.images[index]};
  struct rst_field *image = NULL;
  RST_TRY(rst_image_create(context, &plan.image->image, from->flow.precision, &image));
  plan.ny = image->ny;
  plan.nx = image->nx;
  const enum rst_status status = compare(context, image, &plan);
  if (status == RST_OK) {
    (json ? add_json : add_text)(text, &plan);
  }
  for (size_t i = 0; i < plan.count; ++i) {
    free(plan.why_not[i]);
  }
  rst_field_destroy(&image);
  return status;
}

static enum rst_status add_images(struct rst_context *context, const struct rst_arguments *arguments,
                                  const struct rst_case *from, struct rst_text *text) {
  RST_REQUIRE(context, from->flow.conv.image_count > 0, RST_ERROR_UNSUPPORTED,
              "the flow %s has no correlation, so there is nothing to plan", from->flow.kind);
  rst_context_set_rigor(context, from->performance.rigor);
  if (arguments->json) {
    rst_text_add(text, "{\"case\": ");
    rst_text_add_quoted(text, arguments->subject);
    rst_text_add(text, ", \"operator\": ");
    rst_text_add_quoted(text, from->flow.conv.correlation);
    rst_text_add(text, ", \"chosen_by\": \"%s\", \"images\": [",
                 strcmp(from->flow.conv.correlation, "auto") == 0 ? "cost model" : "flow.operator");
  }
  for (size_t i = 0; i < from->flow.conv.image_count; ++i) {
    rst_text_add(text, arguments->json && i > 0 ? ", " : "");
    RST_TRY(add_image(context, from, i, arguments->json, text));
  }
  rst_text_add(text, arguments->json ? "]}" : "");
  return RST_OK;
}

enum rst_exit rst_plan_explain(struct rst_context *context, const struct rst_arguments *arguments,
                               const struct rst_case *from) {
  struct rst_text text = {0};
  const enum rst_status status = add_images(context, arguments, from, &text);
  if (status != RST_OK) {
    rst_text_clear(&text);
    return rst_report_failure(context, status);
  }
  return rst_print_text(&text);
}
