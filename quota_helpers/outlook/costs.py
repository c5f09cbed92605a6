"""What a percent buys, in weighted tokens: what it costs now, and whether that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import counts
from ..labels import Names
from ..periods.readings import Floats
from ..tables import frame_of
from ..times import from_micros
from .blocks import Blocks
from .ledger import DOMINANT, Ledger, ledgers_of
from .own_turns import KINDS
from .prices import LEAST_BLOCKS, LIKELY, price_of
from .steps import Step, find_steps, prices_at, strongest

ALL_MODELS: Final = "all models"
ALL_EFFORTS: Final = "all efforts"

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

PERCENT_COST_COLUMNS: Final[dict[str, str]] = {
    "account_key": "str",
    "limit": "str",
    "window": "str",
    "model": "str",
    "effort": "str",
    "since": "datetime64[us, UTC]",  # since the last change of the price, else the first turn
    "blocks": "int64",  # of turns that it was measured in
    "per_point": "float64",  # weighted tokens for a point: a token of fresh input of the most used model weighs 1
    "low": "float64",  # of `per_point`, 95 %
    "high": "float64",
    "weight": "float64",  # of a token of this model's fresh input; missing for all models
    "cached_input": "float64",  # its weight, where a token of the same model's fresh input weighs 1
    "output": "float64",  # the same
    "reasoning": "float64",  # the same
}
"""Columns of `percent_costs`, name -> dtype."""

NOTICED: Final = 15.0  # percent: where a change of this size might have been missed, nothing is said
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
    return frame_of((row for one in found for row in _changes(one, rng)), CHANGE_COLUMNS)


def _changes(ledger: Ledger, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    names, used = ledger.turns.models, sorted(set(ledger.turns.model.tolist()))
    who = ledger.followed.series.names | {"model": ALL_MODELS if len(used) > 1 else names[used[0]]}
    if ledger.prices is None:
        yield who | {"verdict": "undecided", "reason": "too few rises beside turns to tell what tokens cost"}
        return
    spread = ledger.spread
    yield from (who | row for row in _series(ledger.spending(), ledger.steps, spread, rng))
    for model in ledger.models():
        spending = ledger.spending(model)
        steps = find_steps(spending, spread, rng, ledger.tests)
        yield from (who | {"model": names[model]} | row for row in _series(spending, steps, spread, rng))


def _series(
    spending: Blocks, steps: tuple[Step, ...], spread: float, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """A row for each step of a price, or one that says why there is none."""
    places = np.searchsorted(spending.since, [step.at for step in steps]).tolist()
    ends = [0, *places, len(spending.since)]
    for number, step in enumerate(steps):
        part = spending.part(slice(ends[number], ends[number + 2]))
        row = _compared(part, places[number] - ends[number], spread)
        dearer = 100 / (1 + row["change_percent"] / 100) - 100
        reason = f"a token costs about {abs(dearer):.0f} % {'more' if dearer > 0 else 'less'} than before"
        if not step.sure:
            reason += ", or others use it by the hour: the two cannot be told apart"
        verdict = "changed" if step.sure else "undecided"
        yield row | {"at": step.at, "p_value": step.p_value, "verdict": verdict, "reason": reason}
    if not steps:
        yield _unchanged(spending, spread, rng)


def _unchanged(spending: Blocks, spread: float, rng: np.random.Generator) -> dict[str, Any]:
    place, chance = strongest(spending, spread, rng)
    if not place:
        return {"verdict": "undecided", "reason": "too few rises beside turns to compare earlier with later"}
    half = int(np.searchsorted(np.cumsum(spending.points), spending.points.sum() / 2))
    row = _compared(spending, max(1, half), spread) | {"p_value": chance, "verdict": "undecided"}
    if chance <= SUSPICIOUS:
        when = f"{from_micros(int(spending.since[place])):%d %b %Y}"
        return row | {"reason": f"something may have changed about {when}, too little to say so"}
    if not max(-row["low"], row["high"]) <= NOTICED:
        return row | {"reason": f"a change of {NOTICED:.0f} % might have been missed"}
    return row | {"verdict": "no change", "reason": "the second half costs what the first one did"}


def _compared(spending: Blocks, place: int, spread: float) -> dict[str, Any]:
    """Weighted tokens per point before and from a block on, and by how much they differ."""
    before, after, error = prices_at(spending, place, spread)
    # A token that costs more makes a point buy less.
    known = error < _KNOWN
    ends = (before / after * np.exp(way * LIKELY * error) if known else np.nan for way in (0, -1, 1))
    change, low, high = (100 * (end - 1) for end in ends)
    return {"before": 1 / before, "after": 1 / after, "change_percent": change, "low": low, "high": high}


def percent_costs(
    windows: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    accounts: Names = None,
    weights: Mapping[str, float] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Weighted tokens for one percent since the last change, with `PERCENT_COST_COLUMNS`: an estimate with intervals.

    Of a model, or a model at one effort, only blocks count that it fills by four fifths, and only where there are
    eight of them. The arguments are those of `cost_changes`.

    Raises:
        TypeError, ValueError: As `cost_changes`.

    >>> times = pd.date_range("2026-11-20T10:00Z", periods=80, freq="10min")
    >>> turns = pd.DataFrame({"time": times, "account_key": "a1", "model": "gpt-5.6", "total": 5000})
    >>> windows = pd.DataFrame({"account_key": "a1", "limit": "codex", "window": "weekly", "fetched_at": times,
    ...                         "used_percent": range(80), "window_seconds": 604800, "reset_at": "2026-11-24"})
    >>> percent_costs(windows, turns)[["model", "per_point"]].round(-2).to_numpy().tolist()
    [['gpt-5.6', 5000.0]]
    """
    tokens = counts(tokens)  # the rows that the ledgers' turns are known by
    found = ledgers_of(windows, tokens, accounts=accounts, weights=weights, seed=seed)
    efforts = tokens["effort"].to_numpy(object) if "effort" in tokens else np.full(len(tokens), None)
    return frame_of((row for one in found if one.prices for row in _costs(one, efforts)), PERCENT_COST_COLUMNS)


