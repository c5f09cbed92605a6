"""Panels on real demo servers, for the tests and benchmarks of the widgets."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from crowd_support import crowd

from quota_helpers.auth import find_accounts
from quota_helpers.client import UsageClient
from quota_helpers.invented.server import DemoServer
from quota_helpers.sources.source import Source
from quota_helpers.sources.ways import Direct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quota_helpers.invented.accounts import DemoAccount


@contextmanager
def source_of(accounts: Sequence[DemoAccount], latency: float = 0.0) -> Iterator[Source]:
    """A demo source that knows these accounts, from the server to the end of the block."""
    server = DemoServer(accounts=accounts, latency=latency)
    with Source(
        lambda: find_accounts(server.account_dir),
        Direct(UsageClient(url=server.url, clock=server.clock, backoff=0.0), server.clock),
        clock=server.clock,
        demo=server,
    ) as source:
        yield source


def crowd_source(count: int) -> Source:
    """A demo source of so many accounts, for a notebook's cell; it ends with its kernel."""
    source = source_of(crowd(count))
    opened = source.__enter__()
    opened.kept = source  # type: ignore[attr-defined]  # a generator that is dropped would close the server
    return opened
