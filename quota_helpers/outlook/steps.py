"""From which moment on a token costs more or less: steps of a price, and whether foreign use could be taken for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from ..periods.readings import Floats
from ..times import DAY, SECOND
from .blocks import Blocks
from .prices import ROUNDING, mixture, price_of, shared

PERMUTED: Final = 499
LEVEL: Final = 0.04  # the risk of a false alarm in all series of an account together
LEAST_STEP: Final = 0.09  # of a logarithm: a smaller one is no news, for a mixture of tokens that drifts looks like it
MARGIN: Final = 0.02  # by how much a step must surely differ from none
TOLD_APART: Final = 3.0  # of a logarithm of likelihoods: a step beside foreign use by the hour, or none

_CLIPPED: Final = 3.0  # standard deviations: how much one block may say
_SIDE_BLOCKS: Final = 5
_SIDE_POINTS: Final = 10.0
_UNEVEN: Final = 0.7  # how far foreign use by the hour deviates from its mean, as a share
_UNSEEN: Final = 1e3  # points an hour: no quiet time says that there are fewer
_MOST_STEPS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A moment from which on a token costs more or less."""

    at: int  # when the block begins that it begins with, in microseconds
    p_value: float  # how often so strong a step would be seen by chance in any of the series that were searched
    sure: bool  # whether foreign use that goes on by the hour would not do as well


def find_steps(spending: Blocks, spread: float, rng: np.random.Generator, tests: int) -> tuple[Step, ...]:
    """The steps of a price, oldest first; *tests* series share the risk of a false alarm.

    The scores of the blocks are added up in order; days are shuffled to learn how far such a sum strays by chance.
    Where it strays further the series is cut, and both parts are looked at in the same way.
    """
    found: dict[int, float] = {}
    waiting = [(0, len(spending.until))]
    while waiting and len(found) < _MOST_STEPS:
        low, high = waiting.pop()
        place, chance = strongest(spending.part(slice(low, high)), spread, rng)
        if chance * tests <= LEVEL:
            found[low + place] = chance * tests
            waiting += [(low, low + place), (low + place, high)]
    return tuple(_checked(spending, spread, found))


def _checked(spending: Blocks, spread: float, found: Mapping[int, float]) -> Iterator[Step]:
    """Those of the steps at which the prices on both sides differ by more than would be no news."""
    places = sorted(found)
    begin = 0
    for place, end in pairwise([*places, len(spending.until)]):
        around = spending.part(slice(begin, end))
        if _differs(around, place - begin, spread):
            sure = _is_told_apart(around, place - begin, spread)
            yield Step(int(spending.since[place]), found[place], sure)
            begin = place


def _differs(spending: Blocks, place: int, spread: float) -> bool:
    before, after, error = prices_at(spending, place, spread)
    return bool(abs(np.log(after / before)) >= max(LEAST_STEP, MARGIN + 2 * error))


def _is_told_apart(spending: Blocks, place: int, spread: float) -> bool:
    """Whether a step at this block is needed beside foreign use that goes on by the hour, before it or after it.

    How much that can be at most is known from the hours in which no turn ran.
    """
    after = np.arange(len(spending.points)) >= place
    most = []
    for low, high in ((0, place - 1), (place - 1, -1)):
        risen, seen = (quiet[high] - quiet[low] for quiet in (spending.quiet_points, spending.quiet_hours))
        most.append(2 * (risen + 1.5) / seen if seen > 0 else _UNSEEN)
    unit = spending.weighted / spending.weighted.mean()
    by_hour = [spending.hours * ~after, spending.hours * after]
    without = _likelihood(spending.points, np.column_stack([unit, *by_hour]), np.array([np.inf, *most]), spread)
    stepped = np.column_stack([unit * ~after, unit * after, *by_hour])
    beside = _likelihood(spending.points, stepped, np.array([np.inf, np.inf, *most]), spread)
    return beside - without >= TOLD_APART


