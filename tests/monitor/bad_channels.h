/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * bad_channels — channels that are refused, where, and what is said.
 */
#include "tests/monitor/bad_confs.h"

static const struct bad_conf bad_channels[] = {
	{"channels: [{name: a, type: email, smtp: \"http://x\", from: a@b.example, to: "
	 "[a@b.example]}]\n",
		0, 1, 41, "expected smtp://host:port"},
	{"channels: [{name: a, type: webhook, url: \"https://\"}]\n", 0, 1, 42,
		"found \"***\", expected an address such as https://"},
	{"channels: [{name: a, type: slack, url: \"http://h.example/canary\"}]\n", 0, 1,
		40, "found \"http://h.example/***\", expected https"},
	{"channels: [{name: a, type: email}]\n", 0, 1, 12,
		"expected smtp: a channel of type "
		"email needs it"},
	{"channels: [{name: a, type: sendmail, from: a@b.example}]\n", 0, 1, 12,
		"expected to: a channel of type sendmail"},
	{"channels: [{name: a, type: exec}]\n", 0, 1, 12, "expected command: "},
	{"channels: [{name: a, type: teams}]\n", 0, 1, 12, "expected url or url-file: "},
	{"channels: [{name: a, type: pagerduty}]\n", 0, 1, 12, "expected key-file: "},
	{"channels: [{name: a, type: exec, command: [echo]}]\n", 0, 1, 44,
		"expected the full path of a program"},
	{"channels: [{name: a, type: exec, command: [/x], url: \"https://x\"}]\n", 0, 1,
		54, "expected no such key: a channel of type exec"},
	{"channels: [{name: a, type: webhook, url: \"https://x\", url-file: x}]\n", 0, 1,
		65, "one of url and url-file"},
	{"channels: [{name: a, type: sendmail, from: a@b.example, to: "
	 "[\"a@b\\r\\n\"]}]\n",
		0, 1, 62, "channels[0].to[0]: "},
	{"channels: [{name: a, type: sendmail, from: \"-x@b.example\", to: [a@b]}]\n", 0,
		1, 44, "expected an address such as"},
	{"channels: [{name: a, type: sendmail, from: a@b, to: [c@d, c@d]}]\n", 0, 1, 59,
		"this one is there already"},
	{"channels: [{name: a, type: email, smtp: \"smtp://h\", from: a@b, to: [c@d], "
	 "user: "
	 "x}]\n",
		0, 1, 12, "expected password-file beside user"},
	{"channels: [{name: a, type: email, smtp: \"smtp://h\", from: a@b, to: [c@d], "
	 "user: "
	 "x, password-file: /x, tls: none}]\n",
		0, 1, 108, "a password goes to this machine alone"},
};
#define BAD_CHANNELS_LEN (sizeof bad_channels / sizeof *bad_channels)
