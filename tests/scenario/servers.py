# SPDX-License-Identifier: MIT
"""The name servers that stories use: NSD, Knot DNS and Unbound as Debian ships them."""
import os
import signal
import time

import dns
import lab as labs
import procs


def zone_text(name, serial, records, ttl=60, ns=("ns1",)):
    """A zone file; records are lines of master file syntax."""
    lines = [f"$ORIGIN {name.rstrip('.')}.", f"$TTL {ttl}",
             f"@ SOA ns1 hostmaster {serial} 3600 600 86400 60"]
    lines += [f"@ NS {server}" for server in ns]
    return "\n".join(lines + list(records)) + "\n"


class Authority:
    """What NSD and Knot have in common: zones, serials, edits that are awaited."""

    def __init__(self, lab, name, addresses, port=53):
        self.lab, self.name, self.addresses, self.port = lab, name, tuple(addresses), port
        self.path = lab.folder(name)
        self.log = self.path / f"{name}.log"
        self.zones = {}
        self.process = None

    def add_zone(self, zone, records, **options):
        """Before start(): a zone with its first serial."""
        self.zones[zone] = {"serial": 1, "records": list(records), "options": options}
        self.write(zone)

    def zone_file(self, zone):
        return self.path / f"{zone.strip('.') or 'root'}.zone"

    def write(self, zone):
        entry = self.zones[zone]
        self.zone_file(zone).write_text(
            zone_text(zone, entry["serial"], entry["records"], **entry["options"]))

    def stage(self, zone, records, **options):
        """Writes the next version of a zone without loading it; returns its serial."""
        entry = self.zones[zone]
        entry["serial"] += 1
        entry["records"] = list(records)
        entry["options"].update(options)
        self.write(zone)
        return entry["serial"]

    def edit(self, zone, records, **options):
        """Changes a zone and returns (before, after): the instants between which every address
        of the server began to say the new thing."""
        serial = self.stage(zone, records, **options)
        before = time.time()
        self.reload(zone)
        self.await_serial(zone, serial)
        return before, time.time()

    def await_serial(self, zone, serial):
        for address in self.addresses:
            labs.until(f"{self.name} at {address} serves {zone} {serial}",
                       lambda: dns.serial(address, zone, self.port) == serial, every=0.005)

    def start(self):
        self.process = self.lab.start(*self.command(), log=self.log)
        for zone, entry in self.zones.items():
            self.await_serial(zone, entry["serial"])
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def freeze(self):
        """The server is there and says nothing; thaw() lets it speak again."""
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def signal_all(self, number):
        for pid in procs.family(self.process.pid):
            os.kill(pid, number)


class Nsd(Authority):
    """One NSD on several addresses."""

    def __init__(self, lab, addresses=("127.0.1.1",), name="nsd", port=53, round_robin=False):
        super().__init__(lab, name, addresses, port)
        self.round_robin = round_robin
        self.conf = self.path / "nsd.conf"

    def write_conf(self):
        server = [f"ip-address: {address}@{self.port}" for address in self.addresses] + [
            "server-count: 1", 'username: ""', 'database: ""', "rrl-ratelimit: 0",
            f"round-robin: {'yes' if self.round_robin else 'no'}", "minimal-responses: yes",
            "xfrd-reload-timeout: 0", "tcp-count: 200",
            f'zonesdir: "{self.path}"', f'pidfile: "{self.path}/nsd.pid"',
            f'xfrdfile: "{self.path}/xfrd.state"', f'xfrdir: "{self.path}"',
            f'zonelistfile: "{self.path}/zone.list"']
        text = "server:\n" + "".join(f"  {line}\n" for line in server)
        text += "remote-control:\n  control-enable: yes\n" \
                f'  control-interface: "{self.path}/nsd.ctl"\n'
        for zone in self.zones:
            text += f'zone:\n  name: "{zone}"\n  zonefile: "{self.zone_file(zone)}"\n'
        self.conf.write_text(text)

    def command(self):
        self.write_conf()
        return labs.find("nsd"), "-d", "-c", self.conf

    def reload(self, zone=None):
        words = ["reload", zone] if zone else ["reload"]
        labs.must(labs.find("nsd-control"), "-c", self.conf, *words)


class Knot(Authority):
    """A second authority from another workshop: shows that NSD's habits are not the contract."""

    def __init__(self, lab, addresses=("127.0.1.2",), name="knot", port=53):
        super().__init__(lab, name, addresses, port)
        self.conf = self.path / "knot.conf"

    def command(self):
        listen = ", ".join(f"{address}@{self.port}" for address in self.addresses)
        text = f'server:\n  rundir: "{self.path}"\n  listen: [ {listen} ]\n' \
               "  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n" \
               f'log:\n  - target: stderr\n    any: info\ndatabase:\n  storage: "{self.path}"\n' \
               f'template:\n  - id: default\n    storage: "{self.path}"\n' \
               "    zonefile-sync: -1\n    journal-content: none\n    zonefile-load: whole\n"
        if self.zones:
            text += "zone:\n"
        for zone in self.zones:
            text += f'  - domain: "{zone}"\n    file: "{self.zone_file(zone)}"\n'
        self.conf.write_text(text)
        return labs.find("knotd"), "-c", self.conf

    def reload(self, zone=None):
        labs.must(labs.find("knotc"), "-c", self.conf, "zone-reload", *([zone] if zone else []))

    def start(self):
        super().start()
        for address in self.addresses:
            labs.until(f"knot answers at {address}",
                       lambda: dns.ask(address, "id.server", "TXT", self.port))
        return self


class Unbound:
    """A recursor with a cache, iterating from our own root servers."""

    def __init__(self, lab, address="127.0.0.53", roots=("127.0.1.1",), name="unbound",
                 max_ttl=86400):
        self.lab, self.address, self.name = lab, address, name
        self.path = lab.folder(name)
        self.log = self.path / f"{name}.log"
        self.roots, self.max_ttl = roots, max_ttl
        self.process = None

    def start(self):
        conf = self.path / "unbound.conf"
        stubs = "".join(f"  stub-addr: {root}\n" for root in self.roots)
        conf.write_text(f"""server:
  interface: {self.address}
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: "{self.path}"
  pidfile: "{self.path}/unbound.pid"
  do-daemonize: no
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  cache-max-ttl: {self.max_ttl}
  cache-max-negative-ttl: {self.max_ttl}
  infra-host-ttl: 1
  minimal-responses: yes
  qname-minimisation: no
  rrset-roundrobin: yes
  root-hints: ""
remote-control:
  control-enable: yes
  control-interface: {self.path}/unbound.ctl
stub-zone:
  name: "."
{stubs}  stub-prime: no
""")
        self.conf = conf
        self.process = self.lab.start(labs.find("unbound"), "-d", "-c", conf, log=self.log)
        labs.until(f"{self.name} answers",
                   lambda: dns.ask(self.address, ".", "SOA", recurse=True, seconds=1))
        return self

    def control(self, *words):
        return labs.must(labs.find("unbound-control"), "-c", self.conf, *words)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
