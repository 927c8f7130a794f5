/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/core.h"
#include "sweep/sweep_file_parts.h"

static const char *const *agreements(void) {
  static const char *const names[] = {"different", "same", NULL};
  return names;
}

static const char *const *levels(void) {
  static const char *const names[] = {NULL};
  return names;
}

#define SOURCE(name) offsetof(struct rst_orbit_summary, name)
#define ELSEWHERE RST_SWEEP_NO_SOURCE
#define NO_CODES NULL, 0, NULL
/* A column of the table's member; in the file it has a name and a meaning. */
#define COLUMN(...) COLUMN_IN("1", __VA_ARGS__)
#define COLUMN_IN(units, member, numbers, where, source, name, long_name, ...)                               \
  {                                                                                                          \
    {name, long_name, units}, RST_NUMBERS_##numbers, where, offsetof(struct rst_sweep_table, member),        \
        source, __VA_ARGS__                                                                                  \
  }
enum {
  SWEEPS = RST_SWEEP_IN_SWEEPS,
  DIAGRAMS = RST_SWEEP_IN_DIAGRAMS,
  BOTH = SWEEPS | DIAGRAMS,
  SAMPLES = DIAGRAMS | RST_SWEEP_SAMPLED
};

static const struct rst_sweep_column columns[] = {
    COLUMN(regime, INT8, BOTH, ELSEWHERE, "regime", "what became of the orbit", "pending",
           RST_REGIME_COUNT - 1, rst_regime_names),
    COLUMN(final_loss, DOUBLE, SWEEPS, SOURCE(final_loss), "final_loss",
           "objective L at the end of the orbit", NO_CODES),
    COLUMN(final_loss, DOUBLE, DIAGRAMS, SOURCE(final_loss), "loss", "objective L at the end of the orbit",
           NO_CODES),
    COLUMN(mean_loss, DOUBLE, SWEEPS, SOURCE(mean_loss), "mean_loss",
           "mean of the objective L over the last half of the iterations", NO_CODES),
    COLUMN_IN("1/iteration", lyapunov, DOUBLE, BOTH, SOURCE(lyapunov), "lyapunov",
              "largest Lyapunov exponent, of finite time", NO_CODES),
    COLUMN_IN("1/iteration", lyapunov_error, DOUBLE, DIAGRAMS, SOURCE(lyapunov_error), "lyapunov_error",
              "standard error of the exponent", NO_CODES),
    COLUMN(max_growth, DOUBLE, BOTH, SOURCE(max_growth), "max_growth",
           "largest local growth factor of all updates", NO_CODES),
    COLUMN(period, INT64, BOTH, SOURCE(period), "period",
           "period in iterations, 1 if converged, 0 if none was found", NO_CODES),
    COLUMN(iterations_run, INT64, BOTH, SOURCE(iterations_run), "iterations_run", "updates done", NO_CODES),
    COLUMN(agreement, INT8, SWEEPS, ELSEWHERE, "agreement",
           "whether the orbit has the same regime without the reduction", "not_compared", 1, agreements),
    COLUMN(level, INT8, SWEEPS, ELSEWHERE, "level",
           "times that the grid was refined before the point was computed", "filled", RST_SWEEP_MOST_LEVELS,
           levels),
#define EVALUATION(name, set, long_name, units)                                                              \
  COLUMN_IN(units, name, DOUBLE, SWEEPS | RST_SWEEP_EVALUATED, SOURCE(evaluation.name), #name, long_name,    \
            NO_CODES),
    RST_EVALUATION_LIST(EVALUATION)
#undef EVALUATION
    /* In the order of an orbit's observables: */
    COLUMN(data_loss, DOUBLE, SAMPLES, ELSEWHERE, "data_loss", "data term E, regulariser included", NO_CODES),
    COLUMN(residual, DOUBLE, SAMPLES, ELSEWHERE, "residual",
           "residual a = predicted minus given label, mean over images", NO_CODES),
    COLUMN(weight_norm, DOUBLE, SAMPLES, ELSEWHERE, "weight_norm", "Euclidean norm of the state", NO_CODES),
    COLUMN(probe, DOUBLE, SAMPLES, ELSEWHERE, "probe",
           "inner product of the state and a fixed random unit vector", NO_CODES),
};
enum { COLUMNS = sizeof columns / sizeof *columns };

const struct rst_sweep_column *rst_sweep_columns(size_t *count) {
  *count = COLUMNS;
  return columns;
}

