"""One label for each key, and the keys that a typed name means."""

import pytest

from quota_helpers.labels import account_labels, advice, choose, numbered, one_of
from quota_helpers.privacy import mask_identity

KNOWN = {
    "k1": ["ki...@example.com (1)", "kim@example.com"],
    "k2": ["ki...@example.com (2)", "kirk@example.com"],
    "a1": ["ada"],
}


def test_two_people_with_one_mask_are_two_labels():
    """In whatever order they come: the keys decide who is the first."""
    names = {"k2": "kirk@example.com", "k1": "kim@example.com", "a1": "ada"}
    wanted = {"k1": "ki...@example.com (1)", "k2": "ki...@example.com (2)", "a1": "ada"}
    assert account_labels(names, mask_identity) == wanted
    assert account_labels(dict(reversed(names.items())), mask_identity) == wanted
    assert account_labels(names, None) == names


def test_a_number_is_never_somebodys_own_name():
    assert numbered(["kim", "kim", "kim (1)"]) == ["kim (2)", "kim (3)", "kim (1)"]


def test_one_key_has_one_label_however_often_it_comes():
    assert numbered(["kim", "kim", "kim"], ["b", "a", "b"]) == ["kim (2)", "kim (1)", "kim (2)"]
    assert numbered(["kim", "kim"], ["b", "b"]) == ["kim", "kim"]


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (None, ["k1", "k2", "a1"]),
        ("ada", ["a1"]),
        ("ADA", ["a1"]),
        (["kirk@example.com", "k1", "k2"], ["k2", "k1"]),
        ([], []),
        ("ki...@example.com (2)", ["k2"]),
    ],
)
def test_names_labels_and_keys_are_all_understood(wanted, keys):
    assert choose(wanted, KNOWN) == keys


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("adda", "no account 'adda'.*Did you mean ada"),
        ("zzz", r"There are: ki...@example.com \(1\), ki...@example.com \(2\), ada"),
    ],
)
def test_an_unknown_name_is_answered_with_those_there_are(wanted, told):
    with pytest.raises(ValueError, match=told):
        choose(["ada", wanted], KNOWN)


def test_an_ambiguous_name_lists_the_keys():
    with pytest.raises(ValueError, match="'kim' is 2 accounts: choose by key, one of a, b"):
        choose("kim", {"a": ["kim"], "b": ["kim"]})
    assert choose("Kim", {"a": ["kim"], "b": ["Kim"]}) == ["b"], "case tells them apart"


@pytest.mark.parametrize("wanted", [7, [None], ["ada", 3]])
def test_a_name_is_text(wanted):
    with pytest.raises(TypeError, match="accounts holds"):
        choose(wanted, KNOWN)


def test_nobody_to_choose_from():
    with pytest.raises(ValueError, match="There are no accounts"):
        choose("ada", {})


def test_a_word_that_is_none_of_them():
    with pytest.raises(ValueError, match=r"no show 'lefd'\. Did you mean left"):
        one_of("lefd", ("left", "used"), "show")
    with pytest.raises(ValueError, match="no show list"):
        one_of([], ("left", "used"), "show")


def test_a_long_list_is_cut():
    assert advice("??", [f"n{number}" for number in range(13)]).endswith("n11 and 1 more.")
    assert advice("??", [f"n{number}" for number in range(12)]).endswith("n10, n11.")
