"""Which keys mean what: one canonical name, carrying unit and sense, and the spellings that were met for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

SLOTS: Final = ("primary", "secondary", "tertiary", "five_hour", "daily", "weekly", "monthly")
"""Canonical names of the places a window can stand in; the first three are positions, the others name a length."""

WINDOW_FIELDS: Final = frozenset(
    {
        "used_percent",
        "remaining_percent",
        "window_seconds",
        "window_minutes",
        "reset_at",
        "reset_at_ms",
        "reset_after_seconds",
    }
)
"""Canonical names of what one window is made of."""

SPEND_KINDS: Final = (
    "individual_limit",
    "workspace_default_limit",
    "role_budget_limit",
    "workspace_shared_limit",
    "group_default_limit",
    "group_shared_limit",
)
"""Canonical names of the known spending caps, in the order they are shown."""


def fold(key: str) -> str:
    """The key without case, underscores and hyphens: `usedPercent`, `used_percent` and `Used-Percent` are one.

    >>> fold("windowDurationMins")
    'windowdurationmins'
    """
    return key.replace("_", "").replace("-", "").lower()


class Aliases(Mapping[str, tuple[str, ...]]):
    """An immutable table: canonical name -> its spellings, in order of precedence.

    A key of a reply is looked up as it is spelled, then folded (case, `_` and `-` do not count), so that camelCase
    needs no entries of its own. Where a reply holds several spellings of one name, the earlier one in the table
    counts; of two keys that fold to the same spelling the exact one does.

    A spelling belongs to one canonical name only.
    """

    def __init__(self, table: Mapping[str, Iterable[str]]) -> None:
        """Index the table.

        Raises:
            ValueError: A spelling stands under two canonical names.
        """
        self._table = {name: tuple(spellings) for name, spellings in table.items()}
        self.exact: dict[str, tuple[str, int]] = {}  # spelling -> its name and rank
        self.folded: dict[str, tuple[str, int]] = {}
        for name, spellings in self._table.items():
            for order, spelling in enumerate(spellings):
                owner = self.folded.setdefault(fold(spelling), (name, 2 * order + 1))[0]
                if owner != name:
                    raise ValueError(f"the spelling {spelling!r} stands under {owner!r} and under {name!r}")
                self.exact.setdefault(spelling, (name, 2 * order))

    def extended(self, more: Mapping[str, str | Iterable[str]], *, first: bool = False) -> Aliases:
        """A new table that knows *more* spellings of the canonical names; this one stays as it is.

        They come after the built-in ones, so that no body that could be read before reads differently; with
        `first=True` they come before them. A spelling that stood under another name moves to the one given here.

        >>> ALIASES.extended({"used_percent": ["pct"]})["used_percent"][-1]
        'pct'

        Raises:
            ValueError: A name that is not canonical (the message lists those that are), or a spelling that is no text.
        """
        table = self._table
        for name, given in more.items():
            if name not in table:
                raise ValueError(f"unknown field {name!r}; the canonical names are: {', '.join(sorted(table))}")
            spellings = (given,) if isinstance(given, str) else tuple(given)
            for spelling in spellings:
                if not isinstance(spelling, str) or not fold(spelling):
                    raise ValueError(f"a spelling of {name!r} must be a key's text, not {spelling!r}")
            taken = {fold(spelling) for spelling in spellings}
            table = {
                other: known if other == name else tuple(text for text in known if fold(text) not in taken)
                for other, known in table.items()
            }
            table[name] = tuple(dict.fromkeys((*spellings, *table[name]) if first else (*table[name], *spellings)))
        return Aliases(table)

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return f"Aliases({len(self)} fields, {sum(map(len, self.values()))} spellings)"


ALIASES: Final = Aliases(
    {
        # One window. Percentages are of what is used unless the name says otherwise.
        "used_percent": ("used_percent", "percent_used", "percent"),
        "remaining_percent": ("remaining_percent", "percent_left", "percent_remaining", "left_percent"),
        "window_seconds": ("limit_window_seconds", "window_seconds", "window_duration_seconds"),
        "window_minutes": ("window_minutes", "window_duration_mins", "window_duration_minutes", "limit_window_minutes"),
        "reset_at": ("reset_at", "resets_at", "reset_time"),
        "reset_at_ms": ("reset_time_ms", "reset_at_ms", "resets_at_ms"),
        "reset_after_seconds": ("reset_after_seconds", "resets_in_seconds", "reset_in_seconds"),
        # Where a window stands.
        "primary": ("primary_window", "primary"),
        "secondary": ("secondary_window", "secondary"),
        "tertiary": ("tertiary_window", "tertiary"),
        "five_hour": ("five_hour", "five_hour_limit", "five_hour_rate_limit", "five_hour_window"),
        "daily": ("daily", "daily_limit", "daily_rate_limit", "daily_window"),
        "weekly": ("weekly", "weekly_limit", "weekly_rate_limit", "weekly_window", "seven_day", "seven_day_limit"),
        "monthly": ("monthly", "monthly_limit", "monthly_rate_limit", "monthly_window"),
        # Limits.
        "rate_limit": ("rate_limit", "rate_limits"),
        "rate_limits_by_limit_id": ("rate_limits_by_limit_id",),
        "additional_rate_limits": ("additional_rate_limits",),
        "code_review_rate_limit": ("code_review_rate_limit", "code_review_rate_limits"),
        "limit_id": ("limit_id", "metered_feature", "metered_limit_name"),
        "limit_name": ("limit_name",),
        "allowed": ("allowed",),
        "limit_reached": ("limit_reached",),
        # The account.
        "plan": ("plan_type", "plan"),
        "reached_type": ("rate_limit_reached_type",),
        "reached_kind": ("type",),
        "ordinary_usage_allowed": ("ordinary_usage_allowed",),
        "error": ("error",),
        # Credits and earned resets.
        "credits": ("credits",),
        "has_credits": ("has_credits",),
        "unlimited": ("unlimited",),
        "balance": ("balance",),
        "overage_limit_reached": ("overage_limit_reached",),
        "approx_local_messages": ("approx_local_messages",),
        "approx_cloud_messages": ("approx_cloud_messages",),
        "reset_credits": ("rate_limit_reset_credits",),
        "available_count": ("available_count",),
        "applicable_available_count": ("applicable_available_count",),
        # Spending caps.
        "spend_control": ("spend_control",),
        "spend_reached": ("spend_control_reached", "reached"),
        **{kind: (kind,) for kind in SPEND_KINDS},
        "spend_limit": ("limit",),
        "spend_used": ("used",),
        "spend_remaining": ("remaining",),
        "spend_source": ("source",),
    }
)
"""The built-in table. Spellings from live bodies, the official client, its session logs, and other tools' fixtures."""
