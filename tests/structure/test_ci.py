"""The scripts under .ci: what they count and what they install."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / ".ci"


def tally(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)
    return lambda *names: subprocess.run(
        ["/usr/bin/python3", CI / "tally", folder, *names], capture_output=True, text=True
    )


def meson(*tests):
    return "\n".join(json.dumps({"name": "x", "result": result, "stdout": text}) for result, text in tests)


def pytest_log(*cases):
    texts = (re.fullmatch("([a-z])(.*)", case).groups() for case in cases)
    inner = "".join(f'<testcase classname="x" name="{name}">{child}</testcase>' for name, child in texts)
    return f"<testsuites><testsuite>{inner}</testsuite></testsuites>"


CASES = {
    "cmocka counts its cases": (meson(("OK", "[  PASSED  ] 7 test(s).")), "unit.json", "7 passed, 0 failed"),
    "cmocka counts its failures": (
        meson(("FAIL", "[  PASSED  ] 5 test(s).\n[  FAILED  ] 2 test(s), listed below:")),
        "unit.json",
        "5 passed, 2 failed",
    ),
    "a program without cases is one": (meson(("OK", "fine")), "unit.json", "1 passed, 0 failed"),
    "a crash is a failure": (
        meson(("OK", "[  PASSED  ] 3 test(s)."), ("FAIL", "AddressSanitizer")),
        "unit.json",
        "3 passed, 1 failed",
    ),
    "a crash after all cases passed is one, too": (
        meson(("ERROR", "[  PASSED  ] 3 test(s).")),
        "unit.json",
        "3 passed, 1 failed",
    ),
    "a timeout is a failure": (meson(("TIMEOUT", "")), "unit.json", "0 passed, 1 failed"),
    "an empty log is a failure": ("", "unit.json", "0 passed, 1 failed"),
    "a broken log is a failure": ("{", "unit.json", "0 passed, 1 failed"),
    "pytest's counts": (
        pytest_log("a", "b", "c<failure/>", "d<error/>", "e<skipped/>"),
        "system.xml",
        "2 passed, 2 failed, 1 skipped",
    ),
    "a test that fails twice is one": (
        pytest_log("a", "b<failure/>", "b<error/>", "c", "c<error/>"),
        "system.xml",
        "1 passed, 2 failed",
    ),
    "pytest ran nothing": (
        pytest_log(),
        "system.xml",
        "0 passed, 1 failed",
    ),
    "a check that passed": ("pass\n", "format.check", "1 passed, 0 failed"),
    "a suite that was skipped": ("skip\n", "swarm.check", "0 passed, 0 failed, 1 skipped"),
    "a check that failed": ("fail\n", "format.check", "0 passed, 1 failed"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_closing_line(tmp_path, name):
    text, file, line = CASES[name]
    done = tally(tmp_path, {file: text})(file)
    assert done.stdout.splitlines()[-1] == line
    good = " 0 failed" in line and not line.startswith("0 passed")
    assert done.returncode == (0 if good else 1)


def test_a_suite_that_left_nothing_is_a_failure(tmp_path):
    done = tally(tmp_path, {"a.check": "pass"})("a.check", "system.xml")
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert done.returncode == 1


def fake_make(folder, test, fuzz, lint):
    """A tree whose `make test`, `make fuzz` and `make lint` print this, for .ci/run."""
    (folder / ".ci").mkdir()
    (folder / ".ci/run").write_bytes((CI / "run").read_bytes())
    (folder / "Makefile").write_text(f"test:\n\t@{test}\nfuzz:\n\t@{fuzz}\nlint:\n\t@{lint}\n")
    return subprocess.run(["bash", folder / ".ci/run"], capture_output=True, text=True)


FUZZED = "echo 3 passed, 0 failed"


@pytest.mark.parametrize(
    "test,fuzz,lint,line",
    [
        ("echo 7 passed, 0 failed", FUZZED, "echo 5 passed, 0 failed", "15 passed, 0 failed"),
        ("echo 7 passed, 1 failed; exit 1", FUZZED, "echo 5 passed, 0 failed", "15 passed, 1 failed"),
        ("echo 7 passed, 0 failed; exit 1", FUZZED, "echo 5 passed, 0 failed", "15 passed, 1 failed"),
        ("echo 7 passed, 0 failed", "echo 2 passed, 1 failed; exit 1", "echo 5 passed, 0 failed", "14 passed, 1 failed"),
        ("echo broken; exit 1", FUZZED, "echo 5 passed, 0 failed", "8 passed, 1 failed"),
        ("exit 1", "exit 1", "exit 1", "0 passed, 3 failed"),
        ("echo 6 passed, 0 failed, 1 skipped", FUZZED, "echo 1 passed, 0 failed", "10 passed, 0 failed"),
    ],
)
def test_run_adds_up_and_ends_with_the_sum(tmp_path, test, fuzz, lint, line):
    done = fake_make(tmp_path, test, fuzz, lint)
    assert done.stdout.splitlines()[-1] == line
    assert done.returncode == (0 if " 0 failed" in line else 1)


def test_every_use_that_the_makefile_names_is_in_the_list():
    listed = set(re.findall(r"^([a-z]+):", (CI / "packages").read_text(), re.M))
    for words in re.findall(r"\.ci/install ([a-z ]+)", (ROOT / "Makefile").read_text()):
        assert set(words.split()) <= listed


def is_installed(package):
    asked = ["dpkg-query", "-W", "-f=${db:Status-Status}", package]
    return subprocess.run(asked, capture_output=True, text=True).stdout == "installed"


def test_what_the_programs_run_with_has_the_names_of_this_debian():
    """It came with what they are built with, so a name that is not installed here is not the right one here."""
    listed = re.findall(r"^run: (.*)", (CI / "packages").read_text(), re.M)
    for names in " ".join(listed).split():
        assert any(is_installed(name) for name in names.split("|")), names


def install(folder, uses, packages, programs):
    """.ci/install with a list of its own and stand-ins for Debian's programs."""
    (folder / "bin").mkdir()
    for name, text in programs.items():
        path = folder / "bin" / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
    (folder / "install").write_bytes((CI / "install").read_bytes())
    (folder / "packages").write_text(packages)
    path = f"{folder}/bin:/usr/bin:/bin"
    return subprocess.run(
        ["sh", folder / "install", *uses], capture_output=True, text=True, env={**os.environ, "PATH": path}
    )


