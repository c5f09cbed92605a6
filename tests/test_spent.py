"""What a percent costs, whether it changed, and what was not you: on users whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from spent_support import spender

from quota_helpers.outlook.burn import burn
from quota_helpers.outlook.costs import CHANGE_COLUMNS, cost_changes, percent_costs
from quota_helpers.outlook.unexplained import UNEXPLAINED_COLUMNS, unexplained

START = pd.Timestamp("2026-06-01", tz="UTC")
SEEDS = range(400, 404)


def changed(found):
    return found[found["verdict"] == "changed"]


def near(found, day):
    return (changed(found)["at"] - START - pd.Timedelta(days=day)).abs() < pd.Timedelta("3D")


@pytest.mark.parametrize("foreign", [0.0, 0.1, 0.25, 0.5])
def test_the_share_of_others_is_estimated(foreign):
    off = []
    for seed in SEEDS:
        user = spender(seed, foreign=foreign)
        for row in unexplained(user.windows, user.tokens, per="whole").itertuples():
            off.append(abs(row.unexplained / row.points - user.foreign))
            assert row.verdict == ("unexplained" if foreign else "explained")
    assert np.median(off) < 0.02


def test_each_week_is_judged_and_adds_up():
    user = spender(7, foreign=0.25)
    weeks = unexplained(user.windows, user.tokens, per="7D")
    whole = unexplained(user.windows, user.tokens, per="whole")
    assert weeks.columns.tolist() == list(UNEXPLAINED_COLUMNS)
    for window, rows in weeks.groupby("window"):
        total = whole[whole["window"] == window].iloc[0]
        assert rows["points"].sum() == pytest.approx(total["points"])
        assert rows["unexplained"].sum() == pytest.approx(total["unexplained"], abs=0.05 * total["points"])
        assert len(rows) == 6
    assert (weeks["explained"] + weeks["unexplained"]).to_numpy() == pytest.approx(weeks["points"].to_numpy())
    assert weeks["unexplained"].between(weeks["low"], weeks["high"]).all()


def test_the_same_seed_gives_the_same_answer():
    user = spender(8, foreign=0.25, step=0.3)
    for ask in (unexplained, cost_changes):
        pd.testing.assert_frame_equal(ask(user.windows, user.tokens, seed=3), ask(user.windows, user.tokens, seed=3))


def test_a_price_that_jumps_is_found_within_a_week_and_is_not_taken_for_others():
    for seed in SEEDS:
        user = spender(seed, step=0.3, step_day=21, until_day=28)
        found = cost_changes(user.windows, user.tokens)
        assert near(found, 21).any()
        row = changed(found)[near(found, 21)].iloc[0]
        assert row["low"] - 1 <= 100 / 1.3 - 100 <= row["high"] + 1
        assert row["after"] == pytest.approx(row["before"] * (1 + row["change_percent"] / 100))
        assert set(unexplained(user.windows, user.tokens, per="whole")["verdict"]) == {"explained"}


def test_a_price_that_stays_has_not_changed():
    for seed in SEEDS:
        user = spender(seed, foreign=0.1)
        found = cost_changes(user.windows, user.tokens)
        assert found.columns.tolist() == list(CHANGE_COLUMNS)
        assert changed(found).empty
        assert "no change" in set(found["verdict"])


def test_a_price_that_falls_is_said_to_buy_more():
    user = spender(SEEDS[0], step=-0.25, step_day=21)
    found = cost_changes(user.windows, user.tokens)
    row = changed(found)[near(found, 21)].iloc[0]
    assert row["change_percent"] > 20
    assert row["reason"].startswith("a token costs about 2")
    assert row["reason"].endswith("% less than before")


def test_others_who_use_it_by_the_hour_are_no_change_of_the_price():
    verdicts = []
    for seed in SEEDS:
        user = spender(seed, foreign=0.3, drain=21)
        found = cost_changes(user.windows, user.tokens)
        verdicts += found.loc[found["model"] == "all models", "verdict"].tolist()
        assert "unexplained" in set(unexplained(user.windows, user.tokens)["verdict"])
    assert verdicts.count("changed") <= 1


def test_a_jump_and_others_together_are_both_seen():
    user = spender(SEEDS[1], foreign=0.3, drain=21, step=0.3, step_day=14)
    assert near(cost_changes(user.windows, user.tokens), 14).any()
    weeks = unexplained(user.windows, user.tokens)
    late = weeks["start"] > START + pd.Timedelta(days=21)
    assert set(weeks.loc[late, "verdict"]) == {"unexplained"}
    assert "unexplained" not in set(weeks.loc[weeks["end"] < START + pd.Timedelta(days=14), "verdict"])


def test_weights_are_shown_and_can_be_given():
    user = spender(SEEDS[2])
    fitted = percent_costs(user.windows, user.tokens)
    assert fitted["cached_input"].between(0.01, 1).all()
    assert fitted["output"].between(1, 20).all()
    assert ((fitted["low"] < fitted["per_point"]) & (fitted["per_point"] < fitted["high"])).all()
    given = percent_costs(user.windows, user.tokens, weights={"cached_input": 0.2, "output": 5})
    assert given[["cached_input", "output"]].to_numpy() == pytest.approx(np.tile([0.2, 5], (len(given), 1)))
    assert {"all models", "gpt-6-astra"} <= set(fitted["model"])
    assert {"all efforts", "high", "low"} <= set(fitted["effort"])


# --- small sums, done by hand ---


def small(used, turns=(), every="10min"):
    times = pd.date_range("2026-11-16T08:00Z", periods=len(used), freq=every)
    windows = pd.DataFrame(
        {
            "account_key": "a1",
            "limit": "codex",
            "window": "weekly",
            "used_percent": np.array(used, float),
            "reset_at": pd.Timestamp("2026-11-20T00:00Z"),
            "window_seconds": 604_800.0,
            "fetched_at": times,
        }
    )
    moments = [times[0] + pd.Timedelta(minutes=minutes) for minutes in turns]
    return windows, pd.DataFrame({"time": moments, "account_key": "a1", "model": "gpt-6-astra", "total": 1000})


QUIET = [2.0] * 12


def test_a_burst_while_nothing_ran_is_named_with_its_time():
    windows, tokens = small([0, 2, *QUIET, 5, 9, 11, *[11.0] * 6], [5])
    (row,) = unexplained(windows, tokens, per="intervals").to_dict("records")
    assert (row["points"], row["unexplained"], row["verdict"]) == (9, 9, "unexplained")
    assert (row["start"], row["end"]) == tuple(pd.to_datetime(["2026-11-16T10:10Z", "2026-11-16T10:40Z"]))
    assert row["reason"] == "9 points, no turn on this machine"


def test_a_single_point_may_have_been_due_before():
    (row,) = unexplained(*small([0, 2, *QUIET, 3], [5]), per="intervals").to_dict("records")
    assert (row["points"], row["verdict"]) == (1, "undecided")
    assert row["reason"] == "1 point, no turn on this machine; a single one may have been due before"


def test_two_bursts_half_an_hour_apart_are_one_and_further_apart_two():
    for pause, bursts in ((3, 1), (4, 2)):
        used = [0, 2, *QUIET, 5, *[5.0] * pause, 8]
        assert len(unexplained(*small(used, [5]), per="intervals")) == bursts


@pytest.mark.parametrize(("pause", "points"), [(3, 0), (4, 5)])
def test_what_rises_soon_after_a_turn_is_its_own(pause, points):
    """Servers count late: a reading that begins within 35 minutes of a turn's end belongs to it."""
    found = unexplained(*small([0, *[0.0] * pause, 5], [5]), per="whole")
    assert found["unexplained"].tolist() == [points]


