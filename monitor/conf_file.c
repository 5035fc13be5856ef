/* SPDX-License-Identifier: MIT */
#include "monitor/conf_file.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "monitor/conf.h"

/* Every value is behind a pointer, so that what is left out differs from 0 and "". */
#define TEXT(key, type, member, flags)                                                   \
	CYAML_FIELD_STRING_PTR(                                                          \
		key, CYAML_FLAG_POINTER | (flags), type, member, 1, CYAML_UNLIMITED)
#define OPTIONAL_TEXT(key, type, member) TEXT(key, type, member, CYAML_FLAG_OPTIONAL)
#define NUMBER(key, type, member)                                                        \
	CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member)
#define FLAG(key, type, member)                                                          \
	CYAML_FIELD_BOOL_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member)
#define TEXTS(key, type, member, min)                                                    \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type,        \
		member, &text_schema, min, CYAML_UNLIMITED)
#define WORD(key, type, member, words)                                                   \
	CYAML_FIELD_ENUM(                                                                \
		key, CYAML_FLAG_STRICT, type, member, words, CYAML_ARRAY_LEN(words))
#define OPTIONAL_WORD(key, type, member, words)                                          \
	CYAML_FIELD_ENUM_PTR(key,                                                        \
		CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, type,      \
		member, words, CYAML_ARRAY_LEN(words))
#define SECTION(key, type, member, fields)                                               \
	CYAML_FIELD_MAPPING_PTR(                                                         \
		key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, fields)
#define SECTIONS(key, type, member, schema, min)                                         \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type,        \
		member, schema, min, CYAML_UNLIMITED)

static const struct cyaml_schema_value text_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED),
};

static const struct cyaml_strval view_kinds[] = {
	{"authoritative", CONF_VIEW_AUTHORITATIVE},
	{"recursive", CONF_VIEW_RECURSIVE},
};

static const struct cyaml_strval delivery_formats[] = {
	{"postfix", 1},
	{"exim", 2},
	{"pmta", 3},
	{"kumomta", 4},
	{"dsn", 5},
	{"csv", 6},
	{"jsonl", 7},
	{"ses", 8},
	{"sendgrid", 9},
	{"mailgun", 10},
	{"postmark", 11},
	{"sparkpost", 12},
};

static const struct cyaml_strval keep_words[] = {
	{"incident", 1},
	{"hash", 2},
	{"all", 3},
};

static const struct cyaml_strval channel_types[] = {
	{"email", 1},
	{"sendmail", 2},
	{"exec", 3},
	{"webhook", 4},
	{"slack", 5},
	{"teams", 6},
	{"pagerduty", 7},
	{"alertmanager", 8},
};

static const struct cyaml_strval tls_words[] = {
	{"required", 1},
	{"opportunistic", 2},
	{"none", 3},
};

static const struct cyaml_strval severities[] = {
	{"info", 1},
	{"warning", 2},
	{"critical", 3},
};

static const struct cyaml_strval incident_kinds[] = {
	{"transient-move", 1},
	{"transient-hijack", 2},
	{"migration", 3},
	{"migration-fallout", 4},
	{"rotation", 5},
	{"resolver-poisoning", 6},
	{"dns-outage", 7},
	{"receiver-fault", 8},
	{"receiver-outage", 9},
	{"list-quality", 10},
	{"expiry", 11},
	{"null-mx", 12},
	{"self", 13},
};

static const struct cyaml_schema_field view_fields[] = {
	TEXT("name", struct conf_file_view, name, 0),
	WORD("kind", struct conf_file_view, kind, view_kinds),
	TEXTS("servers", struct conf_file_view, servers, 1),
	TEXTS("bootstrap", struct conf_file_view, bootstrap, 1),
	NUMBER("port", struct conf_file_view, port),
	NUMBER("qps", struct conf_file_view, qps),
	FLAG("trusted", struct conf_file_view, trusted),
	CYAML_FIELD_END,
};
static const struct cyaml_schema_value view_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct conf_file_view, view_fields),
};

static const struct cyaml_schema_field limits_fields[] = {
	NUMBER("per-server-qps", struct conf_file_limits, per_server_qps),
	NUMBER("total-qps", struct conf_file_limits, total_qps),
	NUMBER("threads", struct conf_file_limits, threads),
	OPTIONAL_TEXT("timeout", struct conf_file_limits, timeout),
	NUMBER("tries", struct conf_file_limits, tries),
	OPTIONAL_TEXT("min-interval", struct conf_file_limits, min_interval),
	OPTIONAL_TEXT("address-interval", struct conf_file_limits, address_interval),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field watch_fields[] = {
	TEXT("name", struct conf_file_watch, name, 0),
	TEXTS("domains", struct conf_file_watch, domains, 0),
	OPTIONAL_TEXT("domains-file", struct conf_file_watch, domains_file),
	NUMBER("top-recipients", struct conf_file_watch, top_recipients),
	OPTIONAL_TEXT("interval", struct conf_file_watch, interval),
	TEXTS("views", struct conf_file_watch, views, 1),
	TEXTS("tags", struct conf_file_watch, tags, 0),
	TEXTS("expect", struct conf_file_watch, expect, 0),
	CYAML_FIELD_END,
};
static const struct cyaml_schema_value watch_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct conf_file_watch, watch_fields),
};

