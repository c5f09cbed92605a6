"""A made-up `CODEX_HOME` full of session logs, for the benchmark: large lines that do not matter, a few that do.

Every file has the form of what Codex 0.171 writes: ordinals, a long first line, settings and a `turn_context` per
turn, `response_item` lines and their `item_completed` twins of all lengths, and a `token_usage_record` with its
`token_count` every few lines. Everything is seeded, so that two runs read the same.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

MODELS = ("gpt-5.6-sol", "gpt-5.6-luna", "gpt-5.4")
TEXT = (
    "quota window token file read write line parse build test fail pass reset account limit model context answer "
    'question "quoted" back\\slash new\nline tab\there emoji ✓ umlaut ä def return class import for while if else'
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was written.

    Attributes:
        home: The folder to use as `CODEX_HOME`.
        files: How many logs it has.
        size: Their bytes.
        tokens: Sum of `total_tokens` over all turns: what a right reader finds.
        readings: Number of windows in all `token_count` lines.
    """

    home: Path
    files: int
    size: int
    tokens: int
    readings: int


def write_corpus(home: Path, *, files: int = 600, bytes_per_file: int = 1_400_000, seed: int = 7) -> Corpus:
    """Write *files* logs of about *bytes_per_file* each under *home*, spread over the last months of 2026."""
    rng = random.Random(seed)
    words = TEXT.split(" ")
    text = " ".join(rng.choice(words) for _ in range(200_000))
    escaped = json.dumps(text)[1:-1].replace("\\", " ")  # cut anywhere without splitting an escape
    start = datetime(2026, 8, 1, 8, tzinfo=UTC)
    size = tokens = readings = 0
    for number in range(files):
        log = _Log(rng, escaped, number, start + timedelta(hours=3.5 * number))
        log.fill(bytes_per_file)
        folder = home / "sessions" / f"{log.start:%Y/%m/%d}"
        if number % 10 == 9:
            folder = home / "archived_sessions"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"rollout-{log.start:%Y-%m-%dT%H-%M-%S}-{log.session}.jsonl"
        path.write_bytes(b"".join(log.lines))
        size += path.stat().st_size
        tokens += log.spent
        readings += log.readings
    return Corpus(home, files, size, tokens, readings)


