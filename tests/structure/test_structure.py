"""The tree keeps the rules of the house, and each rule is able to find what it is for."""

from pathlib import Path

import pytest
import rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps(rule):
    complaints = rule(rules.Tree.tracked(ROOT))
    assert not complaints, "\n" + "\n".join(complaints)


def tree_of(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return rules.Tree.of_folder(folder)


def include(target):
    return f"/* x */\n#include {target}\n"


HEADERS = {
    f"include/{name}": "\n"
    for name in (
        "base/err.h", "base/clock.h", "net/io.h", "net/address.h", "ipc/wire.h", "ipc/channel.h",
        "model/board.h", "model/snapshot.h", "http/head.h", "worker/worker.h", "config/settings_file.h",
        "tls/tls_server.h", "pki/dev_authority.h", "process/spawn.h", "parent/parent.h",
    )
}  # fmt: skip

LISTED = {"include/model/reasons.h": "    X(other)  \\\n    X(bare_lf)  \\\n    X(service_port)\n"}

# rule, files, what the complaint must say
BAD = [
    (rules.include_matrix, {"src/base/a.c": include('"net/io.h"')}, "base may not include net"),
    (rules.include_matrix, {"src/net/a.c": include('"ipc/wire.h"')}, "net may not include ipc"),
    (rules.include_matrix, {"src/model/a.c": include('"ipc/channel.h"')}, "model may not include ipc"),
    (rules.include_matrix, {"src/model/a.c": include('"net/io.h"')}, "model may not include net"),
    (rules.include_matrix, {"src/http/a.c": include('"net/io.h"')}, "http may not include net"),
    (rules.include_matrix, {"src/http/a.c": include("<event2/event.h>")}, "libevent"),
    (rules.include_matrix, {"src/model/a.c": include("<event2/event.h>")}, "libevent"),
    (rules.include_matrix, {"src/http/a.c": include("<sys/socket.h>")}, "no sockets"),
    (rules.include_matrix, {"src/http/a.c": include("<time.h>")}, "no clock"),
    (rules.include_matrix, {"src/http/a.c": include('"base/clock.h"')}, "no clock"),
    (rules.include_matrix, {"src/pki/a.c": include("<openssl/ssl.h>")}, "libssl"),
    (rules.include_matrix, {"src/control/a.c": include('"tls/tls_server.h"')}, "may not include tls"),
    (rules.include_matrix, {"src/worker/a.c": include('"config/settings_file.h"')}, "include config"),
    (rules.include_matrix, {"src/worker/a.c": include("<jansson.h>")}, "jansson"),
    (rules.include_matrix, {"src/worker/a.c": include("<curl/curl.h>")}, "libcurl"),
    (rules.include_matrix, {"src/parent/a.c": include('"model/snapshot.h"')}, "include model"),
    (rules.include_matrix, {"src/parent/a.c": include('"http/head.h"')}, "include http"),
    (rules.include_matrix, {"src/control/a.c": include('"worker/worker.h"')}, "include worker"),
    (rules.include_matrix, {"src/cli/a.c": include('"worker/worker.h"')}, "include worker"),
    (rules.include_matrix, {"src/checker/a.c": include('"tls/tls_server.h"')}, "include tls"),
    (
        rules.include_matrix,
        {"src/cli/a.c": include('"../worker/inner.h"'), "src/worker/inner.h": "\n"},
        "a private header of worker",
    ),
    (
        rules.include_matrix,
        {"include/base/x.h": include('"inner.h"'), "src/base/inner.h": "\n"},
        "a public header includes a private one",
    ),
    (rules.include_matrix, {"src/base/a.c": include('"nothing.h"')}, "no such header"),
    (rules.include_matrix, {"src/cellar/a.c": include("<stdio.h>")}, "no row"),
    (
        rules.no_cycles,
        {"src/net/a.c": include('"ipc/wire.h"'), "src/ipc/a.c": include('"net/io.h"')},
        "ipc -> net -> ipc",
    ),
    (rules.size_limits, {"src/base/a.c": "\n" * 601}, "601 lines"),
    (rules.size_limits, {"include/base/a.h": "\n" * 151}, "151 lines"),
    (rules.function_limits, {"src/base/a.c": "int f(void)\n{\n" + "    x();\n" * 61 + "}\n"}, "61 lines"),
    (rules.top_level, {"notes.txt": ""}, "notes.txt"),
    (rules.top_level, {}, "README.md: is missing"),
    (rules.words, {"src/base/a.c": "int upstream_count;\n"}, "upstream"),
    (rules.words, {"include/base/a.h": "/* Downstream of here */\n"}, "Downstream"),
    (rules.machine_paths, {"conf/a.yaml": "x: /ho" + "me/someone/x\n"}, "path of one machine"),
    (rules.opening_comments, {"src/base/a.c": "#include <stdio.h>\n"}, "does not open"),
    (
        rules.unit_tests_registered,
        {"tests/unit/base/lost_test.c": "/* x */\n", "tests/unit/base/meson.build": "foreach n : ['text']\n"},
        "lost_test.c",
    ),
    (rules.unit_tests_registered, {"tests/unit/base/lost_test.c": "/* x */\n"}, "lost_test.c"),
    (
        rules.reasons,
        {**LISTED, "src/http/a.c": 'return bad(reader, 400,\n           "bare_ff");\n'},
        "bare_ff is not in",
    ),
    (
        rules.shown_by,
        {"docs/threat-model.md": "(`test_there.py`, `tests/unit/x/gone_test.c`)", "tests/system/test_there.py": ""},
        "no gone_test.c",
    ),
    (rules.reasons, {**LISTED, "src/tls/a.c": '    { SSL_R_X, "no_such_thing" },\n'}, "no_such_thing is not in"),
    (rules.reasons, {**LISTED, "src/worker/a.c": '.reason = "late",\n'}, "late is not in"),
    (rules.reasons, LISTED, "nobody says bare_lf"),
]  # fmt: skip

GOOD = [
    (rules.include_matrix, {"src/net/a.c": include('"base/err.h"') + include("<event2/event.h>")}),
    (rules.include_matrix, {"src/model/a.c": include('"ipc/wire.h"') + include('"net/address.h"')}),
    (rules.include_matrix, {"src/parent/a.c": include('"model/board.h"')}),
    (rules.include_matrix, {"src/pki/a.c": include("<openssl/evp.h>")}),
    (rules.include_matrix, {"src/worker/client/a.c": include('"worker/worker.h"')}),
    (rules.no_cycles, {"src/net/a.c": include('"base/err.h"'), "src/ipc/a.c": include('"net/io.h"')}),
    (rules.size_limits, {"src/base/a.c": "\n" * 600, "include/base/a.h": "\n" * 150}),
    (rules.function_limits, {"src/base/a.c": "int f(void)\n{\n" + "    x();\n" * 60 + "}\n"}),
    (rules.words, {"docs/a.md": "upstream\n"}),
    (rules.machine_paths, {"conf/a.yaml": "x: /run/swarmward/x\ny: a/work/b\n"}),
    (rules.opening_comments, {"src/base/a.c": "/* What it does. */\n"}),
    (
        rules.reasons,
        {
            **LISTED,
            "src/http/a.c": 'return bad(reader, 400, "bare_lf");\nreturn "closed";\n',
            "src/model/a.c": "return reason_word(REASON_service_port);\n",
        },
    ),
    (
        rules.unit_tests_registered,
        {"tests/unit/base/text_test.c": "", "tests/unit/base/meson.build": "foreach n : ['text']\n"},
    ),
]


@pytest.mark.parametrize("rule,files,says", BAD, ids=lambda v: getattr(v, "__name__", None))
def test_the_rule_finds(rule, files, says, tmp_path):
    complaints = rule(tree_of(tmp_path, HEADERS | files))
    assert any(says in complaint for complaint in complaints), complaints


@pytest.mark.parametrize("rule,files", GOOD, ids=lambda v: getattr(v, "__name__", None))
def test_the_rule_lets_pass(rule, files, tmp_path):
    assert rule(tree_of(tmp_path, HEADERS | files)) == []


def test_every_folder_of_the_tree_has_a_row():
    tree = rules.Tree.tracked(ROOT)
    there = {rules.folder_of(name) for name in tree.names} - {None}
    assert there <= set(rules.MAY_INCLUDE)
