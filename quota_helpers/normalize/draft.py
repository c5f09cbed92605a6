"""A snapshot while it is being read: limits and windows as they are met, then everything in its final order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from ..fields import Aliases, Fields, Issue, Log, MismatchError, to_boolean, to_text
from ..models import Limit, QuotaWindow, UsageSnapshot
from ..models.snapshot import Origin
from ..times import LENGTHS
from .money import read_credits, read_reset_credits, read_spend_limits
from .windows import read_windows

OWN: Final = "codex"
"""The id of the account's own limit."""
Value = TypeVar("Value")


def aware(fetched_at: datetime) -> datetime:
    """The instant in UTC.

    Raises:
        ValueError: It has no time zone.
    """
    if fetched_at.utcoffset() is None:
        raise ValueError("fetched_at must carry a time zone, for example datetime.now(UTC)")
    return fetched_at.astimezone(UTC)


class Draft:
    """What was read so far.

    Attributes:
        log: Oddities.
        fetched_at: When the server said so (aware, UTC).
        limits: Every limit, in the order of the reply.
        windows: Every window.
        values: Fields of the snapshot itself.
        paths: Their paths.
    """

    __slots__ = ("_times", "fetched_at", "limits", "log", "paths", "values", "windows")

    def __init__(self, fetched_at: datetime, aliases: Aliases) -> None:
        self.fetched_at = aware(fetched_at)
        self.log = Log(aliases)
        self.limits: list[Limit] = []
        self.windows: list[QuotaWindow] = []
        self.values: dict[str, Any] = {}
        self.paths: dict[str, str] = {}
        self._times: dict[str, int] = {}

    def free_id(self, limit_id: str, path: str) -> str:
        """The id, or one with a number where another limit has it already; "codex" is the account's own alone."""
        number = self._times.get(limit_id, int(limit_id == OWN)) + 1
        self._times[limit_id] = number
        if number == 1:
            return limit_id
        free = self.free_id(f"{limit_id}_{number}", path)
        self.log.note(f"a second limit called {limit_id}; kept apart as {free}", path)
        return free

    def add_limit(
        self,
        holder: Fields | None,
        limit_id: str,
        limit_name: str | None,
        *,
        paths: Mapping[str, str],
        path: str,
        also: Sequence[Fields] = (),
        root: bool = False,
    ) -> list[QuotaWindow]:
        """Read one limit.

        Args:
            holder: The object with its windows, or None when there is none.
            limit_id: Its id.
            limit_name: Its name for people, or None.
            paths: Where id and name were read.
            path: Where the limit stands, for notes.
            also: Further objects that may say whether it is allowed or reached.
            root: Whether *holder* is the body itself.
        """
        self._times.setdefault(limit_id, 1)
        places = [*([] if holder is None else [holder]), *also]
        limit_paths = dict(paths)
        allowed = self.first(places, "allowed", to_boolean, paths=limit_paths, owner=limit_id)
        reached = self.first(places, "limit_reached", to_boolean, paths=limit_paths, owner=limit_id)
        windows = [] if holder is None else read_windows(holder, self.fetched_at, limit_id, limit_name, root=root)
        if not windows:
            self.log.note(f"the limit {limit_id} came without a window: no reading", path)
        self.limits.append(
            Limit(limit_id=limit_id, limit_name=limit_name, allowed=allowed, limit_reached=reached, paths=limit_paths)
        )
        self.windows += windows
        return windows

    def first(
        self,
        places: Sequence[Fields],
        name: str,
        convert: Callable[[Any], Value | None],
        field: str | None = None,
        *,
        paths: dict[str, str] | None = None,
        owner: str = "",
    ) -> Value | None:
        """The value of the first place that has one; that a later one disagrees is a note."""
        paths = self.paths if paths is None else paths
        field = field or name
        chosen: Value | None = None
        for fields in places:
            if name not in fields:
                continue
            value = fields.read(name, convert)
            if value is None:
                continue
            path = fields.paths.pop(name)
            if chosen is None:
                chosen, paths[field] = value, path
                continue
            self.log.issue(path, f"{owner}.{field}" if owner else field, "ignored", f"{paths[field]} counts more")
            if value != chosen:
                self.log.note(f"disagrees with {paths[field]}, which counts", path)
        return chosen

    def read_account(self, places: Sequence[Fields]) -> None:
        """Everything that is not a limit: plan, credits, caps, earned resets, what was reached."""
        values = self.values
        values["plan"] = self.first(places, "plan", to_text)
        values["ordinary_usage_allowed"] = self.first(places, "ordinary_usage_allowed", to_boolean)
        values["reached_type"] = self._reached_type(places)
        blocks = [fields for place in places if (fields := place.inner("credits")) is not None]
        if blocks:
            values["credits"] = read_credits(blocks[0])
        earned = [fields for place in places if (fields := place.inner("reset_credits")) is not None]
        if earned:
            values["reset_credits"] = read_reset_credits(earned[0])
        for name, extra in (("credits", blocks[1:]), ("reset_credits", earned[1:])):
            for fields in extra:
                self.log.issue(fields.path, name, "ignored", "another place counts more")
        controls = [fields for place in places if (fields := place.inner("spend_control")) is not None]
        values["spend_reached"] = self.first([*controls, *places], "spend_reached", to_boolean)
        control = controls[0] if controls else None
        values["spend_limits"] = read_spend_limits(control, [*controls[1:], *places], self.fetched_at)

    def _reached_type(self, places: Sequence[Fields]) -> str | None:
        """What was reached: an object with a `type`, or a bare text."""
        for place in places:
            for key, value in place.candidates("reached_type"):
                path = place.at(key)
                if isinstance(value, dict):
                    kind = self.first([Fields(value, path, self.log)], "reached_kind", to_text, "reached_type")
                elif isinstance(value, str):
                    kind = to_text(value)
                    if kind is not None:
                        self.paths["reached_type"] = path
                else:
                    kind = None
                    self.log.broken(path, "reached_type", str(MismatchError("an object or a text", value)))
                if kind is not None:
                    return kind
        return None

    def finish(self, origin: Origin, account: str | None, account_key: str | None) -> tuple[UsageSnapshot, list[Issue]]:
        """The snapshot, and what it left out."""
        own = next((limit for limit in self.limits if limit.limit_id == OWN), None)
        paths = self.paths
        if own is not None:
            self.limits.sort(key=lambda limit: limit is not own)
            paths.update({field: own.paths[field] for field in ("allowed", "limit_reached") if field in own.paths})
        snapshot = UsageSnapshot(
            fetched_at=self.fetched_at,
            origin=origin,
            account=account,
            account_key=account_key,
            windows=tuple(sorted(self.windows, key=_order)),
            limits=tuple(self.limits),
            allowed=None if own is None else own.allowed,
            limit_reached=None if own is None else own.limit_reached,
            notes=self.log.notes,
            paths=paths,
            **self.values,
        )
        return snapshot, self.log.issues


def _order(window: QuotaWindow) -> tuple[bool, float, bool]:
    """The account's own first, by length, a certain name before an inferred one; the others as they came."""
    if window.limit_id != OWN:
        return True, 0.0, False
    length = window.window_seconds
    return False, LENGTHS.get(window.name, float("inf")) if length is None else length, window.name_inferred
