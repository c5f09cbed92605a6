"""Makes the session logs of the demo: `python tests/record_logs.py` writes quota_helpers/invented/sessions.zip.

A small Codex home with logs of every form that Codex has written; ada's own month, told by her machine. Run it after
`record_month`; a test holds the file to it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from record_month import PACE, SEED, PastMonth, past, tokens_per_percent

from quota_helpers.invented.meters import Json
from quota_helpers.invented.truth import FOREIGN, NAMED_SINCE, TOKENS_SPREAD
from quota_helpers.models.tidy import INVENTED_SESSIONS
from quota_helpers.times import FIVE_HOURS, WEEK

Form = Literal["modern", "relative", "flat", "silent", "interleaved"]

PLACE = Path(__file__).parent.parent / "quota_helpers" / "invented" / "sessions.zip"

MODELS: Final = ("gpt-6-astra", "gpt-5.3-codex-spark")
_PAUSE: Final = timedelta(hours=1)  # after a longer one a new session begins
_TURNS_PER_STEP: Final = 3
_FORMS: Final[tuple[Form, ...]] = ("flat", "relative", "silent", "modern", "interleaved")
_ARCHIVED_EVERY: Final = 7


@dataclass(frozen=True, slots=True)
class InventedTurn:
    """One turn: when, how many tokens, in which step of the month, and the share of the step that was then over."""

    when: datetime
    tokens: int
    step: int
    share: float = 1.0


@dataclass(slots=True)
class _Log:
    """One session's log, line by line."""

    number: int
    begun: datetime
    form: Form = "modern"
    parent: str | None = None
    lines: list[str] = field(default_factory=list)
    spent: int = 0

    @property
    def id(self) -> str:
        """An invented UUID."""
        return f"{INVENTED_SESSIONS}{self.number:012x}"

    def add(self, when: datetime, kind: str, payload: object) -> None:
        stamp = f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"
        line = {"timestamp": stamp, "type": kind, "payload": payload}
        self.lines.append(json.dumps(line, separators=(",", ":")) + "\n")

    def save(self, home: Path, *, archived: bool = False, torn: bool = False) -> Path:
        folder = home / "archived_sessions" if archived else home / "sessions" / f"{self.begun:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"rollout-{self.begun:%Y-%m-%dT%H-%M-%S}-{self.id}.jsonl"
        text = "".join(self.lines)
        path.write_text(text[: -len(self.lines[-1]) // 2] if torn else text, encoding="utf-8", newline="\n")
        return path


def write_home(folder: Path) -> list[Path]:
    """Write session logs of ada's month into *folder*, as Codex lays them out; the files come back, oldest first.

    All forms are there: today's; resets relative to the line's time; the oldest flat one; lines whose limits are null;
    two limits that alternate within milliseconds; archived sessions; a session forked from another, which repeats its
    turns; and a last line that was torn while it was written. Logs from before `NAMED_SINCE` do not say whose they
    are. What a percent costs in tokens is known: `truth.TOKENS_PER_PERCENT`.
    """
    month = past("ada")
    paths = []
    sessions = list(_sessions(_turns(month)))
    for number, turns in enumerate(sessions):
        form = _FORMS[number] if number < len(_FORMS) else "interleaved" if number % 5 == 0 else "modern"
        log = _log(month, number, turns, form)
        archived = number % _ARCHIVED_EVERY == _ARCHIVED_EVERY - 1
        paths.append(log.save(folder, archived=archived, torn=number == len(sessions) - 1))
        if number == len(sessions) - 2:
            paths.append(_fork(month, log, turns, len(sessions)).save(folder))
    return paths


def _turns(month: PastMonth) -> Iterator[InventedTurn]:
    """Three turns in every step with work; none in one at whose end a week begins anew, or that somebody else used."""
    chance = Random(f"{SEED} turns")
    week = month.levels["weekly"]
    for step, (when, percents) in enumerate(zip(month.times[:-1], month.spent[:-1], strict=True)):
        if not percents or not step or week[step].used < week[step - 1].used:
            continue
        if any(episode.covers(month.account.name, when) for episode in FOREIGN):
            continue
        for part in range(1, _TURNS_PER_STEP + 1):
            deviation = 1 + TOKENS_SPREAD * (2 * chance.random() - 1)
            tokens = int(percents / _TURNS_PER_STEP * tokens_per_percent(month.account.name, when) * deviation)
            share = part / _TURNS_PER_STEP
            at = when - PACE * (1 - share) - timedelta(milliseconds=880 - 7 * part)
            yield InventedTurn(at, tokens, step, share)


def _sessions(turns: Iterable[InventedTurn]) -> Iterator[Sequence[InventedTurn]]:
    run: list[InventedTurn] = []
    for turn in turns:
        if run and turn.when - run[-1].when > _PAUSE:
            yield run
            run = []
        run.append(turn)
    if run:
        yield run


def _log(month: PastMonth, number: int, turns: Sequence[InventedTurn], form: Form) -> _Log:
    log = _Log(number, turns[0].when - timedelta(seconds=90), form)
    _begin(month, log)
    for turn in turns:
        _add_turn(month, log, turn)
    return log


def _fork(month: PastMonth, parent: _Log, turns: Sequence[InventedTurn], number: int) -> _Log:
    """A session forked from *parent* after its last turn: Codex copies the turns, stamped with that moment."""
    begun = turns[-1].when + timedelta(minutes=2)
    log = _Log(number, begun, parent=parent.id)
    _begin(month, log)
    for at, turn in enumerate(turns):
        _add_turn(month, log, InventedTurn(begun + timedelta(milliseconds=3 * at), turn.tokens, turn.step, turn.share))
    _add_turn(month, log, InventedTurn(begun + timedelta(minutes=1), 24_000, turns[-1].step))
    return log


def _begin(month: PastMonth, log: _Log) -> None:
    meta: Json = {"id": log.id, "cwd": "/demo/project", "originator": "codex_cli_rs", "cli_version": "0.169.0"}
    if log.parent:
        meta["forked_from_id"] = log.parent
    if log.begun >= NAMED_SINCE:
        seat = month.account.seat
        meta |= {"creator_account_id": seat.account_id, "creator_user_id": seat.user_id}
    log.add(log.begun, "session_meta", meta)
    log.add(log.begun, "turn_context", {"cwd": "/demo/project", "model": MODELS[log.number % 3 // 2], "effort": "high"})


def _add_turn(month: PastMonth, log: _Log, turn: InventedTurn) -> None:
    words = {"type": "message", "role": "assistant", "content": "(the demo has nothing to say)"}
    log.add(turn.when - timedelta(seconds=1), "response_item", words)
    log.spent += turn.tokens
    info = {
        "total_token_usage": _counts(log.spent),
        "last_token_usage": _counts(turn.tokens),
        "model_context_window": 258_400,
    }
    if log.form == "silent":  # the counts are there, the limits are not
        log.add(turn.when, "event_msg", {"type": "token_count", "info": info, "rate_limits": None})
        return
    limits = _limits(month, log.form, turn)
    log.add(turn.when, "event_msg", {"type": "token_count", "info": info, "rate_limits": limits})
    if log.form == "interleaved":
        other = _spark(turn.when)
        later = turn.when + timedelta(milliseconds=4)
        log.add(later, "event_msg", {"type": "token_count", "info": info, "rate_limits": other})


def _limits(month: PastMonth, form: Form, turn: InventedTurn) -> Json:
    windows = {
        slot: _window(month, name, seconds, turn, form)
        for slot, name, seconds in (("primary", "five_hour", FIVE_HOURS), ("secondary", "weekly", WEEK))
    }
    if form == "flat":
        return {f"{slot}_used_percent": window["used_percent"] for slot, window in windows.items() if window}
    if windows["primary"] is None:  # the limit was lifted: the week moves up
        windows = {"primary": windows["secondary"], "secondary": None}
    return _bucket("codex", None, windows)


def _window(month: PastMonth, name: str, seconds: int, turn: InventedTurn, form: Form) -> Json | None:
    level = month.levels[name][turn.step]
    if level.reset_at is None:
        return None
    before = month.levels[name][turn.step - 1]
    start = before.used if before.reset_at == level.reset_at and before.used <= level.used else 0.0
    used = start + (level.used - start) * turn.share
    window: dict[str, Any] = {"used_percent": float(int(used)), "window_minutes": seconds // 60}
    if form == "relative":
        return window | {"resets_in_seconds": int((level.reset_at - turn.when).total_seconds())}
    return window | {"resets_at": int(level.reset_at.timestamp())}


def _spark(when: datetime) -> Json:
    reset = int((when + timedelta(seconds=FIVE_HOURS)).timestamp())
    window = {"used_percent": 0.0, "window_minutes": FIVE_HOURS // 60, "resets_at": reset}
    return _bucket("codex_bengalfox", "GPT-5.3-Codex-Spark", {"primary": window, "secondary": None})


def _bucket(limit_id: str, name: str | None, windows: Json) -> Json:
    return {
        "limit_id": limit_id,
        "limit_name": name,
        **windows,
        "credits": None,
        "individual_limit": None,
        "spend_control_reached": None,
        "plan_type": "plus",
        "rate_limit_reached_type": None,
    }


def _counts(total: int) -> Json:
    """A usual mixture: most of it read from the cache."""
    output = total // 16
    return {
        "input_tokens": total - output,
        "cached_input_tokens": (total - output) * 4 // 5,
        "output_tokens": output,
        "reasoning_output_tokens": output // 2,
        "total_tokens": total,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ZipFile(PLACE, "w") as kept:
        for path in write_home(Path(folder)):
            name = ZipInfo(path.relative_to(folder).as_posix())
            kept.writestr(name, path.read_bytes(), ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
