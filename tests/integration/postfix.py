"""A Postfix of a test's own: its configuration, queue and mailboxes in a folder of /tmp, its ports on loopback,
with TLS and AUTH (Cyrus SASL); it ends with its process."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

from far_side import make_certificate
from harness import free_port, wait_for

USER, PASSWORD = "ringfence", "pass=word-4711"
OWNER = 65533  # of the mailboxes

MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/log
maillog_file_prefixes = {root}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.org
mydestination =
mynetworks =
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_received_header = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = mail.example.org
cyrus_sasl_config_path = {root}/conf/sasl
smtpd_tls_auth_only = yes
"""
MASTER = """
127.0.0.1:{starttls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
SASL = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: {mechanisms}\nsasldb_path: {root}/sasl/db\n"


def why_not():
    """Why it cannot run here; None: it can."""
    if os.geteuid() != 0:
        return "Postfix wants to be started by root"
    for program in ("postfix", "saslpasswd2"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin") is None:
            return f"{program} is not installed (tests/run does so where there is no other mail server)"
    return None


class Postfix:
    def __init__(self, mechanisms="PLAIN LOGIN"):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-postfix-"))
        self.root.chmod(0o755)
        for folder in ("conf", "conf/sasl", "queue", "data", "sasl", "mail"):
            (self.root / folder).mkdir()
        self.starttls, self.implicit = free_port(), free_port()
        self.certificate, key = make_certificate(self.root, "server")
        names = {"root": self.root, "owner": OWNER, "certificate": self.certificate, "key": key,
                 "starttls": self.starttls, "implicit": self.implicit, "mechanisms": mechanisms}
        (self.root / "conf" / "main.cf").write_text(MAIN.format(**names))
        (self.root / "conf" / "master.cf").write_text(MASTER.format(**names))
        (self.root / "conf" / "sasl" / "smtpd.conf").write_text(SASL.format(**names))
        subprocess.run(["saslpasswd2", "-p", "-c", "-u", "mail.example.org", "-f", self.root / "sasl" / "db", USER],
                       input=PASSWORD.encode(), check=True, capture_output=True)
        user = pwd.getpwnam("postfix")
        for path in ("data", "sasl", "sasl/db"):
            os.chown(self.root / path, user.pw_uid, user.pw_gid)
        os.chown(self.root / "mail", OWNER, OWNER)
        self.output = open(self.root / "out", "wb")
        self.popen = subprocess.Popen(["/usr/sbin/postfix", "-c", self.root / "conf", "start-fg"],
                                      stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True)
        wait_for("Postfix to listen", self.listens)

    def listens(self):
        if self.popen.poll() is not None:
            raise AssertionError(f"Postfix ended: {self.words()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.implicit), 1):
            return True
        return False

    def words(self):
        return "".join(file.read_text(errors="replace") for file in (self.root / "out", self.root / "log")
                       if file.exists())

    def mails(self):
        """As they lie in the mailbox, Postfix's own first lines included."""
        folder = self.root / "mail" / "inbox" / "new"
        return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.exists() else []

    def close(self):
        # The master has left the process group of what started it.
        pid_file = self.root / "queue" / "pid" / "master.pid"
        master = int(pid_file.read_text()) if pid_file.exists() else self.popen.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(master, signal.SIGTERM)
        self.popen.wait(30)
        wait_for("Postfix to end", lambda: not pathlib.Path(f"/proc/{master}").exists())
        self.output.close()
        shutil.rmtree(self.root, ignore_errors=True)
