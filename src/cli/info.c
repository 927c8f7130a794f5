/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "core/core.h"

/* A file that cannot be read is damaged as a whole. */
static bool verify(struct rst_context *context, const char *path, bool json, struct rst_text *results) {
  char *text = NULL;
  bool intact = false;
  if (rst_archive_verify(context, path, json, &text, &intact) == RST_OK) {
    rst_text_add(results, "%s", text);
  } else if (json) {
    const struct rst_member members[] = {{"file", path, 0.0}, {"error", rst_context_message(context), 0.0}};
    rst_text_add_object(results, members, sizeof members / sizeof *members);
  } else {
    rst_text_add(results, "%s: damaged: %s\n", path, rst_context_message(context));
  }
  free(text);
  return intact;
}

static enum rst_exit verify_all(struct rst_context *context, const struct rst_arguments *arguments) {
  struct rst_text results = {0};
  bool intact = true;
  rst_text_add(&results, arguments->json ? "{\"files\": [" : "");
  for (size_t i = 0; i < arguments->subject_count; ++i) {
    rst_text_add(&results, arguments->json && i > 0 ? ", " : "");
    intact = verify(context, arguments->subjects[i], arguments->json, &results) && intact;
  }
  rst_text_add(&results, arguments->json ? "]}" : "");
  const enum rst_exit printed = rst_print_text(&results);
  return printed == RST_EXIT_DONE && !intact ? RST_EXIT_IO : printed;
}

static int is_result(const struct dirent *entry) {
  const char *suffix = strrchr(entry->d_name, '.');
  return suffix && strcmp(suffix, ".h5") == 0 && !strstr(entry->d_name, ".checkpoint");
}

/* Name the results in a folder, or at least the first ones. */
static enum rst_status fail_folder(struct rst_context *context, const char *path) {
  enum { SHOWN = 10 };
  struct dirent **found = NULL;
  const int count = scandir(path, &found, is_result, alphasort);
  struct rst_text list = {0};
  for (int i = 0; i < count; ++i) {
    if (i < SHOWN) {
      rst_text_add(&list, "%s%s", i > 0 ? ", " : "", found[i]->d_name);
    }
    free(found[i]);
  }
  free(found);
  if (count > SHOWN) {
    rst_text_add(&list, " and %d more", count - SHOWN);
  }
  RST_SCOPED char *names = rst_text_take(&list);
  return count > 0 && names
             ? rst_fail(context, RST_ERROR_IO, "%s is a folder; name a file in it: %s", path, names)
             : rst_fail(context, RST_ERROR_IO, "%s is a folder; name a file in it (it holds no result, *.h5)",
                        path);
}

static enum rst_status describe(struct rst_context *context, const struct rst_arguments *arguments,
                                char **text) {
  struct stat information;
  const bool is_folder = stat(arguments->subject, &information) == 0 && S_ISDIR(information.st_mode);
  return is_folder ? fail_folder(context, arguments->subject)
                   : rst_archive_describe(context, arguments->subject, arguments->json, text);
}

enum rst_exit rst_command_info(struct rst_context *context, const struct rst_arguments *arguments) {
  char *text = NULL;
  if (arguments->verify) {
    return verify_all(context, arguments);
  }
  const enum rst_status status = describe(context, arguments, &text);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  fputs(text, stdout);
  free(text);
  return RST_EXIT_DONE;
}
