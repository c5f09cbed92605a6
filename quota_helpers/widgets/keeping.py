"""Keep what the panel reads, in the history that was given or in the one of the user's data folder."""

from __future__ import annotations

from ..history import History
from ..outcomes import Collection


class Keeper:
    """Adds runs to a history, which is opened when it is first needed.

    Args:
        history: Where to; None for the one in the user's data folder.
    """

    def __init__(self, history: History | None) -> None:
        self._history = history

    def keep(self, collection: Collection) -> str:
        """Add one run; what was done, in words. May be called from any thread.

        Raises:
            HistoryError: It could not be written.
        """
        if self._history is None:
            self._history = History()
        added = self._history.add(collection)
        return f"history: {added.new_rows} new readings kept" if added.new_rows else "history: nothing new"
