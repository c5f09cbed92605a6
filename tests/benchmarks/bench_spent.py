"""Where it went: 90 days of 10-minute readings and 50,000 turns within 2 s.

Run with: pytest tests/benchmarks/bench_spent.py --benchmark-enable --benchmark-only -s
"""

import pandas as pd
import pytest
from spent_support import spender

from quota_helpers.outlook.burn import burn
from quota_helpers.outlook.costs import cost_changes
from quota_helpers.outlook.unexplained import unexplained

TURNS = 50_000


@pytest.fixture(scope="module")
def user():
    """Two windows with a step and others' use; each turn is told several times over, its tokens shared out."""
    user = spender(2, days=90, foreign=0.1, step=0.3)
    times = TURNS // len(user.tokens) + 1
    counted = ["input", "cached_input", "output", "reasoning", "total"]
    parts = [user.tokens.assign(time=user.tokens["time"] + pd.Timedelta(seconds=part)) for part in range(times)]
    tokens = pd.concat(parts, ignore_index=True).sort_values("time", ignore_index=True)[:TURNS]
    return user.windows, tokens.assign(**{name: tokens[name] // times for name in counted})


@pytest.mark.parametrize("ask", [burn, cost_changes, unexplained], ids=lambda ask: ask.__name__)
def test_ninety_days(benchmark, user, ask):
    windows, tokens = user
    assert len(tokens) == TURNS
    assert not benchmark.pedantic(ask, args=(windows, tokens), rounds=3, warmup_rounds=1).empty
    if benchmark.enabled:
        assert benchmark.stats.stats.median < 2.0
