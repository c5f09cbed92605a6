"""The field explorer's kernel side: what it offers, what it sends, what it masks, how page and Python keep in step."""

import asyncio
import json
import re

import ipywidgets
import pytest
import traitlets
from explorer_support import Page
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_support import MODERN, NOW, TOKEN, changed, nested, reply

import quota_helpers as qh
from quota_helpers.errors import BodyError
from quota_helpers.models import Collection, Failure
from quota_helpers.raw import Body, field_rows
from quota_helpers.widgets import FieldExplorer
from quota_helpers.widgets.explorer_shelf import MOST_BODIES

PERCENT = "$.rate_limit.primary_window.used_percent"


@pytest.fixture
def source():
    with qh.demo() as source:
        yield source


@pytest.fixture(autouse=True)
def _closed_widgets():
    yield
    ipywidgets.Widget.close_all()


def explorer_of(*bodies, **options):
    explorer = FieldExplorer(bodies, **options)
    return explorer, Page(explorer)


# --- what it offers ---


def test_the_demo_offers_every_account_also_those_that_failed(source):
    """All 18, each under its name; what went wrong stands beside it."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    assert len(explorer.names) == 18
    assert explorer.account == "ada"
    assert page.state()["_title"] == "Demo: invented accounts"
    remarks = {one["label"]: (one["note"], one["remark"]) for one in page.state()["_sources"]}
    assert remarks["ada"] == ("", "")
    assert remarks["edge-blocked"][0] == "HTTP 403"
    assert remarks["edge-blocked"][1].startswith("BlockedByEdgeError: ")
    assert remarks["expired"][0] == "no reply"


def test_an_account_without_a_reply_says_why(source):
    """There is nothing to show, and the page says what to do next instead."""
    explorer = FieldExplorer(source)
    explorer.account = "expired"
    shown = Page(explorer).body()
    assert "rows" not in shown
    assert shown["trouble"].startswith("No reply. TokenExpiredError: ")
    assert "codex login" in shown["trouble"]
    with pytest.raises(BodyError, match="No reply"):
        _ = explorer.table
    with pytest.raises(BodyError, match="No reply"):
        _ = explorer.snapshot


def test_a_reply_without_json_shows_its_text(source):
    """The edge's HTML page is one string, and so cannot do anything."""
    explorer = FieldExplorer(source)
    explorer.account = "edge-blocked"
    (row,) = Page(explorer).body()["rows"]
    assert row["type"] == "string"
    assert "<html" in row["value"].lower()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ({"work": MODERN, "home": {"plan_type": "plus"}}, ["work", "home"]),
        (MODERN, ["body"]),
        ({"strange": 1}, ["body"]),
        ([reply(MODERN, "a"), reply(MODERN, "b")], ["a", "b"]),
        ([reply(MODERN), reply(MODERN, minutes=5)], ["work 2026-11-22 12:00:00", "work 2026-11-22 12:05:00"]),
        (reply(MODERN, "only"), ["only"]),
        (Body(name="one", payload=[1, 2]), ["one"]),
        ('{"plan_type": "plus"}', ["body 1"]),
        ("[1, 2]\n[3]", ["body 1", "body 2"]),
        ({"a": reply(None, "a", body=b"<html>")}, ["a"]),
        ([], []),
    ],
)
def test_bodies_come_in_many_forms(source, names):
    """A mapping, one body, replies, pasted text: each as a person would hand it over."""
    assert FieldExplorer(source).names == names


def test_a_file_and_a_folder(tmp_path):
    """Paths are read."""
    (tmp_path / "one.json").write_text(json.dumps(MODERN))
    (tmp_path / "two.json").write_text("[]")
    assert FieldExplorer(tmp_path).names == ["one", "two"]
    assert FieldExplorer(tmp_path / "one.json").payload == MODERN


def test_bad_text_names_its_place():
    """As everywhere: line and column."""
    with pytest.raises(BodyError, match="line 1, column 10"):
        FieldExplorer('{"plan": nope}')


def test_no_body_at_all_is_said():
    """An empty collection is no error."""
    explorer = FieldExplorer(Collection(fetched_at=NOW))
    assert explorer.account is None
    assert explorer.payload is None
    assert "There is no body to show" in Page(explorer).body()["trouble"]


def test_a_huge_number_of_bodies_is_bounded():
    """The list in the page stays bearable."""
    explorer = FieldExplorer([reply({}, f"a{number}") for number in range(MOST_BODIES + 5)])
    assert len(explorer.names) == MOST_BODIES


# --- what it sends ---


