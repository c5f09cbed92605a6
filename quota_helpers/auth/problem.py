"""What is wrong with a login, as a value: it is raised only where no secret is in reach of the traceback.

The values that never leave this folder are named tuples: to make a dataclass takes five times as long, at every start.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import AuthError, TokenMissingError
from ..privacy import printable


class Problem(NamedTuple):
    """One thing that is wrong with a login file, or with one login in it.

    Attributes:
        kind: Class of the error it becomes.
        what: The rest of the sentence that begins with the file's path, without a full stop. Never content.
        hint: What to do next, or None for the class's own hint.
        torn: The file may be in the middle of being rewritten: worth reading again.
        no_login: The file is well-formed, but nothing in it looks like a login.
    """

    kind: type[AuthError]
    what: str
    hint: str | None = None
    torn: bool = False
    no_login: bool = False

    def error(self, place: str, account: str | None) -> AuthError:
        """The error to raise or to keep, made for *place* (the subject of the sentence)."""
        return self.kind(f"{printable(place)} {self.what}.", account=account, hint=self.hint)


class PassedOver(NamedTuple):
    """A login that the file itself says not to use."""

    reason: str

    def problem(self) -> Problem:
        """The same as a problem, for a caller who asked for exactly this login."""
        return Problem(
            TokenMissingError, f"is not used: {self.reason}", "Switch it on in the tool that wrote the file."
        )
