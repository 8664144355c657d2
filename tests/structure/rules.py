"""The rules of the house that no compiler knows. Each takes a Tree and returns complaints, one
sentence with a place each; no complaint means that the rule holds."""

import re
import subprocess
from pathlib import Path

TOP_LEVEL = {
    "Makefile", ".ci", ".clang-format", ".clang-tidy", ".gitignore", "LICENSE", "README.md",
    "meson.build", "src", "include", "conf", "certs", "tests", "bench", "docs",
}  # fmt: skip

# folder -> what it may include: other folders, single headers of other folders, and libraries.
MAY_INCLUDE = {
    "base": set(),
    "net": {"base", "libevent"},
    "ipc": {"base", "net", "libevent"},
    "model": {"base", "ipc/wire.h", "net/address.h"},
    "config": {"base", "net/address.h", "model", "libyaml"},
    "pki": {"base", "net/address.h", "model", "libcrypto"},
    "tls": {"base", "net", "ipc", "model", "pki/private_key.h", "libcrypto", "libssl"},
    "http": {"base", "nghttp2"},
    "process": {"base", "net", "ipc", "libevent", "libseccomp"},
    "docker": {"base", "net", "libevent", "jansson", "libcurl"},
    "discovery": {"base", "net", "docker", "libevent", "jansson", "libcares"},
    "parent": {"base", "net", "ipc", "process", "model/board.h", "libevent"},
    "control": {
        "base", "net", "ipc", "model", "config", "pki", "http", "process", "docker", "discovery",
        "libevent", "jansson",
    },
    "worker": {"base", "net", "ipc", "model", "tls", "http", "process", "libevent"},
    "checker": {
        "base", "net", "ipc", "model", "tls/tls_backend.h", "tls/signer.h", "http", "process", "libevent",
    },
    "keys": {"base", "net", "ipc", "process", "model/keyring.h", "libcrypto"},
    "backup": {"base", "net", "model", "config", "process", "docker", "libevent", "jansson"},
    # `swarmward` is parent and command line in one: `run` hands over to the parent.
    "cli": {"base", "net", "ipc", "model", "config", "pki", "process", "jansson", "parent"},
}  # fmt: skip

MAY_INCLUDE["worker"] |= {"zlib", "brotli"}  # compression

LIBRARY_HEADERS = [
    ("libevent", re.compile(r"event2?[/.]")),
    ("libssl", re.compile(r"openssl/(ssl|tls1|dtls1|ssl3)\.h")),
    ("libcrypto", re.compile(r"openssl/")),
    ("libyaml", re.compile(r"yaml\.h")),
    ("jansson", re.compile(r"jansson\.h")),
    ("libcurl", re.compile(r"curl/")),
    ("libcares", re.compile(r"ares")),
    ("nghttp2", re.compile(r"nghttp2/")),
    ("libseccomp", re.compile(r"seccomp\.h")),
    ("zlib", re.compile(r"zlib\.h")),
    ("brotli", re.compile(r"brotli/")),
]

# Bytes <-> messages: no sockets and no clock in http.
NOT_IN_HTTP = re.compile(
    r"^(sys/(socket|select|epoll|time|timerfd|un)\.h|netinet/.*|arpa/.*|netdb\.h|poll\.h|time\.h"
    r"|base/clock\.h)$"
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
FILE_LINES, HEADER_LINES, FUNCTION_LINES = 600, 150, 60


class Tree:
    """The tracked files of a working tree."""

    def __init__(self, root, names):
        self.root = Path(root)
        self.names = sorted(names)

    @classmethod
    def tracked(cls, root):
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=True, text=True
        ).stdout.split("\0")
        return cls(root, [name for name in listed if name and (Path(root) / name).is_file()])

    @classmethod
    def of_folder(cls, root):
        root = Path(root)
        return cls(root, [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()])

    def lines(self, name):
        return (self.root / name).read_text(errors="replace").splitlines()

    def matching(self, pattern):
        return [name for name in self.names if re.search(pattern, name)]

    def has(self, name):
        return name in self.names


