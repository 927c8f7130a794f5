/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5_hl.h>
#include <stdlib.h>
#include <unistd.h>

#include "restrain/archive.h"
#include "sample_run.h"

enum { SNAPSHOTS = 12, MANY = 600 };

static struct rst_run_file *create(struct rst_context *context, const char *path,
                                   const struct rst_run_layout *layout) {
  struct rst_run_file *file = NULL;
  const struct rst_provenance provenance = sample_provenance();
  RST_TEST_OK(context, rst_run_file_create(context, path, layout, &provenance, &file));
  return file;
}

static void write_run(struct rst_context *context, const char *path) {
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  struct rst_run_file *file = create(context, path, &layout);
  for (int i = 0; i < SNAPSHOTS; ++i) {
    sample_append(context, file, RST_PRECISION_DOUBLE);
  }
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 2.5));
}

static double read_value(struct rst_context *context, const char *path, const char *name, size_t y,
                         size_t x) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_archive_read_field(context, path, name, SIZE_MAX, &field));
  const double value = rst_field_get(field, y, x);
  rst_field_destroy(&field);
  return value;
}

static void check_event(const struct rst_event *event, const struct rst_event *expected) {
  ck_assert_int_eq(event->first, expected->first);
  ck_assert_int_eq(event->last, expected->last);
  ck_assert_int_eq(event->kind, expected->kind);
  ck_assert_double_eq(event->peak, expected->peak);
  ck_assert_int_eq(event->peak_iteration, expected->peak_iteration);
  ck_assert_double_eq(event->amplification, expected->amplification);
  ck_assert_double_eq(event->rayleigh, expected->rayleigh);
  ck_assert_int_eq(event->y_first, expected->y_first);
  ck_assert_int_eq(event->y_last, expected->y_last);
  ck_assert_int_eq(event->x_first, expected->x_first);
  ck_assert_int_eq(event->x_last, expected->x_last);
  ck_assert_double_eq(event->centroid_y, expected->centroid_y);
  ck_assert_double_eq(event->centroid_x, expected->centroid_x);
  ck_assert_double_eq(event->share, expected->share);
  ck_assert_double_eq(event->participation, expected->participation);
  ck_assert_double_eq(event->ky, expected->ky);
  ck_assert_double_eq(event->kx, expected->kx);
}

/* More events than are gathered in memory, some of them flushed: all can be read at any time. */
START_TEST(events_return_flushed_or_not) {
  static const char path[] = "events_many.h5";
  struct rst_context *context = rst_test_context();
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  struct rst_run_file *file = create(context, path, &layout);
  struct rst_event events[MANY];
  for (size_t i = 0; i < MANY; ++i) {
    const struct rst_event appended = sample_event(i);
    RST_TEST_OK(context, rst_run_file_append_event(file, &appended));
    if (i == 10) {
      RST_TEST_OK(context, rst_run_file_flush(file, false));
    }
  }
  ck_assert_uint_eq(rst_run_file_events(file), MANY);
  for (size_t first = 0; first < MANY; first += MANY / 2 - 1) {
    const size_t count = MANY - first < MANY / 2 ? MANY - first : MANY / 2 + 1;
    RST_TEST_OK(context, rst_run_file_read_events(file, first, count, events));
    for (size_t i = 0; i < count; ++i) {
      const struct rst_event expected = sample_event(first + i);
      check_event(&events[i], &expected);
    }
  }
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "has 600 events; 2 from event 599 on are more",
                 rst_run_file_read_events(file, MANY - 1, 2, events));
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 1.0));
  for (size_t i = 0; i < MANY; i += 7) {
    const struct rst_event expected = sample_event(i);
    ck_assert_double_eq(read_value(context, path, "/events/event", 0, i), (double)i);
    ck_assert_double_eq(read_value(context, path, "/events/last", 0, i), (double)expected.last);
    ck_assert_double_eq(read_value(context, path, "/events/kind", 0, i), (double)expected.kind);
    ck_assert_double_eq(read_value(context, path, "/events/kx", 0, i), expected.kx);
  }
  rst_context_destroy(&context);
}
END_TEST

