"""What one window's points were spent on: its blocks, the account's turns in them, and how far these explain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ..frames import keys_of, readings
from ..labels import Names, one_of
from ..periods import Followed, follow_all
from ..periods.readings import Floats
from ..sessions.columns import UNATTRIBUTED
from ..times import Moment, bounds
from .blocks import Blocks, blocks_of
from .own_turns import KINDS, Turns, nobodys, turns_by_account

OWN_LIMIT: Final = "codex"

USUAL: Final = (1.0, 0.1, 6.0, 6.0)
"""Weights of `KINDS` to begin with."""


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """One window of one account.

    Attributes:
        followed: Its readings.
        turns: The account's turns.
        blocks: Its time, cut into blocks.
        weighted: Weighted tokens of each turn.
        explained: Points of each block that its turns explain.
    """

    followed: Followed
    turns: Turns
    blocks: Blocks
    weighted: Floats
    explained: Floats


def ledgers_of(
    windows: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    accounts: Names = None,
    since: Moment | None = None,
    until: Moment | None = None,
    weights: Mapping[str, float] | None = None,
) -> list[Ledger]:
    """One for each window of an account's own limit of which there are turns; the arguments as of `burn`.

    Raises:
        TypeError, ValueError: As `burn`.
    """
    windows = readings(windows, "windows")
    turns = turns_by_account(tokens)
    keys = keys_of(windows, accounts)
    chosen = windows if keys is None else windows[windows["account_key"].isin(keys)]
    newest = windows["fetched_at"].max()
    low, high = bounds(since, until, newest=None if pd.isna(newest) else int(newest.value // 1000))
    found = []
    for followed in follow_all(chosen, limits=OWN_LIMIT):
        key = followed.series.account_key or ""
        if key in turns and len(turns[key].time) and key != UNATTRIBUTED:
            edges = [edge for edge in (low, high) if edge is not None]
            blocks = blocks_of(followed, turns[key], nobodys(turns), edges).between(low, high)
            weighted = turns[key].weighted(given_weights(weights, len(turns[key].models)))
            found.append(Ledger(followed, turns[key], blocks, weighted, np.where(blocks.own, blocks.points, 0.0)))
    return found


def given_weights(weights: Mapping[str, float] | None, models: int) -> Floats:
    """Weights by model and kind, all models alike; None: the usual ones.

    Raises:
        ValueError: A kind is unknown, or a weight below 0.
    """
    told = dict(zip(KINDS, USUAL, strict=True))
    for name, weight in (weights or {}).items():
        one_of(name, KINDS, "weight")
        if not weight >= 0:
            raise ValueError(f"the weight of {name} must be 0 or more, not {weight!r}")
        told[name] = float(weight)
    return np.tile(np.array([told[name] for name in KINDS]), (models, 1))
