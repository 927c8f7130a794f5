/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

/* Options that every command takes have no bit. */
struct option_line {
  const char *name;
  char letter; /* 0 for none */
  unsigned bit;
  const char *value; /* NULL for a flag */
  const char *help;
};

static const struct option_line lines[] = {
    {"define", 'D', RST_OPTION_DEFINE, "key.path=value",
     "override one key of the case file; without a value, take it out; may be repeated; file names are "
     "relative to the current folder"},
    {"output", 'o', RST_OPTION_OUTPUT, "FILE.h5",
     "where to store, folders are made; default a file in output/<stem of the file given>/"},
    {"resume", 0, RST_OPTION_RESUME, NULL, "go on from what is stored, in the same file"},
    {"force", 0, RST_OPTION_FORCE, NULL, "replace an existing output, one that restrain wrote"},
    {"dry-run", 0, RST_OPTION_DRY_RUN, NULL, "say what would be done and what it would cost; write nothing"},
    {"threads", 0, RST_OPTION_THREADS, "N", "threads to use, default 1; the results do not depend on it"},
    {"shard", 0, RST_OPTION_SHARD, "i/n", "do the i-th of n parts, i from 0 to n-1, into a file of its own"},
    {"merge", 0, RST_OPTION_MERGE, NULL, "join the files of shards into the one named by -o"},
    {"wall-limit", 0, RST_OPTION_WALL_LIMIT, "TIME",
     "stop after this time (hh:mm:ss, d-hh:mm:ss, 90s, 30m, 2h) with what --resume needs, exit code 75"},
    {"profile", 0, RST_OPTION_PROFILE, NULL, "tell at the end where the time went"},
    {"plan", 0, RST_OPTION_PLAN, NULL, "explain the choice of the correlation operator, and do nothing else"},
    {"verify", 0, RST_OPTION_VERIFY, NULL, "read all of the files and compare them with their checksums"},
    {"quiet", 'q', RST_OPTION_QUIET, NULL, "no progress, no warnings"},
    {"json", 0, RST_OPTION_JSON, NULL, "results as one JSON object"},
    {"help", 'h', 0, NULL, "this help"},
    {"version", 0, 0, NULL, "version and commit"},
};

enum { LINES = sizeof lines / sizeof *lines, FIRST_LONG_VALUE = 256 };

static bool taken(const struct option_line *line, unsigned options) {
  return line->bit == 0 || (line->bit & options) != 0;
}

void rst_options_describe(unsigned options) {
  puts("options:");
  for (size_t i = 0; i < LINES; ++i) {
    if (!taken(&lines[i], options)) {
      continue;
    }
    char left[64];
    const char *value = lines[i].value ? lines[i].value : "";
    if (lines[i].letter) {
      snprintf(left, sizeof left, "-%c, --%s %s", lines[i].letter, lines[i].name, value);
    } else {
      snprintf(left, sizeof left, "    --%s %s", lines[i].name, value);
    }
    enum { INDENT = 31 };
    printf("  %-*s", INDENT - 2, left);
    rst_help_column(INDENT, lines[i].help);
  }
}

void rst_options_add_json(unsigned options, struct rst_text *text) {
  const char *between = "";
  for (size_t i = 0; i < LINES; ++i) {
    if (taken(&lines[i], options)) {
      const char letter[] = {lines[i].letter, '\0'};
      const struct rst_member members[] = {{"name", lines[i].name, 0.0},
                                           {"letter", letter, 0.0},
                                           {"value", lines[i].value ? lines[i].value : "", 0.0},
                                           {"help", lines[i].help, 0.0}};
      rst_text_add(text, "%s", between);
      rst_text_add_object(text, members, sizeof members / sizeof *members);
      between = ",\n ";
    }
  }
}

