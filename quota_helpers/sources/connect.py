"""Which source: your logins, for sure or if there are any, or the demo."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from ..auth import find_accounts
from ..auth.find import Places, homes, places
from ..client import UsageClient
from ..client.client import utc_now
from ..fields import ALIASES, Aliases
from ..labels import listed, one_of
from ..outcomes import Accounts
from .source import Source
from .ways import Clock, Direct

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

    >>> with connect() as source:
    ...     str(source.collect().fetched_at.tzinfo)
    'UTC'
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
    codex_home: Places = None,
    *,
    url: str | None = None,
    names: Iterable[str] | None = None,
    aliases: Aliases = ALIASES,
    via: Literal["codex"] | None = None,
    codex_bin: str | Path | None = None,
    search_parent: bool = True,
    clock: Clock | None = None,
    **client_options: Any,
) -> Source:
    """Your logins, for sure: never the demo.

    With `via="codex"` the official client is started and asked: for logins that Codex keeps in the keyring, or that
    only it may renew. It owns its login, may renew it and write its own state, so this way is taken only when named.

    Args:
        account_dir: As in `connect`; not with *via*.
        codex_home: As in `connect`; with *via* it may be several, each of which is an account.
        url: As in `connect`; with *via* the default is each home's own configuration.
        names: As in `connect`.
        aliases: As in `connect`.
        via: "codex": ask through the official client; default the direct request.
        codex_bin: The official client's program; default `codex` on the PATH.
        search_parent: Whether the default folder is looked for one folder up, too.
        clock: Callable that returns the present moment (aware, UTC); default the machine's clock.
        client_options: Further keyword arguments of `UsageClient`, such as `deadline` in seconds; with *via* that one.

    Raises:
        ValueError: *via* is another word, or goes with an *account_dir*.

    >>> with live("no-such-folder") as source:
    ...     source.is_demo, source.collect().failures[0].kind
    (False, 'AuthFileNotFoundError')
    """
    chosen = listed(names)
    if isinstance(account_dir, Iterable) and not isinstance(account_dir, str):
        account_dir = tuple(account_dir)  # an iterator could be read only once
    now = clock or utc_now
    if via is not None:
        if account_dir is not None or one_of(via, ("codex",), "way") != "codex":
            raise ValueError("via='codex' asks for the logins of Codex homes: give codex_home instead of account_dir")
        return _official(codex_home, chosen, now, aliases, {"codex_bin": codex_bin, "url": url, **client_options})
    if not (codex_home is None or isinstance(codex_home, str | Path)):
        raise ValueError("several Codex homes go with via='codex'; directly, give their auth.json files as account_dir")
    if url is not None:
        client_options["url"] = url

    def find() -> Accounts:
        return find_accounts(account_dir, codex_home, chosen, search_parent=search_parent)

    looked_in = places(account_dir, codex_home, search_parent=search_parent)
    way = Direct(UsageClient(clock=now, **client_options), now)
    return Source(find, way, clock=now, aliases=aliases, looked_in=looked_in)


def _official(
    codex_home: Places, names: Sequence[str] | None, clock: Clock, aliases: Aliases, options: Mapping[str, Any]
) -> Source:
    from .official import Official  # noqa: PLC0415 - the direct request starts no program

    way = Official(homes(codex_home), clock, **options)
    looked_in = places(None, homes(codex_home))
    return Source(lambda: way.find(names), way, clock=clock, aliases=aliases, looked_in=looked_in)


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

    >>> with demo(names="ada") as source:
    ...     source.collect()["ada"].weekly.used_percent
    42.0
    """
    from ..invented import DemoServer  # noqa: PLC0415 - a live source needs no server

    chosen = listed(names)
    server = DemoServer(latency=latency)
    client = UsageClient(url=server.url, clock=server.clock, backoff=0.0)

    def find() -> Accounts:
        return find_accounts(server.account_dir, names=chosen)

    return Source(
        find, Direct(client, server.clock), clock=server.clock, aliases=aliases, demo=server, looked_in=looked_in
    )


def demo_forced() -> bool:
    """Whether the environment asks for the demo (`QUOTA_HELPERS_DEMO` set to anything but nothing or 0)."""
    return os.environ.get(DEMO_VARIABLE, "") not in {"", "0"}
