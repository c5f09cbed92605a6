"""From what a carrier sent to one `UsageSnapshot`, field by field. Pure: no network, no clock.

The reading rule:

1. A window is what its length says (18 000 s five hours, 604 800 s a week, 28 to 31 days a month, 86 400 s a day, any
   other length by its length), within 60 s, since the official client rounds up to minutes.
2. The slot (primary, secondary) or the key (`weekly_limit`) names a window only when no length is given; the result
   is marked as inferred.
3. `rate_limit: null`, a null window and a missing window are no reading: never 0 % used, never 100 % left.
4. `rate_limit` is the account's own limit ("codex"). Per-model limits, code review and spending caps are limits of
   their own and never fill a gap in it.
5. The reset is `reset_at`, else the time of the reading + `reset_after_seconds`; a disagreement of more than two
   minutes is a note.
6. A broken field becomes unknown plus a note with its JSON path; its neighbours survive. Nothing here raises because
   of what a server sent.
7. `allowed` and `limit_reached` are reported as sent. Unknown plans, limits and keys are kept, never an error.
"""

from .headers import normalize_headers
from .trace import Read, Trace, trace_body
from .usage import is_usage, normalize_token_count, normalize_usage

__all__ = [
    "Read",
    "Trace",
    "is_usage",
    "normalize_headers",
    "normalize_token_count",
    "normalize_usage",
    "trace_body",
]