bool rst_sweep_column_is_stored(const struct rst_sweep_column *column, const struct rst_sweep_table *table) {
  const bool belongs = column->where & (table->samples > 0 ? RST_SWEEP_IN_DIAGRAMS : RST_SWEEP_IN_SWEEPS);
  return belongs && (table->has_evaluations || !(column->where & RST_SWEEP_EVALUATED));
}

void *rst_sweep_column_values(const struct rst_sweep_column *column, const struct rst_sweep_table *table) {
  void *values = NULL;
  memcpy(&values, (const char *)table + column->member, sizeof values);
  return values;
}

static size_t width(const struct rst_sweep_column *column, const struct rst_sweep_table *table) {
  return (column->where & RST_SWEEP_SAMPLED) ? table->samples : 1;
}

/* Where a column keeps what belongs to a point. */
static void *entry(const struct rst_sweep_column *column, const struct rst_sweep_table *table, size_t place) {
  char *values = rst_sweep_column_values(column, table);
  return values + place * width(column, table) * rst_numbers_size(column->numbers);
}

size_t rst_sweep_table_bytes(const struct rst_sweep_table *table) {
  size_t bytes = 0;
  for (size_t c = 0; c < COLUMNS; ++c) {
    const bool is_stored = rst_sweep_column_is_stored(&columns[c], table);
    bytes += is_stored ? width(&columns[c], table) * rst_numbers_size(columns[c].numbers) : 0;
  }
  return bytes;
}

static void forget(const struct rst_sweep_column *column, const struct rst_sweep_table *table, size_t place) {
  const size_t count = width(column, table);
  if (column->numbers == RST_NUMBERS_DOUBLE) {
    double *values = entry(column, table, place);
    for (size_t i = 0; i < count; ++i) {
      values[i] = NAN;
    }
  } else {
    memset(entry(column, table, place), column->numbers == RST_NUMBERS_INT8 ? -1 : 0,
           count * rst_numbers_size(column->numbers));
  }
}

void rst_sweep_table_forget(struct rst_sweep_table *table, size_t place) {
  for (size_t c = 0; c < COLUMNS; ++c) {
    forget(&columns[c], table, place);
  }
}

static enum rst_status allocate_column(struct rst_context *context, struct rst_sweep_table *table,
                                       const struct rst_sweep_column *column) {
  void *values = rst_sweep_column_values(column, table);
  if (!values && width(column, table) > 0) {
    RST_TRY(rst_allocate(context, table->points, width(column, table) * rst_numbers_size(column->numbers),
                         &values));
    memcpy((char *)table + column->member, &values, sizeof values);
  }
  return RST_OK;
}

static enum rst_status allocate_limits(struct rst_context *context, struct rst_sweep_table *table) {
  double **const curves[] = {&table->lr_lo, &table->lr_hi};
  for (size_t c = 0; c < 2; ++c) {
    RST_TRY(rst_allocate(context, table->limits, sizeof(double), curves[c]));
    for (size_t i = 0; i < table->limits; ++i) {
      (*curves[c])[i] = NAN;
    }
  }
  return RST_OK;
}

static enum rst_status allocate_axis(struct rst_context *context, struct rst_sweep_table *table,
                                     const struct rst_sweep_scale *scale) {
  struct rst_sweep_scale *axis = &table->axes[table->axis_count];
  *axis = (struct rst_sweep_scale){.count = scale->count};
  table->axis_count += 1;
  RST_TRY(rst_format(context, &axis->name, "%s", scale->name));
  RST_TRY(RST_NEW(context, scale->count, &axis->values));
  if (strcmp(axis->name, "lr") == 0) {
    table->lr_axis = (int)table->axis_count - 1;
    axis->long_name = "learning rate";
  } else if (strcmp(axis->name, "weight_decay") == 0) {
    table->weight_decay_axis = (int)table->axis_count - 1;
    axis->long_name = "weight decay";
  } else {
    axis->long_name = axis->name;
  }
  return RST_OK;
}

static enum rst_status allocate(struct rst_context *context, size_t axis_count,
                                const struct rst_sweep_scale *axes, struct rst_sweep_table *table) {
  table->points = 1;
  for (size_t i = 0; i < axis_count; ++i) {
    RST_TRY(allocate_axis(context, table, &axes[i]));
    table->points *= axes[i].count;
    table->columns = axes[i].count;
  }
  table->rows = table->points / table->columns;
  table->limits = table->lr_axis < 0 ? table->points : table->points / table->axes[table->lr_axis].count;
  for (size_t c = 0; c < COLUMNS; ++c) {
    RST_TRY(allocate_column(context, table, &columns[c]));
  }
  for (size_t place = 0; place < table->points; ++place) {
    rst_sweep_table_forget(table, place);
  }
  return table->samples > 0 ? RST_OK : allocate_limits(context, table);
}

