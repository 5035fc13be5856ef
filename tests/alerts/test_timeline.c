/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cairo.h>
#include <cmocka.h>

#include "alerts/timeline.h"
#include "alerts/timeline_draw.h"
#include "alerts/timeline_plan.h"

#define T0 INT64_C(1693341067000) /* 2023-08-29 20:31:07 */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define BLUE 0x0072b2
#define VERMILION 0xd55e00

static const struct timeline_span spans[] = {
	{T0 - 10 * HOUR, T0 - 10000, "IONOS", "10 mx00.ionos.de"},
	{T0, T0 + 3 * HOUR, "Apple iCloud", "10 mx01.mail.icloud.com"},
	{T0 + 3 * HOUR, T0 + 10 * HOUR, "IONOS", "10 mx00.ionos.de"},
};
static const struct timeline_gap gaps[] = {{T0 + 4 * HOUR, T0 + 5 * HOUR, "stopped"}};
static const struct timeline_lane lanes[] = {
	{"authoritative", spans, 3, NULL, 0},
	{"mta", spans, 3, gaps, 1},
};
static const struct timeline_bar bars[] = {
	{T0 - HOUR, T0 - HOUR + 5 * MINUTE, 10000, 0, 0, 0},
	{T0 + HOUR, T0 + HOUR + 5 * MINUTE, 10000, 2000, 5, 3000},
};
static const struct timeline_mark marks[] = {
	{T0, "MX moved"}, {T0 + 31000, "first bounce"}, {T0 + 3 * HOUR, "back"}};

static const struct timeline usual = {
	.title = "online.de: transient-hijack",
	.subtitle = "Moved from IONOS to Apple iCloud",
	.footer = "mxvigil",
	.from = T0 - 2 * HOUR,
	.to = T0 + 6 * HOUR,
	.incident_from = T0,
	.incident_to = T0 + 3 * HOUR,
	.lanes = lanes,
	.lanes_len = 2,
	.bars = bars,
	.bars_len = 2,
	.marks = marks,
	.marks_len = 3,
};

/* A picture in memory; to be freed. */
static char *write_form(
	const struct timeline *timeline, enum timeline_form form, size_t *ret_len)
{
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, ret_len);

	assert_non_null(out);
	assert_int_equal(timeline_write(timeline, form, 2, out), 0);
	assert_int_equal(fclose(out), 0);
	return bytes;
}

struct bytes {
	const unsigned char *at;
	size_t left;
};

static cairo_status_t on_read(void *owner, unsigned char *data, unsigned len)
{
	struct bytes *bytes = owner;

	if (len > bytes->left)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(data, bytes->at, len);
	bytes->at += len;
	bytes->left -= len;
	return CAIRO_STATUS_SUCCESS;
}

/* The PNG at twice its size, as it is seen; to be destroyed. */
static cairo_surface_t *see(const struct timeline *timeline)
{
	size_t len;
	char *png = write_form(timeline, TIMELINE_PNG, &len);
	struct bytes bytes = {(const unsigned char *)png, len};
	cairo_surface_t *seen =
		cairo_image_surface_create_from_png_stream(on_read, &bytes);

	assert_int_equal(cairo_surface_status(seen), CAIRO_STATUS_SUCCESS);
	assert_int_equal(cairo_image_surface_get_width(seen), 2 * TIMELINE_WIDTH);
	assert_int_equal(
		cairo_image_surface_get_height(seen), 2 * timeline_height(timeline));
	free(png);
	return seen;
}

static uint32_t colour_at(cairo_surface_t *seen, double x, double y)
{
	const unsigned char *data = cairo_image_surface_get_data(seen);
	uint32_t pixel;

	data += (size_t)(y * 2) * (size_t)cairo_image_surface_get_stride(seen);
	memcpy(&pixel, data + (size_t)(x * 2) * sizeof pixel, sizeof pixel);
	return pixel & 0xffffff;
}

/* How many pixels of a box have a colour. */
static size_t count(cairo_surface_t *seen, uint32_t colour, double x1, double y1,
	double x2, double y2)
{
	size_t found = 0;

	for (double y = y1; y < y2; y += 0.5)
		for (double x = x1; x < x2; x += 0.5)
			found += colour_at(seen, x, y) == colour;
	return found;
}

