"""The values: what a secret gives away (nothing), how windows are named, and what a reading is worth at a moment."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import logging
import pickle
import pprint
import re
import typing
from decimal import Decimal
from pathlib import Path

import pytest
from foundation_support import NOW, reading, snapshot

from quota_helpers import auth, errors, fields, models, normalize, outcomes
from quota_helpers.models import COLUMNS, Account, Credits, Headers, Limit, RawReply, Secret, SpendLimit
from quota_helpers.outcomes import Accounts, Collection, Failure, SkippedLogin

TOKEN = "SENTINEL-token-4Hq8"


def account(name="ada", **fields) -> Account:
    return Account(**{"name": name, "account_id": "acct-1", "access_token": Secret(TOKEN)} | fields)


# --- secrets ---


DISPLAYS = {
    "repr": repr,
    "str": str,
    "f-string": lambda value: f"{value}",
    "padded": lambda value: f"{value!s:>40}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031 - one way to write it
    "format": "{}".format,
    "json": lambda value: json.dumps({"value": value}, default=str),
    "pprint": pprint.pformat,
    "log": lambda value: logging.makeLogRecord({"msg": "%s %r", "args": (value, value)}).getMessage(),
    "pickle": lambda value: "".join(pickle.dumps(value, protocol).decode("latin-1") for protocol in range(6)),
    "dir": lambda value: repr([getattr(value, name, None) for name in dir(value) if name not in {"reveal", "_text"}]),
    "copy": lambda value: repr([copy.copy(value), copy.deepcopy(value)]),
    "error": lambda value: repr(ValueError(value)),
    "list": lambda value: repr([value, {"token": value}]),
}


@pytest.mark.parametrize("display", DISPLAYS.values(), ids=DISPLAYS)
@pytest.mark.parametrize("make", [lambda: Secret(TOKEN), account], ids=["secret", "account"])
def test_a_secret_is_seen_in_no_display(make, display):
    assert TOKEN not in display(make())
    assert "SENTINEL" not in display(make())


def test_a_secret_is_masked_in_a_dictionary_of_the_account():
    """`dataclasses.asdict` copies values deeply; what it makes shows no token, whatever becomes of it."""
    fields = dataclasses.asdict(account())
    assert "SENTINEL" not in repr(fields) + json.dumps(fields, default=str)
    assert "SENTINEL" not in repr(dataclasses.astuple(account()))


def test_a_secret_survives_a_copy_and_is_empty_after_a_pickle():
    assert copy.deepcopy(account()).access_token.reveal() == TOKEN
    assert dataclasses.replace(account(), name="b").access_token.reveal() == TOKEN
    back = pickle.loads(pickle.dumps(account()))  # noqa: S301 - our own bytes
    assert back == account()
    assert back.access_token.reveal() == ""
    assert not back.access_token


def test_secrets_compare_but_are_no_keys():
    assert Secret("a") == Secret("a") == "a"
    assert Secret("a") != Secret("b")
    assert Secret("a") != 1
    assert bool(Secret("a"))
    assert not Secret()
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret("a"))


def test_comparing_an_odd_secret_does_not_raise_an_error_that_holds_it():
    """Half a surrogate pair cannot be encoded; the codec's error would carry the whole string."""
    assert Secret(f"{TOKEN}\ud800") != Secret(TOKEN)
    assert Secret(f"{TOKEN}\ud800") == f"{TOKEN}\ud800"


def test_the_token_takes_no_part_in_equality_and_hash():
    other = account(access_token=Secret("another"))
    assert account() == other
    assert hash(account()) == hash(other)


def test_collections_of_accounts_show_no_token():
    accounts = Accounts([account()], [Failure(account="x", error=errors.TokenMissingError("none."))])
    shown = repr(accounts) + accounts._repr_html_() + pickle.dumps(accounts).decode("latin-1")
    assert "SENTINEL" not in shown
    assert "ada" in accounts._repr_html_()


def test_accounts_are_named_beside_their_count():
    failures = [Failure(account="x", error=errors.TokenMissingError("none."))]
    assert repr(Accounts([account()], failures)) == "Accounts(1 logins: ada; 1 unusable: x)"
    assert repr(Accounts([], failures)) == "Accounts(0 logins; 1 unusable: x)"
    assert repr(Accounts([account()])) == "Accounts(1 logins: ada; 0 unusable)"


# --- accounts ---


def test_the_key_is_short_stable_and_one_way():
    one = account(user_id="user-1")
    assert one.key == account("renamed", user_id="user-1", email="new@example.com", access_token=Secret("x")).key
    assert len(one.key) == 12
    assert set(one.key) <= set("0123456789abcdef")
    assert "user-1" not in one.key


