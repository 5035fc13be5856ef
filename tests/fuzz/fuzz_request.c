/* SPDX-License-Identifier: MIT */
/* The input is a request as anybody who reaches the control socket may send it, carried out on a
 * store that keeps what earlier ones did. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "monitor/ingest/reception.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/settings.h"
#include "monitor/operators.h"
#include "monitor/request.h"
#include "storage/store.h"
#include "tests/fuzz/target.h"

#define NOW INT64_C(1780272000000)

static char directory[] = "/tmp/mxvigil-fuzz-XXXXXX";
static struct store *store;
static struct settings settings = {.keep = DELIVERIES_KEEP_ADDRESS};

static void remove_store(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", "-journal"};
	char path[64];

	store_close(store);
	settings_finish(&settings);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		snprintf(path, sizeof path, "%s/db%s", directory, suffixes[i]);
		unlink(path);
	}
	rmdir(directory);
}

static void open_store(void)
{
	char path[64];
	struct store_error error;
	struct reply_rules_error rules_error;
	struct operators_error operators_error;

	HOLDS(reply_rules_create(NULL, &settings.rules, &rules_error) == 0);
	HOLDS(operators_create(NULL, NULL, &settings.operators, &operators_error) == 0);
	HOLDS(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/db", directory);
	HOLDS(store_open(
		      &(struct store_options){
			      .path = path, .site = "lab", .write = true, .now = NOW},
		      &store, &error) == 0);
	HOLDS(atexit(remove_store) == 0);
}

static void check_answer(json_t *answer)
{
	const json_t *ok = json_object_get(answer, "ok");
	char *text = json_dumps(answer, JSON_COMPACT);

	HOLDS(text != NULL && strchr(text, '\n') == NULL);
	HOLDS(json_is_boolean(ok));
	if (json_is_false(ok)) {
		const char *code = json_string_value(json_object_get(answer, "code"));

		HOLDS(json_is_string(json_object_get(answer, "error")));
		HOLDS(code != NULL &&
			(strcmp(code, "EINVAL") == 0 || strcmp(code, "ENOENT") == 0 ||
				strcmp(code, "ESTALE") == 0));
	}
	free(text);
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reception_moved moved = {0};
	json_t *answer = NULL;
	json_t *request;

	if (store == NULL)
		open_store();
	request = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	if (request == NULL)
		return 0;
	if (reception_is_asked(request))
		HOLDS(reception_apply(&settings, store, request, NOW, &moved, &answer) ==
			0);
	else
		HOLDS(request_apply(store, request, NOW, &answer) == 0);
	check_answer(answer);
	json_decref(request);
	return 0;
}
