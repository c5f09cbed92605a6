"""The columns of the tidy frame, in order, each with its pandas dtype."""

from __future__ import annotations

from typing import Final

COLUMNS: Final[dict[str, str]] = {
    "account": "str",  # its label: the name its file gave, or the masked e-mail
    "account_key": "str",  # short one-way hash of user and account
    "plan": "str",  # as the server spelled it
    "limit": "str",  # "codex" for the account's own, else the limit's id; "spend:..." for money
    "limit_name": "str",  # the server's name of the limit for people
    "window": "str",  # five_hour, weekly, monthly, daily, else the length; missing = no window was sent
    "slot": "str",  # where in the reply it stood: primary, secondary, a key
    "used_percent": "float64",  # 0 and up, in percent
    "remaining_percent": "float64",  # never below 0, in percent
    "reset_at": "datetime64[us, UTC]",  # when the window is whole again
    "resets_in": "timedelta64[us]",  # reset_at - fetched_at; negative when stale
    "window_seconds": "float64",  # length of the window, in seconds
    "state": "str",  # current, stale, not_started, unknown; as of fetched_at
    "allowed": "boolean",  # the server's word for this limit
    "limit_reached": "boolean",  # the same; not the opposite of allowed
    "reached_type": "str",  # what was reached, in the server's words
    "blocked": "str",  # why nothing goes through, in words; missing = not blocked
    "name_inferred": "boolean",  # the window was named by slot or key, for want of a length
    "origin": "str",  # usage, app_server, headers, session, demo
    "fetched_at": "datetime64[us, UTC]",  # when the server said so
}
"""Column name -> dtype; an empty frame keeps them all."""

INVENTED_ORIGIN: Final = "demo"
"""`origin` of readings of the demo's invented accounts."""

INVENTED_SESSIONS: Final = "0199d000-0000-7000-8000-"
"""What the ids of the demo's invented sessions begin with."""
