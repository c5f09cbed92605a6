"""What a percent costs now, by window, model and effort, in weighted tokens; and what the weights are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from ..frames import counts
from ..labels import Names
from ..periods.readings import Floats
from ..tables import frame_of
from .cost_changes import ALL_MODELS, LIKELY
from .ledger import DOMINANT, Ledger, ledgers_of
from .own_turns import KINDS
from .steps import price_of

ALL_EFFORTS: Final = "all efforts"

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

_LEAST: Final = 8  # blocks


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
    return frame_of([row for one in found for row in _rows(one, efforts)], PERCENT_COST_COLUMNS)


def _rows(ledger: Ledger, efforts: np.ndarray) -> Iterator[dict[str, Any]]:
    if ledger.prices is None:
        return
    series, names = ledger.followed.series, ledger.turns.models
    spending, places = ledger.spending()
    start = max((step.place for step in ledger.steps if step.sure), default=0)
    spending, places = spending.part(slice(start, None)), places[start:]
    fitted = ledger.weights[0] / ledger.weights[0, 0]
    who: dict[str, Any] = {"account_key": series.account_key, "limit": series.limit, "window": series.window}
    who |= {"since": int(spending.since[0]), **dict(zip(KINDS[1:], fitted[1:].tolist(), strict=True))}
    used = sorted(set(ledger.turns.model.tolist()))
    by_model = ledger.weighted[places]
    parts = [(names[model], ALL_EFFORTS, by_model[:, model], ledger.weights[model, 0]) for model in used]
    if len(used) > 1:
        parts.insert(0, (ALL_MODELS, ALL_EFFORTS, by_model.sum(axis=1), np.nan))
    parts += [
        (names[model], str(effort), _of_effort(ledger, efforts, model, effort)[places], ledger.weights[model, 0])
        for model in used
        for effort in sorted({one for one in efforts[ledger.turns.rows] if isinstance(one, str)})
    ]
    for model, effort, weighted, weight in parts:
        alone = spending.part(weighted >= DOMINANT * by_model.sum(axis=1))
        if len(alone.points) >= _LEAST:
            price, error = price_of(alone, ledger.spread)
            bounds = [1 / price * np.exp(way * LIKELY * error) for way in (0, -1, 1)]
            row = dict(zip(("per_point", "low", "high"), bounds, strict=True))
            yield who | row | {"model": model, "effort": effort, "blocks": len(alone.points), "weight": weight}


def _of_effort(ledger: Ledger, efforts: np.ndarray, model: int, effort: str) -> Floats:
    """Weighted tokens of each block that a model spent at one effort."""
    turns, blocks = ledger.turns, ledger.blocks
    mine = (turns.model == model) & (efforts[turns.rows] == effort)
    spent = np.append(0.0, np.cumsum(np.where(mine, turns.weighted(ledger.weights), 0.0)))
    found: Floats = spent[blocks.high] - spent[blocks.low]
    return found
