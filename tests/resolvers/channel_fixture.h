/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * channel_fixture — a scripted name server and a channel that asks it, for the tests of both
 * transports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resolvers/channel.h"
#include "resolvers/wire.h"
#include "tests/fake/drive.h"
#include "tests/fake/fake_dns.h"

#define PATIENCE_MS 10000

static struct fake_dns *fake;
static struct drive drive;
static uint8_t name[NAME_WIRE_MAX];

static inline void script(const char *line)
{
	const char *why = "";
	if (fake_dns_script(fake, line, &why) < 0)
		fail_msg("%s: %s", line, why);
}

static inline int setup(void **state)
{
	(void)state;
	assert_int_equal(fake_dns_start("127.0.0.1", 0, &fake), 0);
	script("rule * MX an=MX:10,mx.example.test");
	drive_open(&drive, (struct channel_options){0});
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	drive_close(&drive);
	fake_dns_stop(fake);
	return 0;
}

static inline struct channel_query mx_query(const char *text)
{
	return drive_query(fake_dns_endpoint(fake), text, WIRE_TYPE_MX, name);
}

static inline const struct channel_counters *counters(void)
{
	return channel_counters(drive.channel);
}

/* The scripted answer, once. */
static inline void assert_true_answer(struct drive_answer *answer)
{
	assert_int_equal(answer->calls, 1);
	assert_int_equal(answer->outcome, CHANNEL_REPLY);
	struct wire_reader reader;
	struct wire_record record;
	uint16_t preference;
	uint8_t exchange[NAME_WIRE_MAX], mx[NAME_WIRE_MAX];
	assert_int_equal(wire_reader_init(&reader, answer->msg, answer->len), 0);
	assert_int_equal(wire_next(&reader, &record), 1);
	assert_int_equal(record.type, WIRE_TYPE_MX);
	assert_int_equal(wire_read_mx(&reader, &record, &preference, exchange), 0);
	assert_int_equal(name_parse("mx.example.test", mx), 0);
	assert_int_equal(preference, 10);
	assert_true(name_equal(exchange, mx));
}

static inline void ask_once(const char *text, struct drive_answer *answer)
{
	struct channel_query query = mx_query(text);
	drive_ask(&drive, &query, answer);
	drive_await(&drive, answer);
}
