/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double MOST_EXACT = 9007199254740992.0;

bool rst_scalar_null(const struct rst_scalar *scalar) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
  for (size_t i = 0; scalar->plain && i < sizeof nulls / sizeof *nulls; ++i) {
    if (strlen(nulls[i]) == scalar->length && memcmp(nulls[i], scalar->text, scalar->length) == 0) {
      return true;
    }
  }
  return false;
}

const char *rst_scalar_found(const struct rst_scalar *scalar, char found[RST_FOUND_LENGTH]) {
  char quoted[RST_QUOTE_LENGTH];
  rst_quote(quoted, scalar->text, scalar->length);
  if (rst_scalar_null(scalar)) {
    return "nothing";
  }
  if (scalar->plain) {
    snprintf(found, RST_FOUND_LENGTH, "%.*s", (int)strlen(quoted) - 2, quoted + 1);
  } else {
    snprintf(found, RST_FOUND_LENGTH, "the text %s", quoted);
  }
  return found;
}

static const char *skip_digits(const char *text) {
  while (isdigit((unsigned char)*text)) {
    ++text;
  }
  return text;
}

/* The number formats of the YAML 1.2 core schema, without .inf, .nan and the bases 8 and 16. */
static bool is_integer(const char *text) {
  text += *text == '-' || *text == '+';
  return isdigit((unsigned char)*text) && *skip_digits(text) == '\0';
}

static bool is_real(const char *text) {
  text += *text == '-' || *text == '+';
  const char *after = skip_digits(text);
  bool digits = after > text;
  if (*after == '.') {
    const char *fraction = after + 1;
    after = skip_digits(fraction);
    digits = digits || after > fraction;
  }
  if (digits && (*after == 'e' || *after == 'E')) {
    const char *exponent = after + 1;
    exponent += *exponent == '-' || *exponent == '+';
    after = skip_digits(exponent);
    digits = after > exponent;
  }
  return digits && *after == '\0';
}

bool rst_range_holds(const struct rst_range *range, double value) {
  return isfinite(value) && (range->above ? value > range->minimum : value >= range->minimum) &&
         (range->below ? value < range->maximum : value <= range->maximum);
}

/* The word in the list, as the list's own string. YAML 1.2 and the programs that write it say true and false. */
static const char *find_name(const struct rst_key *key, const char *word, int *index) {
  const char *const *const lists[] = {key->names, key->registry ? key->registry() : NULL};
  if (key->names == rst_switch_names && (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)) {
    word = *word == 't' ? "yes" : "no";
  }
  for (size_t i = 0; i < 2; ++i) {
    *index = lists[i] ? rst_name_index(lists[i], word) : -1;
    if (*index >= 0) {
      return lists[i][*index];
    }
  }
  return NULL;
}

static void add_names(const struct rst_key *key, struct rst_text *text) {
  const char *const *const lists[] = {key->names, key->registry ? key->registry() : NULL};
  const char *separator = "";
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; lists[i] && lists[i][j]; ++j) {
      if (i == 0 || !key->names || rst_name_index(key->names, lists[i][j]) < 0) {
        rst_text_add(text, "%s%s", separator, lists[i][j]);
        separator = ", ";
      }
    }
  }
}

static bool has_dozens_of_names(const struct rst_key *key) {
  const size_t many = 20;
  const char *const *const names = key->registry ? key->registry() : key->names;
  size_t count = 0;
  while (names && names[count]) {
    ++count;
  }
  return count > many;
}

/* Where the names are listed; the last number of `path` is the place of an item. */
static void add_topic(const char *path, struct rst_text *text) {
  const char *dot = strrchr(path, '.');
  const bool is_item = dot && dot[1] != '\0' && dot[1 + strspn(dot + 1, "0123456789")] == '\0';
  rst_text_add(text, "those that restrain help %.*s lists", is_item ? (int)(dot - path) : (int)strlen(path),
               path);
}