def _likelihood(points: Floats, terms: Floats, most: Floats, spread: float) -> float:
    """The logarithm of how likely blocks are whose points are a sum of terms, each at a cost between 0 and *most*.

    The terms are weighted tokens, whose cost is not bounded, then hours.
    """
    tokens = np.isinf(most)
    cost = np.where(tokens, np.quantile(points / np.maximum(terms[:, tokens].sum(axis=1), 1e-9), 0.35), 0.0)
    share, likely = 0.2, np.zeros(0)
    for _ in range(15):
        due, by_hour = terms @ cost, terms[:, ~tokens] @ cost[~tokens]
        noise = ROUNDING + (spread * (due - by_hour)) ** 2 + (_UNEVEN * by_hour) ** 2
        own, likely = mixture(points - due, due, noise, share)
        share = shared(own)
        cost = _costs(points, terms, most, own / noise, cost)
    return float(likely.sum())


def _costs(points: Floats, terms: Floats, most: Floats, trust: Floats, cost: Floats) -> Floats:
    """The costs, each within its bounds, that fit best where blocks count by *trust*; *cost*: where to begin."""
    cost, free = cost.copy(), np.full(len(cost), fill_value=True)
    while free.any():
        weighed = (terms[:, free] * trust[:, None]).T
        curve = weighed @ terms[:, free] + 1e-12 * np.eye(free.sum())
        cost[free] = np.linalg.solve(curve, weighed @ (points - terms[:, ~free] @ cost[~free]))
        beyond = free & ((cost < 0) | (cost > most))
        if not beyond.any():
            break
        cost = np.clip(cost, 0.0, most)
        free &= ~beyond  # those at a bound stay there
    return cost


def prices_at(spending: Blocks, place: int, spread: float) -> tuple[float, float, float]:
    """Points that a weighted token costs before and from a block on; and the error of their ratio's logarithm."""
    sides = (spending.part(slice(place)), spending.part(slice(place, None)))
    (before, one), (after, other) = (price_of(side.points, side.weighted, spread) for side in sides)
    return before, after, float(np.hypot(one, other))


def strongest(spending: Blocks, spread: float, rng: np.random.Generator) -> tuple[int, float]:
    """The place at which a step is likeliest, and its p-value; 0 and 1 where both sides are too short."""
    points, weighted = spending.points, spending.weighted
    inside = (np.cumsum(points) >= _SIDE_POINTS) & (points.sum() - np.cumsum(points) >= _SIDE_POINTS)
    inside[:_SIDE_BLOCKS] = inside[len(points) - _SIDE_BLOCKS :] = False
    if not inside.any():
        return 0, 1.0
    due = weighted * price_of(points, weighted, spread)[0]
    deviation = np.sqrt(ROUNDING + (spread * due) ** 2)
    precision = due / deviation
    score = np.clip((points - due) / deviation, -_CLIPPED, _CLIPPED) * precision
    # A fixed number of blocks at both ends: the shuffled ones are cut at the same share of what is known.
    day = np.unique(spending.until // (DAY * SECOND), return_inverse=True)[1]
    keys = rng.random((PERMUTED, day.max() + 1))[:, day]
    orders = np.vstack([np.arange(len(points)), np.argsort(keys, axis=1, kind="stable")])
    # How far the sums up to each block stray from their share of the whole, in standard deviations; a row a series.
    total, known = np.cumsum(score[orders], axis=1), np.cumsum(precision[orders] ** 2, axis=1)
    share = known / known[:, -1:]
    off = np.abs(total - share * total[:, -1:]) / np.sqrt(np.maximum(known[:, -1:] * share * (1 - share), 1e-9))
    low, high = np.flatnonzero(inside)[[0, -1]]
    strayed = off[:, low : high + 1]
    most = strayed.max(axis=1)
    return int(low + strayed[0].argmax()) + 1, float((most >= most[0] - 1e-9).sum() / len(most))
