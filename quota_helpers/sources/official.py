"""Asking through the official client: its homes are the accounts, its errors become ours."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ..appserver import ACCOUNT, RATE_LIMITS, TOKENS, Said, ask_client, too_old
from ..auth import find_accounts
from ..client.body import parse_body
from ..client.outcomes import judge, one_line
from ..errors import (
    FetchError,
    OfficialClientError,
    QuotaError,
    TokenMissingError,
    TokenRejectedError,
    UnexpectedReplyError,
    UnreachableError,
)
from ..labels import Names, choose, numbered
from ..models import Account, Headers, RawReply
from ..outcomes import Accounts, Failure
from ..privacy import hide_tokens, mask_identity
from .ways import PROFILE, RESETS, USAGE, Clock

WARNING: Final = (
    "Asks through the official client (codex app-server), which owns its login: "
    "it may renew it, and it writes its own state into its Codex home."
)
_METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    USAGE: (RATE_LIMITS, ACCOUNT),
    RESETS: (RATE_LIMITS,),
    PROFILE: (TOKENS,),
}
_REFUSED: Final = re.compile(
    r"(?:GET|POST) (?P<url>\S+) failed: (?P<status>\d{3})[^;]*(?:; content-type=(?P<type>.*?); body=(?P<body>.*))?",
    re.DOTALL,
)
_UNDECODED: Final = re.compile(
    r"Decode error for (?P<url>\S+): (?P<why>.*?); content-type=(?P<type>.*?); body=(?P<body>.*)", re.DOTALL
)
_BY_WORDS: Final[tuple[tuple[re.Pattern[str], type[QuotaError]], ...]] = (
    (re.compile(r"authentication (?:is )?required|not (?:logged|signed) in", re.IGNORECASE), TokenMissingError),
    (re.compile(r"error sending request|connection", re.IGNORECASE), UnreachableError),
    (re.compile(r"refresh|sign(?:ed)? (?:in|out)|log(?:ged)? (?:in|out)", re.IGNORECASE), TokenRejectedError),
)


class Official:
    """Several Codex homes, each a login of its own."""

    origin = "codex app-server"
    warning = WARNING
    max_workers = 8  # each is a process of some size

    def __init__(
        self,
        homes: Iterable[Path],
        clock: Clock,
        *,
        codex_bin: str | Path | None = None,
        url: str | None = None,
        deadline: float = 30,
    ) -> None:
        self._homes = tuple(homes)
        self._clock = clock
        self._options: dict[str, Any] = {"codex_bin": codex_bin, "url": url, "deadline": deadline}
        self._met: dict[Path, Account] = {}  # who answered, where no file says whose home it is
        self._closed = threading.Event()

    def find(self, names: Names = None) -> Accounts:
        """The login of each home; a home whose login lies elsewhere (keyring) is named after its folder.

        Raises:
            ValueError: There is none of one of the *names*.
        """
        accounts: list[Account] = []
        failures: list[Failure] = []
        for home in self._homes:
            found = find_accounts(codex_home=home)
            mine = [account for account in found if home / "auth.json" in account.paths]
            if not home.is_dir():
                failures += found.failures
            else:
                accounts += mine[:1] or [self._met.get(home) or Account(name=home.name, paths=(home / "auth.json",))]
        labels = numbered([account.name for account in accounts])
        named = [replace(account, name=label) for account, label in zip(accounts, labels, strict=True)]
        chosen = choose(names, {account.name: (mask_identity(account.name), account.key) for account in named})
        return Accounts([account for account in named if account.name in chosen], failures)

    def ask(self, account: Account, stop: threading.Event, what: str = USAGE) -> RawReply:
        """The client's answer as a reply, whose body is the answer's JSON."""
        if what not in _METHODS:
            raise UnexpectedReplyError("The official client does not tell this.", account=account.name, hint=_DIRECT)
        if self._closed.is_set():
            raise UnreachableError("interrupted: the source is closed.", account=account.name)
        begun = time.perf_counter()
        methods, home = _METHODS[what], account.paths[0].parent
        try:
            said = ask_client(home, methods, stop=stop, **self._options)
        except FetchError as error:
            error.account = account.name
            raise error.with_traceback(None) from None
        reply = RawReply(
            status=200,
            fetched_at=self._clock(),
            elapsed=time.perf_counter() - begun,
            account=account.name,
            url=f"codex app-server: {methods[0]}",
        )
        answer = said[methods[0]]
        outcome = reply_of(answer, account, reply)
        if isinstance(outcome, QuotaError):
            raise outcome
        who = _identified(account, answer.result, said.get(ACCOUNT, Said()).result)
        if not account.account_id:
            self._met[home] = who
        return replace(outcome, account_key=who.key)

    def close(self) -> None:
        """Refuse more; the clients that run are seen to their end."""
        self._closed.set()


_DIRECT: Final = "Ask for it directly, without via='codex'."


def _identified(account: Account, limits: Any, told: Any) -> Account:
    """The login with what the client says about it, where its file could not."""
    limits, told = (part if isinstance(part, dict) else {} for part in (limits, told))
    person = told.get("account") if isinstance(told.get("account"), dict) else {}
    return replace(
        account,
        account_id=account.account_id or _text(limits.get("accountId")),
        user_id=account.user_id or _text(told.get("userId")),
        email=account.email or _text(person.get("email")),
    )


def reply_of(said: Said, account: Account, empty: RawReply) -> RawReply | QuotaError:
    """The client's answer as a reply, or the error it stands for; *empty* says when and whom."""
    if said.code is not None:
        return _error(said, account, empty)
    return replace(empty, body=json.dumps(said.result, ensure_ascii=False).encode(), payload=said.result)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _error(said: Said, account: Account, reply: RawReply) -> QuotaError:
    """What the server told the client is the error it would have been without the client."""
    if old := too_old(said):
        old.account = account.name
        return old
    if found := _REFUSED.search(said.message) or _UNDECODED.search(said.message):
        return _judged(found.groupdict(), reply) or _strange(said, account, reply)
    kind = next((kind for words, kind in _BY_WORDS if words.search(said.message)), None)
    return kind(f"{_words(said)}.", account=account.name) if kind else _strange(said, account, reply)


def _judged(told: Mapping[str, str | None], reply: RawReply) -> FetchError | None:
    parsed = parse_body((told["body"] or "").encode(), hide_tokens)
    reply = replace(
        reply,
        status=int(told.get("status") or reply.status or 0),
        url=told["url"] or "",
        headers=Headers({"content-type": told["type"]} if told["type"] else {}),
        body=parsed.data,
        payload=parsed.payload,
        notes=parsed.notes,
    )
    error = judge(reply, parsed.problem)
    if error is None and (why := told.get("why")):
        message = f"The official client cannot decode the body: {one_line(why)}."
        return UnexpectedReplyError(message, account=reply.account, status=200, hint=_DIRECT, reply=reply)
    return error


def _strange(said: Said, account: Account, reply: RawReply) -> OfficialClientError:
    return OfficialClientError(
        f"{_words(said)} ({said.code}).", account=account.name, reply=reply if reply.body else None
    )


def _words(said: Said) -> str:
    return f"The official client answered with an error: {one_line(said.message).rstrip('.')}"
