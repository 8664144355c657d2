"""A private CA of the test run and leaf certificates of every kind, made by openssl."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONFIG = """
[ca]
default_ca = lab
[lab]
database = {0}/index.txt
new_certs_dir = {0}
rand_serial = yes
certificate = {0}/ca.crt
private_key = {0}/ca.key
default_md = sha256
policy = any
copy_extensions = copyall
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""

NEW_KEY = {
    "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    "rsa": ["-newkey", "rsa:2048"],
    "rsa-1024": ["-newkey", "rsa:1024"],
}


def alternative(name):
    kind = "IP" if name.replace(".", "").isdigit() else "DNS"
    return f"{kind}:{name}"


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Certificate:
    name: str
    cert: Path
    key: Path

    def row(self, name=None):
        """As an item of tls.certificates."""
        return {"name": name or self.name, "cert": str(self.cert), "key": str(self.key)}


class Authority:
    def __init__(self, folder, name="Test run CA"):
        self.folder = Path(folder)
        self.made = {}
        self.config = self.folder / "openssl.cnf"
        self.config.write_text(CONFIG.format(self.folder))
        (self.folder / "index.txt").touch()
        self.ca = self.folder / "ca.crt"
        openssl(
            "req", "-x509", *NEW_KEY["ecdsa"], "-noenc", "-days", 30, "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", self.folder / "ca.key", "-out", self.ca, "-config", self.config,
        )  # fmt: skip

    def issue(self, *names, kind="ecdsa", begins="20200101000000Z", ends="21000101000000Z"):
        """The same certificate again for the same question."""
        question = (names, kind, begins, ends)
        if question not in self.made:
            self.made[question] = self._make(len(self.made), *question)
        return self.made[question]

    def _make(self, number, names, kind, begins, ends):
        base = self.folder / f"{number}-{names[0].replace('*', 'any')}-{kind}"
        request, cert, key = (base.with_name(base.name + end) for end in (".csr", ".crt", ".key"))
        openssl(
            "req", "-new", *NEW_KEY[kind], "-noenc", "-subj", f"/CN={names[0][:60]}", "-config", self.config,
            "-addext", "subjectAltName=" + ",".join(alternative(name) for name in names),
            "-keyout", key, "-out", request,
        )  # fmt: skip
        openssl(
            "ca", "-batch", "-notext", "-config", self.config, "-startdate", begins, "-enddate", ends,
            "-in", request, "-out", cert,
        )  # fmt: skip
        os.chmod(key, 0o600)
        return Certificate(base.name, cert, key)


def without_sni(authority):
    """The section `tls` for clients such as wrk, which connect by address and send no name: they are
    shown the certificate of a.test."""
    row = authority.issue("a.test").row()
    return {"unknown_sni": row["name"], "certificates": [row]}