def _costs(ledger: Ledger, efforts: np.ndarray) -> Iterator[dict[str, Any]]:
    turns, blocks, weights = ledger.turns, ledger.blocks, ledger.weights
    effort, weighted = efforts[turns.rows], turns.weighted(weights)

    def spent(mine: Any) -> Floats:
        """Weighted tokens of some turns, by block."""
        found = np.append(0.0, np.cumsum(np.where(mine, weighted, 0.0)))
        return np.asarray(found[blocks.high] - found[blocks.low])

    every = spent(mine=True)
    since = max((step.at for step in ledger.steps if step.sure), default=0)
    chosen = ledger.measured & (every > 0) & (blocks.since >= since)
    who = ledger.followed.series.names | {"since": int(blocks.since[chosen][0])}
    who |= dict(zip(KINDS[1:], (weights[0, 1:] / weights[0, 0]).tolist(), strict=True))
    used = sorted(set(turns.model.tolist()))
    parts: list[tuple[str, str, Any, float]] = [(ALL_MODELS, ALL_EFFORTS, True, np.nan)] if len(used) > 1 else []
    parts += [(turns.models[model], ALL_EFFORTS, turns.model == model, weights[model, 0]) for model in used]
    parts += [
        (turns.models[model], name, (turns.model == model) & (effort == name), weights[model, 0])
        for model in used
        for name in sorted({one for one in effort if isinstance(one, str)})
    ]
    for model, name, mine, weight in parts:
        alone = chosen & (spent(mine) >= DOMINANT * every)
        if alone.sum() >= LEAST_BLOCKS:
            price, error = price_of(ledger.points[alone], every[alone], ledger.spread)
            per_point, low, high = (np.exp(way * LIKELY * error) / price for way in (0, -1, 1))
            row = {"model": model, "effort": name, "blocks": alone.sum(), "weight": weight}
            yield who | row | {"per_point": per_point, "low": low, "high": high}