def test_the_rows_are_those_of_the_table(source):
    """Key, type, value, status and all the words about each field; numbers as text, since a browser rounds them."""
    explorer = FieldExplorer(source)
    sent = Page(explorer).body()
    table = explorer.table
    assert [row["status"] for row in sent["rows"]] == table["status"].tolist()
    assert [row["type"] for row in sent["rows"]] == table["type"].tolist()
    assert [row["note"][1:] for row in sent["rows"]] == table[["read_as", "rule", "why", "meaning"]].to_numpy().tolist()
    at = table["path"].tolist().index(PERCENT)
    assert sent["rows"][at] | {"note": None} == {
        "depth": 3, "key": "used_percent", "type": "integer", "value": "31", "status": "read", "note": None,
    }  # fmt: skip
    assert ["codex.five_hour.used_percent", "31 %", [at]] in sent["readings"]
    assert sent["fetched_at"] == "2026-11-16 09:00 UTC"


def test_every_reading_leads_to_a_field_and_back(source):
    """For each account: the numbers of the rows of a reading are rows that name it."""
    explorer = FieldExplorer(source)
    for name in explorer.names:
        explorer.account = name
        sent = Page(explorer).body()
        for reading, _, rows in sent.get("readings", []):
            assert rows, f"{name}: {reading} has no field"
            assert all(reading in sent["rows"][at]["note"][1].split(", ") for at in rows), f"{name}: {reading}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10**40, "1" + "0" * 40),
        (12345678901234567890, "12345678901234567890"),
        (25.0, "25.0"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        pytest.param(10**5000, "(an integer of 16610 bits)", id="5,000 digits"),
        (True, "true"),
        (None, "null"),
        ("", ""),
        ("\ud800", "\ufffd"),
        ("\x00\u202e<script>", "\x00\u202e<script>"),
    ],
)
def test_values_arrive_as_they_were_sent(value, text):
    """Large numbers, numbers that are none, halves of characters."""
    _, page = explorer_of(Body(name="odd", payload={"x": value}))
    assert page.body()["rows"][1]["value"] == text


@pytest.mark.parametrize(
    "payload",
    [
        [],
        [1, [2, {"a": None}]],
        "text",
        7,
        {"": 1, "\x00": 2, "<b>": 3, "a.b": 4, "0": 5, "\ud800": 6},
        {f"key {number}": number for number in range(100_000)},
        nested(500),
    ],
    ids=["empty", "list", "text", "number", "odd keys", "100,000 keys", "500 levels"],
)
def test_any_json_is_shown(payload):
    """However odd it is, each value has its row, its depth and its key."""
    explorer, page = explorer_of(Body(name="odd", payload=payload))
    sent = page.body()
    expected = field_rows(Body(name="odd", payload=payload))
    assert sent["count"] == len(expected)
    assert [row["depth"] for row in sent["rows"]] == expected.columns["depth"]
    assert [row["key"] for row in sent["rows"]] == expected.columns["key"]
    assert len(explorer.table) == len(expected)
    assert "<b>" not in explorer._repr_mimebundle_()[0]["text/html"].replace("<b>odd</b>", "")


def test_too_deep_is_said_and_the_others_are_shown():
    """Beyond 500 levels there is a clear message; it does not keep the explorer from opening."""
    explorer, page = explorer_of(Body(name="deep", payload=nested(501)), Body(name="fine", payload={}))
    assert "nested deeper than 500 levels" in page.body()["trouble"]
    explorer.account = "fine"
    assert page.body()["count"] == 1


def test_another_table_of_spellings_reads_more():
    """The aliases are those of the caller."""
    body = reply(changed(MODERN, rate_limit={"primary_window": {"pct": 7, "limit_window_seconds": 18_000}}))
    explorer, page = explorer_of(body, aliases=qh.ALIASES.extended({"used_percent": ["pct"]}))
    assert explorer.snapshot.five_hour.used_percent == 7
    assert ["codex.five_hour.used_percent", "7 %"] in [reading[:2] for reading in page.body()["readings"]]


# --- comparison ---


