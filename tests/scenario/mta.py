# SPDX-License-Identifier: MIT
"""The mail servers that stories send with: Postfix and Exim as Debian ships them.

As packages they exclude each other and whatever sends the machine's own mail, so nothing is
installed: ./test unpacks them below the build folder, and they run from there with a
configuration, a queue and a log of the story's own. Where that was not done, those of the system
are taken. They resolve through /etc/resolv.conf and need users: the story has an /etc of its own.
"""
import json
import os
import pathlib
import pwd
import re
import signal

import lab as labs
import tap

UNPACKED = pathlib.Path(os.environ.get("MXVIGIL_UNPACKED", labs.ROOT / "build-unpacked"))
MESSAGE = """From: <{0}>
To: undisclosed-recipients:;
Subject: {1}

{2}
"""


def tree_of(package, program):
    """Where the package's files lie: unpacked, or in the system itself; else None."""
    for tree in (UNPACKED / package, pathlib.Path("/")):
        if (tree / program).is_file():
            return tree
    return None


class Mta:
    """What both have in common. Named like its log source; its own mail is `domain`'s."""

    PACKAGE = PROGRAM = None

    @classmethod
    def require(cls):
        """Before labs.tell(): without the program there is no story."""
        if tree_of(cls.PACKAGE, cls.PROGRAM) is None:
            tap.skip_all(f"not unpacked: {cls.PACKAGE}")

    def __init__(self, lab, name, address="127.0.0.25", domain="sender.example"):
        if not lab.has_own_etc:
            raise RuntimeError("the story has to have an /etc of its own")
        self.lab, self.name, self.address, self.domain = lab, name, address, domain
        self.path = lab.folder(name)
        self.log = self.path / f"{name}.log"  # what the monitor follows
        self.output = self.path / "output.log"
        self.sender = f"bounces@{domain}"
        self.process = None
        self.tree = self.mount(tree_of(self.PACKAGE, self.PROGRAM))
        self.environment = {**os.environ, "TZ": "UTC"}

    def mount(self, tree):
        """Puts the tree where users that may not look into the build folder can."""
        if tree == pathlib.Path("/"):
            return tree
        place = self.lab.folder(f"{self.name}-tree")
        labs.must("mount", "--bind", tree, place)
        return place

    def user(self, name, *groups):
        """A user and his groups in the story's /etc; those that are there stay."""
        with open("/etc/group", "a+", encoding="utf-8") as file:
            file.seek(0)
            known = {line.split(":")[0] for line in file}
            for group in (name, *groups):
                if group not in known:
                    file.write(f"{group}:x:{7000 + len(known)}:\n")
                    known.add(group)
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
        number = next(line.split(":")[2] for line in open("/etc/group", encoding="utf-8")
                      if line.startswith(f"{name}:"))
        with open("/etc/passwd", "a", encoding="utf-8") as file:
            file.write(f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n")
        return pwd.getpwnam(name)

    def own(self, folder, user):
        folder.mkdir(exist_ok=True)
        os.chown(folder, user.pw_uid, user.pw_gid)

    def tool(self, *command, **options):
        return labs.must(*command, env=self.environment, cwd=self.path, **options)

    def send(self, *recipients, sender=None, subject="a letter", text="Hello.", message=None):
        """Hands one message over as a local program does; returns when it is in the queue."""
        sender = self.sender if sender is None else sender
        message = message or MESSAGE.format(sender, subject, text)
        self.tool(*self.sendmail(), "-i", "-f", sender, "--", *recipients, input=message,
                  stdin=None)

    def await_empty(self, seconds=30):
        """Until nothing waits any more."""
        labs.until(f"the queue of {self.name} is empty", lambda: not self.queued(), seconds,
                   every=0.1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Postfix(Mta):
    """Postfix; settings are those of main.cf that differ from here."""

    PACKAGE, PROGRAM = "postfix", "usr/sbin/postfix"
    PCRE_PACKAGE, PCRE = "postfix-pcre", "usr/lib/postfix/postfix-pcre.so"
    SERVICES = """
smtp inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

    def __init__(self, lab, name="postfix", settings=None, **options):
        super().__init__(lab, name, **options)
        self.conf = lab.folder(f"{name}/conf")
        library = self.tree / "usr/lib/postfix"
        self.pcre = self.find_pcre()
        self.environment["LD_LIBRARY_PATH"] = str(library)
        self.settings = {
            "compatibility_level": "3.6",
            "command_directory": self.tree / "usr/sbin",
            "daemon_directory": library / "sbin",
            "shlib_directory": library,
            "meta_directory": self.conf,
            "queue_directory": self.path / "queue",
            "data_directory": self.path / "data",
            "import_environment": "MAIL_CONFIG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE"
                                  " POSTLOG_HOSTNAME LD_LIBRARY_PATH",
            "export_environment": "TZ MAIL_CONFIG LANG LD_LIBRARY_PATH",
            "maillog_file": self.log,
            "maillog_file_prefixes": lab.path,
            "myhostname": f"mail.{self.domain}",
            "myorigin": self.domain,
            "mydestination": "",
            "alias_maps": "",
            "alias_database": "",
            "inet_interfaces": self.address,
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "smtp_connection_cache_on_demand": "no",
            # What waits is tried again soon, and a host that failed is not spared.
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "2s",
            "queue_run_delay": "1s",
            "default_destination_concurrency_failed_cohort_limit": "1000",
            **(settings or {}),
        }

    def find_pcre(self):
        """The module for pcre: tables, None where it was not unpacked."""
        tree = tree_of(self.PCRE_PACKAGE, self.PCRE)
        if tree is None or tree == pathlib.Path("/"):
            return tree and tree / self.PCRE
        place = self.lab.folder(f"{self.name}-pcre")
        labs.must("mount", "--bind", tree, place)
        return place / self.PCRE

    def write_conf(self, **settings):
        """reload() makes a running one read it."""
        self.settings.update(settings)
        (self.conf / "main.cf").write_text(
            "".join(f"{key} = {value}\n" for key, value in self.settings.items()))
        (self.conf / "master.cf").write_text(self.SERVICES.lstrip())
        files = (self.tree / "etc/postfix/postfix-files").read_text().splitlines()
        (self.conf / "postfix-files").write_text("".join(
            f"{line}\n" for line in files if line.startswith("$queue_directory")))
        (self.conf / "dynamicmaps.cf").write_text(
            f"pcre {self.pcre} dict_pcre_open\n" if self.pcre else "")

    def program(self, name):
        return self.tree / "usr/sbin" / name

    def start(self):
        self.own(self.path / "data", self.user("postfix", "postdrop"))
        labs.run("ip", "addr", "add", f"{self.address}/32", "dev", "lo")
        (self.path / "queue").mkdir(exist_ok=True)
        self.write_conf()
        self.process = self.lab.start(
            self.program("postfix"), "-c", self.conf, "start-fg", log=self.output,
            env=self.environment, cwd=self.path, start_new_session=True)
        labs.until(f"{self.name} runs", self.is_ready, 20)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name}: {self.output.read_text()}")
        return self.log.exists() and "daemon started" in self.log.read_text()

    def bounced(self):
        """Whom the log says that mail has bounced for."""
        return set(re.findall(r" to=<([^>]*)>, .* status=bounced ", self.log.read_text()))

    def waiting(self):
        """Whom messages in the queue are for."""
        return {recipient["address"] for line in self.queued()
                for recipient in json.loads(line)["recipients"]}

    def control(self, *words):
        """The postfix command: reload, flush, logrotate."""
        return self.tool(self.program("postfix"), "-c", self.conf, *words)

    def sendmail(self):
        return self.program("sendmail"), "-C", self.conf

    def queued(self):
        return self.tool(self.program("postqueue"), "-c", self.conf, "-j").splitlines()


class Exim(Mta):
    """Exim; settings are main options that differ from here."""

    PACKAGE, PROGRAM = "exim4-daemon-light", "usr/sbin/exim4"

    def __init__(self, lab, name="exim", settings=None, **options):
        super().__init__(lab, name, **options)
        self.log = self.path / "mainlog"
        self.conf = self.path / "exim.conf"
        self.binary = self.tree / self.PROGRAM
        self.settings = {
            "exim_path": self.binary,
            "spool_directory": self.path / "spool",
            "log_file_path": f"{self.path}/%slog",
            "timezone": "UTC",
            "keep_environment": "",
            "primary_hostname": f"mail.{self.domain}",
            "qualify_domain": self.domain,
            "local_interfaces": self.address,
            "disable_ipv6": "true",
            "tls_advertise_hosts": "",
            "deliver_drop_privilege": "true",
            "never_users": "",
            **(settings or {}),
        }

    def write_conf(self, **settings):
        self.settings.update(settings)
        options = "".join(f"{key} = {value}\n" for key, value in self.settings.items())
        self.conf.write_text(options + """
begin routers
everybody:
  driver = dnslookup
  transport = out
  self = send
begin transports
out:
  driver = smtp
begin retry
* * F,5d,1s
""")

    def start(self):
        user = self.user("Debian-exim")
        self.own(self.path, user)
        self.own(self.path / "spool", user)
        self.write_conf()
        trusted = pathlib.Path("/etc/exim4/trusted_configs")
        trusted.parent.mkdir(exist_ok=True)
        trusted.write_text(f"{self.conf}\n")
        self.process = self.lab.start(
            self.binary, "-C", self.conf, "-bdf", "-q1s", log=self.output,
            env=self.environment, cwd=self.path, start_new_session=True)
        labs.until(f"{self.name} runs", self.is_ready, 20)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name}: {self.output.read_text()}")
        return self.log.exists() and "daemon started" in self.log.read_text()

    def sendmail(self):
        return self.binary, "-C", self.conf

    def queued(self):
        return self.tool(self.binary, "-C", self.conf, "-bpr").split("\n\n")[:-1]
