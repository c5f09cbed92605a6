"""A progress bar for whoever is watching; nothing, and no import, for whoever is not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

DELAY_SECONDS: Final = 0.5  # a run that is over sooner needs no bar


def watched() -> bool:
    """Whether a person is watching: a terminal, or a notebook's kernel."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


@contextmanager
def bar(total: int, *, unit: str, wanted: bool) -> Iterator[Callable[[int], object]]:
    """A function that moves a bar on by so many units; it does nothing unless the bar is *wanted*."""
    if not wanted:
        yield lambda _: None
        return
    from tqdm.auto import tqdm  # noqa: PLC0415 - most runs are not watched

    with tqdm(total=total, unit=unit, unit_scale=unit == "B", delay=DELAY_SECONDS, leave=False) as shown:
        yield shown.update