class _Log:
    """One session, line by line."""

    def __init__(self, rng: random.Random, text: str, number: int, start: datetime) -> None:
        self.rng, self.text, self.start, self.now = rng, text, start, start
        self.session = f"0199{number:04x}-7000-7000-8000-{rng.getrandbits(48):012x}"
        self.lines: list[bytes] = []
        self.total = dict.fromkeys(
            (
                "input_tokens",
                "cached_input_tokens",
                "cache_write_input_tokens",
                "output_tokens",
                "reasoning_output_tokens",
                "total_tokens",
            ),
            0,
        )
        self.spent = self.readings = self.length = 0
        self.used = rng.random() * 40
        self.ordinal = 0
        meta = {
            "account_scoped": True,
            "creator_user_id": f"user-{number % 5}",
            "creator_account_id": f"acct-{number % 3}",
            "session_id": self.session,
            "id": self.session,
            "timestamp": _stamp(start),
            "cwd": f"/home/someone/project-{number % 7}",
            "originator": "codex_cli_rs",
            "cli_version": "0.171.0",
            "source": "cli",
            "thread_source": "user",
            "model_provider": "openai",
            "base_instructions": {"text": text[:15_000]},
            "history_mode": "paginated",
        }
        self.add("session_meta", json.dumps(meta, separators=(",", ":")))

    def add(self, kind: str, payload: str) -> None:
        self.now += timedelta(milliseconds=self.rng.randrange(200, 4_000))
        stamp = _stamp(self.now)
        line = f'{{"timestamp":"{stamp}","ordinal":{self.ordinal},"type":"{kind}","payload":{payload}}}\n'.encode()
        self.ordinal += 1
        self.lines.append(line)
        self.length += len(line)

    def words(self, low: int, high: int) -> str:
        length = int(low * (high / low) ** self.rng.random())
        at = self.rng.randrange(len(self.text) - length)
        return self.text[at : at + length].replace('"', "'")

    def fill(self, size: int) -> None:
        while self.length < size:
            model = self.rng.choice(MODELS)
            turn = f"0199{self.ordinal:04x}-7000-7000-8000-{self.rng.getrandbits(48):012x}"
            self.add("event_msg", f'{{"type":"task_started","turn_id":"{turn}","model_context_window":258400}}')
            settings = f'{{"model":"{model}","model_provider_id":"openai","cwd":"/home/someone/project"}}'
            self.add(
                "event_msg",
                f'{{"type":"thread_settings_applied","thread_id":"{self.session}","thread_settings":{settings}}}',
            )
            self.add(
                "turn_context",
                f'{{"turn_id":"{turn}","cwd":"/home/someone/project","approval_policy":"never","model":"{model}",'
                f'"effort":"high","summary":"auto","permission_profile":{{"type":"managed","entries":[]}}}}',
            )
            self.add("world_state", f'{{"full":"{self.words(500, 3_000)}"}}')
            for _ in range(self.rng.randrange(2, 8)):
                for _ in range(self.rng.randrange(2, 6)):
                    self.item(turn)
                self.answer(turn)
            self.add("event_msg", f'{{"type":"task_complete","turn_id":"{turn}","duration_ms":1234}}')

    def item(self, turn: str) -> None:
        pick = self.rng.random()
        if pick < 0.35:
            output = self.words(400, 8_000)
            self.add("response_item", f'{{"type":"function_call_output","call_id":"c1","output":"{output}"}}')
            item = f'{{"type":"CommandExecution","id":"c1","aggregated_output":"{output[:2_000]}","exit_code":0}}'
            self.add("event_msg", f'{{"type":"item_completed","turn_id":"{turn}","item":{item}}}')
        elif pick < 0.6:
            arguments = self.words(80, 1_500)
            self.add(
                "response_item", f'{{"type":"function_call","name":"shell","arguments":"{arguments}","call_id":"c1"}}'
            )
        elif pick < 0.85:
            self.add(
                "response_item", f'{{"type":"reasoning","summary":[],"encrypted_content":"{self.words(600, 6_000)}"}}'
            )
        else:
            text = self.words(60, 900)
            self.add("response_item", f'{{"type":"message","role":"assistant","content":"{text}"}}')
            item = f'{{"type":"AgentMessage","id":"m1","content":[{{"type":"Text","text":"{text}"}}]}}'
            self.add("event_msg", f'{{"type":"item_completed","turn_id":"{turn}","item":{item}}}')

    def answer(self, turn: str) -> None:
        """A record and its `token_count`."""
        fresh = self.rng.randrange(500, 9_000)
        cached = self.rng.randrange(0, 90_000)
        output = self.rng.randrange(20, 3_000)
        last = {
            "input_tokens": fresh + cached,
            "cached_input_tokens": cached,
            "cache_write_input_tokens": 0,
            "output_tokens": output,
            "reasoning_output_tokens": output // 3,
            "total_tokens": fresh + cached + output,
        }
        self.total = {name: value + last[name] for name, value in self.total.items()}
        self.spent += last["total_tokens"]
        self.readings += 2
        self.used = (self.used + self.rng.random() * 0.6) % 100
        resets = int(self.now.timestamp()) // 18_000 * 18_000 + 18_000
        record = {
            "thread_id": self.session,
            "turn_id": turn,
            "session_id": self.session,
            "root_turn_id": turn,
            "response_id": f"resp_{self.session}_{self.ordinal}",
            "usage": last,
            "turn_token_usage": last,
            "thread_token_usage": self.total,
        }
        self.add("token_usage_record", json.dumps(record, separators=(",", ":")))
        info = {
            "total_token_usage": self.total,
            "last_token_usage": last,
            "last_usage_includes_reasoning": False,
            "model_context_window": 258_400,
        }
        limits = {
            "limit_id": "codex",
            "limit_name": None,
            "primary": {"used_percent": float(int(self.used)), "window_minutes": 300, "resets_at": resets},
            "secondary": {
                "used_percent": 14.0,
                "window_minutes": 10_080,
                "resets_at": resets // 604_800 * 604_800 + 604_800,
            },
            "credits": None,
            "individual_limit": None,
            "spend_control_reached": None,
            "plan_type": None,
            "rate_limit_reached_type": None,
        }
        payload = {"type": "token_count", "info": info, "rate_limits": limits}
        self.add("event_msg", json.dumps(payload, separators=(",", ":")))


def _stamp(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"
