/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "resolvers/name.h"
#include "tests/fake/memory.h"
#include "tests/monitor/bad_channels.h"
#include "tests/monitor/bad_confs.h"

static char directory[] = "/tmp/test_conf.XXXXXX";
static char path[64];
static struct conf_error error;

static int make_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/c.yaml", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void write_file(const char *bytes, size_t len)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static struct conf load(const char *text)
{
	struct conf conf;
	int err;

	write_file(text, strlen(text));
	err = conf_load(path, &conf, &error);
	if (err < 0)
		fail_msg("%s", error.text);
	return conf;
}

static void conf_lays_out_a_whole_file(void **state)
{
	struct conf conf =
		load("store: /var/lib/x/h.db\n"
		     "site: fra1\n"
		     "control: /run/x/c.sock\n"
		     "views:\n"
		     "  - {name: authoritative, kind: authoritative, bootstrap: "
		     "[\"127.0.0.1:5353\"], port: 5300}\n"
		     "  - {name: mta, kind: recursive, servers: [127.0.0.1, "
		     "\"[2001:db8::1]:53\"], qps: 7, trusted: true}\n"
		     "limits: {per-server-qps: 5, total-qps: 6, threads: 2, "
		     "timeout: 500ms, tries: 2, min-interval: 500ms, "
		     "address-interval: 10m}\n"
		     "watch:\n"
		     "  - {name: key, domains: [Online.DE, m\xc3\xbcnchen.de], "
		     "interval: 1s, views: [mta], tags: [a, b], expect: [ionos]}\n"
		     "  - {name: long, domains-file: d.txt}\n"
		     "retention: {history: 2d, deliveries: forever}\n");
	const struct conf_watch *watch = &conf.watches[0];
	char text[NAME_TEXT_MAX];

	(void)state;
	assert_string_equal(conf.store, "/var/lib/x/h.db");
	assert_string_equal(conf.site, "fra1");
	assert_string_equal(conf.control, "/run/x/c.sock");
	assert_int_equal(conf.views_len, 2);
	assert_int_equal(conf.views[0].kind, CONF_VIEW_AUTHORITATIVE);
	assert_int_equal(conf.views[0].port, 5300);
	assert_int_equal(conf.views[0].bootstrap[0].port, 5353);
	assert_int_equal(conf.views[0].qps, CONF_QPS_UNSET);
	assert_false(conf.views[0].from_resolv_conf);
	assert_int_equal(conf.views[1].kind, CONF_VIEW_RECURSIVE);
	assert_int_equal(conf.views[1].servers_len, 2);
	assert_int_equal(conf.views[1].qps, 7);
	assert_true(conf.views[1].trusted);
	assert_int_equal(conf.limits.timeout_ms, 500);
	assert_int_equal(conf.limits.threads, 2);
	assert_int_equal(conf.limits.address_interval_ms, 600000);
	assert_int_equal(conf.watches_len, 2);
	assert_int_equal(watch->interval_ms, 1000);
	assert_int_equal(watch->domains_len, 2);
	assert_string_equal(name_format(watch->domains[0], text), "online.de");
	assert_string_equal(name_format(watch->domains[1], text), "xn--mnchen-3ya.de");
	assert_int_equal(watch->views_len, 1);
	assert_int_equal(watch->views[0], 1);
	assert_string_equal(watch->tags[1], "b");
	assert_string_equal(watch->expect[0], "ionos");
	assert_int_equal(conf.watches[1].interval_ms, 10000);
	assert_int_equal(conf.watches[1].views_len, 2);
	snprintf(text, sizeof text, "%s/d.txt", directory);
	assert_string_equal(conf.watches[1].domains_file, text);
	assert_int_equal(conf.retention.history_ms, 2 * 86400000);
	assert_int_equal(conf.retention.deliveries_ms, 0);
	assert_int_equal(conf.warnings_len, 0);
	conf_finish(&conf);
}

static void expect_beside(const char *name, const char *file)
{
	char text[256];

	snprintf(text, sizeof text, "%s/%s", directory, file);
	assert_string_equal(name, text);
}

static void conf_takes_file_names_as_beside_it(void **state)
{
	struct conf conf =
		load("rules-file: local.rules\noperators-file: o\nasn-file: sub/a\n"
		     "recipients: {key-file: k}\n"
		     "deliveries:\n"
		     "  - {name: a, format: csv, path: a.csv}\n"
		     "  - {name: b, format: dsn, maildir: box}\n"
		     "  - {name: c, format: exim, journal: exim4.service, "
		     "journal-directory: j}\n"
		     "  - {name: d, format: postfix, path: /var/log/mail.log}\n");

	(void)state;
	expect_beside(conf.file->rules_file, "local.rules");
	expect_beside(conf.file->operators_file, "o");
	expect_beside(conf.file->asn_file, "sub/a");
	expect_beside(conf.file->recipients->key_file, "k");
	expect_beside(conf.file->deliveries[0].path, "a.csv");
	expect_beside(conf.file->deliveries[1].maildir, "box");
	expect_beside(conf.file->deliveries[2].journal_directory, "j");
	assert_string_equal(conf.file->deliveries[3].path, "/var/log/mail.log");
	conf_finish(&conf);
}

