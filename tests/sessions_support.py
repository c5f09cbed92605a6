"""Session logs of invented people, line by line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quota_helpers.sessions.unpack import zstd

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
ONE = "01990000-7000-7000-8000-00000000000a"
TWO = "01990000-7000-7000-8000-00000000000b"
THREE = "01990000-7000-7000-8000-00000000000c"


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def line(kind: str, payload: object, at: float = 0, **more: object) -> str:
    """One line as Codex writes it, *at* seconds after NOW."""
    body = {"timestamp": stamp(NOW + timedelta(seconds=at)), "type": kind, "payload": payload, **more}
    return json.dumps(body, separators=(",", ":")) + "\n"


def meta(session: str = ONE, at: float = 0, **more: object) -> str:
    return line("session_meta", {"id": session, "cwd": "/home/someone/project", "cli_version": "0.169.0", **more}, at)


def context(model: str = "gpt-5.6-sol", at: float = 0) -> str:
    return line("turn_context", {"cwd": "/home/someone/project", "model": model, "effort": "high"}, at)


def words(text: str = "words and more words", at: float = 0) -> str:
    return line("response_item", {"type": "message", "role": "assistant", "content": text}, at)


def usage(count: int) -> dict[str, int]:
    """Counts of tokens in a fixed proportion: 10 in, 4 of them cached, 2 out, 1 of them reasoning."""
    return {
        "input_tokens": count * 10,
        "cached_input_tokens": count * 4,
        "output_tokens": count * 2,
        "reasoning_output_tokens": count,
        "total_tokens": count * 12,
    }


def window(used: float, minutes: int = 300, resets_in: float = 3600, at: float = 0) -> dict[str, object]:
    resets = int((NOW + timedelta(seconds=at + resets_in)).timestamp())
    return {"used_percent": used, "window_minutes": minutes, "resets_at": resets}


def limits(primary: object = None, secondary: object = None, **more: object) -> dict[str, object]:
    return {
        "limit_id": "codex",
        "limit_name": None,
        "primary": primary,
        "secondary": secondary,
        "credits": None,
        "individual_limit": None,
        "spend_control_reached": None,
        "plan_type": "pro",
        "rate_limit_reached_type": None,
        **more,
    }


def tokens(
    at: float = 0, *, total: int | None = None, last: int | None = None, rate: object = None, **more: object
) -> str:
    """A `token_count`: cumulative and last counts in units of `usage`, and the limits."""
    info: dict[str, object] | None = None
    if total is not None or last is not None:
        info = {"total_token_usage": total and usage(total), "last_token_usage": last and usage(last)}
        info = {name: counts for name, counts in info.items() if counts is not None} | {"model_context_window": 258400}
    return line("event_msg", {"type": "token_count", "info": info, "rate_limits": rate}, at, **more)


def log_path(home: Path, session: str = ONE, at: float = 0, folder: str = "sessions") -> Path:
    when = NOW + timedelta(seconds=at)
    place = home / folder / f"{when:%Y/%m/%d}" if folder == "sessions" else home / folder
    return place / f"rollout-{when:%Y-%m-%dT%H-%M-%S}-{session}.jsonl"


def write(home: Path, *lines: str | bytes, session: str = ONE, at: float = 0, folder: str = "sessions") -> Path:
    """A log with these lines, in its place."""
    path = log_path(home, session, at, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(text.encode() if isinstance(text, str) else text for text in lines))
    return path


def pack(path: Path) -> Path:
    """The log compressed as Codex does it, in the place of the plain one."""
    packed = path.with_name(path.name + ".zst")
    packed.write_bytes(zstd.compress(path.read_bytes()))
    path.unlink()
    return packed


def append(path: Path, *lines: str | bytes) -> None:
    with path.open("ab") as file:
        for text in lines:
            file.write(text.encode() if isinstance(text, str) else text)


def long_session(session: str, turns: int = 40, filler: int = 2_000, at: float = 0) -> list[str]:
    """A session of many turns with a lot of text between them."""
    lines = [meta(session, at), context(at=at)]
    for turn in range(turns):
        moment = at + turn * 10
        lines.append(words("x" * filler, moment))
        rate = limits(window(turn % 100, at=moment), window(turn // 2, 10080, 86400, at=moment))
        lines.append(tokens(moment + 1, total=turn + 1, last=1, rate=rate))
    return lines


def record(at: float, count: int, answer: str, *, thread: str = ONE, turn: str = "turn", **more: object) -> str:
    """A `token_usage_record` in units of `usage`."""
    taken = usage(count)
    body = {
        "thread_id": thread,
        "turn_id": turn,
        "response_id": answer,
        "usage": taken | {"cache_write_input_tokens": count},
        "turn_token_usage": taken,
        "thread_token_usage": taken,
    }
    return line("token_usage_record", body, at, **more)


def numbered(*lines: str, first: int = 0) -> list[str]:
    """The lines with ordinals, as they are written since 0.150."""
    return [
        text.replace('","type":"', f'","ordinal":{number},"type":"', 1)
        for number, text in enumerate(lines, start=first)
    ]


def turns(first: int, last: int, at: float = 0, pace: float = 30) -> list[str]:
    """The turns with these numbers of a session whose n-th turn takes n units; the weekly window follows them."""
    return [
        tokens(
            at + pace * number,
            total=(first + number) * (first + number + 1) // 2,
            last=first + number,
            rate=limits(
                window(float(first + number), 10_080, resets_in=500_000 - at - pace * number, at=at + pace * number)
            ),
        )
        for number in range(last - first + 1)
    ]
