#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""worlds - how well `mxvigil backtest` judges labelled worlds; one table.

Worlds are made by ../shared/detect/gen.py and judged by ../shared/detect/score.py, which lie
beside the project and not in it: without them this says so and ends with 77. Seeds 1 to 50 are
there to tune on, 51 to 99 to report. What is found in several worlds is judged together.

usage: worlds.py [--seeds 51-55] [--set NAME]... [--keep DIR] [--jobs N] [--confusion]
sets: plain, codes (half of the hijacks answer "relay denied"), hard (a quarter of the mail,
hourly polls), renamed (plain, with sensors, hosts and operators renamed); default: all
"""
import argparse
import concurrent.futures
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / 'shared' / 'detect'
SETS = {
    'plain': [],
    'codes': ['--other-codes', '0.5'],
    'hard': ['--volume-scale', '0.005', '--poll', '3600'],
    'renamed': [],
}
# Suffixes of the generator's hosts: what a table of providers could know.
HOSTS = re.compile(
    rb'\b(kundenserver\.de|icloud\.com|google\.com|outlook\.com|yahoodns\.net|gmx\.net|rzone\.de'
    rb'|pphosted\.com|mimecast\.com|zoho\.eu|mail\.ovh\.net|mail\.gandi\.net'
    rb'|messagingengine\.com|hornetsecurity\.com|yandex\.net|your-server\.de|emailsrvr\.com'
    rb'|h-email\.net|kundenserver-mail\.net)\b')


def load(name):
    spec = importlib.util.spec_from_file_location(name, SHARED / (name + '.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def generate(folder, seed, flags):
    if not (folder / 'meta.json').exists():
        subprocess.run([sys.executable, SHARED / 'gen.py', '--out', folder, '--seed', str(seed),
                        *flags], check=True, stderr=subprocess.DEVNULL)


def new_name(match):
    suffix = match.group(1)
    return b'host' + hashlib.sha256(suffix).hexdigest()[:8].encode() + b'.net'


def rename(folder):
    """The same world under names that nobody knows."""
    for name in ('mail.log', 'dns.jsonl', 'hosts.jsonl'):
        temporary = folder / (name + '.new')
        with open(folder / name, 'rb') as old, open(temporary, 'wb') as new:
            for line in old:
                line = HOSTS.sub(new_name, line)
                if name != 'mail.log':
                    line = re.sub(rb'"r([123])"', rb'"place-\1"', line)
                new.write(line)
        temporary.replace(folder / name)


def backtest(mxvigil, folder, authoritative):
    words = [mxvigil, 'backtest', '--history', folder / 'dns.jsonl', '--history',
             folder / 'hosts.jsonl', '--asn', folder / 'asn.tsv', '--authoritative',
             authoritative, '--deliveries', folder / 'mail.log', '--format', 'postfix']
    began = time.monotonic()
    with open(folder / 'found.jsonl', 'wb') as out:
        subprocess.run([str(word) for word in words], check=True, stdout=out,
                       env=dict(os.environ, XDG_CONFIG_HOME=str(folder)))
    return time.monotonic() - began


def play(mxvigil, keep, kind, seed):
    """Generates and judges one world; the rows and labels, their domains told apart."""
    folder = Path(keep) / f'{kind}-{seed}'
    folder.mkdir(parents=True, exist_ok=True)
    fresh = not (folder / 'meta.json').exists()
    generate(folder, seed, SETS[kind])
    if kind == 'renamed' and fresh:
        rename(folder)
    seconds = backtest(mxvigil, folder, 'place-1' if kind == 'renamed' else 'r1')
    meta = json.loads((folder / 'meta.json').read_text())
    return folder, meta['domain_days'], meta['log_lines'], seconds


def tell_apart(rows, seed):
    for row in rows:
        row['domain'] = f"{seed}/{row['domain'] if row['domain'] else '-'}"
    return rows


def judge(score, played, confusion):
    labels, found, days, lines, seconds = [], [], 0, 0, 0.0
    for seed, (folder, domain_days, log_lines, took) in played:
        labels += tell_apart(score.load(folder / 'labels.jsonl'), seed)
        found += tell_apart(score.load(folder / 'found.jsonl'), seed)
        days += domain_days
        lines += log_lines
        seconds += took
    # Our own troubles are no incident of any domain.
    ours = [row for row in found if row['kind'] == 'self']
    result = score.run(labels, [row for row in found if row['kind'] != 'self'], days, True,
                       confusion)
    hijacks = [row for row in found if row.get('kind_at_open') == 'transient-hijack']
    stayed = sum(row['kind'] == 'transient-hijack' for row in hijacks)
    outages = [label for label in labels if str(label['variant']).startswith('poller-outage')]
    print(f'opened as transient-hijack: {len(hijacks)}, stayed so: {stayed} '
          f'({stayed / max(1, len(hijacks)):.3f})')
    print(f'poller outages: {len(outages)}, incidents of kind self: {len(ours)}')
    print(f'{lines} log lines in {seconds:.1f} s: {lines / seconds:.0f} lines/s')
    return result


def seeds_of(text):
    first, _, last = text.partition('-')
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seeds', type=seeds_of, default=range(51, 56))
    parser.add_argument('--set', action='append', choices=SETS)
    parser.add_argument('--keep', help='a folder for the worlds; they are taken up again')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--confusion', action='store_true')
    parser.add_argument('--mxvigil', default=os.environ.get('MXVIGIL', 'mxvigil'))
    given = parser.parse_args()
    if not SHARED.is_dir():
        print(f'skipped: {SHARED} is not there')
        return 77
    score = load('score')
    keep = given.keep or tempfile.mkdtemp(prefix='mxvigil-worlds-')
    print(f'gen.py --seed {given.seeds[0]}..{given.seeds[-1]}; mxvigil backtest --history '
          'dns.jsonl --history hosts.jsonl --asn asn.tsv --authoritative r1 --deliveries '
          'mail.log --format postfix')
    try:
        with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
            for kind in given.set or SETS:
                print(f'== {kind}: gen.py {" ".join(SETS[kind])}')
                played = pool.map(lambda seed, kind=kind: (
                    seed, play(given.mxvigil, keep, kind, seed)), given.seeds)
                judge(score, list(played), given.confusion)
                sys.stdout.flush()
    finally:
        if not given.keep:
            shutil.rmtree(keep, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