static void report_name(struct rst_report *report, struct rst_place place, const char *path,
                        const struct rst_key *key, const struct rst_scalar *scalar) {
  char quoted[RST_QUOTE_LENGTH];
  rst_quote(quoted, scalar->text, scalar->length);
  struct rst_nearest nearest = {.word = scalar->text};
  const char *const *const lists[] = {key->names, key->registry ? key->registry() : NULL};
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; lists[i] && lists[i][j]; ++j) {
      rst_nearest_offer(&nearest, lists[i][j]);
    }
  }
  if (nearest.best) {
    rst_report_add(report, place, "key \"%s\": unknown name %s; did you mean \"%s\"?", path, quoted,
                   nearest.best);
    return;
  }
  struct rst_text names = {0};
  if (has_dozens_of_names(key)) {
    add_topic(path, &names);
  } else {
    add_names(key, &names);
  }
  char *list = rst_text_take(&names);
  rst_report_add(report, place, "key \"%s\": unknown name %s; the names are %s", path, quoted,
                 list ? list : "");
  free(list);
}

/* A file name of an override is relative to the current folder, as all names of the command line are; one that has to outlive the
 * folder of the case, which goes before relative names, becomes absolute. NULL if memory is exhausted. */
static char *keep_text(const struct rst_key *key, const struct rst_scalar *scalar,
                       struct rst_loaded_case *owner, bool is_override) {
  const bool is_relative =
      is_override && key->type != RST_KEY_TEXT && *scalar->text != '/' && owner->folder && *owner->folder;
  char *here = is_relative ? realpath(".", NULL) : NULL;
  const size_t length = here ? strlen(here) + 1 : 0;
  char *copy = rst_case_keep(owner, length + scalar->length + 1);
  if (copy && here) {
    memcpy(copy, here, length - 1);
    copy[length - 1] = '/';
  }
  if (copy) {
    memcpy(copy + length, scalar->text, scalar->length);
  }
  free(here);
  return copy;
}

static bool read_text(const struct rst_key *key, const struct rst_scalar *scalar,
                      struct rst_loaded_case *owner, struct rst_report *report, bool is_override,
                      void *member) {
  char *copy = NULL;
  if (rst_scalar_null(scalar)) {
    if (key->required || key->type == RST_KEY_FILES) {
      return false;
    }
  } else {
    if (key->type != RST_KEY_TEXT && scalar->length == 0) {
      return false;
    }
    copy = keep_text(key, scalar, owner, is_override);
    if (!copy) {
      report->exhausted = true;
      return true;
    }
  }
  memcpy(member, &copy, sizeof copy);
  return true;
}

static bool read_real(const struct rst_key *key, const struct rst_scalar *scalar, void *member) {
  if (!scalar->plain || !is_real(scalar->text)) {
    return false;
  }
  const double value = strtod(scalar->text, NULL);
  if (!rst_range_holds(&key->range, value)) {
    return false;
  }
  memcpy(member, &value, sizeof value);
  return true;
}

/* Also one that is written as a real number, as 1e5; a double is exact up to 2^53. */
static bool parse_integer(const char *text, long long *value) {
  errno = 0;
  if (is_integer(text)) {
    *value = strtoll(text, NULL, 10);
    return errno == 0;
  }
  const double number = is_real(text) ? strtod(text, NULL) : NAN;
  const bool whole = fabs(number) <= MOST_EXACT && number == floor(number);
  *value = whole ? (long long)number : 0;
  return whole;
}

static bool read_integer(const struct rst_key *key, const struct rst_scalar *scalar, void *member) {
  long long value = 0;
  if (!scalar->plain || !parse_integer(scalar->text, &value) ||
      !rst_range_holds(&key->range, (double)value)) {
    return false;
  }
  /* Within the range the low bytes of the two's complement are the value in the member's type. */
  const uint32_t narrow = (uint32_t)value;
  memcpy(member, key->size == sizeof narrow ? (const void *)&narrow : &value, key->size);
  return true;
}

static bool read_name(const struct rst_key *key, const struct rst_scalar *scalar, void *member) {
  int index = -1;
  const char *name = find_name(key, scalar->text, &index);
  if (!name) {
    return false;
  }
  if (key->type == RST_KEY_CHOICE) {
    const bool flag = index != 0;
    memcpy(member, key->size == sizeof flag ? (const void *)&flag : &index, key->size);
  } else {
    memcpy(member, &name, sizeof name);
  }
  return true;
}

