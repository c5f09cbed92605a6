"""As many invented accounts as one likes, for pictures and measurements of large folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..times import FIVE_HOURS, WEEK
from .accounts import DemoAccount, seat
from .bodies import Seat, modern
from .meters import Json, Meter, rate_limit

PLANS = ("plus", "pro", "team", "edu")


@dataclass(frozen=True, slots=True)
class _Member:
    """The usage of the member with this number: well mixed by multiples of primes, the same in every run."""

    number: int

    def __call__(self, who: Seat, now: datetime) -> Json:
        five = Meter(
            seconds=FIVE_HOURS,
            used=self.number * 37 % 101,
            per_hour=self.number * 7 % 24,
            resets_in=timedelta(minutes=5 + self.number * 53 % 290),
        )
        week = Meter(
            seconds=WEEK,
            used=self.number * 61 % 101,
            per_hour=self.number % 3,
            resets_in=timedelta(hours=1 + self.number * 29 % 160),
        )
        return modern(who, rate_limit=rate_limit(five.window(now), week.window(now)))


def crowd(count: int) -> tuple[DemoAccount, ...]:
    """*count* accounts with five hours and a week each, named `seat-001`, `seat-002`, ...

    Hand them to a server: `DemoServer(accounts=crowd(300))`.
    """
    numbers = range(1, count + 1)
    return tuple(
        DemoAccount(
            name=f"seat-{number:03}", seat=seat(f"seat-{number:03}", PLANS[number % len(PLANS)]), usage=_Member(number)
        )
        for number in numbers
    )
