"""The subcommands: what they say, and their exit codes."""

import json
import re
import subprocess

import pytest
from lab.swarmward import ROOT

COMMANDS = ["run", "check", "doctor", "reload", "status", "explain", "healthcheck"]


def test_check_says_ok(swarmward, backend):
    swarmward.write({"app": backend()})
    done = swarmward.command("check", swarmward.file)
    assert done.returncode == 0


def test_check_says_every_error_with_its_place_and_a_hint(swarmward):
    swarmward.write_text(
        "version: 1\n"
        "limits:\n"
        "  handshake_timeout: 10\n"  # no unit
        "  heder_timeout: 10s\n"  # misspelt
        "  body_idle: 10s\n"
        "  body_idle: 20s\n"  # twice
        "domains:\n"
        "  a.test: nowhere:99999\n"  # no port
        "  bad_name!: app\n"
    )
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode == 2 or done.returncode == 1
    text = done.stdout + done.stderr
    for line in (3, 4, 6, 8, 9):
        assert re.search(rf"swarmward\.yaml:{line}:\d+: ", text), f"line {line} in:\n{text}"
    assert "header_timeout" in text  # the hint for the misspelt one


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\ndomains: &x\n  a.test: b\n",
        "version: 1\ndomains: *x\n",
        "version: 1\ndomains: !tag {}\n",
        "version: 1\ndomains: {<<: {}}\n",
        "version: 1\n---\nversion: 1\n",
        "version: 1\n" + "a: {" * 12 + "}" * 12 + "\n",
        "version: 1\ndomains: [\n",
        "version: 1\ndomains:\n\ta.test: b\n",
        "version: 1\ndomains: {a.test: \x01}\n",
        "version: 1\n" + "# " + "x" * 1_000_000 + "\n",
        "",
        "just text\n",
        "- a\n- list\n",
        "version: one\n",
        "version: 99\n",
    ],
    ids=range(15),
)
def test_check_refuses_what_is_no_mapping_file(swarmward, text):
    swarmward.write_text(text)
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode in (1, 2)
    assert str(swarmward.file) in done.stdout + done.stderr


def test_check_refuses_bytes_that_are_no_utf_8(swarmward):
    swarmward.file.write_bytes(b"version: 1\ndomains: {a.test: \xff\xfe}\n")
    assert swarmward.command("check", swarmward.file, check=False).returncode in (1, 2)


def test_a_setting_that_does_nothing_yet_says_so(swarmward, backend):
    settings = swarmward.settings({"app": backend()}, log={"access": {"format": "json"}})
    swarmward.write_text(json.dumps(settings, indent=1))
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode in (1, 2)
    assert "log.access.format" in done.stdout + done.stderr


def test_the_examples_are_valid(swarmward):
    """The certificates that they name are not on this machine; nothing else may be wrong."""
    for path in sorted((ROOT / "conf").glob("**/*.yaml")):
        if "\ndomains:" not in path.read_text():
            continue  # a stack, or alert rules
        done = swarmward.command("check", "--dev", path, check=False)
        problems = [line for line in (done.stdout + done.stderr).splitlines() if ": error: " in line]
        assert all("No such file" in line or "certificate" in line for line in problems), problems
        assert done.returncode == 0 or problems


def test_a_file_that_is_not_there(swarmward):
    done = swarmward.command("check", "/nowhere/x.yaml", check=False)
    assert done.returncode in (1, 2) and "/nowhere/x.yaml" in done.stdout + done.stderr


def test_status_shows_what_is_served(serving, backend):
    app = backend()
    instance = serving({"app": app}, {"a.test": "app", "b.test": "app"})
    status = instance.status()
    assert status["generation"] >= 1
    assert {domain["name"] for domain in status["domains"]} == {"a.test", "b.test"}
    (service,) = status["services"]
    assert service["name"] == "app"
    assert [one["address"] for one in service["endpoints"]] == [app.at]
    assert len(status["workers"]) == 1
    assert status["certificates"]
    text = instance.ask("status").stdout
    for word in ("a.test", "b.test", "app", app.at):
        assert word in text


