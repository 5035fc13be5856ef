/* SPDX-License-Identifier: MIT */
/* Lives through pasts made up of chance, with restarts and without. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/archive.h"
#include "monitor/decide/memory.h"
#include "monitor/operators.h"
#include "tests/monitor/decide/history.h"
#include "tests/monitor/decide/shelf.h"
#include "tests/monitor/decide/transcript.h"

static struct operators *operators;

static int setup(void **state)
{
	if (transcript_setup(state) < 0)
		return -1;
	operators = *state;
	return 0;
}

/* --- the same with interruptions as without --- */

struct pair {
	struct history history;
	struct history weather; /* chance that is not the world's */
	struct decide *steady;
	struct decide *broken;
	struct shelf shelf;
	struct transcript steady_says;
	struct transcript broken_says;
	size_t said;
	unsigned interruptions;
};

static void take_both(struct pair *pair)
{
	transcript_take(&pair->steady_says, pair->steady);
	transcript_take(&pair->broken_says, pair->broken);
	assert_string_equal(pair->broken_says.text, pair->steady_says.text);
	pair->said += pair->steady_says.len;
}

static void interrupt(struct pair *pair)
{
	decide_destroy(pair->broken);
	pair->broken = transcript_engine(operators, 0);
	shelf_recall(&pair->shelf,
		history_dice(&pair->weather, (unsigned)pair->shelf.len), pair->broken);
	pair->interruptions++;
}

static void step(struct pair *pair)
{
	struct fact fact;
	history_next(&pair->history, &fact);
	history_tell(&pair->history, &fact, pair->steady);
	history_tell(&pair->history, &fact, pair->broken);
	if (history_dice(&pair->weather, 2000) == 0) {
		decide_close(pair->steady, pair->steady_says.latest, fact.at);
		decide_close(pair->broken, pair->steady_says.latest, fact.at);
	}
	if (history_dice(&pair->weather, 20) != 0)
		return;
	take_both(pair);
	assert_int_equal(decide_remember(pair->broken, shelf_put, &pair->shelf), 0);
	if (history_dice(&pair->weather, 4) == 0)
		interrupt(pair);
}

static void compare_totals(struct pair *pair)
{
	const struct decide_totals a = decide_totals(pair->steady);
	const struct decide_totals b = decide_totals(pair->broken);
	assert_int_equal(a.domains, b.domains);
	assert_int_equal(a.open, b.open);
	assert_int_equal(a.relays_void, b.relays_void);
}

static uint32_t live(uint64_t seed, unsigned facts)
{
	struct pair pair = {
		.steady = transcript_engine(operators, 0),
		.broken = transcript_engine(operators, 0),
		.weather = {.chance = seed * 7919},
	};
	history_begin(&pair.history, seed);
	for (unsigned i = 0; i < facts; i++)
		step(&pair);
	take_both(&pair);
	compare_totals(&pair);
	assert_true(pair.interruptions > facts / 200);
	assert_true(pair.said > 0);
	const uint32_t kinds = pair.steady_says.kinds;
	decide_destroy(pair.steady);
	decide_destroy(pair.broken);
	shelf_finish(&pair.shelf);
	transcript_finish(&pair.steady_says);
	transcript_finish(&pair.broken_says);
	return kinds;
}

static void memory_goes_on_as_if_never_interrupted(void **state)
{
	uint32_t kinds = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++)
		kinds |= live(seed, 25000);
	/* The pasts are worth something only as far as they make the rules speak. */
	for (unsigned kind = INCIDENT_TRANSIENT_HIJACK; kind < INCIDENT_KINDS; kind++)
		if ((kinds & 1u << kind) == 0)
			fail_msg("no %s in any past", incident_kind_name(kind));
}

/* --- rows that make no sense --- */

static void reseal(const struct shelf_row *row, size_t at, uint8_t change, size_t len,
	struct archive *ret_archive)
{
	archive_begin(ret_archive);
	archive_store(ret_archive, row->bytes, len);
	if (at < len)
		ret_archive->bytes[at] = (uint8_t)(ret_archive->bytes[at] + change);
	assert_int_equal(archive_seal(ret_archive), 0);
}

/* What a version with an error may have written, with a digest that fits. */
static void memory_survives_nonsense(void **state)
{
	struct history history;
	struct fact fact;
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	struct archive archive = {.len = 0};
	unsigned refused = 0, taken = 0;
	(void)state;
	history_begin(&history, 99);
	for (unsigned i = 0; i < 30000; i++) {
		history_next(&history, &fact);
		history_tell(&history, &fact, decide);
	}
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	decide_destroy(decide);
	for (unsigned i = 0; i < 4000; i++) {
		const struct shelf_row *row =
			&shelf.rows[history_dice(&history, (unsigned)shelf.len)];
		const size_t len = row->len - 4;
		reseal(row, history_dice(&history, (unsigned)len),
			(uint8_t)(1 + history_dice(&history, 255)),
			history_dice(&history, 4) == 0
				? history_dice(&history, (unsigned)len)
				: len,
			&archive);
		decide = transcript_engine(operators, 0);
		const int error = decide_recall(decide, row->of_all ? NULL : row->name,
			archive.bytes, archive.len);
		assert_true(error == 0 || error == -EUCLEAN);
		refused += error != 0;
		taken += error == 0;
		/* And it can be worked with. */
		for (unsigned k = 0; k < 10; k++) {
			history_next(&history, &fact);
			history_tell(&history, &fact, decide);
		}
		assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
		decide_destroy(decide);
	}
	assert_true(refused > 400 && taken > 400);
	archive_finish(&archive);
	shelf_finish(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_goes_on_as_if_never_interrupted),
		cmocka_unit_test(memory_survives_nonsense),
	};
	return cmocka_run_group_tests_name(
		"memory_past", tests, setup, transcript_teardown);
}
