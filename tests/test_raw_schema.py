"""The official client's own schema beside the catalogue of known fields."""

from __future__ import annotations

import json
import subprocess

import pytest
from codex_support import codex_bin as codex_bin  # noqa: PLC0414 - a fixture
from codex_support import codex_home
from codex_support import only_loopback as _only_loopback  # noqa: F401 - an autouse fixture
from foundation_support import environment

from quota_helpers.errors import BodyError
from quota_helpers.invented import recorded
from quota_helpers.raw.drift import SCHEMA_COLUMNS, schema_drift

SCHEMA = {
    "definitions": {
        "Window": {"type": "object", "properties": {"usedPercent": {"type": "integer"}, "shade": {"type": "string"}}},
        "Circle": {"properties": {"again": {"$ref": "#/definitions/Circle"}}},
        "Reset": {"properties": {"status": {"enum": ["available"]}, "colour": {"description": "of its badge"}}},
    },
    "properties": {
        "rateLimits": {"allOf": [{"properties": {"primary": {"anyOf": [{"$ref": "#/definitions/Window"}]}}}]},
        "rateLimitsByLimitId": {
            "type": ["object", "null"],
            "additionalProperties": {"properties": {"limitId": {}, "odd": True}},
        },
        "rateLimitResetCredits": {"properties": {"credits": {"items": {"$ref": "#/definitions/Reset"}}}},
        "circle": {"$ref": "#/definitions/Circle"},
        "nowhere": {"$ref": "#/definitions/Nobody"},
    },
}


def test_what_the_catalogue_does_not_have_is_news_with_its_place():
    drift = schema_drift(SCHEMA)
    assert {name: str(dtype) for name, dtype in drift.dtypes.items()} == SCHEMA_COLUMNS
    news = set(drift["path"])
    assert {
        "$.rateLimits.primary.shade",
        "$.rateLimitsByLimitId{}.odd",
        "$.rateLimitResetCredits.credits[].colour",
        "$.circle",
        "$.nowhere",
    } <= news
    assert not {"$.rateLimits.primary.usedPercent", "$.rateLimitResetCredits.credits[].status"} & news
    assert drift.set_index("path").loc["$.rateLimitResetCredits.credits[].colour", "meaning"] == "of its badge"
    assert len(schema_drift(SCHEMA, steady=True)) > len(drift)


@pytest.mark.parametrize("content", ["[]", "{", "7"])
def test_a_file_that_holds_no_schema(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(BodyError, match="holds no JSON schema"):
        schema_drift(tmp_path / "x.json")
    with pytest.raises(BodyError, match="FileNotFoundError"):
        schema_drift(tmp_path / "y.json")


def test_the_recorded_schema_is_the_clients_and_the_catalogue_knows_all_of_it():
    """Without the client: the fields of an earned reset are among them."""
    told = schema_drift(recorded.schema(), steady=True)
    assert told["known"].all()
    assert told["path"].str.contains("rateLimitResetCredits.credits[].expiresAt", regex=False).any()


def test_the_catalogue_has_what_the_official_client_knows(tmp_path, codex_bin):
    """Of the answer that we read: whatever a later release adds shows here first."""
    home = codex_home(tmp_path / "home", login=False)
    subprocess.run(
        [codex_bin, "app-server", "generate-json-schema", "--out", tmp_path / "schema"],
        env=environment(CODEX_HOME=str(home)),
        check=True,
        capture_output=True,
    )
    for name in ("GetAccountRateLimitsResponse", "GetAccountTokenUsageResponse"):
        path = tmp_path / "schema" / "v2" / f"{name}.json"
        assert json.loads(path.read_text("utf-8"))["title"] == name
        news = schema_drift(path)["path"].tolist()
        assert not [place for place in news if "thread" not in place.lower()], news