static bool read_twin(const struct rst_key *key, const struct rst_scalar *scalar,
                      struct rst_loaded_case *owner, struct rst_report *report, struct rst_twin *twin) {
  double divisor = 0.0;
  if (!read_real(key, scalar, &divisor)) {
    int index = -1;
    const char *name = find_name(key, scalar->text, &index);
    if (!name) {
      return false;
    }
    *twin = (struct rst_twin){.label = name, .kind = RST_TWIN_ULP};
    if (index == RST_PRECISION_DOUBLE || index == RST_PRECISION_FLOAT) {
      twin->kind = RST_TWIN_PRECISION;
      twin->precision = (enum rst_precision)index;
    }
    return true;
  }
  struct rst_text text = {0};
  rst_text_add_number(&text, divisor);
  char *label = text.failed ? NULL : rst_case_keep(owner, text.length + 1);
  if (label) {
    memcpy(label, text.bytes, text.length);
  }
  rst_text_clear(&text);
  report->exhausted = report->exhausted || !label;
  *twin = (struct rst_twin){.label = label, .kind = RST_TWIN_DIVISOR, .divisor = divisor};
  return true;
}

static bool read_member(struct rst_report *report, const struct rst_key *key, const struct rst_scalar *scalar,
                        struct rst_loaded_case *owner, bool is_override, void *member) {
  if (memchr(scalar->text, '\0', scalar->length)) {
    return false;
  }
  switch (key->type) {
  case RST_KEY_TEXT:
  case RST_KEY_FILE:
  case RST_KEY_FILES:
    return read_text(key, scalar, owner, report, is_override, member);
  case RST_KEY_REAL:
  case RST_KEY_REALS:
    return read_real(key, scalar, member);
  case RST_KEY_INTEGER:
    return read_integer(key, scalar, member);
  case RST_KEY_CHOICE:
  case RST_KEY_NAME:
  case RST_KEY_NAMES:
    return read_name(key, scalar, member);
  case RST_KEY_TWINS:
    return read_twin(key, scalar, owner, report, member);
  case RST_KEY_ITEMS:
  case RST_KEY_MAPPING:
    break;
  }
  return false;
}

static void describe_range(const struct rst_range *range, struct rst_text *text) {
  /* A maximum that only guards the type is not worth a word. */
  const bool bounded = range->maximum <= UINT32_MAX;
  if (!isfinite(range->minimum)) {
    return;
  }
  if (!bounded) {
    rst_text_add(text, " %s ", range->above ? ">" : ">=");
    rst_text_add_number(text, range->minimum);
    return;
  }
  rst_text_add(text, " in %c%.10g, %.10g%c", range->above ? '(' : '[', range->minimum, range->maximum,
               range->below ? ')' : ']');
}

/* What a scalar was meant to be, by its looks. */
static bool is_meant_as_name(const struct rst_key *key, const struct rst_scalar *scalar) {
  return key->type == RST_KEY_CHOICE || key->type == RST_KEY_NAME || key->type == RST_KEY_NAMES ||
         (key->type == RST_KEY_TWINS && isalpha((unsigned char)*scalar->text));
}

/* A number or one of the names. */
static void describe_twin(const struct rst_key *key, struct rst_text *text) {
  rst_text_add(text, "a number");
  describe_range(&key->range, text);
  rst_text_add(text, " or one of ");
  add_names(key, text);
}

bool rst_value_read(struct rst_report *report, struct rst_place place, const char *path,
                    const struct rst_key *key, const struct rst_scalar *scalar, struct rst_loaded_case *owner,
                    void *member) {
  if (read_member(report, key, scalar, owner, place.override > 0, member)) {
    return true;
  }
  if (is_meant_as_name(key, scalar) && !rst_scalar_null(scalar)) {
    report_name(report, place, path, key, scalar);
    return false;
  }
  struct rst_text expected = {0};
  if (key->type == RST_KEY_TWINS) {
    describe_twin(key, &expected);
  } else if (key->type == RST_KEY_REALS) {
    rst_text_add(&expected, "a number");
    describe_range(&key->range, &expected);
  } else if (key->type == RST_KEY_FILES) {
    rst_text_add(&expected, "a file name");
  } else {
    rst_value_expect(key, path, &expected);
  }
  char *description = rst_text_take(&expected);
  char found[RST_FOUND_LENGTH];
  rst_report_add(report, place, "key \"%s\": expected %s, found %s", path, description ? description : "",
                 rst_scalar_found(scalar, found));
  free(description);
  return false;
}

static int choice_index(const struct rst_key *key, const void *member) {
  bool flag = false;
  int index = 0;
  memcpy(key->size == sizeof flag ? (void *)&flag : &index, member, key->size);
  return key->size == sizeof flag ? flag : index;
}

