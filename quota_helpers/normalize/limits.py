"""Every limit of a body: the account's own wherever it stands, the app-server's map, per-model limits, code review."""

from __future__ import annotations

import re
from typing import Any, Final

from ..fields import SLOTS, SPEND_KINDS, Fields, Log, MismatchError, child_path, item_path, to_text
from ..models import QuotaWindow
from .draft import OWN, Draft
from .windows import has_windows, read_windows

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
_NO_WORD: Final = re.compile(r"\W+")
_BLOCK: Final = re.compile(r"[_-]?rate[_-]?limits?$", re.IGNORECASE)


def holds_usage(root: Fields) -> bool:
    """Whether the object has a field of a usage body, if only as null."""
    known = not (_KNOWN_AT_ROOT.isdisjoint(root.names) and _KNOWN_AT_ROOT.isdisjoint(root.nulls))
    return known or not _SLOTS.isdisjoint(root.nulls) or has_windows(root, root=True)


# --- the account's own limit ---


def read_own(root: Fields, draft: Draft) -> list[Fields]:
    """Read the account's own limit; returns the objects that may say more about the account."""
    views: list[tuple[dict[str, Any], str]] = []
    for key, value in root.candidates("rate_limit"):
        path = root.at(key)
        if isinstance(value, dict):
            views.append((value, path))
        else:
            draft.log.broken(path, OWN, str(MismatchError("an object", value)))
    holders = [Fields(value, path, draft.log) for value, path in views]
    for key, value in root.candidates("rate_limits_by_limit_id"):
        path = root.at(key)
        if isinstance(value, dict):
            return _read_by_id(value, path, views, root, draft)
        draft.log.broken(path, "limits", str(MismatchError("an object", value)))
    return _read_holders(holders, root, draft)


def _read_holders(holders: list[Fields], root: Fields, draft: Draft) -> list[Fields]:
    """Of the objects that may hold the account's windows, the first that does counts; the body itself comes last."""
    full = [holder for holder in holders if has_windows(holder)]
    if has_windows(root, root=True):
        full.append(root)
    if not full and not holders:
        null_at = root.nulls.get("rate_limit")
        if null_at is not None:
            draft.log.note("null: no reading of the account's own limit", null_at)
        elif holds_usage(root) and "rate_limit" not in root:
            draft.log.note("no rate_limit: no reading of the account's own limit", root.path)
        return []
    best = (full or holders)[0]
    for holder in full[1:]:
        draft.log.issue(holder.path, OWN, "ignored", f"{best.path} holds the windows that count")
        draft.log.note(f"holds windows as well; those in {best.path} count", holder.path)
    _add_own(best, root, draft, also=[holder for holder in holders if holder is not best], root_is_holder=best is root)
    return holders


def _add_own(
    holder: Fields, root: Fields, draft: Draft, *, also: list[Fields] | None = None, root_is_holder: bool = False
) -> None:
    paths: dict[str, str] = {}
    places = [holder] if root_is_holder else [holder, root]
    limit_id = draft.first(places, "limit_id", to_text, paths=paths, owner=OWN) or OWN
    limit_name = draft.first(places, "limit_name", to_text, paths=paths, owner=OWN)
    draft.add_limit(holder, limit_id, limit_name, paths=paths, path=holder.path, also=also or (), root=root_is_holder)


# --- the app-server's map ---


def _read_by_id(
    by_id: dict[str, Any], path: str, views: list[tuple[dict[str, Any], str]], root: Fields, draft: Draft
) -> list[Fields]:
    """The map of limits counts; the flat view is an older, poorer spelling of one of them."""
    entries: dict[str, Fields] = {}
    for key, value in by_id.items():
        at = child_path(path, key) if isinstance(key, str) else path
        if isinstance(value, dict) and isinstance(key, str):
            entries[key] = Fields(value, at, draft.log)
        elif value is not None:
            draft.log.broken(at, "limit", str(MismatchError("an object", value)))
    flat = [Fields(value, at, draft.log) for value, at in views]
    for view in flat:
        if _id_of(view) not in entries:
            _add_own(view, root, draft)
    for limit_id, entry in entries.items():
        windows = _add_titled(draft, entry, limit_id, entry.path)
        for view, (value, at) in zip(flat, views, strict=True):
            if _id_of(view) == limit_id:
                # Read on a log of its own: what is odd in the flat view matters only where it counts.
                alone = Fields(value, at, Log(draft.log.aliases))
                _compare(read_windows(alone, draft.fetched_at, limit_id, None), windows, view, draft)
    return [*([entries[OWN]] if OWN in entries else []), *flat]


def _id_of(view: Fields) -> str:
    value = view.value("limit_id")
    return value if isinstance(value, str) and value.strip() else OWN


def _compare(old: list[QuotaWindow], new: list[QuotaWindow], view: Fields, draft: Draft) -> None:
    """Every number of the flat view lost to the map's; that they differ is a note."""
    for window in old:
        for field, path in window.paths.items():
            read_as = f"{window.limit_id}.{window.name}" + (f".{field}" if field != "name" else "")
            draft.log.issue(path, read_as, "ignored", "the map by limit id is richer and counts")
    if {(w.name, w.used_percent, w.reset_at) for w in old} != {(w.name, w.used_percent, w.reset_at) for w in new}:
        draft.log.note("the flat view disagrees with the map by limit id, which counts", view.path)


# --- the other limits ---


def read_others(root: Fields, draft: Draft) -> None:
    """Code review, per-model limits, and blocks nobody knows yet (`image_rate_limit`) that hold windows."""
    review = root.inner("code_review_rate_limit")
    if review is not None:
        _add_titled(draft, review, "code_review", review.path)
    for key, value in root.candidates("additional_rate_limits"):
        _read_additional(value, root.at(key), draft)
    for key, value in root.unknown.items():
        if isinstance(value, dict) and _BLOCK.search(key):
            holder = Fields(value, root.at(key), draft.log)
            if has_windows(holder):
                _add_titled(draft, holder, _slug(_BLOCK.sub("", key)) or "unknown", holder.path)


def _add_titled(draft: Draft, holder: Fields, limit_id: str, path: str) -> list[QuotaWindow]:
    """A limit whose id is known from where it stands."""
    paths = {"limit_id": path}
    limit_name = draft.first([holder], "limit_name", to_text, paths=paths, owner=limit_id)
    said = holder.value("limit_id")
    if isinstance(said, str) and said.strip() and said != limit_id:
        draft.log.note(f"its place says {limit_id}, its own id something else; the place counts", path)
    taken = limit_id if limit_id == OWN and not any(x.limit_id == OWN for x in draft.limits) else None
    return draft.add_limit(holder, taken or draft.free_id(limit_id, path), limit_name, paths=paths, path=path)


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
    if limit_name is None and key and key != _slug(key) and key != limit_id:
        limit_name, paths["limit_name"] = key, item.path
    if limit_id is None:
        limit_id = _slug(key or limit_name or "") or f"additional_{index}"
        paths["limit_id"] = paths.get("limit_name", item.path)
    limit_id = draft.free_id(limit_id, item.path)
    holder = item.inner("rate_limit")
    if holder is None and has_windows(item):
        holder = item
    draft.add_limit(holder, limit_id, limit_name, paths=paths, path=item.path, also=() if holder is item else (item,))


def _slug(name: str) -> str:
    """A name as an id: "GPT-5.3-Codex-Spark" is gpt_5_3_codex_spark."""
    return _NO_WORD.sub("_", name).strip("_").lower()
