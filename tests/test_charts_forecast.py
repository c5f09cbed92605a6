"""The forecast's chart: the fan is the forecast's, each line has its words, and what came later is drawn over it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from cycles_support import START, readings
from simulated_users import at, simulate

import quota_helpers as qh

NOW = at(63 * 144 + 60)


@pytest.fixture(scope="module")
def weekly():
    frame = simulate(6003, refills=True, sampled=0.4).frame
    return frame[frame["window"] == "weekly"]


def texts(figure):
    layout = figure.layout
    words = [layout.title.text, layout.title.subtitle.text or "", *(note.text for note in layout.annotations)]
    return " ".join(words).replace("<br>", " ").replace("\u00a0", " ")


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_the_verdict_is_said_and_the_fan_is_the_forecasts(weekly):
    [row] = qh.forecast(weekly, now=NOW).to_dict("records")
    figure = qh.plot_forecast(weekly[weekly["fetched_at"] <= NOW], now=NOW, tz="UTC")
    assert row["verdict"] in texts(figure)
    high, low, middle = (np.array(trace.y) for trace in figure.data[:3])
    assert (low <= middle + 0.01).all()
    assert (middle <= high + 0.01).all()
    assert low[-1] == pytest.approx(row["used_p10"], abs=0.01)
    assert high[-1] == pytest.approx(row["used_p90"], abs=0.01)
    budget = traces(figure)["safe budget"]
    days = (row["reset_at"] - weekly["fetched_at"][weekly["fetched_at"] <= NOW].max()) / timedelta(days=1)
    assert budget.y[-1] - budget.y[0] == pytest.approx(row["budget_per_day"] * days, abs=0.1)


def test_every_line_differs_by_more_than_its_colour_and_has_its_words(weekly):
    figure = qh.plot_forecast(weekly, now=NOW, tz="UTC")
    drawn = {
        name: trace.line.dash
        for name, trace in traces(figure).items()
        if trace.mode == "lines" and trace.hoverinfo is None
    }
    assert len(set(drawn.values())) == len(drawn) == 4
    for words in (
        "dashes = likely",
        "dots = safe budget",
        "shade = 80 %",
        "long dashes = what came",
        "announced reset",
    ):
        assert words in texts(figure)


def test_each_mark_of_the_refill_clock_is_ten_cases_of_a_hundred(weekly):
    """Before the announced reset, in order; as many as the chance says."""
    figure = qh.plot_forecast(weekly, now=NOW, tz="UTC")
    marks = traces(figure)["surprise reset"]
    assert list(marks.text) == [str(10 * number) for number in range(1, len(marks.x) + 1)]
    assert list(marks.x) == sorted(marks.x)
    assert marks.x[-1] < figure.layout.shapes[0].x0
    chance = int(texts(figure).split(" % chance")[0].split()[-1])
    assert len(marks.x) == chance // 10


def week(peak, hours=168, after=()):
    rows = [(hour, min(peak, round(peak * hour / 120)), 168) for hour in range(0, hours, 6)]
    return readings(*rows, *after)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (week(100, after=[(169, 0, 337)]), "what came (it ran out)"),
        (week(80, after=[(169, 0, 337)]), "what came (80 % used)"),
        (week(100, 100), "what came (80 % used, still open)"),
        (week(100, 100, [(100, 0, 268), (101, 1, 268), (102, 2, 268)]), "what came (80 % used, reset early)"),
    ],
)
def test_what_came_later_is_drawn_over_the_fan(frame, words):
    figure = qh.plot_forecast(frame, now=START + timedelta(hours=60), tz="UTC")
    assert words in texts(figure)
    came = traces(figure)["what came"]
    assert came.x[0] == traces(figure)["used"].x[-1]
    assert np.all(np.diff(came.y) >= 0)


def test_what_is_not_known_yet_is_not_drawn():
    frame = week(80)
    figure = qh.plot_forecast(frame[frame["fetched_at"] <= START + timedelta(hours=60)], tz="UTC")
    assert "what came" not in traces(figure)
    assert "what came" not in texts(figure)


def test_without_a_number_it_says_why():
    assert "less than two days" in texts(qh.plot_forecast(readings((0, 10, 168), (1, 11, 168))))
    assert "No readings" in texts(qh.plot_forecast(qh.to_frame(())))
    assert "used up" in texts(qh.plot_forecast(readings((0, 50, 168), (60, 100, 168))))
