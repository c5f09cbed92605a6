"""From which moment on a token costs more or less: steps of a price, and whether foreign use could be taken for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import numpy as np

from ..frames import Integers
from ..periods.readings import Flags, Floats
from ..times import DAY, SECOND
from .prices import ROUNDING, mixture

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
class Spending:
    """Blocks of turns of one window, oldest first, as columns.

    Attributes:
        since: When each began, in microseconds.
        until: When it ended, in microseconds.
        points: By how much it rose.
        weighted: Its weighted tokens.
        hours: How long it lasted.
        quiet_points: What rose in quiet blocks up to its end.
        quiet_hours: How long those lasted.
    """

    since: Integers
    until: Integers
    points: Floats
    weighted: Floats
    hours: Floats
    quiet_points: Floats
    quiet_hours: Floats

    def part(self, chosen: Flags | slice) -> Spending:
        """Some of the blocks."""
        return Spending(*(getattr(self, column.name)[chosen] for column in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A moment from which on a token costs more or less.

    Attributes:
        place: The block that it begins with, as a position in the spending.
        p_value: How often so strong a step would be seen by chance in any of the series that were searched.
        sure: Whether foreign use that goes on by the hour would not do as well.
    """

    place: int
    p_value: float
    sure: bool


def find_steps(spending: Spending, spread: float, rng: np.random.Generator, tests: int) -> tuple[Step, ...]:
    """The steps of a price, oldest first.

    The scores of the blocks are added up in order; days are shuffled to learn how far such a sum strays by chance.
    Where it strays further the series is cut, and both parts are looked at in the same way.

    Args:
        spending: The blocks.
        spread: How far a block's points deviate from its price, as a share.
        rng: For the shuffling.
        tests: How many series share the risk of a false alarm.
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


def _checked(spending: Spending, spread: float, found: Mapping[int, float]) -> Iterator[Step]:
    """Those of the steps at which the prices on both sides differ by more than would be no news."""
    places = sorted(found)
    begin = 0
    for place, end in pairwise([*places, len(spending.until)]):
        rise, error = rise_at(spending.part(slice(begin, end)), place - begin, spread)
        if abs(rise) >= max(LEAST_STEP, MARGIN + 2 * error):
            yield Step(place, found[place], is_told_apart(spending.part(slice(begin, end)), place - begin, spread))
            begin = place


def rise_at(spending: Spending, place: int, spread: float) -> tuple[float, float]:
    """By how much the logarithm of the price is higher from a block on than before; and its standard error."""
    (before, one), (after, other) = (
        price_of(spending.part(part), spread) for part in (slice(place), slice(place, None))
    )
    return float(np.log(after / before)), float(np.hypot(one, other))


def strongest(spending: Spending, spread: float, rng: np.random.Generator) -> tuple[int, float]:
    """The place at which a step is likeliest, and its p-value; 0 and 1 where both sides are too short."""
    points, weighted = spending.points, spending.weighted
    inside = (np.cumsum(points) >= _SIDE_POINTS) & (points.sum() - np.cumsum(points) >= _SIDE_POINTS)
    inside[:_SIDE_BLOCKS] = inside[len(points) - _SIDE_BLOCKS :] = False
    if not inside.any():
        return 0, 1.0
    due = weighted * price_of(spending, spread)[0]
    deviation = np.sqrt(ROUNDING + (spread * due) ** 2)
    precision = due / deviation
    score = np.clip((points - due) / deviation, -_CLIPPED, _CLIPPED) * precision
    # A fixed number of blocks at both ends: the shuffled ones are cut at the same share of what is known.
    day = np.unique(spending.until // (DAY * SECOND), return_inverse=True)[1]
    keys = rng.random((PERMUTED, day.max() + 1))[:, day]
    orders = np.vstack([np.arange(len(points)), np.argsort(keys, axis=1, kind="stable")])
    strayed = _strayed(score[orders], precision[orders] ** 2)
    low, high = np.flatnonzero(inside)[[0, -1]]
    span = strayed[:, low : high + 1]
    most = span.max(axis=1)
    return int(low + span[0].argmax()) + 1, float((most >= most[0] - 1e-9).sum() / len(most))


def _strayed(score: Floats, information: Floats) -> Floats:
    """How far the sums up to each block stray from their share of the whole, in standard deviations; a row a series."""
    total, known = np.cumsum(score, axis=1), np.cumsum(information, axis=1)
    share = known / known[:, -1:]
    off = np.abs(total - share * total[:, -1:])
    strayed: Floats = off / np.sqrt(np.maximum(known[:, -1:] * share * (1 - share), 1e-9))
    return strayed


def price_of(spending: Spending, spread: float) -> tuple[float, float]:
    """Points that a weighted token costs, others' use beside it left out; and its standard error as a share."""
    points, weighted = spending.points, spending.weighted
    if not points.sum() > 0:
        return np.nan, np.inf
    (price,), _ = fit_terms(points, weighted[:, None], np.full(1, np.inf), spread)
    due = price * weighted
    noise = ROUNDING + (spread * due) ** 2
    own, _ = mixture(points - due, due, noise, 0.2)
    return max(float(price), 1e-15), float(max(1e-12, (own * due**2 / noise).sum()) ** -0.5)


