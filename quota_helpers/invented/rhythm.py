"""When invented people work, and how much: one number per step, the same in every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

PACE: Final = timedelta(minutes=20)
"""How often the past was looked at; every time of the past is a multiple of it before `T0`."""

SEED: Final = "quota demo"

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How somebody works.

    Attributes:
        hours: Hours of the day (UTC) in which a sitting may begin.
        sittings: Chance per step that one begins in these hours.
        stays: Chance per step that it goes on.
        weekend: Factor on both for Saturday and Sunday.
        points: The most five-hour percents a step costs.
    """

    hours: range
    sittings: float = 0.25
    stays: float = 0.8
    weekend: float = 0.3
    points: float = 9.0

    def demand(self, name: str, times: list[datetime]) -> list[float]:
        """Five-hour percents that the person called *name* would use up in the step that ends at each time."""
        chance = Random(f"{SEED} {name}")  # noqa: S311  # invented numbers, not secrets
        found, at_work = [], False
        for when in times:
            factor = self.weekend if when.weekday() >= _SATURDAY else 1.0
            likely = self.stays * (0.5 + factor / 2) if at_work else self.sittings * factor * (when.hour in self.hours)
            at_work = chance.random() < likely
            # random() alone is the same in every version of Python; its other distributions are not promised to be.
            amount = self.points * (0.15 + 0.85 * chance.random() ** 2)
            found.append(amount if at_work else 0.0)
        return found


RHYTHMS: Final[Mapping[str, Rhythm]] = {
    "ada": Rhythm(hours=range(7, 17), points=13.0),
    "kim@example.com": Rhythm(hours=range(6, 20), sittings=0.4, stays=0.85, weekend=0.5, points=15.0),
    "night-owl": Rhythm(hours=range(19, 24), sittings=0.35, stays=0.9, weekend=1.0, points=11.0),
    "team-blue": Rhythm(hours=range(8, 18), sittings=0.2, points=12.0),
    "wren": Rhythm(hours=range(17, 22), sittings=0.2, weekend=1.0),
}
"""The demo accounts that have a past."""
