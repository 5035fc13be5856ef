/* SPDX-License-Identifier: MIT */
#include "tests/alerts/sample.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

const unsigned char sample_png[] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00,
	0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
	0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00, 0x00,
	0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x60, 0x60, 0xf8,
	0x0f, 0x00, 0x01, 0x04, 0x01, 0x00, 0x5f, 0xe5, 0xc3, 0x4b, 0x00, 0x00, 0x00,
	0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
const size_t sample_png_len = sizeof sample_png;

static enum incident_state state_after(enum alert_event event)
{
	switch (event) {
	case ALERT_SUSPECTED:
		return INCIDENT_SUSPECTED;
	case ALERT_REVERTED:
		return INCIDENT_REVERTED;
	case ALERT_CLOSED:
		return INCIDENT_CLOSED;
	default:
		return INCIDENT_OPEN;
	}
}

static void fill_incident(
	struct sample *sample, enum incident_kind kind, enum incident_state state)
{
	const bool is_known = state >= INCIDENT_OPEN;

	sample->evidence[0] =
		(struct incident_evidence){"foreign-mx", 4.2, SAMPLE_T0 + 400,
			"The domain's own name servers and the view mta name hosts of "
			"Apple iCloud, "
			"where it never had its mail before."};
	sample->evidence[1] = (struct incident_evidence){"foreign-relay", 6.9,
		SAMPLE_T0 + 41000, "Mail went to mx01.mail.icloud.com and was refused."};
	sample->evidence[2] = (struct incident_evidence){"known-bounce", 3.1,
		SAMPLE_T0 + 42000,
		"412 recipients who took mail in the last 30 days bounced as unknown."};
	sample->incident = (struct incident){
		.number = 7,
		.domain = (const uint8_t *)"\006online\002de",
		.kind = kind,
		.kind_at_open = is_known ? kind : 0,
		.severity = SEVERITY_CRITICAL,
		.severity_now =
			state == INCIDENT_CLOSED ? SEVERITY_INFO : SEVERITY_CRITICAL,
		.state = state,
		.suspected_at = SAMPLE_T0 + 400,
		.opened_at = SAMPLE_T0 + (is_known ? 42000 : 400),
		.change_at = SAMPLE_T0,
		.change_not_before = SAMPLE_T0 - 10000,
		.first_bounce_at = is_known ? SAMPLE_T0 + 41000 : 0,
		.last_bounce_at = is_known ? SAMPLE_T0 + 11 * HOUR : 0,
		.reverted_at = state >= INCIDENT_REVERTED ? SAMPLE_T0 + 12 * HOUR : 0,
		.closed_at = state == INCIDENT_CLOSED ? SAMPLE_T0 + 15 * HOUR : 0,
		.from_operators = "IONOS\n",
		.to_operators = "Apple iCloud\n",
		.view = "mta",
		.recipients = is_known ? 4137 : 0,
		.bounces = is_known ? 5012 : 0,
		.deferrals = 12,
		.deliveries = 40213,
		.summary = "Mail for online.de goes to Apple iCloud, and valid users "
			   "bounce there.",
		.evidence = sample->evidence,
		.evidence_len = is_known ? 3 : 1,
	};
}

static void fill_views(struct sample *sample, enum incident_state state)
{
	static const char home[] = "10 mx00.ionos.de, 10 mx01.ionos.de";
	static const char away[] = "10 mx01.mail.icloud.com, 10 mx02.mail.icloud.com";
	const char *now = state >= INCIDENT_REVERTED ? home : away;

	sample->views[0] = (struct story_view){"authoritative", home, away, now};
	sample->views[1] = (struct story_view){"mta", home, away, now};
}

void sample_init(struct sample *sample, enum incident_kind kind, enum alert_event event)
{
	const enum incident_state state = state_after(event);

	fill_incident(sample, kind, state);
	fill_views(sample, state);
	sample->mail = (struct story_mail){14, 3, 96000, 4000};
	sample->one = (struct alert_case){
		.story = {.incident = &sample->incident,
			.id = "fra1-i7",
			.domain = kind == INCIDENT_SELF ? "" : "online.de",
			.views = sample->views,
			.views_len = SAMPLE_VIEWS,
			.mail = &sample->mail,
			.coverage =
				"The view authoritative was asked 4,320 times in that "
				"time, at most 10.4 s apart; the view mta 4,318 times, "
				"at "
				"most 20.1 s apart.",
			.leave = 31,
			.repeated = 212,
			.ttl_s = 3600},
		.event = event,
		.link = "https://mxvigil.example.com/incidents/fra1-i7",
		.reactivate = event == ALERT_CLOSED
			? "anna@online.de\nbernd@online.de\nclara@online.de\n"
			: NULL,
	};
	sample->alert = (struct alert){
		.id = event == ALERT_SUSPECTED ? "fra1-a12" : "fra1-a15",
		.at = SAMPLE_T0 + (state == INCIDENT_CLOSED ? 15 * HOUR : 50 * MINUTE),
		.site = "fra1",
		.ledger_head =
			"9f1c5f7d0b6a4c2e8d3f5a7b9c1d3e5f7a9b1c3d5e7f9a1b3c5d7e9f1a3"
			"b5c7d",
		.thread = event == ALERT_SUSPECTED ? NULL : "fra1-a12",
		.cases = &sample->one,
		.cases_len = 1,
		.event = event,
		.picture = sample_png,
		.picture_len = sample_png_len,
	};
}
