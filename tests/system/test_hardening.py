"""What the compiler and the linker were told to do against exploits is in the programs."""

import re
import subprocess

import pytest
from lab.swarmward import RELEASE

PROGRAMS = sorted(path.name for path in RELEASE.glob("swarmward*") if re.fullmatch("swarmward(-[a-z]+)?", path.name))

# What the compiler writes down about itself, for every file that it compiled.
FLAGS = [
    "-fstack-protector-strong",
    "-fstack-clash-protection",
    "-fcf-protection=full",
    "-ftrivial-auto-var-init=zero",
    "-fPI[EC]",
    "-O[23]",
]
X86_ONLY = {"-fcf-protection=full"}


def tool(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def readelf(option, program):
    return tool("readelf", "--wide", option, RELEASE / program)


def test_there_are_programs_to_look_at():
    assert {"swarmward", "swarmward-control", "swarmward-worker", "swarmward-keys", "swarmward-checker"} <= set(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_can_lie_anywhere_in_memory(program):
    assert re.search(r"Type:\s+DYN ", readelf("--file-header", program))
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", readelf("--dynamic", program))


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_memory_is_writable_and_executable(program):
    segments = readelf("--program-headers", program)
    (stack,) = re.findall(r"^\s+GNU_STACK\s.*?\s([R ][W ][E ])\s+0x[0-9a-f]+$", segments, re.M)
    assert stack.strip() == "RW"
    for flags in re.findall(r"^\s+LOAD\s.*?\s([R ][W ][E ])\s+0x[0-9a-f]+$", segments, re.M):
        assert not ("W" in flags and "E" in flags)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_table_of_functions_is_settled_before_main_and_read_only(program):
    dynamic = readelf("--dynamic", program)
    assert re.search(r"\(FLAGS\).*\bBIND_NOW\b", dynamic) and re.search(r"\(FLAGS_1\).*\bNOW\b", dynamic)
    assert re.search(r"^\s+GNU_RELRO\s", readelf("--program-headers", program), re.M)
    # with lazy binding there would be a part of the table that stays writable
    assert ".got.plt" not in readelf("--section-headers", program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_looks_for_no_library_where_somebody_else_may_write(program):
    assert not re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", readelf("--dynamic", program))


@pytest.mark.parametrize("program", PROGRAMS)
def test_stacks_and_copies_are_checked(program):
    imported = set(re.findall(r"\sUND\s+(\w+)", readelf("--dyn-syms", program)))
    assert "__stack_chk_fail" in imported
    checked = {name for name in imported if re.fullmatch(r"__\w+_chk", name)}
    assert checked, "nothing was compiled with _FORTIFY_SOURCE"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_file_of_ours_was_compiled_with_the_flags(program):
    producers = set(re.findall(r"DW_AT_producer.*?: (GNU C.*|clang.*)", readelf("--debug-dump=info", program)))
    if not producers:
        pytest.skip("built without debug information")
    if any("clang" in one for one in producers):
        pytest.skip("clang does not write down its flags")
    machine = readelf("--file-header", program)
    for flags in producers:
        for flag in FLAGS:
            if flag in X86_ONLY and "X86-64" not in machine:
                continue
            assert re.search(rf"{flag}(\s|$)", flags), f"{flag} is not among {flags}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_jump_may_only_land_where_a_function_begins(program):
    """CET: every function that may be called by address starts with a mark."""
    if "X86-64" not in readelf("--file-header", program):
        pytest.skip("a mark of x86")
    code = tool("objdump", "--disassemble=main", "--no-show-raw-insn", RELEASE / program)
    first = re.search(r"<main>:\n\s*[0-9a-f]+:\s+(\w+)", code)
    assert first and first[1] == "endbr64"
