"""What is in the memory of a process: all of it that is there, read as root or as its debugger."""

import os
import struct
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
AT_ONCE = 1 << 20
THERE = 3 << 62  # of an entry of pagemap: in memory, or swapped out


def readable():
    """May this user look into processes that do not want it?"""
    return os.geteuid() == 0 and bool(_capabilities() & 1 << 19)  # CAP_SYS_PTRACE


def _capabilities():
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _mappings(pid):
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        addresses, permissions, *_ = line.split()
        if "r" in permissions and "[v" not in line:  # vvar, vsyscall: the kernel's
            yield [int(end, 16) for end in addresses.split("-")]


def _pieces(pid):
    """(address, bytes) of what is in memory. Pages that were never touched are not read: reading
    would make them."""
    with open(f"/proc/{pid}/pagemap", "rb") as pagemap, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end in _mappings(pid):
            pagemap.seek(start // PAGE * 8)
            entries = pagemap.read((end - start) // PAGE * 8)
            there = [entry & THERE for (entry,) in struct.iter_unpack("=Q", entries)]
            page = 0
            while page < len(there):
                if not there[page]:
                    page += 1
                    continue
                first = page
                while page < len(there) and there[page] and (page - first) * PAGE < AT_ONCE:
                    page += 1
                try:
                    memory.seek(start + first * PAGE)
                    yield start + first * PAGE, memory.read((page - first) * PAGE)
                except OSError:
                    continue  # unmapped meanwhile


def find(pid, needles):
    """Names of the needles (name -> bytes) that are somewhere in the memory of a process."""
    longest = max(map(len, needles.values()))
    found, tail, next_address, total = set(), b"", 0, 0
    for address, piece in _pieces(pid):
        whole = tail + piece if address == next_address else piece
        found |= {name for name, needle in needles.items() if needle in whole}
        tail, next_address = whole[-longest:], address + len(piece)
        total += len(piece)
    assert total > 1 << 20, f"only {total} bytes of process {pid} could be read"
    return found
