/* SPDX-License-Identifier: MIT */
/* `forget`: erases what is known of a recipient, or of all recipients of a domain. */
#include <stdio.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/writer.h"
#include "monitor/ingest/intake.h"
#include "monitor/ingest/report.h"
#include "monitor/ingest/settings.h"

/* NULL where it was said why not. */
static json_t *make_recipient_request(struct cli *cli, const char *address)
{
	struct settings settings;
	char why[SETTINGS_WHY_MAX];
	char folded[REPORT_ADDRESS_MAX];
	uint8_t hash[DELIVERIES_HASH];
	char text[2 * DELIVERIES_HASH + 1];
	json_t *request;
	int err;

	if (cli_load_conf(cli) != CLI_DONE)
		return NULL;
	if (settings_load(&cli->conf, &settings, why) < 0) {
		cli_say("%s", why);
		return NULL;
	}
	intake_fold_recipient(address, folded);
	err = deliveries_hash(settings.key, folded, hash);
	settings_finish(&settings);
	if (err < 0) {
		cli_say("out of memory");
		return NULL;
	}
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	request = json_pack("{s:s, s:s, s:s}", "request", "forget", "recipient", folded,
		"hash", text);
	if (request == NULL)
		cli_say("the address is no UTF-8");
	return request;
}

static void tell(const json_t *answer)
{
	cli_say("%lld rows and %lld kept lines are erased",
		(long long)json_integer_value(json_object_get(answer, "rows")),
		(long long)json_integer_value(json_object_get(answer, "lines")));
}

enum cli_status cli_forget(struct cli *cli)
{
	const char *domain_text = options_value(&cli->options, "domain");
	const bool named = cli->options.arguments_len > 0;
	uint8_t domain[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	json_t *request;

	if (named == (domain_text != NULL))
		return cli_wrong_call(
			"forget: expected an ADDRESS, or --domain DOMAIN alone");
	if (named && strchr(cli->options.arguments[0], '@') == NULL)
		return cli_wrong_call("forget: expected an address with an @; --domain "
				      "forgets all recipients of a domain");
	if (!named && !cli_read_domain(domain_text, domain))
		return CLI_WRONG_CALL;
	if (named) {
		request = make_recipient_request(cli, cli->options.arguments[0]);
		return request != NULL     ? writer_carry_out(cli, request, tell)
			: cli->conf_loaded ? CLI_FAILED
					   : CLI_WRONG_CONF;
	}
	return writer_carry_out(cli,
		json_pack("{s:s, s:s}", "request", "forget", "domain",
			name_format(domain, text)),
		tell);
}
