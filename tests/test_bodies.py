"""Raw bodies to and from a file."""

import json
import stat
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_support import HEADERS, MODERN, NOW, SPEND_ONLY, TOKEN, changed, nested, reply

from quota_helpers.bodies import BadLine, Bodies, load_bodies, read_bodies, save_bodies
from quota_helpers.errors import BodyError
from quota_helpers.outcomes import Collection
from quota_helpers.raw import compare_fields, field_table, find_drift

KEPT = ("account", "account_key", "status", "payload", "fetched_at")


def collection():
    replies = {
        "work": reply(MODERN, headers=HEADERS),
        "home": reply(SPEND_ONLY, "home", minutes=1.5),
        "edge": reply(None, "edge", status=403, body=b"<html>Just a moment</html>"),
        "expired": reply({"error": {"code": "token_expired"}}, "expired", status=401),
    }
    return Collection(fetched_at=NOW, replies=replies)


def test_a_round_trip_keeps_everything(tmp_path):
    """Whose it is, when it was, its status, its headers in their order, and the body."""
    path = save_bodies(collection(), tmp_path / "bodies.jsonl")
    loaded = load_bodies(path)
    assert loaded.problems == ()
    for before, after in zip(collection().replies.values(), loaded, strict=True):
        assert [getattr(after, name) for name in KEPT] == [getattr(before, name) for name in KEPT]
        assert after.headers.pairs() == before.headers.pairs()
    assert loaded[2].text == "<html>Just a moment</html>"
    assert json.loads(loaded[0].text) == MODERN


def test_what_was_loaded_can_be_saved_again(tmp_path):
    """Loading and saving changes nothing."""
    first = save_bodies(collection(), tmp_path / "one.jsonl")
    second = save_bodies(load_bodies(first), tmp_path / "two.jsonl")
    assert first.read_bytes() == second.read_bytes()
    assert load_bodies(first) == load_bodies(second)
    assert payloads(first) == [MODERN, SPEND_ONLY, {"error": {"code": "token_expired"}}]


@pytest.mark.parametrize("redacted", [False, True])
def test_a_body_that_is_null_stays_apart_from_one_that_is_no_json(tmp_path, redacted):
    """Both have the payload None; one is shown as null, the other as its text."""
    replies = [reply(None, "null", body=b"null"), reply(None, "html", body=b"<html></html>")]
    path = save_bodies(replies, tmp_path / "bodies.jsonl", redacted=redacted)
    assert payloads(path) == [None]
    assert len(compare_fields(load_bodies(path)).sources) == 1
    assert field_table(load_bodies(path)[0])["type"].tolist() == ["null"]


def payloads(path):
    return [body.payload for body in read_bodies(path)]


@given(
    payload=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
        max_leaves=20,
    )
)
def test_any_payload_survives(tmp_path_factory, payload):
    """Whatever JSON it is."""
    path = tmp_path_factory.mktemp("bodies") / "x.jsonl"
    save_bodies([reply(payload)], path)
    assert load_bodies(path)[0].payload == payload


def test_tokens_and_cookies_are_never_written(tmp_path):
    """In keys, values, headers, names and pages alike."""
    replies = [
        reply(changed(MODERN, note=f"x {TOKEN}", access_token="hidden-word", **{TOKEN: 1}),
              headers={"Set-Cookie": "hidden-word", "Authorization": "hidden-word", "X": TOKEN}),
        reply(None, "page", body=f"<p>{TOKEN}</p>".encode()),
    ]  # fmt: skip
    for redacted in (False, True):
        text = save_bodies(replies, tmp_path / "x.jsonl", redacted=redacted).read_text("utf-8")
        assert TOKEN not in text
        assert "hidden-word" not in text


def test_redacted_files_hold_no_identity_and_stay_comparable(tmp_path):
    """Accounts become account_1, account_2; the same text is the same pseudonym in every line."""
    replies = [
        reply(MODERN, "jane", headers={**HEADERS, "X-Jane": "jane"}, url="https://jane.example.com"),
        reply(changed(MODERN, note="jane"), "jane", minutes=5),
        reply(None, "june", status=403, body=b"<p>jane</p>"),
    ]
    path = save_bodies(replies, tmp_path / "x.jsonl", redacted=True)
    text = path.read_text("utf-8").lower()
    for private in ("jane", "june", "user-invented", "acct-invented", "key-", "example.com"):
        assert private not in text
    loaded = load_bodies(path)
    assert [body.account for body in loaded] == ["account_1", "account_1", "account_2"]
    assert [body.account_key for body in loaded] == ["login_1", "login_1", "login_2"]
    assert loaded[0].payload["email"] == loaded[1].payload["email"]
    assert list(find_drift(loaded)["change"]) == ["new to the world"]
    assert set(field_table(loaded[0])["status"]) == set(field_table(replies[0])["status"])