static const struct cyaml_schema_field fields_fields[] = {
	OPTIONAL_TEXT("at", struct conf_file_fields, at),
	OPTIONAL_TEXT("recipient", struct conf_file_fields, recipient),
	OPTIONAL_TEXT("original", struct conf_file_fields, original),
	OPTIONAL_TEXT("domain", struct conf_file_fields, domain),
	OPTIONAL_TEXT("outcome", struct conf_file_fields, outcome),
	OPTIONAL_TEXT("code", struct conf_file_fields, code),
	OPTIONAL_TEXT("status", struct conf_file_fields, status),
	OPTIONAL_TEXT("text", struct conf_file_fields, text),
	OPTIONAL_TEXT("relay-host", struct conf_file_fields, relay_host),
	OPTIONAL_TEXT("relay-ip", struct conf_file_fields, relay_ip),
	OPTIONAL_TEXT("id", struct conf_file_fields, id),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field delivery_fields[] = {
	TEXT("name", struct conf_file_delivery, name, 0),
	WORD("format", struct conf_file_delivery, format, delivery_formats),
	OPTIONAL_TEXT("path", struct conf_file_delivery, path),
	OPTIONAL_TEXT("timezone", struct conf_file_delivery, timezone),
	TEXTS("internal-relays", struct conf_file_delivery, internal_relays, 0),
	OPTIONAL_TEXT("journal", struct conf_file_delivery, journal),
	OPTIONAL_TEXT("journal-directory", struct conf_file_delivery, journal_directory),
	OPTIONAL_TEXT("maildir", struct conf_file_delivery, maildir),
	SECTION("fields", struct conf_file_delivery, fields, fields_fields),
	OPTIONAL_TEXT("http", struct conf_file_delivery, http),
	OPTIONAL_TEXT("topic", struct conf_file_delivery, topic),
	OPTIONAL_TEXT("secret-file", struct conf_file_delivery, secret_file),
	CYAML_FIELD_END,
};
static const struct cyaml_schema_value delivery_schema = {
	CYAML_VALUE_MAPPING(
		CYAML_FLAG_DEFAULT, struct conf_file_delivery, delivery_fields),
};

static const struct cyaml_schema_field recipients_fields[] = {
	OPTIONAL_WORD("keep", struct conf_file_recipients, keep, keep_words),
	OPTIONAL_TEXT("key-file", struct conf_file_recipients, key_file),
	OPTIONAL_TEXT("hold", struct conf_file_recipients, hold),
	OPTIONAL_TEXT("forget-after", struct conf_file_recipients, forget_after),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field retention_fields[] = {
	OPTIONAL_TEXT("history", struct conf_file_retention, history),
	OPTIONAL_TEXT("deliveries", struct conf_file_retention, deliveries),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field detection_fields[] = {
	NUMBER("false-alarms-per-year", struct conf_file_detection,
		false_alarms_per_year),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field channel_fields[] = {
	TEXT("name", struct conf_file_channel, name, 0),
	WORD("type", struct conf_file_channel, type, channel_types),
	OPTIONAL_TEXT("smtp", struct conf_file_channel, smtp),
	OPTIONAL_WORD("tls", struct conf_file_channel, tls, tls_words),
	OPTIONAL_TEXT("user", struct conf_file_channel, user),
	OPTIONAL_TEXT("password-file", struct conf_file_channel, password_file),
	OPTIONAL_TEXT("from", struct conf_file_channel, from),
	TEXTS("to", struct conf_file_channel, to, 0),
	OPTIONAL_TEXT("url", struct conf_file_channel, url),
	OPTIONAL_TEXT("url-file", struct conf_file_channel, url_file),
	OPTIONAL_TEXT("secret-file", struct conf_file_channel, secret_file),
	OPTIONAL_TEXT("key-file", struct conf_file_channel, key_file),
	TEXTS("command", struct conf_file_channel, command, 0),
	CYAML_FIELD_END,
};
static const struct cyaml_schema_value channel_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct conf_file_channel, channel_fields),
};

static const struct cyaml_schema_value kind_schema = {
	CYAML_VALUE_ENUM(
		CYAML_FLAG_STRICT, int, incident_kinds, CYAML_ARRAY_LEN(incident_kinds)),
};
static const struct cyaml_schema_field route_fields[] = {
	TEXT("name", struct conf_file_route, name, 0),
	OPTIONAL_WORD("min-severity", struct conf_file_route, min_severity, severities),
	SECTIONS("kinds", struct conf_file_route, kinds, &kind_schema, 0),
	TEXTS("domains", struct conf_file_route, domains, 0),
	TEXTS("tags", struct conf_file_route, tags, 0),
	TEXTS("channels", struct conf_file_route, channels, 0),
	OPTIONAL_TEXT("group-wait", struct conf_file_route, group_wait),
	OPTIONAL_TEXT("repeat", struct conf_file_route, repeat),
	OPTIONAL_TEXT("fallback", struct conf_file_route, fallback),
	CYAML_FIELD_END,
};
static const struct cyaml_schema_value route_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct conf_file_route, route_fields),
};

