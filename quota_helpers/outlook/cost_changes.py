"""Whether a percent still buys as much: weighted tokens per point before and after each change of the price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from ..labels import Names
from ..tables import frame_of
from ..times import MISSING, from_micros
from .ledger import Ledger, ledgers_of
from .steps import Spending, Step, find_steps, price_of, rise_at, strongest

ALL_MODELS: Final = "all models"

CHANGE_COLUMNS: Final[dict[str, str]] = {
    "account_key": "str",
    "limit": "str",
    "window": "str",
    "model": "str",
    "at": "datetime64[us, UTC]",  # with the block of turns that begins then; missing: there is no change
    "before": "float64",  # weighted tokens per point
    "after": "float64",  # the same; without a change, of the second half
    "change_percent": "float64",  # of what a point buys
    "low": "float64",  # of `change_percent`, 95 %
    "high": "float64",
    "p_value": "float64",  # how often so strong a change would be seen by chance in any series of the account
    "verdict": "str",  # "changed", "no change" or "undecided"
    "reason": "str",
}
"""Columns of `cost_changes`, name -> dtype."""

NOTICED: Final = 15.0  # percent: where a change of this size might have been missed, nothing is said
LIKELY: Final = 1.96
_KNOWN: Final = 2.0  # of a logarithm: a larger error leaves any price open
SUSPICIOUS: Final = 0.1  # a p-value (of one series) that proves no change, and is no good reason to deny one


def cost_changes(
    windows: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    accounts: Names = None,
    weights: Mapping[str, float] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """What a point of each window costs in weighted tokens, and when that changed, with `CHANGE_COLUMNS`: an estimate.

    The service publishes no such price. Blocks of turns are held against each other in order of time; days are shuffled
    to learn how far they stray by chance, and all series of an account share one risk of 4 % of a false alarm. A
    change for which foreign use that goes on by the hour would do as well is "undecided" (`unexplained` looks at both
    together). A window without a change has one row that compares its halves.

    Weighted tokens count a token of fresh input of the most used model as 1; the weights of others are fitted, see
    `percent_costs`. Where several models have enough blocks of their own each has rows beside "all models".

    Args:
        windows: Readings over time: `History.frame()` or `SessionLogs.windows`.
        tokens: Turns of the same accounts: `History.tokens()` or `SessionLogs.tokens`.
        accounts: Names or keys; None means all.
        weights: As in `burn`.
        seed: The same seed gives the same answer.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.

    >>> times = pd.date_range("2026-11-20T10:00Z", periods=5, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 5000})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "fetched_at": times,
    ...                         "used_percent": range(0, 10, 2), "window_seconds": 604800, "reset_at": times[4]})
    >>> cost_changes(windows, turns)[["verdict", "reason"]].to_numpy().tolist()
    [['undecided', 'too few rises beside turns to tell what tokens cost']]
    """
    found = ledgers_of(windows, tokens, accounts=accounts, weights=weights, seed=seed)
    rng = np.random.default_rng(seed)
    rows = [row for one in found for row in _rows(one, rng)]
    return frame_of(rows, CHANGE_COLUMNS)


def _rows(ledger: Ledger, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    series, names = ledger.followed.series, ledger.turns.models
    who = {"account_key": series.account_key, "limit": series.limit, "window": series.window}
    several = len(set(ledger.turns.model.tolist())) > 1
    who["model"] = ALL_MODELS if several else names[ledger.turns.model[0]]
    if ledger.prices is None:
        reason = "too few rises beside turns to tell what tokens cost"
        yield who | {"at": MISSING, "verdict": "undecided", "reason": reason}
        return
    yield from (who | row for row in _series(ledger.spending()[0], ledger.steps, ledger.spread, rng))
    for model in ledger.models():
        spending, _ = ledger.spending(model)
        steps = find_steps(spending, ledger.spread, rng, ledger.tests)
        yield from (who | {"model": names[model]} | row for row in _series(spending, steps, ledger.spread, rng))


def _series(
    spending: Spending, steps: Sequence[Step], spread: float, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """A row for each step of a price, or one that says why there is none."""
    ends = [0, *(step.place for step in steps), len(spending.until)]
    for number, step in enumerate(steps):
        place, part = step.place - ends[number], spending.part(slice(ends[number], ends[number + 2]))
        row = _compared(part, place, spread)
        dearer = 100 / (1 + row["change_percent"] / 100) - 100
        reason = f"a token costs about {abs(dearer):.0f} % {'more' if dearer > 0 else 'less'} than before"
        if not step.sure:
            reason += ", or others use it by the hour: the two cannot be told apart"
        verdict = "changed" if step.sure else "undecided"
        at = int(spending.since[step.place])
        yield row | {"at": at, "p_value": step.p_value, "verdict": verdict, "reason": reason}
    if not steps:
        yield _unchanged(spending, spread, rng)


def _unchanged(spending: Spending, spread: float, rng: np.random.Generator) -> dict[str, Any]:
    place, chance = strongest(spending, spread, rng)
    if not place:
        return {
            "at": MISSING,
            "verdict": "undecided",
            "reason": "too few rises beside turns to compare earlier with later",
        }
    half = int(np.searchsorted(np.cumsum(spending.points), spending.points.sum() / 2))
    row = _compared(spending, max(1, half), spread) | {"at": MISSING, "p_value": chance}
    if chance <= SUSPICIOUS:
        when = f"{from_micros(int(spending.since[place])):%d %b %Y}"
        return row | {
            "verdict": "undecided",
            "reason": f"something may have changed about {when}, too little to say so",
        }
    if not max(-row["low"], row["high"]) <= NOTICED:
        return row | {"verdict": "undecided", "reason": f"a change of {NOTICED:.0f} % might have been missed"}
    return row | {"verdict": "no change", "reason": "the second half costs what the first one did"}


def _compared(spending: Spending, place: int, spread: float) -> dict[str, Any]:
    """Weighted tokens per point before and from a block on, and by how much they differ."""
    (before, _), (after, _) = (price_of(spending.part(part), spread) for part in (slice(place), slice(place, None)))
    rise, error = rise_at(spending, place, spread)
    # A token that costs more makes a point buy less.
    known = error < _KNOWN
    changes = [100 * (np.exp(-rise + way * LIKELY * error) - 1) if known else np.nan for way in (0, -1, 1)]
    return {"before": 1 / before, "after": 1 / after} | dict(
        zip(("change_percent", "low", "high"), changes, strict=True)
    )
