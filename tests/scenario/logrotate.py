#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two logs grow by 5,000 lines a second each and are rotated all the time, one by renaming, one
by copytruncate, while the monitor that follows them is killed again and again: every line counts
once. Of what copytruncate itself loses, each line counts once or not at all."""
import concurrent.futures
import json
import os
import random
import shutil
import sqlite3
import threading
import time

import daemon
import lab as labs
import world

RATE, BATCH = 5000, 50
BLOCK = 120  # lines of one domain: few enough for recipients to be counted exactly
ASKED = 20  # one block in so many
KEPT = 30
RENAMES, CUTS, KILLS = (1000, 200, 50) if labs.LONG else (50, 12, 4)
SECONDS = 60 if labs.LONG else 4
LINE = "{0} mail postfix/smtp[7]: {2:09X}: to=<u{2:09d}@{1}{3:07d}.example>," \
       " relay=mx.{1}.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0," \
       " status=sent (250 2.0.0 ok)\n"


class Log:
    """One log with its writer, which appends whole batches."""

    def __init__(self, folder, name):
        self.name, self.path = name, folder / f"{name}.log"
        self.written = 0
        self.lost = set()  # numbers of lines that no file has
        self.last = -1  # of the previous copy
        self.ended, self.reopen = threading.Event(), threading.Event()
        self.file = self.open()

    def open(self):
        return open(self.path, "ab", buffering=0)

    def write(self, end):
        """Keeps the rate until it is told to stop."""
        start = time.monotonic()
        while not end.is_set():
            if self.reopen.is_set():
                self.file.close()
                self.file = self.open()
                self.reopen.clear()
            stamp = daemon.stamp(time.time())
            numbers = range(self.written, self.written + BATCH)
            self.file.write("".join(
                LINE.format(stamp, self.name, n, n // BLOCK) for n in numbers).encode())
            self.written += BATCH
            labs.pass_time(max(0, start + self.written / RATE - time.monotonic()))

    def shift(self):
        for number in range(KEPT, 0, -1):
            try:
                os.rename(f"{self.path}.{number}", f"{self.path}.{number + 1}")
            except FileNotFoundError:
                pass

    def rename(self):
        """`create`: the writer goes on in the old file until it is told."""
        self.shift()
        os.rename(self.path, f"{self.path}.1")
        self.path.touch()
        self.reopen.set()
        labs.until("the writer has the new log", lambda: not self.reopen.is_set(), every=0.001)

    def cut(self):
        """`copytruncate`: what is written between copying and cutting is in no file."""
        self.shift()
        copy = f"{self.path}.1"
        shutil.copyfile(self.path, copy)
        if random.random() < 0.5:
            written = self.written
            labs.until("more is written", lambda: self.written > written, every=0.001)
        os.truncate(self.path, 0)
        self.account(copy)

    def account(self, copy):
        with open(copy, "rb") as file:
            lines = [line for line in file if line.endswith(b"\n")]
        if lines:
            first, last = (int(line.split(b" ")[3][:-1], 16) for line in (lines[0], lines[-1]))
            self.lost.update(range(self.last + 1, first))
            self.last = last


def rotate(step, times):
    start = time.monotonic()
    for number in range(times):
        labs.pass_time(max(0, start + (number + 1) * SECONDS / (times + 1) - time.monotonic()))
        step()


def kill(monitor):
    for _ in range(KILLS):
        labs.pass_time(random.uniform(0.5, 1.5) * SECONDS / (KILLS + 1))
        monitor.kill()
        monitor.start(ready=False)


def count(monitor, log, block):
    rows = monitor.cli("deliveries", f"{log.name}{block:07d}.example", "--json").stdout
    return [(row["outcome"], row["count"], row["recipients"])
            for row in map(json.loads, rows.splitlines())]


def whole(monitor):
    """Lines of each block of each log, and recipients in all: that would be thousands of
    questions."""
    db = sqlite3.connect(f"file:{monitor.store}?mode=ro", uri=True)
    lines = {}
    for wire, outcome, number in db.execute("SELECT n.wire, t.outcome, sum(t.count) FROM tally t"
                                            " JOIN name n ON n.id = t.name GROUP BY 1, 2"):
        label = wire[1:1 + wire[0]].decode()
        lines.setdefault((label[:-7], int(label[-7:])), []).append((outcome, number))
    people = db.execute("SELECT count(*) FROM recipient").fetchone()[0]
    db.close()
    return lines, people


def check(t, monitor, log, lines):
    """What the command says of some blocks, and what the store has of all."""
    lost = wrong = 0
    blocks = log.written // BLOCK
    for block in range(blocks):
        gone = sum(n in log.lost for n in range(block * BLOCK, (block + 1) * BLOCK))
        rows = lines.get((log.name, block), [])
        number = sum(number for _, number in rows)
        lost += max(0, BLOCK - gone - number)
        wrong += len(rows) > 1 or number > BLOCK
        if number and block % ASKED == 0:
            wrong += count(monitor, log, block) != [("delivered", number, number)]
    t.note(f"{log.name}: {log.written} lines, {len(log.lost)} in no file, {lost} lost, "
           f"{wrong} of {blocks} domains wrong")
    t.ok(not lost and not wrong, f"every line of the {log.name} log counts once",
         f"{lost} lost, {wrong} domains wrong")


def story(lab, t):
    logs = [Log(lab.folder("logs"), "renamed"), Log(lab.path / "logs", "cut")]
    renamed, cut = logs
    monitor = daemon.Mxvigil(lab, views=world.VIEWS, deliveries=[
        {"name": log.name, "format": "postfix", "path": str(log.path)} for log in logs])
    monitor.start()
    end = threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        writers = [pool.submit(log.write, end) for log in logs]
        labs.until("both logs are followed", lambda: all(count(monitor, log, 0) for log in logs))
        work = [pool.submit(rotate, renamed.rename, RENAMES), pool.submit(rotate, cut.cut, CUTS),
                pool.submit(kill, monitor)]
        try:
            for future in work:
                future.result()
        finally:
            end.set()
        for writer in writers:
            writer.result()
    cut.account(cut.path)
    for log in logs:
        labs.until(f"the end of {log.name} is read", lambda: count(
            monitor, log, (log.written - 1) // BLOCK)[:1] == [("delivered", *2 * (
                log.written - (log.written - 1) // BLOCK * BLOCK,))], 60, every=0.1)
    t.ok(monitor.stop() == 0, "the monitor ends in peace", monitor.logged())
    lines, people = whole(monitor)
    for log in logs:
        check(t, monitor, log, lines)
    total = sum(number for rows in lines.values() for _, number in rows)
    t.ok(people and total == people, "no line counts twice",
         f"{total} lines of {people} recipients")
    t.note(f"{total} lines of {people} recipients, {total - people} doubled")
    said = {row["reason"]: row["count"] for row in monitor.rows("status", "--rejected")
            if row["source"] == "cut" and row["line"] is None}
    t.ok(cut.lost and said.get("the file was cut while it was read", 0) >= 1,
         "that a log was cut is said", said)
    t.note(f"{RENAMES} renamed, {CUTS} cut, {KILLS} kills, {said}")


labs.tell(story)
