"""Every failure we expect, grouped by where it happens.

* QuotaError
  * AuthError                       the login file on this machine            exit code 1
    * AuthFileNotFoundError         no such file
    * AuthFileInvalidError          not readable, not UTF-8, not JSON, too large, no login in it
    * TokenMissingError             no access token, a blank one, or one that cannot be used
    * TokenExpiredError             the token's own expiry time has passed
    * ApiKeyOnlyError               an API key has no ChatGPT quota
    * AccountIdMissingError         a token, but nothing says for which account
  * FetchError                      the wire
    * UnreachableError              no connection                             exit code 2
    * FetchTimeoutError             no complete answer before the deadline    exit code 2
    * InsecureUrlError              plain http to another machine; not sent   exit code 2
    * OfficialClientError           codex app-server: missing, old, ended     exit code 2
    * TokenRejectedError            401                                       exit code 3
    * AccountForbiddenError         401 account_deactivated, 403 with JSON    exit code 3
    * BlockedByEdgeError            403 with HTML: the edge, not the account  exit code 3
    * WorkspaceDeactivatedError     402 deactivated_workspace                 exit code 3
    * RateLimitedError              429                                       exit code 3
    * ServerError                   5xx                                       exit code 3
    * UnexpectedReplyError          anything else that is no usage body       exit code 3
  * HistoryError                    the kept history                          exit code 1
  * SettingsError                   what was chosen, in the config folder     exit code 1
  * BodyError                       text or a file without a readable body    exit code 1
  * ChartError                      choices that make no chart of a frame     exit code 1

`except QuotaError` means: expected, and its text is meant for the user's eyes. No message holds a token or a body.
"""

from __future__ import annotations

from typing import ClassVar, TypedDict, Unpack

from .models import RawReply


class Known(TypedDict, total=False):
    """What every error can be told besides its message; `QuotaError` says what each is."""

    account: str | None
    hint: str | None
    status: int | None


class QuotaError(Exception):
    """Base class of everything this package raises on purpose.

    Attributes:
        message: What is wrong, and where: the thing and the place, in one sentence.
        hint: What to do next, in one sentence; every class has one of its own.
        account: Name of the account it happened to, or None while no account is known.
        status: HTTP status of the reply, or None where there was no reply.
        exit_code: What the command line ends with when this is the worst that happened.

    >>> str(QuotaError("The file is empty.", hint="Give another one."))
    'The file is empty. Give another one.'
    """

    default_hint: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, account: str | None = None, hint: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.account = account
        self.hint = self.default_hint if hint is None else hint
        self.status = status

    def __str__(self) -> str:
        """The message, then what to do next."""
        return f"{self.message} {self.hint}".rstrip()


class AuthError(QuotaError):
    """A login file on this machine cannot be used. Nothing was sent."""

    default_hint = "Sign in again with: codex login"


class AuthFileNotFoundError(AuthError):
    """There is no such file. Do not raise it for a file that is there but cannot be read."""

    default_hint = "Check the path, or sign in with: codex login (in keyring mode Codex keeps no file)."


class AuthFileInvalidError(AuthError):
    """The file is there, but no login can be read from it: unreadable, not UTF-8, not JSON, too large, no object."""

    default_hint = "Restore the file, or sign in again with: codex login"


class TokenMissingError(AuthError):
    """The file is well-formed, but holds no access token that could be sent."""


class TokenExpiredError(AuthError):
    """The token's own `exp` has passed. Judged on this machine; a server's 401 is a `TokenRejectedError`."""

    default_hint = (
        "Use Codex once with this login: it renews its own token. Or ask through Codex (via='codex', --via codex), "
        "or sign in again: codex login"
    )


class ApiKeyOnlyError(AuthError):
    """The file holds an API key and no ChatGPT login. An API key has no ChatGPT quota to show."""

    default_hint = "An API key has no ChatGPT quota. Sign in with ChatGPT: codex login"


class AccountIdMissingError(AuthError):
    """A token, but no account id in the file or its claims.

    Without the account header the server answers 200 with plan "free" and nothing in it, so nothing is sent.
    """

    default_hint = "Sign in again with: codex login, so that the file names its account."