static void timeline_colours_spans_by_operator(void **state)
{
	cairo_surface_t *seen = see(&usual);
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&plan, &usual), 0);
	for (size_t i = 0; i < 2; i++) {
		const double y = plan.lanes_y + (double)i * plan.lane_step + 2;

		assert_int_equal(colour_at(seen, plan_x(&plan, T0 - HOUR), y), BLUE);
		assert_int_equal(colour_at(seen, plan_x(&plan, T0 + HOUR), y), VERMILION);
		assert_int_equal(
			colour_at(seen, plan_x(&plan, T0 + 7 * HOUR / 2), y), BLUE);
	}
	plan_finish(&plan);
	cairo_surface_destroy(seen);
}

static void timeline_hatches_gaps_over_spans(void **state)
{
	cairo_surface_t *seen = see(&usual);
	struct plan plan;
	double x1;
	double x2;
	double y;

	(void)state;
	assert_int_equal(plan_make(&plan, &usual), 0);
	x1 = plan_x(&plan, gaps[0].from) + 1;
	x2 = plan_x(&plan, gaps[0].to) - 1;
	y = plan.lanes_y;
	assert_true(count(seen, BLUE, x1, y, x2, y + plan.lane) > 1000);
	y += plan.lane_step;
	assert_int_equal(count(seen, BLUE, x1, y, x2, y + plan.lane), 0);
	assert_true(count(seen, 0xf5f7fa, x1, y, x2, y + plan.lane) > 200);
	/* A line of the hatching every 5 pixels along the rim. */
	size_t lines = 0;
	for (double x = x1; x < x2; x += 0.5)
		lines += colour_at(seen, x, y + 3) != 0xf5f7fa &&
			colour_at(seen, x - 0.5, y + 3) == 0xf5f7fa;
	assert_in_range(lines, (size_t)((x2 - x1) / 5) - 1, (size_t)((x2 - x1) / 5) + 1);
	plan_finish(&plan);
	cairo_surface_destroy(seen);
}

static void timeline_shows_few_bounces_beside_many_mails(void **state)
{
	cairo_surface_t *seen = see(&usual);
	struct plan plan;
	double x;

	(void)state;
	assert_int_equal(plan_make(&plan, &usual), 0);
	assert_int_equal(plan.bins.most, 15000);
	assert_int_equal(plan.bins.most_unknown, 5);
	x = plan_x(&plan, T0 + HOUR);
	x = plan_x(&plan, T0 + HOUR - (T0 + HOUR) % plan.bins.step_ms) + 1;
	assert_true(count(seen, MAIL_UNKNOWN, x, plan.unknown_y, x + 2,
			    plan.unknown_y + PLAN_UNKNOWN) > 200);
	assert_true(count(seen, MAIL_ACCEPTED, x, plan.mail_y, x + 2,
			    plan.mail_y + PLAN_MAIL) > 100);
	assert_true(count(seen, MAIL_DEFERRED, x, plan.mail_y, x + 2,
			    plan.mail_y + PLAN_MAIL) > 20);
	assert_int_equal(count(seen, MAIL_UNKNOWN, PLAN_LEFT, plan.unknown_y,
				 plan_x(&plan, T0), plan.axis_y),
		0);
	plan_finish(&plan);
	cairo_surface_destroy(seen);
}

static void timeline_marks_the_incident(void **state)
{
	struct timeline calm = usual;
	cairo_surface_t *seen = see(&usual);
	struct plan plan;
	double y;

	(void)state;
	assert_int_equal(plan_make(&plan, &usual), 0);
	y = plan.lanes_y + plan.lane + 3;
	assert_int_equal(colour_at(seen, plan_x(&plan, T0 + 100 * MINUTE), y), 0xfff3c4);
	assert_int_equal(colour_at(seen, plan_x(&plan, T0 - 100 * MINUTE), y), PAPER);
	assert_int_equal(plan.marks_len, 3);
	assert_int_equal(plan.marks[0].row, 0);
	assert_int_equal(plan.marks[1].row, 1);
	assert_int_equal(plan.marks[2].row, 0);
	cairo_surface_destroy(seen);
	calm.incident_from = 0;
	plan_finish(&plan);
	assert_int_equal(plan_make(&plan, &calm), 0);
	y = plan.lanes_y + plan.lane + 3;
	seen = see(&calm);
	assert_int_equal(colour_at(seen, plan_x(&plan, T0 + 100 * MINUTE), y), PAPER);
	plan_finish(&plan);
	cairo_surface_destroy(seen);
}