def folder_of(name):
    """src/worker/client/x.c and include/worker/x.h belong to worker; anything else to none."""
    parts = name.split("/")
    return parts[1] if len(parts) > 2 and parts[0] in ("src", "include") else None


def includes(tree):
    """(file, line number, quoted, target) of every include under src and include."""
    for name in tree.matching(r"^(src|include)/.*\.[ch]$"):
        for number, line in enumerate(tree.lines(name), 1):
            found = INCLUDE.match(line)
            if found:
                yield name, number, found[1] == '"', found[2]


def resolve(tree, name, target):
    """The tracked file that a quoted include means; None when it is none of ours."""
    beside = name.rsplit("/", 1)[0] + "/" + target
    for candidate in (f"include/{target}", beside, f"src/{target}", f"src/{folder_of(name)}/{target}"):
        parts = []
        for part in candidate.split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        if tree.has("/".join(parts)):
            return "/".join(parts)
    return None


def library_of(target):
    for library, pattern in LIBRARY_HEADERS:
        if pattern.match(target):
            return library
    return None


def include_complaint(tree, name, quoted, target):
    folder = folder_of(name)
    allowed = MAY_INCLUDE.get(folder)
    if allowed is None:
        return f"folder {folder} has no row in the include matrix"
    library = library_of(target)
    if library:
        return None if library in allowed else f"{folder} may not include {library} ({target})"
    if folder == "http" and NOT_IN_HTTP.match(target):
        return f"http knows no sockets and no clock ({target})"
    if not quoted:
        return None  # libc and the kernel
    found = resolve(tree, name, target)
    if not found:
        return f"no such header: {target}"
    other = folder_of(found)
    if other == folder:
        if name.startswith("include/") and found.startswith("src/"):
            return f"a public header includes a private one ({target})"
        return None
    if found.startswith("src/"):
        return f"a private header of {other} ({target})"
    if other in allowed or found.removeprefix("include/") in allowed:
        return None
    return f"{folder} may not include {other} ({target})"


def include_matrix(tree):
    found = []
    for name, number, quoted, target in includes(tree):
        complaint = include_complaint(tree, name, quoted, target)
        if complaint:
            found.append(f"{name}:{number}: {complaint}")
    return found


def no_cycles(tree):
    edges = {}
    for name, _, quoted, target in includes(tree):
        found = resolve(tree, name, target) if quoted else None
        if found and folder_of(found) != folder_of(name):
            edges.setdefault(folder_of(name), set()).add(folder_of(found))

    done, found = set(), []

    def visit(folder, path):
        if folder in path:
            found.append("folders in a circle: " + " -> ".join(path[path.index(folder) :] + [folder]))
        elif folder not in done:
            for other in sorted(edges.get(folder, ())):
                visit(other, path + [folder])
            done.add(folder)

    for folder in sorted(edges):
        visit(folder, [])
    return found


def size_limits(tree):
    found = []
    for name in tree.matching(r"\.[ch]$"):
        lines = len(tree.lines(name))
        limit = HEADER_LINES if name.endswith(".h") else FILE_LINES
        if lines > limit:
            found.append(f"{name}: {lines} lines, the limit is {limit}")
    return found


def function_limits(tree):
    """In Linux braces a function's body lies between a { and a } in the first column."""
    found = []
    for name in tree.matching(r"\.[ch]$"):
        opened = None
        for number, line in enumerate(tree.lines(name), 1):
            if line.startswith("{"):
                opened = number
            elif line.startswith("}") and opened:
                lines = number - opened - 1
                if lines > FUNCTION_LINES:
                    found.append(
                        f"{name}:{opened}: a function of {lines} lines, the limit is {FUNCTION_LINES}"
                    )
                opened = None
    return found


def top_level(tree):
    there = {name.split("/")[0] for name in tree.names}
    return [f"{name}: does not belong at the top level" for name in sorted(there - TOP_LEVEL)] + [
        f"{name}: is missing" for name in sorted(TOP_LEVEL - there)
    ]


