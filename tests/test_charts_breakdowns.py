"""What used up each past window, by the server's own breakdown."""

from __future__ import annotations

import pandas as pd
import pytest

import quota_helpers as qh
from quota_helpers.charts.breakdowns import MOST_KEYS, MOST_ROWS, plot_breakdowns
from quota_helpers.siblings import BREAKDOWN_COLUMNS, plan_breakdowns


@pytest.fixture(scope="module")
def breakdowns():
    with qh.demo() as source:
        return plan_breakdowns(source.beside("usage/plan_limit_history", days=30))


def made(keys, periods=1):
    """Rows of one account: each key a percent of each period."""
    rows = [
        {
            "account": "ada",
            "account_key": "k",
            "window": "weekly",
            "starts_at": pd.Timestamp("2026-09-07", tz="UTC") + pd.Timedelta(weeks=number),
            "dimension": "model",
            "key": key,
            "percent": 10.0 - at,
            "id": str(number),
        }
        for number in range(periods)
        for at, key in enumerate(keys)
    ]
    return pd.DataFrame(rows).astype(BREAKDOWN_COLUMNS)


def test_each_window_is_a_bar_of_its_parts(breakdowns):
    figure = plot_breakdowns(breakdowns, accounts="ada")
    assert [trace.name for trace in figure.data] == ["gpt-6-astra", "gpt-5.3-codex-spark"]
    rows = breakdowns[
        (breakdowns["account"] == "ada") & (breakdowns["window"] == "weekly") & (breakdowns["dimension"] == "model")
    ]
    assert sum(sum(trace.x) for trace in figure.data) == pytest.approx(rows["percent"].sum())
    assert "demo" in figure.layout.title.text
    assert figure.layout.yaxis.ticktext[0] == "ada · 12 Nov"


@pytest.mark.parametrize(
    ("many", "traces"), [(MOST_KEYS, MOST_KEYS), (MOST_KEYS + 1, MOST_KEYS + 1), (9, MOST_KEYS + 1)]
)
def test_beyond_the_largest_the_rest_is_one(many, traces):
    figure = plot_breakdowns(made([f"m{number}" for number in range(many)]))
    assert len(figure.data) == traces
    assert (figure.data[-1].name == "other") == (many > MOST_KEYS)


def test_a_window_of_five_hours_is_named_by_its_hour(breakdowns):
    figure = plot_breakdowns(breakdowns, window="five_hour", accounts="ada", dimension="surface")
    assert all(len(text) <= 23 and ":" in text for text in figure.layout.yaxis.ticktext)


def test_only_the_newest_windows_are_drawn():
    assert len(plot_breakdowns(made(["m"], periods=MOST_ROWS + 5)).data[0].y) == MOST_ROWS


def test_a_key_is_the_servers_text_and_never_markup():
    figure = plot_breakdowns(made(["<b>x</b>"]))
    assert "<b>x" not in figure.data[0].name


def test_nothing_to_draw_is_said(breakdowns):
    assert "broke no window down" in plot_breakdowns(breakdowns.iloc[:0]).to_json()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dimension": "colour"}, "no dimension 'colour'"),
        ({"window": "yearly"}, "no window 'yearly'"),
        ({"accounts": "nobody"}, "no account 'nobody'"),
    ],
)
def test_what_is_not_there_is_refused(breakdowns, options, words):
    with pytest.raises(ValueError, match=words):
        plot_breakdowns(breakdowns, **options)
