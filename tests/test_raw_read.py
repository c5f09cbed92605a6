"""Bodies from text, files and folders; bad JSON says where it is bad and gives nothing away."""

import gc
import json
import sys
import traceback
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_support import ANY_JSON, MODERN, NOW, SPEND_ONLY, TOKEN, changed, nested, reply

from quota_helpers.bodies import read_bodies
from quota_helpers.errors import BodyError, QuotaError
from quota_helpers.outcomes import Collection
from quota_helpers.raw import field_rows


def payloads(source):
    return [body.payload for body in read_bodies(source)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(MODERN),
        json.dumps(MODERN, indent=2) + "\n",
        "\ufeff" + json.dumps(MODERN),
        "  \r\n" + json.dumps(MODERN),
        f"```json\n{json.dumps(MODERN)}\n```",
        f"```\n{json.dumps(MODERN, indent=1)}\n```\n",
        json.dumps(MODERN).encode(),
        "\ufeff".encode() + json.dumps(MODERN).encode(),
    ],
    ids=["one line", "indented", "mark", "space", "fence", "bare fence", "bytes", "bytes with mark"],
)
def test_pasted_text(text):
    """However it was copied."""
    assert payloads(text) == [MODERN]


@pytest.mark.parametrize(("text", "payload"), [("null", None), (" true\t", True), ("-1.5e3", -1500.0), ("7", 7)])
def test_a_pasted_scalar_is_text_unless_a_file_is_called_so(text, payload, tmp_path, monkeypatch):
    """Any JSON is a body."""
    monkeypatch.chdir(tmp_path)
    assert [body.payload for body in read_bodies(text)] == [payload]
    assert [body.payload for body in read_bodies(text.encode())] == [payload]
    (tmp_path / "7").write_text('"a file"', "utf-8")
    assert [body.payload for body in read_bodies("7")] == ["a file"]


def test_several_bodies_one_a_line_or_one_after_the_other():
    """JSONL, and indented values in a row."""
    text = json.dumps(MODERN) + "\n\n" + json.dumps(SPEND_ONLY, indent=2) + "\n[1, 2]\n"
    assert payloads(text) == [MODERN, SPEND_ONLY, [1, 2]]
    assert [body.name for body in read_bodies(text)] == ["body 1", "body 2", "body 3"]


def test_a_list_is_one_body_unless_it_holds_kept_ones():
    """Any JSON is a body; an array of objects with payload and fetched_at is several."""
    assert payloads('[{"a": 1}]') == [[{"a": 1}]]
    kept = [{"payload": MODERN, "fetched_at": "2026-11-22T12:00:00Z", "account": "work", "status": 200,
        "headers": [["Date", "x"]], "account_key": "k"}]  # fmt: skip
    (body,) = read_bodies(json.dumps(kept))
    assert (body.name, body.account, body.account_key, body.status) == ("work", "work", "k", 200)
    assert body.fetched_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert body.headers["date"] == "x"
    assert field_rows(body).fetched_at == body.fetched_at


def test_files_and_folders(tmp_path):
    """A file by path or name, a folder with everything in it but what is expected of test cases."""
    (tmp_path / "one.json").write_text(json.dumps(MODERN), "utf-8")
    (tmp_path / "many.jsonl").write_text(f"{json.dumps(MODERN)}\n{json.dumps(SPEND_ONLY)}\n", "utf-8")
    (tmp_path / "one.expected.json").write_text("{}", "utf-8")
    (tmp_path / "note.txt").write_text("no JSON", "utf-8")
    assert payloads(tmp_path / "one.json") == [MODERN]
    assert payloads(str(tmp_path / "one.json")) == [MODERN]
    bodies = read_bodies(tmp_path)
    assert [body.name for body in bodies] == ["many 1", "many 2", "one"]
    assert [body.payload for body in bodies] == [MODERN, SPEND_ONLY, MODERN]


def test_a_collection_and_replies():
    """What was fetched goes through as it is."""
    collection = Collection(fetched_at=NOW, replies={"work": reply(MODERN)})
    assert payloads(collection) == payloads([reply(MODERN)]) == payloads({"x": MODERN}) == [MODERN]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"plan_type": plus}', 1, 15),
        ('{\n "a": 1,\n "b" 2\n}', 3, 6),
        ('{"a": 1}\n{"b": }\n', 2, 7),
        ("[1, 2", 1, 6),
        ('{"a": 1}}', 1, 9),
        ('```json\n{"a": oops}\n```', 2, 7),
        ("<html>Just a moment</html>", 1, 1),
        ("", 1, 1),
        ('"unterminated', 1, 1),
    ],
)
def test_bad_json_says_line_and_column_and_shows_the_place(text, line, column):
    """A caret stands under the place."""
    with pytest.raises(BodyError) as caught:
        read_bodies(text)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert isinstance(error, QuotaError)
    assert error.hint in str(error)
    if text:
        assert f"line {line}, column {column}" in error.message
        shown, caret = error.place.split("\n")
        assert str(error).endswith(error.place)
        assert caret.strip() == "^"
        assert len(caret) <= len(shown) + 1


def test_the_caret_stands_under_the_place():
    """Also where something before it was hidden."""
    with pytest.raises(BodyError) as caught:
        read_bodies('{"email": "jane.doe@example.com", "plan_type": ?}')
    shown, caret = caught.value.place.split("\n")
    assert shown[caret.index("^")] == "?"
    assert '"plan_type"' in shown