def test_the_key_tells_persons_and_workspaces_apart():
    keys = {
        account(user_id="u1").key,
        account(user_id="u2").key,
        account(user_id="u1", account_id="acct-2").key,
        account(email="a@example.com").key,
        account().key,
    }
    assert len(keys) == 5


def test_the_key_reads_an_email_without_regard_to_case():
    assert account(email="Ada@Example.com").key == account(email="ada@example.com").key


def test_accounts_are_a_sequence_with_names():
    accounts = Accounts([account("a"), account("b")], skipped=[SkippedLogin(path=Path("x"), reason="double")])
    assert accounts.names == ("a", "b")
    assert accounts[0].name == "a"
    assert accounts[-1:].names == ("b",)
    assert accounts[1:].skipped == accounts.skipped
    assert len(accounts) == 2
    assert accounts.named("b").name == "b"
    with pytest.raises(KeyError, match="there are: a, b"):
        accounts.named("c")


def test_text_from_files_is_escaped_in_html():
    failure = Failure(account="<b>", error=errors.AuthFileInvalidError("<i>.", hint="<u>"))
    shown = Accounts([account("<script>", plan="<plan>")], [failure])._repr_html_()
    shown += Collection(fetched_at=NOW, failures=(failure,))._repr_html_()
    for tag in ("<script>", "<plan>", "<i>", "<u>"):
        assert tag not in shown
    assert "&lt;script&gt;" in shown


# --- failures and collections ---


def test_a_failure_says_what_its_error_says():
    error = errors.RateLimitedError("Too often.", hint="Wait.")
    failure = Failure(account="a", error=error)
    assert (failure.kind, failure.message, failure.hint, failure.status, failure.exit_code) == (
        "RateLimitedError",
        "Too often.",
        "Wait.",
        429,
        3,
    )
    assert str(failure) == "a: Too often. Wait."


def test_the_exit_code_of_a_collection_is_the_largest():
    kinds = (errors.ApiKeyOnlyError, errors.UnreachableError, errors.ServerError)
    failures = tuple(Failure(account="a", error=kind("no.")) for kind in kinds)
    codes = [Collection(fetched_at=NOW, failures=failures[:count]).exit_code for count in range(4)]
    assert codes == [0, 1, 2, 3]


def test_a_collection_says_that_it_was_interrupted():
    assert "interrupted" in repr(Collection(fetched_at=NOW, interrupted=True))
    assert "1 read, 0 failed" in repr(Collection(fetched_at=NOW, snapshots=(snapshot(),)))


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (account(), "name"),
        (reading(), "used_percent"),
        (snapshot(), "plan"),
        (Collection(fetched_at=NOW), "snapshots"),
        (Failure(account="a", error=errors.QuotaError("x")), "account"),
        (RawReply(status=200, fetched_at=NOW), "status"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_frozen_and_hashable(value, attribute):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, attribute, None)
    assert isinstance(hash(value), int)


# --- blocked ---


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, None),
        ({"allowed": True, "limit_reached": False}, None),
        ({"allowed": True, "limit_reached": True}, None),
        ({"limit_reached": False, "spend_reached": False, "ordinary_usage_allowed": True}, None),
        ({"reached_type": ""}, None),
        ({"allowed": False}, "the server allows no requests"),
        ({"allowed": False, "limit_reached": False}, "the server allows no requests"),
        ({"ordinary_usage_allowed": False, "allowed": True}, "the server allows no requests"),
        ({"limit_reached": True}, "the usage limit is reached"),
        ({"allowed": False, "limit_reached": True}, "the usage limit is reached"),
        ({"allowed": True, "spend_reached": True}, "the spending cap is reached"),
        ({"allowed": True, "reached_type": "rate_limit_reached"}, "the usage limit is reached"),
        (
            {"reached_type": "workspace_owner_credits_depleted", "spend_reached": True},
            "the workspace's credits are depleted",
        ),
        ({"reached_type": "workspace_member_usage_limit_reached"}, "the workspace's usage limit is reached"),
        ({"reached_type": "moon_is\x1b_full"}, "the server says: moon is\\x1b full"),
    ],
)
def test_why_an_account_is_blocked(said, words):
    """The most exact word counts; windows with plenty left beside it change nothing."""
    assert snapshot(**said).blocked == words


def test_another_limit_is_blocked_by_its_own_words_alone():
    limit = Limit(limit_id="spark", allowed=False, limit_reached=True)
    whole = snapshot(limits=(limit,), allowed=True)
    assert (limit.blocked, whole.blocked) == ("the usage limit is reached", None)
    assert Limit(limit_id="spark", reached_type="rate_limit_reached").blocked == "the usage limit is reached"


# --- replies ---


