"""Which source: your logins, for sure or if there are any, or the demo."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..auth import find_accounts
from ..auth.find import Places, places
from ..client import UsageClient
from ..fields import ALIASES, Aliases
from ..labels import listed
from ..outcomes import Accounts
from .source import Clock, Source

DEMO_VARIABLE: Final = "QUOTA_HELPERS_DEMO"


def connect(
    account_dir: Places = None,
    codex_home: str | Path | None = None,
    *,
    url: str | None = None,
    names: Iterable[str] | None = None,
    aliases: Aliases = ALIASES,
) -> Source:
    """Your logins; the demo only when no login was found anywhere.

    The source's display says which of both it is, always, and where it looked.

    `QUOTA_HELPERS_DEMO=1` in the environment forces the demo. A login file that cannot be used is no reason for the
    demo: it is reported in `source.accounts.failures`.

    Args:
        account_dir: Folder of `<name>.auth.json` files, one login file, or several of either; default `account/` here
            or one folder up, where it exists.
        codex_home: Codex's own folder; default `$CODEX_HOME`, else `~/.codex`.
        url: Base address of the service; default https://chatgpt.com/backend-api.
        names: Only these accounts of the folder.
        aliases: Which spellings of the fields are read.
    """
    if demo_forced():
        return demo(aliases=aliases)
    source = live(account_dir, codex_home, url=url, names=names, aliases=aliases)
    if source.accounts or source.accounts.failures or source.accounts.skipped:
        return source
    source.close()
    return demo(aliases=aliases, looked_in=source.looked_in)


def live(
    account_dir: Places = None,
    codex_home: str | Path | None = None,
    *,
    url: str | None = None,
    names: Iterable[str] | None = None,
    aliases: Aliases = ALIASES,
    search_parent: bool = True,
    clock: Clock | None = None,
    **client_options: Any,
) -> Source:
    """Your logins, for sure: never the demo.

    Args:
        account_dir: As in `connect`.
        codex_home: As in `connect`.
        url: As in `connect`.
        names: As in `connect`.
        aliases: As in `connect`.
        search_parent: Whether the default folder is looked for one folder up, too.
        clock: Callable that returns the present moment (aware, UTC); default the machine's clock.
        client_options: Further keyword arguments of `UsageClient`, such as `deadline` in seconds.
    """
    chosen = listed(names)
    if account_dir is not None and not isinstance(account_dir, str | Path):
        account_dir = tuple(account_dir)  # an iterator could be read only once
    now = clock or _utc_now
    if url is not None:
        client_options["url"] = url

    def find() -> Accounts:
        return find_accounts(account_dir, codex_home, chosen, search_parent=search_parent)

    looked_in = places(account_dir, codex_home, search_parent=search_parent)
    return Source(find, UsageClient(clock=now, **client_options), clock=now, aliases=aliases, looked_in=looked_in)


def demo(
    *,
    names: Iterable[str] | None = None,
    aliases: Aliases = ALIASES,
    latency: float = 0.0,
    looked_in: Sequence[str] = (),
) -> Source:
    """Invented accounts on an embedded HTTP server on this machine; nothing leaves it.

    The n-th `collect()` happens five minutes after the one before, in the demo's own time, so that refreshing shows
    something and every run shows the same.

    Args:
        names: Only these of the invented accounts.
        aliases: Which spellings of the fields are read.
        latency: Seconds that the server takes for each answer.
        looked_in: Where logins were looked for in vain, for the display.
    """
    from ..invented import DemoServer  # noqa: PLC0415 - a live source needs no server

    chosen = listed(names)
    server = DemoServer(latency=latency)
    client = UsageClient(url=server.url, clock=server.clock, backoff=0.0)

    def find() -> Accounts:
        return find_accounts(server.account_dir, names=chosen)

    return Source(find, client, clock=server.clock, aliases=aliases, demo=server, looked_in=looked_in)


def demo_forced(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the environment asks for the demo (`QUOTA_HELPERS_DEMO` set to anything but nothing or 0)."""
    return (os.environ if environment is None else environment).get(DEMO_VARIABLE, "") not in {"", "0"}


def _utc_now() -> datetime:
    return datetime.now(UTC)
