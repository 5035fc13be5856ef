/* SPDX-License-Identifier: MIT */
/*
 * mxvigil with a detector that is destroyed, made anew and recalled every few facts, of which
 * nobody is told: whatever a test says of `backtest` is to hold for this program too.
 *
 * The linker's --wrap sends the calls here. What the program takes for its engine is the patient;
 * calls inside the engine come here too, with the engine itself, and go on as they are.
 * MXVIGIL_INTERRUPT says how many facts lie between two interruptions.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/decide.h"
#include "monitor/decide/lexicon.h"
#include "monitor/decide/memory.h"
#include "resolvers/name.h"

#define EVERY_USUAL 997

struct row {
	struct row *next;
	uint8_t *bytes;
	size_t len;
	uint8_t name[NAME_WIRE_MAX + 1]; /* of all: 0 bytes */
	size_t name_len;
};

struct view_told {
	char name[64];
	bool authoritative;
	int64_t interval_ms;
};

static struct patient {
	struct decide *engine;
	struct decide_options options;
	struct view_told views[DECIDE_VIEWS_MAX];
	int views_len;
	struct lexicon by_name;
	struct row *rows;
	unsigned long facts;
	unsigned long every;
} patient;

int __real_decide_create(
	const struct decide_options *options, struct decide **ret_decide);
void __real_decide_destroy(struct decide *decide);
int __real_decide_view(
	struct decide *decide, const char *name, bool authoritative, int64_t interval_ms);
int __real_decide_answer(struct decide *decide, const struct decide_answer *answer);
int __real_decide_failure(
	struct decide *decide, const uint8_t *domain, int view, int64_t at);
int __real_decide_address(
	struct decide *decide, const char *host, const struct endpoint *address);
int __real_decide_delivery(struct decide *decide, const struct decide_delivery *delivery);
int __real_decide_advance(struct decide *decide, int64_t now);
int __real_decide_take(struct decide *decide, decide_incident_fn fn, void *owner);

int __wrap_decide_create(
	const struct decide_options *options, struct decide **ret_decide);
void __wrap_decide_destroy(struct decide *decide);
int __wrap_decide_view(
	struct decide *decide, const char *name, bool authoritative, int64_t interval_ms);
int __wrap_decide_answer(struct decide *decide, const struct decide_answer *answer);
int __wrap_decide_failure(
	struct decide *decide, const uint8_t *domain, int view, int64_t at);
int __wrap_decide_address(
	struct decide *decide, const char *host, const struct endpoint *address);
int __wrap_decide_delivery(struct decide *decide, const struct decide_delivery *delivery);
int __wrap_decide_advance(struct decide *decide, int64_t now);
int __wrap_decide_take(struct decide *decide, decide_incident_fn fn, void *owner);

static bool is_patient(const struct decide *decide)
{
	return (const void *)decide == (const void *)&patient;
}

static struct decide *engine_of(struct decide *decide)
{
	return is_patient(decide) ? patient.engine : decide;
}

/* --- the rows --- */

static const void *row_name(const void *thing, size_t *ret_len)
{
	const struct row *row = thing;
	*ret_len = row->name_len;
	return row->name;
}

static struct row *add_row(const uint8_t *name, size_t len)
{
	struct row *row = calloc(1, sizeof *row);
	if (row == NULL)
		err(1, "interrupted");
	if (len > 0)
		memcpy(row->name, name, len);
	row->name_len = len;
	row->next = patient.rows;
	patient.rows = row;
	if (lexicon_add(&patient.by_name, row) < 0)
		errx(1, "interrupted: no memory");
	return row;
}

static int keep(void *owner, const uint8_t *domain, const void *bytes, size_t len)
{
	const uint8_t *name = domain != NULL ? domain : (const uint8_t *)"";
	const size_t name_len = domain != NULL ? name_length(domain) : 0;
	struct row *row = lexicon_find(&patient.by_name, name, name_len);
	(void)owner;
	if (row == NULL)
		row = add_row(name, name_len);
	row->bytes = realloc(row->bytes, len);
	if (row->bytes == NULL)
		err(1, "interrupted");
	memcpy(row->bytes, bytes, len);
	row->len = len;
	return 0;
}

