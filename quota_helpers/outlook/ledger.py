"""What the points of an account's windows were spent on: blocks of turns, what these cost, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from ..frames import Integers, keys_of, readings
from ..labels import Names
from ..periods import Followed, follow_all
from ..periods.readings import Floats
from ..sessions.table import UNATTRIBUTED
from .blocks import LAGS, Blocks, blocks_of, time_shut
from .own_turns import Places, Turns, nobodys, turns_by_account
from .prices import ROUNDING, USUAL, Prices, checked_weights, fit_prices, mixture
from .steps import TOLD_APART, Spending, Step, find_steps

OWN_LIMIT: Final = "codex"
DOMINANT: Final = 0.8  # share of a block's weighted tokens: from here on it tells of one model alone
MODEL_BLOCKS: Final = 20  # so many of them make a model worth looking at by itself

_STRETCH: Final = (8, 20.0)  # blocks and points: prices of shorter stretches are not told apart when weights are fitted
_STRETCHES: Final = 10  # of a window, at most


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """One window of one account.

    Attributes:
        followed: Its readings.
        turns: The account's turns.
        blocks: Its time, cut into blocks.
        amounts: Tokens of each block by model and kind.
        trickle: Points of each block that somebody else used by the hour, beside what came in bursts.
        tests: How many series of the account are searched for steps.
        steps: The steps of its price, oldest first.
        group: For each block, which of the prices holds.
        prices: What a point costs, with the steps that are sure; None: there is too little to tell.
        doubt: The same with all steps, where some are not sure.
    """

    followed: Followed
    turns: Turns
    blocks: Blocks
    amounts: Floats
    trickle: Floats
    tests: int = 1
    steps: tuple[Step, ...] = ()
    group: Places | None = None
    prices: Prices | None = None
    doubt: Ledger | None = None

    @property
    def beside(self) -> Floats:
        """Points of each block without what trickled away."""
        return np.maximum(0.0, self.blocks.points - self.trickle)

    @property
    def weights(self) -> Floats:
        """Weights by model and kind; the usual ones where there is too little to tell."""
        usual = np.tile(np.append(1.0, USUAL), (len(self.turns.models), 1))
        return usual if self.prices is None else self.prices.weights

    @property
    def spread(self) -> float:
        """How far a block's points deviate from its price, as a share."""
        return 0.0 if self.prices is None else self.prices.spread

    @property
    def weighted(self) -> Floats:
        """Weighted tokens of each block, by model."""
        found: Floats = (self.amounts * self.weights).sum(axis=2)
        return found

    @property
    def due(self) -> Floats:
        """Points that the turns of each block cost; what it rose where there is no price."""
        if self.prices is None or self.group is None:
            return np.where(self.blocks.own, self.blocks.points, 0.0)
        cost: Floats = self.prices.due(self.amounts, self.group).sum(axis=(1, 2))
        return cost

    @property
    def explained(self) -> Floats:
        """Points of each block that its turns explain: all, unless others probably had a share in it."""
        blocks, due = self.blocks, self.due
        spread = self.spread
        own, _ = mixture(self.beside - due, due, ROUNDING + (spread * due) ** 2, 0.1)
        mine = own * self.beside + (1 - own) * np.minimum(self.beside, due)
        return np.where(blocks.own & ~blocks.unsure, mine, 0.0)

    def spending(self, model: int | None = None) -> tuple[Spending, Places]:
        """The blocks that say what tokens cost, of one model alone or of all; and their places in the ledger."""
        blocks, weighted = self.blocks, self.weighted
        total = weighted.sum(axis=1)
        chosen = blocks.measured & (total > 0)
        if model is not None:
            chosen &= weighted[:, model] >= DOMINANT * total
        quiet = [np.cumsum(np.where(blocks.own, 0.0, amount))[chosen] for amount in (blocks.points, blocks.hours)]
        own = [column[chosen] for column in (blocks.since, blocks.until, self.beside, total, blocks.hours)]
        found = Spending(*own, *quiet)
        return found, np.flatnonzero(chosen)

    def models(self) -> list[int]:
        """The models that have enough blocks of their own, where there are several."""
        total = self.weighted.sum(axis=1)
        alone = self.weighted[self.blocks.measured & (total > 0)]
        often = (alone >= DOMINANT * alone.sum(axis=1, keepdims=True)).sum(axis=0)
        return np.flatnonzero(often >= MODEL_BLOCKS).tolist() if (often > 0).sum() > 1 else []