def fit_terms(points: Floats, terms: Floats, most: Floats, spread: float) -> tuple[Floats, float]:
    """What each term costs, between 0 and *most*, and the logarithm of the likelihood; the first terms are tokens.

    Args:
        points: Of each block.
        terms: One row a block: weighted tokens, before and after a step, then hours.
        most: The most that each term may cost.
        spread: As in `find_steps`.
    """
    cost = np.minimum(np.linalg.lstsq(terms, points, rcond=None)[0].clip(0), most)
    tokens = np.isinf(most)
    ratio = np.quantile(points / np.maximum((terms[:, tokens] @ np.ones(tokens.sum())), 1e-9), 0.35)
    cost[tokens], cost[~tokens] = ratio, 0.0
    share, likely = 0.2, np.zeros(0)
    for _ in range(15):
        due = terms @ cost
        by_hour = terms[:, ~tokens] @ cost[~tokens]
        noise = ROUNDING + (spread * (due - by_hour)) ** 2 + (_UNEVEN * by_hour) ** 2
        own, likely = mixture(points - due, due, noise, share)
        share = float(np.clip(1 - own.mean(), 0.01, 0.6))
        trust = own / noise
        free = np.full(len(cost), fill_value=True)
        for _ in cost:  # those at a bound stay there
            curve = (terms[:, free] * trust[:, None]).T @ terms[:, free] + 1e-12 * np.eye(free.sum())
            rest = points - terms[:, ~free] @ cost[~free]
            cost[free] = np.linalg.solve(curve, (terms[:, free] * trust[:, None]).T @ rest)
            beyond = free & ((cost < 0) | (cost > most))
            if not beyond.any():
                break
            cost = np.clip(cost, 0.0, most)
            free &= ~beyond
            if not free.any():
                break
    return cost, float(likely.sum())


def is_told_apart(spending: Spending, place: int, spread: float) -> bool:
    """Whether a step at this block is needed beside foreign use that goes on by the hour, before it or after it."""
    after = np.arange(len(spending.points)) >= place
    hours, tokens = spending.hours, spending.weighted
    most = []
    for low, high in ((0, place - 1), (place - 1, len(hours) - 1)):
        seen = spending.quiet_hours[high] - spending.quiet_hours[low]
        risen = spending.quiet_points[high] - spending.quiet_points[low]
        most.append(2 * (risen + 1.5) / seen if seen > 0 else _UNSEEN)
    by_hour = np.column_stack([hours * ~after, hours * after])
    unit = tokens.mean()
    bounds = np.array([np.inf, *most])
    _, without = fit_terms(spending.points, np.column_stack([tokens / unit, by_hour]), bounds, spread)
    stepped = np.column_stack([tokens * ~after / unit, tokens * after / unit, by_hour])
    _, with_step = fit_terms(spending.points, stepped, np.append(np.inf, bounds), spread)
    return with_step - without >= TOLD_APART
