"""The few sentences that a person came for: which login now, what is gone and back when, what will not last.

What is unknown, stale, failed or blocked is never called free, and nothing is said without a reading behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any, Final, Literal

from ..html import bullets
from ..times import DAY, Moment, duration, local_time, zone_of
from .bars import FAST_AT_LEAST_USED, WindowBar, percent, window_bars
from .prospects import UNLIKELY, Login, logins, odds

Kind = Literal["use", "stands", "none", "blocked", "used_up", "runs_out", "pool", "unread", "returns"]

MOST: Final = 5  # sentences, whatever the number of logins
NAMED: Final = 3  # names in one sentence; the others are counted
SOON: Final = timedelta(hours=5)  # "the next hours"

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_SPANS: Final = {"five_hour": "five hours", "daily": "day", "weekly": "week", "monthly": "month"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One sentence.

    Attributes:
        kind: "use" (this one now), "stands" (how the only login stands), "none" (is free), "blocked", "used_up",
            "runs_out" (before its reset), "pool" (how long all last together), "unread",
            "returns" (within the next hours).
        text: The sentence; what it is about stands before its first colon.
        account_key: Whose it is, of several the first's; None where it is about no single one.
        limit: The limit it is about, or None.
        window: The window it is about, or None.
        at: The moment it names (aware): run out, back, whole again; or None.
    """

    kind: Kind
    text: str
    account_key: str | None = None
    limit: str | None = None
    window: str | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        return self.text


