/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * detector — the detector of incidents in a command that has the store itself.
 *
 * It takes up what the last monitor, or command, had learnt, and leaves it to the next: nobody
 * need know which of them was told of something.
 */
#include <stdbool.h>

#include "monitor/cli/cli.h"

struct casebook;

/* As a monitor that starts; the store of cli is open for writing. Says why it cannot be. */
enum cli_status detector_open(struct cli *cli, struct casebook **ret_casebook);
/* Keeps what was learnt, and says where that fails; or, after a transaction that it had been told
 * of and that failed, lets it go: what was in that is told again. NULL is allowed. */
enum cli_status detector_close(struct casebook *casebook, bool keep);