static herr_t check_column(hid_t group, const char *name, const H5L_info_t *link, void *user) {
  (void)link;
  char text[512];
  const hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
  const hid_t scale = H5Dopen2(group, "event", H5P_DEFAULT);
  for (int i = 0; i < 2; ++i) {
    const hid_t attribute = H5Aopen(dataset, i ? "units" : "long_name", H5P_DEFAULT);
    const hid_t type = H5Aget_type(attribute);
    ck_assert(attribute >= 0 && H5Tget_size(type) < sizeof text && H5Aread(attribute, type, text) >= 0);
    ck_assert_int_ne(*text, '\0');
    H5Tclose(type);
    H5Aclose(attribute);
  }
  if (strcmp(name, "event") == 0) {
    ck_assert(H5DSis_scale(dataset) > 0);
  } else {
    ck_assert_msg(H5DSis_attached(dataset, scale, 0) > 0, "%s has no scale", name);
    *(int *)user += 1;
  }
  H5Dclose(dataset);
  H5Dclose(scale);
  return 0;
}

START_TEST(columns_of_events_say_what_they_are) {
  static const char path[] = "events_columns.h5";
  struct rst_context *context = rst_test_context();
  signed char kinds[3] = {-1, -1, -1};
  int columns = 0;
  write_run(context, path);
  const hid_t file = sample_open(path);
  const hid_t group = H5Gopen2(file, "events", H5P_DEFAULT);
  ck_assert(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, check_column, &columns) >= 0);
  ck_assert_int_eq(columns, 19);
  const hid_t kind = H5Dopen2(group, "kind", H5P_DEFAULT);
  const hid_t type = H5Dget_type(kind);
  ck_assert_uint_eq(H5Tget_size(type), 1);
  sample_check_text(kind, "flag_meanings", "discrete continuous non-normal");
  const hid_t values = H5Aopen(kind, "flag_values", H5P_DEFAULT);
  ck_assert(H5Aread(values, H5T_NATIVE_INT8, kinds) >= 0);
  ck_assert(kinds[0] == RST_EVENT_DISCRETE && kinds[1] == RST_EVENT_CONTINUOUS &&
            kinds[2] == RST_EVENT_NONNORMAL);
  H5Aclose(values);
  H5Tclose(type);
  H5Dclose(kind);
  H5Gclose(group);
  H5Fclose(file);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(scalars_return_flushed_or_not) {
  struct rst_context *context = rst_test_context();
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  struct rst_run_file *file = create(context, "events_scalars.h5", &layout);
  double values[2 * SAMPLE_ROWS];
  ck_assert_uint_eq(rst_run_layout_width(&layout), SAMPLE_WIDTH);
  sample_append(context, file, RST_PRECISION_DOUBLE);
  RST_TEST_OK(context, rst_run_file_flush(file, false));
  sample_append(context, file, RST_PRECISION_DOUBLE);
  const size_t rows = rst_run_file_iterations(file);
  for (size_t i = 0; i < SAMPLE_SCALARS; ++i) {
    const size_t members = sample_members[sample_per[i]];
    for (size_t member = 0; member < members; ++member) {
      RST_TEST_OK(context, rst_run_file_read_scalar(file, sample_scalars[i].name, member, 0, rows, values));
      for (size_t t = 0; t < rows; ++t) {
        ck_assert_double_eq(values[t], sample_scalar(i, member, t));
      }
      RST_TEST_OK(context,
                  rst_run_file_read_scalar(file, sample_scalars[i].name, member, rows - 1, 1, values));
      ck_assert_double_eq(values[0], sample_scalar(i, member, rows - 1));
      RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "are more",
                     rst_run_file_read_scalar(file, sample_scalars[i].name, member, 1, rows, values));
    }
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "is none",
                   rst_run_file_read_scalar(file, sample_scalars[i].name, members, 0, rows, values));
  }
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "has no scalar /kernel",
                 rst_run_file_read_scalar(file, "kernel", 0, 0, rows, values));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "has no scalar /twin_growth_rate",
                 rst_run_file_read_scalar(file, "twin_growth_rate", 0, 0, rows, values));
  rst_run_file_abandon(&file);
  rst_context_destroy(&context);
}
END_TEST

static double read_number(hid_t file, const char *name) {
  double value = -1.0;
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
  ck_assert(attribute >= 0 && H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0);
  H5Aclose(attribute);
  return value;
}