class Answers(tuple[Answer, ...]):
    """The answers, the most useful first, at most five; shows itself as sentences."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "Nothing is known: no login was read."

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return bullets(repr(self).split("\n"))


def answers(
    readings: Any,
    *,
    now: Moment | None = None,
    forecast: Any = None,
    pool: Any = None,
    history: Any = None,
    tz: str | tzinfo | None = None,
    reveal: bool = False,
) -> Answers:
    """What a person came for, in at most five sentences, the most useful first.

    Which login to use now and which next (the one whose own limit binds last at its pace; where a pool says in which
    order nothing is lost, by that), which are blocked or used up and when they are back, which will not last until
    their reset, how many could not be read, and which windows come back within the next five hours. A model's limit
    decides nothing.

    Args:
        readings: A `Collection`, a snapshot, several, or a frame; of several readings of one window the newest counts.
        now: The present moment; None means the latest `fetched_at`.
        forecast: What `qh.forecast` gives: where it has a number for a window, it speaks instead of the pace.
        pool: What `outlook.pool.together` gives: how long all logins last, and which to use first.
        history: A `History`, or a frame of readings over time, from which both are made where they are not given.
        tz: Time zone of the texts; None means UTC for the demo, else this machine's.
        reveal: Whether e-mail addresses in account names are shown in full.

    Raises:
        TypeError: *readings* is nothing of the kind.

    >>> from quota_helpers.sources import demo
    >>> with demo() as source:
    ...     said = answers(source.collect())
    >>> said[1].kind, said[1].text
    ('used_up', 'ki...@example.com is used up: 104 % of its five hours; back 10:25 (in 1 h 25 m).')
    """
    bars = window_bars(readings, now=now, reveal=reveal)
    failed = len(getattr(readings, "failures", ()))
    if not bars:
        return Answers([_unread([], failed, failed)] if failed else [])
    moment = bars[0].now
    past = history.frame() if callable(getattr(history, "frame", None)) else history
    if past is not None and (forecast is None or pool is None):
        # What follows needs pandas, which answers alone do not load.
        from .forecast import forecast as foretold  # noqa: PLC0415 - pandas where a history is given
        from .pool import together  # noqa: PLC0415 - the same

        usable = [login.account_key for login in logins(bars) if login.usable]
        forecast = foretold(past, now=moment) if forecast is None else forecast
        pool = together(past[past["account_key"].isin(usable)], now=moment) if pool is None else pool
    demo = any(bar.origin == "demo" for bar in bars)
    speech = _Speech(moment, zone_of("UTC" if demo and tz is None else tz))
    return Answers(islice(_said(logins(bars, forecast), failed, pool, speech), MOST))


def _said(known: Sequence[Login], failed: int, pool: Any, speech: _Speech) -> Iterator[Answer]:
    """All there is to say, the most useful first."""
    total = len(known) + failed
    # What the server blocks stays so when a window comes back; what is used up is told by its return.
    stopped = [login for login in known if login.blocked]
    spent = sorted(
        (login for login in known if login.full and not login.blocked), key=lambda one: one.back_at or _NEVER
    )
    free = _in_order([login for login in reversed(known) if login.free], pool)
    unknown = [login.label for login in known if not (login.known or login.full or login.blocked)]
    if free:
        yield _use(free, speech, pool, alone=total == 1)
    elif total > 1 and (back := min(((one.back_at, one.label) for one in spent if one.back_at), default=None)):
        yield Answer("none", f"No login is free now: {back[1]} is first, {speech.back(back[0])}.", at=back[0])
    if stopped:
        yield _blocked(stopped, speech)
    if spent:
        yield _used_up(spent, speech)
    if ending := [(end, login.first) for login in free if (end := login.first.runs_out_at)]:
        yield _runs_out(sorted(ending, key=lambda pair: (pair[0], pair[1].label)), speech)
    if pool is not None and len(pool.order) > 1:
        yield from _together({login.account_key: login.label for login in known if login.usable}, pool, speech)
    if failed or unknown:
        yield _unread(unknown, failed, total)
    if total > 1:
        yield from _returns(free, speech)


def _in_order(free: Sequence[Login], pool: Any) -> list[Login]:
    """Those that can be used now: what comes back first is used first, unless a short window stops it before."""
    if pool is None or not pool.order:
        return list(free)
    place = {key: number for number, key in enumerate(pool.order)}

    def late(login: Login) -> tuple[bool, int]:
        short = [bar for bar in login.windows if (bar.window_seconds or DAY) < DAY]
        return any(bar.runs_out_at for bar in short), place.get(login.account_key, len(place))

    return sorted(free, key=late)


@dataclass(frozen=True, slots=True)
class _Speech:
    """How times are said: as of one moment, in one zone."""

    now: datetime
    zone: tzinfo

    def at(self, when: datetime) -> str:
        """A moment as people say it: "23:01", "tomorrow 09:00", "Sat 14:00", "Tue 1 Dec 2026 00:00"."""
        try:
            days = (when.astimezone(self.zone).date() - self.now.astimezone(self.zone).date()).days
        except OverflowError:  # the calendar's ends
            days = -1
        form = {0: "%H:%M", 1: "tomorrow %H:%M", **dict.fromkeys(range(2, 7), "%a %H:%M")}.get(
            days, "%a %d %b %Y %H:%M"
        )
        return local_time(when, self.zone, form=form, named=False)

    def back(self, when: datetime | None) -> str:
        """When something comes back, and how long that is."""
        return f"back {self.at(when)} (in {duration(when - self.now)})" if when else "nothing says when it is back"


def _use(free: Sequence[Login], speech: _Speech, pool: Any, *, alone: bool) -> Answer:
    best, *others = free
    text = f"{best.label if alone else f'Use {best.label} now'}: {_left(best, speech)}"
    if others:
        text += ", and it is back first" if pool is not None and best.account_key in pool.order else ""
        text += f". Next: {others[0].label}, {_listed([_share(bar) for bar in others[0].windows])}"
    bar = best.first
    kind: Kind = "stands" if alone else "use"
    return Answer(kind, f"{text}.", bar.account_key, bar.limit, bar.window, bar.runs_out_at or bar.reset_at)


def _left(login: Login, speech: _Speech) -> str:
    """What is left of each window until when, and, where the pace is known, whether that lasts."""
    shares = []
    for bar in login.windows:
        until = f" (until {speech.at(bar.reset_at)})" if bar.reset_at else ""
        shares.append(_share(bar) + (" (not begun)" if bar.state == "not_started" else until))
    one = len(shares) == 1
    left = f"{_listed(shares)} {'is' if one else 'are'} left"
    first, risks = login.first, [bar.risk for bar in login.windows if bar.risk is not None]
    if first.runs_out_at:
        how = "at this pace" if first.risk is None else "likely"
        return f"{left}, {how} until {speech.at(first.runs_out_at)}"
    if risks and max(risks) >= UNLIKELY:
        return f"{left}, which may not last ({odds(max(risks))} risk)"
    if not all(bar.lasts for bar in login.windows):
        return left
    if risks:
        return f"{left}, which likely {'lasts' if one else 'last'} ({odds(max(risks))} risk)"
    return f"{left}, which {'lasts' if one else 'last'} at this pace"


def _blocked(stopped: Sequence[Login], speech: _Speech) -> Answer:
    first = stopped[0]
    if len(stopped) == 1:
        shares = [_share(bar) for bar in first.windows if bar.known and not bar.full]
        still = f"; {_listed(shares)} left does not help" if shares else ""
        back = f"; {speech.back(first.back_at)}" if first.back_at else ""
        text = f"{first.label} is blocked: {first.blocked}{still}{back}."
    else:
        text = f"{len(stopped)} logins are blocked: {_some([f'{one.label} ({one.blocked})' for one in stopped])}."
    return Answer("blocked", text, first.account_key, at=first.back_at)


def _used_up(spent: Sequence[Login], speech: _Speech) -> Answer:
    first, bar = spent[0], spent[0].full[0]
    if len(spent) == 1:
        gone = _listed([f"{percent(full.used or 0.0)} of its {_span(full)}" for full in first.full])
        text = f"{first.label} is used up: {gone}; {speech.back(first.back_at)}."
    else:
        names = [f"{one.label} {speech.back(one.back_at)}" for one in spent]
        text = f"{len(spent)} logins are used up: {_some(names)}."
    return Answer("used_up", text, bar.account_key, bar.limit, bar.window, first.back_at)


def _runs_out(ending: Sequence[tuple[datetime, WindowBar]], speech: _Speech) -> Answer:
    end, bar = ending[0]
    if len(ending) == 1:
        why = f" (no forecast: {bar.why})" if bar.why else ""
        how = f": at this pace{why} it" if bar.risk is None else f" ({percent(100 * bar.risk)} risk): it"
        text = f"{_whose(bar)} will not last{how} ends about {speech.at(end)}"
        text += f", {duration(bar.reset_at - end)} early" if bar.reset_at else ""
        if bar.per_hour and (bar.window_seconds or 0) < DAY:
            text += f"; {bar.per_hour:.3g} points an hour would last"
        elif bar.per_hour:
            text += f"; {24 * bar.per_hour:.3g} points a day would last"
    else:
        names = [f"{_whose(one)} about {speech.at(when)}" for when, one in ending]
        text = f"{len(ending)} windows will not last until their reset: {_some(names)}"
    return Answer("runs_out", f"{text}.", bar.account_key, bar.limit, bar.window, end)


def _together(usable: Mapping[str, str], pool: Any, speech: _Speech) -> Iterator[Answer]:
    """How long all logins that can be used last, one after the other, and which to spend first."""
    count, end = len(pool.order), pool.exhausted[1]
    if usable.keys() >= set(pool.order):
        text = f"{'Both' if count == 2 else f'All {count}'} logins together: "  # noqa: PLR2004 - of two one says both
        text += f"{'enough until' if end is None else 'used up about'} {speech.at(end or pool.until)}"
        text += f" ({odds(pool.p_exhausted)} risk); spend {usable[pool.order[0]]} first."
        yield Answer("pool", text, pool.order[0], at=end or pool.until)


def _unread(unknown: Sequence[str], failed: int, total: int) -> Answer:
    lost = f"{'The login' if total == 1 else f'{failed} of {total} logins'} could not be read" if failed else ""
    old = f"{'the' if failed else 'The'} numbers of {_some(unknown)} are old or missing" if unknown else ""
    return Answer("unread", f"{'; '.join(filter(None, (lost, old)))}.")


def _returns(free: Sequence[Login], speech: _Speech) -> Iterator[Answer]:
    coming = [
        (bar.reset_at, bar)
        for login in free
        for bar in login.windows
        if bar.reset_at and (bar.used or 0.0) >= FAST_AT_LEAST_USED
        if timedelta(0) < bar.reset_at - speech.now <= SOON
    ]
    coming.sort(key=lambda pair: (pair[0], pair[1].label))
    if coming:
        when, first = coming[0]
        names = [f"{percent(min(100.0, bar.used or 0.0))} of {_whose(bar)} at {speech.at(at)}" for at, bar in coming]
        text = f"Back within {SOON.seconds // 3600} hours: {_some(names)}."
        yield Answer("returns", text, first.account_key, first.limit, first.window, when)


def _share(bar: WindowBar) -> str:
    return f"{bar.number('left')} of its {_span(bar)}"


def _span(bar: WindowBar) -> str:
    if bar.limit.startswith("spend:"):
        return "spending cap"
    return _SPANS.get(bar.window) or f"{bar.window.replace('_', ' ')} window".lstrip()


def _whose(bar: WindowBar) -> str:
    return f"{bar.label}'s {_span(bar)}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _some(names: Sequence[str]) -> str:
    """The first few of them, the others counted."""
    more = len(names) - NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:NAMED])} and {more} more"
