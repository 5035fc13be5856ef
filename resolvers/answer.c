/* SPDX-License-Identifier: MIT */
#include "resolvers/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "resolvers/address.h"
#include "resolvers/name.h"

#define HEADER_LEN 12
#define CLASS_IN 1
#define RDATA_MAX                                                                        \
	530 /* SOA: two names and five numbers; what is larger is shown as hex */
#define HEX_MAX 64 /* bytes of rdata shown as hex */
#define OPTION_TEXT_MAX 256
#define RECORDS_MAX 512 /* records shown */

/* The record types that ldns may see: those whose rdata is bytes, then names that may be compressed
 * (RFC 3597 section 4 forbids it in later types), then bytes. */
static const struct layout {
	uint16_t type;
	uint8_t before; /* bytes before the names */
	uint8_t names;
	uint8_t after; /* bytes after them */
	bool open; /* any number of bytes after them */
	uint8_t fields; /* that ldns makes of it, at least */
} layouts[] = {
	{.type = LDNS_RR_TYPE_A, .after = 4, .fields = 1},
	{.type = LDNS_RR_TYPE_NS, .names = 1, .fields = 1},
	{.type = LDNS_RR_TYPE_CNAME, .names = 1, .fields = 1},
	{.type = LDNS_RR_TYPE_SOA, .names = 2, .after = 20, .fields = 7},
	{.type = LDNS_RR_TYPE_PTR, .names = 1, .fields = 1},
	{.type = LDNS_RR_TYPE_MX, .before = 2, .names = 1, .fields = 2},
	{.type = LDNS_RR_TYPE_TXT, .open = true, .fields = 1},
	{.type = LDNS_RR_TYPE_AAAA, .after = 16, .fields = 1},
};

static const struct layout *find_layout(uint16_t type)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

/* Writes the record's rdata without compression. Returns its length, or -EBADMSG where it is not
 * what its type says or is too large. */
static ssize_t expand(struct wire_reader *reader, const struct wire_record *record,
	const struct layout *layout, uint8_t rdata[RDATA_MAX])
{
	size_t at = record->rdata;
	size_t end = at + record->rdlength;
	size_t len = layout->before;

	if (record->rdlength > RDATA_MAX || record->rdlength < layout->before)
		return -EBADMSG;
	memcpy(rdata, reader->msg + at, layout->before);
	at += layout->before;
	for (int i = 0; i < layout->names; i++) {
		if (wire_read_name(reader, at, rdata + len, &at) < 0)
			return -EBADMSG;
		len += name_length(rdata + len);
	}
	if (at > end || (!layout->open && end - at != layout->after))
		return -EBADMSG;
	memcpy(rdata + len, reader->msg + at, end - at);
	return (ssize_t)(len + (end - at));
}

/* Hands the record to ldns, alone and expanded. Returns 0, -EBADMSG for a record that is not for
 * ldns, or -ENOMEM. ret_rr is to be freed with ldns_rr_free(). */
static int to_ldns(
	struct wire_reader *reader, const struct wire_record *record, ldns_rr **ret_rr)
{
	uint8_t bytes[NAME_WIRE_MAX + 10 + RDATA_MAX];
	uint8_t rdata[RDATA_MAX];
	const struct layout *layout = find_layout(record->type);

	if (layout == NULL)
		return -EBADMSG;
	ssize_t rdlength = expand(reader, record, layout, rdata);
	if (rdlength < 0)
		return -EBADMSG;

	size_t len = name_length(record->owner);
	memcpy(bytes, record->owner, len);
	ldns_write_uint16(bytes + len, record->type);
	ldns_write_uint16(bytes + len + 2, record->class);
	ldns_write_uint32(bytes + len + 4, record->ttl);
	ldns_write_uint16(bytes + len + 8, (uint16_t)rdlength);
	memcpy(bytes + len + 10, rdata, (size_t)rdlength);

	ldns_rr *rr = NULL;
	size_t pos = 0;
	ldns_status status = ldns_wire2rr(
		&rr, bytes, len + 10 + (size_t)rdlength, &pos, LDNS_SECTION_ANSWER);
	if (status == LDNS_STATUS_MEM_ERR)
		return -ENOMEM;
	if (status != LDNS_STATUS_OK)
		return -EBADMSG;
	/* An rdlength of 0 is success to ldns, with a record that has no fields. */
	if (ldns_rr_rd_count(rr) < layout->fields) {
		ldns_rr_free(rr);
		return -EBADMSG;
	}
	*ret_rr = rr;
	return 0;
}

/* The bytes of an address record, which needs no ldns. */
static int add_address(
	struct mxset *set, const uint8_t *msg, const struct wire_record *record)
{
	uint8_t name[ADDRESS_NAME_MAX];