class FetchError(QuotaError):
    """The server could not be asked, or did not answer with usage.

    Attributes:
        reply: The reply that caused it (a `RawReply`), or None when there was none.
    """

    exit_code = 3

    def __init__(self, message: str, *, reply: RawReply | None = None, **known: Unpack[Known]) -> None:
        super().__init__(message, **known)
        self.reply = reply


class UnreachableError(FetchError):
    """No connection, or it broke: name not found, refused, TLS, proxy, cut off in the middle."""

    default_hint = "Check the network, the proxy settings and --chatgpt-url, then try again."
    exit_code = 2


class FetchTimeoutError(FetchError):
    """No complete answer before the deadline, however the time was spent."""

    default_hint = "Try again, or allow more time with --timeout."
    exit_code = 2


class InsecureUrlError(FetchError):
    """The address would carry the token in clear text to another machine. Nothing was sent."""

    default_hint = "Use https; plain http is allowed to this machine (127.0.0.1, localhost, [::1]) only."
    exit_code = 2


class OfficialClientError(FetchError):
    """The official client could not be asked: its program is missing or too old, or it ended before it answered.

    Do not raise it for what the server told the client: that is the error it would have been without the client.
    """

    default_hint = "Check that `codex --version` works here: put codex on the PATH, or give codex_bin= in Python."
    exit_code = 2


class TokenRejectedError(FetchError):
    """The server does not accept the token (401)."""

    default_hint = "Sign in again with: codex login"


class AccountForbiddenError(FetchError):
    """The server knows the login and says no: no permission, or a deactivated account."""

    default_hint = "Ask the workspace's owner, or check the account's e-mail for a message."


class BlockedByEdgeError(FetchError):
    """The network edge in front of the server refused us. It says nothing about the token."""

    default_hint = "The login may be fine. Try later or from another network; do not sign in again because of this."


class WorkspaceDeactivatedError(FetchError):
    """The workspace of this seat is deactivated (402)."""

    default_hint = "Ask the workspace's owner, or sign in to another workspace: codex login"


class RateLimitedError(FetchError):
    """We asked too often (429).

    Do not raise it because an account has spent its quota: that is a good answer, with `used_percent` at 100.

    Attributes:
        retry_after_seconds: How long the server asks us to wait, or None when it did not say.
    """

    default_hint = "Wait before asking again; the last known values stay valid until their reset."

    def __init__(
        self,
        message: str,
        *,
        reply: RawReply | None = None,
        retry_after_seconds: float | None = None,
        **known: Unpack[Known],
    ) -> None:
        known.setdefault("status", 429)
        super().__init__(message, reply=reply, **known)
        self.retry_after_seconds = retry_after_seconds


class ServerError(FetchError):
    """The server failed (5xx), also after the retries."""

    default_hint = "The service has a problem of its own. Try again in a few minutes."


class UnexpectedReplyError(FetchError):
    """An answer, but no usage body: wrong address, a redirect, no JSON object, too large, too deep."""

    default_hint = "Check --chatgpt-url; with --raw-json you see what came back."


class HistoryError(QuotaError):
    """The kept history cannot be read or written. The file is left as it was."""

    default_hint = "Check the history file's place and permissions, or give another path."


class SettingsError(QuotaError):
    """What was chosen cannot be read or remembered. The file is left as it was."""

    default_hint = "Check the settings file's permissions, mend it, or move it away."


class BodyError(QuotaError):
    """A text, a file or a folder holds no body that can be read: no JSON, nested too deeply, not there, no UTF-8.

    Do not raise it for JSON of an unknown shape: any JSON is shown, however odd.

    Attributes:
        line: Line of the place that cannot be read, from 1, or None where it is no matter of one place.
        column: Column in that line, from 1, or None.
        place: That line and a caret under the place, with everything hidden that could be a secret, or "".
    """

    default_hint = "Give JSON: one body, a list of them, or one body a line."

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        place: str = "",
        **known: Unpack[Known],
    ) -> None:
        super().__init__(message, **known)
        self.line = line
        self.column = column
        self.place = place

    def __str__(self) -> str:
        """The message, what to do next, and the place."""
        return f"{super().__str__()}\n{self.place}".rstrip()


class ChartError(QuotaError, ValueError):
    """These choices make no chart of this frame; the message says which, and what to choose instead."""
