"""Bodies pasted from where people have them: `curl -i`, HAR files, literals, header dumps, other tools' readings."""

import base64
import gzip
import json
from datetime import UTC, datetime

import pytest
from raw_support import HEADERS, MODERN, NOW, SPEND_ONLY, TOKEN, changed, nested, reply

import quota_helpers as qh
from quota_helpers.bodies import bodies_of, load_bodies, read_bodies, save_bodies
from quota_helpers.errors import BodyError
from quota_helpers.models.reply import LARGEST_BODY
from quota_helpers.outcomes import Collection
from quota_helpers.raw import field_rows

LATER = datetime(2026, 11, 22, 12, 0, 1, 500_000, tzinfo=UTC)


def payloads(source):
    return [body.payload for body in read_bodies(source)]


# --- curl -i ---


def curl(payload, status="HTTP/2 200", headers=HEADERS, end="\n"):
    lines = [status, *(f"{name}: {value}" for name, value in headers.items()), ""]
    return end.join([*lines, payload if isinstance(payload, str) else json.dumps(payload)]) + end


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("status", ["HTTP/2 200", "HTTP/1.1 200 OK", "HTTP/2 200 "])
def test_the_output_of_curl_with_headers(status, end):
    """Status, headers and the server's own time come with the body."""
    (body,) = read_bodies(curl(MODERN, status, end=end))
    assert (body.payload, body.status, body.fetched_at) == (MODERN, 200, NOW)
    assert body.headers["cf-ray"] == HEADERS["CF-Ray"]


def test_several_outputs_of_curl_one_after_the_other():
    """Interim answers, a proxy's own words and a redirect without a body are no replies; an HTML page is no JSON."""
    text = (
        "HTTP/1.1 200 Connection established\n\nHTTP/1.1 103 Early Hints\nLink: x\n\n"
        + curl(json.dumps(MODERN, indent=2))
        + "\n"
        + curl("", "HTTP/2 302", {"Location": "/x"})
        + curl("<html>\nJust a moment</html>", "HTTP/2 403", {"Content-Type": "text/html"})
        + curl(SPEND_ONLY)
    )
    assert payloads(text) == [MODERN, SPEND_ONLY]
    assert qh.compare_fields(text).sources == ["body 1", "body 2"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (curl('{"plan_type": }'), 13),
        (curl(MODERN) + "and so on", 14),
        ("HTTP/2 200\nDate: x\n", 1),
    ],
)
def test_a_bad_body_under_headers_says_its_line(text, line):
    with pytest.raises(BodyError) as caught:
        read_bodies(text)
    assert caught.value.line == line


def test_a_date_that_is_none_leaves_the_time_unknown():
    """And a reset that counts from it."""
    relative = {"rate_limit": {"primary_window": {"used_percent": 5, "reset_after_seconds": 60}}}
    for date in ("yesterday", "Sun, 22 Nov 2026 12:00:00", ""):
        (body,) = read_bodies(curl(relative, headers={"Date": date}))
        assert body.fetched_at is None
        assert field_rows(body).readings["codex.five_hour.reset_at"] is None


def test_secrets_in_a_transcript_are_hidden():
    """In headers, in cookies, in the body."""
    headers = {"Set-Cookie": "session=hidden-word", "X-Echo": TOKEN}
    (body,) = read_bodies(curl({"note": TOKEN, "token": "hidden-word"}, headers=headers))
    shown = f"{body.payload} {body.text} {body.headers.pairs()}"
    assert TOKEN not in shown
    assert "hidden-word" not in shown


# --- HAR ---


def entry(payload, url="https://chatgpt.com/backend-api/wham/usage?x=1", **content):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return {
        "startedDateTime": "2026-11-22T12:00:00.000Z",
        "time": 1_500.0,
        "request": {"url": url, "headers": [{"name": "Authorization", "value": f"Bearer {TOKEN}"}]},
        "response": {
            "status": 200,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"text": text, **content},
        },
    }


def har(*entries):
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}})


@pytest.mark.parametrize(
    "url",
    [
        "https://chatgpt.com/backend-api/wham/usage",
        "https://chatgpt.com/backend-api/wham/usage/?a=b",
        "https://chatgpt.com/backend-api/codex/usage",
        "http://127.0.0.1:9/api/codex/usage#x",
    ],
)
def test_a_har_file_gives_one_body_for_each_usage_request(url, tmp_path):
    other = entry({"a": 1}, "https://chatgpt.com/backend-api/wham/usage/plan_limit_history?days=7")
    path = tmp_path / "chatgpt.com.har"
    path.write_text(har(other, entry(MODERN, url), other, entry(SPEND_ONLY, url)), "utf-8")
    bodies = read_bodies(path)
    assert [body.payload for body in bodies] == [MODERN, SPEND_ONLY]
    assert [body.name for body in bodies] == ["chatgpt.com 1", "chatgpt.com 2"]
    assert (bodies[0].status, bodies[0].fetched_at) == (200, LATER)
    assert bodies[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress])
