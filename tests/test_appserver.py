"""The official client as a child: what it says, what it does instead of saying it, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from codex_support import Backend, codex_home, gone, left_over, program
from codex_support import codex_bin as codex_bin  # noqa: PLC0414 - a fixture
from codex_support import only_loopback as _only_loopback  # noqa: F401 - an autouse fixture
from foundation_support import hangs

from quota_helpers.appserver import ACCOUNT, PARAMETERS, RATE_LIMITS, TOKENS, Said, ask_client, too_old
from quota_helpers.errors import FetchTimeoutError, OfficialClientError, UnreachableError

ANSWERS = """
def answer(message, result):
    print(json.dumps({"id": message["id"], "result": result}), flush=True)

def requests():
    for line in sys.stdin:
        message = json.loads(line)
        if message["method"] == "initialize":
            answer(message, {})
        elif "id" in message:
            yield message
"""


@pytest.fixture
def home(tmp_path):
    return codex_home(tmp_path / "home")


def ask(home, code, tmp_path, **options):
    return ask_client(home, codex_bin=program(tmp_path, ANSWERS + textwrap.dedent(code)), **{"deadline": 20, **options})


# --- the real one ---


def test_the_real_client_is_asked_and_ends(home, codex_bin):
    with Backend() as server:
        said = ask_client(home, (RATE_LIMITS, ACCOUNT), codex_bin=codex_bin, url=server.base, deadline=60)
    limits = said[RATE_LIMITS].result["rateLimits"]
    assert (limits["primary"]["usedPercent"], limits["secondary"]["usedPercent"]) == (25, 50)
    assert gone(home)


def test_only_methods_that_read_are_known():
    assert set(PARAMETERS) == {"account/rateLimits/read", "account/read", "account/usage/read"}
    assert PARAMETERS[ACCOUNT] == {"refreshToken": False}


def test_nothing_of_ours_is_written_into_the_home(home, codex_bin):
    """What is new there afterwards is the client's own; the login is as it was."""
    before = (home / "auth.json").read_bytes(), (home / "config.toml").read_bytes()
    with Backend() as server:
        ask_client(home, codex_bin=codex_bin, url=server.base, deadline=60)
        assert all(request.line.startswith("GET ") for request in server.requests)
    assert gone(home)
    assert ((home / "auth.json").read_bytes(), (home / "config.toml").read_bytes()) == before
    assert not [path for path in home.rglob("*") if "quota" in path.name or path.suffix == ".lock"]


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9 on Windows")
def test_a_real_client_that_is_killed_is_told_as_that(home, codex_bin):
    with Backend(usage=hangs) as server, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask_client, home, codex_bin=codex_bin, url=server.base, deadline=60)
        assert server.asked_for("usage")
        for number, name in left_over(home):
            if "python" not in name:
                os.kill(number, signal.SIGKILL)
        with pytest.raises(OfficialClientError, match="ended before it answered"):
            asking.result(30)
    assert gone(home)


def test_fifty_starts_leave_no_process(tmp_path, codex_bin):
    homes = [codex_home(tmp_path / f"home-{number}") for number in range(5)]
    with Backend() as server, ThreadPoolExecutor(5) as pool:
        runs = [
            pool.submit(ask_client, home, codex_bin=codex_bin, url=server.base, deadline=120)
            for _ in range(10)
            for home in homes
        ]
        assert all(run.result().keys() == {RATE_LIMITS} for run in runs)
    assert gone(tmp_path)


# --- programs that misbehave ---


def test_what_comes_besides_is_waited_for_a_little_and_its_failure_hides_nothing(home, tmp_path):
    code = """
        for message in requests():
            if message["method"] == "account/rateLimits/read":
                answer(message, {"rateLimits": {}})
            elif message["method"] == "account/usage/read":
                print(json.dumps({"id": message["id"], "error": {"code": -32603, "message": "no"}}), flush=True)
    """
    began = time.monotonic()
    said = ask(home, code, tmp_path, methods=(RATE_LIMITS, TOKENS, ACCOUNT))
    assert said == {RATE_LIMITS: Said({"rateLimits": {}}), TOKENS: Said(None, -32603, "no")}
    assert 4 < time.monotonic() - began < 15


def test_noise_notes_and_questions_are_read_past(home, tmp_path):
    """Whatever it asks of us is refused: we only read."""
    code = """
        print("not json", flush=True)
        print("[" * 100_000, flush=True)
        print('{"method": "some/note", "params": {}}', flush=True)
        print('{"method": "account/chatgptAuthTokens/refresh", "id": 77}', flush=True)
        sys.stderr.write("noise \\u001b[31m" * 100_000)
        refused = None
        for line in sys.stdin:
            message = json.loads(line)
            if message.get("id") == 77:
                refused = message["error"]["code"]
            elif message.get("method") == "initialize":
                answer(message, {})
            elif message.get("method") == "account/rateLimits/read":
                answer(message, {"refused": refused})
    """
    assert ask(home, code, tmp_path)[RATE_LIMITS].result == {"refused": -32601}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("sys.exit('error: unrecognized subcommand app-server for john.doe@example.com')", "unrecognized subcommand"),
        ("sys.exit(3)", "ended before it answered"),
        ('for message in requests(): sys.stdout.write(\'{"id": "account/rate\'); break', "ended before it answered"),
        ("for message in requests(): os.kill(os.getpid(), signal.SIGKILL)", "ended before it answered"),
        ("os.close(0); os.close(1); time.sleep(2)", "ended before it answered"),
    ],
)
def test_a_client_that_ends_without_an_answer(home, tmp_path, code, words):
    with pytest.raises(OfficialClientError, match=words) as caught:
        ask(home, code, tmp_path)
    assert "john.doe" not in str(caught.value)
    assert "codex_bin" in caught.value.hint
    assert caught.value.exit_code == 2
    assert gone(home)


