"""Real loopback servers for the client's tests: each connection is a thread that runs a handler on the bare socket."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import pytest

from quota_helpers.client import UsageClient
from quota_helpers.errors import QuotaError
from quota_helpers.models import Account, Secret

TOKEN = "eyJhbGciOiJub25lIn0.eyJzZW50aW5lbCI6MX0.SENTINEL_9f8e7d6c5b4a"
USAGE = {"plan_type": "plus", "rate_limit": None}

# Made for these tests alone, for quota.example.com, localhost and 127.0.0.1; nothing else trusts it.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAALEfC8drU/tB6xO
AT/jWR1MHf1e9BDNQgUqirIAbkKhRANCAAS+7TRSIYSZVDnikolqs0GNDl6D7rrS
2A9qDBNIDTla3foiNG8X2XQRO8vqipGxO3VyfuxXhc7LqVYYe6FCSbwv
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBvjCCAWOgAwIBAgIBAjAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFxdW90YS5l
eGFtcGxlLmNvbTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHDEa
MBgGA1UEAwwRcXVvdGEuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAAS+7TRSIYSZVDnikolqs0GNDl6D7rrS2A9qDBNIDTla3foiNG8X2XQRO8vq
ipGxO3VyfuxXhc7LqVYYe6FCSbwvo4GTMIGQMA8GA1UdEwEB/wQFMAMBAf8wDgYD
VR0PAQH/BAQDAgKEMB0GA1UdDgQWBBS24ASMW7qcprwy6GVmcxLqnkKrUDAfBgNV
HSMEGDAWgBS24ASMW7qcprwy6GVmcxLqnkKrUDAtBgNVHREEJjAkghFxdW90YS5l
eGFtcGxlLmNvbYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMCA0kAMEYCIQCB
P8PAJ1xpxM53m4Uqs2GD5N5kGtZjBlcrIkwOfifflQIhANEgUO+OEwQsOGqD0ziF
giLwsYvsvTn6a/Le0bqpPeko
-----END CERTIFICATE-----
"""


def account(name="work", token=TOKEN, **fields):
    """An invented login."""
    return Account(name=name, account_id=fields.pop("account_id", f"acct-{name}"), access_token=Secret(token), **fields)


@dataclass
class Exchange:
    """One request on one connection, and the ways to answer it."""

    server: LoopbackServer
    conn: socket.socket
    number: int
    line: str
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, data: bytes) -> None:
        self.conn.sendall(data)

    def reply(self, status=200, body=b"", headers=(), *, length=True) -> None:
        """A whole answer; `body` may be bytes, text or something to write as JSON."""
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        body = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers)]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def drip(self, data: bytes) -> None:
        """Send byte by byte, for ever so slowly, until the client or the server hangs up."""
        for byte in data:
            if self.server.closing.wait(0.03):
                return
            self.send(bytes([byte]))


class LoopbackServer:
    """A server on 127.0.0.1 (or ::1) that records every request and lets `handler` answer it."""

    def __init__(self, handler: Callable[[Exchange], None], *, tls=None, host="127.0.0.1"):
        self.handler = handler
        self.requests: list[Exchange] = []
        self.closing = threading.Event()
        self.asked = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._host = host
        self._listener = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
        self.port = self._listener.getsockname()[1]
        self._conns: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def base(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}/backend-api"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        # Closing a listener does not wake its accept everywhere; a connection does.
        with contextlib.suppress(OSError):
            socket.create_connection((self._host, self.port), timeout=5).close()
        self._threads[0].join(10)
        self._listener.close()
        for conn in self._conns:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            conn, _ = self._listener.accept()
            if self.closing.is_set():
                conn.close()
                return
            self._conns.append(conn)
            thread = threading.Thread(target=self._serve, args=(conn,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, conn: socket.socket) -> None:
        # The client hangs up when it has seen enough: that is no fault of the server.
        with contextlib.suppress(OSError), conn:
            if self._tls:
                conn = self._tls.wrap_socket(conn, server_side=True)
            with conn:
                while not self.closing.is_set():
                    exchange = self._read(conn)
                    if exchange is None:
                        return
                    self.handler(exchange)

    def _read(self, conn: socket.socket) -> Exchange | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = conn.recv(65536)
            if not more:
                return None
            data += more
        line, *rest = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in rest)}
        with self._lock:
            exchange = Exchange(self, conn, len(self.requests), line, headers)
            self.requests.append(exchange)
        self.asked.set()
        return exchange


def server_tls(folder) -> tuple[ssl.SSLContext, str]:
    """A server's TLS context, and the file that a client must trust for it."""
    path = folder / "certificate.pem"
    path.write_text(CERTIFICATE, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, str(path)


def pump(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until either side ends (the inside of a CONNECT tunnel)."""

    def forward(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=forward, args=(other, one), daemon=True)
    back.start()
    forward(one, other)
    back.join(10)


class DrippingServer(LoopbackServer):
    """Sends bytes one by one, for ever so slowly, to whoever connects, whatever they say."""

    def __init__(self, data: bytes):
        self._data = data
        super().__init__(lambda _: None)

    def _serve(self, conn: socket.socket) -> None:
        with contextlib.suppress(OSError), conn:
            Exchange(self, conn, 0, "").drip(self._data)


class ConnectProxy(LoopbackServer):
    """A proxy that tunnels every CONNECT to one loopback server, and records what it is asked."""

    def __init__(self, target: LoopbackServer | None = None, *, refuse: int | None = None):
        self._target = target
        self._refuse = refuse
        super().__init__(self._tunnel)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _tunnel(self, exchange: Exchange) -> None:
        if self._refuse or self._target is None:
            exchange.reply(self._refuse or 502)
            return
        with socket.create_connection(("127.0.0.1", self._target.port), timeout=10) as inner:
            exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pump(exchange.conn, inner)


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """No proxy and no certificate bundle of this machine's environment reaches a test."""
    for name in (*PROXY_VARIABLES, "requests_ca_bundle", "curl_ca_bundle", "netrc"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def make_client(server, **options):
    """A client for a loopback server: little patience, next to no backoff."""
    url = server if isinstance(server, str) else server.base
    return UsageClient(url, **{"deadline": 20, "backoff": 0.005, "clock": lambda: NOW, **options})


def fetch(handler, *, who=None, **options):
    """One fetch from a server with this handler; the reply or the error, and the requests the server saw."""
    with LoopbackServer(handler) as server, make_client(server, **options) as client:
        try:
            return client.fetch(who or account()), server.requests
        except QuotaError as error:
            return error, server.requests


def always(status=200, body=b"", headers=(), **how):
    return lambda exchange: exchange.reply(status, body, headers, **how)


HEADER_DRIP = b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 5000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


def drip_in(prefix, dripped):
    def handler(exchange):
        exchange.send(prefix)
        exchange.drip(dripped)

    return handler


def everything_in(error):
    """All that a verbose traceback, a repr or a debugger's listing of attributes could show of an error."""
    shown = []
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        tb = traceback.TracebackException(type(one), one, one.__traceback__, capture_locals=True)
        # The frames of these tests hold the login on purpose; the client's own must not.
        tb.stack = traceback.StackSummary.from_list(
            [
                frame
                for frame in tb.stack
                if "test_client" not in frame.filename and "client_support" not in frame.filename
            ]
        )
        shown += ["".join(tb.format(chain=False)), repr(one), str(one), repr(vars(one)), repr(one.args)]
        shown.append(repr(getattr(vars(one).get("reply"), "body", "")))
        waiting += [one.__cause__, one.__context__]
    return "\n".join(shown)