	if (record->rdlength != (record->type == WIRE_TYPE_A ? 4 : 16))
		return -EBADMSG;
	address_to_name(msg + record->rdata, record->rdlength, name);
	return mxset_add(set, 0, name);
}

static int add_exchange(struct mxset *set, const ldns_rr *rr)
{
	const ldns_rdf *exchange = ldns_rr_rdf(rr, 1);

	if (ldns_rr_rd_count(rr) != 2 ||
		ldns_rdf_get_type(exchange) != LDNS_RDF_TYPE_DNAME)
		return -EBADMSG;
	return mxset_add(
		set, ldns_rdf2native_int16(ldns_rr_rdf(rr, 0)), ldns_rdf_data(exchange));
}

static int add_record(
	struct wire_reader *reader, const struct wire_record *record, struct mxset *set)
{
	ldns_rr *rr;

	if (record->type != WIRE_TYPE_MX)
		return add_address(set, reader->msg, record);
	int r = to_ldns(reader, record, &rr);
	if (r < 0)
		return r;
	r = add_exchange(set, rr);
	ldns_rr_free(rr);
	return r;
}

/* Fills the set from a message that wire_summarise() could read. */
static int collect(const uint8_t *msg, size_t len, const uint8_t *owner, uint16_t type,
	struct mxset *set)
{
	struct wire_reader reader;
	struct wire_record record;
	int r = wire_reader_init(&reader, msg, len);

	while (r == 0 && wire_next(&reader, &record) > 0 &&
		record.section == WIRE_ANSWER) {
		if (record.type == type && record.class == CLASS_IN &&
			name_equal(record.owner, owner))
			r = add_record(&reader, &record, set);
	}
	return r;
}

int answer_read(const uint8_t *msg, size_t len, const uint8_t *name, uint16_t type,
	const struct digest_key *key, struct answer *ret_answer)
{
	struct answer answer = {0};
	struct wire_summary *summary = &answer.summary;
	int r = 0;

	wire_summarise(msg, len, name, type, key, summary);
	if (summary->state == ANSWER_MX || summary->state == ANSWER_NULL_MX)
		r = collect(msg, len, summary->alias_len > 0 ? summary->alias : name,
			type, &answer.set);
	if (r < 0)
		mxset_finish(&answer.set);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		summary->state = ANSWER_MALFORMED;
		summary->why = "an MX record is none to ldns";
	}
	*ret_answer = answer;
	return 0;
}

void answer_finish(struct answer *answer)
{
	mxset_finish(&answer->set);
}

