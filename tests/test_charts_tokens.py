"""Tokens by day and model; and the cost of a percent, recovered from logs whose true cost is known."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from quota_helpers.charts.tokens import plot_token_cost, plot_tokens, short
from quota_helpers.frames import to_frame
from quota_helpers.history.opening import _demo_sessions as demo_sessions
from quota_helpers.invented import truth
from quota_helpers.models import COLUMNS
from quota_helpers.periods import COST_COLUMNS, daily_tokens, token_cost
from quota_helpers.sessions import TOKEN_COLUMNS

START = datetime(2026, 9, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def logs():
    return demo_sessions()


def turns(*rows, model="gpt-6-astra", key="k"):
    """Rows of (hours since START, tokens)."""
    frame = pd.DataFrame(
        {
            "time": [START + timedelta(hours=hour) for hour, _ in rows],
            "session": "s",
            "account_key": key,
            "model": model,
            "total": [tokens for _, tokens in rows],
            "input": [tokens * 9 // 10 for _, tokens in rows],
            "cached_input": [tokens // 2 for _, tokens in rows],
            "output": [tokens // 10 for _, tokens in rows],
            "reasoning": 0,
        }
    )
    return frame.astype({name: TOKEN_COLUMNS[name] for name in frame})


def readings(*rows, key="k"):
    """Rows of (hours since START, percent used, hours to the announced reset since START)."""
    frame = pd.DataFrame(
        {
            "account": "ada",
            "account_key": key,
            "limit": "codex",
            "window": "weekly",
            "window_seconds": 604_800.0,
            "used_percent": [float(used) for _, used, _ in rows],
            "reset_at": [START + timedelta(hours=reset) for *_, reset in rows],
            "fetched_at": [START + timedelta(hours=hour) for hour, *_ in rows],
            "origin": "session",
        }
    )
    return frame.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def steady(count=40, *, tokens=1000, percent=1):
    """Every hour a turn of 1000 tokens that costs a percent, logged with it."""
    return (
        turns(*[(hour, tokens) for hour in range(count)]),
        readings(*[(hour, hour * percent, 168) for hour in range(count)]),
    )


def test_the_known_cost_is_recovered(logs):
    """The truth lies between the quartiles, and the median is within a tenth of it."""
    costs = token_cost(logs.tokens, logs.windows)
    costs = costs[costs["limit"] == "codex"]
    assert sorted(set(costs["window"])) == ["five_hour", "weekly"]
    assert len(costs) == 4  # ada's, and the sessions that do not say whose they are
    for row in costs.to_dict("records"):
        true = truth.TOKENS_PER_PERCENT[row["window"]]
        assert row["median"] == pytest.approx(true, rel=0.1)
        assert row["lower"] <= true * 1.02
        assert row["upper"] >= true * 0.98
        assert row["estimates"] >= 10


def test_a_steady_cost_has_no_spread():
    (row,) = token_cost(*steady()).to_dict("records")
    assert row["lower"] == row["median"] == row["upper"] == 1000
    assert row["tokens"] == row["percent"] * 1000


@pytest.mark.parametrize(("count", "cost"), [("total", 1000), ("uncached", 500), ("output", 100)])
def test_tokens_are_counted_as_asked(count, cost):
    assert token_cost(*steady(), count=count)["median"].tolist() == [cost]


def test_a_reset_belongs_to_no_stretch():
    """Tokens around it are not held against the percent points of either side."""
    spent = turns(*[(hour, 1000) for hour in range(40)])
    told = readings(*[(hour, hour % 20, 20 if hour < 20 else 188) for hour in range(40)])
    (row,) = token_cost(spent, told).to_dict("records")
    assert row["lower"] == row["upper"] == 1000


def test_flapping_changes_nothing():
    spent, told = steady()
    odd = readings(*[(hour + 0.5, 2, 150) for hour in range(5, 30, 2)])
    mixed = pd.concat([told, odd], ignore_index=True)
    columns = ["estimates", "lower", "median", "upper"]
    assert token_cost(spent, mixed)[columns].equals(token_cost(spent, told)[columns])


def test_what_was_used_elsewhere_is_left_out_and_counted():
    spent, told = steady()
    few = spent[spent["time"] < START + timedelta(hours=20)]
    (row,) = token_cost(few, told).to_dict("records")
    assert row["elsewhere"] >= 5
    assert row["median"] == 1000


def test_nobody_pays_for_another_account():
    spent, told = steady()
    assert token_cost(spent, told.assign(account_key="other")).empty


def test_a_full_window_measures_nothing():
    """At 100 % tokens go on to be spent and the number stands."""
    spent = turns(*[(hour, 1000) for hour in range(40)])
    told = readings(*[(hour, min(100, 80 + hour * 2), 168) for hour in range(40)])
    assert token_cost(spent, told)["upper"].tolist() == [500]


@pytest.mark.parametrize("wrong", [{"points": 0}, {"points": float("nan")}, {"count": "cached"}])
def test_bad_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=r"points must be above 0|There is no count"):
        token_cost(*steady(), **wrong)


def test_nothing_gives_an_empty_frame_and_a_sentence():
    empty = token_cost(turns(), to_frame(()))
    assert dict(empty.dtypes.astype(str)) == COST_COLUMNS
    assert "No stretch" in plot_token_cost(empty).layout.annotations[0].text
    assert "No turn" in plot_tokens(turns()).layout.annotations[0].text


def test_the_chart_calls_it_an_estimate_and_shows_the_spread(logs):
    figure = plot_token_cost(token_cost(logs.tokens, logs.windows))
    assert "estimate" in figure.layout.title.text
    assert "demo accounts" in figure.layout.title.text
    bars, dots, words = figure.data
    assert len(bars.y) == len(dots.y) == 4
    assert len(words.y) == 8  # a name and what it costs
    assert sum("about" in text and "n = " in text for text in words.text) == 4
    assert all(base <= dot <= base + wide for base, wide, dot in zip(bars.base, bars.x, dots.x, strict=True))
    assert figure.layout.margin.l + figure.layout.margin.r < 30  # the bars keep the width of a narrow notebook


def test_a_models_own_limit_is_left_out():
    """A turn does not say which limit it was counted against: all models' tokens would be charged to each."""
    spent, told = steady()
    both = pd.concat([told, told.assign(limit="codex_bengalfox")], ignore_index=True)
    assert set(token_cost(spent, both)["limit"]) == {"codex"}


