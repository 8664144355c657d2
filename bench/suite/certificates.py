"""Certificates for the bench: made once in a temporary directory, then linked to where the proxies
read them, so that replacing all of them is a matter of renames."""

import os
import shutil
import socket
import ssl
import subprocess

SUFFIX = "b.test"


def domain_name(number):
    return f"d{number}.{SUFFIX}"


class Served:
    """The certificates in place, one for each domain 1..count."""

    def __init__(self, directory, authority):
        self.directory = directory  # N.crt, N.key, N.pem (both)
        self.authority = authority  # PEM file
        self.count = 0

    def domains(self):
        stem = os.path.join(self.directory, "")
        return [
            {
                "number": number,
                "domain": domain_name(number),
                "cert": f"{stem}{number}.crt",
                "key": f"{stem}{number}.key",
                "pem": f"{stem}{number}.pem",
            }
            for number in range(1, self.count + 1)
        ]

    def der(self, number):
        with open(os.path.join(self.directory, f"{number}.crt"), encoding="ascii") as file:
            return ssl.PEM_cert_to_DER_cert(file.read())


class Store:
    """Makes certificates below one directory: two sets of the same names, and one of RSA-2048."""

    def __init__(self, directory, maker):
        self.directory = directory
        self.maker = maker  # the program of certs/
        self.made = {}  # set -> how many
        os.mkdir(directory)

    def _path(self, name):
        return os.path.join(self.directory, name)

    def make(self, name, count):
        """At least `count` certificates in the set `name`; all sets are of one authority."""
        made = self.made.get(name, 0)
        if made >= count:
            return
        if not made:
            os.mkdir(self._path(name))
            for other in self.made.keys() - {"rsa"}:
                for file in ("ca.crt", "ca.key"):
                    shutil.copy2(self._path(f"{other}/{file}"), self._path(name))
        command = [self.maker, self._path(name), str(count - made), SUFFIX, str(made + 1)]
        subprocess.run(command, check=True, timeout=600)
        for number in range(made + 1, count + 1):
            stem = self._path(f"{name}/{domain_name(number)}")
            _write_pem(stem)
        self.made[name] = count

    def make_rsa(self):
        """One certificate with a key of RSA-2048, for the first domain; its own authority."""
        stem = self._path(f"rsa/{domain_name(1)}")
        if os.path.exists(f"{stem}.pem"):
            return
        os.mkdir(self._path("rsa"))
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
        command += ["-subj", f"/CN={domain_name(1)}", "-addext"]
        command += [f"subjectAltName=DNS:{domain_name(1)}"]
        command += ["-keyout", f"{stem}.key", "-out", f"{stem}.crt"]
        subprocess.run(command, check=True, timeout=60, stderr=subprocess.DEVNULL)
        shutil.copy2(f"{stem}.crt", self._path("rsa/ca.crt"))
        _write_pem(stem)
        self.made["rsa"] = 1

    def place(self, directory, name, count):
        """The first `count` certificates of a set, in place of what is there."""
        if name == "rsa":
            self.make_rsa()
        else:
            self.make(name, count)
        os.makedirs(directory, exist_ok=True)
        for entry in os.scandir(directory):
            if int(entry.name.split(".")[0]) > count:
                os.unlink(entry)
        for number in range(1, count + 1):
            for kind in ("crt", "key", "pem"):
                place_file(
                    self._path(f"{name}/{domain_name(number)}.{kind}"),
                    os.path.join(directory, f"{number}.{kind}"),
                )
        served = Served(directory, self._path(f"{name}/ca.crt"))
        served.count = count
        return served


def _write_pem(stem):
    descriptor = os.open(f"{stem}.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        for kind in ("crt", "key"):
            with open(f"{stem}.{kind}", "rb") as file:
                out.write(file.read())


def place_file(source, target):
    """Replace `target` as an operator's tool does: a new file of that name, never a half one."""
    if os.path.exists(target) and os.path.samefile(source, target):
        return  # renaming a file to itself does nothing
    new = f"{target}.new"
    os.link(source, new)
    os.rename(new, target)


def client_context(authority):
    """TLS of a client that trusts this authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    context.set_alpn_protocols(["http/1.1"])
    return context


def serves(context, port, name, status=b"200", timeout_s=10.0):
    """The certificate (DER) that a domain is served with, or None when it is not: handshake with
    verification, one request, the status expected."""
    request = f"GET /1k HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as plain:
            with context.wrap_socket(plain, server_hostname=name) as tls:
                tls.sendall(request)
                if not tls.recv(64).startswith(b"HTTP/1.1 " + status):
                    return None
                return tls.getpeercert(binary_form=True)
    except OSError:
        return None
