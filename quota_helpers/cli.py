"""`python -m quota_helpers`: the table of every account's quota on the command line.

Exit codes: 0 all answered; 1 a login problem; 2 no connection, or time-out; 3 an error reply, or one that is no usage
body; the largest when several; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import errno
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

from .privacy import hide_tokens, hide_tokens_in, mask_identity, printable
from .report import document, stale_notes, table
from .sources import demo, live

if TYPE_CHECKING:
    from .models import RawReply
    from .outcomes import Collection, Failure
    from .sources import Source

INTERRUPTED: Final = 130
LOGIN_PROBLEM: Final = 1
BODY_EXCERPT: Final = 200  # characters of an error's body on its one line
DEFAULT_TIMEOUT: Final = 30.0  # seconds for one account, retries included
LONGEST_TIMEOUT: Final = 86_400.0
_CONTROLS: Final = re.compile("[\x7f-\x9f]")  # JSON's own escapes end before these, which steer a terminal too


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.json and (options.raw_json or options.raw_headers):
        parser.error("--json and --raw-json or --raw-headers are two different outputs: choose one")
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a character shows its escape instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(options)
        sys.stdout.flush()
        if code == INTERRUPTED:
            _leave()
    except KeyboardInterrupt:
        _leave()
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.EINVAL}:  # EINVAL: a closed pipe on Windows
            raise
        # The reader has gone (`| head`): nothing more to say, and nothing to say at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(options: argparse.Namespace) -> int:
    with _source(options) as source:
        if not source.accounts and not source.accounts.failures:
            _say("No logins found. Sign in with: codex login, name a folder with --account-dir, or try --demo.")
            return LOGIN_PROBLEM
        if source.is_demo:
            _say("DEMO: invented accounts on a server on this machine.")
        collection = source.collect()
        if options.json:
            print(json.dumps(document(collection), indent=2))
        elif options.raw_json or options.raw_headers:
            _print_raw(collection, body=options.raw_json, headers=options.raw_headers)
        else:
            # The demo shows the same to everybody, wherever they are.
            _print_table(collection, options.timezone or (UTC if source.is_demo else None))
        sys.stdout.flush()
        for failure in collection.failures:
            _say(_failure_line(failure, with_body=not options.raw_json))
        if collection.interrupted:
            _say_who_is_missing(collection, source)
            return INTERRUPTED
        return collection.exit_code


def _source(options: argparse.Namespace) -> Source:
    if options.demo:
        return demo(names=options.accounts or None)
    return live(
        options.account_dir,
        url=options.chatgpt_url,
        names=options.accounts or None,
        search_parent=False,
        deadline=options.timeout,
    )


def _print_table(collection: Collection, zone: tzinfo | None) -> None:
    if collection.snapshots:
        print("\n".join(table(collection, zone)))
        sys.stdout.flush()
    for note in stale_notes(collection, zone):
        _say(note)


def _print_raw(collection: Collection, *, body: bool, headers: bool) -> None:
    for name, reply in collection.replies.items():
        print(f"=== {printable(name)} ===")
        if headers:
            print(f"HTTP {reply.status}")
            for key, value in reply.headers.pairs():
                print(f"{printable(key)}: {printable(hide_tokens(value))}")
        if body:
            _print_body(name, reply)


def _print_body(name: str, reply: RawReply) -> None:
    if reply.payload is not None:
        text = json.dumps(hide_tokens_in(reply.payload), indent=2, ensure_ascii=False)
        print(_CONTROLS.sub(lambda match: f"\\u{ord(match.group()):04x}", text))
        return
    sys.stdout.flush()
    print(f"{printable(name)}: the body is no JSON: {printable(hide_tokens(reply.text))}", file=sys.stderr)


def _failure_line(failure: Failure, *, with_body: bool) -> str:
    line = f"{failure.account}: {failure.message} {failure.hint}".rstrip()
    reply = getattr(failure.error, "reply", None)
    # The bodies of 401 and 403 can name a person; they are shown on request only.
    if with_body and reply is not None and reply.status not in {401, 403} and (text := reply.text.strip()):
        text = " ".join(mask_identity(hide_tokens(text)).split())
        line += f" The server said: {text[:BODY_EXCERPT]}{'...' if len(text) > BODY_EXCERPT else ''}"
    return line


def _say_who_is_missing(collection: Collection, source: Source) -> None:
    """After an interrupt a shorter table must not pass for a whole one; where nothing came there is no table."""
    arrived = {snapshot.account for snapshot in collection.snapshots} | {item.account for item in collection.failures}
    missing = [name for name in source.accounts.names if name not in arrived]
    if arrived and missing:
        _say(f"Interrupted: no answer yet from {', '.join(missing)}.")


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr)


def _leave() -> None:
    """Ends the process at once: a thread in a name look-up cannot be interrupted and must not hold it back."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            break  # the reader has gone as well
    os._exit(INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quota_helpers",
        description="How much of each Codex login's quota is left, and when it comes back.",
        epilog="Percentages are what remains. '-' = the server sent no such window, '?' = it could not be read. "
        "Exit code: 0 all answered, 1 a login problem, 2 no connection, 3 an error reply; the largest when several.",
    )
    parser.add_argument("accounts", metavar="ACCOUNT", nargs="*", help="read DIR/ACCOUNT.auth.json; none: all of DIR")
    parser.add_argument(
        "--account-dir",
        metavar="DIR",
        help="folder of *.auth.json files (default: account; where there is none, Codex's own login)",
    )
    parser.add_argument("--chatgpt-url", metavar="URL", help="base address (default: https://chatgpt.com/backend-api)")
    parser.add_argument("--raw-json", action="store_true", help="print each response body instead of the table")
    parser.add_argument("--raw-headers", action="store_true", help="print the response headers instead of the table")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    parser.add_argument("--demo", action="store_true", help="use invented accounts on a server on this machine")
    parser.add_argument("--timezone", metavar="TZ", type=_zone, help="show times in this zone, such as Europe/Berlin")
    parser.add_argument("--timeout", metavar="S", type=_seconds, default=DEFAULT_TIMEOUT, help="seconds per account")
    return parser


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most runs show local times, which need no zone database

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of the zone database
        raise argparse.ArgumentTypeError(f"no time zone called {name!r}; give a name such as Europe/Berlin") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds between 0 and {LONGEST_TIMEOUT:g}")
    return seconds
