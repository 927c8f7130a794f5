/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/sequence.h"

#include <stdint.h>
#include <string.h>

#include "core/core.h"
#include "restrain/regime.h"
#include "stability/stretch.h"

enum { PAGE = RST_SEQUENCE_PAGE };

/* What is asked of most pages, kept from the first time that they were read. */
struct digest {
  bool known;
  struct rst_series_extent extent;
  double magnitude;
};

struct rst_sequence_pages {
  enum rst_status (*read)(void *user, size_t first, size_t count, double *values);
  void *user;
  size_t count;
  size_t held; /* the page in memory, SIZE_MAX for none */
  double *values;
  struct digest *digests;
  enum rst_status status;
};

static enum rst_status build(struct rst_context *context, struct rst_sequence_pages *made) {
  RST_TRY(RST_NEW(context, made->count < PAGE ? made->count : PAGE, &made->values));
  return RST_NEW(context, made->count / PAGE + 1, &made->digests);
}

enum rst_status rst_sequence_create(struct rst_context *context, size_t count,
                                    enum rst_status (*read)(void *user, size_t first, size_t count,
                                                            double *values),
                                    void *user, struct rst_sequence *sequence) {
  struct rst_sequence made = {0};
  *sequence = made;
  RST_TRY(RST_NEW(context, 1, &made.pages));
  *made.pages = (struct rst_sequence_pages){.read = read, .user = user, .count = count, .held = SIZE_MAX};
  const enum rst_status status = build(context, made.pages);
  if (status != RST_OK) {
    rst_sequence_destroy(&made);
    return status;
  }
  *sequence = made;
  return RST_OK;
}

void rst_sequence_destroy(struct rst_sequence *sequence) {
  if (sequence->pages) {
    free(sequence->pages->values);
    free(sequence->pages->digests);
    free(sequence->pages);
  }
  *sequence = (struct rst_sequence){0};
}

enum rst_status rst_sequence_status(const struct rst_sequence *sequence) {
  return sequence->pages ? sequence->pages->status : RST_OK;
}

static void hold(struct rst_sequence_pages *pages, size_t page) {
  const size_t first = page * PAGE;
  const size_t count = pages->count - first < PAGE ? pages->count - first : PAGE;
  if (page == pages->held) {
    return;
  }
  const enum rst_status status = pages->read(pages->user, first, count, pages->values);
  for (size_t i = 0; status != RST_OK && i < count; ++i) {
    pages->values[i] = (double)NAN;
  }
  pages->status = pages->status == RST_OK ? status : pages->status;
  pages->held = page;
}

struct rst_stretch rst_stretch_at(const struct rst_sequence *x, size_t t, size_t first, size_t end) {
  if (!x->pages) {
    return (struct rst_stretch){x->values + first, first, end};
  }
  const size_t page = t / PAGE;
  const size_t begin = page * PAGE;
  hold(x->pages, page);
  first = first > begin ? first : begin;
  end = end < begin + PAGE ? end : begin + PAGE;
  return (struct rst_stretch){x->pages->values + (first - begin), first, end};
}

double rst_sequence_value(const struct rst_sequence *x, size_t t) {
  return rst_stretch_at(x, t, t, t + 1).values[0];
}

const double *rst_sequence_values(const struct rst_sequence *x, size_t first, size_t end, double *room) {
  struct rst_stretch stretch = rst_stretch_at(x, first, first, end);
  if (stretch.end == end) {
    return stretch.values;
  }
  for (size_t t = first; t < end; t = stretch.end) {
    stretch = rst_stretch_at(x, t, t, end);
    memcpy(room + (t - first), stretch.values, (stretch.end - t) * sizeof *room);
  }
  return room;
}

