"""The `x-codex-*` headers of a model response: windows, credits, plan; further limits as families of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..fields.aliases import ALIASES, WINDOW_FIELDS, Aliases, fold
from ..fields.reader import Fields, to_text
from ..labels import of_kind
from ..models import OWN, Limit, UsageSnapshot
from ..paths import child_path, item_path
from ..times import Moment
from .draft import Draft
from .money import read_credits
from .windows import held, read_windows

_PREFIX: Final = "x-codex-"
# Greedy: in "secondary-primary-used-percent" the slot is primary and "secondary" the family.
_WINDOW: Final = re.compile(r"(?:(?P<family>.+)-)?(?P<slot>primary|secondary|tertiary)-(?P<field>[a-z-]+)")
_CREDITS: Final = "credits-"
_NAME: Final = re.compile(r"(?:(?P<family>.+)-)?limit-name")


def normalize_headers(
    headers: Mapping[str, str | Sequence[str]],
    *,
    fetched_at: Moment,
    aliases: Aliases = ALIASES,
) -> UsageSnapshot:
    """Read the `x-codex-*` headers of a response.

    `x-codex-primary-used-percent` belongs to the account's own limit; `x-codex-FAMILY-primary-used-percent` to the
    limit `codex_FAMILY`, also where the family is called "secondary". An absent window is sent as zeros and stays
    absent; blank headers are no headers.

    Args:
        headers: Any mapping; names are looked up without regard to case. A value may be a list of one.
        fetched_at: When they were received (aware).
        aliases: The table of spellings.

    Raises:
        TypeError: *headers* is no mapping.
        ValueError: *fetched_at* is no moment.

    >>> headers = {"x-codex-primary-used-percent": "20", "x-codex-primary-window-minutes": "300"}
    >>> normalize_headers(headers, fetched_at="2026-11-20T12:00Z").five_hour.used_percent
    20.0
    """
    return read_headers(headers, fetched_at, aliases).finish()


Group = tuple[dict[str, Any], dict[str, str]]
"""Members of an object that the headers spell out one by one, and the path of each."""


def read_headers(headers: Mapping[str, str | Sequence[str]], fetched_at: Moment, aliases: Aliases) -> Draft:
    """The same before it is a snapshot; paths look like `$["x-codex-plan-type"]`."""
    of_kind(headers, Mapping, "headers", "a mapping of names to values, such as reply.headers")
    draft = Draft(fetched_at, aliases, "headers")
    families: dict[str, Group] = {}
    spending: Group = ({}, {})
    others: Group = ({}, {})
    for name, sent in headers.items():
        lower = name.lower() if isinstance(name, str) else ""
        listed = isinstance(sent, list) and len(sent) == 1  # as archives and many servers keep headers
        value = sent[0] if listed else sent
        if not lower.startswith(_PREFIX) or (isinstance(value, str) and not value.strip()):
            continue
        rest = lower.removeprefix(_PREFIX)
        window, named = _WINDOW.fullmatch(rest), _NAME.fullmatch(rest)
        if window and aliases.folded.get(fold(window["field"]), ("",))[0] in WINDOW_FIELDS:
            group, key = families.setdefault(window["family"] or "", ({}, {})), f"{window['slot']}-{window['field']}"
        elif named:
            group, key = families.setdefault(named["family"] or "", ({}, {})), "limit-name"
        elif rest.startswith(_CREDITS):
            group, key = spending, rest.removeprefix(_CREDITS)
        else:
            group, key = others, rest
        path = child_path("$", name)
        group[0].setdefault(key, value)
        group[1].setdefault(key, item_path(path, 0) if listed else path)
    for family in sorted(families, key=bool):
        _read_family(family, families[family], draft)
    if not draft.windows:
        draft.log.note("no header says anything about a window: no reading", "$")
    draft.read_account([Fields(others[0], "$", draft.log, labels=others[1])])
    if spending[0]:
        draft.values["credits"] = read_credits(Fields(spending[0], "$", draft.log, labels=spending[1]))
    return draft


def _read_family(family: str, group: Group, draft: Draft) -> None:
    limit_id = f"{OWN}_{family.replace('-', '_')}" if family else OWN
    fields = Fields(group[0], "$", draft.log, labels=group[1])
    paths: dict[str, str] = {}
    limit_name = draft.first([fields], "limit_name", to_text, paths=paths, owner=limit_id)
    windows = read_windows(held(fields)._replace(lengths=False), draft.fetched_at, limit_id, limit_name)
    if windows:
        draft.limits.append(Limit(limit_id=limit_id, limit_name=limit_name, paths=paths))
        draft.windows += windows
