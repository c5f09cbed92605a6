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

USUAL: Final = (0.1, 6.0, 6.0)
"""Weights of cached input, visible output and reasoning, where fresh input weighs 1: what the fit begins with."""

BOUNDS: Final = ((0.01, 1.0), (1.0, 20.0), (1.0, 20.0))
"""Between these a weight is plausible."""

ROUNDING: Final = 1 / 6
"""Variance of the difference of two whole percents that stand for any number between."""

_KIND_SPREAD: Final = (0.6, 0.4, 0.4)  # how far from the usual ones weights are looked for, as logarithms
_MODEL_SPREAD: Final = 1.2  # the same of one model beside another
_STARTS: Final = (0.12, 0.3, 0.5)  # quantiles of points per token at which the fit begins: one comes out best
_ROUNDS: Final = 14
_ELSEWHERE: Final = 10.0  # points: how far others' use reaches
_SPREADS: Final = (0.02, 0.3)  # of the price from block to block, as a share: the least and the most
_LEAST: Final = 8  # blocks


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What a fit found.

    Attributes:
        weights: By model and kind (`KINDS`); fresh input of the most used model weighs 1.
        per_token: Points that a weighted token costs, for each group of blocks.
        covariance: Of the logarithms of `per_token`, of the weights of kinds but the first, and of the models' factors
            in the order of `order`, without the first.
        order: The models, the most used one first.
        spread: How far a block's points deviate from its price, as a share.
        own: For each block, the probability that nobody else had a share in it.
        likelihood: Logarithm of how likely all of it is.
    """

    weights: Floats
    per_token: Floats
    covariance: Floats
    order: Places
    spread: float
    own: Floats
    likelihood: float

    def due(self, amounts: Floats, group: Places) -> Floats:
        """Points that tokens cost: of each block, by model and kind."""
        points: Floats = amounts * self.weights * self.per_token[group][:, None, None]
        return points

    def error(self, due: Floats, group: Places) -> float:
        """The standard error of a sum of such points that comes from what prices and weights leave open."""
        by_kind, by_model = due.sum(axis=(0, 1)), due.sum(axis=(0, 2))[self.order]
        by_group = np.bincount(group, due.sum(axis=(1, 2)), len(self.per_token))
        slope = np.concatenate([by_group, by_kind[1:], by_model[1:]])
        return float(np.sqrt(max(0.0, slope @ self.covariance @ slope)))


def fit_prices(
    points: Floats, amounts: Floats, group: Places, given: Mapping[str, float] | None = None
) -> Prices | None:
    """Prices of groups of blocks, and the weights that they share; None where there is too little to tell.

    Args:
        points: By how much each block rose.
        amounts: Tokens of each block by model and kind.
        group: Which price each block has, from 0 on.
        given: Weights that are not to be fitted.

    Raises:
        TypeError, ValueError: As `checked_weights`.
    """
    known = checked_weights(given)
    enough = len(points) >= _LEAST and all((points[group == one].sum() > 0) for one in range(group.max() + 1))
    if not enough:
        return None
    found = [_Fit(points, amounts, group, known, start).run() for start in _STARTS]
    return max(found, key=lambda one: one.likelihood)


def checked_weights(given: Mapping[str, float] | None) -> dict[str, float]:
    """Weights that somebody set.

    Raises:
        TypeError: They are no dictionary.
        ValueError: A kind is unknown, or a weight is no number above 0.
    """
    if given is None:
        return {}
    for name, weight in of_kind(given, Mapping, "weights", 'a dictionary such as {"output": 5.0}').items():
        one_of(name, KINDS[1:], "weight")
        if not (isinstance(weight, Real) and 0 < float(weight) < np.inf):
            raise ValueError(f"the weight of {name} must be a number above 0, not {weight!r}")
    return dict(given)


class _Fit:
    """One run: logarithms of the prices, the three weights and the models' factors, in this order."""

    def __init__(self, points: Floats, amounts: Floats, group: Places, given: dict[str, float], start: float) -> None:
        self.points, self.group = points, group
        self.groups, models = int(group.max()) + 1, amounts.shape[1]
        self.order = np.argsort(-amounts.sum(axis=(0, 2)), kind="stable")
        self.amounts = amounts[:, self.order]
        usual = [given.get(kind, weight) for kind, weight in zip(KINDS[1:], USUAL, strict=True)]
        spread = [1e-6 if kind in given else one for kind, one in zip(KINDS[1:], _KIND_SPREAD, strict=True)]
        bounds = [
            (weight, weight) if kind in given else both
            for kind, weight, both in zip(KINDS[1:], usual, BOUNDS, strict=True)
        ]
        self.low, self.high = np.log(np.array(bounds)).T
        self.prior = np.concatenate([np.zeros(self.groups), np.log(usual), np.zeros(models - 1)])
        self.precision = np.concatenate(
            [np.zeros(self.groups), np.array(spread) ** -2.0, np.full(models - 1, _MODEL_SPREAD**-2)]
        )
        self.at = self.prior.copy()
        self.at[: self.groups] = [self._quantile(one, start) for one in range(self.groups)]

    def run(self) -> Prices:
        share, variance = 0.2, getattr(self, "v0", 0.3) ** 2
        for turn in range(_ROUNDS):
            pieces = self._pieces()
            due = pieces.sum(axis=(1, 2))
            off = self.points - due
            noise = ROUNDING + variance * due**2
            own, likely = mixture(off, due, noise, share)
            share = float(np.clip(1 - own.mean(), 0.01, 0.6))
            if turn > 1:
                found = (own * (off**2 - ROUNDING) * due**2 / noise**2).sum() / max(
                    1e-9, (own * due**4 / noise**2).sum()
                )
                variance = float(np.clip(found, _SPREADS[0] ** 2, _SPREADS[1] ** 2))
            slopes = np.zeros((len(due), len(self.at)))
            slopes[np.arange(len(due)), self.group] = due
            slopes[:, self.groups : self.groups + 3] = pieces.sum(axis=1)[:, 1:]
            slopes[:, self.groups + 3 :] = pieces.sum(axis=2)[:, 1:]
            weighed = slopes * (own / noise)[:, None]
            curve = weighed.T @ slopes + np.diag(self.precision + 1e-9)
            step = np.clip(np.linalg.solve(curve, weighed.T @ off + (self.prior - self.at) * self.precision), -0.7, 0.7)
            if turn < 4:  # noqa: PLR2004 - first the prices, for they decide which blocks are one's own
                step[self.groups :] /= 2
            self.at += step
            kinds = self.at[self.groups : self.groups + 3]
            np.clip(kinds, self.low, self.high, out=kinds)
        prior = float(((self.at - self.prior) ** 2 * self.precision).sum() / 2)
        factors = np.empty(len(self.order))
        factors[self.order] = np.exp(np.append(0.0, self.at[self.groups + 3 :]))
        kinds = np.exp(np.append(0.0, self.at[self.groups : self.groups + 3]))
        return Prices(
            weights=factors[:, None] * kinds,
            per_token=np.exp(self.at[: self.groups]),
            covariance=np.linalg.inv(curve),
            order=self.order,
            spread=variance**0.5,
            own=own,
            likelihood=float(likely.sum()) - prior,
        )

    def _pieces(self) -> Floats:
        """Points due for the tokens of each block, by model and kind."""
        kinds = np.exp(np.append(0.0, self.at[self.groups : self.groups + 3]))
        models = np.exp(np.append(0.0, self.at[self.groups + 3 :]))
        due: Floats = self.amounts * kinds * models[:, None] * np.exp(self.at[self.group])[:, None, None]
        return due

    def _quantile(self, group: int, share: float) -> float:
        """The logarithm of points per weighted token that this share of a group's tokens does not exceed."""
        weighted = (self.amounts * np.exp(np.append(0.0, self.prior[self.groups : self.groups + 3]))).sum(axis=(1, 2))
        mine = (self.group == group) & (weighted > 0)
        if not mine.any():
            return float(np.log(1e-9))
        ratio, weight = self.points[mine] / weighted[mine], weighted[mine]
        order = np.argsort(ratio, kind="stable")
        reached = np.cumsum(weight[order])
        return float(np.log(max(1e-12, ratio[order][np.searchsorted(reached, share * reached[-1])])))


def mixture(off: Floats, due: Floats, noise: Floats, share: float) -> tuple[Floats, Floats]:
    """How probable it is that a block is one's own, and the logarithm of its likelihood.

    Args:
        off: Points above what was due, or below.
        due: Points that were due.
        noise: Variance of the deviation of a block of one's own.
        share: Of blocks that others had a share in.
    """
    own = (1 - share) * np.exp(-(off**2) / 2 / noise) / np.sqrt(2 * np.pi * noise)
    others = share * np.where(off > 0, 1.0, 0.1) / (_ELSEWHERE + due)
    return own / (own + others), np.log(own + others)
