"""The acceptance run: every kind of bad server and bad login beside ten good accounts, by the real command line."""

from __future__ import annotations

import base64
import json
import re

import pytest
from auth_support import SECRETS
from bad_support import GOOD_TOKEN, LOGINS, SERVERS
from foundation_support import Desk, ask, says, usage

GOOD = [f"good-{number}" for number in range(10)]
RUNS = {"table": [], "json": ["--json"], "raw": ["--raw-json", "--raw-headers"]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """(the finished command lines by name, every token in the folder)."""
    with Desk(tmp_path_factory.mktemp("many") / "account") as desk:
        tokens = {GOOD_TOKEN}
        for number, name in enumerate(GOOD):
            tokens.add(desk.login(name, says(usage(number, 2 * number))))
        for name, (answer, _, _) in SERVERS.items():
            tokens.add(desk.login(f"server-{name}", answer))
        for name, (make, _) in LOGINS.items():
            make(desk.folder / f"login-{name}.auth.json")
        yield {name: ask(desk, "--timeout", "2", *options) for name, options in RUNS.items()}, tokens


def test_there_are_enough_kinds():
    assert len(SERVERS) >= 17
    assert len(LOGINS) >= 17


def test_the_ten_good_accounts_are_read(runs):
    lines = runs[0]["table"].stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        [name, str(100 - number), str(100 - 2 * number)] for number, name in enumerate(GOOD)
    ]
    document = json.loads(runs[0]["json"].stdout)
    assert [account["account"] for account in document["accounts"]] == GOOD


def test_every_bad_one_is_named_with_its_class_and_hint(runs):
    failures = {failure["account"]: failure for failure in json.loads(runs[0]["json"].stdout)["failures"]}
    expected = {f"server-{name}": (kind, status) for name, (_, kind, status) in SERVERS.items()}
    expected |= {f"login-{name}": (kind, None) for name, (_, kind) in LOGINS.items()}
    assert {name: (failure["error"], failure["status"]) for name, failure in failures.items()} == expected
    assert all(failure["message"] and failure["hint"] for failure in failures.values())


def test_every_bad_one_has_one_line_on_standard_error(runs):
    for name in ("table", "json"):
        lines = runs[0][name].stderr.splitlines()
        assert sorted(line.split(":")[0] for line in lines) == sorted(
            [*(f"server-{kind}" for kind in SERVERS), *(f"login-{kind}" for kind in LOGINS)]
        )
        assert all(len(line) < 1_000 for line in lines)


def test_login_problems_come_first_then_the_accounts_in_path_order(runs):
    names = [failure["account"] for failure in json.loads(runs[0]["json"].stdout)["failures"]]
    logins = [name for name in names if name.startswith("login-") and name != "login-expired"]
    assert names[: len(logins)] == sorted(logins)
    assert names[len(logins) :] == ["login-expired", *sorted(name for name in names if name.startswith("server-"))]


def test_the_worst_decides_the_exit_code(runs):
    assert {name: done.returncode for name, done in runs[0].items()} == dict.fromkeys(RUNS, 3)


def test_raw_output_has_a_heading_for_every_reply(runs):
    headings = re.findall(r"^=== (.*) ===$", runs[0]["raw"].stdout, re.MULTILINE)
    answered = [f"server-{name}" for name, (_, _, status) in SERVERS.items() if status]
    assert headings == [*GOOD, *sorted(answered)]


def test_no_token_is_in_any_output(runs):
    """Neither whole, nor a part that is enough to recognize it by, nor behind escapes."""
    done, tokens = runs
    for output in (text for run in done.values() for text in (run.stdout, run.stderr)):
        assert not [secret for secret in SECRETS if secret in output]
        for token in tokens:
            payload, signature = token.split(".")[1:]
            assert payload[:60] not in output
            assert token not in output
            assert f".{signature}" not in output
            assert "".join(f"\\u{ord(char):04x}" for char in token[:8]) not in output
        assert base64.b64encode(b"SENTINEL").decode()[:10] not in output
