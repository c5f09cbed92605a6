"""The turns of session logs by account, as columns of numbers: when, and how many tokens of which kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..frames import Integers, counts, micros
from ..periods.readings import Floats
from ..sessions.table import OWN_PROVIDER

KINDS: Final = ("input", "cached_input", "output", "reasoning")
"""What tokens are told apart by: input that was not cached, input that was, visible output, reasoning."""

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """The turns of one account, oldest first."""

    rows: Places  # position of each in the frame
    time: Integers  # when it ended, in microseconds
    amounts: Floats  # tokens of each of `KINDS`, one row a turn
    model: Places  # number of its model in `models`
    models: tuple[str, ...]  # names of models

    def cumulated(self) -> Floats:
        """Tokens by model and kind up to and with each turn; one row more than there are turns."""
        found = np.zeros((len(self.time) + 1, len(self.models), len(KINDS)))
        found[np.arange(1, len(found)), self.model] = self.amounts
        return np.cumsum(found, axis=0, out=found)

    def weighted(self, weights: Floats) -> Floats:
        """Weighted tokens of each turn: *weights* by model and kind."""
        amount: Floats = (self.amounts * weights[self.model]).sum(axis=1)
        return amount


def turns_by_account(tokens: pd.DataFrame) -> dict[str, Turns]:
    """Account key -> its turns; those of another provider, or without any tokens, explain nothing and are left out.

    Kinds of tokens that *tokens* does not tell apart count as input. Raises as `frames.counts`.
    """
    tokens = counts(tokens)
    time = micros(tokens["time"])
    told = ("total", "cached_input", "output", "reasoning")
    total, cached, output, reasoning = tokens.reindex(columns=told).fillna(0).to_numpy(np.float64).T
    reasoning = np.minimum(reasoning, output)
    fresh = np.maximum(0.0, total - cached - output)
    amounts = np.column_stack([fresh, cached, output - reasoning, reasoning])
    model, models = pd.factorize(tokens["model"].fillna("model not named"))
    mine = amounts.sum(axis=1) > 0
    if "provider" in tokens:
        mine &= (tokens["provider"].isna() | (tokens["provider"].str.casefold() == OWN_PROVIDER)).to_numpy(bool)
    found = {}
    for key, places in tokens.groupby("account_key").indices.items():
        rows = places[mine[places]]
        rows = rows[np.argsort(time[rows], kind="stable")]
        found[str(key)] = Turns(rows, time[rows], amounts[rows], model[rows], tuple(map(str, models)))
    return found