static void expect_defaults(const struct conf *conf)
{
	assert_int_equal(conf->views_len, 2);
	assert_string_equal(conf->views[0].name, "authoritative");
	assert_string_equal(conf->views[1].name, "mta");
	assert_true(conf->views[1].from_resolv_conf);
	assert_int_equal(conf->limits.per_server_qps, 50);
	assert_int_equal(conf->limits.timeout_ms, 2000);
	assert_int_equal(conf->limits.min_interval_ms, 1000);
	assert_int_equal(conf->limits.address_interval_ms, 3600000);
	assert_int_equal(conf->watches_len, 0);
	assert_non_null(conf->store);
}

static void conf_has_defaults(void **state)
{
	static const char *const empty[] = {"", "\n\n", "# nothing\n", "---\n", "{}\n"};
	struct conf conf;

	(void)state;
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		conf = load(empty[i]);
		expect_defaults(&conf);
		conf_finish(&conf);
	}
	assert_int_equal(conf_load(NULL, &conf, &error), 0);
	expect_defaults(&conf);
	assert_null(conf.path);
	conf_finish(&conf);
}

static void conf_warns_of_what_is_not_built(void **state)
{
	struct conf conf = load(
		"web: {listen: \"127.0.0.1:8053\", hosts: [localhost]}\n"
		"watch:\n"
		"  - {name: auto, top-recipients: 5000, views: [mta]}\n"
		"deliveries:\n"
		"  - {name: halon, format: jsonl, path: /x, fields: {recipient: rcpt}}\n"
		"  - {name: p, format: postfix, journal: \"postfix@-.service\", "
		"internal-relays: [\"127.0.0.1\"]}\n"
		"  - {name: ses, format: ses, http: /hooks/ses}\n"
		"recipients: {keep: incident, hold: 3d, forget-after: 400d}\n"
		"detection: {false-alarms-per-year: 12}\n"
		"channels:\n"
		"  - {name: team, type: email, smtp: \"smtp://127.0.0.1:25\", tls: "
		"required, from: mx@example.com, to: [a@example.com]}\n"
		"routes:\n"
		"  - {name: key, min-severity: warning, kinds: [self, null-mx], "
		"channels: [team], group-wait: 30s, fallback: team}\n"
		"self-check: {at: \"07:00\", channel: team, heartbeat-url: "
		"\"https://example.com/x\"}\n"
		"protect: {postfix-status: \"127.0.0.1:10045\", longest: 12h, "
		"min-severity: critical}\n"
		"rules-file: r\noperators-file: o\nasn-file: a\n");

	(void)state;
	assert_int_equal(conf.warnings_len, 2);
	assert_non_null(strstr(conf.warnings[0], "deliveries[2].name: not in this"));
	assert_non_null(strstr(conf.warnings[1], "web: not in this release"));
	conf_finish(&conf);
	conf = load("channels: [{name: team, type: exec, command: [/x]}]\n");
	assert_int_equal(conf.warnings_len, 1);
	assert_non_null(strstr(conf.warnings[0], "channels: no route leads there"));
	conf_finish(&conf);
	conf = load("watch:\n  - {name: auto, top-recipients: 5000, views: [mta]}\n");
	assert_int_equal(conf.warnings_len, 1);
	assert_non_null(strstr(
		conf.warnings[0], "c.yaml:2:34: watch[0].top-recipients: no deliveries"));
	conf_finish(&conf);
}

static void expect_refused(const char *text, const char *says)
{
	struct conf conf;

	write_file(text, strlen(text));
	assert_int_equal(conf_load(path, &conf, &error), -EINVAL);
	assert_non_null(strstr(error.text, says));
}

static void conf_reads_a_journal_for_what_it_can_hold(void **state)
{
	(void)state;
	expect_refused(
		"deliveries: [{name: a, format: dsn, journal: a}]\n", "postfix or exim");
	expect_refused("deliveries: [{name: a, format: exim, path: /a, "
		       "journal-directory: /b}]\n",
		"journal beside it");
}

