"""The panel's sentences as HTML: when and what was read, the answers, what comes, who could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from html import escape
from typing import Final

from ..html import bullets, table
from ..outcomes import Collection, Failure
from ..outlook.answers import Answer
from ..outlook.foresight import Foresight
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
NO_BREAK: Final = "\u00a0"


def headline(collection: Collection, logins: int, zone: tzinfo, source: Source) -> str:
    """One line: whose it is, when it was read, how many of so many logins were; for what it matters, and why."""
    looked = f": no login was found in {' or '.join(source.looked_in)}" if source.looked_in else ""
    parts = [
        f"demo, invented accounts{looked}" if source.is_demo else source.warning,
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
    answers: Sequence[Answer], failures: Sequence[Failure], logins: int, *, reveal: bool, earned: str
) -> str:
    """The answers as a list; the one on what could not be read opens up to say why and what to do."""
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
    return f"<li><i>{SIGNS.get(kind, '·')}</i><span><b>{escape(lead + colon)}</b>{escape(rest)}</span></li>"


def forecast_html(foresight: Foresight | None, labels: Mapping[str, str], zone: tzinfo) -> str:
    """How often forecasts were right so far, good or bad; opened up: what comes, window by window.

    "" where the kept readings say nothing of these accounts.
    """
    told = [] if foresight is None else foresight.forecast.to_dict("records")
    told.sort(key=lambda row: bool(row["reason"]))  # those with a number first
    rows = []
    for row in told:
        proven = row["calibrated"] or row["reason"] or not row["budget_per_day"] > 0
        verdict = row["verdict"] if proven else f"{row['verdict']} (not yet proven on own past)"
        if row["account_key"] in labels:
            rows.append((labels[row["account_key"]], row["window"].replace("_", NO_BREAK), verdict))
    if foresight is None or not rows:
        return ""
    record = escape(printable(foresight.record.sentence(zone)))
    return (
        f'<details class="qp-failures qp-forecasts"><summary><b>Forecasts:</b> {record} <u>Show them</u></summary>'
        f"{table(('account', 'window', 'until its reset'), rows)}</details>"
    )


def failures_html(failures: Sequence[Failure], logins: int, *, reveal: bool) -> str:
    """How many could not be read; opened up: who, why, and what to do next. Where none was read, it stands open."""
    told = table(("account", "what is wrong", "what to do"), (_parts(failure, reveal=reveal) for failure in failures))
    opened = " open" if len(failures) >= logins else ""
    said = f"{len(failures)} of {logins} logins" if logins != 1 else "The only login"
    return (
        f'<details class="qp-failures"{opened}><summary><b>{said} could not be read.</b> <u>Show why</u></summary>'
        f"{told}</details>"
    )


def failures_list(failures: Sequence[Failure], *, reveal: bool) -> str:
    """The same for a saved notebook: a plain list."""
    parts = (_parts(failure, reveal=reveal) for failure in failures)
    return bullets([(account, f"{what} {hint}") for account, what, hint in parts], title="Could not be read:")


def _parts(failure: Failure, *, reveal: bool) -> list[str]:
    """Account, what is wrong, what to do: masked unless revealed, on one line each."""
    texts = (failure.account, failure.message, failure.hint)
    return [printable(hide_tokens(text if reveal else mask_identity(text))) for text in texts]


def progress_html(done: int, total: int) -> str:
    """A bar with its text; a screen reader gets both."""
    return (
        f'<div class="qp-progress"><progress max="{total}" value="{done}" aria-label="Accounts read"></progress>'
        f'<span role="status">{done} of {total} read</span></div>'
    )


def status_html(text: str) -> str:
    """A short remark in the progress bar's place."""
    return f'<div class="qp-progress"><span role="status">{escape(text)}</span></div>' if text else ""
