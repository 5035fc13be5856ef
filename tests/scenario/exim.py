#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Exim sends, and the monitor counts what the receivers did."""
import os

import lab as labs
import mailing
import mta


def rotate(exim):
    """As exim4-base's logrotate does it; Exim opens the log for every line anew."""
    old = exim.path / "mainlog.1"
    os.rename(exim.log, old)
    return old


def story(lab, t):
    mailing.tell(lab, t, mta.Exim, rotate, {
        "missing.example": "no-route", "null.example": "no-route",
        "empty.example": "host-unknown", "nothing.example": "host-unknown"})


mta.Exim.require()
labs.tell(story, "nsd", "unbound")
