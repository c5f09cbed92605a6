"""The official client as a source: `codex app-server` is started on a Codex home and asked over its JSON lines.

It owns the login of that home. It may renew it and write its own state, so nothing here is ever done unasked, and the
client is never cut off (`keeper`). Only methods that read are called: `account/rateLimits/read`, `account/read`,
`account/usage/read`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import platformdirs

from ..errors import FetchTimeoutError, OfficialClientError, UnreachableError
from ..privacy import hide_tokens, mask_identity, printable

RATE_LIMITS: Final = "account/rateLimits/read"
ACCOUNT: Final = "account/read"
TOKENS: Final = "account/usage/read"
PARAMETERS: Final[Mapping[str, Any]] = {RATE_LIMITS: None, ACCOUNT: {"refreshToken": False}, TOKENS: None}
"""The three methods that only read: no other one is ever called."""

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_BESIDE_SECONDS: Final = 5.0  # what is asked besides must come that soon after the first answer
_LONGEST_LINE: Final = 8 * 1024 * 1024
_POLL_SECONDS: Final = 0.1
_UNKNOWN_METHOD: Final = frozenset({-32600, -32601})
_UPDATE_HINT: Final = "Update Codex: npm install -g @openai/codex"


class Said(NamedTuple):
    """The client's answer to one method: a result, or a JSON-RPC error with its code and words."""

    result: Any = None  # what it read, or None
    code: int | None = None  # the error's code, or None
    message: str = ""  # the error's words; they can hold a whole body of the server


def ask_client(
    home: Path,
    methods: tuple[str, ...] = (RATE_LIMITS,),
    *,
    codex_bin: str | Path | None = None,
    url: str | None = None,
    deadline: float = 30,
    stop: threading.Event | None = None,
) -> dict[str, Said]:
    """Start the official client on a Codex home, ask, and end it.

    The client owns the login of that home: it may renew it and write its own state. We write nothing there.

    Args:
        home: The Codex home.
        methods: What to ask, of `PARAMETERS`; the first one is waited for, the others for 5 seconds more.
        codex_bin: The client's program; default `codex` on the PATH.
        url: Base address; default the home's own configuration.
        deadline: Seconds for all of it; how long the client takes to end is its own matter.
        stop: Set it from another thread to end early.

    Raises:
        OfficialClientError: The program is missing, too old, or ended before it answered.
        FetchTimeoutError: The deadline passed.
        UnreachableError: Interrupted.
    """
    end = time.monotonic() + deadline
    talk = _Talk(_command(codex_bin, url), home, stop)
    try:
        who = {"clientInfo": {"name": "quota-helpers", "title": "Codex quota workbench", "version": "0"}}
        talk.send({"id": "initialize", "method": "initialize", "params": who})
        begun = talk.wait("initialize", end, deadline)
        if begun.code is not None:
            raise OfficialClientError(f"The official client refuses to begin: {_words(begun.message)}.")
        talk.send({"method": "initialized"})
        for method in methods:
            params = PARAMETERS[method]
            talk.send({"id": method, "method": method} | ({} if params is None else {"params": params}))
        said = {methods[0]: talk.wait(methods[0], end, deadline)}
        end = min(end, time.monotonic() + _BESIDE_SECONDS)
        for method in methods[1:]:
            with contextlib.suppress(FetchTimeoutError, OfficialClientError):
                said[method] = talk.wait(method, end, deadline)
        return said
    finally:
        talk.close()


def too_old(said: Said) -> OfficialClientError | None:
    """The error for an answer that says that the method is unknown."""
    if said.code in _UNKNOWN_METHOD and any(word in said.message.lower() for word in ("unknown", "not found")):
        return OfficialClientError("The official client is too old: it cannot tell the quota.", hint=_UPDATE_HINT)
    return None


