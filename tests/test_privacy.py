"""What may be shown: masked identities, escaped control characters, hidden tokens."""

from __future__ import annotations

import json
import unicodedata

import pytest
from auth_support import claims, jwt
from hypothesis import given
from hypothesis import strategies as st

from quota_helpers.client.outcomes import one_line
from quota_helpers.models import Secret
from quota_helpers.privacy import (
    HIDDEN,
    Echo,
    forget_identities,
    hide_in_headers,
    hide_tokens,
    hide_tokens_in,
    identities_in,
    is_writable,
    mask_email,
    mask_identities,
    mask_identity,
    names_somebody,
    names_token,
    printable,
    rewrite,
)

JWT = jwt(claims()).rstrip("=")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def words(text):
    return text.split()


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


@given(JSON)
def test_hiding_changes_nothing_but_secrets(value):
    text = json.dumps(value)
    if hide_tokens(text) == text and not any(word in text.lower() for word in ("token", "secret", "key", "cookie")):
        assert hide_tokens_in(value) == value


# --- the shape of a token, at its edges ---


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("eyJ" + "a" * 7 + ".b", "eyJ" + "a" * 7 + ".b"),
        ("eyJ" + "a" * 8 + ".b", HIDDEN),
        ("eyJ" + "a" * 8, "eyJ" + "a" * 8),  # one part alone is no token
        ("eyJ" + "a" * 8 + ".b.c.d.e.f", HIDDEN + "f"),  # five parts, as an encrypted one has
        ("eyJ" + "a" * 8 + ".b.", HIDDEN),
        ("sk-" + "a" * 15, "sk-" + "a" * 15),
        ("sk-" + "a" * 16, HIDDEN),
        ("rt_" + "a" * 16, HIDDEN),
        ("ac-" + "a" * 16, HIDDEN),
        ("risk-" + "a" * 16, "risk-" + "a" * 16),  # in the middle of a word
        ("Bearer " + "a" * 7, "Bearer " + "a" * 7),
        ("Bearer " + "a" * 8, "Bearer " + HIDDEN),
        ("bearer " + "a" * 8 + "== b", "bearer " + HIDDEN + " b"),
        ("Bearer a", "Bearer a"),
    ],
)
def test_a_token_is_a_token_from_its_shortest_form_on(text, shown):
    assert hide_tokens(text) == shown


@pytest.mark.parametrize(
    "key",
    [
        "accessToken",
        "access_token",
        "api_key",
        "apikey",
        "Authorization",
        "client-secret",
        "cookie",
        "id_token",
        "OPENAI_API_KEY",
        "password",
        "personal_access_token",
        "refresh_token",
        "secret",
        "session_token",
        "Set-Cookie",
        "set-cookie2",
        "TOKEN",
    ],
)
def test_a_key_names_a_token_however_it_is_spelled(key):
    assert names_token(key)
    assert hide_tokens_in({key: "short"}) == {key: HIDDEN}


@pytest.mark.parametrize("key", ["input_tokens", "token_count", "cookies_accepted", "secretary", "", "1", "key", "api"])
def test_other_keys_name_no_token(key):
    assert not names_token(key)
    assert hide_tokens_in({key: "short"}) == {key: "short"}


@pytest.mark.parametrize(
    "key",
    [
        "user_id",
        "userIds",
        "account-id",
        "memberId",
        "owner_id",
        "customer_id",
        "organization_id",
        "organisationId",
        "org_id",
        "workspace_id",
        "tenant_id",
        "device_id",
        "seat_id",
        "chatgpt_account_id",
        "user_name",
        "display_name",
        "fullname",
        "first_name",
        "last_name",
        "given_name",
        "family_name",
        "workspace_name",
        "account_name",
        "organization_name",
        "email",
        "e-mail",
        "emails",
        "email_address",
        "emailAddresses",
        "phone",
        "phone_number",
        "sub",
    ],
)
def test_a_key_names_somebody_however_it_is_spelled(key):
    assert names_somebody(key)
    assert forget_identities({key: "x", "plan_type": "plus"}) == {key: HIDDEN, "plan_type": "plus"}


@pytest.mark.parametrize(
    "key", ["limit_id", "limit_name", "plan_type", "email_verified", "id", "name", "subject", "user_count", "resub"]
)
def test_other_keys_name_nobody(key):
    assert not names_somebody(key)
    assert forget_identities({key: "x"}) == {key: "x"}


