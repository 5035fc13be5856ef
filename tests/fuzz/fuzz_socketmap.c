/* SPDX-License-Identifier: MIT */
/*
 * The input is what a client sends to the socketmap server: requests one after the other, each
 * judged. What is softened names a host and a domain that are held, and stays temporary.
 */
#include <string.h>

#include "monitor/protect/socketmap.h"
#include "monitor/protect/soften.h"
#include "tests/fuzz/target.h"

static const struct soften_entry entries[] = {
	{"mx.icloud.test", "online.test", INT64_MAX, false},
	{"mx.icloud.test", "other.test", 0, true},
	{"mx.small.test", "online.test", INT64_MAX, true},
};

static void judge(const struct soften *table, const struct socketmap_request *request)
{
	char status[SOFTEN_STATUS_MAX];
	char answer[SOCKETMAP_ANSWER_MAX];
	if (!soften_judge(table, request->key, request->key_len, 1, status))
		return;
	HOLDS(request->key[0] == '5' && status[0] == '4' && status[1] == '.');
	HOLDS(strlen(status) < SOFTEN_STATUS_MAX);
	HOLDS(memcmp(status + 1, request->key + 1, strlen(status) - 1) == 0);
	HOLDS(memmem(request->key, request->key_len, "host ", 5) != NULL);
	const size_t len = socketmap_answer("OK", status, answer);
	HOLDS(len == strlen(answer) && len < SOCKETMAP_ANSWER_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct socketmap_request request;
	struct soften *table;
	if (soften_create(entries, sizeof entries / sizeof *entries, &table) != 0)
		return 0;
	while (socketmap_take(bytes, size, &request) == SOCKETMAP_WHOLE) {
		HOLDS(request.taken <= size);
		HOLDS(request.map >= bytes && request.map_len > 0);
		HOLDS(request.key + request.key_len + 1 == bytes + request.taken);
		HOLDS(request.key_len < SOCKETMAP_REQUEST_MAX);
		judge(table, &request);
		bytes += request.taken;
		size -= request.taken;
	}
	soften_destroy(table);
	return 0;
}