def test_bad_lines_are_named_and_the_others_kept(tmp_path):
    """A torn last line, another program's line, and a byte that is no text."""
    good = save_bodies(collection(), tmp_path / "good.jsonl").read_bytes().splitlines()
    path = tmp_path / "bad.jsonl"
    lines = [good[0], b"", b"{oops", b"[1]", b'{"payload": 1}', b'"\xff"', b'"text"',
        b'{"payload": 1, "fetched_at": "2026-11-22T12:00:00"}',
        b'{"payload": 1, "fetched_at": "2026-11-22T12:00:00Z", "status": "x"}',
        b'{"payload": 1, "fetched_at": "2026-11-22T12:00:00Z", "headers": [1]}',
        b"[" * 100_000, good[1], good[3][:40]]  # fmt: skip
    path.write_bytes(b"\n".join(lines))
    loaded = load_bodies(path)
    assert [body.account for body in loaded] == ["work", "home"]
    assert [problem.line for problem in loaded.problems] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 13]
    assert str(loaded.problems[0]).startswith("line 3: no JSON")
    assert isinstance(loaded.problems[0], BadLine)
    assert "oops" not in str(loaded.problems[0])


def test_the_file_appears_whole_or_not_at_all(tmp_path):
    """A body that cannot be written leaves the old file, and no litter beside it."""
    path = save_bodies([reply(MODERN)], tmp_path / "x.jsonl")
    before = path.read_bytes()
    with pytest.raises(BodyError, match="the body of work cannot be written"):
        save_bodies([reply(SPEND_ONLY, "home"), reply({"x": object()})], path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["x.jsonl"]


@pytest.mark.parametrize("redacted", [False, True])
def test_numbers_that_json_does_not_have_are_null(tmp_path, redacted):
    """Another program could not read the file; the client's replies have null there, too."""
    odd = {"used_percent": float("nan"), "reset_at": [float("inf"), -float("inf"), 10**5_000, 10**300, 1.5]}
    path = save_bodies([reply(odd)], tmp_path / "x.jsonl", redacted=redacted)
    kept = json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)["payload"]
    assert kept == {"used_percent": None, "reset_at": [None, None, None, 10**300, 1.5]}
    assert load_bodies(path)[0].payload == kept


def test_places_that_cannot_be_written_or_read(tmp_path):
    """Each names the place; nothing is left behind."""
    with pytest.raises(BodyError, match="cannot be written"):
        save_bodies([reply(MODERN)], tmp_path / "nowhere" / "x.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BodyError, match="cannot be written"):
        save_bodies([reply(MODERN)], tmp_path / "folder")
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]
    with pytest.raises(BodyError, match="there is no file"):
        load_bodies(tmp_path / "nothing.jsonl")
    with pytest.raises(BodyError, match="cannot be read"):
        load_bodies(tmp_path / "folder")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_its_owner_may_read_it(tmp_path):
    """Bodies name accounts."""
    path = save_bodies([reply(MODERN)], tmp_path / "x.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_five_hundred_levels_are_kept(tmp_path):
    """As deep as the client lets through."""
    deep = nested(500)
    path = save_bodies([reply(deep)], tmp_path / "x.jsonl")
    assert json.dumps(load_bodies(path)[0].payload) == json.dumps(deep)


def test_it_is_a_sequence_and_shown_escaped(tmp_path):
    """Names are text, addresses among them masked."""
    bodies = Bodies(
        [reply(MODERN, "<b>x</b>"), reply(SPEND_ONLY, "jane.doe@example.com")], [BadLine(7, "<i>no JSON</i>")]
    )
    assert len(bodies[:1]) == 1
    assert bodies[:1].problems == bodies.problems
    assert bodies == Bodies(list(bodies), bodies.problems)
    html = bodies._repr_html_()
    assert "<b>" not in html
    assert "<i>" not in html
    assert "line 7" in html
    assert "ja...@example.com" in html
    assert "jane" not in html
    assert repr(bodies) == "Bodies(2 replies, 1 bad lines)"
    empty = save_bodies([], tmp_path / "x.jsonl")
    assert len(load_bodies(empty)) == 0
