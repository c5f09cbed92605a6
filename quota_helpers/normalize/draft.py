"""A body while it is read: its limits and windows as they are met, then everything in its final order.

The limits are the account's own wherever it stands, the app-server's map, per-model limits, and code review.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeVar

from ..fields import Aliases
from ..fields.aliases import SLOTS, SPEND_KINDS
from ..fields.reader import Fields, Log, MismatchError, to_boolean, to_text
from ..models import OWN, Limit, QuotaWindow, UsageSnapshot
from ..models.snapshot import Origin
from ..paths import child_path, item_path
from ..times import LENGTHS, Moment, moment
from .money import read_credits, read_reset_credits, read_spend_limits
from .windows import Holder, held, read_windows

"""The id of the account's own limit."""
_OF_OWN: Final = ("allowed", "limit_reached")
_KNOWN_AT_ROOT: Final = frozenset(
    {
        *SPEND_KINDS,
        "rate_limit",
        "rate_limits_by_limit_id",
        "additional_rate_limits",
        "code_review_rate_limit",
        "plan",
        "credits",
        "spend_control",
        "spend_reached",
        "reached_type",
        "reset_credits",
        "ordinary_usage_allowed",
    }
)
_SLOTS: Final = frozenset(SLOTS)
_ENVELOPES: Final = ("result", "params")
_NO_WORD: Final = re.compile(r"\W+")
_BLOCK: Final = re.compile(r"[_-]?rate[_-]?limits?$", re.IGNORECASE)
Value = TypeVar("Value")


def own_id(place: Fields) -> str:
    """The id of the limit that an object names; the account's own where it names none."""
    said = place.value("limit_id")
    return said if isinstance(said, str) and said.strip() else OWN


class Draft:
    """What was read so far."""

    def __init__(self, fetched_at: Moment, aliases: Aliases, origin: Origin = "usage") -> None:
        self.fetched_at = moment(fetched_at, name="fetched_at")
        self.origin = origin
        self.log = Log(aliases)
        self.limits: list[Limit] = []  # in the order of the reply
        self.windows: list[QuotaWindow] = []
        self.values: dict[str, Any] = {}  # fields of the snapshot itself
        self.paths: dict[str, str] = {}  # and their paths
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


# --- which shape a body has ---


class BodyShape(NamedTuple):
    """What a body is, decided once; everything after reads it from top to bottom."""

    root: Holder  # the object that holds the usage, and the windows that stand in it without a block around them
    origin: Origin  # which carrier's shape it is
    known: bool  # whether it has a field of a usage body, if only as null


def shape_of(fields: Fields) -> BodyShape:
    """The shape of a body; a JSON-RPC envelope around something else is opened."""
    shape = _shape(fields)
    if not shape.known:
        for envelope in _ENVELOPES:
            inner = fields.unknown.get(envelope)
            if isinstance(inner, dict):
                return _shape(Fields(inner, f"$.{envelope}", fields.log))._replace(origin="app_server")
    return shape


def _shape(fields: Fields) -> BodyShape:
    root = held(fields, root=True)
    said = fields.names | fields.nulls.keys()
    known = bool(root.spots) or not (_KNOWN_AT_ROOT.isdisjoint(said) and _SLOTS.isdisjoint(fields.nulls))
    if fields.value("reached_kind") == "codex.rate_limits":
        return BodyShape(root, "headers", known)  # the event in the response stream tells what the headers tell
    camel = any(key == "rateLimits" for key, _ in fields.candidates("rate_limit"))  # camelCase elsewhere proves nothing
    bare = "limit_id" in fields and bool(root.spots)
    return BodyShape(root, "app_server" if camel or bare or "rate_limits_by_limit_id" in said else "usage", known)


# --- the account's own limit ---


def read_own(shape: BodyShape, draft: Draft) -> list[Fields]:
    """Read the account's own limit; returns the objects that may say more about the account."""
    root = shape.root.fields
    blocks = root.objects("rate_limit", OWN)
    for by_id in root.objects("rate_limits_by_limit_id", "limits")[:1]:
        return _read_by_id(by_id, blocks, root, draft)
    holders = [held(block) for block in blocks]
    full = [holder for holder in (*holders, shape.root) if holder.spots]
    if not full and not blocks:
        if "rate_limit" in root.nulls:
            draft.log.note("null: no reading of the account's own limit", root.nulls["rate_limit"])
        elif shape.known and "rate_limit" not in root:
            draft.log.note("no rate_limit: no reading of the account's own limit", root.path)
        return []
    # The first that holds windows counts; the body itself comes last.
    best, *others = full or holders[:1]
    for holder in others:
        draft.log.issue(holder.fields.path, OWN, "ignored", f"{best.fields.path} holds the windows that count")
        draft.log.note(f"holds windows as well; those in {best.fields.path} count", holder.fields.path)
    _add_own(best, root, draft, [block for block in blocks if block is not best.fields])
    return blocks