def ledgers_of(
    windows: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    accounts: Names = None,
    weights: Mapping[str, float] | None = None,
    edges: Callable[[Followed], Sequence[int]] = lambda _: (),
    seed: int = 0,
) -> list[Ledger]:
    """One for each window of an account's own limit of which there are turns.

    Args:
        windows: Readings over time.
        tokens: Turns.
        accounts: Names or keys; None means all.
        weights: Weights of kinds of tokens that are not to be fitted.
        edges: Of a window: moments that no block reaches over.
        seed: Of the search for steps.

    Raises:
        TypeError, ValueError: An argument is not what is said here; the message says what is wanted.
    """
    frame = readings(windows, "windows")
    turns = turns_by_account(tokens)
    given = checked_weights(weights)
    keys = keys_of(frame, accounts)
    of: dict[str, list[Followed]] = {}
    for followed in follow_all(frame if keys is None else frame[frame["account_key"].isin(keys)], limits=OWN_LIMIT):
        key = followed.series.account_key or ""
        if key in turns and len(turns[key].time) and key != UNATTRIBUTED:
            of.setdefault(key, []).append(followed)
    rng, doubtful = np.random.default_rng(seed), nobodys(turns)
    found: list[Ledger] = []
    for key, mine in of.items():
        tried = [_cut(mine, turns[key], doubtful, lag, edges) for lag in LAGS]
        found += _with_steps(_with_prices(tried, given), given, rng)
    return found


def _cut(
    mine: Sequence[Followed], turns: Turns, doubtful: Integers, lag: int, edges: Callable[[Followed], Sequence[int]]
) -> list[Ledger]:
    """The account's windows cut into blocks, for turns that are counted so late."""
    shut, spent = time_shut(mine), turns.cumulated()
    parts = [blocks_of(one, turns, doubtful, shut, lag, edges(one)) for one in mine]
    pairs = zip(mine, parts, strict=True)
    return [
        Ledger(one, turns, blocks, spent[blocks.high] - spent[blocks.low], np.zeros(len(blocks.points)))
        for one, blocks in pairs
    ]


def _with_prices(tried: list[list[Ledger]], given: Mapping[str, float]) -> list[Ledger]:
    """The ledgers with the lag whose blocks fit best, first with the usual weights, then with those fitted to them.

    Every stretch of days has a price of its own here, so that no change of the price spoils the weights.
    """
    best, ledgers = -1, tried[0]
    for _ in range(2):
        misfit = np.array([_misfit(each, ledgers) for each in tried])
        before, best = best, int(np.argmax(misfit <= misfit.min() + 1))  # no lag, as long as none fits clearly better
        if best == before:
            break
        ledgers = _fitted(tried[best], [_stretches(one) for one in tried[best]], given)
    if not any(one.prices for one in ledgers):
        return ledgers
    trickled = [replace(one, trickle=one.blocks.trickle * one.blocks.hours) for one in ledgers]
    if not any(one.trickle.any() for one in trickled):
        return ledgers
    other = _fitted(trickled, [_stretches(one) for one in trickled], given)
    without, beside = _prices_of(ledgers), _prices_of(other)
    if without is None or beside is None or beside.likelihood <= without.likelihood + TOLD_APART:
        return ledgers
    return other


