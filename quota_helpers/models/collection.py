"""What one run over all accounts brought home: readings, failures, and every reply as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from .reply import RawReply
from .snapshot import UsageSnapshot

if TYPE_CHECKING:
    from ..errors import QuotaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One account that could not be read; it stands beside the others' readings.

    Attributes:
        account: The account's or the login file's name.
        error: The error, one of `errors`; `raise failure.error` shows where it came from.
        account_key: The account's key, or None when its login could not be read.
    """

    account: str
    error: QuotaError
    account_key: str | None = None

    @property
    def kind(self) -> str:
        """Class name of the error, such as "TokenRejectedError"."""
        return type(self.error).__name__

    @property
    def message(self) -> str:
        """What is wrong and where."""
        return self.error.message

    @property
    def hint(self) -> str:
        """What to do next."""
        return self.error.hint

    @property
    def status(self) -> int | None:
        """HTTP status, or None where there was no reply."""
        return self.error.status

    @property
    def exit_code(self) -> int:
        """What the command line ends with when this is the worst failure."""
        return self.error.exit_code

    def __str__(self) -> str:
        return f"{self.account}: {self.error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One run over all accounts.

    Attributes:
        snapshots: The readings, in the accounts' order.
        failures: What could not be read, login files first, then in the accounts' order.
        replies: Account name -> reply; error replies too.
        fetched_at: When the run began (aware, UTC).
        interrupted: Whether the run was stopped before every account had answered.
    """

    fetched_at: datetime
    snapshots: tuple[UsageSnapshot, ...] = ()
    failures: tuple[Failure, ...] = ()
    replies: Mapping[str, RawReply] = field(default_factory=dict, hash=False)
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 when all answered, else the largest of the failures' codes."""
        return max((failure.exit_code for failure in self.failures), default=0)

    def __repr__(self) -> str:
        stopped = ", interrupted" if self.interrupted else ""
        return (
            f"Collection({len(self.snapshots)} read, {len(self.failures)} failed{stopped}, "
            f"{self.fetched_at:%Y-%m-%d %H:%M:%S %Z})"
        )

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415 - its table of entities is long, and only notebooks draw

        failures = "".join(
            f"<li><b>{escape(failure.account)}</b>: {escape(failure.kind)}: {escape(failure.message)} "
            f"{escape(failure.hint)}</li>"
            for failure in self.failures
        )
        return f"<p>{escape(repr(self)[len('Collection(') : -1])}</p>" + (f"<ul>{failures}</ul>" if failures else "")
