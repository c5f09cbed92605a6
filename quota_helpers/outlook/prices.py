"""What a point costs in weighted tokens: fitted to blocks of turns of which some hold others' use as well.

The points of a block are its weighted tokens times a price, give or take the rounding to whole percents and what the
weights do not know; or it is one that others had a share in, and lies anywhere, mostly above. Both are fitted together
(expectation and maximization of a mixture), so that a burst of foreign use does not make a token dearer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Final

import numpy as np

from ..labels import of_kind, one_of
from ..periods.readings import Floats
from .own_turns import KINDS, Places

WEIGHTS: Final = {
    "cached_input": (0.1, 0.6, 0.01, 1.0),
    "output": (6.0, 0.4, 1.0, 20.0),
    "reasoning": (6.0, 0.4, 1.0, 20.0),
}
"""Of a kind, where fresh input weighs 1: the usual weight, how far from it to look (logarithm), least and most."""

LEAST_BLOCKS: Final = 8  # fewer tell no price
LIKELY: Final = 1.96  # standard errors to either side, which hold 95 %

ROUNDING: Final = 1 / 6
"""Variance of the difference of two whole percents that stand for any number between."""

_MODEL_SPREAD: Final = 1.2  # how far to look of one model beside another
_FIXED: Final = 1e-6  # the same of what is given
_LOW: Final = 0.35  # quantile of points per token at which a fit begins
_ROUNDS: Final = 14
_PRICES_FIRST: Final = 4  # rounds in which weights move by half, for prices decide which blocks are one's own
_ELSEWHERE: Final = 10.0  # points: how far others' use reaches
_SHARES: Final = (0.01, 0.6)  # of blocks that others had a share in, the least and the most
_SPREADS: Final = (0.02, 0.3)  # of the price from block to block, as a share: the least and the most


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What a fit found."""

    per_token: Floats  # points that a weighted token costs, for each group of blocks
    weights: Floats  # by model and kind (`KINDS`); fresh input of the most used model weighs 1
    factors: Floats  # by model and kind: which of the factors a weight is the product of
    covariance: Floats  # of the logarithms of `per_token` and of the factors
    spread: float  # how far a block's points deviate from its price, as a share
    likelihood: float  # logarithm of how likely all of it is

    def due(self, amounts: Floats, group: Places) -> Floats:
        """Points that tokens cost: of each block, by model and kind."""
        points: Floats = amounts * self.weights * self.per_token[group][:, None, None]
        return points

    def error(self, due: Floats, group: Places) -> float:
        """The standard error of a sum of such points that comes from what prices and weights leave open."""
        slope = _slopes(due, group, len(self.per_token), self.factors).sum(axis=0)
        return float(np.sqrt(max(0.0, slope @ self.covariance @ slope)))