def test_a_client_that_never_answers_ends_at_the_deadline_and_is_seen_to_its_end(tmp_path, codex_bin):
    """Ten seconds with its input closed, ten more after it was asked to end, and then it is killed.

    The real one goes on with a request that gets no answer, whatever happens to its input. They wait side by side.
    """
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)"
    codes = {"deaf": deaf, "asleep": "time.sleep(60)", "silent": ANSWERS + "for message in requests(): pass"}
    ended = {}

    def run(name, client, url):
        home = codex_home(tmp_path / name / "home")
        with pytest.raises(FetchTimeoutError, match="gave no answer within 3 s"):
            ask_client(home, codex_bin=client or program(tmp_path / name, codes[name]), url=url, deadline=3)
        began = time.monotonic()
        assert gone(home, seconds=60)
        ended[name] = time.monotonic() - began

    with Backend(usage=hangs) as server, ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(run, name, None, None) for name in codes]
        runs.append(pool.submit(run, "real", codex_bin, server.base))
        for each in runs:
            each.result()
    assert ended["silent"] < 9
    assert 9 < ended["asleep"] < ended["deaf"]
    assert ended["deaf"] > 19


def test_a_client_that_takes_its_time_to_end_is_given_it(home, tmp_path):
    """One that is cut off while it renews a login can lose it."""
    code = f"""
        for message in requests():
            answer(message, {{}})
        time.sleep(3)
        open({str(tmp_path / "done")!r}, "w").close()
    """
    began = time.monotonic()
    ask(home, code, tmp_path)
    assert time.monotonic() - began < 3
    assert gone(home)
    assert (tmp_path / "done").exists()


def test_a_stop_ends_the_waiting_at_once(home, tmp_path):
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask, home, "for message in requests(): pass", tmp_path, stop=stop, deadline=60)
        time.sleep(0.3)
        stop.set()
        with pytest.raises(UnreachableError, match="interrupted"):
            asking.result(5)
    assert gone(home, seconds=15)


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9 on Windows")
def test_a_client_outlives_a_kernel_that_is_killed_and_then_ends(home, tmp_path):
    code = f"""
        for message in requests():
            open({str(tmp_path / "asked")!r}, "w").close()
        open({str(tmp_path / "done")!r}, "w").close()
    """
    bad = program(tmp_path, ANSWERS + textwrap.dedent(code))
    kernel = f"from quota_helpers.appserver import ask_client; ask_client({home!r}, codex_bin={str(bad)!r})"
    kernel = kernel.replace("PosixPath", "__import__('pathlib').Path")
    with subprocess.Popen([sys.executable, "-c", kernel]) as process:
        while not (tmp_path / "asked").exists():
            time.sleep(0.02)
        process.kill()
    assert gone(home, seconds=15)
    assert (tmp_path / "done").exists()


def test_there_is_one_client_per_home_at_a_time(home, tmp_path):
    """A second one waits for its turn, also for the end of the first."""
    code = f"""
        place = {str(tmp_path / "inside")!r}
        alone = not os.path.exists(place)
        open(place, "w").close()
        for message in requests():
            answer(message, alone)
        time.sleep(0.3)
        os.remove(place)
    """
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(ask, home, code, tmp_path) for _ in range(4)]
        assert [run.result()[RATE_LIMITS].result for run in runs] == [True] * 4
    assert gone(home)


def test_who_waits_in_vain_for_a_home_starts_nothing(home, tmp_path):
    code = f"""
        open({str(tmp_path / "begun")!r}, "a").write("x")
        for message in requests(): pass
        time.sleep(2)
    """
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, home, code, tmp_path, deadline=2)
        while not (tmp_path / "begun").exists():
            time.sleep(0.02)
        with pytest.raises(FetchTimeoutError):
            ask(home, code, tmp_path, deadline=0.5)
        with pytest.raises(FetchTimeoutError):
            first.result()
    assert gone(home, seconds=15)
    assert (tmp_path / "begun").read_text() == "x"


@pytest.mark.parametrize(("wanted", "words"), [(None, "no codex on the PATH"), ("/nowhere/codex", "is no program")])
def test_a_program_that_is_not_there(home, monkeypatch, tmp_path, wanted, words):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OfficialClientError, match=words) as caught:
        ask_client(home, codex_bin=wanted)
    assert "put codex on the PATH, or give codex_bin= in Python" in caught.value.hint  # the command line has no option


@pytest.mark.parametrize(
    ("said", "old"),
    [
        (Said(None, -32601, "Method not found"), True),
        (Said(None, -32600, "Invalid request: unknown variant `account/rateLimits/read`"), True),
        (Said(None, -32600, "codex account authentication required"), False),
        (Said(None, -32603, "unknown"), False),
        (Said({"unknown": 1}), False),
    ],
)
def test_a_client_that_does_not_know_the_method_is_too_old(said, old):
    error = too_old(said)
    assert (error is not None) == old
    if error:
        assert "npm install" in error.hint


def test_the_keeper_needs_nothing_of_ours():
    """It is run by its path, isolated, and must start fast."""
    text = (Path(__file__).parent.parent / "quota_helpers" / "appserver" / "keeper.py").read_text("utf-8")
    assert "from .." not in text
    assert json.dumps("quota_helpers") not in text
