/* SPDX-License-Identifier: MIT */
/* The input is a DNS message. What wire and answer make of it has to agree, and what is printed of
 * it has to be harmless. */
#include <string.h>

#include "resolvers/answer.h"
#include "resolvers/name.h"
#include "resolvers/wire.h"
#include "tests/fuzz/target.h"

static const struct digest_key key = {1, 2};

/* The question's name, else that of another question. */
static void find_name(const uint8_t *data, size_t size, uint8_t name[NAME_WIRE_MAX])
{
	struct wire_reader reader = {.msg = data, .len = size};

	if (wire_read_name(&reader, 12, name, NULL) < 0)
		memcpy(name, "\7example\3com", 13);
}

static void check_set(const struct answer *answer)
{
	const struct mxset *set = &answer->set;
	enum answer_state state = answer->summary.state;
	struct mxset back;
	uint8_t *bytes;
	size_t len;

	HOLDS(set->len <= answer->summary.records);
	HOLDS(digest_equal(answer->summary.digest, digest_answer(&key, state, set)));
	if (mxset_encode(state, set, &bytes, &len) < 0)
		return;
	HOLDS(mxset_decode(bytes, len, &state, &back) == 0);
	HOLDS(state == answer->summary.state && mxset_equal(set, &back));
	mxset_finish(&back);
	free(bytes);
}

static void check_answer(
	const uint8_t *data, size_t size, const uint8_t *name, uint16_t type)
{
	struct answer answer;

	if (answer_read(data, size, name, type, &key, &answer) < 0)
		return;
	const struct wire_summary *summary = &answer.summary;
	HOLDS(answer_state_is_usable(summary->state) == (summary->why == NULL));
	HOLDS(summary->state != ANSWER_TIMEOUT && summary->state != ANSWER_NETWORK);
	HOLDS(!summary->alias_only || summary->alias_len > 0);
	HOLDS(summary->alias_len == 0 ||
		name_length(summary->alias) == summary->alias_len);
	if (answer_state_is_usable(summary->state))
		check_set(&answer);
	else
		HOLDS(answer.set.len == 0);
	answer_finish(&answer);
}

static void check_print(const uint8_t *data, size_t size)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	int r = answer_print(data, size, out);
	if (fclose(out) == 0 && r == 0) {
		HOLDS(strlen(text) == len);
		HOLDS(len > 0 && text[len - 1] == '\n');
		for (size_t i = 0; i < len; i++) {
			uint8_t byte = (uint8_t)text[i];
			HOLDS(byte >= ' ' || byte == '\n' || byte == '\t');
			HOLDS(byte != 0x7f);
		}
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t name[NAME_WIRE_MAX];

	if (size > WIRE_MESSAGE_MAX)
		return 0;
	find_name(data, size, name);
	if (wire_is_reply(data, size, 0x1234, name, WIRE_TYPE_MX)) {
		struct wire_reader reader;
		HOLDS(wire_reader_init(&reader, data, size) == 0);
	}
	static const uint16_t types[] = {WIRE_TYPE_MX, WIRE_TYPE_A, WIRE_TYPE_AAAA};
	for (size_t i = 0; i < 3; i++)
		check_answer(data, size, name, types[i]);
	check_print(data, size);
	return 0;
}
