"""Codex homes for the official client, the client itself, and small programs that misbehave in its place."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import textwrap
import time
from pathlib import Path

import auth_support
import pytest
from client_support import LoopbackServer
from foundation_support import FAR, says

SOON = 2_100_000_000  # 2036: the official client reads epochs of 32 bits
RESETS = {"credits": [], "available_count": 0}


@pytest.fixture(scope="session")
def codex_bin():
    """The official client, or a skip that says how to get it (a failure where QUOTA_REQUIRE_CODEX=1 asks for it)."""
    found = os.environ.get("QUOTA_CODEX_BIN") or shutil.which("codex")
    if found is None:
        if os.environ.get("QUOTA_REQUIRE_CODEX") == "1":
            pytest.fail("the official client must be there: name it in QUOTA_CODEX_BIN")
        pytest.skip("no official client: npm install @openai/codex, and name its program in QUOTA_CODEX_BIN")
    return found


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    """Whatever the client wants of another machine, a renewed login included, ends at a closed port of this one."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("CODEX_REFRESH_TOKEN_URL_OVERRIDE", "http://127.0.0.1:9/oauth/token")


def codex_home(folder, user="ada", *, login=True, exp=FAR, account="acct-one"):
    """A throw-away Codex home with an unsigned login, which keeps it in a file and sends no analytics."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text('cli_auth_credentials_store = "file"\n[analytics]\nenabled = false\n')
    if login:
        auth_support.write(folder / "auth.json", _login(user, account, exp))
    return folder


def _login(user, account, exp):
    document = json.loads(auth_support.login(user, account=account, exp=exp))
    document["tokens"]["id_token"] = document["tokens"]["access_token"]
    document["last_refresh"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps(document)


def whole_usage(five=25, weekly=50, **more):
    """A body with every field that the official client insists on."""
    windows = {
        f"{slot}_window": {
            "used_percent": used,
            "limit_window_seconds": seconds,
            "reset_after_seconds": 100,
            "reset_at": SOON,
        }
        for slot, used, seconds in (("primary", five, 18_000), ("secondary", weekly, 604_800))
    }
    identity = {"user_id": "user-ada", "account_id": "acct-one", "email": "ada@example.com", "plan_type": "plus"}
    return identity | {"rate_limit": {"allowed": True, "limit_reached": False, **windows}} | more


class Backend(LoopbackServer):
    """Answers by the last part of the path; anything else is a 404, as for a client that asks for more than we know."""

    def __init__(self, usage=None, **answers):
        self.answers = {"usage": says(whole_usage()) if usage is None else usage, **answers}
        self.answers.setdefault("rate-limit-reset-credits", says(RESETS))
        super().__init__(self._answer)

    def _answer(self, exchange):
        last = exchange.line.split()[1].partition("?")[0].rpartition("/")[2]
        self.answers.get(last, says({"detail": "Not Found"}, 404))(exchange)

    def asked_for(self, last, seconds=60.0):
        """Whether somebody asks for this before the time is over."""
        end = time.monotonic() + seconds
        while not any(path.endswith(last) for path in self.paths()) and time.monotonic() < end:
            time.sleep(0.05)
        return any(path.endswith(last) for path in self.paths())

    def paths(self):
        return {request.line.split()[1].partition("/backend-api/")[2] for request in self.requests}


def program(folder, code):
    """A program that stands where the official client would; its code reads lines from `sys.stdin`."""
    if os.name == "nt":
        pytest.skip("a script cannot be started as a program here")
    path = folder / "codex"
    path.write_text(f"#!{sys.executable}\nimport json, os, signal, sys, time\n{textwrap.dedent(code)}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def left_over(*marks):
    """Processes whose command line or environment holds one of these words (Linux tells)."""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this system does not list its processes in /proc")
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if any(str(mark).encode() in told for mark in marks):
            found.append((int(folder.name), told.split(b"\0")[0].decode()))
    return found


def gone(*marks, seconds=30.0):
    """Whether nothing with these words is left in time."""
    end = time.monotonic() + seconds
    while left_over(*marks) and time.monotonic() < end:
        time.sleep(0.05)
    return not left_over(*marks)