def test_content_may_be_base64_and_compressed(squeeze):
    data = base64.b64encode(squeeze(json.dumps(MODERN).encode())).decode()
    assert payloads(har(entry(data, encoding="base64"))) == [MODERN]


@pytest.mark.parametrize(("size", "fits"), [(LARGEST_BODY, True), (LARGEST_BODY + 1, False)])
def test_a_bomb_is_not_unpacked_beyond_five_mebibytes(size, fits):
    """As much as of a reply, and not a byte more."""
    data = b"[" + b" " * (size - 2) + b"]"
    text = har(entry(base64.b64encode(gzip.compress(data)).decode(), encoding="base64"))
    if fits:
        assert payloads(text) == [[]]
    else:
        with pytest.raises(BodyError, match=r"larger than 5 MiB @ \$\.log\.entries\[0\]\.response\.content"):
            read_bodies(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (har(), r"a HAR file of 0 requests, none of which asks for usage @ \$\.log\.entries"),
        (har(entry(MODERN, "https://example.com/")), "a HAR file of 1 requests, none of which"),
        (har(entry("{oops")), r"@ \$\.log\.entries\[0\] is no JSON at line 1, column 2"),
        (har(entry("****", encoding="base64")), r"missing, broken or larger .* @ \$\.log\.entries\[0\]"),
        (har({"request": {"url": "https://x/wham/usage"}}), r"missing, broken or larger"),
        (har(entry(json.dumps(nested(501)))), "nested deeper than 500"),
    ],
)
def test_a_har_file_without_a_usable_answer_says_where(text, said):
    """Never one unknown body."""
    with pytest.raises(BodyError, match=said):
        read_bodies(text)


def test_a_page_in_a_har_file_is_a_reply_that_is_no_json():
    collected = json.loads(har(entry("<html>no</html>"), entry(MODERN)))
    assert payloads(collected) == [MODERN]


# --- literals ---


@pytest.mark.parametrize(
    "text",
    [
        repr(MODERN),
        f"payload = {MODERN!r}",
        f"{MODERN!r}\n{MODERN!r}",
        "const body = " + json.dumps(MODERN).replace('"plan_type"', "plan_type") + ";",
        json.dumps(MODERN, indent=1).replace("\n}", ",\n}").replace("\n ]", ",\n ]"),
        "// copied\n" + json.dumps(MODERN) + " /* to ** here */",
        json.dumps(MODERN).replace("null", "undefined"),
        json.dumps(MODERN).replace('"jane.doe@example.com"', "`jane.doe@example.com`"),
    ],
    ids=["python", "named", "two", "unquoted", "commas", "comments", "undefined", "backquotes"],
)
def test_literals_of_python_and_javascript(text):
    assert set(map(json.dumps, payloads(text))) == {json.dumps(MODERN)}


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        (
            "{'a': 'it\\'s \"so\"', 'b': (1, -2.5e3, [True, None])}",
            {"a": 'it\'s "so"', "b": [1, -2500.0, [True, None]]},
        ),
        ("{a: 1, $b_2: {'c': `x\ny \"z\"`}}", {"a": 1, "$b_2": {"c": 'x\ny "z"'}}),
        ("{'\\u00e9': '{[('}", {"é": "{[("}),
        ("[1,]", [1]),
        ("{'a': {},}", {"a": {}}),
    ],
)
def test_what_literals_may_hold(text, payload):
    assert payloads(text) == [payload]


@pytest.mark.parametrize(
    "text",
    [
        "{,}",
        "[,]",
        "[1,,]",
        "{'a': b}",
        "{'a': f(1)}",
        "{a b: 1}",
        "{'a': 1 + 2}",
        "{'a'",
        "{`${a}`: 1}",
        "{'a': '\\x'}",
    ],
)
def test_what_is_no_literal_is_an_error_with_its_place(text):
    with pytest.raises(BodyError, match="is no JSON at line 1"):
        read_bodies(text)


