"""Points shared out over one's own turns: by anything, to the last point, and nothing invented where nobody knows."""

import numpy as np
import pandas as pd
import pytest
from spent_support import spender

from quota_helpers.charts.burn import plot_burn
from quota_helpers.outlook.burn import burn
from quota_helpers.outlook.unexplained import unexplained
from quota_helpers.sessions.table import UNATTRIBUTED
from quota_helpers.widgets import ChartBuilder

START = pd.Timestamp("2026-11-16T08:00Z")


def readings(*used, key="a1", every="10min", window="weekly", seconds=604_800, reset="2026-11-20T00:00Z"):
    times = pd.date_range(START, periods=len(used), freq=every)
    return pd.DataFrame(
        {
            "account_key": key,
            "limit": "codex",
            "window": window,
            "used_percent": np.array(used, float),
            "reset_at": pd.Timestamp(reset),
            "window_seconds": float(seconds),
            "fetched_at": times,
        }
    )


def turns(*rows, key="a1"):
    """Rows of (minutes after START, tokens, project)."""
    return pd.DataFrame(
        {
            "time": [START + pd.Timedelta(minutes=minutes) for minutes, *_ in rows],
            "account_key": key,
            "model": "gpt-6-astra",
            "total": [tokens for _, tokens, _ in rows],
            "project": [project for *_, project in rows],
        }
    )


def points(table, *names):
    return {tuple(row[:-1]): round(row[-1], 6) for row in table[[*names, "points"]].itertuples(index=False)}


def test_the_points_of_a_rise_go_to_the_turns_in_it_by_tokens():
    found = burn(readings(0, 0, 3), turns((2, 100, "site"), (12, 200, "site"), (15, 300, "engine")))
    assert points(found, "project") == {("site",): 1.5, ("engine",): 1.5}


def test_what_rose_while_no_turn_ran_is_a_row_of_its_own():
    quiet = [2.0] * 12 + [9.0, 11.0]
    found = burn(readings(0, 2, *quiet), turns((5, 100, "site")))
    assert points(found, "project", "kind") == {("site", "own turns"): 2, ("unexplained", "unexplained"): 9}
    assert found["share"].tolist() == pytest.approx([2 / 11, 9 / 11])


def test_what_rises_late_is_the_last_turns():
    """The reset that comes as announced parts the block from its turn; the turn counts once."""
    windows = readings(3, 4, every="20min", reset="2026-11-16T08:10Z")
    windows["reset_at"] += pd.to_timedelta([0, 7], unit="D")
    found = burn(windows, turns((5, 100, "site")))
    assert points(found, "project", "kind") == {("site", "own turns"): 4}
    assert found["turns"].tolist() == [0]


def test_what_rose_beside_turns_of_nobody_is_not_called_unexplained():
    spent = pd.concat([turns((5, 100, "site")), turns((150, 100, "old"), key=UNATTRIBUTED)])
    found = burn(readings(0, 2, *[2.0] * 13, 6.0), spent)
    assert points(found, "kind") == {("own turns",): 2, ("turns without an account",): 4}


def test_a_reset_starts_from_nothing():
    before, after = readings(90, 95), readings(95, 4, reset="2026-11-27T00:00Z")
    shift = pd.Timestamp("2026-11-19T23:40Z") - START
    windows = pd.concat([before, after.assign(fetched_at=after["fetched_at"] + pd.Timedelta(hours=88))])
    windows.loc[windows["used_percent"].eq(95) & windows["reset_at"].gt("2026-11-20T00:01Z"), "used_percent"] = 0
    spent = turns((5, 100, "site"), (shift.total_seconds() / 60 + 23, 100, "site"))
    assert points(burn(windows, spent), "kind") == {("own turns",): 9}


@pytest.mark.parametrize("by", ["project", "session", "model", "effort", "hour", "weekday", ["day", "project"], []])
def test_every_way_to_add_up_gives_the_same_sum(by):
    user = spender(5, foreign=0.25, days=21)
    found = burn(user.windows, user.tokens, by=by)
    whole = burn(user.windows, user.tokens, by=[])
    for window, rows in found.groupby("window"):
        assert rows["points"].sum() == pytest.approx(whole.loc[whole["window"] == window, "points"].sum())
        assert rows["share"].sum() == pytest.approx(1)
    assert {"own turns", "unexplained"} <= set(found["kind"])


def test_hours_and_days_are_those_of_the_zone():
    found = burn(readings(0, 3), turns((2, 100, "site")), by=["day", "hour"], tz="Asia/Tokyo")
    assert (str(found["day"].iloc[0]), found["hour"].iloc[0]) == ("2026-11-16 00:00:00+09:00", 17)


