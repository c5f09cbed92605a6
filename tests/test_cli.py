"""The command line as a person runs it: a process of its own, real login files, a real server on loopback."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from importlib.metadata import version

import pytest
from foundation_support import FAR, LATER, POSIX, Desk, ask, cli, epoch, in_terminal, model_only, says, usage, window

DAY = timedelta(days=1)


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "account") as desk:
        yield desk


def rows(done) -> list[str]:
    """The accounts in their order; further lines of an account are indented."""
    return [line.split()[0] for line in done.stdout.splitlines()[1:] if not line.startswith(" ")]


# --- the table ---


def test_the_table_of_a_single_login(desk):
    desk.login("ada", usage(25, 50.5))
    done = ask(desk, "--timezone", "UTC")
    assert done.stdout.splitlines() == [
        "account  five_hour%  weekly%  weekly_reset             five_hour_reset",
        "ada      75          49.5     2098-01-02 03:04:05 UTC  2098-01-02 03:04:05 UTC",
    ]
    assert (done.returncode, done.stderr) == (0, "")
    assert ask(desk, "--timezone", "UTC", env={"COLUMNS": "77"}).stdout.splitlines() == [
        "account  five_hour%  weekly%  weekly_reset",
        "ada      75          49.5     2098-01-02 03:04:05 UTC",
        "  five_hour_reset 2098-01-02 03:04:05 UTC",
    ]


def test_the_account_with_most_left_comes_first(desk):
    desk.login("a-spent", usage(100, 1))
    desk.login("b-weekly-only", usage(None, 10))
    desk.login("c-half", usage(50, 80))
    desk.login("d-half", usage(50, 20, weekly_reset=LATER))
    desk.login("e-half", usage(50, 20, weekly_reset=LATER - DAY))
    desk.login("f-fresh", usage(0, 99))
    desk.login("g-odd", usage("much", 0))
    desk.login("h-nothing", {"plan_type": "business", "rate_limit": None})
    done = ask(desk)
    assert rows(done) == [
        *("f-fresh", "e-half", "d-half", "c-half", "a-spent"),
        *("g-odd", "b-weekly-only", "h-nothing"),
    ]
    by_name = {line.split()[0]: line.split()[1:3] for line in done.stdout.splitlines()[1:] if line[0] != " "}
    assert by_name["g-odd"] == ["?", "100"]
    assert by_name["b-weekly-only"] == ["-", "90"]
    assert by_name["h-nothing"] == ["-", "-"]
    assert done.returncode == 0


def test_further_windows_get_columns_of_their_own(desk):
    extra = {"limit_name": "Spark", "metered_feature": "codex_spark", "rate_limit": usage(5, None)["rate_limit"]}
    desk.login("ada", usage(None, 10, additional_rate_limits=[extra]))
    body = {"plan_type": "free", "rate_limit": {"primary_window": window(30, 2_628_000)}}
    desk.login("bob", body)
    desk.login("cleo", {"plan_type": "edu", "rate_limit": {"primary_window": window(7, 32_400)}})
    header = ask(desk, env={"COLUMNS": "500"}).stdout.splitlines()[0].split()
    assert header == [
        *("account", "five_hour%", "weekly%", "weekly_reset"),
        *("monthly%", "monthly_reset", "9h%", "9h_reset"),
        *("Spark.five_hour%", "Spark.five_hour_reset"),
    ]


def test_stale_readings_are_said_to_be_stale(desk):
    desk.login("ada", usage(25, 50, weekly_reset=datetime.fromisoformat("2020-01-01T00:00:00Z")))
    done = ask(desk, "--timezone", "UTC")
    assert done.stderr.startswith("ada: weekly is stale: its reset 2020-01-01 00:00:00 UTC has passed")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("zone", "shown"), [("Europe/Berlin", "2098-01-02 04:04:05 CET"), ("Asia/Kolkata", "2098-01-02 08:34:05 IST")]
)
def test_times_are_shown_in_the_zone_asked_for(desk, zone, shown):
    desk.login("ada")
    assert shown in ask(desk, "--timezone", zone).stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows takes its zone from the system, not from TZ")
def test_times_are_local_unless_asked_otherwise(desk):
    desk.login("ada", usage(1, 1, weekly_reset=datetime.fromisoformat("2030-07-01T12:00:00Z")))
    shown = ask(desk, env={"TZ": "America/New_York"}).stdout
    assert "2030-07-01 08:00:00 EDT" in shown


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "EST\x1b"])
def test_an_unknown_zone_is_a_usage_error(desk, zone):
    done = ask(desk, "--timezone", zone)
    assert done.returncode == 64
    assert "time zone" in done.stderr
    assert not desk.requests


def test_names_cannot_steer_the_terminal(desk):
    if os.name == "nt":
        pytest.skip("no such file names on Windows")
    desk.login("ok")
    desk.write("red\x1b[31m", (desk.folder / "ok.auth.json").read_text("utf-8").replace("acct-ok", "acct-2"))
    desk.write("bad\nname", "{")
    done = ask(desk)
    assert "\x1b" not in done.stdout + done.stderr
    assert r"red\x1b[31m" in done.stdout
    assert r"bad\nname" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_that_knows_few_characters_still_gets_its_table(desk, encoding):
    desk.login("zoë-☃", usage(25, 50), account="acct-1")
    desk.write("trüb", "{")
    done = ask(desk, env={"PYTHONIOENCODING": encoding}, errors="replace")
    assert done.returncode == 1
    assert "\\u2603" in done.stdout
    assert "Traceback" not in done.stderr
    raw = ask(desk, "--raw-json", env={"PYTHONIOENCODING": encoding}, errors="replace")
    assert '"used_percent": 25' in raw.stdout


def test_a_blocked_account_is_marked(desk):
    """Windows with plenty left are not the whole truth."""
    desk.login("blk", usage(36, 20, rate_limit_reached_type={"type": "workspace_member_credits_depleted"}))
    assert ask(desk, "--timezone", "UTC").stdout.splitlines()[1:] == [
        "blk      64!         80!      2098-01-02 03:04:05 UTC  2098-01-02 03:04:05 UTC",
        "  blocked: the workspace's credits are depleted",
    ]


# --- a person before it ---


@POSIX
def test_in_a_terminal_the_answers_stand_below_the_table(desk):
    desk.login("ada", usage(25, 50))
    desk.login("blk", usage(36, 20, rate_limit_reached_type={"type": "workspace_member_credits_depleted"}))
    lines = in_terminal(desk, "--timezone", "UTC").splitlines()
    assert lines[0] == "account  five_hour%  weekly%  weekly_reset"
    assert any(line.startswith("  plan plus  five_hour_reset 2098-01-02 03:04:05 UTC in ") for line in lines)
    assert "Use ada now: 75 % of its five hours" in " ".join(lines)
    assert any(line.startswith("blk is blocked: the workspace's credits are depleted;") for line in lines)
    assert max(map(len, lines)) <= 80
    assert max(map(len, in_terminal(desk, columns=40).splitlines())) <= 40
    assert "Use ada" not in ask(desk).stdout


@POSIX
def test_in_a_terminal_a_login_with_no_limit_but_a_models_hides_no_other(desk):
    desk.login("ada", usage(25, 50))
    desk.login("seat", model_only())
    lines = " ".join(in_terminal(desk, "--timezone", "UTC").split())
    assert "Use ada now: 75 % of its five hours" in lines
    assert lines.endswith("The numbers of seat are old or missing.")


@POSIX
def test_in_a_terminal_several_bodies_stand_under_their_names(desk):
    desk.login("ada", usage(1, 1))
    desk.login("bob", usage(2, 2))
    head, one, other = in_terminal(desk, "--raw-json").split("=== ")
    assert head == ""
    assert [part.partition(" ===\n")[0] for part in (one, other)] == ["ada", "bob"]
    assert json.loads(one.partition("\n")[2]) == usage(1, 1)


# --- which logins ---


def test_named_accounts_only(desk):
    desk.login("ada")
    bob = desk.login("bob", usage(1, 1))
    desk.login("cleo", usage(2, 2))
    done = ask(desk, "bob", "cleo.auth.json")
    assert rows(done) == ["bob", "cleo"]
    assert desk.asked_by(bob) == 1
    missing = ask(desk, "bob", "nobody")
    assert rows(missing) == ["bob"]
    assert missing.stderr.startswith("nobody: ")
    assert missing.returncode == 1


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "a/../../b", "C:evil", "..\\secret", " "])
def test_a_name_that_leaves_the_folder_is_refused(desk, name):
    desk.login("ada")
    (desk.folder.parent / "secret.auth.json").write_bytes((desk.folder / "ada.auth.json").read_bytes())
    done = ask(desk, name)
    assert done.returncode == 1
    assert "would leave the folder" in done.stderr
    assert done.stdout == ""
    assert not desk.requests


def test_the_default_folder_then_codex_own_login(desk, tmp_path):
    """`account/` in the working folder counts when it exists; its parent is not searched by the command line."""
    desk.login("ada")
    codex = tmp_path / "codex"
    with Desk(codex) as own:
        own.login("me")
        (codex / "me.auth.json").replace(codex / "auth.json")
        env = {"CODEX_HOME": str(codex)}
        url = ["--chatgpt-url", desk.base]
        assert rows(cli(*url, cwd=tmp_path, env=env)) == ["ada"]
        (tmp_path / "elsewhere").mkdir()
        done = cli("--chatgpt-url", own.base, cwd=tmp_path / "elsewhere", env=env)
        assert rows(done) == ["me...@example.com"]
        (tmp_path / "elsewhere" / "account").mkdir()
        empty = cli(*url, cwd=tmp_path / "elsewhere", env=env)
    assert empty.returncode == 1
    assert empty.stdout == ""
    assert "holds no login file" in empty.stderr


def test_a_home_is_expanded(desk, tmp_path):
    desk.login("ada")
    env = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    assert rows(cli("--account-dir", "~/account", "--chatgpt-url", desk.base, cwd=desk.folder, env=env)) == ["ada"]


@pytest.mark.parametrize("make", [False, True], ids=["missing", "empty"])
def test_a_named_folder_without_logins_is_a_login_problem(tmp_path, make):
    if make:
        (tmp_path / "here").mkdir()
    done = cli("--account-dir", tmp_path / "here", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "here" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("demo", [None, "1"])
def test_no_login_is_never_the_demo(tmp_path, demo):
    env = {"QUOTA_HELPERS_DEMO": demo, "CODEX_HOME": str(tmp_path / "codex")}
    done = cli(cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("No logins found.")
    assert "codex login" in done.stderr


def test_the_demo_ends_with_three(tmp_path):
    done = cli("--demo", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout.startswith("account")
    assert {line.split(":")[0] for line in done.stderr.splitlines()} >= {"expired", "rate-limited", "server-down"}
    assert done.stderr.startswith("DEMO: invented accounts")
    assert max(map(len, done.stdout.splitlines())) <= 80
    again = json.loads(cli("--demo", "--json", cwd=tmp_path).stdout)
    assert (again["demo"], len(again["accounts"])) == (True, len(rows(done)))


def test_the_demo_shows_the_same_everywhere(tmp_path):
    """In UTC, unless asked otherwise, and only the accounts that were named."""
    done = cli("--demo", "ada", "atlas", cwd=tmp_path, env={"TZ": "America/New_York"})
    assert rows(done) == ["ada", "atlas"]
    assert "UTC" in done.stdout
    assert "EST" not in done.stdout
    assert done.returncode == 0
    assert cli("--demo", "nobody", cwd=tmp_path).returncode == 1


# --- exit codes ---


BROKEN = says("no", 418)
EXITS = {
    "all answered": ({"ok": None}, 0),
    "login problem": ({"ok": None, "bad": "{"}, 1),
    "expired": ({"ok": None, "old": epoch(datetime.fromisoformat("2020-01-01T00:00:00Z"))}, 1),
    "rejected by the server": ({"ok": None, "bad": says({"detail": "Unauthorized"}, 401)}, 3),
    "no usage body": ({"bad": says([])}, 3),
    "the largest": ({"bad": "{", "ok": None, "worse": BROKEN}, 3),
}


@pytest.mark.parametrize(("logins", "code"), EXITS.values(), ids=EXITS)
def test_the_exit_code_tells_the_worst(desk, logins, code):
    for name, what in logins.items():
        if isinstance(what, str):
            desk.write(name, what)
        elif isinstance(what, int):
            desk.login(name, exp=what)
        else:
            desk.login(name, what, exp=FAR)
    done = ask(desk)
    assert done.returncode == code
    assert rows(done) == [name for name, what in logins.items() if what is None]
    assert len(done.stderr.splitlines()) == len(logins) - len(rows(done))


def test_no_connection_is_two(tmp_path):
    with Desk(tmp_path / "account") as desk:
        desk.login("ada")
        desk.write("bad", "{")
    done = ask(desk, "--timeout", 3)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["bad", "ada"]


@pytest.mark.parametrize("url", ["http://quota.example.com", "ftp://127.0.0.1", "nonsense", "http://user:pw@127.0.0.1"])
def test_an_address_that_cannot_be_used_is_two(desk, url):
    token = desk.login("ada")
    done = cli("--account-dir", desk.folder, "--chatgpt-url", url, cwd=desk.folder)
    assert done.returncode == 2
    assert "pw" not in done.stderr
    assert desk.asked_by(token) == 0


# --- options ---


def test_help_names_every_option(tmp_path):
    done = cli("--help", cwd=tmp_path)
    assert done.returncode == 0
    options = [
        "account-dir",
        "chatgpt-url",
        "raw-json",
        "raw-headers",
        "json",
        "demo",
        "timezone",
        "timeout",
        "version",
    ]
    assert all(f"--{option}" in done.stdout for option in options)
    assert "python -m quota_helpers" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--raw-json"],
        ["--json", "--raw-headers"],
        ["--timeout", "0"],
        ["--timeout", "-1"],
        ["--timeout", "nan"],
        ["--timeout", "inf"],
        ["--timeout", "soon"],
        ["--nonsense"],
    ],
)
def test_usage_errors_are_sixty_four_and_ask_nobody(tmp_path, arguments):
    done = cli(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (64, "")
    assert "usage:" in done.stderr


def test_the_version_is_told(tmp_path):
    done = cli("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"quota-helpers {version('quota-helpers')}\n", "")
