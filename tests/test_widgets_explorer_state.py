"""The field explorer's kernel side: what it masks, how page and Python keep in step, copying, errors, static copy."""

import asyncio
import json
import re

import ipywidgets
import pytest
import traitlets
from explorer_support import Page, explorer_of
from raw_support import MODERN, NOW, TOKEN, body_called, changed, reply

import quota_helpers as qh
from quota_helpers.errors import BodyError
from quota_helpers.outcomes import Collection, Failure
from quota_helpers.widgets import FieldExplorer

PERCENT = "$.rate_limit.primary_window.used_percent"


@pytest.fixture
def source():
    with qh.demo() as source:
        yield source


@pytest.fixture(autouse=True)
def _closed_widgets():
    yield
    ipywidgets.Widget.close_all()


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
    page.message(kind="redact")
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
    error = qh.errors.TokenMissingError(f"{PERSON}: no token", account=PERSON)
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
    assert (state["account"], state["compare_to"], state["selected_path"]) == (3, 0, 9)
    explorer.account = "ada"
    assert explorer.compare_to is None, "a body is not compared with itself"
    assert explorer.selected_path == PERCENT, "the field stays chosen where the next body has it"
    explorer.account = "heirloom"
    assert (explorer.selected_path, page.state()["selected_path"]) == ("", -1)


def test_the_page_sets_and_python_follows(source):
    """Clicks arrive as numbers."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    page.put(account=3)
    page.put(selected_path=9)
    page.put(compare_to=0)
    page.put(search="percent", statuses=["broken"])
    assert (explorer.account, explorer.selected_path, explorer.compare_to) == ("comet", PERCENT, "ada")
    assert (explorer.search, explorer.statuses) == ("percent", ["broken"])
    assert explorer.payload["plan_type"] == "nova"
    assert explorer.snapshot.plan == "nova"
    page.put(account=9_999, compare_to=-7, selected_path=12)
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
    page.message(kind="redact")
    content = page.sent[-1]
    assert json.loads(content["text"])["rate_limit"] == MODERN["rate_limit"]
    assert not any(secret in content["text"] for secret in SECRETS)


def test_a_callbacks_error_is_shown_and_raised(source):
    """The alert says it, masked; the next success takes it away."""
    explorer = FieldExplorer(source)
    page = Page(explorer)
    explorer.account = "expired"
    with pytest.raises(BodyError, match="no body to copy"):
        explorer._take(explorer, {"kind": "redact"}, [])
    assert page.state()["_alert"].startswith("Explorer: There is no body to copy.")
    page.message(kind="body")
    assert page.state()["_alert"] == ""
    explorer.alerts.error("Explorer", RuntimeError(f"{PERSON} {TOKEN}\x1b"))
    assert page.state()["_alert"] == "Explorer: RuntimeError: ja...@example.com ***\\x1b"


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
    _, page = explorer_of(body_called("<i>", {"<script>": "<img src=x>", **{f"k{n}": n for n in range(400)}}))
    html = page.explorer._repr_mimebundle_()[0]["text/html"]
    assert "<script" not in html
    assert "<img" not in html
    assert "<i>" not in html
    assert "and 252 more fields" in html