def test_nobody_is_blamed_where_no_log_is_there():
    windows, tokens = small([0, 2, 9], [5])
    for ask in (unexplained, lambda *frames: unexplained(*frames, per="intervals")):
        (row,) = ask(windows, tokens.assign(account_key="b2")).to_dict("records")
        assert (row["verdict"], row["reason"]) == ("undecided", "no turn of this account is in these logs")
    assert cost_changes(windows, tokens[:0]).empty


def test_turns_of_nobody_leave_it_undecided():
    windows, tokens = small([0, 2, *QUIET, 9, 11], [5])
    nobody = tokens.assign(account_key="unattributed", time=tokens["time"] + pd.Timedelta(minutes=140))
    (row,) = unexplained(windows, pd.concat([tokens, nobody]), per="whole").to_dict("records")
    assert row["verdict"] == "undecided"
    assert row["reason"] == "9 points rose beside turns of logs that do not say whose they are"


def test_another_providers_turns_cost_nothing_here():
    windows, tokens = small([0, 2, *QUIET, 9, 11], [5, 140])
    proxied = tokens.assign(provider=["openai", "elsewhere"])
    assert unexplained(windows, proxied, per="whole")["unexplained"].tolist() == [9]
    assert unexplained(windows, tokens, per="whole")["unexplained"].tolist() == [0]


def test_too_little_is_said_to_be_too_little():
    found = cost_changes(*small([0, 2, 4], [5, 15]))
    assert found["reason"].tolist() == ["too few rises beside turns to tell what tokens cost"]
    assert percent_costs(*small([0, 2, 4], [5, 15])).empty


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ({"per": "often"}, ValueError, r'no length such as "7D" \(a year at most\), nor "whole" or "intervals"'),
        ({"per": "1000D"}, ValueError, r"'1000D' is no length such as \"7D\" \(a year at most\)"),
        ({"per": "interval"}, ValueError, "Did you mean intervals"),
        ({"per": 7}, TypeError, "per is int instead of a length"),
        ({"per": "5m"}, ValueError, "shorter than the ten minutes"),
        ({"accounts": "kim"}, ValueError, "There is no account 'kim'"),
        ({"weights": {"input": 2}}, ValueError, "There is no weight 'input'"),
    ],
)
def test_what_is_wrong_is_said(wrong, kind, message):
    with pytest.raises(kind, match=message):
        unexplained(*small([0, 2], [5]), **wrong)


@pytest.mark.parametrize("used", [[4], [np.nan, np.nan], [0, 0, 0], [100, 100, 100], [97, 100, 100]])
@pytest.mark.parametrize("reset", ["2026-11-20T00:00Z", None])
def test_readings_that_say_little_are_no_error(used, reset):
    windows, tokens = small(used, [-60, 5])
    windows["reset_at"] = pd.Series(pd.to_datetime([reset] * len(windows), utc=True), index=windows.index)
    for ask in (unexplained, cost_changes, percent_costs, burn):
        assert not set(ask(windows, tokens).get("verdict", [])) & {"unexplained", "changed"}