enum rst_status rst_sweep_table_allocate(struct rst_context *context, size_t axis_count,
                                         const struct rst_sweep_scale *axes, size_t samples,
                                         struct rst_sweep_table *table) {
  *table = (struct rst_sweep_table){.lr_axis = -1,
                                    .weight_decay_axis = -1,
                                    .lr = NAN,
                                    .weight_decay = NAN,
                                    .samples = samples,
                                    .engine = ""};
  const enum rst_status status = allocate(context, axis_count, axes, table);
  if (status != RST_OK) {
    rst_sweep_table_clear(table);
  }
  return status;
}

void rst_sweep_table_clear(struct rst_sweep_table *table) {
  for (size_t i = 0; i < table->axis_count; ++i) {
    free(table->axes[i].name);
    free(table->axes[i].values);
  }
  for (size_t c = 0; c < COLUMNS; ++c) {
    void *const none = NULL;
    free(rst_sweep_column_values(&columns[c], table));
    memcpy((char *)table + columns[c].member, &none, sizeof none); /* others may share the member */
  }
  free(table->lr_lo);
  free(table->lr_hi);
  *table = (struct rst_sweep_table){0};
}

size_t rst_sweep_table_stride(const struct rst_sweep_table *table, size_t axis) {
  size_t stride = 1;
  for (size_t i = axis + 1; i < table->axis_count; ++i) {
    stride *= table->axes[i].count;
  }
  return stride;
}

size_t rst_sweep_table_index(const struct rst_sweep_table *table, size_t axis, size_t place) {
  return place / rst_sweep_table_stride(table, axis) % table->axes[axis].count;
}

double rst_sweep_table_lr(const struct rst_sweep_table *table, size_t place) {
  const int axis = table->lr_axis;
  return axis < 0 ? table->lr : table->axes[axis].values[rst_sweep_table_index(table, (size_t)axis, place)];
}

double rst_sweep_table_weight_decay(const struct rst_sweep_table *table, size_t place) {
  const int axis = table->weight_decay_axis;
  return axis < 0 ? table->weight_decay
                  : table->axes[axis].values[rst_sweep_table_index(table, (size_t)axis, place)];
}

size_t rst_sweep_table_limit(const struct rst_sweep_table *table, size_t place) {
  if (table->lr_axis < 0) {
    return place;
  }
  const size_t stride = rst_sweep_table_stride(table, (size_t)table->lr_axis);
  return place / (stride * table->axes[table->lr_axis].count) * stride + place % stride;
}

size_t rst_sweep_table_variant(const struct rst_sweep_table *table, size_t place) {
  size_t variant = 0;
  for (size_t axis = 0; axis < table->axis_count; ++axis) {
    if ((int)axis != table->lr_axis && (int)axis != table->weight_decay_axis) {
      variant = variant * table->axes[axis].count + rst_sweep_table_index(table, axis, place);
    }
  }
  return variant;
}

void rst_sweep_table_enter(struct rst_sweep_table *table, size_t place, const struct rst_orbit_summary *point,
                           const double *observed) {
  _Static_assert(sizeof point->period == sizeof(int64_t), "whole numbers of a summary are copied");
  size_t sampled = 0;
  for (size_t c = 0; c < COLUMNS; ++c) {
    const struct rst_sweep_column *column = &columns[c];
    const size_t bytes = width(column, table) * rst_numbers_size(column->numbers);
    if (column->source != RST_SWEEP_NO_SOURCE) {
      memcpy(entry(column, table, place), (const char *)point + column->source, bytes);
    } else if (column->where & RST_SWEEP_SAMPLED && table->samples > 0) {
      memcpy(entry(column, table, place), &observed[table->samples * sampled++], bytes);
    }
  }
  table->regime[place] = (int8_t)point->regime;
}

void rst_sweep_table_adopt(struct rst_sweep_table *table, size_t place, const struct rst_sweep_table *from,
                           size_t from_place) {
  const int8_t agreement = table->agreement[place];
  for (size_t c = 0; c < COLUMNS; ++c) {
    const struct rst_sweep_column *column = &columns[c];
    if (width(column, table) > 0) {
      memcpy(entry(column, table, place), entry(column, from, from_place),
             width(column, table) * rst_numbers_size(column->numbers));
    }
  }
  table->agreement[place] = agreement;
}