/* Ten seconds in a year, elsewhere and unseen. */
static void timeline_never_loses_a_short_change(void **state)
{
	const int64_t at = T0 + 100 * DAY;
	const struct timeline_span year[] = {
		{T0, at, "IONOS", "a"},
		{at, at + 10000, "evil.example", "b"},
		{at + 10000, T0 + 365 * DAY, "IONOS", "a"},
	};
	const struct timeline_gap gap = {
		T0 + 200 * DAY, T0 + 200 * DAY + 10000, "stopped"};
	const struct timeline_lane lane = {"mta", year, 3, &gap, 1};
	const struct timeline timeline = {
		.from = T0, .to = T0 + 365 * DAY, .lanes = &lane, .lanes_len = 1};
	cairo_surface_t *seen = see(&timeline);
	struct plan plan;
	double x;
	double y;

	(void)state;
	assert_int_equal(plan_make(&plan, &timeline), 0);
	x = plan_x(&plan, at);
	y = plan.lanes_y;
	assert_true(count(seen, VERMILION, x - 3, y, x + 3, y + plan.lane) >= 100);
	assert_true(count(seen, INK, x - 3, y - 6, x + 3, y - 1) > 10);
	x = plan_x(&plan, gap.from);
	assert_true(
		count(seen, INK, x - 3, y + plan.lane, x + 3, y + plan.lane + 3) >= 6);
	plan_finish(&plan);
	cairo_surface_destroy(seen);
}

static void timeline_is_bounded_whatever_comes(void **state)
{
	enum {
		MANY = 100000
	};
	static struct timeline_span many[MANY];
	static struct timeline_gap holes[MANY];
	static struct timeline_bar mails[MANY];
	static char names[MANY][12];
	const struct timeline_lane lane = {"mta", many, MANY, holes, MANY};
	struct timeline_lane all[40];
	struct timeline timeline = {.title = "many",
		.from = T0,
		.to = T0 + MANY * HOUR,
		.lanes = all,
		.lanes_len = 40,
		.bars = mails,
		.bars_len = MANY};
	size_t len;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		const int64_t at = T0 + (int64_t)i * HOUR;

		snprintf(names[i], sizeof names[i], "o%zu", i % 50000);
		many[i] = (struct timeline_span){at, at + 50 * MINUTE, names[i], "x"};
		holes[i] = (struct timeline_gap){at + 50 * MINUTE, at + HOUR, "y"};
		mails[i] = (struct timeline_bar){at, at + HOUR, 1, 1, 1, 1};
	}
	for (size_t i = 0; i < 40; i++)
		all[i] = i < 4 ? lane : (struct timeline_lane){"empty", NULL, 0, NULL, 0};
	for (enum timeline_form form = TIMELINE_SVG; form <= TIMELINE_PDF; form++) {
		free(write_form(&timeline, form, &len));
		assert_in_range(len, 5000, 2000000);
	}
	assert_in_range(timeline_height(&timeline), 300, 900);
}

static void timeline_makes_the_same_bytes_again(void **state)
{
	(void)state;
	for (enum timeline_form form = TIMELINE_SVG; form <= TIMELINE_PDF; form++) {
		size_t len;
		size_t again_len;
		char *bytes = write_form(&usual, form, &len);
		char *again = write_form(&usual, form, &again_len);

		assert_int_equal(len, again_len);
		assert_memory_equal(bytes, again, len);
		free(bytes);
		free(again);
	}
}

