"""Bodies that are safe to paste: secrets planted anywhere do not come out again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_support import HEADERS, MODERN, NOW, SPEND_ONLY, TOKEN, body_called, changed, nested, reply

from quota_helpers.bodies import Pseudonyms, redact, redact_headers, walk
from quota_helpers.errors import BodyError
from quota_helpers.fields.catalogue import catalogue
from quota_helpers.models import Headers
from quota_helpers.normalize import normalize_usage
from quota_helpers.raw.compare import shape_of

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
KNOWN_KEYS = [
    "user_id",
    "email",
    "plan_type",
    "rate_limit",
    "limit_name",
    "source",
    "details",
    "primary_window",
    "used_percent",
    "reset_at",
    "balance",
    "limit",
    "metered_feature",
    "message",
    "error",
    "available_at",
    "additional_rate_limits",
    "rate_limits_by_limit_id",
    "model_usage",
    "credits",
    "type",
]
SECRETS = (
    TOKEN,
    "sk-invented-0123456789abcdef",
    "jane.doe@example.com",
    "acct-invented-77aa",
    "user-Jane Doe",
    "550e8400-e29b-41d4-a716-446655440000",
    "4111111111111111",
    "Jane",
    "plus jane",
    "2026-11-22T12:00:00Z jane",
    "12.5 jane",
    "Jané \u202e",
)


def secret_json(secret):
    """Any JSON whose strings and keys are known names, known values and the secret, in any place."""
    words = st.sampled_from([secret, f"x{secret}", *KNOWN_KEYS, "plus", "codex", "12.5", ""])
    leaves = st.one_of(words, st.none(), st.booleans(), st.integers(-10, 10), FLOATS)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
        max_leaves=25,
    )


@given(data=st.data(), secret=st.sampled_from(SECRETS))
def test_a_secret_planted_anywhere_does_not_come_out(data, secret):
    """In keys and values, below known and unknown fields, whole or as a part: it is gone."""
    payload = data.draw(secret_json(secret))
    assert secret not in json.dumps(redact(body_called("x", payload)), ensure_ascii=False)


any_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        FLOATS,
        st.text(),
        st.sampled_from(KNOWN_KEYS),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.text(), st.sampled_from(KNOWN_KEYS)), inner, max_size=5),
    ),
    max_leaves=30,
)


@given(any_json)
def test_only_what_the_catalogue_declares_harmless_stays(payload):
    """Every key and string that comes out is the catalogue's, a pseudonym, or empty."""
    book = catalogue()
    for place in walk(redact(body_called("x", payload))):
        texts = [place.key] if isinstance(place.key, str) and place.key != "$" else []
        texts += [place.value] if place.type == "string" else []
        for text in texts:
            known = (
                book.is_known_name(text)
                or any(text in members for members in book.sets.values())
                or any(pattern.fullmatch(text) for pattern in book.patterns.values())
            )
            assert not text or known or text.partition("_")[0] in {"key", "text"}, text


@given(any_json)
def test_the_shape_numbers_and_order_stay(payload):
    """Types, lengths, numbers, booleans and null are what they were, place by place."""
    before, after = list(walk(payload)), list(walk(redact(body_called("x", payload))))
    assert [place.type for place in before] == [place.type for place in after]
    for one, other in zip(before, after, strict=True):
        if one.type not in {"string", "object", "array"}:
            assert one.value == other.value


@given(any_json)
def test_equal_in_equal_out_and_once_is_enough(payload):
    """One pseudonym for each text wherever it stands; a second pass changes nothing."""
    once = redact(body_called("x", payload))
    assert redact(body_called("x", once)) == once
    pairs = {}
    for before, after in zip(walk(payload), walk(once), strict=True):
        if before.type == "string" and before.value != after.value:
            assert pairs.setdefault(before.value, after.value) == after.value
    assert len(set(pairs.values())) == len(pairs)


@pytest.mark.parametrize("body", [MODERN, SPEND_ONLY], ids=["modern", "spend"])
def test_a_redacted_body_reads_the_same(body):
    """Nothing that the reading needs is lost: a redacted body is as good a bug report as the body itself."""
    before, after = (normalize_usage(payload, fetched_at=NOW) for payload in (body, redact(body)))
    assert before == after
    assert before.windows or before.spend_limits


