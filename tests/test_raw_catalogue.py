"""The catalogue of known fields."""

import json
import re
from importlib.resources import files

import pytest
from raw_support import MODERN, SPEND_ONLY

from quota_helpers.bodies import walk
from quota_helpers.fields import ALIASES
from quota_helpers.fields.catalogue import catalogue
from quota_helpers.paths import steps_of, value_at
from quota_helpers.privacy import names_somebody


def patterns_of(path, known):
    """(path pattern, field) of every known field, once a spelling; `[]` is an array's item, `{}` a map's key."""
    for name, inner in known.fields.items():
        if name == inner.name:
            yield f"{path}.{name}", inner
            yield from patterns_of(f"{path}.{name}", inner)
    for mark, element in (("[]", known.item), ("{}", known.entry)):
        if element is not None:
            yield path + mark, element
            yield from patterns_of(path + mark, element)


def test_every_spelling_that_is_read_is_known():
    """A key that the normalizer reads gives nothing away, so it stays when a body is redacted."""
    book = catalogue()
    assert [name for spellings in ALIASES.values() for name in spellings if not book.is_known_name(name)] == []


@pytest.mark.parametrize("body", [MODERN, SPEND_ONLY], ids=["modern", "spend"])
def test_every_field_of_a_body_of_today_is_known(body):
    """Nothing in a body that was captured is news to the catalogue."""
    assert [place.path for place in walk(body, catalogue().root) if place.known is None] == []


def test_every_field_says_what_it_means_and_has_a_type():
    """No entry is left half-written, and every vocabulary it names exists."""
    book = catalogue()
    vocabularies = {"", *book.sets, *book.patterns}
    kinds = {"object", "array", "string", "integer", "number", "boolean", "null"}
    seen = 0
    for pattern, known in patterns_of("$", book.root):
        assert known.meaning, pattern
        assert known.vocabulary in vocabularies, pattern
        assert set(known.type.split("|")) <= kinds, pattern
        assert re.fullmatch(r"|\d{4}-\d\d", known.since), pattern
        seen += 1
    assert seen > 500


def test_patterns_name_items_and_map_keys():
    """`[]` stands for an array's item, `{}` for a map's key."""
    patterns = {pattern for pattern, _ in patterns_of("$", catalogue().root)}
    assert "$.additional_rate_limits[].rate_limit.primary_window.used_percent" in patterns
    assert "$.model_usage{}.available_at" in patterns
    assert "$.rate_limits_by_limit_id{}.primary.used_percent" in patterns
    assert "$.error.resets_in_seconds" in patterns


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("$.rate_limit.primary_window.used_percent", "percent"),
        ("$.rateLimits.primary.usedPercent", "percent"),
        ("$.result.rateLimitsByLimitId.codex_new.secondary.resetsAt", "epoch seconds"),
        ("$.additional_rate_limits[3].rate_limit.secondary_window.limit_window_seconds", "seconds"),
        ('$.model_usage["gpt-9"].available_at', "epoch seconds or ISO 8601"),
        ("$.credits.approx_cloud_messages[1]", "messages"),
        ("$.payload.info.total_token_usage.input_tokens", "tokens"),
    ],
)
def test_find_knows_the_unit_in_every_carrier(path, unit):
    """One catalogue serves bodies, the app-server's answer and session lines, in both ways of writing names."""
    known = catalogue().find(path)
    assert known is not None
    assert known.unit == unit


def test_find_says_none_for_news_and_refuses_what_is_no_path():
    """An unknown field is None, and so is everything in it."""
    assert catalogue().find("$.brand_new") is None
    assert catalogue().find("$.brand_new.used_percent") is None
    with pytest.raises(ValueError, match="not a JSON path"):
        catalogue().find("rate_limit")


def test_identities_are_marked_private_and_have_no_vocabulary():
    """No string may ever be shown in a field that names somebody."""
    for name in ("user_id", "account_id", "email"):
        known = catalogue().find(f"$.{name}")
        assert known is not None
        assert names_somebody(name)
        assert known.vocabulary == ""


def test_the_data_is_part_of_the_package_and_holds_no_account():
    """The file travels with the package; what it lists are codes and names of the service's own."""
    text = files("quota_helpers.fields").joinpath("catalogue.json").read_text("utf-8")
    data = json.loads(text)
    assert set(data["closed"]) <= set(data["sets"])
    assert "@" not in text
    assert not re.search(r"\b(user|acct|org)-", text)


@pytest.mark.parametrize(
    "value",
    [MODERN, {"a b": [{"": {"é": 1}}], 'q"uote': {"\\": [0, [1]]}, "x-codex": None, "nl\n": {"<b>": 2}}],
    ids=["modern", "odd keys"],
)
def test_every_path_leads_back_to_its_value(value):
    """Paths are exact however odd the keys are."""
    for place in walk(value):
        assert value_at(value, place.path) is place.value
        assert steps_of(place.path)[-1:] in ([place.key], [])


@pytest.mark.parametrize("path", ["", "x", "$x", "$.", "$[", "$[01]", "$[-1]", "$.a b", '$["a]', "$..a"])
def test_what_is_no_path_is_refused(path):
    """A path that is not ours is an error, not a guess."""
    with pytest.raises(ValueError, match="not a JSON path"):
        steps_of(path)


def test_a_path_that_leads_nowhere_is_a_lookup_error():
    """Neither a missing key nor a string's letter is a value of the body."""
    for path in ("$.plan_type[0]", "$.plan_type.x", "$.nothing", "$.additional_rate_limits[7]"):
        with pytest.raises(LookupError):
            value_at(MODERN, path)