def test_headers_are_found_in_any_case_and_shown_as_they_came():
    headers = Headers([("X-One", "1"), ("Set-Cookie", "a"), ("set-cookie", "b"), ("X-One", "2")])
    assert headers["x-one"] == "1, 2"
    assert headers["SET-COOKIE"] == "a, b"
    assert "x-ONE" in headers
    assert "absent" not in headers
    assert headers.get("absent") is None
    assert list(headers) == ["X-One", "Set-Cookie", "set-cookie"]
    assert len(headers) == 3
    assert headers.pairs()[3] == ("X-One", "2")
    with pytest.raises(KeyError):
        headers["absent"]


def test_a_reply_shows_no_body_and_reads_any_bytes():
    reply = RawReply(status=200, body=b"caf\xe9 SENTINEL", payload={"a": "SENTINEL"}, fetched_at=NOW)
    assert "SENTINEL" not in repr(reply)
    assert reply.text == "caf\ufffd SENTINEL"


def test_the_columns_are_the_documented_ones():
    documented = """
        account account_key plan limit limit_name window slot used_percent remaining_percent reset_at resets_in
        window_seconds state allowed limit_reached reached_type blocked name_inferred origin fetched_at
    """
    assert list(COLUMNS) == documented.split()


# --- displays ---


def cells(shown: str) -> list[str]:
    """The texts of a table's rows, one after the other."""
    return re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", shown.partition("<tbody>")[2])


def test_a_snapshot_shows_itself():
    """Whose it is (masked), whether it is blocked, every window with its name for people, caps and oddities."""
    cap = SpendLimit(limit_id="spend:individual", used_percent=8.37, fetched_at=NOW)
    spark = reading(40, limit="spark", limit_name="<Spark>")
    shown = snapshot(
        "ada@example.com", reading(130), spark, allowed=False, spend_limits=(cap,), notes=("odd @ $.x",)
    )._repr_html_()
    assert "ad...@example.com, plan plus, as of Fri 20 Nov 12:00 UTC" in shown
    assert "ada@" not in shown
    assert "Blocked: the server allows no requests." in shown
    assert cells(shown)[:4] == ["codex", "five_hour", "130 %", "0 %"]
    assert "&lt;Spark&gt;" in shown
    assert "spend:individual" in shown
    assert "8.37 %" in shown
    assert "Fri 20 Nov 14:00 UTC (in 2 h 00 m)" in shown
    assert "<li>odd @ $.x</li>" in shown
    assert "Blocked" not in snapshot("ada")._repr_html_()


def test_a_window_shows_what_is_unknown_as_unknown():
    shown = reading(None, reset_in=None)._repr_html_()
    assert shown.count("?") == 2
    assert cells(shown) == ["codex", "five_hour", "?", "?", "unknown", "unknown"]


def test_credits_and_replies_show_themselves():
    assert cells(Credits(balance=Decimal("12.50"))._repr_html_())[4:6] == ["balance", "12.5 credits"]
    reply = RawReply(status=429, body=b"SENTINEL", fetched_at=NOW, account="ada@example.com", notes=("not UTF-8",))
    shown = reply._repr_html_()
    assert "ad...@example.com: HTTP 429, 8 bytes of no JSON in 0.00 s" in shown
    assert "<li>not UTF-8</li>" in shown
    assert "SENTINEL" not in shown
    assert "of JSON" in RawReply(status=200, payload={}, fetched_at=NOW)._repr_html_()


# --- one of a collection ---


def test_a_collection_finds_one_account():
    """By name, label or key; one that failed says why, one that is not there is told apart from it."""
    error = errors.TokenMissingError("gone")
    found = Collection(
        fetched_at=NOW,
        snapshots=(snapshot("kim@example.com", account_key="k1"), snapshot("kirk@example.com", account_key="k2")),
        failures=(Failure(account="bob", error=error),),
    )
    for name in ("kim@example.com", "ki...@example.com (1)", "k1"):
        assert found[name] is found.snapshots[0]
    with pytest.raises(errors.TokenMissingError) as caught:
        found["bob"]
    assert caught.value is error
    with pytest.raises(ValueError, match=r"There is no account 'eve'. There are: "):
        found["eve"]


# --- types ---

VALUES = [
    value
    for module in (models, outcomes, errors, fields, normalize, auth)
    for name, value in vars(module).items()
    if not name.startswith("_") and (isinstance(value, type) or inspect.isfunction(value))
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__qualname__)
def test_the_types_of_every_value_can_be_asked_for(value):
    """No annotation names something that only type checkers import."""
    typing.get_type_hints(value)
    for member in vars(value).values() if isinstance(value, type) else ():
        if inspect.isfunction(member):
            typing.get_type_hints(member)