def grep(tree, files, pattern, complaint):
    found = []
    for name in tree.matching(files):
        for number, line in enumerate(tree.lines(name), 1):
            match = re.search(pattern, line)
            if match:
                found.append(f"{name}:{number}: {complaint}: {match[0].strip()}")
    return found


def words(tree):
    return grep(
        tree, r"^(src|include)/", r"(?i)\b(up|down)stream", "has no fixed meaning; say client, backend"
    )


def machine_paths(tree):
    return grep(
        tree, r".", r"(^|[^A-Za-z0-9_./])/(work|farm|root|home)/[A-Za-z0-9.]", "a path of one machine"
    )


def opening_comments(tree):
    found = []
    for name in tree.matching(r"^(src|tests|bench)/.*\.c$"):
        lines = tree.lines(name)
        if not lines or not lines[0].startswith("/*"):
            found.append(f"{name}:1: does not open with a comment that says what it does")
    return found


def unit_tests_registered(tree):
    found = []
    for name in tree.matching(r"^tests/(unit|fuzz)/.*\.c$"):
        folder, file = name.rsplit("/", 1)
        text = "\n".join(tree.lines(f"{folder}/meson.build")) if tree.has(f"{folder}/meson.build") else ""
        stem = file.removesuffix(".c")
        spellings = {file, stem, re.sub(r"_(test|fuzz)$", "", stem)}
        if not any(f"'{spelling}'" in text for spelling in spellings):
            found.append(f"{name}: is not in {folder}/meson.build, so it never runs")
    return found


REASONS = "include/model/reasons.h"
REFUSES = re.compile(  # where words are given to what refuses, returned, or in a table of refusals
    r"\b(?:(?:(?:client_)?refuse\w*|bad|read_line_end|exchange_fail|exchange_answer|exchange_client_gone|\w*fail|client_note_refusal)\("
    r"|reason = )[^;{}]*"
    r"|\breturn [^;{}(]*;|\{ (?:\d{3}|SSL_R_\w+), [^;{}]*"
)
WORD = re.compile(r'"([a-z][a-z0-9_]*)"')
NO_REFUSAL = {"closed", "modern", "intermediate"}  # who only knocked and left; profiles


def reasons(tree):
    """What is missing in the list would be counted as "other"; what nobody says is no reason."""
    if not tree.has(REASONS):
        return []
    lists = ["\n".join(tree.lines(name)) for name in tree.matching(r"^include/model/reasons\w*\.h$")]
    listed = re.findall(r"^\s+X\((\w+)\)", "\n".join(lists), re.M)
    found, said = [], {"other"}
    for name in tree.matching(r"^src/(http|tls|worker)/.*\.c$"):
        text = "\n".join(tree.lines(name))
        for word in WORD.findall(" ".join(REFUSES.findall(text))):
            said.add(word)
            if word not in listed and word not in NO_REFUSAL:
                found.append(f"{name}: the reason {word} is not in {REASONS}")
    for name in tree.matching(r"^src/.*\.c$"):
        said.update(re.findall(r"\bREASON_(\w+)", "\n".join(tree.lines(name))))
    return found + [f"{REASONS}: nobody says {word}" for word in listed if word not in said]


SHOWN_BY = "docs/threat-model.md"


def shown_by(tree):
    """What the threat model says is shown by a test that exists."""
    if not tree.has(SHOWN_BY):
        return []
    there = {name.rsplit("/", 1)[-1] for name in tree.names}
    named = re.findall(r"`(?:[\w/]+/)?(test_\w+\.py|\w+_test\.c)`", "\n".join(tree.lines(SHOWN_BY)))
    return [f"{SHOWN_BY}: there is no {name}" for name in sorted(set(named) - there)]


RULES = [
    include_matrix, no_cycles, size_limits, function_limits, top_level, words, machine_paths,
    opening_comments, unit_tests_registered, reasons, shown_by,
]  # fmt: skip