START_TEST(the_end_is_told_when_it_is_known) {
  static const char path[] = "events_end.h5";
  static const double rates[SAMPLE_TWINS] = {0.25, NAN};
  struct rst_context *context = rst_test_context();
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  struct rst_run_file *file = create(context, path, &layout);
  sample_append(context, file, RST_PRECISION_DOUBLE);
  RST_TEST_OK(context, rst_run_file_flush(file, true));
  hid_t reader = sample_open(path);
  sample_check_text(reader, "regime", "");
  sample_check_text(reader, "regime_reason", "");
  ck_assert(isnan(read_number(reader, "exponent")) && isnan(read_number(reader, "exponent_error")));
  ck_assert_double_eq(read_number(reader, "period"), 0);
  H5Fclose(reader);
  for (size_t i = 0; i < SAMPLE_EXPONENTS; ++i) {
    ck_assert(isnan(read_value(context, path, "lyapunov_error", 0, i)));
  }
  struct rst_regime_result regime = {
      .regime = RST_REGIME_RESTRAINED_PERIODIC, .period = 2, .exponent = -0.5, .exponent_error = 0.125};
  memset(regime.reason, 'r', sizeof regime.reason - 1);
  RST_TEST_OK(context, rst_run_file_write_regime(file, &regime));
  RST_TEST_OK(context, rst_run_file_write_summary(file, "twin_growth_rate", rates));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "has no summary /loss",
                 rst_run_file_write_summary(file, "loss", rates));
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 1.0));
  reader = sample_open(path);
  sample_check_text(reader, "regime", "restrained-periodic");
  sample_check_text(reader, "regime_reason", regime.reason);
  ck_assert_double_eq(read_number(reader, "period"), 2);
  ck_assert_double_eq(read_number(reader, "exponent"), -0.5);
  ck_assert_double_eq(read_number(reader, "exponent_error"), 0.125);
  H5Fclose(reader);
  ck_assert_double_eq(read_value(context, path, "twin_growth_rate", 0, 0), 0.25);
  ck_assert(isnan(read_value(context, path, "twin_growth_rate", 0, 1)));
  rst_context_destroy(&context);
}
END_TEST

/* An event that ends with the last update before the resumption may still go on: it comes again. */
START_TEST(resuming_drops_events_that_may_go_on) {
  static const char path[] = "events_resumed.h5";
  static const long lasts[] = {3, 14, 15, 16};
  struct rst_context *context = rst_test_context();
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  const struct rst_provenance provenance = sample_provenance();
  const struct rst_regime_result regime = {.regime = RST_REGIME_STABLE, .reason = "a reason"};
  const double rates[SAMPLE_TWINS] = {1.0, 2.0};
  struct rst_run_file *file = create(context, path, &layout);
  for (size_t i = 0; i < 5; ++i) {
    sample_append_rows(context, file);
  }
  for (size_t i = 0; i < sizeof lasts / sizeof *lasts; ++i) {
    struct rst_event event = sample_event(i);
    event.last = lasts[i];
    RST_TEST_OK(context, rst_run_file_append_event(file, &event));
  }
  RST_TEST_OK(context, rst_run_file_write_regime(file, &regime));
  RST_TEST_OK(context, rst_run_file_write_summary(file, "twin_growth_rate", rates));
  RST_TEST_OK(context, rst_run_file_finish(&file, "interrupted", 1.0));
  RST_TEST_OK(context, rst_run_file_reopen(context, path, &layout, &provenance, 0, 16, &file));
  ck_assert_uint_eq(rst_run_file_events(file), 2);
  struct rst_event event;
  RST_TEST_OK(context, rst_run_file_read_events(file, 1, 1, &event));
  ck_assert_int_eq(event.last, 14);
  event.last = 17;
  RST_TEST_OK(context, rst_run_file_append_event(file, &event));
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 1.0));
  ck_assert_double_eq(read_value(context, path, "/events/event", 0, 2), 2);
  ck_assert_double_eq(read_value(context, path, "/events/last", 0, 2), 17);
  ck_assert_double_eq(read_value(context, path, "/lyapunov_spectrum", 2, 15), sample_scalar(3, 2, 15));
  ck_assert(isnan(read_value(context, path, "twin_growth_rate", 0, 0)));
  const hid_t reader = sample_open(path);
  sample_check_text(reader, "regime", "");
  H5Fclose(reader);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(resuming_another_file_is_refused) {
  static const char path[] = "archive_other.h5";
  struct rst_context *context = rst_test_context();
  struct rst_run_file *file = NULL;
  const struct rst_provenance provenance = sample_provenance();
  write_run(context, path);
  struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  RST_TEST_FAILS(context, RST_ERROR_IO, "fewer than 13 rows",
                 rst_run_file_reopen(context, path, &layout, &provenance, SNAPSHOTS + 1, 0, &file));
  ck_assert_ptr_null(file);
  struct rst_series series[SAMPLE_SERIES];
  sample_list(series);
  layout.series = series;
  struct rst_axis longer = sample_x;
  longer.count += 1;
  series[0].axes[1] = &longer;
  RST_TEST_FAILS(context, RST_ERROR_IO, "/kernel has another shape",
                 rst_run_file_reopen(context, path, &layout, &provenance, 1, 4, &file));
  layout = sample_layout(RST_PRECISION_FLOAT);
  RST_TEST_FAILS(context, RST_ERROR_IO, "/kernel has another shape or type",
                 rst_run_file_reopen(context, path, &layout, &provenance, 1, 4, &file));
  layout = sample_layout(RST_PRECISION_DOUBLE);
  layout.series = series;
  sample_list(series);
  series[SAMPLE_FIELDS].variable = (struct rst_variable){"sharpness", "largest eigenvalue", "1"};
  RST_TEST_FAILS(context, RST_ERROR_IO, "has no /sharpness",
                 rst_run_file_reopen(context, path, &layout, &provenance, 1, 4, &file));
  static const char *const other_twins[SAMPLE_TWINS] = {"3", "ulp"};
  struct rst_axis other = sample_twin;
  other.values = other_twins;
  const struct rst_axis *const other_axes[] = {&other};
  layout = sample_layout(RST_PRECISION_DOUBLE);
  layout.axes = other_axes;
  layout.axis_count = 1;
  RST_TEST_FAILS(context, RST_ERROR_IO, "/twin has other labels",
                 rst_run_file_reopen(context, path, &layout, &provenance, 1, 4, &file));
  layout = sample_layout(RST_PRECISION_DOUBLE);
  layout.series = series;
  sample_list(series);
  longer = sample_exponent;
  longer.count += 1;
  series[SAMPLE_FIELDS + 3].axes[0] = &longer;
  RST_TEST_FAILS(context, RST_ERROR_IO, "/lyapunov_spectrum has another shape",
                 rst_run_file_reopen(context, path, &layout, &provenance, 1, 4, &file));
  ck_assert_int_ne(access("archive_other.partial.h5", F_OK), 0);
  ck_assert_double_eq(read_value(context, path, "/time", 0, SNAPSHOTS - 1), sample_time(SNAPSHOTS - 1));
  rst_context_destroy(&context);
}
END_TEST

