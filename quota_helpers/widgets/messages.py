"""The panel's sentences as HTML: when and what was read, how far a run is, who could not be read and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from ..outcomes import Collection, Failure
from ..privacy import hide_tokens, mask_identity, printable
from ..times import local_time

OPEN_UP_TO = 6  # failures; more are folded away behind their number


def headline(collection: Collection, zone: tzinfo, *, is_demo: bool) -> str:
    """One line: demo or not, when it was read, how many were."""
    read, failed = len(collection.snapshots), len(collection.failures)
    parts = [f"last updated {local_time(collection.fetched_at, zone)}", f"{read} of {read + failed} accounts read"]
    if failed:
        parts.append(f"{failed} failed")
    if collection.interrupted:
        parts.append("interrupted before all had answered")
    return ("demo, invented accounts · " if is_demo else "") + " · ".join(parts)


def headline_html(collection: Collection, zone: tzinfo, *, is_demo: bool) -> str:
    """The same with the panel's name in front."""
    text = headline(collection, zone, is_demo=is_demo)
    badge = ""
    if is_demo:
        badge, text = '<span class="qp-demo">DEMO</span>', text.removeprefix("demo, ")
    return f'<div class="qp-head"><strong>Codex quota</strong>{badge}<span role="status">{escape(text)}</span></div>'


def progress_html(done: int, total: int) -> str:
    """A bar with its text; a screen reader gets both."""
    return (
        f'<div class="qp-progress"><progress max="{total}" value="{done}" aria-label="Accounts read"></progress>'
        f'<span role="status">{done} of {total} read</span></div>'
    )


def status_html(text: str) -> str:
    """A short remark in the progress bar's place."""
    return f'<div class="qp-progress"><span role="status">{escape(text)}</span></div>' if text else ""


def failure_parts(failure: Failure, *, reveal: bool) -> tuple[str, str, str]:
    """Account, what is wrong, what to do: masked unless revealed, on one line each."""
    texts = (failure.account, failure.message, failure.hint)
    shown = texts if reveal else tuple(map(mask_identity, texts))
    account, what, hint = (printable(hide_tokens(text)) for text in shown)
    return account, what, hint


def failures_html(failures: Sequence[Failure], *, reveal: bool, hidden: int = 0) -> str:
    """Who could not be read, why, and what to do next.

    Args:
        failures: Those to show.
        reveal: Whether e-mail addresses are shown in full.
        hidden: How many further failures belong to accounts that are not selected.
    """
    more = f"{hidden} not selected {_accounts(hidden)} could not be read either" if hidden else ""
    if not failures:
        return f'<p class="qp-failures">{escape(more)}</p>' if more else ""
    rows = "".join(
        f'<tr><th scope="row">✕ {escape(account)}</th><td>{escape(what)}</td><td>{escape(hint)}</td></tr>'
        for account, what, hint in (failure_parts(failure, reveal=reveal) for failure in failures)
    )
    opened = " open" if len(failures) <= OPEN_UP_TO else ""
    summary = f"{len(failures)} {_accounts(len(failures))} could not be read" + (f" · {more}" if more else "")
    return (
        f'<details class="qp-failures"{opened}><summary>{escape(summary)}</summary><table aria-label="Failures">'
        '<thead><tr><th scope="col">account</th><th scope="col">what is wrong</th><th scope="col">what to do</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></details>"
    )


def _accounts(count: int) -> str:
    return "account" if count == 1 else "accounts"


def describe(collection: Collection | None, *, is_demo: bool) -> str:
    """The panel in one line of plain text, for viewers that show nothing else; times in UTC."""
    what = "DEMO, invented accounts" if is_demo else "your logins"
    if collection is None:
        return f"QuotaPanel({what}: nothing read)"
    read, failed = len(collection.snapshots), len(collection.failures)
    return f"QuotaPanel({what}: {read} read, {failed} failed, {collection.fetched_at:%Y-%m-%d %H:%M} UTC)"
