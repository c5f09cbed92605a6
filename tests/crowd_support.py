"""As many invented accounts as one likes, for pictures and measurements of large folders."""

from __future__ import annotations

from quota_helpers.invented.accounts import DemoAccount, seat

PLANS = ("plus", "pro", "team", "edu")


def crowd(count, *, resets=False):
    """*count* accounts with five hours and a week each, named `seat-001`, `seat-002`, ...; *resets*: each earned one.

    Well mixed by multiples of primes, the same in every run. Hand them to a server: `DemoServer(accounts=crowd(300))`.
    """
    return tuple(
        DemoAccount(
            name=f"seat-{number:03}",
            seat=seat(f"seat-{number:03}", PLANS[number % len(PLANS)]),
            resets=[{"id": f"reset-{number}", "status": "available"}] if resets else None,
            template={
                "rate_limit_reset_credits": {"available_count": int(resets), "applicable_available_count": 0},
                "rate_limit": {
                    "$limit": [
                        {"$window": [18_000, number * 37 % 101, number * 7 % 24, 5 + number * 53 % 290]},
                        {"$window": [604_800, number * 61 % 101, number % 3, 60 + 60 * (number * 29 % 160)]},
                    ]
                },
            },
        )
        for number in range(1, count + 1)
    )