const char *rst_value_name(const struct rst_key *key, const void *base) {
  if (rst_key_is_list(key)) {
    return rst_key_given(key, base) ? "given" : "absent";
  }
  if (key->type == RST_KEY_CHOICE) {
    return key->names[choice_index(key, rst_key_member_const(key, base))];
  }
  const char *name = NULL;
  memcpy(&name, rst_key_member_const(key, base), sizeof name);
  return name;
}

/* YAML 1.1 takes 1e-05 for a text and 1.0e-05 for a number. */
static void add_real(struct rst_text *text, double value) {
  struct rst_text number = {0};
  rst_text_add_number(&number, value);
  char *digits = rst_text_take(&number);
  if (!digits) {
    text->failed = true;
    return;
  }
  const size_t mantissa = strcspn(digits, "e");
  const bool bare = digits[mantissa] && !memchr(digits, '.', mantissa);
  rst_text_add_bytes(text, digits, mantissa);
  rst_text_add(text, "%s%s", bare ? ".0" : "", digits + mantissa);
  free(digits);
}

void rst_value_write(const struct rst_key *key, const void *member, struct rst_text *text) {
  switch (key->type) {
  case RST_KEY_REAL:
  case RST_KEY_REALS: {
    double value = 0;
    memcpy(&value, member, sizeof value);
    add_real(text, value);
    break;
  }
  case RST_KEY_INTEGER: {
    int32_t narrow = 0;
    int64_t wide = 0;
    memcpy(key->size == sizeof narrow ? (void *)&narrow : &wide, member, key->size);
    /* Only a negative minimum tells a signed member. */
    const int64_t extended = key->range.minimum < 0 ? narrow : (int64_t)(uint32_t)narrow;
    const int64_t value = key->size == sizeof narrow ? extended : wide;
    rst_text_add(text, "%lld", (long long)value);
    break;
  }
  case RST_KEY_TEXT:
  case RST_KEY_FILE:
  case RST_KEY_FILES: {
    const char *string = NULL;
    memcpy(&string, member, sizeof string);
    rst_text_add_quoted(text, string);
    break;
  }
  case RST_KEY_CHOICE:
    rst_text_add(text, "%s", key->names[choice_index(key, member)]);
    break;
  case RST_KEY_NAME:
  case RST_KEY_NAMES: {
    const char *name = NULL;
    memcpy(&name, member, sizeof name);
    rst_text_add(text, "%s", name ? name : "null");
    break;
  }
  case RST_KEY_TWINS:
    rst_text_add(text, "%s", ((const struct rst_twin *)member)->label);
    break;
  case RST_KEY_ITEMS:
  case RST_KEY_MAPPING:
    break;
  }
}

void rst_value_expect(const struct rst_key *key, const char *path, struct rst_text *text) {
  if (!has_dozens_of_names(key)) {
    rst_value_describe(key, text);
    return;
  }
  rst_text_add(text, key->type == RST_KEY_NAMES ? "a list of names, " : "a name, one of ");
  add_topic(path, text);
}

void rst_value_describe(const struct rst_key *key, struct rst_text *text) {
  switch (key->type) {
  case RST_KEY_TEXT:
    rst_text_add(text, "a text");
    break;
  case RST_KEY_FILE:
    rst_text_add(text, "a file name");
    break;
  case RST_KEY_REAL:
    rst_text_add(text, "a number");
    describe_range(&key->range, text);
    break;
  case RST_KEY_INTEGER:
    rst_text_add(text, "an integer");
    describe_range(&key->range, text);
    break;
  case RST_KEY_CHOICE:
  case RST_KEY_NAME:
    rst_text_add(text, "one of ");
    add_names(key, text);
    break;
  case RST_KEY_NAMES:
    rst_text_add(text, "a list of ");
    add_names(key, text);
    break;
  case RST_KEY_FILES:
    rst_text_add(text, "a list of file names");
    break;
  case RST_KEY_TWINS:
    rst_text_add(text, "a list, each item ");
    describe_twin(key, text);
    break;
  case RST_KEY_REALS:
    rst_text_add(text, "a list of numbers");
    describe_range(&key->range, text);
    break;
  case RST_KEY_ITEMS:
    rst_text_add(text, "a list of mappings");
    break;
  case RST_KEY_MAPPING:
    rst_text_add(text, "a mapping");
    break;
  }
}
