/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "case/schema.h"
#include "case/value.h"

size_t rst_keys_find(const struct rst_keys *keys, const char *path) {
  for (size_t i = 0; i < keys->count; ++i) {
    if (strcmp(keys->keys[i].path, path) == 0) {
      return i;
    }
  }
  return SIZE_MAX;
}

size_t rst_keys_find_values(const struct rst_keys *keys, const char *path) {
  const size_t length = strlen(path);
  for (size_t i = 0; i < keys->count; ++i) {
    if (strncmp(keys->keys[i].path, path, length) == 0 &&
        strcmp(keys->keys[i].path + length, ".values") == 0) {
      return i;
    }
  }
  return SIZE_MAX;
}

bool rst_keys_section(const struct rst_keys *keys, const char *path) {
  const size_t length = strlen(path);
  for (size_t i = 0; i < keys->count; ++i) {
    if (strncmp(keys->keys[i].path, path, length) == 0 && keys->keys[i].path[length] == '.') {
      return true;
    }
  }
  return false;
}

size_t rst_keys_group_end(const struct rst_keys *keys, size_t first) {
  size_t end = first + 1;
  while (end < keys->count && strcmp(keys->keys[end].path, keys->keys[first].path) == 0) {
    ++end;
  }
  return end;
}

size_t rst_keys_stem(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot ? (size_t)(dot - path) + 1 : 0;
}

bool rst_condition_names(const struct rst_condition *condition, const char *word, size_t length) {
  for (const char *at = condition->values; *at;) {
    const size_t span = strcspn(at, " ");
    if (span == length && strncmp(at, word, span) == 0) {
      return true;
    }
    at += span + (at[span] == ' ');
  }
  return false;
}

bool rst_condition_holds(const struct rst_keys *keys, const struct rst_condition *condition,
                         const void *base) {
  const struct rst_key *key = &keys->keys[rst_keys_find(keys, condition->key)];
  const char *value = rst_value_name(key, base);
  return value && rst_condition_names(condition, value, strlen(value));
}

void rst_condition_values(const struct rst_condition *condition, struct rst_text *text) {
  for (const char *c = condition->values; *c; ++c) {
    if (*c == ' ') {
      rst_text_add(text, ", ");
    } else {
      rst_text_add(text, "%c", *c);
    }
  }
}

bool rst_key_applies(const struct rst_keys *keys, const struct rst_key *key, const void *base) {
  for (size_t i = 0; i < RST_KEY_CONDITIONS && key->when[i].key; ++i) {
    if (!rst_condition_holds(keys, &key->when[i], base)) {
      return false;
    }
  }
  return true;
}

const struct rst_key *rst_keys_choose(const struct rst_keys *keys, size_t first, const void *base) {
  const size_t end = rst_keys_group_end(keys, first);
  for (size_t i = first; i < end; ++i) {
    if (rst_key_applies(keys, &keys->keys[i], base)) {
      return &keys->keys[i];
    }
  }
  return NULL;
}

size_t rst_key_count(const struct rst_key *key, const void *base) {
  size_t count = 0;
  memcpy(&count, (const char *)base + key->count_offset, sizeof count);
  return count;
}

size_t rst_key_item_size(const struct rst_key *key) {
  return key->items                   ? key->items->size
         : key->type == RST_KEY_TWINS ? sizeof(struct rst_twin)
         : key->type == RST_KEY_REALS ? sizeof(double)
                                      : sizeof(const char *);
}

bool rst_key_given(const struct rst_key *key, const void *base) {
  if (key->type != RST_KEY_REALS) {
    return rst_key_count(key, base) > 0;
  }
  /* Other keys may have set the length. */
  const double *values = NULL;
  memcpy(&values, rst_key_member_const(key, base), sizeof values);
  return values != NULL;
}

bool rst_key_absent(const struct rst_key *key, const void *base) {
  const bool optional = key->items || key->type == RST_KEY_REALS;
  return optional && !key->required && !key->fallback && !rst_key_given(key, base);
}
