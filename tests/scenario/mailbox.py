# SPDX-License-Identifier: MIT
"""A real Postfix as the receiver of alerts: STARTTLS, AUTH, and a maildir for each of its users.

It takes mail from nobody who has not logged in over TLS. Passwords are in a Cyrus SASL database.
"""
import email
import email.policy
import os
import pathlib

import lab as labs
import mta
import tap

SASL = "usr/sbin/saslpasswd2"
BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def trust(authority):
    """From now on programs of the story trust that certificate authority; it has its own /etc."""
    with open(BUNDLE, "a", encoding="ascii") as file:
        file.write("\n" + pathlib.Path(authority).read_text())


class Mailbox(mta.Postfix):
    """`users` at `domain`; each may log in as mx with `password`."""

    SERVICES = mta.Postfix.SERVICES + "virtual unix - n n - - virtual\n"

    @classmethod
    def require(cls):
        super().require()
        if mta.tree_of("sasl2-bin", SASL) is None:
            tap.skip_all("not unpacked: sasl2-bin")

    def __init__(self, lab, certificate, key, users=("team",), password="c4nary-P4ssword",
                 name="mailbox", domain="receiver.example", address="127.0.0.26"):
        super().__init__(lab, name, address=address, domain=domain)
        self.users, self.password = users, password
        self.boxes = self.path / "boxes"
        self.sasl = lab.folder(f"{name}/conf/sasl")  # where Debian's looks
        self.keeper = self.user("vmail")
        self.own(self.boxes, self.keeper)
        maps = ", ".join(f"{{{user}@{domain} = {user}/}}" for user in users)
        self.settings.update({
            "virtual_mailbox_domains": domain,
            "virtual_mailbox_base": self.boxes,
            "virtual_mailbox_maps": f"inline:{{ {maps} }}",
            "virtual_uid_maps": f"static:{self.keeper.pw_uid}",
            "virtual_gid_maps": f"static:{self.keeper.pw_gid}",
            "smtpd_tls_cert_file": certificate,
            "smtpd_tls_key_file": key,
            "smtpd_tls_security_level": "may",
            "smtpd_tls_auth_only": "yes",
            "smtpd_tls_received_header": "yes",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_authenticated_header": "yes",
            "smtpd_sasl_path": "smtpd",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
            "smtpd_recipient_restrictions": "reject_unlisted_recipient,"
                                            " permit_sasl_authenticated, reject",
            "smtpd_peername_lookup": "no",
            "mynetworks": "",
        })

    def url(self):
        return f"smtp://{self.address}:25"

    def start(self):
        passwords = self.sasl / "sasldb2"
        labs.must(mta.tree_of("sasl2-bin", SASL) / SASL, "-p", "-c", "-f", passwords, "-u",
                  f"mail.{self.domain}", "mx", input=self.password, stdin=None)
        os.chown(passwords, self.user("postfix", "postdrop").pw_uid, -1)
        (self.sasl / "smtpd.conf").write_text(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n"
            f"sasldb_path: {passwords}\n")
        return super().start()

    def files(self, user):
        return sorted((self.boxes / user / "new").glob("*"))

    def mails(self, user):
        """What has arrived, parsed by Python's own reader of mail."""
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in self.files(user)]

    def await_mails(self, user, count=1, seconds=20):
        labs.until(f"{user} has {count} mails", lambda: len(self.files(user)) >= count, seconds)
        return self.mails(user)
