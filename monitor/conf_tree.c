/* SPDX-License-Identifier: MIT */
#include "monitor/conf_tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/conf.h"
#include "monitor/conf_node.h"
#include "resolvers/name.h"

#define QUOTED_BYTES 60 /* of foreign text that a message repeats */

char *conf_quote(const char *text, size_t len, char ret_quoted[CONF_QUOTED_MAX])
{
	FILE *out = fmemopen(ret_quoted, CONF_QUOTED_MAX, "w");
	bool whole = len <= QUOTED_BYTES;

	ret_quoted[0] = '\0';
	if (out == NULL)
		return ret_quoted;
	fputc('"', out);
	name_escape(NAME_SINK_LOG, text, whole ? len : QUOTED_BYTES, out);
	fputs(whole ? "\"" : "\"...", out);
	fclose(out);
	return ret_quoted;
}

int conf_node_blame(const struct conf_tree *tree, yaml_mark_t mark,
	struct conf_error *ret_error, const char *fmt, ...)
{
	char what[768];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	ret_error->code = -EINVAL;
	ret_error->line = (unsigned)mark.line + 1;
	ret_error->column = (unsigned)mark.column + 1;
	snprintf(ret_error->text, sizeof ret_error->text, "%.200s:%u:%u: %s", tree->file,
		ret_error->line, ret_error->column, what);
	return -EINVAL;
}

/* libyaml gives no mark for bytes that are no YAML at all, only their offset. */
static yaml_mark_t mark_of_offset(const char *text, size_t len, size_t offset)
{
	yaml_mark_t mark = {.index = offset};

	for (size_t i = 0; i < offset && i < len; i++) {
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static int blame_parser(const struct conf_tree *tree, const yaml_parser_t *parser,
	const char *text, size_t len, struct conf_error *ret_error)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		return conf_node_blame(tree,
			mark_of_offset(text, len, parser->problem_offset), ret_error,
			"found bytes that are no text (%s), expected UTF-8",
			parser->problem);
	return conf_node_blame(tree, parser->problem_mark, ret_error,
		"found something that is no YAML (%s%s%s)", parser->problem,
		parser->context != NULL ? ", " : "",
		parser->context != NULL ? parser->context : "");
}

/* Aliases could make a tree of any size out of a small file, and nothing here needs them. */
static int check_event(const struct conf_tree *tree, const yaml_event_t *event,
	unsigned *documents, struct conf_error *ret_error)
{
	if (event->type == YAML_ALIAS_EVENT)
		return conf_node_blame(tree, event->start_mark, ret_error,
			"found an alias, expected a value (aliases are not read here)");
	if (event->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
		return conf_node_blame(tree, event->start_mark, ret_error,
			"found a second document, expected the end of the file");
	return 0;
}

static void start_parser(yaml_parser_t *parser, const char *text, size_t len)
{
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)text, len);
}

static int check_events(const struct conf_tree *tree, const char *text, size_t len,
	struct conf_error *ret_error)
{
	yaml_parser_t parser;
	unsigned documents = 0;
	bool more = true;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	start_parser(&parser, text, len);
	while (err == 0 && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			err = blame_parser(tree, &parser, text, len, ret_error);
			break;
		}
		err = check_event(tree, &event, &documents, ret_error);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return err;
}

static int load_document(struct conf_tree *tree, const char *text, size_t len,
	struct conf_error *ret_error)
{
	yaml_parser_t parser;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	start_parser(&parser, text, len);
	if (!yaml_parser_load(&parser, &tree->document))
		err = blame_parser(tree, &parser, text, len, ret_error);
	yaml_parser_delete(&parser);
	return err;
}

int conf_tree_parse(const char *file, const char *text, size_t len,
	struct conf_tree **ret_tree, struct conf_error *ret_error)
{
	struct conf_tree *tree = calloc(1, sizeof *tree);
	int err = -ENOMEM;

	if (tree != NULL)
		tree->file = strdup(file);
	if (tree != NULL && tree->file != NULL)
		err = check_events(tree, text, len, ret_error);
	if (err == 0)
		err = load_document(tree, text, len, ret_error);
	if (err < 0) {
		conf_tree_free(tree);
		return err;
	}
	*ret_tree = tree;
	return 0;
}

void conf_tree_free(struct conf_tree *tree)
{
	if (tree == NULL)
		return;
	yaml_document_delete(&tree->document);
	free(tree->file);
	free(tree);
}

yaml_node_t *conf_node_root(const struct conf_tree *tree)
{
	/* libyaml takes the document without const, but does not write to it */
	return yaml_document_get_root_node((yaml_document_t *)(uintptr_t)&tree->document);
}

yaml_node_t *conf_node_at(const struct conf_tree *tree, int index)
{
	return yaml_document_get_node(
		(yaml_document_t *)(uintptr_t)&tree->document, index);
}

const char *conf_node_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool conf_tree_is_empty(const struct conf_tree *tree)
{
	const yaml_node_t *root = conf_node_root(tree);

	return root == NULL ||
		(root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0 &&
			root->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

static yaml_node_t *member_of(
	const struct conf_tree *tree, const yaml_node_t *map, const char *key, size_t len)
{
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
		pair < map->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = conf_node_at(tree, pair->key);

		if (name->type == YAML_SCALAR_NODE && name->data.scalar.length == len &&
			memcmp(conf_node_text(name), key, len) == 0)
			return conf_node_at(tree, pair->value);
	}
	return NULL;
}

static yaml_node_t *item_of(
	const struct conf_tree *tree, const yaml_node_t *list, size_t index)
{
	const yaml_node_item_t *start = list->data.sequence.items.start;
	size_t len = (size_t)(list->data.sequence.items.top - start);

	return index < len ? conf_node_at(tree, start[index]) : NULL;
}

void conf_tree_place(const struct conf_tree *tree, const char *path, unsigned *ret_line,
	unsigned *ret_column)
{
	const yaml_node_t *node = conf_node_root(tree);
	const yaml_node_t *found = node;

	while (node != NULL && *path != '\0') {
		if (*path == '[') {
			char *end = NULL;
			size_t index = strtoul(path + 1, &end, 10);

			node = node->type == YAML_SEQUENCE_NODE
				? item_of(tree, node, index)
				: NULL;
			path = end + 1;
		} else {
			size_t len;

			path += *path == '.';
			len = strcspn(path, ".[");
			node = node->type == YAML_MAPPING_NODE
				? member_of(tree, node, path, len)
				: NULL;
			path += len;
		}
		if (node != NULL)
			found = node;
	}
	*ret_line = found != NULL ? (unsigned)found->start_mark.line + 1 : 1;
	*ret_column = found != NULL ? (unsigned)found->start_mark.column + 1 : 1;
}

void conf_tree_blame(const struct conf_tree *tree, const char *path, const char *found,
	const char *expected, struct conf_error *ret_error)
{
	yaml_mark_t mark = {0};
	unsigned line;
	unsigned column;
	char quoted[CONF_QUOTED_MAX];

	conf_tree_place(tree, path, &line, &column);
	mark.line = line - 1;
	mark.column = column - 1;
	(void)conf_node_blame(tree, mark, ret_error, "%s: found %s, expected %s", path,
		found == NULL ? "nothing" : conf_quote(found, strlen(found), quoted),
		expected);
}
