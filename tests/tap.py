# SPDX-License-Identifier: MIT
"""TAP for the checks and the scenarios: one line a statement that holds or does not."""
import sys


class Tap:
    """Counts statements; done() prints the plan and gives the exit status."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def _line(self, text):
        print(text, flush=True)

    def ok(self, holds, name, detail=""):
        """States `name`; `detail` is shown where it does not hold."""
        self.count += 1
        name = name.replace("#", "no.")
        self._line(f"{'ok' if holds else 'not ok'} {self.count} - {name}")
        if not holds:
            self.failed += 1
            self.note(detail)
        return bool(holds)

    def skip(self, name, why):
        self.count += 1
        self._line(f"ok {self.count} - {name} # SKIP {why}")

    def note(self, text):
        for line in str(text).splitlines():
            self._line(f"# {line}")

    def done(self):
        if self.count == 0:
            self.ok(False, "something was checked")
        self._line(f"1..{self.count}")
        return 1 if self.failed else 0


def skip_all(why):
    print(f"1..0 # SKIP {why}", flush=True)
    sys.exit(0)
