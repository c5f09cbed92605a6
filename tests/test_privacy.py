"""What may be shown: masked identities, escaped control characters, hidden tokens."""

from __future__ import annotations

import json
import unicodedata

import pytest
from auth_support import claims, jwt
from foundation_support import PATIENT
from hypothesis import given
from hypothesis import strategies as st

from quota_helpers.privacy import HIDDEN, hide_tokens, hide_tokens_in, mask_email, mask_identity, printable

JWT = jwt(claims()).rstrip("=")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("john.doe@example.com", "jo...@example.com"),
        ("a@example.com", "a...@example.com"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_an_email_keeps_two_characters(text, masked):
    assert mask_email(text) == masked


def test_every_address_in_a_text_is_masked():
    text = "codex-ada.l@example.com-plus and <grace@sub.example.org>"
    assert mask_identity(text) == "co...@example.com-plus and <gr...@sub.example.org>"
    assert mask_identity("work") == "work"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("café ☃", "café ☃"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\u202eevil", r"\u202eevil"),
        ("\u2028", r"\u2028"),
        ("\x9b2J", r"\x9b2J"),
        ("\ud800", r"\ud800"),
    ],
)
def test_nothing_steers_a_terminal(text, shown):
    assert printable(text) == shown


@PATIENT
@given(st.text())
def test_shown_text_is_one_line_without_control_characters(text):
    shown = printable(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        "sk-proj-abcdefghijklmnop1234",
        "sess-abcdefghijklmnop1234",
        "at-abcdefghijklmnop1234",
        "rt_0123456789abcdefg",
    ],
)
def test_token_shaped_text_is_hidden_wherever_it_stands(secret):
    for text in (secret, f"token={secret}&x=1", f'{{"a": "{secret}"}}', f"Bearer {secret}"):
        assert secret not in hide_tokens(text)
        assert HIDDEN in hide_tokens(text)


def test_an_opaque_bearer_token_is_hidden_behind_its_word():
    assert hide_tokens("Authorization: Bearer opaque+value/1234==") == f"Authorization: Bearer {HIDDEN}"


@pytest.mark.parametrize("text", ["acct-demo-team-blue", "skating", "user-ada", "resets at 12:00", "gpt-5.3-codex", ""])
def test_ordinary_words_stay(text):
    assert hide_tokens(text) == text


def test_what_stands_under_a_tokens_name_is_hidden_whatever_its_shape():
    body = {"accessToken": "short", "nested": [{"refresh_token": "x", "plan": "plus", "password": ""}], "n": 1}
    assert hide_tokens_in(body) == {
        "accessToken": HIDDEN,
        "nested": [{"refresh_token": HIDDEN, "plan": "plus", "password": ""}],
        "n": 1,
    }


def test_hiding_keeps_order_and_leaves_the_original_alone():
    body = {"b": [1, {"z": JWT, "a": 2}, 3], "a": JWT, JWT: 1}
    before = json.dumps(body)
    hidden = hide_tokens_in(body)
    assert json.dumps(body) == before
    assert list(hidden) == ["b", "a", HIDDEN]
    assert hidden["b"] == [1, {"z": HIDDEN, "a": 2}, 3]
    assert list(hidden["b"][1]) == ["z", "a"]


def test_hiding_goes_as_deep_as_it_must():
    deep: list = [JWT]
    for _ in range(5_000):
        deep = [deep]
    hidden = hide_tokens_in(deep)
    for _ in range(5_000):
        (hidden,) = hidden
    assert hidden == [HIDDEN]


@PATIENT
@given(JSON)
def test_hiding_changes_nothing_but_secrets(value):
    text = json.dumps(value)
    if hide_tokens(text) == text and not any(word in text.lower() for word in ("token", "secret", "key", "cookie")):
        assert hide_tokens_in(value) == value
