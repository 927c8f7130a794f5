/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "case/document.h"

enum { NAME_LENGTH = 128 };

/* The name that a row's path has in a section, "diffusion" for "flow.diffusion.spacing" in "flow."; false if
 * it is not in there. */
static bool name_in(const char *path, const char *section, char name[NAME_LENGTH]) {
  const size_t length = strlen(section);
  if (strncmp(path, section, length) != 0) {
    return false;
  }
  const char *begin = path + length;
  snprintf(name, NAME_LENGTH, "%.*s", (int)strcspn(begin, "."), begin);
  return true;
}

/* The nearest name of the section. */
static bool nearest_sibling(const struct rst_keys *keys, const char *section, const char *name,
                            char best[NAME_LENGTH]) {
  size_t distance = SIZE_MAX;
  for (size_t i = 0; i < keys->count; ++i) {
    char candidate[NAME_LENGTH];
    struct rst_nearest nearest = {.word = name};
    if (name_in(keys->keys[i].path, section, candidate)) {
      rst_nearest_offer(&nearest, candidate);
    }
    if (nearest.best && nearest.distance < distance) {
      distance = nearest.distance;
      memcpy(best, candidate, NAME_LENGTH);
    }
  }
  return distance < SIZE_MAX;
}

/* A key of that name in another section, or one whose whole path is near. */
static const char *nearest_elsewhere(const struct rst_keys *keys, const char *path, const char *name) {
  struct rst_nearest nearest = {.word = path};
  for (size_t i = 0; i < keys->count; ++i) {
    const char *candidate = keys->keys[i].path;
    if (strcmp(candidate + rst_keys_stem(candidate), name) == 0) {
      return candidate;
    }
    rst_nearest_offer(&nearest, candidate);
  }
  return nearest.best;
}

/* "a, b, c", the names of a section. */
static char *sibling_list(const struct rst_keys *keys, const char *section) {
  struct rst_text list = {0};
  char last[NAME_LENGTH] = "";
  for (size_t i = 0; i < keys->count; ++i) {
    char name[NAME_LENGTH];
    if (name_in(keys->keys[i].path, section, name) && strcmp(name, last) != 0) {
      rst_text_add(&list, "%s%s", *last ? ", " : "", name);
      memcpy(last, name, sizeof last);
    }
  }
  return rst_text_take(&list);
}

void rst_report_unknown_key(struct rst_report *report, struct rst_place place, const struct rst_keys *keys,
                            const char *prefix, const char *section, const char *name) {
  char path[2 * NAME_LENGTH];
  snprintf(path, sizeof path, "%s%s", section, name);
  struct rst_text text = {0};
  rst_text_add(&text, "%s%s", prefix, path);
  char *full = rst_text_take(&text);
  char quoted[RST_QUOTE_LENGTH];
  rst_quote(quoted, full ? full : "", full ? strlen(full) : 0);
  free(full);
  char sibling[NAME_LENGTH];
  if (nearest_sibling(keys, section, name, sibling)) {
    rst_report_add(report, place, "unknown key %s; did you mean \"%s%s%s\"?", quoted, prefix, section,
                   sibling);
    return;
  }
  const char *elsewhere = nearest_elsewhere(keys, path, name);
  if (elsewhere) {
    rst_report_add(report, place, "unknown key %s; did you mean \"%s%s\"?", quoted, prefix, elsewhere);
    return;
  }
  char *list = sibling_list(keys, section);
  if (list && *list) {
    rst_report_add(report, place, "unknown key %s; the keys there are %s", quoted, list);
  } else {
    rst_report_add(report, place, "unknown key %s; there are no keys below \"%s%.*s\"", quoted, prefix,
                   (int)strlen(section) - 1, section);
  }
  free(list);
}