static void print_head(const struct wire_head *head, FILE *out)
{
	static const char *const statuses[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
	static const struct {
		uint16_t flag;
		const char *name;
	} flags[] = {{WIRE_QR, "qr"}, {WIRE_AA, "aa"}, {WIRE_TC, "tc"}, {WIRE_RD, "rd"},
		{WIRE_RA, "ra"}, {WIRE_AD, "ad"}};
	unsigned rcode = head->flags & 0x0f;

	fprintf(out, ";; ->>HEADER<<- opcode: %u, status: ", head->flags >> 11 & 0x0fu);
	if (rcode < sizeof statuses / sizeof *statuses)
		fputs(statuses[rcode], out);
	else
		fprintf(out, "RCODE%u", rcode);
	fprintf(out, ", id: %u\n;; flags:", head->id);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (head->flags & flags[i].flag)
			fprintf(out, " %s", flags[i].name);
	fprintf(out, "; QUERY: %u, ANSWER: %u, AUTHORITY: %u, ADDITIONAL: %u\n",
		head->questions, head->answers, head->authorities, head->additionals);
}

static void print_hex(const uint8_t *bytes, size_t len, FILE *out)
{
	for (size_t i = 0; i < len && i < HEX_MAX; i++)
		fprintf(out, "%02x", bytes[i]);
	if (len > HEX_MAX)
		fputs("...", out);
}

/* "NAME.", class and type, as all lines of a record start. Returns 0 or -ENOMEM. */
static int print_owner(const uint8_t *owner, const uint32_t *ttl, uint16_t class,
	uint16_t type, FILE *out)
{
	char text[NAME_TEXT_MAX];
	char *class_text = ldns_rr_class2str(class);
	char *type_text = ldns_rr_type2str(type);
	int r = class_text != NULL && type_text != NULL ? 0 : -ENOMEM;

	if (r == 0) {
		fprintf(out, "%s.\t", name_format(owner, text));
		if (ttl != NULL)
			fprintf(out, "%u\t", *ttl);
		fprintf(out, "%s\t%s", class_text, type_text);
	}
	free(class_text);
	free(type_text);
	return r;
}

static int print_question(const uint8_t *msg, size_t len, FILE *out)
{
	struct wire_reader reader = {.msg = msg, .len = len};
	uint8_t name[NAME_WIRE_MAX];
	size_t at;

	if (wire_read_name(&reader, HEADER_LEN, name, &at) < 0)
		return 0;
	fputs("\n;; QUESTION SECTION:\n;", out);
	int r = print_owner(name, NULL, ldns_read_uint16(msg + at + 2),
		ldns_read_uint16(msg + at), out);
	putc('\n', out);
	return r;
}

/* A tab is what ldns writes between fields only; inside it writes \009. */
static void print_fields(const char *text, FILE *out)
{
	size_t len = strcspn(text, "\t\n");

	name_escape(NAME_SINK_TERMINAL, text, len, out);
	while (text[len] == '\t') {
		text += len + 1;
		putc('\t', out);
		len = strcspn(text, "\t\n");
		name_escape(NAME_SINK_TERMINAL, text, len, out);
	}
	putc('\n', out);
}

static void print_option(unsigned code, const uint8_t *bytes, size_t len, FILE *out)
{
	if (code == LDNS_EDNS_EDE && len >= 2) {
		size_t text_len = len - 2;

		if (text_len > OPTION_TEXT_MAX)
			text_len = OPTION_TEXT_MAX;
		fprintf(out, "; EDE: %u: ", ldns_read_uint16(bytes));
		name_escape(NAME_SINK_TERMINAL, (const char *)bytes + 2, text_len, out);
	} else {
		fprintf(out, "; OPT=%u: ", code);
		print_hex(bytes, len, out);
	}
	putc('\n', out);
}

static void print_opt(const uint8_t *msg, const struct wire_record *record, FILE *out)
{
	const uint8_t *at = msg + record->rdata;
	size_t left = record->rdlength;

	fprintf(out, "; EDNS: version: %u, extended rcode: %u, udp: %u\n",
		record->ttl >> 16 & 0xff, record->ttl >> 24, record->class);
	while (left >= 4 && ldns_read_uint16(at + 2) <= left - 4) {
		size_t len = ldns_read_uint16(at + 2);

		print_option(ldns_read_uint16(at), at + 4, len, out);
		at += 4 + len;
		left -= 4 + len;
	}
	if (left > 0)
		fputs(";; broken options\n", out);
}

static int print_record(
	struct wire_reader *reader, const struct wire_record *record, FILE *out)
{
	ldns_rr *rr;

	if (record->type == WIRE_TYPE_OPT) {
		print_opt(reader->msg, record, out);
		return 0;
	}
	int r = to_ldns(reader, record, &rr);
	if (r == -EBADMSG) {
		r = print_owner(
			record->owner, &record->ttl, record->class, record->type, out);
		fprintf(out, "\t\\# %u ", record->rdlength);
		print_hex(reader->msg + record->rdata, record->rdlength, out);
		putc('\n', out);
	} else if (r == 0) {
		char *text = ldns_rr2str(rr);

		ldns_rr_free(rr);
		if (text == NULL)
			return -ENOMEM;
		print_fields(text, out);
		free(text);
	}
	return r;
}

static int print_records(struct wire_reader *reader, FILE *out)
{
	static const char *const titles[] = {"ANSWER", "AUTHORITY", "ADDITIONAL"};
	struct wire_record record;
	int section = -1;
	int shown = 0;
	int more;

	while ((more = wire_next(reader, &record)) > 0) {
		if (shown++ == RECORDS_MAX) {
			fprintf(out, ";; more than %d records\n", RECORDS_MAX);
			return 0;
		}
		if ((int)record.section != section) {
			section = (int)record.section;
			fprintf(out, "\n;; %s SECTION:\n", titles[section]);
		}
		int r = print_record(reader, &record, out);
		if (r < 0)
			return r;
	}
	if (more < 0)
		fprintf(out, ";; broken at byte %zu of %zu\n", reader->at, reader->len);
	return 0;
}

int answer_print(const uint8_t *msg, size_t len, FILE *out)
{
	struct wire_reader reader;
	struct wire_head head;
	int r = 0;

	if (!wire_read_head(msg, len, &head)) {
		fprintf(out, ";; broken: %zu bytes are no message\n", len);
		return 0;
	}
	print_head(&head, out);
	if (wire_reader_init(&reader, msg, len) < 0) {
		fputs(";; broken question\n", out);
		return 0;
	}
	if (head.questions > 0)
		r = print_question(msg, len, out);
	return r == 0 ? print_records(&reader, out) : r;
}
