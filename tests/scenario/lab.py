# SPDX-License-Identifier: MIT
"""The laboratory: a machine of our own for one story.

A story runs as process 1 of fresh network, mount and process namespaces: loopback is the only
network, a tmpfs holds its files, and everything it started dies with it. Nothing here waits for
luck: whatever has to happen is awaited as a condition with a deadline.
"""
import atexit
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSIDE = "MXVIGIL_LAB"
NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
              "--propagation", "private"]
LONG = bool(os.environ.get("MXVIGIL_LONG"))


class Late(AssertionError):
    """Something did not happen before its deadline."""


def find(program):
    """Path of a system program, also where sbin is not on PATH."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def run(*command, **options):
    """Runs to the end and returns the result with text output; never raises for its status."""
    options = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL,
               "timeout": 60, **options}
    return subprocess.run([str(part) for part in command], **options)


def must(*command, **options):
    done = run(*command, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def until(what, condition, seconds=15.0, every=0.02):
    """Asks condition() again until it is true, and returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Late(f"not within {seconds} s: {what}")
        time.sleep(every)


def pass_time(seconds):
    """Lets real time go by: for stories about time itself, never to wait for an event."""
    time.sleep(seconds)


def enter(*programs):
    """Moves the story into its own machine; without the rights or programs it is skipped."""
    missing = [name for name in ("unshare", "ip", "mount") + programs if not find(name)]
    if missing:
        tap.skip_all("not installed: " + " ".join(missing))
    if not os.environ.get(INSIDE):
        if run(*NAMESPACES, "true").returncode != 0:
            tap.skip_all("no right to make namespaces (needs root)")
        os.environ[INSIDE] = "1"
        os.execvp("unshare", NAMESPACES + [sys.executable] + sys.argv)
    must("ip", "link", "set", "lo", "up")
    for number in range(1, 10):
        must("ip", "addr", "add", f"fd00::{number}/64", "dev", "lo", "nodad")
    random.seed(os.environ.get("MXVIGIL_SEED", "1"))
    return Lab()


class Lab:
    """Files and processes of one story."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mxvigil-lab-"))
        must("mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", self.path)
        self.processes = []
        self.has_own_etc = False
        atexit.register(self.close)

    def folder(self, name, size=None):
        """A new folder; with a size, a file system of its own."""
        path = self.path / name
        path.mkdir(parents=True)
        if size:
            must("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", path)
        return path

    def start(self, *command, log, **options):
        """Starts a program whose output goes to the file `log`."""
        with open(log, "ab") as output:
            process = subprocess.Popen([str(part) for part in command], stdout=output,
                                       stderr=output, stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def own_etc(self):
        """Puts a private copy in the place of /etc, so that a story may replace its files."""
        copy = self.path / "etc"
        shutil.copytree("/etc", copy, symlinks=True, ignore_dangling_symlinks=True)
        must("mount", "--bind", copy, "/etc")
        self.has_own_etc = True

    def resolv_conf(self, *servers, options=""):
        """Replaces resolv.conf by renaming, as DHCP clients do."""
        fresh = pathlib.Path("/etc/resolv.conf.new")
        fresh.write_text("".join(f"nameserver {s}\n" for s in servers) + options)
        os.rename(fresh, "/etc/resolv.conf")

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        run("umount", "--lazy", self.path)
        try:
            self.path.rmdir()
        except OSError:
            pass


def tell(story, *programs):
    """Runs story(lab, tap) in a laboratory and leaves with its exit status."""
    lab = enter(*programs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    t = tap.Tap()
    try:
        story(lab, t)
    except Exception as error:  # a story that breaks off is a failed check, with its reason
        import traceback
        t.ok(False, "the story comes to its end", f"{error}\n{traceback.format_exc()}")
        show_logs(lab, t)
    status = t.done()
    lab.close()
    sys.exit(status)


def show_logs(lab, t, lines=25):
    for log in sorted(lab.path.rglob("*.log")):
        tail = log.read_text(errors="replace").splitlines()[-lines:]
        t.note(f"--- {log.name}\n" + "\n".join(tail))