def test_a_literal_is_not_read_deeper_than_a_body():
    with pytest.raises(BodyError, match="no JSON"):
        read_bodies("[" + "(" * 500 + "1" + ")" * 500 + "]")
    assert payloads("{'a':" * 499 + "(1,)" + "}" * 499)


# --- headers, our own output, other tools ---

LISTED = {"X-Codex-Plan-Type": ["plus"],
    "X-Codex-Primary-Used-Percent": ["20"], "X-Codex-Primary-Window-Minutes": ["300"],
    "X-Codex-Secondary-Used-Percent": ["7"], "X-Codex-Secondary-Window-Minutes": ["10080"], "Date": ["x"]}  # fmt: skip


@pytest.mark.parametrize("source", [LISTED, json.dumps(LISTED), [LISTED]], ids=["dict", "text", "list"])
def test_headers_stored_as_lists_are_read(source):
    """As Go and many proxies keep them."""
    (body,) = bodies_of(source)
    readings = field_rows(body, fetched_at=NOW).readings
    assert (readings["plan"], readings["codex.five_hour.used_percent"], readings["codex.weekly.used_percent"]) == (
        "plus", 20, 7)  # fmt: skip
    table = qh.header_table(source if isinstance(source, dict) else body, fetched_at=NOW).set_index("read_as")
    assert table.loc["codex.weekly.used_percent", "reading"] == 7


def test_several_values_of_one_header_are_joined_as_in_http():
    (body,) = bodies_of({"x-codex-a": ["1", "2"], "Vary": []})
    assert body.payload == {"x-codex-a": "1, 2", "Vary": ""}


@pytest.mark.parametrize("form", ["one", "lines", "headings", "headings and headers"])
def test_what_our_command_line_prints_is_read(form):
    """`--raw-json` of one account, of several, and with headers in a terminal."""
    line = json.dumps({"account": "work", "payload": MODERN})
    texts = {
        "one": json.dumps(MODERN, indent=2),
        "lines": f"{line}\n{line}",
        "headings": f"=== work ===\n{json.dumps(MODERN, indent=2)}\n=== work ===\n{json.dumps(MODERN)}\n",
        "headings and headers": f"=== work ===\nHTTP 200\nDate: {HEADERS['Date']}\n{json.dumps(MODERN, indent=2)}\n",
    }
    bodies = read_bodies(texts[form])
    assert {json.dumps(body.payload) for body in bodies} == {json.dumps(MODERN)}
    assert {body.account for body in bodies} == ({None} if form == "one" else {"work"})
    assert (bodies[0].status, bodies[0].fetched_at) == ((200, NOW) if "headers" in form else (None, None))


def test_what_ccpace_keeps_is_read():
    """A line a reading; its own time, in seconds."""
    line = {"schema": 1, "provider": "codex", "account": "9f3c", "timestamp": NOW.timestamp(), "usage": MODERN}
    bodies = read_bodies(f"{json.dumps(line)}\n{json.dumps(line | {'timestamp': True})}")
    assert [(body.payload, body.account, body.fetched_at) for body in bodies] == [
        (MODERN, "9f3c", NOW),
        (MODERN, "9f3c", None),
    ]


WINDOWS = {"primary": {"usedPercent": 28, "windowMinutes": 300, "resetsAt": "2026-11-22T14:00:00Z"}, "secondary": None}
CODEXBAR = {
    "provider": "codex",
    "source": "oauth",
    "usage": {**WINDOWS, "updatedAt": "2026-11-22T12:00:00Z", "identity": {"accountEmail": "ada@example.com"}},
    "credits": {"remaining": 112.4},
}


@pytest.mark.parametrize("source", [CODEXBAR, [CODEXBAR], json.dumps([CODEXBAR])], ids=["one", "list", "text"])
def test_what_codexbars_command_line_prints_is_read(source):
    (body,) = read_bodies(source)
    assert (body.account, body.fetched_at) == ("ada@example.com", NOW)
    readings = field_rows(body).readings
    assert readings["codex.five_hour.used_percent"] == 28
    assert readings["codex.five_hour.reset_at"] == datetime(2026, 11, 22, 14, tzinfo=UTC)


def test_another_providers_reading_is_no_body():
    with pytest.raises(BodyError, match="another provider"):
        read_bodies({**CODEXBAR, "provider": "claude"})
    with pytest.raises(BodyError, match="without usage"):
        read_bodies({"provider": "codex", "source": "oauth", "error": "x"})


