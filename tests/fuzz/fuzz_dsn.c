/* SPDX-License-Identifier: MIT */
/* The input is a mail as anybody may send it. */
#include <string.h>

#include "monitor/ingest/dsn.h"
#include "monitor/ingest/report.h"
#include "tests/fuzz/target.h"

#define NOW_MS 1773500000000LL

static void check_text(const char *text, size_t size)
{
	HOLDS(strnlen(text, size) < size);
	HOLDS(strpbrk(text, "\r\n") == NULL);
}

static int on_report(void *owner, const struct report *report)
{
	unsigned *reports = owner;

	check_text(report->recipient, sizeof report->recipient);
	check_text(report->original, sizeof report->original);
	check_text(report->status, sizeof report->status);
	check_text(report->relay_host, sizeof report->relay_host);
	check_text(report->relay_ip, sizeof report->relay_ip);
	check_text(report->text, sizeof report->text);
	check_text(report->missing_name, sizeof report->missing_name);
	check_text(report->id, sizeof report->id);
	HOLDS(strchr(report->recipient, '@') != NULL);
	HOLDS(report->outcome >= DELIVERY_DELIVERED &&
		report->outcome <= DELIVERY_EXPIRED);
	HOLDS(report->count == 1);
	HOLDS(report->at >= 0 && report->at <= NOW_MS + 24LL * 60 * 60 * 1000);
	HOLDS(report->code == 0 || (report->code >= 200 && report->code < 600));
	++*reports;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned reports = 0;
	unsigned again = 0;
	const char *why = "";

	HOLDS(dsn_read(data, size, NOW_MS, on_report, &reports, &why) == 0);
	HOLDS((why == NULL) == (reports > 0));
	HOLDS(dsn_read(data, size, NOW_MS, on_report, &again, &why) == 0);
	HOLDS(again == reports);
	return 0;
}
