"""An explorer's exceptions, shown in it: the log they would go to has no reader."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Says(Protocol):
    """A widget with a place for a message."""

    def say(self, error: BaseException | None) -> None:
        """Show it, or take the last one away."""


S = TypeVar("S", bound=Says)


def shown(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Show a method's exception in its widget and raise it again; success takes an earlier one away."""

    @functools.wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            result = method(self, *args, **kwargs)
        except Exception as error:
            self.say(error)
            raise
        self.say(None)
        return result

    return call
