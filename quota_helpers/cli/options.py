"""The options of the command line."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from datetime import timedelta, tzinfo
from typing import Any, Final, NoReturn

USAGE_ERROR: Final = 64
"""Exit code of wrong usage: 1 to 5 say how the accounts are."""

DEFAULT_TIMEOUT: Final = 30.0  # seconds for one account, retries included
SHORTEST_PACE: Final = timedelta(minutes=1)
LONGEST_TIMEOUT: Final = 86_400.0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options as given; ends the process on --help, --version and wrong usage."""
    parser = make_parser()
    options = parser.parse_args(argv)
    if options.json and (options.raw_json or options.raw_headers):
        parser.error("--json and --raw-json or --raw-headers are two different outputs: choose one")
    if options.via and (options.demo or options.account_dir):
        parser.error("--via codex asks for the login of the Codex home ($CODEX_HOME): not with --demo or --account-dir")
    if options.lasting is not None and options.need is None:
        parser.error("--for says how long what you --need must last: give both")
    if options.every is not None:
        if options.every < SHORTEST_PACE:
            parser.error("--every is at least 1m: the server answers no faster, and says 'too many requests'")
        if options.need is not None:
            parser.error("--every goes on until it is stopped, --need ends with an answer: choose one")
        options.keep = True
    if options.keep and options.demo:
        parser.error("--keep keeps your own readings: not with --demo")
    return options


def make_parser() -> argparse.ArgumentParser:
    """The parser, with its help."""
    parser = _Parser(
        prog="python -m quota_helpers",
        description="How much of each Codex login's quota is left, and when it comes back.",
        epilog="Percentages are what remains. '-' = the server sent no such window, '?' = it could not be read, "
        "'!' = blocked, for the reason below. Exit code: 0 all answered, 1 a login problem, 2 no connection, "
        "3 an error reply, the largest when several; 64 wrong usage.",
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
    parser.add_argument(
        "--via", choices=["codex"], help="ask through the official client, which may renew the login of its Codex home"
    )
    parser.add_argument("--codex-bin", metavar="FILE", help="that client's program (default: codex on the PATH)")
    parser.add_argument("--timezone", metavar="TZ", type=_zone, help="show times in this zone, such as Europe/Berlin")
    parser.add_argument("--timeout", metavar="S", type=_seconds, default=DEFAULT_TIMEOUT, help="seconds per account")
    parser.add_argument(
        "--keep", action="store_true", help="also keep the readings and what Codex has logged, in your history"
    )
    parser.add_argument(
        "--every",
        metavar="10m",
        type=_span,
        help="keep on: read and keep again and again, until Ctrl-C (1 minute at least)",
    )
    parser.add_argument(
        "--need",
        metavar="PERCENT",
        type=_percent,
        help="exit 0 if ACCOUNT (or any) has so much left, 4 if not, 5 unknown",
    )
    parser.add_argument(
        "--for",
        dest="lasting",
        metavar="3h",
        type=_span,
        help="with --need: so much must still be left then, by what was kept, else at this pace",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: error: {message}\n")


class _Version(argparse.Action):
    """Looked up only when it is asked for: reading the package's metadata takes longer than the rest of the parser."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - as said

        print(f"quota-helpers {version('quota-helpers')}")
        parser.exit()


def _span(text: str) -> timedelta:
    from ..times import span  # noqa: PLC0415 - most runs need none

    try:
        return span(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _percent(text: str) -> float:
    try:
        number = float(text.strip().removesuffix("%"))
    except ValueError:
        number = math.nan
    if not 0 <= number <= 100:  # noqa: PLR2004 - percent
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 100")
    return number


def _zone(name: str) -> tzinfo:
    from ..times import zone_of  # noqa: PLC0415 - most runs show local times, which need no zone database

    try:
        return zone_of(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds between 0 and {LONGEST_TIMEOUT:g}")
    return seconds