# --- the rewriter ---


def test_what_stands_inside_a_hidden_value_is_hidden_too():
    assert hide_tokens_in({"set-cookie": ["a=1", {"b": "c", "n": 1, "none": None}]}) == {
        "set-cookie": [HIDDEN, {"b": HIDDEN, "n": 1, "none": None}]
    }


def test_what_stands_beside_a_hidden_value_is_not():
    assert hide_tokens_in([{"token": "x"}, "y", {"a": {"token": ["x"]}, "b": "y"}]) == [
        {"token": HIDDEN},
        "y",
        {"a": {"token": [HIDDEN]}, "b": "y"},
    ]


def test_keys_that_become_alike_stay_as_many():
    """One of them would swallow the others: a body of two logins would look like one."""
    body = {JWT: 1, JWT + "x": 2, "***3": 3, JWT + "y": 4}
    assert hide_tokens_in(body) == {"***": 1, "***2": 2, "***3": 3, "***4": 4}


def test_many_keys_that_become_alike_take_linear_time():
    body = {f"{JWT}{number}": number for number in range(20_000)}
    assert list(hide_tokens_in(body).values()) == list(range(20_000))


def test_keys_that_are_no_text_become_text():
    assert hide_tokens_in({1: "a", None: "b", "1": "c"}) == {"1": "a", "None": "b", "12": "c"}


class Seen:
    """A policy that writes down what it is asked; a place is the path."""

    top = "$"

    def inside(self, place, key):
        return f"{place}.{key}"

    def key(self, place, key):
        return f"{key}@{place}"

    def leaf(self, place, value):
        return (place, value)


def test_a_policy_is_asked_in_document_order_and_knows_where_it_stands():
    assert rewrite({"b": [1, {}], "a": ({"c": None},)}, Seen()) == {
        "b@$": [("$.b.0", 1), {}],
        "a@$": [{"c@$.a.0": ("$.a.0.c", None)}],
    }
    assert rewrite("leaf", Seen()) == ("$", "leaf")


@pytest.mark.parametrize(
    ("number", "writable"),
    [
        (2**10_000 - 1, True),
        (2**10_000, False),
        (-(2**10_000), False),
        (1.5, True),
        (float("nan"), False),
        (float("-inf"), False),
    ],
)
def test_numbers_that_json_does_not_have_are_null_where_it_is_written(number, writable):
    assert is_writable(number) is writable
    kept = number if writable else None
    assert hide_tokens_in([number, True, 0], writable=True) == [kept, True, 0]
    assert forget_identities([number, True, 0]) == [kept, True, 0]
    assert repr(hide_tokens_in([number, True])) == repr([number, True])


# --- identities ---


@pytest.mark.parametrize(
    ("identity", "kept"),
    [
        ("ab-12", "of ab-12"),  # five characters
        ("ab-123", "of ***"),
        ("ab-1234", "of ***"),
        ("ab-12345", "of ***"),
        ("ab-123456", "of ***"),
        ("letters", "of letters"),  # could be a word
        ("letter5", "of ***"),
    ],
)
def test_an_identity_is_forgotten_elsewhere_unless_it_could_be_a_word(identity, kept):
    body = {"user_id": identity, "note": f"of {identity}", f"k {identity}": 1}
    assert forget_identities(body) == {"user_id": HIDDEN, "note": kept, f"k {kept.removeprefix('of ')}": 1}


def test_the_longest_identity_is_forgotten_first():
    body = {"user_id": "ab-123", "account_id": "ab-123-456", "note": "ab-123-456 ab-123"}
    assert forget_identities(body)["note"] == "*** ***"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x acct-12345", "x acct-12345"),
        ("x acct-123456", "x ***"),
        ("user-abcdef", "***"),
        ("org-abcdef", "***"),
        ("account-abcdef", "***"),
        ("workspace-abcdef!", "***!"),
        ("superuser-abcdef", "superuser-abcdef"),
        ("to ada@example.com", "to ad...@example.com"),
        (f"by {JWT}", "by ***"),
    ],
)
def test_what_looks_like_an_account_is_forgotten_without_a_key_that_says_so(text, kept):
    assert forget_identities([text]) == [kept]