/* Of numbers that lie in one page; pages that are asked about whole are read once for it. */
static struct digest digest_of(const struct rst_sequence *x, size_t first, size_t end) {
  struct digest *kept = end - first == PAGE ? &x->pages->digests[first / PAGE] : NULL;
  if (kept && kept->known) {
    return *kept;
  }
  const struct rst_stretch stretch = rst_stretch_at(x, first, first, end);
  const struct digest digest = {.known = true,
                                .extent = rst_series_extent(stretch.values, 0, end - first),
                                .magnitude = rst_series_magnitude(stretch.values, 0, end - first)};
  if (kept) {
    *kept = digest;
  }
  return digest;
}

/* Of numbers that are read, page by page. */
static struct digest digest_pages(const struct rst_sequence *x, size_t first, size_t end) {
  struct digest all = {.extent = rst_series_extent(NULL, 0, 0)};
  for (size_t next = first; first < end; first = next) {
    next = (first / PAGE + 1) * PAGE;
    next = next < end ? next : end;
    const struct digest part = digest_of(x, first, next);
    all.magnitude = fmax(all.magnitude, part.magnitude);
    if (isnan(part.extent.low) || isnan(all.extent.low)) {
      all.extent.low = all.extent.high = (double)NAN;
    } else {
      all.extent.low = fmin(all.extent.low, part.extent.low);
      all.extent.high = fmax(all.extent.high, part.extent.high);
    }
  }
  return all;
}

struct rst_series_extent rst_sequence_extent(const struct rst_sequence *x, size_t first, size_t end) {
  return x->pages ? digest_pages(x, first, end).extent : rst_series_extent(x->values, first, end);
}

double rst_sequence_magnitude(const struct rst_sequence *x, size_t first, size_t end) {
  return x->pages ? digest_pages(x, first, end).magnitude : rst_series_magnitude(x->values, first, end);
}

size_t rst_sequence_first_reach(const struct rst_sequence *x, size_t first, size_t end, double level) {
  struct rst_stretch stretch;
  for (; first < end; first = stretch.end) {
    stretch = rst_stretch_at(x, first, first, end);
    for (size_t t = first; t < stretch.end; ++t) {
      if (!(stretch.values[t - first] < level)) {
        return t;
      }
    }
  }
  return end;
}

size_t rst_sequence_first_infinite(const struct rst_sequence *x, size_t first, size_t end) {
  struct rst_stretch stretch;
  for (; first < end; first = stretch.end) {
    stretch = rst_stretch_at(x, first, first, end);
    for (size_t t = first; t < stretch.end; ++t) {
      if (!isfinite(stretch.values[t - first])) {
        return t;
      }
    }
  }
  return end;
}

size_t rst_sequence_last_above(const struct rst_sequence *x, size_t end, double level) {
  struct rst_stretch stretch;
  for (; end > 0; end = stretch.first) {
    stretch = rst_stretch_at(x, end - 1, 0, end);
    for (size_t t = end; t > stretch.first; --t) {
      if (stretch.values[t - 1 - stretch.first] > level) {
        return t;
      }
    }
  }
  return 0;
}

bool rst_sequence_is_constant(const struct rst_sequence *x, size_t first, struct rst_series_extent extent) {
  const double range = extent.high - extent.low;
  return range <= RST_REGIME_CONSTANT * fmax(fabs(extent.low), fabs(extent.high)) ||
         range <= RST_REGIME_FADED * rst_sequence_magnitude(x, 0, first);
}

struct rst_swing rst_sequence_swing(const struct rst_sequence *x, size_t first, size_t middle, size_t end) {
  const struct rst_series_extent before = rst_sequence_extent(x, first, middle);
  const struct rst_series_extent after = rst_sequence_extent(x, middle, end);
  struct rst_series_extent both = {fmin(before.low, after.low), fmax(before.high, after.high)};
  if (isnan(before.low) || isnan(after.low)) {
    both.low = both.high = NAN;
  }
  return (struct rst_swing){before.high - before.low, after.high - after.low, both.high - both.low, both};
}

double rst_swing_change(const struct rst_swing *swing) {
  return swing->both == 0.0 ? 1.0 : swing->both / swing->before * (swing->both / swing->after);
}
