"""Foreign exceptions, translated once, here: every one of requests, urllib3, http.client, ssl and the system.

A translation takes nothing from the exception but its class, its error number and, here and there, a word that is
known to be harmless: the originals hold requests, headers and frames, and with them tokens.
"""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

import requests.exceptions as theirs
import urllib3.exceptions as lower

from ..errors import FetchError, FetchTimeoutError, UnexpectedReplyError, UnreachableError

_PROXY_HINT: Final = "Check HTTPS_PROXY, ALL_PROXY and NO_PROXY in the environment."
_SOCKS_HINT: Final = "Install that package: pip install 'requests[socks]'; or name an http proxy in the environment."
_TLS_HINT: Final = (
    "Behind a proxy that opens TLS, name its certificate bundle in REQUESTS_CA_BUNDLE; verification stays on."
)
_BUNDLE_HINT: Final = "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the environment must name a PEM file, or neither be set."
_FILES_HINT: Final = "Close what holds many files open (other notebooks, say), or raise the limit: ulimit -n"
_ADDRESS_HINT: Final = "Check --chatgpt-url. Nothing was sent."
NO_FILES_LEFT: Final = (errno.EMFILE, errno.ENFILE)
_BROKE_OFF: Final = "the connection broke off before the answer was complete"


class BundleError(OSError):
    """The certificates to trust cannot be loaded. Ours, but raised among theirs."""


class SocksMissingError(OSError):
    """The environment names a SOCKS proxy and the package for it is not installed. Ours, but raised among theirs."""


class Translation(NamedTuple):
    """What a family of foreign exceptions means to us."""

    kinds: tuple[type[BaseException], ...]  # subclasses are meant too, unless an earlier row has them
    text: str  # what happened, to go behind the host's name
    error: type[FetchError] = UnreachableError
    again: bool = False  # whether asking once more could help
    hint: str | None = None  # where the class's own does not fit
    numbers: tuple[int, ...] = ()  # only system errors with one of these numbers are meant; none means all

    def knows(self, exc: BaseException) -> bool:
        """Whether this row is about the exception, judged by itself and not by what it wraps."""
        return isinstance(exc, self.kinds) and (not self.numbers or getattr(exc, "errno", None) in self.numbers)


# The most specific first: the first row that knows any exception of the chain decides.
TRANSLATIONS: Final[tuple[Translation, ...]] = (
    Translation(
        (OSError,),
        "this machine has too many files open for another connection",
        again=True,
        hint=_FILES_HINT,
        numbers=NO_FILES_LEFT,
    ),
    Translation(
        (BundleError,), "nothing was sent: the bundle of trusted certificates cannot be read", hint=_BUNDLE_HINT
    ),
    Translation(
        (SocksMissingError,),
        "nothing was sent: the environment names a SOCKS proxy, and the Python package for those is missing",
        hint=_SOCKS_HINT,
    ),
    Translation(
        (theirs.InvalidProxyURL, lower.ProxySchemeUnknown, lower.ProxySchemeUnsupported),
        "the environment names a proxy whose address cannot be used",
        hint=_PROXY_HINT,
    ),
    Translation((theirs.ProxyError, lower.ProxyError), "the proxy gave no way through", again=True, hint=_PROXY_HINT),
    Translation((ssl.SSLCertVerificationError,), "its certificate could not be verified", hint=_TLS_HINT),
    Translation(
        (ssl.SSLError, theirs.SSLError, lower.SSLError),
        "no secure connection (TLS, certificate)",
        again=True,
        hint=_TLS_HINT,
    ),
    Translation((socket.gaierror, socket.herror, lower.NameResolutionError), "its name was not found", again=True),
    Translation((ConnectionRefusedError,), "it refused the connection", again=True),
    Translation((lower.NewConnectionError,), "no connection", again=True),
    Translation(
        (theirs.ConnectTimeout, lower.ConnectTimeoutError), "it did not take the connection in time", again=True
    ),
    Translation((theirs.Timeout, lower.TimeoutError, TimeoutError), "no complete answer in time", FetchTimeoutError),
    Translation(
        (
            theirs.ChunkedEncodingError,
            lower.IncompleteRead,
            lower.InvalidChunkLength,
            http.client.IncompleteRead,
            http.client.RemoteDisconnected,
            ConnectionError,
        ),
        _BROKE_OFF,
        again=True,
    ),
    Translation(
        (theirs.InvalidHeader, lower.InvalidHeader, lower.HeaderParsingError),
        "an answer whose headers contradict themselves",
        UnexpectedReplyError,
    ),
    Translation((UnicodeEncodeError,), "the address or a header cannot be written", hint=_ADDRESS_HINT),
    Translation(
        (theirs.InvalidURL, lower.LocationValueError, http.client.InvalidURL, UnicodeError),
        "the address cannot be used",
        hint=_ADDRESS_HINT,
    ),
    Translation(
        (http.client.HTTPException, lower.DecodeError, theirs.ContentDecodingError, zlib.error),
        "an answer that is not HTTP as we know it",
        UnexpectedReplyError,
    ),
    # With nothing inside: urllib3's word for an answer that ends where its last chunk should begin.
    Translation((lower.ProtocolError,), _BROKE_OFF, again=True),
    Translation((theirs.RequestsWarning, lower.HTTPWarning), "the HTTP library refuses to go on with what it warns of"),
    Translation((ValueError,), "the request cannot be written", hint=_ADDRESS_HINT),
    Translation((theirs.RequestException, lower.HTTPError, OSError), "no connection", again=True),
)
# A fault in a library or in us; its frames hold the request, so it is not let out as it is.
_FAULT: Final = Translation((Exception,), "a fault inside the HTTP library")

# Words of OpenSSL and of http.client that cannot hold anything of ours.
_TLS_WORDS: Final = r"[A-Za-z0-9_ ,.'()-]{1,100}"
_TUNNEL: Final = r"Tunnel connection failed: (\d{3})"


def translation_of(exc: BaseException) -> Translation | None:
    """The row for an exception, judged by everything it wraps; None for one that no row knows."""
    chain = tuple(_chain(exc))
    return next((row for row in TRANSLATIONS if any(map(row.knows, chain))), None)


def translate(exc: BaseException, *, host: str, account: str) -> tuple[FetchError, bool]:
    """Our error for a foreign exception, and whether asking once more could help.

    The error holds nothing of the original, neither as cause nor as context: raise it outside the `except` block.
    """
    row = translation_of(exc) or _FAULT
    text = row.text if row is not _FAULT else f"{row.text} ({type(exc).__name__})"
    detail = _detail(exc)
    where = f"{host}: " if host else ""
    error = row.error(f"{where}{text}{f' ({detail})' if detail else ''}.", account=account, hint=row.hint)
    return error, row.again


def _detail(exc: BaseException) -> str:
    """One harmless word more: OpenSSL's reason, or the status of a proxy that refused."""
    for one in _chain(exc):
        if isinstance(one, ssl.SSLError):
            words = str(getattr(one, "verify_message", "") or one.reason or "")
            return words if re.fullmatch(_TLS_WORDS, words) else ""
        if isinstance(one, OSError) and (tunnel := re.match(_TUNNEL, str(one))):
            return f"it answered {tunnel.group(1)}"
    return ""


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """The exception and those it wraps: as an argument, as `reason` or as its cause."""
    waiting: list[object] = [exc]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__]