class _Talk:
    """The client behind its keeper, with a thread for each of its outputs."""

    def __init__(self, command: list[str], home: Path, stop: threading.Event | None) -> None:
        self._stop = stop
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._noise: deque[bytes] = deque(maxlen=20)
        self._answers: dict[Any, Said] = {}
        environment = os.environ | {"CODEX_HOME": str(home), "RUST_LOG": "error"}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_KEEPER), str(_lock_of(home)), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=home,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise OfficialClientError(f"The official client cannot be started: {error.strerror}.") from None
        self._start(self._read_answers, self._process.stdout)
        self._start(self._read_noise, self._process.stderr)

    def send(self, message: Mapping[str, Any]) -> None:
        """One line; whether it arrives shows when its answer is waited for."""
        stdin = self._process.stdin
        with contextlib.suppress(OSError):
            if stdin is not None:
                stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
                stdin.flush()

    def wait(self, number: str, end: float, deadline: float) -> Said:
        """The answer of that id; whatever else comes before is read past."""
        while number not in self._answers:
            if self._stop is not None and self._stop.is_set():
                raise UnreachableError("interrupted before the official client had answered.", hint="Run it again.")
            left = end - time.monotonic()
            if left <= 0:
                raise FetchTimeoutError(f"the official client gave no answer within {deadline:g} s.")
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=min(left, _POLL_SECONDS))
                if line is None:
                    self._lines.put(None)
                    raise self._died()
                self._take(line)
        return self._answers[number]

    def close(self) -> None:
        """Close its input, and let a thread see that nothing is left of it."""
        stdin = self._process.stdin
        with contextlib.suppress(OSError):
            if stdin is not None:
                stdin.close()
        self._start(lambda _: self._process.wait(), None)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return  # noise, or a line that was cut off: its answer will be missed
        if not isinstance(message, dict) or "id" not in message:
            return
        if "method" in message:  # it asks us something: we do nothing for it
            refusal = {"code": -32601, "message": "this program only reads"}
            self.send({"id": message["id"], "error": refusal})
            return
        error = message.get("error")
        said = Said(message.get("result"))
        if isinstance(error, dict):
            code = error.get("code")
            said = Said(None, code if isinstance(code, int) else 0, str(error.get("message", "")))
        if isinstance(message["id"], str):
            self._answers[message["id"]] = said

    def _died(self) -> OfficialClientError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        words = _words(b" ".join(self._noise).decode("utf-8", "replace"))
        return OfficialClientError(f"The official client ended before it answered{f': {words}' if words else ''}.")

    def _read_answers(self, stream: IO[bytes]) -> None:
        while line := stream.readline(_LONGEST_LINE):
            self._lines.put(line)
        self._lines.put(None)
        stream.close()

    def _read_noise(self, stream: IO[bytes]) -> None:
        while line := stream.readline(2000):
            self._noise.append(line.strip())
        stream.close()

    @staticmethod
    def _start(work: Callable[[Any], object], stream: IO[bytes] | None) -> None:
        threading.Thread(target=work, args=(stream,), name="quota-codex", daemon=True).start()


def _command(codex_bin: str | Path | None, url: str | None) -> list[str]:
    wanted = str(Path(codex_bin).expanduser()) if codex_bin else "codex"
    program = shutil.which(wanted)
    if program is None:
        what = f"{printable(wanted)} is no program" if codex_bin else "There is no codex on the PATH"
        raise OfficialClientError(f"{what}; nothing was started.")
    base = ["-c", f"chatgpt_base_url={json.dumps(url)}"] if url else []
    return [program, "app-server", "-c", "analytics.enabled=false", *base]


def _lock_of(home: Path) -> Path:
    """A file of ours, outside the home: one client per home, whoever starts it."""
    folder = Path(platformdirs.user_cache_dir("quota-helpers", appauthor=False)) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{hashlib.sha256(os.path.realpath(home).encode()).hexdigest()[:32]}.lock"


def _words(text: str) -> str:
    line = printable(mask_identity(hide_tokens(" ".join(text.split()))))
    return line[-300:].rstrip(".")
