"""The official client as a source: `codex app-server` is started on a Codex home and asked over its JSON lines.

It owns the login of that home. It may renew it and write its own state, so nothing here is ever done unasked, and the
client is never cut off (`keeper`). Only methods that read are called: `account/rateLimits/read`, `account/read`,
`account/usage/read`.
"""

from .calls import ACCOUNT, RATE_LIMITS, TOKENS, Said, ask_client, too_old

__all__ = ["ACCOUNT", "RATE_LIMITS", "TOKENS", "Said", "ask_client", "too_old"]