def test_status_counts_the_requests(serving, backend):
    instance = serving({"app": backend()})
    with instance.client() as client:
        for _ in range(5):
            client.ask()
    assert sum(worker["requests"] for worker in instance.status()["workers"]) >= 5


def test_explain_follows_a_url_to_its_endpoint(serving, backend):
    app, api = backend(), backend()
    routes = [
        {"name": "api", "path": "/api", "service": "api"},
        {"name": "app", "path": "/", "service": "app"},
    ]
    instance = serving({"app": app, "api": api}, {"a.test": {"routes": routes}})
    text = instance.ask("explain", "https://a.test/api/x?y").stdout
    for word in ("a.test", "api", api.at):
        assert word in text
    assert app.at not in text


def test_explain_says_why_not(serving, backend):
    routes = [{"name": "api", "path": "/api", "service": "app"}]
    instance = serving({"app": backend()}, {"a.test": {"routes": routes}})
    for url, word in (("https://unknown.test/", "unknown.test"), ("https://a.test/other", "/other")):
        done = instance.ask("explain", url, check=False)
        assert word in done.stdout + done.stderr


def test_explain_speaks_json(serving, backend):
    app = backend()
    instance = serving({"app": app})
    facts = json.loads(instance.ask("explain", "--json", "https://a.test/").stdout)
    assert app.at in json.dumps(facts)


def test_healthcheck(serving, backend):
    instance = serving({"app": backend()})
    assert instance.ask("healthcheck").returncode == 0


def test_commands_without_an_instance_say_so(swarmward):
    for name in ("reload", "status", "healthcheck"):
        done = swarmward.ask(name, check=False)
        assert done.returncode == 1
        assert str(swarmward.socket) in done.stdout + done.stderr
    assert swarmward.ask("explain", "https://a.test/", check=False).returncode == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(swarmward, name):
    done = swarmward.command(name, "--help")
    assert name in done.stdout and len(done.stdout.splitlines()) >= 3


def test_help_lists_every_command(swarmward):
    text = swarmward.command("--help").stdout
    assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["check"], ["run", "--nonsense"], ["explain"], ["run", "-c"], ["status", "extra"]]
)
def test_wrong_usage_is_2_and_says_what(swarmward, words):
    done = swarmward.command(*words, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() or done.stdout.strip()


def test_version(swarmward):
    assert re.search(r"\d+\.\d+\.\d+", swarmward.command("--version").stdout)


def test_a_bad_file_ends_the_start_with_2(swarmward):
    swarmward.write_text("version: 1\nnonsense: 1\n")
    swarmward.spawn()
    assert swarmward.process.wait(20) == 2
    swarmward.process = None
    swarmward.log.wait(lambda line: "swarmward.yaml:2:" in line)


def test_a_port_that_is_taken_ends_the_start_with_1(swarmward, backend):
    app = backend()
    settings = swarmward.settings({"app": app})
    settings["listeners"]["https"]["address"] = app.at
    swarmward.write_text(json.dumps(settings))
    swarmward.spawn()
    assert swarmward.process.wait(20) == 1
    swarmward.process = None
    swarmward.log.wait(lambda line: app.at in line)


def test_the_man_page_names_every_command(swarmward):
    pages = list((ROOT / "docs").glob("*.1"))
    assert pages
    text = pages[0].read_text()
    assert all(name in text for name in COMMANDS)


def test_the_command_works_from_any_folder(swarmward, backend, tmp_path):
    swarmward.write({"app": backend()})
    done = subprocess.run(
        [str(swarmward.build.resolve() / "swarmward"), "check", str(swarmward.file)], cwd=tmp_path, env=swarmward.environment()
    )
    assert done.returncode == 0
