"""The options of the command line."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, NoReturn

from ..times import span, zone_of

USAGE_ERROR: Final = 64
"""Exit code of wrong usage: 1 to 5 say how the accounts are."""

DEFAULT_TIMEOUT: Final = 30.0  # seconds for one account, retries included
SHORTEST_PACE: Final = timedelta(minutes=1)
LONGEST_TIMEOUT: Final = 86_400.0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options as given; ends the process on --help, --version and wrong usage."""
    parser = make_parser()
    options = parser.parse_args(argv)
    if options.version:
        # Not before: reading the package's metadata takes longer than the rest of the parser.
        from importlib.metadata import version  # noqa: PLC0415 - as said

        print(f"quota-helpers {version('quota-helpers')}")
        parser.exit()
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
    add, flag = parser.add_argument, partial(parser.add_argument, action="store_true")
    add("accounts", metavar="ACCOUNT", nargs="*", help="read DIR/ACCOUNT.auth.json; none: all of DIR")
    folder = "folder of *.auth.json files (default: account; where there is none, Codex's own login)"
    add("--account-dir", metavar="DIR", help=folder)
    add("--chatgpt-url", metavar="URL", help="base address (default: https://chatgpt.com/backend-api)")
    flag("--raw-json", help="print each response body instead of the table")
    flag("--raw-headers", help="print the response headers instead of the table")
    flag("--json", help="print one JSON document instead of the table")
    flag("--demo", help="use invented accounts on a server on this machine")
    via = "ask through the official client, which may renew the login of its Codex home"
    add("--via", choices=["codex"], help=via)
    add("--timezone", metavar="TZ", type=_told(zone_of), help="show times in this zone, such as Europe/Berlin")
    add("--timeout", metavar="S", type=_told(_seconds), default=DEFAULT_TIMEOUT, help="seconds per account")
    flag("--keep", help="also keep the readings and what Codex has logged, in your history")
    every = "keep on: read and keep again and again, until Ctrl-C (1 minute at least)"
    add("--every", metavar="10m", type=_told(span), help=every)
    need = "exit 0 if ACCOUNT (or any) has so much left, 4 if not, 5 unknown"
    add("--need", metavar="PERCENT", type=_told(_percent), help=need)
    lasting = "with --need: so much must still be left then, by what was kept, else at this pace"
    add("--for", dest="lasting", metavar="3h", type=_told(span), help=lasting)
    flag("--version", help="print the version and leave")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: error: {message}\n")


def _told(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The reader of an option's text whose ValueError is told in its own words, as argparse does only with its own."""

    def told(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return told


def _percent(text: str) -> float:
    return _between(0, 100, text, text.strip().removesuffix("%"), "percentage from 0 to 100")


def _seconds(text: str) -> float:
    return _between(math.ulp(0.0), LONGEST_TIMEOUT, text, text, f"number of seconds between 0 and {LONGEST_TIMEOUT:g}")


def _between(low: float, high: float, text: str, digits: str, wanted: str) -> float:
    try:
        number = float(digits)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise ValueError(f"{text!r} is no {wanted}")
    return number