def test_the_history_that_codexbar_keeps_is_read():
    """A body for each account and moment, the oldest first; what the series holds is its window."""
    at = ["2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z"]
    series = [
        {"name": "session", "windowMinutes": 300, "entries": [
            {"capturedAt": at[1], "usedPercent": 8.5, "resetsAt": at[1]}, {"capturedAt": at[0], "usedPercent": 3}]},
        {"name": "weekly", "windowMinutes": 10080, "entries": [{"capturedAt": at[1], "usedPercent": 40}]},
    ]  # fmt: skip
    kept = {"version": 1, "preferredAccountKey": "9f3c", "unscoped": [], "accounts": {"9f3c": series}}
    bodies = read_bodies(json.dumps(kept))
    assert [(body.account, body.fetched_at.hour) for body in bodies] == [("9f3c", 11), ("9f3c", 12)]
    readings = field_rows(bodies[1]).readings
    assert (readings["codex.five_hour.used_percent"], readings["codex.weekly.used_percent"]) == (8.5, 40)
    with pytest.raises(BodyError, match="history without readings"):
        read_bodies({**kept, "accounts": {}})


# --- bounds ---


@pytest.mark.parametrize(("size", "fits"), [(LARGEST_BODY, True), (LARGEST_BODY + 1, False)])
def test_one_body_is_five_mebibytes_at_most_and_a_file_holds_many(size, fits):
    text = '"' + "x" * (size - 2) + '"'
    if fits:
        assert len(payloads(f"{text}\n{text}")) == 2
    else:
        with pytest.raises(BodyError, match="larger than 5 MiB, at line 2"):
            read_bodies(f"{{}}\n{text}")


@pytest.mark.parametrize("year", range(2026, 2102, 25))
def test_no_time_is_invented(year):
    """Whatever a body without a time says, no reading has one that nobody said."""
    reset = {"used_percent": 5, "reset_after_seconds": 60, "limit_window_seconds": 18_000}
    body = {"rate_limit": {"primary_window": reset}, "spend_control": {"individual_limit": {**reset, "limit": "5"}}}
    explorer = qh.FieldExplorer([body, {"x-codex-primary-reset-after-seconds": "60"}])
    assert explorer.snapshot.five_hour.reset_at is None
    assert explorer.snapshot.five_hour.fetched_at is None
    assert abs(explorer.snapshot.fetched_at - datetime.now(UTC)).total_seconds() < 60
    told = f"{explorer.table.to_string()} {qh.header_table({'x-codex-primary-reset-after-seconds': '60'}).to_string()}"
    told += f"{qh.replay([body], everything=True).to_string()} {explorer._view().message} {explorer.snapshot}"
    assert "2100" not in told
    assert year  # of every quarter of a century: the stand-in is none of them
    explorer.close()


# --- everything takes everything ---

FUNCTIONS = {
    "field_table": qh.field_table,
    "redact": qh.redact,
    "find_drift": lambda source: qh.find_drift(source, steady=True),
    "compare_fields": lambda source: qh.compare_fields(source).frame,
    "replay": lambda source: qh.replay(source, everything=True),
    "header_table": qh.header_table,
    "read_bodies": read_bodies,
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bodies")
    kept = save_bodies([reply(MODERN, headers=HEADERS)], folder / "kept.jsonl")
    collection = Collection(fetched_at=NOW, replies={"work": reply(MODERN, headers=HEADERS)})
    history = qh.History.in_memory()
    history.add(collection)
    return {
        "reply": reply(MODERN, headers=HEADERS),
        "payload": MODERN,
        "text": json.dumps(MODERN),
        "curl": curl(MODERN),
        "path": kept,
        "path as text": str(kept),
        "folder": folder,
        "collection": collection,
        "loaded": load_bodies(kept),
        "read": read_bodies(kept),
        "stored": history.bodies(),
        "history": history,
    }


NAMES = ["reply", "payload", "text", "curl", "path", "path as text", "folder", "collection", "loaded", "read", "stored",
    "history"]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("source", NAMES)
def test_every_function_takes_a_body_in_every_form(sources, function, source):
    given = sources[source]
    assert len(FUNCTIONS[function](given)) or function == "header_table"


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "source", [object(), NOW, qh.to_frame([]), {"a"}.__len__], ids=lambda value: type(value).__name__
)
def test_every_function_says_what_it_wants_instead(function, source):
    with pytest.raises(BodyError, match=f"expected raw bodies, found {type(source).__name__}") as caught:
        FUNCTIONS[function](source)
    assert caught.value.hint.startswith("Give a collection")


def test_changed_bodies_of_a_generator_are_taken_once():
    assert len(bodies_of(reply(changed(MODERN, plan_type=plan)) for plan in ("plus", "pro"))) == 2