INSTALLED = 'for last; do :; done; [ "$last" = there ] && printf installed\n'
NOTHING = "echo called >&2; exit 1\n"


def test_install_is_quiet_and_calls_nothing_when_all_is_there(tmp_path):
    fakes = {"dpkg-query": INSTALLED, "apt-get": NOTHING, "sudo": NOTHING, "apt-cache": NOTHING}
    done = install(tmp_path, ["build"], "build: there gone|there\n", fakes)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_install_refuses_a_use_that_nobody_listed(tmp_path):
    done = install(tmp_path, ["bild"], "build: there\n", {"dpkg-query": INSTALLED})
    assert done.returncode == 1 and "bild" in done.stderr


def test_install_says_what_is_missing_when_it_may_not_install(tmp_path):
    fakes = {"dpkg-query": INSTALLED, "id": "echo 1000\n", "sudo": "exit 127\n"}
    (tmp_path / "none").mkdir()
    done = install(tmp_path, ["build"], "build: there missing\n", fakes)
    assert done.returncode != 0 and "missing" in done.stdout + done.stderr


def test_install_leaves_out_what_this_debian_does_not_have(tmp_path):
    fakes = {"dpkg-query": INSTALLED, "apt-cache": "exit 100\n", "apt-get": NOTHING, "sudo": NOTHING}
    done = install(tmp_path, ["bench"], "bench: there gone?\n", fakes)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
