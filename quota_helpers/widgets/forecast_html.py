"""What comes of each window, and how often such forecasts were right: one line that opens up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from html import escape
from typing import Any, Final

from ..outlook.foresight import Foresight
from ..privacy import printable

NO_BREAK: Final = "\u00a0"


def forecast_html(foresight: Foresight | None, labels: Mapping[str, str], zone: tzinfo) -> str:
    """How often forecasts were right so far, good or bad; opened up: what comes, window by window.

    Args:
        foresight: What the kept readings say; None, or nothing of these accounts: "".
        labels: Key -> label of each account.
        zone: Time zone.
    """
    told = [] if foresight is None else foresight.forecast.to_dict("records")
    told.sort(key=lambda row: bool(row["reason"]))  # those with a number first
    rows = "".join(
        f'<tr><th scope="row">{escape(labels[row["account_key"]])}</th>'
        f"<td>{escape(row['window'].replace('_', NO_BREAK))}</td>"
        f"<td>{escape(row['verdict'])}{_unproven(row)}</td></tr>"
        for row in told
        if row["account_key"] in labels
    )
    if foresight is None or not rows:
        return ""
    return (
        f'<details class="qp-failures qp-forecasts"><summary><b>Forecasts:</b> '
        f"{escape(printable(foresight.record.sentence(zone)))} <u>Show them</u></summary>"
        '<table aria-label="Forecasts"><thead><tr><th scope="col">account</th><th scope="col">window</th>'
        f'<th scope="col">until its reset</th></tr></thead><tbody>{rows}</tbody></table></details>'
    )


def _unproven(row: Mapping[str, Any]) -> str:
    """What is to be known of a number that has no track record yet."""
    said = not row["reason"] and row["budget_per_day"] > 0
    return " (not yet proven on own past)" if said and not row["calibrated"] else ""
