/* SPDX-License-Identifier: MIT */
/* The input is a row of the detector's memory without its digest, after a byte that says whether
 * it is that of all domains. The seeds are rows of chance pasts (tests/monitor/decide/history.c).
 * Whatever is believed can be worked with, and what is then remembered is believed again. */
#include <errno.h>

#include "monitor/decide/archive.h"
#include "monitor/decide/decide.h"
#include "monitor/decide/memory.h"
#include "monitor/operators.h"
#include "resolvers/mxset.h"
#include "tests/fuzz/target.h"

#define NOW INT64_C(1700000000000)
#define DAY INT64_C(86400000)

static const uint8_t domain[] = "\10domain-1\7example";
static const uint8_t exchange[] = "\5relay\5delta\7example";

static struct decide *make_engine(struct operators *operators)
{
	const struct decide_options options = {.operators = operators};
	struct decide *decide;
	HOLDS(decide_create(&options, &decide) == 0);
	HOLDS(decide_view(decide, "own-servers", true, 300000) == 0);
	HOLDS(decide_view(decide, "office", false, 300000) == 1);
	return decide;
}

static void work(struct decide *decide)
{
	const uint8_t hash[INCIDENT_HASH] = {1};
	struct mxset set = {0};
	HOLDS(mxset_add(&set, 10, exchange) == 0);
	const struct decide_answer answer = {
		.domain = domain,
		.view = 0,
		.at = NOW,
		.state = ANSWER_MX,
		.set = &set,
	};
	HOLDS(decide_answer(decide, &answer) == 0);
	mxset_finish(&set);
	for (int i = 0; i < 4; i++) {
		const struct decide_delivery delivery = {
			.domain = domain,
			.at = NOW + i,
			.outcome = i < 3 ? DELIVERY_BOUNCED : DELIVERY_DELIVERED,
			.reason = i < 3 ? REASON_USER_UNKNOWN : REASON_NONE,
			.remote = true,
			.accepted_before = true,
			.hash = hash,
			.relay_host = "relay.delta.example",
			.relay_ip = "192.0.2.1",
		};
		HOLDS(decide_delivery(decide, &delivery) == 0);
	}
	HOLDS(decide_failure(decide, domain, 1, NOW + 5) == 0);
	HOLDS(decide_advance(decide, NOW + 4 * DAY) == 0);
}

static int look(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len)
{
	(void)owner;
	(void)recipients;
	(void)recipients_len;
	HOLDS(serial > 0 && incident->summary != NULL && incident->view != NULL);
	HOLDS(incident_kind_name(incident->kind) != NULL);
	HOLDS(incident_state_name(incident->state) != NULL);
	return 0;
}

static int recall(void *owner, const uint8_t *name, const void *bytes, size_t len)
{
	HOLDS(decide_recall(owner, name, bytes, len) == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct operators *operators;
	static struct archive archive;
	struct operators_error error;
	if (operators == NULL)
		HOLDS(operators_create(NULL, NULL, &operators, &error) == 0);
	if (size == 0)
		return 0;
	archive_begin(&archive);
	archive_store(&archive, data + 1, size - 1);
	HOLDS(archive_seal(&archive) == 0);
	struct decide *decide = make_engine(operators);
	struct decide *next = make_engine(operators);
	const int result = decide_recall(
		decide, data[0] % 2 != 0 ? NULL : domain, archive.bytes, archive.len);
	HOLDS(result == 0 || result == -EUCLEAN);
	if (result != 0)
		HOLDS(decide_totals(decide).domains == 0);
	work(decide);
	HOLDS(decide_take(decide, look, NULL) == 0);
	HOLDS(decide_remember(decide, recall, next) == 0);
	decide_destroy(decide);
	decide_destroy(next);
	return 0;
}