static void expect_mistakes(const struct bad_conf *mistakes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct bad_conf *bad = &mistakes[i];
		struct conf conf;
		char place[80];

		write_file(bad->text, bad->len != 0 ? bad->len : strlen(bad->text));
		error = (struct conf_error){0};
		if (conf_load(path, &conf, &error) != -EINVAL)
			fail_msg("case %zu passed: %s", i, bad->text);
		snprintf(place, sizeof place, "%s:%u:%u: ", path, bad->line, bad->column);
		if (strncmp(error.text, place, strlen(place)) != 0 ||
			strstr(error.text, bad->says) == NULL)
			fail_msg("case %zu: %s\nwanted %s...%s\nin %s", i, error.text,
				place, bad->says, bad->text);
		assert_int_equal(error.line, bad->line);
		assert_int_equal(error.column, bad->column);
		for (const char *c = error.text; *c != '\0'; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
	}
	assert_true(BAD_CONFS_LEN >= 100);
}

static void conf_names_every_mistake(void **state)
{
	(void)state;
	expect_mistakes(bad_confs, BAD_CONFS_LEN);
	expect_mistakes(bad_channels, BAD_CHANNELS_LEN);
}

static void conf_says_why_a_file_cannot_be_read(void **state)
{
	struct conf conf;

	(void)state;
	assert_int_equal(conf_load("/nonexistent/c.yaml", &conf, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/c.yaml: No such file"));
	assert_int_equal(error.line, 0);
	assert_int_equal(conf_load(directory, &conf, &error), -EISDIR);
	assert_int_equal(conf_load("/dev/null", &conf, &error), -ENODEV);
}

static void conf_bounds_the_file(void **state)
{
	struct conf conf;
	FILE *out = fopen(path, "w");

	(void)state;
	assert_int_equal(ftruncate(fileno(out), 17 * 1024 * 1024), 0);
	fclose(out);
	assert_int_equal(conf_load(path, &conf, &error), -EFBIG);
	assert_non_null(strstr(error.text, "16 MiB"));
}

static void conf_refuses_secrets_that_all_can_read(void **state)
{
	char secret[64];
	char text[256];
	struct conf conf;
	FILE *out;

	(void)state;
	snprintf(secret, sizeof secret, "%s/secret", directory);
	out = fopen(secret, "w");
	fclose(out);
	snprintf(text, sizeof text,
		"channels: [{name: a, type: slack, url-file: \"%s\"}]\n", secret);
	chmod(secret, 0640);
	conf = load(text);
	conf_finish(&conf);
	chmod(secret, 0644);
	assert_int_equal(conf_load(path, &conf, &error), -EINVAL);
	assert_non_null(strstr(error.text, "channels[0].url-file: "));
	unlink(secret);
}

static void conf_moves_the_socket_with_the_store(void **state)
{
	struct conf conf = load("store: /a/h.db\n");
	char long_path[200];

	(void)state;
	assert_string_equal(conf.control, "/a/h.db.sock");
	assert_int_equal(conf_use_store(&conf, "/b/h.db"), 0);
	assert_string_equal(conf.store, "/b/h.db");
	assert_string_equal(conf.control, "/b/h.db.sock");
	memset(long_path, 'x', sizeof long_path);
	long_path[0] = '/';
	long_path[103] = '\0';
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_int_equal(conf_use_store(&conf, long_path), 0);
	assert_true(strncmp(conf.control, "/run/user/7/mxvigil-", 20) == 0);
	assert_int_equal(strlen(conf.control), 20 + 16 + 5);
	long_path[102] = '\0'; /* 102 and ".sock" is as long as a name may be */
	assert_int_equal(conf_use_store(&conf, long_path), 0);
	assert_int_equal(strlen(conf.control), 107);
	conf_finish(&conf);
	conf = load("control: /c/x.sock\n");
	assert_int_equal(conf_use_store(&conf, "/b/h.db"), 0);
	assert_string_equal(conf.control, "/c/x.sock");
	conf_finish(&conf);
}

static void conf_limits_rates(void **state)
{
	struct conf conf =
		load("views:\n"
		     "  - {name: a, kind: authoritative, bootstrap: [127.0.0.1]}\n"
		     "  - {name: b, kind: recursive, servers: [127.0.0.1]}\n"
		     "  - {name: c, kind: recursive, servers: [\"::1\"], qps: 9}\n");
	struct endpoint loopback;
	struct endpoint far;

	(void)state;
	assert_int_equal(endpoint_parse("127.0.0.1", 53, &loopback), 0);
	assert_int_equal(endpoint_parse("192.0.2.1", 53, &far), 0);
	assert_int_equal(conf_view_qps(&conf, &conf.views[0], &loopback), 50);
	assert_int_equal(conf_view_qps(&conf, &conf.views[1], &loopback), 0);
	assert_int_equal(conf_view_qps(&conf, &conf.views[1], &far), 50);
	assert_int_equal(conf_view_qps(&conf, &conf.views[2], &loopback), 9);
	assert_int_equal(conf_view_index(&conf, "c"), 2);
	assert_true(conf_view_index(&conf, "d") == SIZE_MAX);
	conf_finish(&conf);
}

static size_t read_resolv_conf(const char *text, size_t len, char *ret_text)
{
	struct endpoint servers[CONF_RESOLVERS_MAX];
	size_t servers_len = 99;

	write_file(text, len);
	assert_int_equal(conf_read_resolv_conf(path, servers, &servers_len), 0);
	ret_text[0] = '\0';
	for (size_t i = 0; i < servers_len; i++) {
		char address[ENDPOINT_TEXT_MAX];

		strcat(ret_text, endpoint_format(&servers[i], address));
		strcat(ret_text, " ");
	}
	return servers_len;
}

static void conf_reads_resolv_conf(void **state)
{
	static const char text[] = "# first\n"
				   "search example.com\n"
				   "nameserver 192.0.2.1\n"
				   "nameserver\t2001:db8::1 # why\r\n"
				   "nameserver\n"
				   "nameserver fe80::1%eth0\n"
				   "nameserver not-an-address\n"
				   "nameservers 192.0.2.9\n"
				   "nameserver 192.0.2.1\n"
				   "nul\0nameserver 192.0.2.8\n"
				   "nameserver 192.0.2.3";
	char found[512];

	(void)state;
	assert_int_equal(read_resolv_conf(text, sizeof text - 1, found), 4);
	assert_string_equal(found, "192.0.2.1 2001:db8::1 192.0.2.8 192.0.2.3 ");
	assert_int_equal(read_resolv_conf("", 0, found), 0);
	assert_int_equal(read_resolv_conf("\xff\xfe\0\0", 4, found), 0);
}

static void conf_bounds_resolv_conf(void **state)
{
	struct endpoint servers[CONF_RESOLVERS_MAX];
	char *text = malloc(1 << 20);
	char found[512];
	size_t len = 0;
	size_t got = 0;

	(void)state;
	assert_non_null(text);
	for (int i = 1; i <= 20; i++)
		len += (size_t)sprintf(text + len, "nameserver 192.0.2.%d\n", i);
	assert_int_equal(read_resolv_conf(text, len, found), CONF_RESOLVERS_MAX);
	memset(text, 'x', 1 << 20);
	assert_int_equal(read_resolv_conf(text, 1 << 20, found), 0);
	free(text);
	assert_int_equal(conf_read_resolv_conf("/nonexistent", servers, &got), -ENOENT);
}

static void conf_finds_the_user_file(void **state)
{
	char below[80];
	char file[96];
	char *found;

	(void)state;
	if (access("/etc/mxvigil/mxvigil.yaml", F_OK) == 0)
		skip();
	setenv("XDG_CONFIG_HOME", directory, 1);
	assert_int_equal(conf_find(&found), 0);
	assert_null(found);
	snprintf(below, sizeof below, "%s/mxvigil", directory);
	snprintf(file, sizeof file, "%s/mxvigil.yaml", below);
	mkdir(below, 0700);
	fclose(fopen(file, "w"));
	assert_int_equal(conf_find(&found), 0);
	assert_string_equal(found, file);
	free(found);
	unlink(file);
	rmdir(below);
}

static void conf_survives_lack_of_memory(void **state)
{
	static const char text[] =
		"store: h.db\n"
		"views: [{name: a, kind: recursive, servers: [127.0.0.1]}]\n"
		"watch: [{name: b, domains: [a.example], tags: [x], expect: [y]}]\n"
		"web: {listen: \"127.0.0.1\"}\n";
	bool failed = true;

	(void)state;
	write_file(text, strlen(text));
	for (size_t before = 0; failed; before++) {
		struct conf conf;
		int err;

		memory_fail_after(before);
		err = conf_load(path, &conf, &error);
		failed = memory_stop_failing();
		/* a message may be lost for lack of memory, but not the failure */
		if (err == 0)
			conf_finish(&conf);
		else
			assert_int_equal(err, -ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_takes_file_names_as_beside_it),

		cmocka_unit_test(conf_lays_out_a_whole_file),
		cmocka_unit_test(conf_has_defaults),
		cmocka_unit_test(conf_warns_of_what_is_not_built),
		cmocka_unit_test(conf_reads_a_journal_for_what_it_can_hold),
		cmocka_unit_test(conf_names_every_mistake),
		cmocka_unit_test(conf_says_why_a_file_cannot_be_read),
		cmocka_unit_test(conf_bounds_the_file),
		cmocka_unit_test(conf_refuses_secrets_that_all_can_read),
		cmocka_unit_test(conf_moves_the_socket_with_the_store),
		cmocka_unit_test(conf_limits_rates),
		cmocka_unit_test(conf_reads_resolv_conf),
		cmocka_unit_test(conf_bounds_resolv_conf),
		cmocka_unit_test(conf_finds_the_user_file),
		cmocka_unit_test(conf_survives_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
