"""A forecast at many moments of simulated users, beside what came, and the scores of that."""

from __future__ import annotations

import numpy as np
import pandas as pd
from simulated_users import STEPS_A_DAY, WEEK_STEPS, at, simulate

import quota_helpers as qh

THREE_WEEKS, LAST_WEEK = 21 * STEPS_A_DAY, 7 * STEPS_A_DAY


def asked(seeds, *, refills, moments=40):
    """One row for each user and moment: what the forecast said of the week with three weeks known, and what came."""
    rows = []
    for seed in seeds:
        user = simulate(seed, refills=refills)
        weekly = user.frame[user.frame["window"] == "weekly"]
        rng = np.random.default_rng([seed, 7])
        steps = rng.choice(np.arange(THREE_WEEKS, len(user.used) - LAST_WEEK), moments, replace=False)
        rows += [_asked(user, weekly, seed, int(step)) for step in np.sort(steps) if user.used[step] < 99.5]
    return pd.DataFrame(rows)


def _asked(user, weekly, seed, step):
    [row] = qh.forecast(weekly, now=at(step)).to_dict("records")
    week = next(week for week in user.weeks if week.begun <= step < week.ended)
    pace = user.used[step] / max(1, step - week.begun) * WEEK_STEPS
    return row | {
        "user": seed,
        "ran_out": float(week.full is not None),
        "ended_at": np.ceil(user.used[week.ended - 1] - 1e-9),
        "whole_window": float(pace >= 100),
    }


def scores(rows, *, refills):
    """Brier scores (lower is better), share of ends inside the band, share of moments without a number."""
    known = rows[rows["p_exhausted"].notna()]
    band = "used_refills" if refills else "used"
    said, truth = known["p_exhausted_refills" if refills else "p_exhausted"], known["ran_out"]
    inside = known["ended_at"].between(known[f"{band}_p10"] - 1e-9, known[f"{band}_p90"] + 1e-9)
    return {
        "forecast": float(((said - truth) ** 2).mean()),
        "base rate": float(((truth.mean() - truth) ** 2).mean()),
        "whole window": float(((known["whole_window"] - truth) ** 2).mean()),
        "band covers": float(inside.mean()),
        "silent": 1 - len(known) / len(rows),
    }


if __name__ == "__main__":  # the table for README: python tests/forecast_support.py
    for refills in (False, True):
        told = scores(asked(range(12_000, 12_060), refills=refills), refills=refills)
        print(refills, {name: round(value, 3) for name, value in told.items()})  # noqa: T201
