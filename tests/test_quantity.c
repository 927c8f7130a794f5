/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/quantity.h"

#include "support.h"

#include <stdlib.h>

struct subject {
  double real;
  int whole;
  size_t count;
  bool flag;
};

enum { FIRST, SECOND };

static double half(const void *subject) {
  return 0.5 * ((const struct subject *)subject)->real;
}

#define OF(member) RST_QUANTITY_MEMBER(struct subject, member)

static const struct rst_quantity rows[] = {
    {FIRST, "real", OF(real), NULL, {"real", "a number", "1"}},
    {SECOND, "real", OF(real), NULL, {NULL, NULL, NULL}},
    {FIRST, NULL, OF(whole), "in text", {NULL, NULL, NULL}},
    {FIRST, "whole", OF(whole), NULL, {NULL, NULL, NULL}},
    {FIRST, "count", OF(count), NULL, {NULL, NULL, NULL}},
    {FIRST, "flag", OF(flag), NULL, {NULL, NULL, NULL}},
    {FIRST, "half", RST_QUANTITY_MEASURED(half), NULL, {NULL, NULL, NULL}},
};
static const struct rst_quantities table = {rows, sizeof rows / sizeof *rows};

static void check_json(int group, const struct subject *subject, const char *expected) {
  struct rst_text text = {0};
  rst_quantities_add_json(&table, group, subject, &text);
  char *json = rst_text_take(&text);
  ck_assert_str_eq(json, expected);
  free(json);
}

START_TEST(json_holds_the_members_of_a_group_by_their_types) {
  const struct subject subject = {.real = 3.0, .whole = -2, .count = 7, .flag = true};
  check_json(FIRST, &subject, "\"real\": 3, \"whole\": -2, \"count\": 7, \"flag\": true, \"half\": 1.5");
  check_json(SECOND, &subject, "\"real\": 3");
}
END_TEST

START_TEST(json_has_null_in_place_of_what_is_no_number) {
  const struct subject subject = {.real = NAN};
  check_json(FIRST, &subject, "\"real\": null, \"whole\": 0, \"count\": 0, \"flag\": false, \"half\": null");
}
END_TEST

START_TEST(values_come_from_members_or_functions) {
  const struct subject subject = {.real = 3.0, .whole = -2, .count = 7, .flag = true};
  const double expected[] = {3.0, 3.0, -2.0, -2.0, 7.0, 1.0, 1.5};
  for (size_t i = 0; i < table.count; ++i) {
    ck_assert_double_eq(rst_quantity_value(&rows[i], &subject), expected[i]);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("quantity");
  TCase *quantities = tcase_create("quantities");
  tcase_add_test(quantities, json_holds_the_members_of_a_group_by_their_types);
  tcase_add_test(quantities, json_has_null_in_place_of_what_is_no_number);
  tcase_add_test(quantities, values_come_from_members_or_functions);
  suite_add_tcase(suite, quantities);
  return rst_test_run(suite);
}
