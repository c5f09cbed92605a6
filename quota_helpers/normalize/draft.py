"""A snapshot while it is being read: limits and windows as they are met, then everything in its final order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from ..fields import Aliases
from ..fields.reader import Fields, Log, MismatchError, to_boolean, to_text
from ..models import Limit, QuotaWindow, UsageSnapshot
from ..models.snapshot import Origin
from ..times import LENGTHS, Moment, moment
from .money import read_credits, read_reset_credits, read_spend_limits
from .windows import Holder, read_windows

OWN: Final = "codex"
"""The id of the account's own limit."""
_OF_OWN: Final = ("allowed", "limit_reached")
Value = TypeVar("Value")


def own_id(place: Fields) -> str:
    """The id of the limit that an object names; the account's own where it names none."""
    said = place.value("limit_id")
    return said if isinstance(said, str) and said.strip() else OWN


class Draft:
    """What was read so far.

    Attributes:
        log: Oddities.
        fetched_at: When the server said so (aware, UTC).
        origin: By which carrier.
        limits: Every limit, in the order of the reply.
        windows: Every window.
        values: Fields of the snapshot itself.
        paths: Their paths.
    """

    __slots__ = ("_times", "fetched_at", "limits", "log", "origin", "paths", "values", "windows")

    def __init__(self, fetched_at: Moment, aliases: Aliases, origin: Origin = "usage") -> None:
        self.fetched_at = moment(fetched_at, name="fetched_at")
        self.origin = origin
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
        holder: Holder,
        limit_id: str,
        limit_name: str | None,
        *,
        paths: dict[str, str],
        path: str,
        also: Sequence[Fields] = (),
    ) -> list[QuotaWindow]:
        """Read one limit from the object with its windows; *also* are further objects that may say more of it.

        *paths* says where id and name were read, *path* where the limit stands.
        """
        self._times.setdefault(limit_id, 1)
        places = [holder.fields, *also]
        allowed, reached = (self.first(places, name, to_boolean, paths=paths, owner=limit_id) for name in _OF_OWN)
        # What the account's own limit ran into is read with the account: most bodies say it outside the block.
        reached_type = None if limit_id == OWN else self.reached_type(places, paths)
        windows = read_windows(holder, self.fetched_at, limit_id, limit_name)
        if not windows:
            self.log.note(f"the limit {limit_id} came without a window: no reading", path)
        limit = Limit(limit_id=limit_id, limit_name=limit_name, allowed=allowed, limit_reached=reached, paths=paths)
        self.limits.append(replace(limit, reached_type=reached_type))
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
        values["reached_type"] = self.reached_type([place for place in places if own_id(place) == OWN], self.paths)
        for name, read in (("credits", read_credits), ("reset_credits", read_reset_credits)):
            # A list under `credits` holds earned resets one by one, which are no part of a reading.
            holders = [place for place in places if not _is_list_of_objects(place.value(name))]
            blocks = [fields for place in holders if (fields := place.inner(name)) is not None]
            for fields in blocks[:1]:
                values[name] = read(fields)
            for fields in blocks[1:]:
                self.log.issue(fields.path, name, "ignored", "another place counts more")
        controls = [fields for place in places if (fields := place.inner("spend_control")) is not None]
        values["spend_reached"] = self.first([*controls, *places], "spend_reached", to_boolean)
        values["spend_limits"] = read_spend_limits(controls, [*places], self.fetched_at)

    def reached_type(self, places: Sequence[Fields], paths: dict[str, str]) -> str | None:
        """What was reached: an object with a `type`, or a bare text."""
        for place in places:
            for key, value in place.candidates("reached_type"):
                path = place.at(key)
                inner = {"type": value} if isinstance(value, str) else value
                if not isinstance(inner, dict):
                    self.log.broken(path, "reached_type", str(MismatchError("an object or a text", value)))
                    continue
                fields = Fields(inner, path, self.log, labels=None if inner is value else {"type": path})
                kind = self.first([fields], "reached_kind", to_text, "reached_type", paths=paths)
                if kind is not None:
                    return kind
        return None

    def finish(self, account: str | None = None, account_key: str | None = None) -> UsageSnapshot:
        """The snapshot; what it left out stands in the log."""
        own = next((limit for limit in self.limits if limit.limit_id == OWN), Limit(limit_id=OWN))
        self.limits.sort(key=lambda limit: limit is not own)
        limits = (
            replace(limit, reached_type=self.values.get("reached_type")) if limit is own else limit
            for limit in self.limits
        )
        return UsageSnapshot(
            fetched_at=self.fetched_at,
            origin=self.origin,
            account=account,
            account_key=account_key,
            windows=tuple(sorted(self.windows, key=_order)),
            limits=tuple(limits),
            allowed=own.allowed,
            limit_reached=own.limit_reached,
            notes=self.log.notes,
            paths=self.paths | {field: own.paths[field] for field in _OF_OWN if field in own.paths},
            **self.values,
        )


def _order(window: QuotaWindow) -> tuple[bool, float, bool]:
    """The account's own first, by length, a certain name before an inferred one; the others as they came."""
    if window.limit_id != OWN:
        return True, 0.0, False
    length = window.window_seconds
    return False, LENGTHS.get(window.name, float("inf")) if length is None else length, window.name_inferred


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
