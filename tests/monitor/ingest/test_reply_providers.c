/* SPDX-License-Identifier: MIT */
/* Verdicts on answers in the shapes that large receivers use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reply.h"
#include "monitor/ingest/report.h"
#include "tests/monitor/ingest/judging.h"

#define OUTLOOK "example-com.mail.protection.outlook.com"
#define GOOGLE "gmail-smtp-in.l.google.com"
#define APPLE "mx01.mail.icloud.com"
#define YAHOO "mta5.am0.yahoodns.net"

struct expected {
	const char *host;
	const char *status; /* as Postfix logs it */
	const char *text;
	enum delivery_reason reason;
	enum delivery_reason or_reason; /* as good; or 0 */
};

#define UNKNOWN REASON_USER_UNKNOWN
#define FULL REASON_MAILBOX_FULL
#define OFF REASON_MAILBOX_DISABLED

static const struct expected providers[] = {
	{GOOGLE, "5.1.1",
		"550-5.1.1 The email account that you tried to reach does not exist. "
		"Please "
		"try 550-5.1.1 double-checking the recipient's email address for typos "
		"or "
		"550-5.1.1 unnecessary spaces. Learn more at 550 5.1.1  "
		"https://support.google.com/mail/?p=NoSuchUser d9443c01a7336-1 - gsmtp",
		UNKNOWN, 0},
	{GOOGLE, "5.2.1",
		"550-5.2.1 The email account that you tried to reach is disabled. 550 "
		"5.2.1 "
		"https://support.google.com/mail/?p=DisabledUser - gsmtp",
		OFF, 0},
	{GOOGLE, "5.2.1",
		"550-5.2.1 The user you are trying to contact is receiving mail at a "
		"rate "
		"that 550-5.2.1 prevents additional messages from being delivered. 550 "
		"5.2.1 "
		"https://support.google.com/mail/?p=ReceivingRatePerm - gsmtp",
		REASON_RATE_LIMITED, 0},
	{GOOGLE, "5.2.2",
		"552-5.2.2 The email account that you tried to reach is over quota. 552 "
		"5.2.2 "
		"https://support.google.com/mail/?p=OverQuotaPerm - gsmtp",
		FULL, 0},
	{GOOGLE, "5.2.2",
		"552-5.2.2 The recipient's inbox is out of storage space and inactive. "
		"Please 552-5.2.2 direct the recipient to 552 5.2.2 "
		"https://support.google.com/mail/?p=OverQuotaPerm - gsmtp",
		FULL, 0},
	{GOOGLE, "4.2.2",
		"452-4.2.2 The recipient's inbox is out of storage space. 452 4.2.2 "
		"https://support.google.com/mail/?p=OverQuotaTemp - gsmtp",
		FULL, 0},
	{GOOGLE, "5.1.2",
		"553-5.1.2 We weren't able to find the recipient domain. Please check "
		"for any "
		"553 5.1.2 spelling errors. - gsmtp",
		REASON_HOST_UNKNOWN, 0},
	{GOOGLE, "5.1.3",
		"553 5.1.3 The recipient address <a..b@example.com> is not a valid RFC "
		"5321 "
		"address. - gsmtp",
		UNKNOWN, 0},
	{GOOGLE, "5.7.1",
		"550-5.7.1 [192.0.2.1] Our system has detected that this message is "
		"likely "
		"550-5.7.1 unsolicited mail. To reduce the amount of spam sent to Gmail, "
		"this "
		"550 5.7.1 message has been blocked. - gsmtp",
		REASON_SPAM, REASON_BLOCKED},
	{GOOGLE, "5.7.26",
		"550-5.7.26 Your email has been blocked because the sender is "
		"unauthenticated. 550 5.7.26 - gsmtp",
		REASON_AUTH_FAILURE, 0},
	{YAHOO, "5.0.0",
		"554 delivery error: dd This user doesn't have a yahoo.com account "
		"(jane@yahoo.com) [0] - mta4005.omega.yahoo.com",
		UNKNOWN, 0},
	{YAHOO, "5.0.0", "552 1 Requested mail action aborted, mailbox not found",
		UNKNOWN, 0},
	{YAHOO, "5.0.0",
		"554 delivery error: dd Not a valid recipient - "
		"atlas-production.v2-mail-prod1.omega.yahoo.com",
		UNKNOWN, 0},
	{YAHOO, "5.0.0",
		"554 delivery error: dd jane@yahoo.com is no longer valid. [-20] - "
		"mta1.yahoo.com",
		OFF, UNKNOWN},
	{YAHOO, "5.0.0",
		"554 30 Sorry, your message to jane@aol.com cannot be delivered. This "
		"mailbox is disabled (554.30).",
		OFF, 0},
	{YAHOO, "5.0.0",
		"554 delivery error: dd Requested mail action aborted - mta4.yahoo.com",
		OFF, UNKNOWN},
	{YAHOO, "4.7.0",
		"421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to "
		"unexpected volume or user complaints - 4.16.55.1",
		REASON_POLICY, 0},
	{YAHOO, "5.7.2",
		"553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently "
		"deferred; "
		"Retrying will NOT succeed.",
		REASON_POLICY, 0},
	{YAHOO, "5.0.0", "550 relaying denied for <jane@yahoo.com>", REASON_NO_ROUTE, 0},
	{APPLE, "5.1.1", "550 5.1.1 <jane@icloud.com>: user does not exist", UNKNOWN, 0},
	{APPLE, "5.1.1",
		"550 5.1.1 <jane@icloud.com>: user lookup success but no user record "
		"found",
		UNKNOWN, 0},
	{APPLE, "5.1.1", "550 5.1.1 <jane@icloud.com>: inactive email address", OFF,
		UNKNOWN},
	{APPLE, "5.1.1", "550 5.1.1 unknown or illegal alias: jane@me.com", UNKNOWN, 0},
	{APPLE, "5.1.6", "550 5.1.6 recipient no longer on server: jane@me.com", UNKNOWN,
		0},
	{APPLE, "5.2.2", "552 5.2.2 <jane@icloud.com>: user is over quota", FULL, 0},
	{APPLE, "4.2.2", "450 4.2.2 <jane@icloud.com>: user is overquota", FULL, 0},
	{APPLE, "5.7.1",
		"554 5.7.1 [CS01] Message rejected due to local policy. Please visit "
		"https://support.apple.com/HT204137",
		REASON_POLICY, 0},
	{APPLE, "5.7.1",
		"554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM "
		"authentication checks.",
		REASON_AUTH_FAILURE, 0},
	{"hotmail-com.olc.protection.outlook.com", "5.5.0",
		"550 5.5.0 Requested action not taken: mailbox unavailable "
		"(S2017062302). "
		"[BN8NAM11FT003.eop-nam11.prod.protection.outlook.com]",
		UNKNOWN, 0},
	{OUTLOOK, "5.4.1",
		"550 5.4.1 Recipient address rejected: Access denied. "
		"[AM5EUR03FT052.eop-EUR03.prod.protection.outlook.com]",
		UNKNOWN, 0},
	{OUTLOOK, "5.4.1", "550 5.4.1 All recipient addresses rejected : Access denied",
		UNKNOWN, 0},
	{OUTLOOK, "5.1.10",
		"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient jane@example.com "
		"not "
		"found by SMTP address lookup",
		UNKNOWN, 0},
	{OUTLOOK, "5.1.1", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", UNKNOWN,
		0},
	{OUTLOOK, "5.7.1",
		"550 Mailbox unavailable 550 5.7.1 Unfortunately, messages from "
		"[192.0.2.1] "
		"weren't sent. Please contact your Internet service provider since part "
		"of "
		"their network is on our block list (S3150).",
		REASON_BLOCKED, 0},
	{OUTLOOK, "4.3.2",
		"451 4.3.2 Temporary server error. Please try again later ATTR17",
		REASON_SYSTEM, 0},
	{OUTLOOK, "4.7.500", "451 4.7.500 Server busy. Please try again later",
		REASON_SYSTEM, 0},
	{OUTLOOK, "5.2.122",
		"554 5.2.122 The recipient has exceeded their limit for the number of "
		"messages they can receive per hour.",
		REASON_RATE_LIMITED, 0},
	{OUTLOOK, "5.7.515",
		"550 5.7.515 Access denied, sending domain example.net does not meet the "
		"required authentication level.",
		REASON_AUTH_FAILURE, 0},
	{"mx00.kundenserver.de", "5.0.0",
		"550 Requested action not taken: mailbox unavailable", UNKNOWN, 0},
	{"mx00.gmx.net", "5.0.0",
		"550-Requested action not taken: mailbox unavailable 550 For explanation "
		"visit https://postmaster.gmx.net/de/case?c=r0103&i=ip&v=192.0.2.1&r=0M",
		UNKNOWN, 0},
	{"mx00.gmx.net", "5.0.0",
		"550-Requested action not taken: mailbox unavailable 550-Reject due to "
		"policy restrictions. 550 For explanation visit "
		"https://postmaster.gmx.net/",
		REASON_POLICY, 0},
	{"mx-ha02.web.de", "5.0.0",
		"552-Requested mail action aborted: exceeded storage allocation "
		"552-Quota "
		"exceeded. The recipient's mailbox has reached its limit.",
		FULL, 0},
	{"mx00.gmx.net", "5.0.0",
		"554-gmx.net (mxgmx016) Nemesis ESMTP Service not available 554-No SMTP "
		"service 554-Bad DNS PTR resource record. 554 For explanation visit "
		"https://postmaster.gmx.net/",
		REASON_BLOCKED, REASON_POLICY},
	{"mx01.kundenserver.de", "4.0.0", "450 Reject due to policy violations",
		REASON_POLICY, 0},
	{"mx00.t-online.de", "5.0.0", "550 user unknown", UNKNOWN, 0},
	{"mailin22.telekom.net", "5.0.0", "550 #5.1.0 Address rejected.", UNKNOWN, 0},
	{"mx00.t-online.de", "5.0.0",
		"554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or "
		"to "
		"contact tosa@rx.t-online.de to clarify.)",
		REASON_BLOCKED, REASON_POLICY},
	{"mx00.t-online.de", "5.2.2", "552 5.2.2 over quota", FULL, 0},
	{"smtp-in.orange.fr", "5.1.1",
		"550 5.1.1 Adresse d au moins un destinataire invalide. Invalid "
		"recipient. "
		"OFR_416 [416]",
		UNKNOWN, 0},
	{"smtp-in.orange.fr", "5.1.1",
		"552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 "
		"[417]",
		FULL, 0},
	{"smtpz4.laposte.net", "5.5.0",
		"550 5.5.0 Boite du destinataire archivee. Archived recipient. "
		"LPN007_420",
		OFF, 0},
	{"smtpz4.laposte.net", "5.5.0",
		"550 5.5.0 Le compte du destinataire est bloqu\xc3\xa9. Compte "
		"bloqu\xc3\xa9. "
		"LPN007_426",
		OFF, 0},
	{"smtp-in.orange.fr", "5.0.0",
		"550 mwinf5c04 ME Service refuse. Veuillez essayer plus tard. Service "
		"refused, please try later. OFR006_103",
		REASON_BLOCKED, REASON_POLICY},
	{"mx1.comcast.net", "5.1.1", "550 5.1.1 Not our Customer", UNKNOWN, 0},
	{"mx1.comcast.net", "5.0.0", "551 not our customer", UNKNOWN, 0},
	{"mx1.comcast.net", "5.1.1",
		"550 5.1.1 <jane@comcast.net> recipient mailbox unallocated", UNKNOWN, 0},
	{"mx1.comcast.net", "5.1.1",
		"552 5.1.1 <jane@comcast.net> recipient rejected - extended quota "
		"violation",
		FULL, 0},
	{"mx1.comcast.net", "5.2.0", "550 5.2.0 <jane@comcast.net> Recipient unavailable",
		OFF, 0},
	{"smtp.secureserver.net", "5.1.1",
		"550 5.1.1 <jane@example.com> - 192.0.2.1 IP has sent to too many "
		"recipients "
		"this hour. IB607 <http://x.co/srbounce>",
		REASON_RATE_LIMITED, 0},
	{"smtp.secureserver.net", "5.1.0",
		"550 5.1.0 <jane@example.com> Recipient not found.", UNKNOWN, 0},
	{"eu-smtp-inbound-1.mimecast.com", "5.0.0",
		"550 Invalid Recipient - "
		"https://community.mimecast.com/docs/DOC-1369#550 "
		"[Q4ulVIA5OJmI2F7JqnIYSg.uk190]",
		UNKNOWN, 0},
	{"eu-smtp-inbound-1.mimecast.com", "4.0.0",
		"451 Recipient temporarily unavailable - "
		"https://community.mimecast.com/docs/DOC-1369#451",
		REASON_GREYLISTED, REASON_POLICY},
	{"eu-smtp-inbound-1.mimecast.com", "4.0.0",
		"451 Internal resources are temporarily unavailable - "
		"https://community.mimecast.com/docs/DOC-1369#451",
		REASON_GREYLISTED, REASON_POLICY},
	{"d1.ess.barracudanetworks.com", "5.0.0",
		"550 cuda_nsu 5.1.1 <jane@example.com>: Recipient address rejected: User "
		"unknown",
		UNKNOWN, 0},
	{"d1.ess.barracudanetworks.com", "5.0.0", "550 No such user (jane@example.com)",
		UNKNOWN, 0},
	{"mx1.iphmx.com", "5.1.0", "550 #5.1.0 Address rejected.", UNKNOWN, 0},
	{"mx1.iphmx.com", "5.1.0",
		"5.1.0 - Unknown address error 550-'5.1.1 <jane@example.com>: Email "
		"address "
		"could not be found, or was misspelled (G8)'",
		UNKNOWN, 0},
	{"mx1.iphmx.com", "5.1.0",
		"5.1.0 - Unknown address error 550-'5.7.1 message refused by local "
		"policy'",
		REASON_POLICY, 0},
	{"mxs.mail.ru", "5.0.0",
		"550 Message was not accepted -- invalid mailbox.  Local mailbox "
		"jane@mail.ru is unavailable: user not found",
		UNKNOWN, 0},
	{"mxs.mail.ru", "5.0.0",
		"550 Message was not accepted -- invalid mailbox.  Local mailbox "
		"jane@mail.ru is unavailable: account is disabled",
		OFF, UNKNOWN},
	{"mxs.mail.ru", "5.0.0",
		"550 Message was not accepted -- invalid mailbox.  Local mailbox "
		"jane@mail.ru is unavailable: user is terminated",
		OFF, UNKNOWN},
	{"mx.yandex.ru", "5.7.1", "550 5.7.1 No such user!", UNKNOWN, 0},
	{"mx.yandex.ru", "5.7.1", "550 5.7.1 Policy rejection on the target address", OFF,
		0},
	{"mx3.qq.com", "5.0.0",
		"550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?id=20022",
		UNKNOWN, 0},
	{"mx3.qq.com", "5.0.0",
		"550 Mailbox unavailable or access denied [MXi2AGGBZQhVnH3a IP: "
		"192.0.2.1]",
		REASON_RATE_LIMITED, 0},
	{"ff-ip4-mx-vip1.prodigy.net", "5.2.1",
		"550 5.2.1 <jane@att.net>... Addressee unknown, relay=[192.0.2.1]",
		UNKNOWN, 0},
	{"ff-ip4-mx-vip1.prodigy.net", "5.2.1",
		"550 5.2.1 <jane@att.net>... blank mailhost - invalid address, "
		"relay=[192.0.2.1]",
		UNKNOWN, 0},
	{"mx1.free.fr", "5.2.1",
		"550 5.2.1 This mailbox has been blocked due to inactivity (UserSearch)",
		OFF, 0},
	{"mx1.free.fr", "5.2.2",
		"554 5.2.2 <jane@free.fr>: Recipient address rejected: Quota exceeded "
		"(mailbox for user is full)",
		FULL, 0},
	{"imx1.rambler.ru", "5.7.1",
		"540 5.7.1 <jane@rambler.ru>: recipient address rejected: Inactive", OFF,
		0},
	{"mx.example.com", "5.1.1",
		"550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown "
		"in "
		"virtual mailbox table",
		UNKNOWN, 0},
	{"mx.example.com", "5.1.1",
		"550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown "
		"in "
		"relay recipient table",
		UNKNOWN, 0},
	{"mx.example.com", "4.1.1",
		"450 4.1.1 <jane@example.com>: Recipient address rejected: User unknown "
		"in "
		"local recipient table",
		UNKNOWN, 0},
	{"mx.example.com", "4.1.1",
		"450 4.1.1 <jane@example.com>: Recipient address rejected: unverified "
		"address: Address verification in progress",
		REASON_GREYLISTED, 0},
	{"mx.example.com", "5.7.1",
		"554 5.7.1 <jane@example.com>: Recipient address rejected: Access denied",
		REASON_POLICY, 0},
	{"mx.example.com", "5.7.1", "554 5.7.1 <jane@example.com>: Relay access denied",
		REASON_NO_ROUTE, 0},
	{"mx.example.com", "5.7.1",
		"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
		REASON_NO_ROUTE, 0},
	{"mx.example.com", "5.0.0", "550 relay not permitted", REASON_NO_ROUTE, 0},
	{"mx.example.com", "5.0.0", "550 Not authorised for direct delivery",
		REASON_NO_ROUTE, 0},
	{"mx.example.com", "5.0.0", "550 Unrouteable address", UNKNOWN, 0},
	{"mx.example.com", "5.0.0", "550 Unknown user", UNKNOWN, 0},
	{"mx.example.com", "5.1.10",
		"556 5.1.10 <jane@example.com>: Recipient address rejected: Domain "
		"example.com does not accept mail (nullMX)",
		REASON_NO_ROUTE, 0},
	{"mx.example.com", "5.1.1",
		"550 5.1.1 <jane@example.com>: Recipient address rejected: sender verify "
		"failed",
		REASON_POLICY, 0},
	{"mx.example.com", "5.1.8",
		"550 5.1.8 <me@example.net>: Sender address rejected: Domain not found",
		REASON_POLICY, 0},
};

static void reply_knows_the_answers_of_large_providers(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
		const struct expected *expected = &providers[i];
		struct report report = judging_report(expected->status, expected->text);
		struct reply_verdict verdict;

		snprintf(report.relay_host, sizeof report.relay_host, "%s",
			expected->host);
		verdict = judging_verdict(&report);
		if (verdict.reason == expected->reason ||
			(expected->or_reason != 0 &&
				verdict.reason == expected->or_reason))
			continue;
		wrong++;
		print_error("%s (%s), expected %s: %s\n",
			delivery_reason_name(verdict.reason), verdict.rule,
			delivery_reason_name(expected->reason), expected->text);
	}
	assert_int_equal(wrong, 0);
}

static void reply_needs_no_relay_host_to_know_an_unknown_user(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
		const struct expected *expected = &providers[i];
		enum delivery_reason reason =
			judging_reason(expected->status, expected->text);

		if (expected->or_reason == 0)
			assert_int_equal(reason == UNKNOWN, expected->reason == UNKNOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_knows_the_answers_of_large_providers),
		cmocka_unit_test(reply_needs_no_relay_host_to_know_an_unknown_user),
	};

	return cmocka_run_group_tests(tests, judging_setup, judging_teardown);
}