@pytest.mark.parametrize(
    "text",
    [
        f'{{"access_token": {TOKEN}}}',
        f'{{"access_token": "{TOKEN[:40]}\\q{TOKEN[40:]}"}}',
        f'{{"access_token": "{TOKEN}" oops}}',
        f"[{TOKEN}",
        f'{{"a": 1}} {TOKEN}',
        f"{{{TOKEN}: 1}}",
        TOKEN,
    ],
)
def test_no_part_of_a_token_is_in_the_error(text):
    """Not in its text, its attributes, its causes, nor in the local variables of the frames it passed."""
    parts = [TOKEN[at : at + 12] for at in range(0, len(TOKEN) - 12, 6)]
    try:
        read_bodies(text)
    except BodyError as error:
        caught = error
    shown = f"{caught!s} {caught!r} {vars(caught)} {caught.__cause__!r} {caught.__context__!r}"
    report = traceback.TracebackException.from_exception(caught, capture_locals=True)
    frames = [frame for frame in report.stack if frame.filename != __file__]
    shown += " ".join(f"{frame.name} {frame.locals}" for frame in frames)
    assert frames
    assert not [part for part in parts if part in shown]


def test_tokens_in_good_json_are_hidden_at_once():
    """A token never reaches a body that can be shown, whatever its key or its shape."""
    bodies = read_bodies(json.dumps(changed(MODERN, note=TOKEN, access_token="short", **{TOKEN: 1})))
    text = repr(bodies[0].payload)
    assert TOKEN not in text
    assert "short" not in text


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[" * 100_000, "nested deeper than 500 levels"),
        ('{"a":' * 501 + "1" + "}" * 501, "nested deeper than 500 levels"),
        (b"]" * 600 + b"[" * 600, "nested deeper than 500 levels"),
        (b"\xff\xfe{}", "not UTF-8, at line 1, byte 1"),
        (b'{"a":\n"\xff"}', "not UTF-8, at line 2, byte 2"),
    ],
    ids=["open", "objects", "after closing", "utf-16", "one byte"],
)
def test_too_deep_and_not_utf8(text, match):
    """Checked before a parser could run out of stack."""
    with pytest.raises(BodyError, match=match):
        read_bodies(text)


def test_five_hundred_levels_and_brackets_in_strings_are_fine():
    """Only real nesting counts."""
    deep = nested(500)
    (body,) = read_bodies(json.dumps(deep))
    assert list(field_rows(body))[500].depth == 500
    assert payloads(json.dumps(["[" * 5_000, '\\"[' * 700])) == [["[" * 5_000, '\\"[' * 700]]


def test_a_million_quotes_or_backslashes_do_not_take_long():
    """The check for nesting is linear: this test would hang otherwise."""
    for text in ('{"a": "' + "\\" * 1_000_001, "[" * 600 + '"' * 1_000_001, "[" * 501 + '"\\' * 400_000):
        with pytest.raises(BodyError):
            read_bodies(text)


def test_odd_numbers_are_read():
    """What Python would refuse to convert is no reason to refuse a body."""
    (body,) = read_bodies('{"a": NaN, "b": 1e400, "c": ' + "9" * 5_000 + ', "d": -Infinity}')
    assert [row.value for row in field_rows(body)][1:] == ["NaN", "Infinity", "Infinity", "-Infinity"]


def test_missing_and_unreadable_places(tmp_path):
    """Each names the place and what to do."""
    with pytest.raises(BodyError, match="no file or folder"):
        read_bodies(tmp_path / "nothing.json")
    with pytest.raises(BodyError, match=r"no \*\.json"):
        read_bodies(tmp_path)
    with pytest.raises(BodyError):
        read_bodies("no such thing\x00.json")
    with pytest.raises(BodyError):
        read_bodies("x" * 5_000)
    (tmp_path / "bad.json").write_text("{,}", "utf-8")
    with pytest.raises(BodyError, match=r"bad\.json is no JSON at line 1, column 2"):
        read_bodies(tmp_path)
    with pytest.raises(BodyError, match="expected raw bodies, found int"):
        read_bodies(3)


@given(st.lists(ANY_JSON.filter(lambda value: isinstance(value, dict | list)), min_size=1, max_size=4))
def test_any_json_is_read_back(values):
    """One value a line, whatever is in it (nothing in it looks like a token)."""
    text = "\n".join(json.dumps(value) for value in values)
    assert payloads(text) == values


@given(st.text(alphabet='{}[]",:\\ \n\t01aetrufl.-`<', max_size=60))
def test_any_text_is_read_or_a_body_error(text):
    """Never another exception."""
    try:
        bodies = read_bodies("{" + text)
    except BodyError as error:
        bodies, line = (), error.line
    else:
        line = None
    assert bool(bodies) != (line is not None)


def test_no_body_stays_alive_in_an_error():
    """An error that is kept does not keep the text it was about."""

    class Text(str):
        __slots__ = ()

    text = Text('{"a": oops}')
    with pytest.raises(BodyError) as caught:
        read_bodies(text)
    error = caught.value
    del caught
    error.__traceback__ = None
    gc.collect()
    assert sys.getrefcount(text) <= 3