def test_every_token_is_in_the_table(logs):
    table = daily_tokens(logs.tokens)
    assert table.to_numpy().sum() == logs.tokens["total"].sum()
    assert list(table.columns) == sorted(table.columns, key=lambda model: -table[model].sum())
    assert (table.index[1:] - table.index[:-1] == timedelta(days=1)).all()


def test_a_turn_that_stands_there_twice_or_without_a_time_or_below_nothing_adds_nothing():
    once, windows = steady()
    odd = pd.concat([once.head(1).assign(time=pd.NaT), once.tail(1).assign(total=-5)])
    joined = pd.concat([once, once, odd])
    assert daily_tokens(joined).to_numpy().tolist() == daily_tokens(once).to_numpy().tolist() == [[24_000], [16_000]]
    assert token_cost(joined, windows)["median"].tolist() == token_cost(once, windows)["median"].tolist()
    assert plot_tokens(joined).layout.title.subtitle.text.startswith("40 k in 2 days")
    assert daily_tokens(once.assign(time=pd.NaT)).empty


def test_days_are_those_of_the_zone():
    spent = turns((23.5, 10), (24.5, 5))
    assert daily_tokens(spent)["gpt-6-astra"].tolist() == [10, 5]
    assert daily_tokens(spent, tz="Europe/Berlin")["gpt-6-astra"].tolist() == [15]


def test_ranges_and_accounts():
    spent = pd.concat([turns((1, 10), (30, 7)), turns((1, 100), key="other")], ignore_index=True)
    until = START + timedelta(hours=24)
    assert daily_tokens(spent, until=until).to_numpy().sum() == 110
    assert daily_tokens(spent, since=until).to_numpy().sum() == 7
    assert daily_tokens(spent, accounts="k").to_numpy().sum() == 17


def test_many_models_and_none():
    spent = pd.concat([turns((1, 10 * number), model=f"m{number}") for number in range(1, 9)], ignore_index=True)
    spent.loc[0, "model"] = None
    assert list(daily_tokens(spent).columns)[:5] == ["m8", "m7", "m6", "m5", "m4"]  # none is folded unless asked
    assert list(daily_tokens(spent, most_models=4).columns) == ["m8", "m7", "m6", "m5", "other models"]
    assert "model not named" in daily_tokens(turns((1, 5), model=None)).columns


def test_models_differ_in_colour_and_hatch(logs):
    figure = plot_tokens(logs.tokens)
    assert "demo accounts" in figure.layout.title.text
    assert len({trace.marker.color for trace in figure.data}) == len(figure.data) == 2
    assert len({trace.marker.pattern.shape for trace in figure.data}) == 2
    with pytest.raises(ValueError, match="no count"):
        plot_tokens(logs.tokens, count="cached")


@pytest.mark.parametrize(
    ("tokens", "text"), [(0, "0"), (999, "999"), (1_000, "1 k"), (1_264_000, "1.26 M"), (3.2e9, "3.2 G")]
)
def test_counts_for_people(tokens, text):
    assert short(tokens) == text
