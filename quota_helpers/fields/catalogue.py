"""The catalogue of known fields: what each one means, its unit and type, since when it is seen, what may be shown.

The data stands in `catalogue.json` beside this file, gathered from the official client (release 0.169), from public
bug reports with captured bodies and from other tools' fixtures. It covers the usage body, the app-server's answer,
stream events and session lines, error bodies and the response headers. Shapes are written once and used wherever they
occur; names are looked up as they are spelled, then without case, underscores and hyphens, since carriers differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ..paths import steps_of
from .aliases import fold

_EMPTY: Final[Mapping[str, Any]] = {}
_ELEMENTS: Final = {"additional": "one further limit", "model": "one model", "snapshot": "one limit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownField:
    """One known field, and what may stand inside it."""

    name: str  # its name as most carriers spell it
    meaning: str = ""  # what it says, in words
    type: str = ""  # JSON types that were seen, joined by "|"
    unit: str = ""  # unit of its number, or ""
    since: str = ""  # first seen, as "2026-09", or "" where nobody noted it
    vocabulary: str = ""  # set or pattern of strings that may be shown, or "" when none may
    # known fields inside, by every spelling
    fields: Mapping[str, KnownField] = field(default_factory=dict, repr=False, hash=False)
    item: KnownField | None = field(default=None, repr=False)  # what each element of an array is, or None
    # what each value of a map is, or None; the map's keys are data
    entry: KnownField | None = field(default=None, repr=False)
    key_values: str = ""  # set of the map's keys that may be shown, or ""

    @property
    def words(self) -> str:
        """What it says, with its unit."""
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning

    def inside(self, key: str) -> KnownField | None:
        """What is known about the value under *key*, in an object or a map."""
        return self.fields.get(key) or self.fields.get(fold(key)) or self.entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every known field."""

    root: KnownField  # the body itself, whichever carrier it comes from
    # name -> strings that are known and may be shown ("plans", "limit_ids", ...)
    sets: Mapping[str, frozenset[str]] = field(repr=False)
    closed: tuple[str, ...]  # names of the sets whose new members are news (plans, limit ids, reached types)
    # name -> expression of strings that may be shown (numbers, instants)
    patterns: Mapping[str, re.Pattern[str]] = field(repr=False)
    # known response headers of the `x-codex-*` family, without that prefix
    codex_headers: Mapping[str, KnownField] = field(repr=False)
    other_headers: Mapping[str, KnownField] = field(repr=False)  # known response headers besides, in lower case
    # every spelling of every field, folded -> what its strings may be, for fields in unknown places
    names: Mapping[str, frozenset[str]] = field(repr=False)

    def find(self, path: str) -> KnownField | None:
        """What is known about the value at a JSON path such as `$.rate_limit.primary_window`, or None."""
        known: KnownField | None = self.root
        for step in steps_of(path):
            if known is None:
                return None
            known = known.inside(step) if isinstance(step, str) else known.item
        return known

    def is_harmless(self, vocabulary: str, text: str) -> bool:
        """Whether *text* may be shown, as a member of the set or a match of the pattern called *vocabulary*."""
        allowed = self.sets.get(vocabulary)
        if allowed is not None:
            return text in allowed
        pattern = self.patterns.get(vocabulary)
        return pattern is not None and pattern.fullmatch(text) is not None

    @property
    def window(self) -> KnownField | None:
        """What one window is made of."""
        return self.find("$.rate_limit.primary_window")

    def is_known_name(self, key: str) -> bool:
        """Whether a field of this name exists anywhere; such a key gives nothing away."""
        return fold(key) in self.names


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once from the package's own data."""
    data = json.loads(files(__package__).joinpath("catalogue.json").read_text("utf-8"))
    build = _Builder(data)
    roots = [build.fields(fields) for fields in data["roots"].values()]
    merged: dict[str, KnownField] = {}
    for fields in roots:
        for name, known in fields.items():
            merged.setdefault(name, known)
    headers = data["headers"]
    return Catalogue(
        # A body that is a list is one of earned resets.
        root=KnownField(name="$", meaning="the body", type="object", fields=merged, item=build.element("earned_reset")),
        sets={name: frozenset(values) for name, values in data["sets"].items()},
        closed=tuple(data["closed"]),
        patterns={name: re.compile(text, re.ASCII) for name, text in data["patterns"].items()},
        codex_headers={name: build.field(name, entry) for name, entry in headers["codex"].items()},
        other_headers={name: build.field(name, entry) for name, entry in headers["other"].items()},
        names=_names(merged),
    )


class _Builder:
    """Turns the data's entries into `KnownField`s; shapes refer to one another by name, never in a circle."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._shapes: dict[str, Mapping[str, KnownField]] = {}

    def shape(self, name: str) -> Mapping[str, KnownField]:
        if name not in self._shapes:
            self._shapes[name] = self.fields(self._data["shapes"][name])
        return self._shapes[name]

    def fields(self, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, KnownField]:
        made: dict[str, KnownField] = {}
        for name, entry in entries.items():
            known = self.field(name, entry)
            for spelling in (name, *entry.get("also", ())):
                same = known if spelling == name else replace(known, name=spelling)
                made.setdefault(spelling, same)
                made.setdefault(fold(spelling), same)
        return made

    def field(self, name: str, entry: Mapping[str, Any]) -> KnownField:
        return KnownField(
            name=name,
            meaning=entry["meaning"],
            type=entry["type"],
            unit=entry.get("unit", ""),
            since=entry.get("since", ""),
            vocabulary=entry.get("values", ""),
            fields=self.shape(entry["shape"]) if "shape" in entry else _EMPTY,
            item=self.element(entry.get("item")),
            entry=self.element(entry.get("map")),
            key_values=self._data["map_keys"].get(entry.get("map"), ""),
        )

    def element(self, shape: str | None) -> KnownField | None:
        if shape is None:
            return None
        fields = self.shape(shape)
        # A shape of one nameless field describes a plain value, such as one end of a range.
        return fields.get("") or KnownField(
            name=shape, meaning=_ELEMENTS.get(shape, shape), type="object", fields=fields
        )


def _names(fields: Mapping[str, KnownField]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    waiting, seen = [fields], set()
    while waiting:
        shape = waiting.pop()
        if id(shape) in seen:
            continue
        seen.add(id(shape))
        for name, known in shape.items():
            found.setdefault(fold(name), set()).update({known.vocabulary} - {""})
            waiting += [inner.fields for inner in (known, known.item, known.entry) if inner is not None]
    return {name: frozenset(values) for name, values in found.items()}