def fit_prices(points: Floats, amounts: Floats, group: Places, given: Mapping[str, float]) -> Prices | None:
    """Prices of groups of blocks (numbered from 0) and the weights that they share; None where blocks are too few.

    *amounts*: tokens of each block by model and kind; *given*: weights that are not to be fitted.
    """
    if len(points) < LEAST_BLOCKS:
        return None
    groups, models, kinds = int(group.max()) + 1, amounts.shape[1], len(KINDS) - 1
    # A weight is the product of a factor of its kind and one of its model.
    factors = np.zeros((models, len(KINDS), kinds + models))
    factors[:, range(1, len(KINDS)), range(kinds)] = 1
    factors[range(models), :, range(kinds, kinds + models)] = 1
    told = [(given[kind], _FIXED, given[kind], given[kind]) if kind in given else of for kind, of in WEIGHTS.items()]
    usual, spread, lowest, highest = np.array(told).T
    most = amounts.sum(axis=(0, 2)).argmax()
    spread = np.append(spread, [_FIXED if model == most else _MODEL_SPREAD for model in range(models)])
    prior = np.concatenate([np.zeros(groups), np.log(usual), np.zeros(models)])
    precision = np.append(np.zeros(groups), spread**-2)
    at = prior.copy()
    weighted = (amounts * np.append(1.0, usual)).sum(axis=(1, 2))
    each = [price_of(points[group == one], weighted[group == one], _SPREADS[1])[0] for one in range(groups)]
    at[:groups] = np.log(np.nan_to_num(each, nan=1e-12))
    share, variance, beginning = 0.2, 0.09, np.append(np.ones(groups), np.full(kinds + models, 0.5))
    for turn in range(_ROUNDS):
        pieces = amounts * np.exp(factors @ at[groups:]) * np.exp(at[group])[:, None, None]
        due = pieces.sum(axis=(1, 2))
        off, noise = points - due, ROUNDING + variance * due**2
        own, likely = mixture(off, due, noise, share)
        share = shared(own)
        trust = own / noise
        if turn > 1:
            found = ((off**2 - ROUNDING) * trust * due**2 / noise).sum() / max(1e-9, (trust * due**4 / noise).sum())
            variance = float(np.clip(found, _SPREADS[0] ** 2, _SPREADS[1] ** 2))
        slopes = _slopes(pieces, group, groups, factors)
        curve = (slopes * trust[:, None]).T @ slopes + np.diag(precision + 1e-9)
        step = np.linalg.solve(curve, slopes.T @ (trust * off) + (prior - at) * precision).clip(-0.7, 0.7)
        at += step * beginning if turn < _PRICES_FIRST else step
        at[groups : groups + kinds] = at[groups : groups + kinds].clip(np.log(lowest), np.log(highest))
    return Prices(
        per_token=np.exp(at[:groups]),
        weights=np.exp(factors @ at[groups:]),
        factors=factors,
        covariance=np.linalg.inv(curve),
        spread=variance**0.5,
        likelihood=float(likely.sum() - ((at - prior) ** 2 * precision).sum() / 2),
    )


def _slopes(pieces: Floats, group: Places, groups: int, factors: Floats) -> Floats:
    """By how much the points of each block rise with the logarithms of prices and factors."""
    prices = (group[:, None] == np.arange(groups)) * pieces.sum(axis=(1, 2))[:, None]
    return np.hstack([prices, np.tensordot(pieces, factors, 2)])


def price_of(points: Floats, weighted: Floats, spread: float) -> tuple[float, float]:
    """Points that a weighted token costs, others' use beside it left out; and its standard error as a share."""
    if not points.sum() > 0:
        return np.nan, np.inf
    price, share, known = float(np.quantile(points / weighted, _LOW)), 0.2, 0.0
    for _ in range(_ROUNDS):
        due = price * weighted
        noise = ROUNDING + (spread * due) ** 2
        own, _ = mixture(points - due, due, noise, share)
        share = shared(own)
        known = float((own * weighted**2 / noise).sum())
        price = max(1e-15, float((own * points * weighted / noise).sum()) / max(1e-12, known))
    return price, max(1e-12, price**2 * known) ** -0.5


def shared(own: Floats) -> float:
    """The share of blocks that others had a share in."""
    return float(np.clip(1 - own.mean(), *_SHARES))


def mixture(off: Floats, due: Floats, noise: Floats, share: float) -> tuple[Floats, Floats]:
    """How probable it is that a block is one's own, and the logarithm of its likelihood.

    *off*: points above what was due, or below; *noise*: variance of that for a block of one's own; *share*: of blocks
    that others had a share in.
    """
    own = (1 - share) * np.exp(-(off**2) / 2 / noise) / np.sqrt(2 * np.pi * noise)
    others = share * np.where(off > 0, 1.0, 0.1) / (_ELSEWHERE + due)
    return own / (own + others), np.log(own + others)


def checked_weights(given: Mapping[str, float] | None) -> dict[str, float]:
    """Weights that somebody set; a TypeError or ValueError says what is wrong with them."""
    if given is None:
        return {}
    for name, weight in of_kind(given, Mapping, "weights", 'a dictionary such as {"output": 5.0}').items():
        one_of(name, tuple(WEIGHTS), "weight")
        if not (isinstance(weight, Real) and 0 < float(weight) < np.inf):
            raise ValueError(f"the weight of {name} must be a number above 0, not {weight!r}")
    return dict(given)