def test_a_difference_marks_added_removed_and_changed():
    """What only the other body has stands at the end of its object, with all that it holds."""
    here = {"plan_type": "plus", "new": {"a": 1}, "same": [1, 2], "kind": 1}
    there = {"plan_type": "pro", "gone": {"b": {"c": 2}}, "same": [1, 2, 3], "kind": 1.0}
    explorer, page = explorer_of(Body(name="here", payload=here), Body(name="there", payload=there))
    explorer.compare_to = "there"
    sent = page.body()
    words = ["same", "added", "removed", "changed"]
    found = {explorer._view().paths[at]: words[change] for at, change in enumerate(sent["change"])}
    assert found == {
        "$": "same",
        "$.plan_type": "changed",
        "$.new": "added",
        "$.new.a": "added",
        "$.same": "same",
        "$.same[0]": "same",
        "$.same[1]": "same",
        "$.same[2]": "removed",
        "$.kind": "changed",
        "$.gone": "removed",
        "$.gone.b": "removed",
        "$.gone.b.c": "removed",
    }
    assert list(found) == [explorer._view().paths[at] for at in range(sent["count"])]
    assert sent["before"] == {"1": "pro", "8": "1.0"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text("ab.\u00e9", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=2), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(json_values, json_values)
def test_the_merged_tree_holds_both_bodies(here, there):
    """Every path of either body has one row, beneath its parent; nothing differs from itself."""
    one, other = Body(name="one", payload=here), Body(name="other", payload=there)
    if here is None or there is None:
        return
    explorer = FieldExplorer([one, other])
    explorer.compare_to = "other"
    view = explorer._view()
    paths = {*field_rows(one).columns["path"], *field_rows(other).columns["path"]}
    assert sorted(view.paths) == sorted(paths)
    explorer.close()
    twice = FieldExplorer([one, Body(name="other", payload=here)])
    twice.compare_to = "other"
    assert set(Page(twice).body()["change"]) == {0}
    twice.close()


# --- masking ---

PERSON = "jane.doe@example.com"
SECRETS = [PERSON, "user-invented-1", "acct-invented-1", TOKEN]
TELLTALE = changed(
    MODERN,
    owners={PERSON: {"by": "user-invented-1"}, "user-invented-1": 1, f"team of acct-invented-1/{TOKEN}": None},
    note=f"written by {PERSON} for acct-invented-1, {TOKEN}",
    additional_rate_limits=[{"limit_name": PERSON, "metered_feature": "user-invented-1", "rate_limit": None}],
)


@pytest.mark.parametrize("compared", [False, True])
def test_no_identity_reaches_the_browser(compared):
    """Neither as a value nor within one, nor as a key; not in the picker, not in the static copy; tokens never."""
    explorer, page = explorer_of(reply(TELLTALE, PERSON), reply(MODERN, PERSON, minutes=5))
    if compared:
        explorer.compare_to = explorer.names[1]
    explorer.selected_path = "$.note"
    page.message(kind="redact", ask=1)
    seen = page.everything()
    assert [secret for secret in SECRETS if secret in seen] == []
    assert "ja...@example.com" in seen
    assert not any(secret in text for secret in SECRETS for text in map(str, explorer.table.to_numpy().flat))


def test_revealed_identities_are_shown_and_tokens_are_not():
    """`reveal=True` is about people, not about secrets."""
    _, page = explorer_of(reply(TELLTALE, PERSON), reveal=True)
    seen = page.everything()
    assert [secret in seen for secret in SECRETS] == [True, True, True, False]


def test_what_the_login_knows_is_masked_too(source):
    """The body does not say that this text is an id; the login file does."""
    collection = source.collect()
    account = source.accounts.named("ada")
    replies = {"ada": reply({"plan_type": "plus", "seat": f"x/{account.user_id}/y"}, "ada")}
    explorer = FieldExplorer(source)
    explorer._take_in(Collection(fetched_at=NOW, replies={**collection.replies, **replies}))
    assert account.user_id not in Page(explorer).everything()


def test_a_failures_words_are_masked():
    """Error texts may name the account."""
    error = qh.TokenMissingError(f"{PERSON}: no token", account=PERSON)
    explorer = FieldExplorer(Collection(fetched_at=NOW, failures=(Failure(account=PERSON, error=error),)))
    assert PERSON not in Page(explorer).everything()


def test_equal_labels_are_told_apart():
    """Two people whose masked addresses are alike."""
    _, page = explorer_of(reply({}, "john@example.com"), reply({}, "joan@example.com"))
    assert [one["label"] for one in page.state()["_sources"]] == ["jo...@example.com (1)", "jo...@example.com (2)"]


# --- state ---


def test_python_sets_and_the_page_follows(source):
    """The page is told numbers, never names."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    explorer.account = "comet"
    explorer.selected_path = PERCENT
    explorer.compare_to = "ada"
    state = page.state()
    assert (state["_account"], state["_compare"], state["_selected"]) == (3, 0, 9)
    explorer.account = "ada"
    assert explorer.compare_to is None, "a body is not compared with itself"
    assert explorer.selected_path == PERCENT, "the field stays chosen where the next body has it"
    explorer.account = "heirloom"
    assert (explorer.selected_path, page.state()["_selected"]) == ("", -1)


def test_the_page_sets_and_python_follows(source):
    """Clicks arrive as numbers."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    page.put(_account=3)
    page.put(_selected=9)
    page.put(_compare=0)
    page.put(search="percent", statuses=["broken"])
    assert (explorer.account, explorer.selected_path, explorer.compare_to) == ("comet", PERCENT, "ada")
    assert (explorer.search, explorer.statuses) == ("percent", ["broken"])
    assert explorer.payload["plan_type"] == "nova"
    assert explorer.snapshot.plan == "nova"
    page.put(_account=9_999, _compare=-7, _selected=12)
    assert (explorer.account, explorer.compare_to, explorer.selected_path) == (None, None, "")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("account", "nobody", "no body 'nobody'; there are: ada, atlas"),
        ("compare_to", "nobody@example.com", r"no body 'no\.\.\.@example.com'"),
        ("selected_path", "$.nothing", r"ada has no field '\$.nothing'"),
        ("statuses", ["good"], "statuses"),
    ],
)
def test_what_does_not_exist_is_refused(source, name, value, message):
    """With a message that says what there is."""
    explorer = FieldExplorer(source)
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


