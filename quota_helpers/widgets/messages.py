"""The panel's sentences as HTML: when and what was read, the answers, who could not be read and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from html import escape
from typing import Final

from ..html import bullets, table
from ..outcomes import Collection, Failure
from ..outlook.answers import Answer
from ..privacy import hide_tokens, mask_identity, printable
from ..siblings import earned_resets, resets_in_words
from ..sources import Source
from ..times import local_time

SIGNS: Final = {
    "use": "✔",
    "stands": "✔",
    "none": "◌",
    "blocked": "⊘",
    "used_up": "◔",
    "runs_out": "▲",
    "pool": "Σ",
    "unread": "✕",
    "returns": "↻",
    "earned": "◇",
}
"""Kind of an answer -> the sign before it; never the only carrier of what it says."""
NAMED: Final = 3  # logins in one sentence; the others are counted


def headline(collection: Collection, logins: int, zone: tzinfo, about: str) -> str:
    """One line: whose it is, when it was read, how many of the logins were.

    Args:
        collection: The run.
        logins: How many logins there are, those included whose file cannot be read.
        zone: Time zone.
        about: What is to be known of the source, such as that it is the demo.
    """
    parts = [
        about,
        f"updated {local_time(collection.fetched_at, zone)}",
        f"{len(collection.snapshots)} of {logins} logins read" if logins != 1 else "1 login",
        "interrupted before all had answered" if collection.interrupted else "",
    ]
    return " · ".join(filter(None, parts))


def headline_html(line: str, kept: str, *, is_demo: bool) -> str:
    """The same with the panel's name in front and what is kept behind."""
    badge = '<span class="qp-demo">DEMO</span>' if is_demo else ""
    text = " · ".join(filter(None, (line.removeprefix("demo, ") if is_demo else line, kept)))
    return f'<div class="qp-head"><strong>Codex quota</strong>{badge}<span role="status">{escape(text)}</span></div>'


def about(source: Source) -> str:
    """What is to be known of a source: that it is invented and why, or what asking it may do."""
    if not source.is_demo:
        return source.warning
    looked = f": no login was found in {' or '.join(source.looked_in)}" if source.looked_in else ""
    return f"demo, invented accounts{looked}"


def earned(collection: Collection, labels: Mapping[str, str], zone: tzinfo, worth: Mapping[str, str]) -> str:
    """Who has earned resets, when the first of them lapses, and what it is *worth*; "" where nobody has one."""
    words = resets_in_words(collection, tz=zone)
    soonest = dict.fromkeys(one.account_key for one in earned_resets(collection) if one.account_key in words)
    keys = [*soonest, *(key for key in words if key not in soonest)]
    # What one is worth is said of the first to lapse: with more of them it would be no sentence.
    said = {key: f"{words[key]}{f' ({worth[key]})' if key in worth and key == keys[0] else ''}" for key in keys[:NAMED]}
    if len(labels) == 1:
        return f"{said[keys[0]].replace(',', ':', 1)}." if keys else ""
    told = [f"{labels.get(key, key)} has {text}" for key, text in said.items()]
    more = [f"{len(keys) - NAMED} more logins have some"] if len(keys) > NAMED else []
    return f"Earned resets: {'; '.join([*told, *more])}." if told else ""


def answers_html(
    answers: Sequence[Answer], failures: Sequence[Failure], logins: int, *, reveal: bool, earned: str = ""
) -> str:
    """The answers as a list; the one on what could not be read opens up to say why and what to do.

    Args:
        answers: As `outlook.answers` gives them.
        failures: What could not be read.
        logins: How many logins there are.
        reveal: Whether e-mail addresses are shown in full.
        earned: The sentence about earned resets, or "".
    """
    unread = f"<li><i>{SIGNS['unread']}</i>{failures_html(failures, logins, reveal=reveal)}</li>" if failures else ""
    lines = [(answer.kind == "unread" and unread) or _line_html(answer.kind, answer.text) for answer in answers]
    if unread not in lines:
        lines.append(unread)
    if earned:
        lines.append(_line_html("earned", earned))
    if not any(lines):
        lines = [_line_html("none", "No login was found: sign in with codex login")]
    return f'<ul class="qp-answers" aria-label="Answers">{"".join(lines)}</ul>'


def _line_html(kind: str, text: str) -> str:
    """One sentence; what it is about stands before its first colon."""
    lead, colon, rest = printable(text).partition(":")
    said = f"<b>{escape(lead + colon)}</b>{escape(rest)}" if colon else f"<b>{escape(lead)}</b>"
    return f"<li><i>{SIGNS.get(kind, '·')}</i><span>{said}</span></li>"


def failure_parts(failure: Failure, *, reveal: bool) -> tuple[str, str, str]:
    """Account, what is wrong, what to do: masked unless revealed, on one line each."""
    texts = (failure.account, failure.message, failure.hint)
    shown = texts if reveal else tuple(map(mask_identity, texts))
    account, what, hint = (printable(hide_tokens(text)) for text in shown)
    return account, what, hint


def failures_html(failures: Sequence[Failure], logins: int, *, reveal: bool) -> str:
    """How many could not be read; opened up: who, why, and what to do next.

    Args:
        failures: What could not be read; none: "".
        logins: How many logins there are; where none was read, it stands open.
        reveal: Whether e-mail addresses are shown in full.
    """
    if not failures:
        return ""
    rows = (failure_parts(failure, reveal=reveal) for failure in failures)
    told = table(("account", "what is wrong", "what to do"), rows)
    opened = " open" if len(failures) >= logins else ""
    said = f"{len(failures)} of {logins} logins" if logins != 1 else "The only login"
    return (
        f'<details class="qp-failures"{opened}><summary><b>{said} could not be read.</b> <u>Show why</u></summary>'
        f"{told}</details>"
    )


def failures_list(failures: Sequence[Failure], *, reveal: bool) -> str:
    """The same for a saved notebook: a plain list."""
    parts = (failure_parts(failure, reveal=reveal) for failure in failures)
    return bullets([(account, f"{what} {hint}") for account, what, hint in parts], title="Could not be read:")


def progress_html(done: int, total: int) -> str:
    """A bar with its text; a screen reader gets both."""
    return (
        f'<div class="qp-progress"><progress max="{total}" value="{done}" aria-label="Accounts read"></progress>'
        f'<span role="status">{done} of {total} read</span></div>'
    )


def status_html(text: str) -> str:
    """A short remark in the progress bar's place."""
    return f'<div class="qp-progress"><span role="status">{escape(text)}</span></div>' if text else ""


def describe(collection: Collection, *, is_demo: bool) -> str:
    """The panel in one line of plain text, for viewers that show nothing else; times in UTC."""
    what = "DEMO, invented accounts" if is_demo else "your logins"
    read, failed = len(collection.snapshots), len(collection.failures)
    return f"QuotaPanel({what}: {read} read, {failed} failed, {collection.fetched_at:%Y-%m-%d %H:%M} UTC)"
