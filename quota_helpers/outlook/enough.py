"""Whether there is enough left to begin something: yes, no, or nobody knows, which is never yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from ..labels import Names, choose
from ..outcomes import Collection
from ..times import Moment, duration
from .bars import FULL, WindowBar, blocked_why, by_account, percent, window_bars

TIMELESS: Final = timedelta(hours=5)
"""A reading that names neither a reset nor a length may be over after the shortest window of one's own limit."""

Verdict = Literal["yes", "no", "unknown"]

Rises = Mapping[tuple[str, str], float]  # as `forecast.rises` gives them: by account key and window


@dataclass(frozen=True, slots=True)
class Enough:
    """The answer for one account, or for any of several. It is true only for a yes.

    Attributes:
        verdict: "yes", "no", or "unknown": a reading is missing, stale or unreadable.
        text: Why, in a sentence.
        account_key: Whose answer it is; None where none of several has enough.
    """

    verdict: Verdict
    text: str
    account_key: str | None = None

    def __bool__(self) -> bool:
        return self.verdict == "yes"

    def __str__(self) -> str:
        return self.text

    @property
    def exit_code(self) -> int:
        """What the command line ends with: 0 yes, 4 no, 5 unknown."""
        return {"yes": 0, "no": 4, "unknown": 5}[self.verdict]


def enough(
    readings: Any,
    need: float,
    *,
    lasting: timedelta | None = None,
    accounts: Names = None,
    now: Moment | None = None,
    history: Any = None,
    reveal: bool = False,
) -> Enough:
    """Whether an account has so much left: of its own limit, in each of its windows, and not blocked.

    Of several accounts one that has enough is a yes; it is a no only when all are known and none has.

    Args:
        readings: A `Collection`, a snapshot, several, or a frame. The failures of a collection are accounts of which
            nothing is known.
        need: Percentage points, 0 to 100.
        lasting: For how long: so much must still be left then, or at a reset before. Where the record has a forecast,
            in nine cases of ten; else at the average pace so far. The sentence says which.
        accounts: Labels, names or keys; None: any account.
        now: The present moment; None means the latest `fetched_at`.
        history: The record: a `History`, or a frame of readings over time. It matters with *lasting* only.
        reveal: Whether names are shown in full.

    Raises:
        TypeError: *readings* is nothing of the kind.
        ValueError: *need* is no percentage, *lasting* is no time to come, or there is no such account.

    >>> from quota_helpers.sources import demo
    >>> with demo() as source:
    ...     collection = source.collect()
    >>> answer = enough(collection, 20, accounts="ada")
    >>> answer.verdict, answer.exit_code, answer.text
    ('yes', 0, 'ada has 58 % left of its weekly limit: enough for 20 %.')
    """
    if isinstance(need, bool) or not 0 <= need <= FULL:
        raise ValueError(f"need is a percentage from 0 to 100, not {need!r}")
    if lasting is not None and lasting < timedelta(0):
        raise ValueError(f"lasting is a time to come, not {lasting!r}")
    found: dict[str, tuple[Enough, Sequence[str | None]]] = {}
    for one in readings.failures if isinstance(readings, Collection) else ():
        text = f"{one.account} could not be read: nobody knows whether {percent(need)} are left."
        found[one.account_key or one.account] = Enough("unknown", text), [one.account]
    bars = window_bars(readings, now=now, reveal=reveal)
    ahead: Rises = {}
    if history is not None and lasting and bars:
        from .forecast import rises  # noqa: PLC0415 - it needs pandas, which a gate without a record does not load

        ahead = rises(history, bars[0].now, lasting)
    for own in by_account(bars):
        found[own[0].account_key] = _of(own, need, lasting, ahead), (own[0].label, own[0].account)
    told = [found[key][0] for key in choose(accounts, {key: names for key, (_, names) in found.items()})]
    if not told:
        return Enough("unknown", "There is no account.")
    # One that has enough, else what hinders to say so.
    first = min(told, key=lambda one: ("yes", "unknown", "no").index(one.verdict))
    if first.verdict == "no" and len(told) > 1:
        return Enough("no", f"None of {len(told)} accounts has {percent(need)} left: {first.text}")
    return first


def _of(own: Sequence[WindowBar], need: float, lasting: timedelta | None, ahead: Rises) -> Enough:
    """One account's answer, from all its bars."""
    who, key = own[0].label, own[0].account_key
    if blocked := blocked_why(own):
        return Enough("no", f"{who} is blocked: {blocked}.", key)
    windows = [(_left(bar, lasting, ahead), bar) for bar in own if bar.own]
    known = [(left, bar) for left, bar in windows if left is not None]
    missing = next((bar for left, bar in windows if left is None), None)
    smallest = min(known, key=lambda pair: pair[0], default=None)
    if smallest is not None and (missing is None or smallest[0] < need):
        verdict: Verdict = "no" if smallest[0] < need else "yes"
        word = "enough" if verdict == "yes" else "not enough"
        over = f" over {duration(lasting)}" if lasting else ""
        return Enough(verdict, f"{_said(who, *smallest, lasting, ahead)}: {word} for {percent(need)}{over}.", key)
    if missing is not None and _left(missing, None, ahead) is not None:
        why = "it is too early to say" if missing.gone == 0 else "nothing says"
        text = f"{_said(who, missing.left or 0.0, missing, None, ahead)}; {why} what will be left after"
        return Enough("unknown", f"{text} {duration(lasting)}.", key)
    which = f" of {_limit(missing)}" if missing is not None and missing.window else ""
    stale = ", its reading is from before the reset" if missing is not None and missing.state == "stale" else ""
    return Enough("unknown", f"{who}: how much is left{which} is not known{stale}.", key)


def _left(bar: WindowBar, lasting: timedelta | None, ahead: Rises) -> float | None:
    """Percent left now, or after that time by the record or the pace so far; None when unknown."""
    if bar.left is None or not bar.known:
        return None
    if bar.reset_at is None and bar.window_seconds is None and bar.fetched_at and bar.now - bar.fetched_at > TIMELESS:
        return None
    if lasting and (more := ahead.get((bar.account_key, bar.window))) is not None:
        return max(0.0, bar.left - more)
    if not lasting or not bar.used or bar.state == "not_started":
        return bar.left
    if not bar.gone or bar.window_seconds is None or bar.resets_in is None:
        return None  # no pace: nothing says when it resets, or it has just begun
    passes = min(lasting, bar.resets_in).total_seconds() / bar.window_seconds * 100
    return max(0.0, bar.left - bar.used / bar.gone * passes)


def _said(who: str, left: float, bar: WindowBar, lasting: timedelta | None, ahead: Rises) -> str:
    if not lasting:
        return f"{who} has {percent(left)} left of {_limit(bar)}"
    if (bar.account_key, bar.window) in ahead:
        return f"By its record {who} will still have {percent(left)} of {_limit(bar)} in nine cases of ten"
    return f"At its pace so far {who} will have {percent(left)} left of {_limit(bar)}"


def _limit(bar: WindowBar) -> str:
    return f"its {bar.title} limit" if bar.title else "its limit"
