"""Who can be shown: every login of a run, read or not, in one order and under one label each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..labels import account_labels, choose
from ..privacy import mask_identity, printable


@dataclass(frozen=True, slots=True)
class Roster:
    """The logins by key: what groups and selects goes by it, a label is for the eye.

    Attributes:
        names: Key -> the name that a login file or a reading gave.
        notes: Key -> a word beside the label, such as "failed".
    """

    names: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, in order."""
        return tuple(self.names)

    def labels(self, *, reveal: bool = False) -> dict[str, str]:
        """Key -> label: masked unless revealed, no two alike."""
        found = account_labels(self.names, None if reveal else mask_identity)
        return {key: printable(label) for key, label in found.items()}

    def chosen(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """The keys of labels, full names or keys, in the order of all.

        Raises:
            ValueError: One is unknown, or is the name of several; the message says which there are.
        """
        labels = self.labels()
        meant = set(choose(wanted, {key: (labels[key], name) for key, name in self.names.items()}))
        return tuple(key for key in self.names if key in meant)

    def told(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The masked labels of keys."""
        labels = self.labels()
        return tuple(labels[key] for key in keys if key in labels)