def test_reading_again_keeps_the_earlier_bodies(source):
    """One account over time: the newest body is shown, an earlier one can be compared with it."""
    explorer = FieldExplorer(source)
    explorer.account, explorer.selected_path = "comet", PERCENT
    explorer.refresh()
    assert explorer.account == "comet 2026-11-16 09:05:00"
    assert explorer.selected_path == PERCENT
    explorer.compare_to = "comet 2026-11-16 09:00:00"
    sent = Page(explorer).body()
    assert sent["change"][explorer._view().index[PERCENT]] == 3
    explorer.account = "ada"
    assert explorer.account == "ada 2026-11-16 09:05:00", "a bare name means the newest"
    assert len(set(explorer.names)) == len(explorer.names)


def test_the_page_asks_to_read_again_beside_the_kernels_loop(source):
    """A click while a run is under way starts no second one."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    busy = []
    explorer.observe(lambda change: busy.append(change["new"]), "_busy")

    async def clicks():
        page.message(kind="refresh")
        page.message(kind="refresh")
        await explorer._task

    asyncio.run(clicks())
    assert busy == [True, False]
    assert explorer.account == "ada 2026-11-16 09:05:00"
    assert len([name for name in explorer.names if name.startswith("ada ")]) == 2


def test_without_a_source_there_is_nothing_to_ask():
    """It says so, in the page and to the caller."""
    explorer, page = explorer_of(reply(MODERN))
    with pytest.raises(BodyError, match="no source to ask"):
        explorer.refresh()
    assert page.state()["_refreshable"] is False


# --- copying, errors ---


def test_the_redacted_copy_reads_the_same_and_names_nobody():
    """What lands in the clipboard is made in the kernel, by the package's own allow-list."""
    _, page = explorer_of(reply(TELLTALE))
    page.message(kind="redact", ask=4)
    content, _ = page.sent[-1]
    assert content["ask"] == 4
    assert json.loads(content["text"])["rate_limit"] == MODERN["rate_limit"]
    assert not any(secret in content["text"] for secret in SECRETS)


def test_a_callbacks_error_is_shown_and_raised(source):
    """The alert says it, masked; the next success takes it away."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    explorer.account = "expired"
    with pytest.raises(BodyError, match="no body to copy"):
        explorer._take(explorer, {"kind": "redact", "ask": 1}, [])
    assert page.state()["_alert"].startswith("There is no body to copy.")
    page.message(kind="body")
    assert page.state()["_alert"] == ""
    explorer.say(RuntimeError(f"{PERSON} {TOKEN}\x1b"))
    assert page.state()["_alert"] == "RuntimeError: ja...@example.com ***\\x1b"


@pytest.mark.parametrize("content", [None, "text", {}, {"kind": "unheard"}, {"kind": ["body"]}])
def test_odd_messages_are_passed_over(source, content):
    """A page of another release must not break the kernel's side."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    explorer._take(explorer, content, [])
    assert page.sent == []


# --- the static copy ---


def test_the_saved_notebook_shows_a_table(source):
    """The same in every run, without ids, scripts or a model's number in what nbval compares."""
    bundle = FieldExplorer(source)._repr_mimebundle_()[0]
    with qh.demo() as again:
        assert FieldExplorer(again)._repr_mimebundle_()[0]["text/html"] == bundle["text/html"]
    assert bundle["text/plain"] == "FieldExplorer(18 bodies, showing ada)"
    assert "codex.five_hour.used_percent" in bundle["text/html"]
    assert re.search("<(script|svg|style)", bundle["text/html"]) is None
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_static_copy_escapes_and_ends():
    """HTML in keys and values is text; a huge body's table is short."""
    _, page = explorer_of(Body(name="<i>", payload={"<script>": "<img src=x>", **{f"k{n}": n for n in range(400)}}))
    html = page.explorer._repr_mimebundle_()[0]["text/html"]
    assert "<script" not in html
    assert "<img" not in html
    assert "<i>" not in html
    assert "and 252 more fields" in html