def _with_steps(ledgers: list[Ledger], given: Mapping[str, float], rng: np.random.Generator) -> Iterator[Ledger]:
    """The ledgers with one price between two steps."""
    if not any(one.prices for one in ledgers):
        yield from ledgers
        return
    tests = sum(1 + len(one.models()) for one in ledgers)
    searched = [
        replace(one, tests=tests, steps=find_steps(one.spending()[0], one.spread, rng, tests)) for one in ledgers
    ]
    sure = [[step for step in one.steps if step.sure] for one in searched]
    firm = _fitted(searched, [_between(one, steps) for one, steps in zip(searched, sure, strict=True)], given)
    every = (
        _fitted(searched, [_between(one, one.steps) for one in searched], given)
        if sure != [list(one.steps) for one in searched]
        else firm
    )
    for one, other, steps in zip(firm, every, sure, strict=True):
        yield replace(one, doubt=None if len(steps) == len(one.steps) else other)


def _fitted(ledgers: Sequence[Ledger], groups: Sequence[Places], given: Mapping[str, float]) -> list[Ledger]:
    """The ledgers with prices by their groups of blocks, and weights that all of them share."""
    rows = [one.blocks.measured for one in ledgers]
    able = [bool(one.beside[row].sum() > 0) for one, row in zip(ledgers, rows, strict=True)]
    if not any(able):
        return list(ledgers)
    sizes = [int(group.max(initial=0)) + 1 if can else 0 for group, can in zip(groups, able, strict=True)]
    groups = [group + start for group, start in zip(groups, np.cumsum([0, *sizes[:-1]]), strict=True)]
    rows = [row & can for row, can in zip(rows, able, strict=True)]
    points, amounts, group = (
        np.concatenate([part[row] for part, row in zip(column, rows, strict=True)])
        for column in ([one.beside for one in ledgers], [one.amounts for one in ledgers], groups)
    )
    prices = fit_prices(points, amounts, group, given)
    return [
        replace(one, group=group, prices=prices) if can else one
        for one, group, can in zip(ledgers, groups, able, strict=True)
    ]


def _stretches(ledger: Ledger) -> Places:
    """A number for each block: stretches of some blocks and points, each of which may have a price of its own."""
    counted, risen = np.cumsum(ledger.blocks.measured), np.cumsum(ledger.blocks.points * ledger.blocks.measured)
    if not len(counted):
        return np.zeros(0, np.intp)
    blocks, points = (
        max(least, total[-1] / _STRETCHES) for least, total in zip(_STRETCH, (counted, risen), strict=True)
    )
    found, start = np.zeros(len(counted), np.intp), 0
    for at in range(1, len(counted)):
        full = counted[at - 1] - counted[start] >= blocks and risen[at - 1] - risen[start] >= points
        left = counted[-1] - counted[at - 1] >= blocks and risen[-1] - risen[at - 1] >= points
        if full and left:
            start = at
            found[at] = 1
    return np.cumsum(found)


def _between(ledger: Ledger, steps: Sequence[Step]) -> Places:
    """For each block, how many of the steps lie before it."""
    places = ledger.spending()[1]
    return np.searchsorted(places[[step.place for step in steps]], np.arange(len(ledger.blocks.points)), side="right")


def _prices_of(ledgers: Sequence[Ledger]) -> Prices | None:
    """The prices that the ledgers of an account share."""
    return next((one.prices for one in ledgers if one.prices is not None), None)


def _misfit(ledgers: Sequence[Ledger], like: Sequence[Ledger]) -> float:
    """How badly points go with weighted tokens at one price a window, outliers bounded; weights as of others."""
    found, prices = 0.0, _prices_of(like)
    for ledger in ledgers:
        fit = ledger.blocks.measured
        points, weighted = ledger.beside[fit], replace(ledger, prices=prices).weighted[fit].sum(axis=1)
        price, square = points.sum() / max(1e-9, weighted.sum()), np.zeros(0)
        for _ in range(6):
            noise = ROUNDING + (0.2 * price * weighted) ** 2
            square = (points - price * weighted) ** 2 / noise
            trust = np.clip(1 - square / 16, 0, 1) / noise
            price = max(1e-12, (trust * points * weighted).sum() / max(1e-12, (trust * weighted**2).sum()))
        found += float(np.minimum(square, 6).sum())
    return found
