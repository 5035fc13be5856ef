#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Postfix sends, and the monitor counts what the receivers did."""
import lab as labs
import mailing
import mta


def rotate(postfix):
    """As Postfix does it itself: another name, compressed."""
    postfix.control("logrotate")
    return next(postfix.path.glob("postfix.log.*"))


def story(lab, t):
    mailing.tell(lab, t, mta.Postfix, rotate, {
        "missing.example": "host-unknown", "null.example": "no-route",
        "empty.example": "host-unknown", "nothing.example": "host-unknown"})


mta.Postfix.require()
labs.tell(story, "nsd", "unbound")
