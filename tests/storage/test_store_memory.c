/* SPDX-License-Identifier: MIT */
/* A machine without memory: the Nth allocation fails, for every N, SQLite's included. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/retention.h"
#include "tests/storage/fixture.h"
#include "tests/storage/reading.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

static struct {
	bool armed;
	bool failed;
	long countdown;
} memory;

#ifndef HAS_SANITIZER
/* glibc's own, under the names of ours below. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void *reallocarray(void *old, size_t count, size_t size);

static bool is_out(void)
{
	if (!memory.armed || --memory.countdown != 0)
		return false;
	memory.failed = true;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return is_out() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_out() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return is_out() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	return is_out() ? NULL : __libc_realloc(old, count * size);
}
#endif

static bool disarm(void)
{
	memory.armed = false;
	return memory.failed;
}

static void arm(long call)
{
#ifdef HAS_SANITIZER
	skip(); /* it has an allocator of its own */
#endif
	memory.failed = false;
	memory.countdown = call;
	memory.armed = true;
}

struct batch {
	struct answer_value before;
	struct answer_value after;
	const uint8_t *message;
};

/* One of each record. */
static char text[512];

static int write_batch(struct store *store, const struct batch *batch, int64_t at)
{
	struct store_error error = {0};
	const struct pulse pulse = {.last_at = at, .confirmed_at = at, .polls = 2};
	const struct evidence evidence = {
		.message = batch->message, .len = 4, .server = "192.0.2.1:53", .at = at};
	store_begin(store);
	history_close_span(store, 1, NULL, &pulse);
	history_open_span(store, 1,
		&(struct span){.rrtype = RECORD_TYPE_MX,
			.answer = batch->after,
			.first_at = at + 2,
			.not_before_at = at});
	history_add_change(store, 1,
		&(struct change){.rrtype = RECORD_TYPE_MX,
			.at = at + 2,
			.not_before_at = at,
			.confirmed_by = CONFIRMED_TCP,
			.from = batch->before,
			.to = batch->after},
		&evidence, 1);
	history_add_suspicion(store, 1,
		&(struct suspicion){.server = "192.0.2.2:53",
			.at = at,
			.held = batch->before,
			.seen = batch->after,
			.why = "tie"},
		&evidence, 1);
	history_add_gap(store, 1, NULL, at, at + 1, GAP_CLOCK);
	history_add_bucket(
		store, &(struct bucket){.point = 1, .from_at = at, .length_ms = HOUR});
	history_put_pulses(store, 0, &pulse, 1);
	int code = store_commit(store, at + 2, &error);
	memcpy(text, error.text, sizeof text);
	return code;
}

/* Every allocation of writing a batch fails in turn: it is there in whole or not at all, and the
 * next try succeeds. */
static void store_writes_again_after_want_of_memory(void **state)
{
	struct fixture *fixture = *state;
	struct batch batch = {.before = answer_of("10 a.example"),
		.after = answer_of("20 b.example"),
		.message = (const uint8_t *)"wire"};
	fixture_point(fixture, "a.example", "mta");
	store_begin(fixture->store);
	fixture_open_span(fixture, 1, NULL, "10 a.example", T0 - SECOND, 0);
	fixture_commit(fixture, T0);
	bool failed = true;
	int refused = 0;
	int64_t batches = 1;
	for (long call = 1; failed; call++) {
		arm(call);
		int code = write_batch(fixture->store, &batch, T0 + batches * SECOND);
		failed = disarm();
		if (code != 0 && (!failed || code != -ENOMEM))
			fail_msg("allocation %ld: %d %s", call, code, text);
		refused += code != 0;
		if (code != 0)
			assert_int_equal(write_batch(fixture->store, &batch,
						 T0 + batches * SECOND),
				0);
		batches++;
		struct answer_value swap = batch.before;
		batch.before = batch.after;
		batch.after = swap;
	}
	assert_true(refused > 10);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM span"), batches);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM ledger"), batches);
	assert_true(reading_holds(fixture->store));
}

/* Reading, verifying, opening and pruning. */
static bool read_once(struct fixture *fixture)
{
	struct store *reader = NULL;
	struct store_error error;
	const struct store_options options = {.path = fixture->path, .now = T0};
	int code = store_open(&options, &reader, &error);
	bool done = code == 0 && reading_everything(reader) && reading_holds(reader);
	store_close(reader);
	return done;
}

static void store_reads_again_after_want_of_memory(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	bool failed = true;
	int refused = 0;
	assert_true(read_once(fixture));
	for (long call = 1; failed; call += call < 200 ? 1 : 7) {
		arm(call);
		bool done = read_once(fixture);
		failed = disarm();
		assert_true(done || failed);
		refused += !done;
	}
	assert_true(refused > 100);
	assert_true(read_once(fixture));
}

static void store_opens_again_after_want_of_memory(void **state)
{
	struct fixture *fixture = *state;
	bool failed = true;
	int refused = 0;
	fixture_fill(fixture);
	fixture_close(fixture);
	for (long call = 1; failed; call++) {
		struct store_error error = {0};
		int more;
		arm(call);
		int code = store_open(
			&(struct store_options){
				.path = fixture->path, .write = true, .now = T0},
			&fixture->store, &error);
		if (code == 0)
			code = retention_prune(
				fixture->store, T0 + 1, 1, T0 + 9 * HOUR, &more, &error);
		failed = disarm();
		assert_true(code == 0 || (failed && *error.text != '\0'));
		refused += code != 0;
		fixture_close(fixture);
	}
	assert_true(refused > 10);
	fixture_open(fixture);
	assert_true(reading_holds(fixture->store));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(store_writes_again_after_want_of_memory,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(store_reads_again_after_want_of_memory,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(store_opens_again_after_want_of_memory,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("store_memory", tests, NULL, NULL);
}
