"""What a bar of `plot_windows` says: its colour, the words beside it, the text that appears under the pointer."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from .bars import Show, WindowBar
from .style import ATTENTION, NORMAL, QUIET, duration, ink, moment, percent, quiet

WORDS: Final = {
    "left": {"full": "used up", "fast": "▲ fast"},
    "used": {"full": "full", "fast": "▲ fast"},
}


def colour_of(bar: WindowBar) -> str:
    """The bar's colour; never the only carrier of what it means."""
    if bar.mark in {"stale", "unknown"}:
        return QUIET
    return ATTENTION if bar.mark in {"full", "fast"} else NORMAL


def number_of(bar: WindowBar, show: Show) -> str:
    """The number beside the bar, with its mark as a word."""
    if bar.used is None:
        return ink("unknown")
    # What has its word at the right, in the place of a time that would mean nothing, needs none here.
    word = "" if bar.mark in {"stale", "not started"} else WORDS[show].get(bar.mark, bar.mark)
    number = percent(bar.used if show == "used" or bar.left is None else bar.left)
    return f"{ink(number)} <b>{ink(word)}</b>" if word else ink(number)


def reset_of(bar: WindowBar) -> str:
    """The time to its reset, or why there is none to wait for."""
    if bar.state == "stale":
        return quiet("reset passed")
    # The reset of a window that has not started slides with every fetch.
    return quiet("not started" if bar.mark == "not started" else duration(bar.resets_in))


def hover_of(bar: WindowBar, zone: str | tzinfo) -> str:
    """Everything that is known of the window, a line each."""
    lines = [f"<b>{ink(bar.label)}</b> {ink(bar.title)}"]
    if bar.used is None:
        lines.append("the server sent no readable percentage")
    else:
        lines.append(f"{bar.used:g} % used, {bar.left:g} % left")
    if bar.reset_at is not None:
        lines.append(
            f"resets {moment(bar.reset_at, zone)} ({duration(bar.resets_in)}{' ago' if bar.state == 'stale' else ''})"
        )
    if bar.gone is not None:
        lines.append(f"{bar.gone:.0f} % of the window's time is gone")
    if bar.mark:
        lines.append(f"<b>{bar.mark}</b>")
    return "<br>".join(lines)
