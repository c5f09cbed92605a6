"""What went wrong, on the page: an exception in a callback goes to a log that nobody has open."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from html import escape
from pathlib import PureWindowsPath
from typing import Any, ParamSpec, TypeVar

import ipywidgets

from ..errors import QuotaError
from ..privacy import hide_tokens, mask_identity, printable

P = ParamSpec("P")
R = TypeVar("R")


class Alerts(ipywidgets.HTML):  # type: ignore[misc]  # ipywidgets has no types
    """Messages by subject, the newest of each; invisible while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: dict[str, str] = {}

    def show(self, subject: str, text: str) -> None:
        """Show a message; an earlier one on the same subject gives way."""
        self._messages[subject] = "\n".join(map(printable, hide_tokens(mask_identity(text)).splitlines()))
        self._draw()

    def error(self, subject: str, error: BaseException) -> None:
        """Show an exception: what this package raises on purpose in its own words, others with their place."""
        if isinstance(error, QuotaError):
            return self.show(subject, f"{subject}: {error}")
        where = traceback.extract_tb(error.__traceback__)[-1:]
        # The folder is this machine's business; PureWindowsPath knows both kinds of slashes.
        place = "".join(
            f"\n  in {frame.name}, line {frame.lineno} of {PureWindowsPath(frame.filename).name}" for frame in where
        )
        return self.show(subject, f"{subject}: {type(error).__name__}: {error}{place}")

    def clear(self, subject: str) -> None:
        """Take the message on this subject away."""
        if self._messages.pop(subject, None) is not None:
            self._draw()

    @property
    def texts(self) -> tuple[str, ...]:
        """The messages that are shown."""
        return tuple(self._messages.values())

    def _draw(self) -> None:
        self.value = "".join(f'<pre role="alert" class="qp-alert">{escape(text)}</pre>' for text in self.texts)


def guarded(subject: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a method show its exceptions in the object's `alerts`, raise them again, and clear the alert on success.

    Args:
        subject: What was being done, for people.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            owner: Any = args[0]
            try:
                result = method(*args, **kwargs)
            except Exception as error:
                owner.alerts.error(subject, error)
                raise
            owner.alerts.clear(subject)
            return result

        return call

    return decorate