def test_what_an_identity_holds_is_forgotten_and_keeps_its_shape():
    body = {"owner_id": {"id": 7, "parts": ["a", "", None, True, 1.5]}, "n": 7}
    assert forget_identities(body) == {"owner_id": {"id": 0, "parts": [HIDDEN, "", None, True, 0]}, "n": 7}


def test_identities_are_gathered_from_every_depth_and_body():
    bodies = [{"user_id": "a", "x": [{"email": ["b", ""]}]}, {"owner_id": {"k": "c"}, "plan_type": "plus", "sub": 1}]
    assert identities_in(*bodies) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kim", "ki..."),
        ("of kim", "of kim"),
        ("ab-12", "ab..."),
        ("of ab-12", "of ab-12"),
        ("of ab-123", "of ab..."),
        ("of wordily", "of wo..."),
        ("of ab-123-456", "of ab..."),
        ("jane@work", "ja...@work"),
        ("of jane@work", "of ja...@work"),
        ("other@example.com", "ot...@example.com"),
        (f"of ab-123 {JWT}", f"of ab... {HIDDEN}"),
        ("nobody", "nobody"),
    ],
)
def test_what_is_shown_masks_identities_wherever_they_stand(text, shown):
    mask = mask_identities(["kim", "ab-12", "ab-123", "ab-123-456", "wordily", "jane@work", ""])
    assert mask(text) == shown


def test_without_identities_addresses_and_tokens_are_masked_all_the_same():
    assert mask_identities([])(f"ada@example.com {JWT}") == f"ad...@example.com {HIDDEN}"


# --- one's own token, cookies, the server's words ---


@pytest.mark.parametrize(("token", "hidden"), [("abcde", False), ("abcdef", True), ("", False)])
def test_a_token_is_replaced_from_six_characters_on(token, hidden):
    echo = Echo(Secret(token).reveal)
    text = f"x{token}y"
    assert echo.text(text) == ("x***y" if hidden else text)
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert echo.data(text.encode(encoding)).decode(encoding) == ("x***y" if hidden else text)
    assert repr(token) not in repr(echo)


def test_an_international_token_is_hidden_in_bytes_without_zeros():
    token = "\u4e00\u4e8c\u4e09\u4e00\u4e8c\u4e09"
    assert Echo(Secret(token).reveal).data(token.encode("utf-16-le")).decode("utf-16-le") == HIDDEN


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Set-Cookie", "__cf=secret; Path=/", "__cf=***"),
        ("set-cookie2", " id = secret", "id=***"),
        ("COOKIE", "secret", "***"),
        ("Cookie", "", "***"),
        ("Authorization", "Basic c2VjcmV0", "***"),
        ("X-Api-Key", "secret", "***"),
        ("Api-Key", "secret", "***"),
        ("Api-Key", "", ""),
        ("Date", "today", "today"),
        ("X-Echo", f"Bearer {JWT}", "Bearer ***"),
    ],
)
def test_headers_that_hold_secrets_keep_their_names(name, value, shown):
    assert hide_in_headers([(name, value)]) == [(name, shown)]


def test_headers_pass_through_ones_own_policy():
    assert hide_in_headers([("X-abcdef", "abcdef"), ("Cookie", "abcdef=1")], Echo(Secret("abcdef").reveal).text) == [
        ("X-***", "***"),
        ("Cookie", "***=***"),
    ]


@pytest.mark.parametrize("before", range(150, 205, 5))
def test_the_servers_words_are_cut_only_after_tokens_are_hidden(before):
    """Cut first, the front half of a token would look like nothing and be shown."""
    said = one_line("w" * before + " " + JWT)
    assert JWT[:8] not in said
    assert len(said) <= 200


@pytest.mark.parametrize(("length", "shown"), [(200, "w" * 200), (201, "w" * 199 + "\u2026")])
def test_the_servers_words_are_two_hundred_characters_at_most(length, shown):
    assert one_line("w" * length) == shown


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<html><title>Just a\nmoment</title>", "Just a moment"),
        ("  <html><TITLE class=x> Wait </TITLE>", "Wait"),
        ("<title> </title>", "an HTML page"),
        ("<html>", "an HTML page"),
        ("1 < 2", "1 < 2"),
        ("of ada@example.com", "of ad...@example.com"),
    ],
)
def test_of_a_page_only_the_title_is_said(page, shown):
    assert one_line(page) == shown
