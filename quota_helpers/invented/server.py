"""The demo's HTTP server on loopback, and the folder of login files that goes with it."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, ClassVar, Final

from ..workers import Closing
from .accounts import ACCOUNTS, DemoAccount, access_token, write_logins
from .meters import STEP, T0
from .replies import PATHS, Reply, answer, refused

BASE_PATH: Final = "/backend-api"
JOIN_SECONDS: Final = 5.0


class DemoServer(Closing):
    """Invented accounts behind a real HTTP server; it runs from construction to `close`.

    What is not closed is closed when the object is collected or the interpreter ends, so nothing is left behind.

    Args:
        accounts: Whom the server knows, and gets a login file.
        latency: Seconds every answer takes; `close` does not wait for them.

    Attributes:
        url: Base address, as `--chatgpt-url` wants it; usage is at `{url}/wham/usage`.
        account_dir: Temporary folder with one `<name>.auth.json` per account.
    """

    def __init__(self, *, accounts: Sequence[DemoAccount] = ACCOUNTS, latency: float = 0.0) -> None:
        cleanup = ExitStack()
        self._finalizer = weakref.finalize(self, _clean, cleanup, os.getpid())
        folder = tempfile.mkdtemp(prefix="quota-helpers-demo-")
        # The last word is the folder's: rmtree is told to go on, because a virus scanner can hold a file on Windows.
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        self.account_dir = Path(folder)
        write_logins(self.account_dir, accounts)
        self._web = _Web({access_token(account): account for account in accounts}, latency)
        cleanup.callback(self._web.stop)
        self._web.start()
        self.url = f"http://127.0.0.1:{self._web.server_port}{BASE_PATH}"

    def clock(self) -> datetime:
        """The demo's present moment (aware, UTC): `T0` at first; it stands still between two `advance`."""
        return self._web.now

    def advance(self) -> None:
        """Move the clock to the next collect, 5 minutes later."""
        with self._web.lock:
            self._web.now += STEP

    @property
    def closed(self) -> bool:
        """Whether the server has stopped and the folder is gone."""
        return not self._finalizer.alive

    def close(self) -> None:
        """Stop the server, end its threads, remove the folder. Calling it again does nothing."""
        self._finalizer()

    def __repr__(self) -> str:
        return f"DemoServer({'closed' if self.closed else self.url})"


def _clean(cleanup: ExitStack, owner: int) -> None:
    # A forked child inherits the finalizer, but neither the threads nor the right to the parent's folder.
    if os.getpid() == owner:
        cleanup.close()


class _Web(ThreadingHTTPServer):
    """The socket and its threads. It does not know the `DemoServer`, so that one can be collected while this runs."""

    daemon_threads = True
    # The system chooses a free port, so reuse is not needed; on Windows it would let a stranger share the port.
    allow_reuse_address = False
    request_queue_size = 128
    timeout = 1.0  # seconds after which the loop looks around by itself, should the knock of `stop` get lost

    def __init__(self, accounts: Mapping[str, DemoAccount], latency: float) -> None:
        self.accounts = accounts
        self.now = T0
        self.lock = threading.Lock()
        self.latency = latency
        self.stopping = threading.Event()
        # No lock: single dict operations are atomic, and a finalizer may run in any thread, in the middle of one.
        self._open: dict[threading.Thread, socket.socket] = {}
        self._loop = threading.Thread(target=self._serve, name="quota-demo-server", daemon=True)
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's reverse look-up of the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def start(self) -> None:
        self._loop.start()

    def _serve(self) -> None:
        # Not serve_forever: its shutdown waits for the next poll, and never returns when called from this thread.
        try:
            while not self.stopping.is_set():
                self.handle_request()
        finally:
            self.server_close()

    def stop(self) -> None:
        """End the loop, then every open connection, and wait for their threads; safe from any thread."""
        self.stopping.set()
        if self._loop.ident is None:
            self.server_close()
            return
        with suppress(OSError), socket.socket() as knock:
            knock.settimeout(1.0)
            knock.connect(("127.0.0.1", self.server_port))
        _join(self._loop)
        for thread, connection in list(self._open.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            _join(thread)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002  # socketserver asks with both
        return not self.stopping.is_set()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="quota-demo-request", daemon=True
        )
        self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; a fault of ours is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _join(thread: threading.Thread) -> None:
    # A thread cannot wait for itself, nor for one that never started.
    if thread is not threading.current_thread() and thread.ident is not None:
        thread.join(JOIN_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive for as long as the client likes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True
    server: _Web

    def do_GET(self) -> None:
        if self.server.stopping.wait(self.server.latency):
            self.close_connection = True
            return
        now = self.server.now
        base, _, what = self.path.rpartition("/wham/")
        if base == BASE_PATH and what.partition("?")[0] in PATHS:
            reply = answer(
                self.headers.get("Authorization"),
                self.headers.get("ChatGPT-Account-Id"),
                accounts=self.server.accounts,
                now=now,
                what=what if what.partition("?")[0] != "usage" else "usage",  # a query changes nothing there
            )
        else:
            reply = refused("not_found")
        self.wfile.write(_wire(reply, now))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's argument name
        """Say nothing: standard error belongs to the person at the notebook."""


def _wire(reply: Reply, now: datetime) -> bytes:
    """Head and body in one piece: two small writes would wait for the client's delayed acknowledgement."""
    headers = (
        ("Date", format_datetime(now, usegmt=True)),
        ("Server", "quota-helpers-demo"),
        ("Content-Type", reply.content_type),
        ("Content-Length", str(len(reply.body))),
        *reply.headers,
    )
    head = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
    return (head + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n").encode("latin-1") + reply.body