def test_a_range_and_an_account_can_be_chosen():
    windows = pd.concat([readings(0, 3, 6), readings(0, 5, 5, key="b2")])
    spent = pd.concat([turns((2, 1, "x"), (12, 1, "x")), turns((2, 1, "y"), key="b2")])
    assert points(burn(windows, spent, accounts="b2"), "project") == {("y",): 5}
    late = burn(windows, spent, since=START + pd.Timedelta(minutes=11), accounts=["a1"])
    assert points(late, "project") == {("x",): 3}
    with pytest.raises(ValueError, match="There is no account 'c3'"):
        burn(windows, spent, accounts="c3")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"by": "colour"}, "There is no by 'colour'. Did you mean hour"),
        ({"weights": {"cached": 0.1}}, "Did you mean cached_input"),
        ({"weights": {"output": -1}}, "the weight of output must be a number above 0"),
        ({"weights": {"output": "6"}}, "the weight of output must be a number above 0, not '6'"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        burn(readings(0, 3), turns((2, 1, "x")), **wrong)


def test_weights_are_a_dictionary():
    with pytest.raises(TypeError, match="weights is list instead of a dictionary"):
        burn(readings(0, 3), turns((2, 1, "x")), weights=[1])


def test_turns_that_stand_there_twice_count_once():
    """Frames of logs and of a history that were joined; another session's turn at the same moment is another one."""
    once = turns((2, 100, "site"), (12, 300, "site")).assign(session="one", effort="high")
    other = once.assign(session="two", project="engine")
    found = burn(readings(0, 2, 4), pd.concat([once, other, once.drop(columns="effort")]))
    assert points(found, "project", "turns", "tokens") == {("site", 2, 400): 2, ("engine", 2, 400): 2}


@pytest.mark.filterwarnings("error")
def test_turns_without_a_time_are_none():
    spent = turns((2, 100, "site"), (3, 100, "engine"))
    assert burn(readings(0, 2), spent.assign(time=pd.NaT)).empty
    spent.loc[1, "time"] = pd.NaT
    assert points(burn(readings(0, 2), spent), "project") == {("site",): 2}


def test_turns_without_tokens_explain_nothing():
    """Nor do they count; a count below 0 is a missing one."""
    quiet = [2.0] * 12 + [9.0]
    for none in (0, -7):
        spent = turns((5, 100, "site"), (6, none, "site"), (125, none, "site"))
        found = burn(readings(0, 2, *quiet), spent)
        assert points(found, "kind") == {("own turns",): 2, ("unexplained",): 7}
        assert found[["turns", "tokens"]].to_numpy().tolist() == [[1, 100], [0, 0]]
        assert unexplained(readings(0, 2, *quiet), spent, per="whole")["unexplained"].tolist() == [7]


def test_without_turns_nothing_is_said():
    assert burn(readings(0, 3), turns((2, 1, "x"), key="other")).empty
    assert "Nothing to share out" in plot_burn(burn(readings(0, 3), turns())).layout.annotations[0].text


# --- the chart ---


def test_bars_show_points_and_what_is_not_explained():
    found = burn(readings(0, 2, *[2.0] * 12, 9.0), turns((5, 100, "site")))
    figure = plot_burn(found)
    assert {trace.name: list(trace.x) for trace in figure.data} == {"own turns": [0, 2], "unexplained": [7, 0]}
    assert "7 of them no turn explains" in figure.layout.title.subtitle.text


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ([], "kind"),
        (["hour"], "hour"),
        (["project", "model"], "project and model"),
        (["project", "model", "hour"], "project, model and hour"),
    ],
)
def test_the_title_says_what_was_asked_for(by, words):
    figure = plot_burn(burn(readings(0, 2), turns((5, 100, "site")), by=by))
    assert figure.layout.title.text == f"Where the week went: by {words} (estimate)"


def test_projects_and_sessions_are_numbered_unless_asked_for():
    found = burn(readings(0, 3), turns((2, 2, "secret-plan"), (3, 1, "<b>site</b>")))
    assert list(plot_burn(found).layout.yaxis.ticktext) == ["project 1", "project 2"]
    shown = plot_burn(found, projects=True)
    assert list(shown.layout.yaxis.ticktext) == ["secret-plan", "&lt;b&gt;site&lt;/b&gt;"]
    assert "secret" not in plot_burn(burn(readings(0, 3), turns((2, 2, "secret")), by=["day", "project"])).to_json()


def test_a_column_of_days_makes_a_timeline_of_the_largest():
    user = spender(5, foreign=0.25, days=21)
    figure = plot_burn(burn(user.windows, user.tokens, by=["day", "session"]))
    assert [trace.name for trace in figure.data][3:] == ["all others", "unexplained"]
    whole = burn(user.windows, user.tokens, by=[])
    drawn = sum(sum(trace.y) for trace in figure.data)
    assert drawn == pytest.approx(whole.loc[whole["window"] == "weekly", "points"].sum())


def test_many_rows_become_one():
    user = spender(5, days=21)
    figure = plot_burn(burn(user.windows, user.tokens, by="session"))
    assert len(figure.layout.yaxis.ticktext) == 24
    assert figure.layout.yaxis.ticktext[-1] == "all others"


def test_the_longest_window_is_drawn_unless_another_is_named():
    windows = pd.concat(
        [readings(0, 3), readings(0, 20, window="five_hour", seconds=18_000, reset="2026-11-16T12:00Z")]
    )
    found = burn(windows, turns((2, 2, "x")))
    assert "the week went" in plot_burn(found).layout.title.text
    assert "the five hours went" in plot_burn(found, window="five_hour").layout.title.text
    assert "the five hours went" in plot_burn(found[found["window"] == "five_hour"]).layout.title.text
    with pytest.raises(ValueError, match="There is no window 'daily'"):
        plot_burn(found, window="daily")


@pytest.mark.parametrize("by", ["project", ["day", "model"], "weekday"])
def test_the_chart_builder_takes_it_like_any_frame(by):
    user = spender(5, foreign=0.25, days=14)
    builder = ChartBuilder(burn(user.windows, user.tokens, by=by), name="burned", x=by if by == "weekday" else "window")
    builder.y, builder.color = "points", "kind"
    assert builder.problem == ""
    assert "burned" in builder.code
