# SPDX-License-Identifier: MIT
"""A small DNS: root servers that delegate, authorities, and a recursor that walks from the root."""
import servers

ROOT = "127.0.1.1"
RECURSOR = "127.0.0.53"
VIEWS = [
    {"name": "authoritative", "kind": "authoritative", "bootstrap": [f"{RECURSOR}:53"]},
    {"name": "mta", "kind": "recursive", "servers": [f"{RECURSOR}:53"]},
]


def mx(*hosts):
    """Zone lines of an MX set: mx((10, "mx0.ionos.example"), ...)."""
    return [f"@ MX {preference} {name.rstrip('.')}." for preference, name in hosts]


class World:
    """NSD holds the root and, unless a domain names others, its zones too."""

    def __init__(self, lab, round_robin=False):
        self.lab = lab
        self.nsd = servers.Nsd(lab, (ROOT, "fd00::1"), round_robin=round_robin)
        self.delegations = []
        self.addresses = {}
        self.unbound = None

    def add_domain(self, name, records, ttl=60, ns=None, extra=(), here=True):
        """A zone on NSD. ns: {server name: [addresses]}, extra: more Authority objects that
        have the zone as well, as it is now; here: whether NSD itself has it."""
        ns = ns or {"ns1": [ROOT]}
        glue = [f"{host} {'AAAA' if ':' in address else 'A'} {address}"
                for host, addresses in ns.items() for address in addresses]
        self.addresses[name] = glue
        for server in ([self.nsd] if here else []) + list(extra):
            server.add_zone(name, list(records) + glue, ttl=ttl, ns=tuple(ns))
        for line in glue:
            host, kind, address = line.split()
            self.delegations.append(f"{host}.{name}. {kind} {address}")
        self.delegations += [f"{name}. NS {host}.{name}." for host in ns]

    def start(self, recursor=True, max_ttl=86400):
        self.nsd.add_zone(".", self.delegations + [f"ns1. A {ROOT}"])
        self.nsd.start()
        if recursor:
            self.unbound = servers.Unbound(self.lab, RECURSOR, (ROOT,), max_ttl=max_ttl).start()
        return self

    def edit(self, name, records, server=None, **options):
        """Changes the domain's records; returns the instants between which that happened."""
        return (server or self.nsd).edit(name, list(records) + self.addresses[name], **options)
