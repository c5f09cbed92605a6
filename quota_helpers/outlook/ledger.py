"""What the points of an account's windows were spent on: blocks of turns, what these cost, and the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from ..frames import Integers, keys_of, readings
from ..labels import Names
from ..models import OWN
from ..periods import Followed, follow_all
from ..periods.readings import Flags, Floats
from ..sessions.table import UNATTRIBUTED
from .blocks import LAGS, Blocks, blocks_of, time_full
from .own_turns import Places, Turns, turns_by_account
from .prices import ROUNDING, WEIGHTS, Prices, checked_weights, fit_prices, mixture
from .steps import Step, find_steps

DOMINANT: Final = 0.8  # share of a block's weighted tokens: from here on it tells of one model alone
MODEL_BLOCKS: Final = 20  # so many of them make a model worth looking at by itself

_STRETCH: Final = (8, 20.0)  # blocks and points: prices of shorter stretches are not told apart when weights are fitted
_STRETCHES: Final = 10  # of a window, at most
_NO_EDGES: Final[Integers] = np.zeros(0, np.int64)
_CLEARLY: Final = 3.0  # of a logarithm of likelihoods: others' use by the hour, or none


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """One window of one account."""

    followed: Followed  # its readings
    turns: Turns  # the account's turns
    blocks: Blocks  # its time, cut into blocks
    group: Places  # for each block, which of the prices holds
    prices: Prices | None = None  # what a point costs, with the steps that are sure; None: there is too little to tell
    steps: tuple[Step, ...] = ()  # the steps of its price, oldest first
    tests: int = 1  # how many series of the account are searched for steps
    doubt: Ledger | None = None  # the same with all steps, where some are not sure
    trickle: Floats | None = None  # points that somebody else used by the hour, where that fits clearly better

    @property
    def points(self) -> Floats:
        """Points of each block without what trickled away."""
        points = self.blocks.points
        return points if self.trickle is None else np.maximum(0.0, points - self.trickle)

    @property
    def measured(self) -> Flags:
        """Blocks that say what tokens cost; none, where none of them rose."""
        measured = self.blocks.measured
        return measured & bool(self.points[measured].sum() > 0)

    @property
    def weights(self) -> Floats:
        """Weights by model and kind; the usual ones where there is too little to tell."""
        usual = np.tile([1.0, *(usual for usual, *_ in WEIGHTS.values())], (len(self.turns.models), 1))
        return usual if self.prices is None else self.prices.weights

    @property
    def spread(self) -> float:
        """How far a block's points deviate from its price, as a share."""
        return 0.0 if self.prices is None else self.prices.spread

    @property
    def weighted(self) -> Floats:
        """Weighted tokens of each block, by model."""
        found: Floats = (self.blocks.amounts * self.weights).sum(axis=2)
        return found

    @property
    def due(self) -> Floats:
        """Points that the turns of each block cost; what it rose where there is no price."""
        if self.prices is None:
            return np.where(self.blocks.own, self.blocks.points, 0.0)
        cost: Floats = self.prices.due(self.blocks.amounts, self.group).sum(axis=(1, 2))
        return cost

    @property
    def explained(self) -> Floats:
        """Points of each block that its turns explain: all, unless others probably had a share in it."""
        blocks, due = self.blocks, self.due
        own, _ = mixture(self.points - due, due, ROUNDING + (self.spread * due) ** 2, 0.1)
        mine = own * self.points + (1 - own) * np.minimum(self.points, due)
        return np.where(blocks.own & ~blocks.unsure, mine, 0.0)

    def spending(self, model: int | None = None) -> Blocks:
        """The blocks that say what tokens cost, of one model alone or of all."""
        weighted = self.weighted
        total = weighted.sum(axis=1)
        chosen = self.measured & (total > 0)
        if model is not None:
            chosen &= weighted[:, model] >= DOMINANT * total
        return replace(self.blocks, points=self.points, weighted=total).part(chosen)

    def models(self) -> list[int]:
        """The models that have enough blocks of their own, where there are several."""
        weighted = self.weighted[self.measured]
        total = weighted.sum(axis=1, keepdims=True)
        often = ((weighted >= DOMINANT * total) & (total > 0)).sum(axis=0)
        return np.flatnonzero(often >= MODEL_BLOCKS).tolist() if (often > 0).sum() > 1 else []