/* --- the interruption --- */

static void make_engine(void)
{
	if (__real_decide_create(&patient.options, &patient.engine) < 0)
		errx(1, "interrupted: cannot make an engine");
	for (int i = 0; i < patient.views_len; i++)
		if (__real_decide_view(patient.engine, patient.views[i].name,
			    patient.views[i].authoritative,
			    patient.views[i].interval_ms) != i)
			errx(1, "interrupted: view %s", patient.views[i].name);
}

static void interrupt(void)
{
	if (decide_remember(patient.engine, keep, NULL) != 0)
		errx(1, "interrupted: cannot remember");
	__real_decide_destroy(patient.engine);
	make_engine();
	for (const struct row *row = patient.rows; row != NULL; row = row->next) {
		const int error = decide_recall(patient.engine,
			row->name_len > 0 ? row->name : NULL, row->bytes, row->len);
		if (error < 0)
			errx(1, "interrupted: recalls not: %s", strerror(-error));
	}
}

static int after_fact(const struct decide *decide, int result)
{
	if (is_patient(decide) && result == 0 && ++patient.facts % patient.every == 0)
		interrupt();
	return result;
}

/* --- the calls --- */

int __wrap_decide_create(const struct decide_options *options, struct decide **ret_decide)
{
	const char *every = getenv("MXVIGIL_INTERRUPT");
	patient = (struct patient){
		.options = *options,
		.every = every != NULL ? strtoul(every, NULL, 10) : EVERY_USUAL,
	};
	if (patient.every == 0)
		errx(1, "MXVIGIL_INTERRUPT is a number");
	lexicon_init(&patient.by_name, row_name);
	make_engine();
	*ret_decide = (void *)&patient;
	return 0;
}

void __wrap_decide_destroy(struct decide *decide)
{
	__real_decide_destroy(engine_of(decide));
	if (!is_patient(decide))
		return;
	/* A test that interrupts nothing says nothing. */
	if (patient.facts >= patient.every && patient.rows == NULL)
		errx(1, "interrupted: was not");
	while (patient.rows != NULL) {
		struct row *row = patient.rows;
		patient.rows = row->next;
		free(row->bytes);
		free(row);
	}
	lexicon_finish(&patient.by_name);
}

int __wrap_decide_view(
	struct decide *decide, const char *name, bool authoritative, int64_t interval_ms)
{
	const int number =
		__real_decide_view(engine_of(decide), name, authoritative, interval_ms);
	if (is_patient(decide) && number == patient.views_len) {
		struct view_told *told = &patient.views[patient.views_len++];
		*told = (struct view_told){
			.authoritative = authoritative,
			.interval_ms = interval_ms,
		};
		strncpy(told->name, name, sizeof told->name - 1);
	}
	return number;
}

int __wrap_decide_answer(struct decide *decide, const struct decide_answer *answer)
{
	return after_fact(decide, __real_decide_answer(engine_of(decide), answer));
}

int __wrap_decide_failure(
	struct decide *decide, const uint8_t *domain, int view, int64_t at)
{
	return after_fact(
		decide, __real_decide_failure(engine_of(decide), domain, view, at));
}

int __wrap_decide_address(
	struct decide *decide, const char *host, const struct endpoint *address)
{
	return __real_decide_address(engine_of(decide), host, address);
}

int __wrap_decide_delivery(struct decide *decide, const struct decide_delivery *delivery)
{
	return after_fact(decide, __real_decide_delivery(engine_of(decide), delivery));
}

int __wrap_decide_advance(struct decide *decide, int64_t now)
{
	return __real_decide_advance(engine_of(decide), now);
}

int __wrap_decide_take(struct decide *decide, decide_incident_fn fn, void *owner)
{
	return __real_decide_take(engine_of(decide), fn, owner);
}