def _add_own(holder: Holder, root: Fields, draft: Draft, also: list[Fields]) -> None:
    paths: dict[str, str] = {}
    places = [holder.fields] if holder.fields is root else [holder.fields, root]
    limit_id = draft.first(places, "limit_id", to_text, paths=paths, owner=OWN) or OWN
    limit_name = draft.first(places, "limit_name", to_text, paths=paths, owner=OWN)
    draft.add_limit(holder, limit_id, limit_name, paths=paths, path=holder.fields.path, also=also)


def _read_by_id(by_id: Fields, blocks: list[Fields], root: Fields, draft: Draft) -> list[Fields]:
    """The app-server's map of limits counts; the flat view is an older, poorer spelling of one of them."""
    entries = {
        key: entry
        for key, value in by_id.members.items()
        if isinstance(key, str) and value is not None and (entry := by_id.open(key, value, "limit")) is not None
    }
    for block in blocks:
        if own_id(block) not in entries:
            _add_own(held(block), root, draft, [])
    for limit_id, entry in entries.items():
        windows = _add_titled(draft, held(entry), limit_id, entry.path)
        for block in blocks:
            if own_id(block) == limit_id:
                # Read on a log of its own: what is odd in the flat view matters only where it counts.
                alone = held(Fields(block.members, block.path, Log(draft.log.aliases)))
                _compare(read_windows(alone, draft.fetched_at, limit_id, None), windows, block, draft)
    return [*([entries[OWN]] if OWN in entries else []), *blocks]


def _compare(old: list[QuotaWindow], new: list[QuotaWindow], block: Fields, draft: Draft) -> None:
    """Every number of the flat view lost to the map's; that they differ is a note."""
    for window in old:
        for field, path in window.paths.items():
            read_as = f"{window.limit_id}.{window.name}" + (f".{field}" if field != "name" else "")
            draft.log.issue(path, read_as, "ignored", "the map by limit id is richer and counts")
    if {(w.name, w.used_percent, w.reset_at) for w in old} != {(w.name, w.used_percent, w.reset_at) for w in new}:
        draft.log.note("the flat view disagrees with the map by limit id, which counts", block.path)


# --- the other limits ---


def read_others(root: Fields, draft: Draft) -> None:
    """Code review, per-model limits, and blocks nobody knows yet (`image_rate_limit`) that hold windows."""
    review = root.inner("code_review_rate_limit")
    if review is not None:
        _add_titled(draft, held(review), "code_review", review.path)
    for key, value in root.candidates("additional_rate_limits"):
        _read_additional(value, root.at(key), draft)
    for key, value in root.unknown.items():
        if isinstance(value, dict) and _BLOCK.search(key):
            holder = held(Fields(value, root.at(key), draft.log))
            if holder.spots:
                _add_titled(draft, holder, _slug(_BLOCK.sub("", key)) or "unknown", root.at(key))


def _add_titled(draft: Draft, holder: Holder, limit_id: str, path: str) -> list[QuotaWindow]:
    """A limit whose id is known from where it stands."""
    paths = {"limit_id": path}
    limit_name = draft.first([holder.fields], "limit_name", to_text, paths=paths, owner=limit_id)
    said = holder.fields.value("limit_id")
    if isinstance(said, str) and said.strip() and said != limit_id:
        draft.log.note(f"its place says {limit_id}, its own id something else; the place counts", path)
    own_is_free = limit_id == OWN and not any(limit.limit_id == OWN for limit in draft.limits)
    free = limit_id if own_is_free else draft.free_id(limit_id, path)
    return draft.add_limit(holder, free, limit_name, paths=paths, path=path)


def _read_additional(value: Any, path: str, draft: Draft) -> None:
    """Per-model limits: a list of objects, or a map (in stream events)."""
    if isinstance(value, dict):
        entries = [(key, child_path(path, key), item) for key, item in value.items() if isinstance(key, str)]
    elif isinstance(value, list):
        entries = [("", item_path(path, index), item) for index, item in enumerate(value)]
    else:
        draft.log.broken(path, "additional_rate_limits", str(MismatchError("a list or an object", value)))
        return
    for index, (key, at, item) in enumerate(entries):
        if isinstance(item, dict):
            _read_item(Fields(item, at, draft.log), key, index, draft)
        else:
            draft.log.broken(at, "limit", str(MismatchError("an object", item)))


def _read_item(item: Fields, key: str, index: int, draft: Draft) -> None:
    paths: dict[str, str] = {}
    limit_name = draft.first([item], "limit_name", to_text, paths=paths, owner="limit")
    limit_id = draft.first([item], "limit_id", to_text, paths=paths, owner="limit")
    if limit_name is None and key and key not in {_slug(key), limit_id}:
        limit_name, paths["limit_name"] = key, item.path
    if limit_id is None:
        limit_id = _slug(key or limit_name or "") or f"additional_{index}"
        paths["limit_id"] = paths.get("limit_name", item.path)
    limit_id = draft.free_id(limit_id, item.path)
    block = item.inner("rate_limit")
    holder, also = (held(item), []) if block is None else (held(block), [item])
    draft.add_limit(holder, limit_id, limit_name, paths=paths, path=item.path, also=also)


def _slug(name: str) -> str:
    """A name as an id: "GPT-5.3-Codex-Spark" is gpt_5_3_codex_spark."""
    return _NO_WORD.sub("_", name).strip("_").lower()
