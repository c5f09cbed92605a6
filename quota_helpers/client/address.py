"""From the base address that a person gives to the address that is asked; nothing here opens a connection."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ..errors import InsecureUrlError, UnreachableError
from ..privacy import printable

_HINT: Final = "Give a base such as https://chatgpt.com/backend-api with --chatgpt-url. Nothing was sent."
_MALFORMED: Final = "The address is malformed: its host or port cannot be read."
_OFFICIAL_HOSTS: Final = frozenset({"chatgpt.com", "chat.openai.com"})
_ENDPOINTS: Final = ("/wham/usage", "/codex/usage")

# Parsers disagree about these characters, and a host must be the same one for the check and for the connection.
_NEVER_IN_URL: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"`{}|^]")
_HOST: Final = re.compile(r"[^\s/?#@:\[\]%!$&'()*+,;=]+|[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE)


def usage_url(base: str) -> str:
    """The address to ask, for a base address, as the official client 0.169 forms it.

    A base with `/backend-api` gets `/wham/usage`, any other base `/api/codex/usage`; `https://chatgpt.com` and
    `https://chat.openai.com` without `/backend-api` get that first. An address that ends in `/wham/usage` or
    `/codex/usage` already is kept. Slashes at the end do not matter.

    Raises:
        InsecureUrlError: The address holds a user name or password.
        UnreachableError: It is malformed, neither http nor https, or has a query or a fragment.
    """
    parts = _split(base)
    path = parts.path.rstrip("/")
    if not path.endswith(_ENDPOINTS):
        if parts.scheme == "https" and parts.hostname in _OFFICIAL_HOSTS and "/backend-api" not in path:
            path += "/backend-api"
        path += "/wham/usage" if "/backend-api" in path else "/api/codex/usage"
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def beside(url: str, what: str) -> str:
    """The address of another endpoint of the same backend.

    >>> beside("https://chatgpt.com/backend-api/wham/usage", "profiles/me")
    'https://chatgpt.com/backend-api/wham/profiles/me'
    """
    if what == "usage":
        return url
    base = url.removesuffix("usage")
    return (base.removesuffix("codex/") + "wham/" if base.endswith("/backend-api/codex/") else base) + what


def is_loopback(host: str) -> bool:
    """Whether the host is this machine for sure: `localhost`, 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6.

    Other names and notations (`127.1`, `0.0.0.0`, a name that happens to resolve to 127.0.0.1) are not.
    """
    if host.lower() in {"localhost", "localhost."}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def stays_private(url: str) -> bool:
    """Whether a token may be sent there: over https, or in clear text to this machine only."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def host_of(url: str) -> str:
    """Host (and port) of an address for a message, without anything else that may stand in it; "" when it has none."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return ""
    host = printable(parts.hostname or "")[:100]
    return f"[{host}]{port}" if ":" in host else f"{host}{port}"


def _split(base: str) -> SplitResult:
    """The parts of a well-formed http(s) address. Messages never repeat it whole: it could hold a password."""
    text = base.strip()
    if _NEVER_IN_URL.search(text):
        raise UnreachableError("The address holds a character that no address may hold.", hint=_HINT)
    parts, port = None, None
    with contextlib.suppress(ValueError):  # its text could repeat the address
        parts = urlsplit(text)
        port = 443 if parts.port is None else parts.port
    if parts is None or port is None:
        raise UnreachableError(_MALFORMED, hint=_HINT)
    if parts.scheme not in {"http", "https"}:
        raise UnreachableError("The address must begin with https:// (or http:// for this machine).", hint=_HINT)
    if "@" in parts.netloc:
        raise InsecureUrlError(
            "The address holds a user name or password.", hint="Leave out the part before the @. Nothing was sent."
        )
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0 or parts.netloc.endswith(":"):
        raise UnreachableError(_MALFORMED, hint=_HINT)
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise UnreachableError("The address must be a base without ? and #.", hint=_HINT)
    return parts