static void timeline_tells_in_words_what_it_shows(void **state)
{
	char *words = NULL;
	size_t len;
	FILE *out = open_memstream(&words, &len);

	(void)state;
	timeline_describe(&usual, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(words,
		"From 2023-08-29 18:31:07 to 2023-08-30 02:31:07 UTC. Incident from "
		"2023-08-29 20:31:07 to 2023-08-29 23:31:07. 2023-08-29 20:31:07: MX "
		"moved. 2023-08-29 20:31:38: first bounce. 2023-08-29 23:31:07: back. "
		"View "
		"authoritative: 2023-08-29 10:31:07 to 2023-08-29 20:30:57: IONOS (10 "
		"mx00.ionos.de). 2023-08-29 20:31:07 to 2023-08-29 23:31:07: Apple "
		"iCloud "
		"(10 mx01.mail.icloud.com). 2023-08-29 23:31:07 to 2023-08-30 06:31:07: "
		"IONOS (10 mx00.ionos.de). View mta: 2023-08-29 10:31:07 to 2023-08-29 "
		"20:30:57: IONOS (10 mx00.ionos.de). 2023-08-29 20:31:07 to 2023-08-29 "
		"23:31:07: Apple iCloud (10 mx01.mail.icloud.com). 2023-08-29 23:31:07 "
		"to "
		"2023-08-30 06:31:07: IONOS (10 mx00.ionos.de). Gaps: 1. Mails: 20000 "
		"accepted, 2000 deferred, 5 bounced as user unknown, 3000 bounced for "
		"other reasons.");
	free(words);
}

static void timeline_escapes_what_is_hostile(void **state)
{
	static const char *const hostile[] = {
		"</desc><script>alert(1)</script>",
		"]]>&amp;\"'<!--",
		"\x1b[31m\x07\r\n\t\x7f\xc2\x9b",
		"\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
		"\xef\xbf\xbe\xef\xbf\xbf",
		"\xe2\x80\xae"
		"evil\xe2\x81\xa6\xd8\xb9\xd7\x90",
	};
	char longest[70000];

	(void)state;
	memset(longest, 'w', sizeof longest);
	memcpy(longest + 319, "\xc3\xa4", 2);
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 0; i <= sizeof hostile / sizeof *hostile; i++) {
		const bool last = i == sizeof hostile / sizeof *hostile;
		const char *text = last ? longest : hostile[i];
		const struct timeline_span span = {T0, T0 + HOUR, text, text};
		const struct timeline_gap gap = {T0 + HOUR, T0 + 2 * HOUR, text};
		const struct timeline_lane lane = {text, &span, 1, &gap, 1};
		const struct timeline_mark mark = {T0 + HOUR, text};
		const struct timeline timeline = {text, text, text, 0, T0, T0 + 2 * HOUR,
			0, 0, &lane, 1, bars, 2, &mark, 1};
		size_t len;
		char *svg = write_form(&timeline, TIMELINE_SVG, &len);

		assert_null(strstr(svg, "<script"));
		assert_null(strstr(svg, "<!--"));
		assert_null(strstr(svg, "\xe2\x80\xae"));
		assert_null(strstr(svg, "\xef\xbf\xbe"));
		for (size_t j = 0; j < len; j++)
			assert_true(svg[j] == '\n' || (unsigned char)svg[j] >= ' ');
		free(svg);
		free(write_form(&timeline, TIMELINE_PDF, &len));
	}
}

static void timeline_takes_an_empty_and_an_endless_past(void **state)
{
	const struct timeline empty = {.from = 0};
	const struct timeline endless = {.from = INT64_MIN,
		.to = INT64_MAX,
		.incident_from = INT64_MIN,
		.incident_to = INT64_MAX,
		.bars = bars,
		.bars_len = 2};
	const struct timeline backwards = {.from = T0, .to = T0 - DAY};
	size_t len;

	(void)state;
	free(write_form(&empty, TIMELINE_SVG, &len));
	free(write_form(&endless, TIMELINE_PNG, &len));
	free(write_form(&backwards, TIMELINE_PDF, &len));
}

static void timeline_says_that_a_disk_is_full(void **state)
{
	(void)state;
	for (enum timeline_form form = TIMELINE_SVG; form <= TIMELINE_PDF; form++) {
		FILE *full = fopen("/dev/full", "we");

		assert_non_null(full);
		assert_int_equal(timeline_write(&usual, form, 2, full), -EIO);
		fclose(full);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeline_colours_spans_by_operator),
		cmocka_unit_test(timeline_hatches_gaps_over_spans),
		cmocka_unit_test(timeline_shows_few_bounces_beside_many_mails),
		cmocka_unit_test(timeline_marks_the_incident),
		cmocka_unit_test(timeline_never_loses_a_short_change),
		cmocka_unit_test(timeline_is_bounded_whatever_comes),
		cmocka_unit_test(timeline_makes_the_same_bytes_again),
		cmocka_unit_test(timeline_tells_in_words_what_it_shows),
		cmocka_unit_test(timeline_escapes_what_is_hostile),
		cmocka_unit_test(timeline_takes_an_empty_and_an_endless_past),
		cmocka_unit_test(timeline_says_that_a_disk_is_full),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