static const struct cyaml_schema_field self_check_fields[] = {
	OPTIONAL_TEXT("at", struct conf_file_self_check, at),
	OPTIONAL_TEXT("channel", struct conf_file_self_check, channel),
	OPTIONAL_TEXT("heartbeat-url", struct conf_file_self_check, heartbeat_url),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field web_fields[] = {
	OPTIONAL_TEXT("listen", struct conf_file_web, listen),
	TEXTS("hosts", struct conf_file_web, hosts, 0),
	OPTIONAL_TEXT("token-file", struct conf_file_web, token_file),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field protect_fields[] = {
	OPTIONAL_TEXT("postfix-status", struct conf_file_protect, postfix_status),
	OPTIONAL_TEXT(
		"postfix-reply-filter", struct conf_file_protect, postfix_reply_filter),
	OPTIONAL_TEXT("reload-command", struct conf_file_protect, reload_command),
	OPTIONAL_TEXT("kumomta", struct conf_file_protect, kumomta),
	OPTIONAL_WORD("min-severity", struct conf_file_protect, min_severity, severities),
	OPTIONAL_TEXT("longest", struct conf_file_protect, longest),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_field file_fields[] = {
	OPTIONAL_TEXT("store", struct conf_file, store),
	OPTIONAL_TEXT("site", struct conf_file, site),
	OPTIONAL_TEXT("control", struct conf_file, control),
	SECTIONS("views", struct conf_file, views, &view_schema, 1),
	SECTION("limits", struct conf_file, limits, limits_fields),
	SECTIONS("watch", struct conf_file, watch, &watch_schema, 0),
	SECTIONS("deliveries", struct conf_file, deliveries, &delivery_schema, 0),
	OPTIONAL_TEXT("rules-file", struct conf_file, rules_file),
	OPTIONAL_TEXT("operators-file", struct conf_file, operators_file),
	OPTIONAL_TEXT("asn-file", struct conf_file, asn_file),
	SECTION("recipients", struct conf_file, recipients, recipients_fields),
	SECTION("retention", struct conf_file, retention, retention_fields),
	SECTION("detection", struct conf_file, detection, detection_fields),
	SECTIONS("channels", struct conf_file, channels, &channel_schema, 0),
	SECTIONS("routes", struct conf_file, routes, &route_schema, 0),
	SECTION("self-check", struct conf_file, self_check, self_check_fields),
	SECTION("web", struct conf_file, web, web_fields),
	SECTION("protect", struct conf_file, protect, protect_fields),
	CYAML_FIELD_END,
};
const struct cyaml_schema_value conf_file_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct conf_file, file_fields),
};

/* libcyaml reports an error first and its path after it: the first line says most. */
static void on_cyaml_log(cyaml_log_t level, void *owner, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
static void on_cyaml_log(cyaml_log_t level, void *owner, const char *fmt, va_list args)
{
	char *why = owner;

	if (level < CYAML_LOG_ERROR || why[0] != '\0')
		return;
	vsnprintf(why, 256, fmt, args);
	why[strcspn(why, "\n")] = '\0';
}

int conf_file_map(
	const char *text, size_t len, struct conf_file **ret_file, char ret_why[256])
{
	char why[256] = "";
	struct cyaml_config config = {
		.log_fn = on_cyaml_log,
		.log_ctx = why,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	void *data = NULL;
	enum cyaml_err err = cyaml_load_data(
		(const uint8_t *)text, len, &config, &conf_file_schema, &data, NULL);

	if (err != CYAML_OK) {
		snprintf(ret_why, 256, "%s", why[0] != '\0' ? why : cyaml_strerror(err));
		return err == CYAML_ERR_OOM ? -ENOMEM : -EINVAL;
	}
	*ret_file = data;
	return 0;
}

void conf_file_free(struct conf_file *file)
{
	const struct cyaml_config config = {.mem_fn = cyaml_mem};

	if (file != NULL)
		cyaml_free(&config, &conf_file_schema, file, 0);
}
