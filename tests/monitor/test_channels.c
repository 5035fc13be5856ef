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

#include "alerts/channel.h"
#include "monitor/channels.h"
#include "monitor/conf.h"

static char directory[] = "/tmp/test_channels.XXXXXX";
static struct conf_error error;

static int enter_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL ? -1 : chdir(directory);
}

static int leave_directory(void **state)
{
	(void)state;
	unlink("c.yaml");
	unlink("secret");
	unlink("url");
	return chdir("/") < 0 ? -1 : rmdir(directory);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static struct conf load(const char *channels)
{
	char path[64];
	struct conf conf;
	FILE *out = fopen("c.yaml", "w");

	assert_non_null(out);
	fprintf(out, "channels:\n%s", channels);
	assert_int_equal(fclose(out), 0);
	snprintf(path, sizeof path, "%s/c.yaml", directory);
	if (conf_load(path, &conf, &error) < 0)
		fail_msg("%s", error.text);
	return conf;
}

static void channels_are_loaded_with_their_secrets(void **state)
{
	static const char text[] =
		"  - {name: team, type: email, smtp: \"smtp://mail.example:587\", user: "
		"mx, "
		"password-file: secret, from: mx@example.net, to: [a@example.org, "
		"b@example.org]}\n"
		"  - {name: local, type: email, smtp: \"smtp://127.0.0.1\", from: "
		"mx@example.net, to: [a@example.org]}\n"
		"  - {name: tls, type: email, smtp: \"smtps://mail.example\", from: "
		"mx@example.net, to: [a@example.org]}\n"
		"  - {name: open, type: email, smtp: \"smtp://[::1]\", tls: none, user: "
		"mx, "
		"password-file: secret, from: mx@example.net, to: [a@example.org]}\n"
		"  - {name: post, type: sendmail, from: mx@example.net, to: "
		"[\"a@b\xc3\xbc"
		"cher.example\"]}\n"
		"  - {name: run, type: exec, command: [/bin/echo, \"a b\"]}\n"
		"  - {name: hook, type: webhook, url: \"https://h.example/x\", "
		"secret-file: "
		"secret}\n"
		"  - {name: slack, type: slack, url-file: url}\n"
		"  - {name: duty, type: pagerduty, key-file: secret}\n"
		"  - {name: am, type: alertmanager, url: \"http://127.0.0.1:9093/\"}\n"
		"  - {name: am2, type: alertmanager, url: "
		"\"http://am.example/x/api/v2/alerts\"}\n";
	struct channel *channels;
	size_t len;
	struct conf conf;

	(void)state;
	write_file("secret", "a canary of 16 bytes\r\n", 0640);
	write_file("url", "https://hooks.slack.com/services/T/B/x", 0600);
	conf = load(text);
	assert_int_equal(channels_load(&conf, &channels, &len, &error), 0);
	assert_int_equal(len, 11);
	assert_string_equal(channels[0].password, "a canary of 16 bytes");
	assert_int_equal(channels[0].tls, CHANNEL_TLS_REQUIRED);
	assert_string_equal(channels[0].user, "mx");
	assert_int_equal(channels[0].to_len, 2);
	assert_string_equal(channels[0].to[1], "b@example.org");
	assert_int_equal(channels[1].tls, CHANNEL_TLS_OPPORTUNISTIC);
	assert_int_equal(channels[2].tls, CHANNEL_TLS_REQUIRED);
	assert_int_equal(channels[3].tls, CHANNEL_TLS_NONE);
	assert_int_equal(channels[4].type, CHANNEL_SENDMAIL);
	assert_string_equal(channels[4].to[0], "a@xn--bcher-kva.example");
	assert_string_equal(channels[5].command[1], "a b");
	assert_int_equal(channels[6].secret_len, 20);
	assert_memory_equal(channels[6].secret, "a canary of 16 bytes", 20);
	assert_string_equal(channels[7].url, "https://hooks.slack.com/services/T/B/x");
	assert_string_equal(channels[8].key, "a canary of 16 bytes");
	assert_string_equal(channels[8].url, "https://events.pagerduty.com/v2/enqueue");
	assert_string_equal(channels[9].url, "http://127.0.0.1:9093/api/v2/alerts");
	assert_string_equal(channels[10].url, "http://am.example/x/api/v2/alerts");
	channels_free(channels, len);
	conf_finish(&conf);
}

static void channels_are_none_without_a_file(void **state)
{
	struct channel *channels;
	size_t len = 1;
	struct conf conf;

	(void)state;
	assert_int_equal(conf_load(NULL, &conf, &error), 0);
	assert_int_equal(channels_load(&conf, &channels, &len, &error), 0);
	assert_int_equal(len, 0);
	channels_free(channels, len);
	conf_finish(&conf);
}

/* Loads channels whose secret file is of that text and mode. */
static void expect_fault(
	const char *channel, const char *text, mode_t mode, int err, const char *says)
{
	struct channel *channels;
	size_t len;
	struct conf conf;

	unlink("secret");
	conf = load(channel);
	if (text != NULL)
		write_file("secret", text, mode);
	assert_int_equal(channels_load(&conf, &channels, &len, &error), err);
	assert_int_equal(error.code, err);
	if (strstr(error.text, says) == NULL ||
		strstr(error.text, "c.yaml: channels[0] (a): ") == NULL ||
		strstr(error.text, "canary") != NULL)
		fail_msg("%s", error.text);
	conf_finish(&conf);
}

static void channels_refuse_secrets_that_cannot_be_used(void **state)
{
	static const char slack[] = "  - {name: a, type: slack, url-file: secret}\n";
	static const char hook[] =
		"  - {name: a, type: webhook, url: \"https://h.example\", secret-file: "
		"secret}\n";
	char many[5000];

	(void)state;
	memset(many, 'x', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	expect_fault(slack, NULL, 0, -ENOENT, "/secret No such file");
	expect_fault(slack, "https://h.example/canary", 0644, -EACCES, "others can read");
	expect_fault(slack, "", 0600, -EINVAL, "one line of text");
	expect_fault(
		slack, "https://canary\nhttps://canary\n", 0600, -EINVAL, "one line");
	expect_fault(slack, "https://canary\n\n", 0600, -EINVAL, "one line");
	expect_fault(slack, "http://h.example/canary", 0600, -EINVAL, "expected https");
	expect_fault(slack, "https://u:canary@h.example/", 0600, -EINVAL, "without user");
	expect_fault(slack, many, 0600, -EFBIG, "larger than");
	expect_fault(hook, "canary", 0600, -EINVAL, "nor 16 bytes");
	expect_fault(hook, "whsec_canary-of-no-base64", 0600, -EINVAL, "whsec_");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels_are_loaded_with_their_secrets),
		cmocka_unit_test(channels_are_none_without_a_file),
		cmocka_unit_test(channels_refuse_secrets_that_cannot_be_used),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
