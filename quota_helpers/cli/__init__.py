"""`python -m quota_helpers`: the table of every account's quota on the command line.

Exit codes: 0 all answered; 1 a login problem; 2 no connection, or time-out; 3 an error reply, or one that is no usage
body; the largest when several; 64 wrong usage; 74 the output cannot be written; 130 after
Ctrl-C. With --need: 0 enough, 4 not enough, 5 unknown.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

from ..files import reason
from ..privacy import printable
from ..sources import demo, live
from .keep import keep_on, keep_one, kept_record
from .options import parse
from .output import document, print_replies, say
from .text_table import WIDTH, packed, stale_notes, table

if TYPE_CHECKING:
    from ..outcomes import Collection
    from ..sources import Source

INTERRUPTED: Final = 130
CANNOT_WRITE: Final = 74  # EX_IOERR of sysexits.h, as 64 is its EX_USAGE
LOGIN_PROBLEM: Final = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started it (`>&-`)
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # until the end
        # A console that cannot show a character shows its escape instead of failing.
        if hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(parse(argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        _leave()
    except OSError as error:
        gone = error.errno in {errno.EPIPE, errno.EINVAL}  # the reader (`| head`); EINVAL: on Windows
        if not gone and error.errno not in {errno.ENOSPC, errno.EIO, errno.EFBIG}:
            raise
        # What is still waiting to be written would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if gone:
            return 0
        say(f"The output cannot be written ({reason(error)}).")
        return CANNOT_WRITE
    return code


def _run(options: argparse.Namespace) -> int:
    with _source(options) as source:
        if not source.accounts and not source.accounts.failures:
            say("No logins found. Sign in with: codex login, name a folder with --account-dir, or try --demo.")
            return LOGIN_PROBLEM
        if source.is_demo:
            say("DEMO: invented accounts on a server on this machine.")
        if source.warning:
            say(source.warning)
        if options.every:
            return keep_on(source, options.every)
        collection = source.collect()
        _print(collection, options, source)
        sys.stdout.flush()
        for failure in collection.failures:
            say(str(failure))
        if collection.interrupted:
            _say_who_is_missing(collection, source)
            raise KeyboardInterrupt
        not_kept = keep_one(collection) if options.keep else 0
        return collection.exit_code or not_kept if options.need is None else _gate(collection, options)


def _gate(collection: Collection, options: argparse.Namespace) -> int:
    from ..outlook.enough import enough  # noqa: PLC0415 - most runs ask for no gate

    record = kept_record() if options.lasting and not options.demo else None
    answer = enough(
        collection, options.need, lasting=options.lasting, now=collection.fetched_at, history=record, reveal=True
    )
    say(answer.text)
    return answer.exit_code


def _source(options: argparse.Namespace) -> Source:
    names = options.accounts or None
    if options.demo:
        return demo(names=names)
    how = {"via": options.via} if options.via else {"account_dir": options.account_dir, "search_parent": False}
    return live(names=names, url=options.chatgpt_url, deadline=options.timeout, **how)


def _print(collection: Collection, options: argparse.Namespace, source: Source) -> None:
    if options.json:
        print(json.dumps(document(collection, demo=source.is_demo), indent=2))
    elif options.raw_headers or options.raw_json:
        print_replies(
            collection.replies,
            headers=options.raw_headers,
            bodies=options.raw_json,
            single=len(source.accounts) + len(source.accounts.failures) == 1,
            terminal=sys.stdout.isatty(),
        )
    else:
        # The demo shows the same to everybody, wherever they are.
        _print_table(collection, options.timezone or (UTC if source.is_demo else None))


def _print_table(collection: Collection, zone: tzinfo | None) -> None:
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((WIDTH, 0)).columns
    if collection.snapshots:
        print("\n".join(table(collection, zone, width=width, terminal=terminal)))
    if terminal and not collection.interrupted:  # of half of the logins nobody can say which one to use
        from ..outlook.answers import answers  # noqa: PLC0415 - a run without a person before it needs none

        for answer in answers(collection, now=collection.fetched_at, tz=zone, reveal=True):
            print("\n" + "\n".join(packed(printable(answer.text).split(" "), width, gap=" ")))
    sys.stdout.flush()
    for note in stale_notes(collection, zone):
        say(note)


def _say_who_is_missing(collection: Collection, source: Source) -> None:
    """After an interrupt a shorter table must not pass for a whole one; where nothing came there is no table."""
    arrived = {snapshot.account for snapshot in collection.snapshots} | {item.account for item in collection.failures}
    missing = [name for name in source.accounts.names if name not in arrived]
    if arrived and missing:
        say(f"Interrupted: no answer yet from {', '.join(missing)}.")


def _leave() -> None:
    """Ends the process at once: a thread in a name look-up cannot be interrupted and must not hold it back."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            break  # the reader has gone as well
    os._exit(INTERRUPTED)
