"""The fast way and `normalize` say the same of every line; and it does not matter in which pieces a file grew."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from sessions_support import NOW, context, limits, line, meta, tokens, usage, window, words, write

from quota_helpers.normalize import normalize_token_count
from quota_helpers.sessions import read_sessions
from quota_helpers.sessions.events import ROW, Batch, Events, State
from quota_helpers.times import window_name

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

numbers = st.one_of(
    st.integers(-2, 1200),
    st.floats(-1, 1200),
    st.sampled_from(
        [
            None,
            True,
            "12",
            "12.5",
            "",
            "bad",
            float("inf"),
            float("nan"),
            10**30,
            1e11,
            1_790_000_000,
            "2026-11-20T10:00:00Z",
        ]
    ),
)
resets = st.one_of(st.integers(1_700_000_000, 1_900_000_000), st.integers(0, 10**13), numbers)
windows = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "used_percent": numbers,
            "window_minutes": st.sampled_from([300, 299, 10080, 43200, 60, 7, 0, -5, "300", 1.5]),
            "resets_at": resets,
        }
    ),
    st.fixed_dictionaries(
        {
            "used_percent": st.integers(0, 120),
            "window_minutes": st.integers(1, 50_000),
            "resets_in_seconds": st.one_of(st.integers(-5, 10**9), numbers),
        }
    ),
    st.fixed_dictionaries(
        {
            "used_percent": st.floats(0, 100),
            "window_minutes": st.integers(1, 50_000),
            "resets_at": st.integers(1_700_000_000, 1_900_000_000),
        }
    ),
    st.dictionaries(
        st.sampled_from(["used_percent", "window_minutes", "resets_at", "resets_in_seconds", "remaining_percent"]),
        numbers,
    ),
    numbers,
)
texts = st.sampled_from([None, "codex", "codex_bengalfox", "pro", "", " pro ", "x", 7, True, "ü"])
rate_limits = st.one_of(
    st.fixed_dictionaries(
        {"primary": windows, "secondary": windows},
        optional={
            "limit_id": texts,
            "limit_name": texts,
            "plan_type": texts,
            "credits": st.sampled_from([None, {}, {"has_credits": True, "balance": "3"}]),
            "individual_limit": st.sampled_from([None, {}, {"limit": "5", "used": "1", "used_percent": 20}]),
            "spend_control_reached": st.sampled_from([None, True, False]),
            "rate_limit_reached_type": texts,
            "tertiary": windows,
            "something_new": numbers,
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "primary_used_percent": numbers,
            "secondary_used_percent": numbers,
            "primary_window_minutes": numbers,
        },
    ),
)


SEEDS = [
    tokens(1, total=1, last=1, rate=limits(window(3.0))).rstrip().encode(),
    meta().rstrip().encode(),
    context().rstrip().encode(),
    words().rstrip().encode(),
    b'{"timestamp":"2026-11-20T10:00:00.000Z","type":["token_count"],"payload":{"type":[],"rate_limits":{}}}',
    b'{"timestamp":{},"type":"event_msg","payload":{"type":"token_count","info":[],"rate_limits":[1]}}',
    b'{"timestamp":"2026-11-20T10:00:00.000Z","type":"event_msg","payload":{"type":"token_count","info":{"last_token_usage":7}}}',
    b'{"timestamp":"2026-11-20T10:00:00.000Z","type":"session_meta","payload":{"id":{},"source":[],"creator_user_id":7}}',
    b'{"timestamp":"2026-11-20T10:00:00.000Z","type":"turn_context","payload":null}',
    b'{"timestamp":"2026-11-20T10:00:00.000Z","type":"event_msg","payload":{"type":"token_count","x":' + b"[" * 100_000,
    b'{"rate_limits":{"primary":{"used_percent":' + b"9" * 5_000 + b"}}}",
]
mutated = st.builds(
    lambda seed, at, cut, new: seed[: at % len(seed)] + new + seed[at % len(seed) + cut :],
    st.sampled_from(SEEDS[:9]),
    st.integers(0, 500),
    st.integers(0, 30),
    st.binary(max_size=5),
)


def as_normalize_reads(event):
    snapshot = normalize_token_count(event, fetched_at=NOW)
    return [
        (w.limit_id, snapshot.plan, w.name, w.slot, w.used_percent, w.window_seconds, w.reset_at, w.name_inferred)
        for w in snapshot.windows
    ]


def slot(row):
    return row[3]


def read_line(event, *, typed=True):
    """What a scanner makes of one line: the typed way, or the lenient one; its rows and what is left to `normalize`."""
    batch = Batch()
    events = Events(0, State("s"), batch)
    text = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
    if typed:
        events.counted(memoryview(text.encode()))
    else:
        events.other(text.encode())
    return [ROW.unpack(batch.rows[at : at + ROW.size]) for at in range(0, len(batch.rows), ROW.size)], batch


def as_the_fast_way_reads(row, batch):
    limit, _, plan = list(batch.limits)[row[5]]
    found = []
    for place, (used, minutes, reset) in (("primary", row[14:17]), ("secondary", row[17:20])):
        if not np.isnan(minutes):
            when = EPOCH + timedelta(microseconds=reset)
            found.append(
                (limit or "codex", plan, window_name(minutes * 60.0), place, used, minutes * 60.0, when, False)
            )
    return found


@given(rate_limits)
@settings(max_examples=600)
def test_fast_way_agrees(rate):
    """Whenever the fast way takes a line, it reads what `normalize` reads; of the rest it keeps its hands off."""
    event = json.loads(line("event_msg", {"type": "token_count", "info": None, "rate_limits": rate}))
    rows, batch = read_line(event)
    if rows and not batch.odd:
        assert as_the_fast_way_reads(rows[0], batch) == sorted(as_normalize_reads(event), key=slot)


@pytest.mark.parametrize(
    "rate",
    [
        limits(window(12.5), window(5, 10080)),
        limits(window(3, 10080)),
        limits(window(3), plan_type=None, limit_id=None, spend_control_reached=False, credits={"balance": "0"}),
        {"primary": {"used_percent": 50, "window_minutes": 300, "resets_in_seconds": 600}},
        limits(window(100, 10080), limit_name="GPT-5.3 Codex"),
    ],
)
def test_usual_lines_go_the_fast_way(rate):
    """What Codex writes day by day is not left to the slow way."""
    event = json.loads(line("event_msg", {"type": "token_count", "rate_limits": rate}))
    rows, batch = read_line(event)
    assert not batch.odd
    assert as_the_fast_way_reads(rows[0], batch) == sorted(as_normalize_reads(event), key=slot)


@pytest.mark.parametrize(
    "rate",
    [
        limits(window(100), rate_limit_reached_type="rate_limit_reached"),
        limits(window(1), individual_limit={"limit": "5"}),
        limits(window(1), spend_control_reached=True),
        limits(window(1) | {"new": 1}),
        limits(window(1), tertiary=window(2)),
        limits(window(1), plan_type=" "),
        limits({"used_percent": 1000.5, "window_minutes": 300, "resets_at": 1_795_168_800}),
        limits({"used_percent": 1, "window_minutes": 300}),
        limits({"used_percent": 1, "window_minutes": 0, "resets_at": 1_795_168_800}),
        limits({"used_percent": 1, "window_minutes": 300, "resets_at": 1_000_000_000}),
    ],
)
def test_unusual_lines_are_left_to_normalize(rate):
    """A cap, a limit that is reached, a new member, an odd number: what the types refuse, `normalize` reads."""
    _, batch = read_line(line("event_msg", {"type": "token_count", "rate_limits": rate}).rstrip())
    assert len(batch.odd) == 1


@given(st.lists(rate_limits, min_size=1, max_size=6))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_frames_agree(tmp_path_factory, rates):
    """What arrives in the frame is what `normalize` reads, window by window, whatever the line."""
    home = tmp_path_factory.mktemp("codex")
    lines = [
        line("event_msg", {"type": "token_count", "info": None, "rate_limits": rate}, n + 1)
        for n, rate in enumerate(rates)
    ]
    write(home, meta(), *lines)
    frame = read_sessions(home, cache=False).windows
    expected = []
    for text in lines:
        snapshot = normalize_token_count(json.loads(text))
        expected += [
            (
                snapshot.fetched_at,
                w.limit_id,
                w.name,
                w.slot,
                w.used_percent,
                w.remaining_percent,
                w.window_seconds,
                w.reset_at,
                w.state(snapshot.fetched_at),
            )
            for w in snapshot.windows
        ]
    own = frame[~frame["limit"].str.startswith("spend:")]
    columns = [
        "fetched_at",
        "limit",
        "window",
        "slot",
        "used_percent",
        "remaining_percent",
        "window_seconds",
        "reset_at",
        "state",
    ]
    got = own[columns].astype(object).where(own[columns].notna(), None).to_numpy().tolist()
    assert sorted(map(repr, map(list, got))) == sorted(map(repr, map(_plain, expected)))


def _plain(row):
    from pandas import Timestamp

    return [Timestamp(value).as_unit("us") if isinstance(value, datetime) else value for value in row]


@given(st.data())
@settings(max_examples=40)
def test_pieces_do_not_matter(tmp_path_factory, data):
    """However a file grew between reads, in the middle of a line or of a letter, the end is as if read at once."""
    place = tmp_path_factory.mktemp("grows")
    count = data.draw(st.integers(1, 8))
    lines = [meta(), context("ü")]
    for number in range(count):
        lines += [
            words("déjà vu " * data.draw(st.integers(0, 30)), number),
            tokens(number + 0.5, total=number + 1, rate=limits(window(number))),
        ]
    whole = "".join(lines).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)) | {0, len(whole)})
    path = write(place / "codex", b"")
    for start, end in pairwise(cuts):
        with path.open("ab") as file:
            file.write(whole[start:end])
        found = read_sessions(place / "codex", cache=place / "cache")
    assert found.tokens.equals(read_sessions(place / "codex", cache=False).tokens)
    assert found.tokens["total"].tolist() == [12] * count
    assert found.windows["used_percent"].tolist() == list(range(count))
    assert found.notes == ()


counts = st.one_of(st.none(), st.fixed_dictionaries({name: st.integers(-1, 10**16) for name in usage(1)}))


@given(
    rate_limits,
    counts,
    counts,
    st.sampled_from(["2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00Z", "yesterday", ""]),
    st.sampled_from(["codex", None, "GPT-5.3 Codex", "", " x"]),
)
@settings(max_examples=400)
def test_typed_and_lenient_agree(rate, total, last, time, name):
    """A line that fits the types gives the same rows when it is read the lenient way."""
    rate = limits(rate.get("primary"), rate.get("secondary"), limit_id=rate.get("limit_id"), limit_name=name)
    info = {"total_token_usage": total, "last_token_usage": last, "model_context_window": 258400}
    event = {
        "timestamp": time,
        "type": "event_msg",
        "payload": {"type": "token_count", "info": info, "rate_limits": rate},
    }
    one, other = (read_line(event, typed=typed) for typed in (True, False))
    assert repr(one[0]) == repr(other[0])
    assert one[1].odd == other[1].odd
    assert one[1].limits == other[1].limits


@given(st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(SEEDS), mutated), max_size=12))
@settings(max_examples=300)
def test_garbage_harms_nobody(tmp_path_factory, garbage):
    """Whatever stands in a log, nothing is raised, and the whole line after it is read."""
    home = tmp_path_factory.mktemp("garbage")
    good = tokens(86_400, last=7, rate=limits(window(42.0, resets_in=90_000)))
    write(home, b"\n".join([*garbage, b""]), good)
    found = read_sessions(home, cache=False)
    assert 7 * 12 in found.tokens["total"].tolist()
    assert 42.0 in found.windows["used_percent"].tolist()
    assert found.skipped == ()
