/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * rules — what is made of what is known: move.c (the MX is elsewhere), fault.c (bounces and
 * deferrals), outage.c (no usable answer). Inside the detector.
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/decide/affair.h"

struct decide;
struct exchanges;
struct host;
struct look;
struct operator_entry;
struct subject;

/* Each looks at a subject at an instant. */
void move_reconsider(struct decide *decide, struct subject *subject, int64_t at);
void fault_reconsider(struct decide *decide, struct subject *subject, int64_t at);
void outage_reconsider(struct decide *decide, struct subject *subject, int64_t at);
void reconsider(struct decide *decide, struct subject *subject, int64_t at);
/* The DNS says something else, at home. */
void rotation_seen(struct decide *decide, struct subject *subject,
	const struct look *look, const struct exchanges *before);
/* Whether another to there, shortly after the last, is the same move. One that came to stay is
 * over: only its own hosts belong to it. */
bool move_goes_on(const struct subject *subject, const struct operator_entry *to);
#define MOVE_REOPEN_MS (6 * HOUR_MS)
/* A test of bounces has struck; see spike.h. host: who answered last, foreign. */
void move_alarm(struct decide *decide, struct subject *subject, const struct host *host,
	int64_t at);
/* A test of bounces has struck, of mail that a smart host sends on to where the MX is. */
void move_alarm_beyond(struct decide *decide, struct subject *subject, int64_t at);
/* known: that of recipients who had accepted mail before. */
void fault_alarm(struct decide *decide, struct subject *subject, bool known, int64_t at);
/* Says what the move is by what is known now, and opens it when that is enough. */
void move_judge(struct decide *decide, struct affair *affair, int64_t at);
/* The same, once the MX has been back for a while. */
void move_judge_late(struct decide *decide, struct affair *affair, int64_t at);
#define MOVE_LATE_MS (3 * HOUR_MS) /* after the return: a late verdict */
#define MOVE_MIGRATED_MS HOUR_MS /* at the least */
#define MOVE_STAYED_MS (3 * DAY_MS)
/* Another mail is deferred at the domain's own hosts. */
void fault_stuck(struct decide *decide, struct subject *subject, int64_t at);
/* Another mail met an exchange that has no address. */
void outage_missing(struct decide *decide, struct subject *subject, const uint8_t *target,
	int64_t at);
bool move_is_sibling(const struct decide *decide, const struct subject *subject,
	const struct operator_entry *to, int64_t at);

/* --- relays.c --- */
/* Counts an attempt, by the host that answered. */
void relays_count(
	struct decide *decide, const struct subject *subject, const struct host *host);
bool relays_are_void(const struct decide *decide);

/* --- hoster.c --- */
#define HOSTER_LEADERS 64
/* The affair is of a receiver that takes no mail: others at its hosts may belong to it. */
void hoster_lead(struct decide *decide, struct affair *affair);
/* Lets go of those that are over. */
void hoster_sweep(struct decide *decide);
/* The host took mail for the subject. */
void hoster_good(
	struct decide *decide, const struct subject *subject, const struct host *host);
/* Whether the subject's deferrals belong to an affair of another; it is counted there. */
bool hoster_takes(struct decide *decide, struct subject *subject, int64_t at)
	__attribute__((warn_unused_result));

/* --- outage.c --- */
void outage_view_changed(struct decide *decide, int view, int64_t at);
bool outage_is_sick(const struct decide *decide, int view, int64_t at);
/* Counts a domain that had mail, and whether its mail exchangers could not be looked up. */
void outage_count(struct decide *decide, struct subject *subject, int64_t at, bool lost);
void outage_self(struct decide *decide, int64_t at);

/* --- words.c --- */
/* "Apple iCloud and 2 others"; "" for none. */
char *words_operators(const struct operator_entry *const *list, unsigned len,
	char ret_text[AFFAIR_TEXT]);
char *words_summary(const struct affair *affair, char ret_text[AFFAIR_TEXT]);