/* 90s, 30m, 2h, 1.5d */
static bool parse_unit(const char *text, double *seconds) {
  static const struct {
    char letter;
    double seconds;
  } units[] = {{'s', 1.0}, {'m', 60.0}, {'h', 3600.0}, {'d', 86400.0}};
  char *end = NULL;
  const double value = isdigit((unsigned char)*text) ? strtod(text, &end) : 0.0;
  for (size_t i = 0; end && i < sizeof units / sizeof *units; ++i) {
    if (*end == units[i].letter && end[1] == '\0' && isfinite(value)) {
      *seconds = value * units[i].seconds;
      return *seconds > 0.0;
    }
  }
  return false;
}

/* [[[d-]hh:]mm:]ss in seconds, or a number with its unit; false unless it is a positive time. */
static bool parse_duration(const char *text, double *seconds) {
  const double per_unit = 60.0;
  const double per_day = 86400.0;
  const char *dash = strchr(text, '-');
  const char *rest = dash && dash > text ? dash + 1 : text;
  double days = 0.0;
  double total = 0.0;
  if (parse_unit(text, seconds)) {
    return true;
  }
  if (rest != text) {
    char *end = NULL;
    days = (double)strtol(text, &end, 10);
    if (end != dash || days < 0.0 || strchr(rest, '-')) {
      return false;
    }
  }
  for (int parts = 0; parts < 3; ++parts) {
    char *end = NULL;
    errno = 0;
    const long value = strtol(rest, &end, 10);
    if (end == rest || errno != 0 || value < 0 || (parts > 0 && value >= (long)per_unit)) {
      return false;
    }
    total = per_unit * total + (double)value;
    if (*end == '\0') {
      *seconds = total + per_day * days;
      return *seconds > 0.0;
    }
    if (*end != ':') {
      return false;
    }
    rest = end + 1;
  }
  return false;
}

static bool set_threads(const char *text, int *threads) {
  const long most = 4096;
  char *end = NULL;
  errno = 0;
  const long value = strtol(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || value < 1 || value > most) {
    fprintf(stderr, "restrain: --threads takes a whole number from 1 to %ld, not '%s'\n", most, text);
    return false;
  }
  *threads = (int)value;
  return true;
}

static bool set_shard(const char *text, struct rst_arguments *arguments) {
  const long most = 1000000;
  const char *slash = strchr(text, '/');
  char *ends[2] = {NULL, NULL};
  errno = 0;
  const long shard = strtol(text, &ends[0], 10);
  const long shards = slash ? strtol(slash + 1, &ends[1], 10) : 0;
  if (ends[0] == text || ends[0] != slash || *ends[1] != '\0' || errno != 0 || shard < 0 || shard >= shards ||
      shards > most) {
    fprintf(stderr, "restrain: --shard takes i/n, whole numbers with i from 0 to n-1, not '%s'\n", text);
    return false;
  }
  arguments->shard = (size_t)shard;
  arguments->shards = (size_t)shards;
  return true;
}

static bool apply(const struct option_line *line, const char *value, struct rst_arguments *arguments) {
  switch (line->bit) {
  case RST_OPTION_DEFINE:
    arguments->overrides[arguments->override_count++] = value;
    return true;
  case RST_OPTION_OUTPUT:
    arguments->output = value;
    return true;
  case RST_OPTION_RESUME:
    arguments->resume = true;
    return true;
  case RST_OPTION_FORCE:
    arguments->force = true;
    return true;
  case RST_OPTION_DRY_RUN:
    arguments->dry_run = true;
    return true;
  case RST_OPTION_THREADS:
    return set_threads(value, &arguments->threads);
  case RST_OPTION_SHARD:
    return set_shard(value, arguments);
  case RST_OPTION_MERGE:
    arguments->merge = true;
    return true;
  case RST_OPTION_WALL_LIMIT:
    if (!parse_duration(value, &arguments->wall_limit)) {
      fprintf(stderr, "restrain: --wall-limit takes a time as hh:mm:ss, d-hh:mm:ss or 2h, not '%s'\n", value);
      return false;
    }
    return true;
  case RST_OPTION_PROFILE:
    arguments->profile = true;
    return true;
  case RST_OPTION_PLAN:
    arguments->plan = true;
    return true;
  case RST_OPTION_VERIFY:
    arguments->verify = true;
    return true;
  case RST_OPTION_QUIET:
    arguments->quiet = true;
    return true;
  case RST_OPTION_JSON:
    arguments->json = true;
    return true;
  default:
    *(strcmp(line->name, "help") == 0 ? &arguments->help : &arguments->version) = true;
    return true;
  }
}