def ledgers_of(
    windows: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    accounts: Names = None,
    weights: Mapping[str, float] | None = None,
    edges: Integers = _NO_EDGES,
    seed: int = 0,
) -> list[Ledger]:
    """One for each window of an account's own limit of which there are turns.

    How late the server counts shows in what fits best: no lag, as long as none fits clearly better. No block
    reaches over one of the *edges*. Arguments that are wrong raise as in `burn`.
    """
    frame = readings(windows, "windows")
    turns = turns_by_account(tokens)
    given = checked_weights(weights)
    keys = keys_of(frame, accounts)
    nobodys = turns.pop(UNATTRIBUTED).time if UNATTRIBUTED in turns else np.zeros(0, np.int64)
    of: dict[str, list[Followed]] = {}
    for followed in follow_all(frame if keys is None else frame[frame["account_key"].isin(keys)], limits=OWN):
        key = followed.series.account_key or ""
        if key in turns and len(turns[key].time):
            of.setdefault(key, []).append(followed)
    rng = np.random.default_rng(seed)
    found: list[Ledger] = []
    for key, mine in of.items():
        shut, tried = [time_full(one) for one in mine], []
        for lag in LAGS:
            blocks = [blocks_of(one, turns[key], nobodys, shut, lag, edges) for one in mine]
            pairs = zip(mine, blocks, strict=True)
            tried.append(_fitted([Ledger(one, turns[key], part, _stretches(part)) for one, part in pairs], given))
        likely = np.array([_likelihood(each) for each in tried])
        best = tried[int(np.argmax(likely >= likely.max() - 1))]
        beside = _fitted([replace(one, trickle=one.blocks.trickle) for one in best], given)
        best = beside if _likelihood(beside) > _likelihood(best) + _CLEARLY else best
        found += _with_steps(best, given, rng)
    return found


def _likelihood(ledgers: Sequence[Ledger]) -> float:
    """How likely the prices are that the ledgers of an account share."""
    return max((one.prices.likelihood for one in ledgers if one.prices), default=-np.inf)


def _with_steps(ledgers: list[Ledger], given: Mapping[str, float], rng: np.random.Generator) -> list[Ledger]:
    """The ledgers with one price between two steps."""
    if not any(one.prices for one in ledgers):
        return ledgers
    tests = sum(1 + len(one.models()) for one in ledgers)
    steps = [find_steps(one.spending(), one.spread, rng, tests) for one in ledgers]
    firm, every = (
        _fitted([_stepped(one, some, tests, unsure=unsure) for one, some in zip(ledgers, steps, strict=True)], given)
        for unsure in (False, True)
    )
    pairs = zip(firm, every, strict=True)
    return [one if all(step.sure for step in one.steps) else replace(one, doubt=other) for one, other in pairs]


def _stepped(ledger: Ledger, steps: tuple[Step, ...], tests: int, *, unsure: bool) -> Ledger:
    moments = [step.at for step in steps if step.sure or unsure]
    group = np.searchsorted(np.array(moments, np.int64), ledger.blocks.since, side="right")
    return replace(ledger, steps=steps, tests=tests, group=group)


def _fitted(ledgers: Sequence[Ledger], given: Mapping[str, float]) -> list[Ledger]:
    """The ledgers of an account with prices by their groups of blocks, and weights that all of them share."""
    starts = np.cumsum([0, *(int((one.group[-1:] - one.group[:1]).sum()) + 1 for one in ledgers[:-1])])
    groups = [one.group - one.group[:1] + start for one, start in zip(ledgers, starts, strict=True)]
    points, amounts, group = (
        np.concatenate([column[one.measured] for one, column in zip(ledgers, columns, strict=True)])
        for columns in ([one.points for one in ledgers], [one.blocks.amounts for one in ledgers], groups)
    )
    prices = fit_prices(points, amounts, group, given)
    return [
        replace(one, group=group, prices=prices if one.measured.any() else None)
        for one, group in zip(ledgers, groups, strict=True)
    ]


def _stretches(blocks: Blocks) -> Places:
    """A number for each block: stretches of some blocks and points, each of which may have a price of its own.

    So no change of the price spoils the weights that are fitted to all of them.
    """
    counted, risen = np.cumsum(blocks.measured), np.cumsum(blocks.points * blocks.measured)
    if not len(counted) or not risen[-1] > 0:
        return np.zeros(len(counted), np.intp)
    most = int(min(_STRETCHES, counted[-1] // _STRETCH[0], risen[-1] // _STRETCH[1]))
    gone = np.minimum(counted / counted[-1], risen / risen[-1])
    number: Places = np.minimum(gone * most, max(0, most - 1)).astype(np.intp)
    return number
