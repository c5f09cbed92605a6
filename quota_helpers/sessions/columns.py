"""The columns of both frames, and the two words in them that are ours. Neither numpy nor pandas is loaded here."""

from __future__ import annotations

from typing import Final

from ..models import COLUMNS

UNATTRIBUTED: Final = "unattributed"
"""Whose session it was is not written in logs before late 2026; nobody who is signed in now gets the credit."""

OWN_PROVIDER: Final = "openai"
"""What `provider` says of one's own limits; older logs do not say it, and mean it."""

WINDOW_COLUMNS: Final[dict[str, str]] = COLUMNS | {
    "session": "str",
    "provider": "str",  # whose service answered; what is not "openai" is a series of its own
    "doubtful": "bool",  # the reset is that of another account's window: somebody else went on with the session
}
"""Columns of the windows frame, name -> dtype: the tidy frame's, and three more."""

TOKEN_COLUMNS: Final[dict[str, str]] = {
    "time": "datetime64[us, UTC]",  # when the answer had ended
    "session": "str",
    "account_key": "str",
    "provider": "str",  # whose service answered: "openai", or the name of another; missing: older logs do not say
    "model": "str",  # as the session names it, at the latest afterwards; missing: it does not
    "effort": "str",  # of reasoning, as asked for; missing: the model's own
    "project": "str",  # the last part of the folder that the session worked in
    "client": "str",  # which program began the session, and its version
    "machine": "str",  # the label that was set for this machine, else a random id; never the host's name
    "input": "int64",  # tokens, the cached ones included
    "cached_input": "int64",
    "cache_write": "int64",  # tokens of the input that were written to the cache
    "output": "int64",  # tokens, reasoning included
    "reasoning": "int64",
    "total": "int64",
}
"""Columns of the tokens frame, name -> dtype."""
