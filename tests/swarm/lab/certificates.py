"""One certificate of the lab. The load does not check it: what the scenarios ask is whether requests
get through."""

from dataclasses import dataclass
from pathlib import Path

from .shell import run


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path


def issue(folder, *names):
    made = Certificate(Path(folder) / "lab.crt", Path(folder) / "lab.key")
    run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
        "-days", 30, "-subj", f"/CN={names[0]}",
        "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
        "-keyout", made.key, "-out", made.cert,
    )  # fmt: skip
    return made
