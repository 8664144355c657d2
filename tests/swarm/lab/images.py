"""Images without a registry: tar files made from what the build made, for `docker import`."""

import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

from .shell import run

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("SWARMWARD_RELEASE", "build")
PROGRAMS = ["swarmward", "swarmward-control", "swarmward-worker", "swarmward-keys", "swarmward-checker"]
APP = "tests/swarm/app/swarm-app"
USER = 990
KEYS_USER = 991

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\n"
    f"swarmward:x:{USER}:{USER}::/nonexistent:/sbin/nologin\n"
    f"swarmward-keys:x:{KEYS_USER}:{KEYS_USER}::/nonexistent:/sbin/nologin\n",
    "etc/group": f"root:x:0:\nswarmward:x:{USER}:\nswarmward-keys:x:{KEYS_USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
# Loaded by glibc when it is asked for users or names; ldd does not know of them.
BY_NAME = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"]


def libraries(program):
    """What it is linked with, as the loader finds it: paths."""
    found = run("ldd", program, check=False)
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", found)}


def add_file(tar, source, name, mode=0o755):
    row = tarfile.TarInfo(name)
    row.size = source.stat().st_size
    row.mode = mode
    with open(source, "rb") as content:
        tar.addfile(row, content)


def add_text(tar, name, text):
    row = tarfile.TarInfo(name)
    row.size = len(text)
    row.mode = 0o644
    tar.addfile(row, io.BytesIO(text.encode()))


def add_folder(tar, name, mode=0o755, owner=0):
    row = tarfile.TarInfo(name)
    row.type = tarfile.DIRTYPE
    row.mode = mode
    row.uid = row.gid = owner
    tar.addfile(row)


def app_tar(folder):
    """The application alone, statically linked."""
    subprocess.run(["ninja", "-C", str(BUILD), APP], check=True, stdout=subprocess.DEVNULL)
    path = Path(folder) / "app.tar"
    with tarfile.open(path, "w") as tar:
        add_file(tar, BUILD / APP, "app")
    return path


def swarmward_tar(folder):
    """The programs of the build under test and the libraries of this machine; no shell."""
    path = Path(folder) / "swarmward.tar"
    needed = set()
    for program in PROGRAMS:
        needed |= libraries(BUILD / program)
    libc = next(one for one in needed if one.name.startswith("libc.so"))
    needed |= {libc.with_name(name) for name in BY_NAME if libc.with_name(name).exists()}
    with tarfile.open(path, "w") as tar:
        for name in ("etc", "tmp", "run", "var/lib/swarmward"):
            add_folder(tar, name, 0o1777 if name == "tmp" else 0o755,
                       USER if name.startswith("var") else 0)  # fmt: skip
        for name, text in FILES.items():
            add_text(tar, name, text)
        for program in PROGRAMS:
            add_file(tar, BUILD / program, f"usr/bin/{program}")
        for library in sorted(needed):
            add_file(tar, library.resolve(), str(library).lstrip("/"))
    return path
