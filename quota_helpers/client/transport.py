"""One request and its answer's bytes over `requests`, with a connection that the watchdog can close.

No `requests.Session` is used: a session keeps cookies, reads netrc, follows or at least prepares redirects, and is
not made for threads. Each fetch has an adapter of its own, so connections are never shared between accounts and a
late byte of one account's answer cannot become part of another's. What is kept is the TLS context, whose trusted
certificates take long to load.
"""

from __future__ import annotations

import functools
import http
import http.client
import os
import socket
from ssl import SSLContext
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from requests.auth import AuthBase
from requests.utils import get_environ_proxies
from urllib3.util import Timeout
from urllib3.util.ssl_ import create_urllib3_context

from ..models import Secret
from .address import is_loopback
from .body import read_body
from .translate import NO_FILES_LEFT, BundleError, SocksMissingError
from .watchdog import Guard

_CHUNK: Final = 16 * 1024


class Bearer(AuthBase):
    """Puts the token into the request when it is built: no variable of ours ever holds the header."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header (called by requests)."""
        r.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return r


class HttpAnswer(NamedTuple):
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]  # lines, in their order
    data: bytes  # the body after decompression; when there is a problem, as far as it could be read
    problem: str | None  # why this is not the whole body


class QuietResponse(http.client.HTTPResponse):
    """The answer behind any that only announce it (103, say), without what the header parser could not read.

    urllib3 would log those lines, and a server can echo a token in them.
    """

    def begin(self) -> None:
        """Read status line and headers."""
        super().begin()
        while 100 <= self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:  # noqa: PLR2004 - 1xx
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first line: read on
            super().begin()
        self.msg.defects.clear()
        self.msg.set_payload([])  # urllib3 looks at text only


class Watched:
    """A urllib3 connection whose socket the guard can shut down from the moment it exists."""

    # Somebody's `http.client.HTTPConnection.debuglevel = 1` would print the request's headers.
    debuglevel = 0
    response_class = QuietResponse

    def __init__(self, *args: Any, guard: Guard, connect_timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard
        self._connect_timeout = connect_timeout

    def _new_conn(self) -> socket.socket:
        if hasattr(self, "_socks_options"):  # the route through a SOCKS proxy is its own class's business
            sock: socket.socket = super()._new_conn()  # type: ignore[misc]  # the class it is mixed into has it
            self._guard.watch(sock)
            return sock
        return self._connect(str(self.host), int(self.port), self.socket_options)  # type: ignore[attr-defined]  # the same

    def _connect(self, host: str, port: int, options: Any) -> socket.socket:
        """Try each address of the host: never longer than what is left of the deadline, which urllib3 cannot do."""
        error: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if self._guard.check():
                break
            sock = socket.socket(family, kind, protocol)
            try:
                for option in options or ():
                    sock.setsockopt(*option)
                self._guard.watch(sock)
                sock.settimeout(min(self._connect_timeout, self._guard.patience()))
                sock.connect(address)
                # What follows (TLS, request, answer) is bounded by the deadline alone.
                sock.settimeout(self._guard.patience())
            except OSError as exc:
                sock.close()
                error = exc
            else:
                return sock
        if isinstance(error, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError("connect timed out")
        raise error or ConnectionAbortedError("no address was tried")


@functools.cache
def _watched(base: type[Any]) -> type[Any]:
    return type(f"Watched{base.__name__}", (Watched, base), {})


class GuardedAdapter(HTTPAdapter):
    """The adapter of one fetch: one connection at a time, watched by its guard, with the client's TLS context."""

    def __init__(self, guard: Guard, tls: SSLContext | None, connect_timeout: float) -> None:
        self._tls = tls
        self._extra = {"guard": guard, "connect_timeout": connect_timeout}
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002 - requests' signature
        """Make the pool (called by requests)."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **kwargs)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Make the pool for a proxy (called by requests)."""
        if not str(proxy).lower().startswith("socks"):
            kwargs["proxy_ssl_context"] = self._tls
        return super().proxy_manager_for(proxy, ssl_context=self._tls, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ARG002 - requests' signature
        """Leave trust to the TLS context, which has loaded its certificates once (called by requests)."""
        conn.cert_reqs = "CERT_REQUIRED"

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool for a request, whose connections tell the guard of their sockets (called by requests)."""
        try:
            pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        except requests.exceptions.InvalidSchema:  # requests' word for the package that is missing
            raise SocksMissingError from None
        except ValueError:  # our own address was judged before: this is about the proxy's
            raise requests.exceptions.InvalidProxyURL from None
        pool.ConnectionCls = _watched(pool.ConnectionCls)
        pool.conn_kw.update(self._extra)
        return pool


def tls_context() -> SSLContext:
    """A context that verifies certificates and host names, with the bundle of the environment or of certifi.

    Raises:
        BundleError: The environment names a bundle that is not there or holds no certificates.
    """
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    context = create_urllib3_context()
    context.check_hostname = True
    try:
        if os.path.isdir(bundle):  # noqa: PTH112 - a path for OpenSSL, not for us
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as exc:
        if exc.errno in NO_FILES_LEFT:
            raise
        raise BundleError from None
    return context


def proxies_for(url: str) -> dict[str, str]:
    """The environment's proxies for an address. None for this machine: they would get the token in clear text."""
    if is_loopback(urlsplit(url).hostname or ""):
        return {}
    return dict(get_environ_proxies(url))


def ask(adapter: GuardedAdapter, url: str, headers: dict[str, str], token: Secret, guard: Guard) -> HttpAnswer:
    """Send the request and read its answer; whatever requests, urllib3 or the system raise goes through."""
    # No timeouts but our own: the connection bounds each step by what is left of the deadline.
    response = adapter.send(
        requests.Request("GET", url, headers=headers, auth=Bearer(token)).prepare(),
        stream=True,
        timeout=Timeout(connect=guard.patience(), read=guard.patience()),  # type: ignore[arg-type]  # stub knows floats
        verify=True,
        proxies=proxies_for(url),
    )
    try:
        chunks = response.raw.stream(_CHUNK, decode_content=False)
        body = read_body(chunks, response.headers.get("Content-Encoding", ""))
        return HttpAnswer(response.status_code, tuple(response.raw.headers.iteritems()), *body)
    finally:
        response.close()
