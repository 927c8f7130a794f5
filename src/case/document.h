/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DOCUMENT_H
#define RST_DOCUMENT_H

#include <libfyaml.h>

#include "case/report.h"
#include "case/value.h"

/** @file
 * A YAML document with the places of its nodes, and the overrides applied to it.
 */

struct rst_document {
  struct fy_diag *diagnostics;
  struct fy_parser *parser;
  struct fy_document *tree;
};

/** Read a whole file as NUL-terminated text. RST_ERROR_IO if it cannot be read, is a folder or is far larger
 * than any case. */
enum rst_status rst_read_text_file(struct rst_context *context, const char *path, char **text,
                                   size_t *length);

/** Parse one document; the text must stay while the document is in use. On false a fault has been reported:
 * at its own place for override 0, else at that override. An empty text is a fault. Clear in any case. */
bool rst_document_parse(struct rst_report *report, int override, const char *text, size_t length,
                        struct rst_document *document);
void rst_document_clear(struct rst_document *document);

/** The node itself or, for an alias, what it stands for (NULL if that does not exist). */
struct fy_node *rst_node_follow(struct fy_node *node);
/** The scalar of a node, which may be NULL (null); false for mappings and lists. */
bool rst_node_scalar(struct fy_node *node, struct rst_scalar *scalar);
/** Whether the node is NULL or a null. */
bool rst_node_null(struct fy_node *node);
/** rst_scalar_found(), "a mapping" or "a list". */
const char *rst_node_found(struct fy_node *node, char found[RST_FOUND_LENGTH]);

/** Place of a node: the override that set it, or where it begins; `otherwise` where neither is known. */
struct rst_place rst_node_place(struct fy_node *node, struct rst_place otherwise);
/** Place of the key of a pair, or the override that set its value. */
struct rst_place rst_pair_place(struct fy_node_pair *pair, struct rst_place otherwise);
/** The value of a key of a mapping; NULL if there is none. */
struct fy_node_pair *rst_node_lookup(struct fy_node *mapping, const char *key);

/** YAML's merge keys: give each mapping with a key "<<", a mapping or a list of them, the pairs of these that it lacks, the first
 * ones first. The keys "<<" stay and mean nothing more. Faults are reported. */
void rst_document_merge(struct rst_report *report, struct rst_document *document);
extern const char rst_merge_key[];

/** Apply the override of that number, "key.path=value", to the document: sections that the file lacks are
 * created, items of lists are named by their index; without a value the key, section or item is taken out. The nodes that it sets
 * keep the pointer. Faults are reported. */
void rst_override_apply(struct rst_report *report, const struct rst_keys *keys, int *number,
                        struct fy_document *tree);

/** Report that `name`, in the section `section` ("" or ending in a dot) of the table, is no key: with the
 * nearest valid one or with the valid ones. `prefix` goes before the table's paths. */
void rst_report_unknown_key(struct rst_report *report, struct rst_place place, const struct rst_keys *keys,
                            const char *prefix, const char *section, const char *name);

#endif