def test_known_values_stay_in_their_own_field_only():
    """A known plan stays as a plan; an unknown plan, and a plan's word in another field, become pseudonyms."""
    redacted = redact({"plan_type": "plus", "email": "plus", "new_field": "plus", "plan": "plan-of-jane"})
    assert redacted == {"plan_type": "plus", "email": "text_1", "key_1": "text_1", "plan": "text_2"}


def test_map_keys_stay_only_when_they_are_known():
    """The keys of a map are data: a known limit id stays, another one is replaced, in key and value alike."""
    body = {"rateLimitsByLimitId": {"codex": {"limitId": "codex"}, "jane": {"limitId": "jane"}}}
    assert redact(body) == {"rateLimitsByLimitId": {"codex": {"limitId": "codex"}, "key_1": {"limitId": "key_1"}}}


@pytest.mark.parametrize("text", ["12.5", "0E-10", "1348.7450000000", "-3"])
def test_numbers_as_text_stay_where_numbers_belong(text):
    """A decimal string is a number in a field of numbers, and a text anywhere else."""
    assert redact({"credits": {"balance": text}})["credits"]["balance"] == text
    assert redact({"email": text})["email"] == "text_1"


def test_long_digits_are_no_number():
    """A card's or a person's number has more digits than any quota."""
    assert redact({"credits": {"balance": "4111111111111111"}}) == {"credits": {"balance": "text_1"}}


def test_a_spelling_stretched_to_carry_text_is_replaced():
    """Underscores and hyphens do not count in a spelling, so a long one could hide something."""
    stretched = "_" * 80 + "used_percent"
    assert redact({stretched: 1}) == {"key_1": 1}


def test_pseudonyms_can_be_shared_and_show_nothing():
    """Several bodies stay comparable; the table behind them has no way to be seen."""
    names = Pseudonyms()
    first, second = redact({"email": "jane@example.com"}, names=names), redact(["jane@example.com"], names=names)
    assert first["email"] == second[0] == "text_1"
    assert "jane" not in repr(names)
    assert "jane" not in str(names.__reduce__())


def test_a_reply_is_redacted_by_its_payload():
    """A reply can be handed over as it is."""
    assert redact(reply(MODERN)) == redact(MODERN)


def test_deep_and_wide_bodies_are_redacted():
    """Five hundred levels and a hundred thousand keys are no trouble; more levels are a clear error."""
    assert shape_of(redact(nested(500, "jane"))).fingerprint
    wide = redact({f"jane {number}": number for number in range(100_000)})
    assert len(wide) == 100_000
    with pytest.raises(BodyError, match="deeper than 500 levels"):
        redact(nested(501))


def test_headers_keep_their_family_and_lose_the_rest():
    """Known headers with values of their kind stay; request numbers, cookies and unknown names do not."""
    shown = redact_headers({**HEADERS, "Set-Cookie": "session=jane", "X-Jane": "jane", "Retry-After": "jane"})
    assert shown["date"] == HEADERS["Date"]
    assert shown["x-codex-primary-used-percent"] == "12.4"
    assert shown["cf-ray"] == "text_1"
    assert "jane" not in repr(shown).lower()
    assert len(shown.pairs()) == len(HEADERS) + 3


def test_unknown_words_in_the_codex_family_are_replaced_one_by_one():
    """What the header is about stays readable; what it is called after does not."""
    pairs = [("x-codex-jane-primary-used-percent", "80"), ("x-codex-secondary-primary-used-percent", "3")]
    assert redact_headers(Headers(pairs)).pairs() == (
        ("x-codex-key_1-primary-used-percent", "80"),
        ("x-codex-secondary-primary-used-percent", "3"),
    )


@given(
    names=st.lists(st.sampled_from([*HEADERS, "x-codex-promo-message", "Authorization", "x-codex-jane", "jane"])),
    values=st.lists(st.sampled_from([TOKEN, "jane", "12", "plus", "True", ""])),
)
def test_no_header_lets_a_secret_out(names, values):
    """Whatever value stands under whatever name."""
    text = repr(redact_headers(list(zip(names, values, strict=False)))).lower()
    assert "jane" not in text
    assert TOKEN.lower() not in text


def test_changed_copies_do_not_share_anything_with_the_original():
    """Redacting leaves the body as it was."""
    body = changed(MODERN)
    redact(body)
    assert body == MODERN
