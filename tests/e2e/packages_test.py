#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""install-packages asks for what is missing, starts no service, and says why it could not."""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
import lab as labs  # noqa: E402

SCRIPT = HERE.parent.parent / "packaging" / "install-packages"
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
DPKG = '#!/bin/sh\nfor last; do :; done\ngrep -qx "$last" "$TOOLS/installed" && echo installed\n'
APT = """#!/bin/sh
echo "$*" >> "$TOOLS/asked"
[ -x /usr/sbin/policy-rc.d ] && echo "services held" >> "$TOOLS/asked"
[ ! -e "$TOOLS/broken" ] || { echo "E: no such archive" >&2; exit 100; }
"""


class Tools:
    """Doubles of dpkg-query and apt-get, before everything else on PATH."""

    def __init__(self, lab):
        self.path = lab.folder("tools")
        (self.path / "installed").write_text("gcc\nmeson\n")
        for name, text in (("dpkg-query", DPKG), ("apt-get", APT),
                           ("install-packages", SCRIPT.read_text())):
            (self.path / name).write_text(text)
            (self.path / name).chmod(0o755)
        self.environment = {"TOOLS": str(self.path), "PATH": f"{self.path}:{os.environ['PATH']}"}

    def install(self, *words, user=0):
        command = [self.path / "install-packages", *words]
        if user:
            command = [labs.find("setpriv"), f"--reuid={user}", "--clear-groups"] + command
        return labs.run(*command, env=self.environment)

    def asked(self):
        path = self.path / "asked"
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text


def story(lab, t):
    tools = Tools(lab)
    listed = lab.path / "list"
    listed.write_text("# a list\ngcc\nmeson # both there\n")
    labs.must("mount", "-t", "tmpfs", "tmpfs", "/usr/sbin")
    done = tools.install(listed)
    t.ok(done.returncode == 0 and not done.stderr and not tools.asked(),
         "nothing missing, nothing said, nothing done", done.stderr)
    listed.write_text("gcc\nnsd\n")
    done = tools.install(listed, "valgrind")
    asked = tools.asked()
    t.ok(done.returncode == 0 and "update" in asked
         and "--no-install-recommends nsd valgrind\n" in asked, "only what is missing is asked for",
         asked + done.stderr)
    t.ok("services held" in asked and not POLICY.exists(),
         "services are held meanwhile, and only meanwhile", asked)
    POLICY.write_text("#!/bin/sh\n")
    tools.install(listed)
    t.ok(POLICY.read_text() == "#!/bin/sh\n", "a policy of the administrator is left alone")
    POLICY.unlink()
    tools.asked()
    (tools.path / "broken").touch()
    done = tools.install(listed)
    t.ok(done.returncode == 1 and "no such archive" in done.stderr and "nsd" in done.stderr
         and not POLICY.exists(), "a failure shows its reason and leaves no policy", done.stderr)
    tools.asked()
    name = "without root and sudo it names what to install"
    if labs.find("sudo"):
        t.skip(name, "sudo is here")
        return
    done = tools.install("nsd", user=65534)
    t.ok(done.returncode == 1 and "please install nsd" in done.stderr and not tools.asked(),
         name, done.stderr)


labs.tell(story, "setpriv")
