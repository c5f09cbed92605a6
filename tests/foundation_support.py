"""What the foundation's tests share: real login files, a real server that knows them, the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import auth_support
import pytest
from client_support import Exchange, LoopbackServer

from quota_helpers.models import Limit, QuotaWindow, UsageSnapshot

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIVE_HOURS, DAY, WEEK, MONTH = 18_000, 86_400, 604_800, 2_592_000
FAR = 4_102_444_800  # 2100-01-01, epoch seconds
LATER = datetime(2098, 1, 2, 3, 4, 5, tzinfo=UTC)  # a reset that no run of these tests sees pass
POSIX = pytest.mark.skipif(os.name == "nt", reason="a terminal, a Ctrl-C or a pipe of this kind needs POSIX")
PACKAGE = Path(__file__).parent.parent / "quota_helpers"

Answer = Callable[[Exchange], None]


def epoch(when: datetime) -> int:
    return int(when.timestamp())


def window(used, seconds, reset_at=None) -> dict:
    """A window as the wire sends it; its reset is `LATER` unless given."""
    reset_at = epoch(LATER) if reset_at is None else epoch(reset_at) if isinstance(reset_at, datetime) else reset_at
    return {"used_percent": used, "limit_window_seconds": seconds, "reset_at": reset_at}


def usage(five=25, weekly=50, *, weekly_reset=None, plan="plus", **more) -> dict:
    """A usage body; None leaves a window out."""
    slots = {
        "primary_window": None if five is None else window(five, FIVE_HOURS),
        "secondary_window": None if weekly is None else window(weekly, WEEK, weekly_reset),
    }
    return {"plan_type": plan, "rate_limit": {"allowed": True, "limit_reached": False, **slots}} | more


def model_only(**more) -> dict:
    """A usage body whose only window is one of a model's limit."""
    extra = {"metered_feature": "codex_spark", "rate_limit": {"primary_window": window(0, FIVE_HOURS)}}
    return {"plan_type": "business", "rate_limit": None, "additional_rate_limits": [extra]} | more


def says(body, status=200, headers=()) -> Answer:
    """An answer that is the same each time; `body` is bytes, text, or something to write as JSON."""
    return lambda exchange: exchange.reply(status, body, headers)


def hangs(exchange: Exchange) -> None:
    """Takes the request and never answers, until somebody hangs up."""
    exchange.server.closing.wait(30)


class Desk(LoopbackServer):
    """A server on loopback with login files to go with it: the bearer token chooses the answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.answers: dict[str, Answer] = {}
        super().__init__(self._answer)

    def login(self, name: str, answer: Answer | dict | None = None, *, exp: int = FAR, mark: str = "", **more) -> str:
        """Writes `<name>.auth.json`, makes the answer known, and returns the token."""
        text = auth_support.login(name, account=more.pop("account", f"acct-{name}"), exp=exp, mark=mark, **more)
        token = json.loads(text)["tokens"]["access_token"]
        self.knows(token, answer)
        self.write(name, text)
        return token

    def write(self, name: str, content: str | bytes) -> Path:
        """A login file with any content, replaced in one step, as a careful tool does it."""
        path = self.folder / f"{name}.auth.json"
        auth_support.write(path.with_suffix(".new"), content)
        return path.with_suffix(".new").replace(path)

    def knows(self, token: str, answer: Answer | dict | None = None) -> None:
        self.answers[token] = answer if callable(answer) else says(usage() if answer is None else answer)

    def asked_by(self, token: str) -> int:
        """How many requests came with this token."""
        return sum(exchange.headers.get("authorization") == f"Bearer {token}" for exchange in self.requests)

    def _answer(self, exchange: Exchange) -> None:
        bearer = exchange.headers.get("authorization", "").removeprefix("Bearer ")
        self.answers.get(bearer, says({"error": {"code": "token_invalidated"}}, 401))(exchange)


def environment(**changes: str | None) -> dict[str, str]:
    """This run's isolated environment without the forced demo; None removes a variable."""
    merged: dict[str, str | None] = {**os.environ, "QUOTA_HELPERS_DEMO": None, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def cli(*arguments: object, cwd: Path, env: Mapping[str, str | None] | None = None, **options):
    """`python -m quota_helpers` in a process of its own; texts are UTF-8 unless the environment says otherwise."""
    return subprocess.run(
        [sys.executable, "-m", "quota_helpers", *map(str, arguments)],
        cwd=cwd,
        env=environment(**{"PYTHONIOENCODING": "utf-8", **(env or {})}),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        **options,
    )


def ask(desk: Desk, *arguments: object, **options):
    """The command line on a desk's logins and server."""
    place = ["--account-dir", desk.folder, "--chatgpt-url", desk.base]
    return cli(*arguments, *place, cwd=options.pop("cwd", desk.folder), **options)


def in_terminal(desk: Desk, *arguments: object, columns: int = 80) -> str:
    """What a person sees on a terminal (POSIX): the command line on a desk's logins, both streams."""
    import pty

    ours, theirs = pty.openpty()
    place = ["--account-dir", desk.folder, "--chatgpt-url", desk.base]
    with subprocess.Popen(
        [sys.executable, "-m", "quota_helpers", *map(str, (*arguments, *place))],
        cwd=desk.folder,
        env=environment(PYTHONIOENCODING="utf-8", COLUMNS=str(columns)),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65_536):
                shown += piece
        except OSError:  # Linux: the other side has been closed
            pass
        finally:
            os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def python(code: str, *, cwd: Path, env: Mapping[str, str | None] | None = None) -> str:
    """What a small program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def reading(used=25.0, seconds=FIVE_HOURS, name="five_hour", *, limit="codex", reset_in=timedelta(hours=2), **more):
    """A window read at `NOW`."""
    fields = {"slot": "primary", "fetched_at": NOW, "reset_at": None if reset_in is None else NOW + reset_in} | more
    return QuotaWindow(limit_id=limit, name=name, used_percent=used, window_seconds=seconds, **fields)


def snapshot(account="ada", *windows, **more) -> UsageSnapshot:
    """A snapshot taken at `NOW`, with a limit for every window."""
    ids = dict.fromkeys(window.limit_id for window in windows)
    limits = tuple(Limit(limit_id=limit, allowed=True, limit_reached=False) for limit in ids)
    fields = {"fetched_at": NOW, "account_key": f"key-{account}", "plan": "plus", "limits": limits} | more
    return UsageSnapshot(account=account, windows=windows, **fields)