START_TEST(layouts_may_do_without) {
  static const char path[] = "events_none.h5";
  static const double values[] = {3.0, 2.0};
  static const long iterations[] = {0, 1};
  struct rst_context *context = rst_test_context();
  struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  layout = (struct rst_run_layout){.series = layout.series, .count = SAMPLE_FIELDS + 1};
  const struct rst_event event = sample_event(0);
  struct rst_run_file *file = create(context, path, &layout);
  RST_TEST_OK(context, rst_run_file_append_scalars(file, 2, iterations, values));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "records no events", rst_run_file_append_event(file, &event));
  ck_assert_uint_eq(rst_run_file_events(file), 0);
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 1.0));
  ck_assert_double_eq(read_value(context, path, "loss", 0, 1), 2.0);
  const hid_t reader = sample_open(path);
  static const char *const absent[] = {"events", "twin", "exponent"};
  for (size_t i = 0; i < sizeof absent / sizeof *absent; ++i) {
    ck_assert(H5Lexists(reader, absent[i], H5P_DEFAULT) == 0);
  }
  H5Fclose(reader);
  const struct rst_provenance provenance = sample_provenance();
  layout.has_events = true;
  RST_TEST_FAILS(context, RST_ERROR_IO, "has no /events/",
                 rst_run_file_reopen(context, path, &layout, &provenance, 0, 1, &file));
  ck_assert_ptr_null(file);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("archive_events");
  TCase *tests = tcase_create("archive_events");
  tcase_add_test(tests, events_return_flushed_or_not);
  tcase_add_test(tests, columns_of_events_say_what_they_are);
  tcase_add_test(tests, scalars_return_flushed_or_not);
  tcase_add_test(tests, the_end_is_told_when_it_is_known);
  tcase_add_test(tests, resuming_drops_events_that_may_go_on);
  tcase_add_test(tests, resuming_another_file_is_refused);
  tcase_add_test(tests, layouts_may_do_without);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