/* getopt's tables for the options of one command; values are FIRST_LONG_VALUE + line. */
static void make_tables(unsigned options, struct option *long_options, char *letters) {
  *letters++ = ':'; /* tells a missing value from an unknown option */
  for (int i = 0; i < LINES; ++i) {
    if (!taken(&lines[i], options)) {
      continue;
    }
    *long_options++ = (struct option){lines[i].name, lines[i].value ? required_argument : no_argument, NULL,
                                      FIRST_LONG_VALUE + i};
    if (lines[i].letter) {
      *letters++ = lines[i].letter;
      if (lines[i].value) {
        *letters++ = ':';
      }
    }
  }
  *long_options = (struct option){0};
  *letters = '\0';
}

static const struct option_line *find_line(int value) {
  if (value >= FIRST_LONG_VALUE) {
    return &lines[value - FIRST_LONG_VALUE];
  }
  for (size_t i = 0; i < LINES; ++i) {
    if (lines[i].letter && lines[i].letter == value) {
      return &lines[i];
    }
  }
  return NULL;
}

static bool parse_options(const struct rst_command *command, struct rst_arguments *arguments) {
  struct option long_options[LINES + 1];
  char letters[2 * LINES + 2];
  make_tables(command->options, long_options, letters);
  opterr = 0;
  optind = 2;
  for (;;) {
    const int value = getopt_long(arguments->argc, arguments->argv, letters, long_options, NULL);
    if (value == -1) {
      return true;
    }
    const struct option_line *line = find_line(value);
    if (!line) {
      fprintf(stderr, "restrain: %s '%s'; see restrain help %s\n",
              value == ':' ? "a value is missing after" : "unknown option", arguments->argv[optind - 1],
              command->name);
      return false;
    }
    if (!apply(line, optarg, arguments)) {
      return false;
    }
  }
}

bool rst_arguments_parse(const struct rst_command *command, int argc, char **argv,
                         struct rst_arguments *arguments) {
  *arguments = (struct rst_arguments){.argc = argc, .argv = argv, .threads = 1};
  arguments->overrides = calloc((size_t)argc, sizeof *arguments->overrides);
  if (!arguments->overrides) {
    fputs("restrain: memory is exhausted\n", stderr);
    return false;
  }
  if (!parse_options(command, arguments)) {
    return false;
  }
  arguments->subject = optind < argc ? argv[optind] : NULL;
  arguments->subjects = argv + optind;
  arguments->subject_count = (size_t)(argc - optind);
  if (arguments->help || arguments->version) {
    return true;
  }
  if (arguments->subject_count > 1 && !command->takes_several && !arguments->merge && !arguments->verify) {
    fprintf(stderr, "restrain: one argument is expected, but '%s' follows '%s'; usage: restrain %s %s\n",
            argv[optind + 1], argv[optind], command->name, command->usage);
    return false;
  }
  if (command->needs_subject && !arguments->subject) {
    fprintf(stderr, "restrain: a file name is missing; usage: restrain %s %s\n", command->name,
            command->usage);
    return false;
  }
  if (arguments->resume && arguments->force) {
    fputs("restrain: --resume goes on with an output, --force replaces it: give one of them\n", stderr);
    return false;
  }
  return true;
}

void rst_arguments_clear(struct rst_arguments *arguments) {
  free(arguments->overrides);
  arguments->overrides = NULL;
}
