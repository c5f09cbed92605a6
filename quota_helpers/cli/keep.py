"""--keep and --every: what the command line keeps, and what it says of it."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..errors import HistoryError
from .output import say

if TYPE_CHECKING:
    import pandas as pd

    from ..history import History
    from ..outcomes import Collection
    from ..sources import Source

NOT_KEPT: Final = 1
"""Exit code of a run that was read and could not be kept."""


def keep_one(collection: Collection) -> int:
    """Keep one run and what Codex has logged meanwhile; the exit code."""
    from ..history import own_history  # noqa: PLC0415 - a run that keeps nothing needs no pandas
    from ..history.rounds import keep_logs  # noqa: PLC0415 - the same

    try:
        with own_history() as history:
            added = history.add(collection) + keep_logs(history)
            for text in history.skipped:
                say(f"shared folder: {text}")
            say(f"history: {added.new_rows} new readings and {added.new_turns} new turns kept in {history.shown}")
            _say_forecast(history, collection)
    except HistoryError as error:
        say(str(error))
        return NOT_KEPT
    return 0


def kept_record() -> pd.DataFrame | None:
    """The readings that are kept; None where there is no history, or it cannot be read."""
    from ..history import History, default_path  # noqa: PLC0415 - a run without --for needs no pandas

    if not default_path().is_file():
        return None
    try:
        with History() as history:
            return history.frame()
    except HistoryError as error:
        say(str(error))
        return None


def _say_forecast(history: History, collection: Collection) -> None:
    """What is likely to become of the own limits, once an hour, and how often that was right so far."""
    from ..outlook.foresight import foresee  # noqa: PLC0415 - the same

    try:
        if len(history.forecasts(since=collection.fetched_at.replace(minute=0, second=0, microsecond=0))):
            return  # which costs less than to find out that all of it was said
        foresight = foresee(history, collection)
    except HistoryError as error:
        say(str(error))
        return
    names = {one.account_key or one.account: one.account for one in collection.snapshots}
    told = foresight.forecast
    for row in told[told["p_exhausted_refills"].notna()].to_dict("records"):
        say(f"forecast: {names[row['account_key']]} {row['window']}: {row['verdict']}")
    if not foresight.record.asked.empty:
        say(f"forecasts so far: {foresight.record.sentence()}")


def keep_on(source: Source, pace: timedelta) -> int:
    """Read and keep every so often, until Ctrl-C or SIGTERM."""
    from ..history import own_history  # noqa: PLC0415 - a run that keeps nothing needs no pandas
    from ..history.rounds import alone, rounds  # noqa: PLC0415 - the same

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    skipped: set[str] = set()
    try:
        with own_history() as history, alone(history):
            say(f"Keeping readings in {history.shown}; Ctrl-C ends it.")
            for done in rounds(source, history, pace, stop=stop):
                for text in {*history.skipped} - skipped:
                    say(f"shared folder: {text}")
                    skipped.add(text)
                say(f"{source.clock():%Y-%m-%d %H:%M:%S %Z}: {done}")
                for failure in done.collection.failures:
                    say(str(failure))
                if done.error is None:
                    _say_forecast(history, done.collection)
    except HistoryError as error:
        say(str(error))
        return NOT_KEPT
    except KeyboardInterrupt:
        say("Stopped.")
    return 0
