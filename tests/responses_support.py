"""A loopback endpoint that answers the official client as the model would, and counts what it said each answer took."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import auth_support

from quota_helpers.sessions.unpack import zstd

SLOTS, MINUTES = ("primary", "secondary"), (300, 10_080)


def calls(tool, namespace=None, **arguments):
    """An answer by which the model wants a tool to be run."""
    number = secrets.token_hex(4)
    item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": tool}
    item |= {"namespace": namespace} if namespace else {}
    return lambda _: [item | {"arguments": json.dumps(arguments)}]


class Responses:
    """Answers `/v1/responses`: what `plan` says in turn, else a short message; each answer's counts differ.

    Attributes:
        plan: Functions from the request to the items of an answer, each used once.
        sent: What each answer took: input, cached, output, reasoning.
        percents: What the headers of each answer said of both windows.
        size: Tokens that an answer begins to count from.
    """

    def __init__(self):
        self.plan, self.sent, self.percents, self.size = [], [], [], 1_000
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._say(404, b'{"detail":"Not Found"}', "application/json", {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.headers.get("content-encoding") == "zstd":
                    body = zstd.decompress(body)
                if not self.path.endswith("/responses"):
                    self.do_GET()
                    return
                self._say(200, *outer.answer(json.loads(body)))

            def _say(self, status, body, kind, headers):
                self.send_response(status)
                for name, value in {"content-type": kind, "content-length": len(body), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing: the test's own words are enough."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request):
        """The next answer: its text, content type and headers."""
        with self._lock:
            number = len(self.sent) + 1
            self.sent.append((self.size + number, 100, 40 + number, 5))
            self.percents.append((10 + number, 20))
            act = self.plan.pop(0) if self.plan else None
        message = {"type": "output_text", "text": "ok"}
        said = {"type": "message", "role": "assistant", "id": f"msg_{number}", "content": [message]}
        items = [said] if act is None else act(request)
        taken, cached, output, reasoning = self.sent[number - 1]
        usage = {
            "input_tokens": taken,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": taken + output,
        }
        events = [
            {"type": "response.created", "response": {"id": f"resp_{number}"}},
            *({"type": "response.output_item.done", "item": item} for item in items),
            {"type": "response.completed", "response": {"id": f"resp_{number}", "usage": usage}},
        ]
        text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return text.encode(), "text/event-stream", self._limits(number)

    def _limits(self, number):
        resets = int(time.time()) // 1000 * 1000 + 9_000
        return {
            f"x-codex-{slot}-{name}": value
            for slot, used, minutes in zip(SLOTS, self.percents[number - 1], MINUTES, strict=True)
            for name, value in (("used-percent", used), ("window-minutes", minutes), ("reset-at", resets + minutes))
        }

    @property
    def total(self):
        """Tokens of all answers so far."""
        return sum(taken + output for taken, _, output, _ in self.sent)


class Codex:
    """The official client in a throw-away home, talking to a loopback endpoint."""

    def __init__(self, program, folder, url, settings=""):
        self.program, self.home, self.work = program, folder / "home", folder / "proj"
        self.work.mkdir(parents=True)
        self.home.mkdir()
        (self.home / "config.toml").write_text(
            f'model_provider = "loop"\ncli_auth_credentials_store = "file"\n{settings}\n[analytics]\nenabled = false\n'
            f'[model_providers.loop]\nname = "loop"\nbase_url = "{url}/v1"\nwire_api = "responses"\n'
            "requires_openai_auth = false\nsupports_websockets = false\n"
            "request_max_retries = 0\nstream_max_retries = 0\n"
        )
        document = json.loads(auth_support.login("ada", account="acct-one"))
        document["tokens"]["id_token"] = document["tokens"]["access_token"]
        document["last_refresh"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        auth_support.write(self.home / "auth.json", json.dumps(document))

    def run(self, *words):
        """Runs it; returns the id of the session that it names, if any."""
        environment = os.environ | {"CODEX_HOME": str(self.home), "HOME": str(self.home), "NO_COLOR": "1"}
        done = subprocess.run(
            [self.program, *words],
            env=environment,
            cwd=self.work,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        named = re.search(r"session id: (\S+)", done.stderr)
        return named and named.group(1)

    def say(self, *words):
        """One message to the model."""
        return self.run("exec", "--skip-git-repo-check", "-m", "gpt-5.5", *words)

    def logs(self):
        """The logs that it wrote."""
        return sorted(path for path in self.home.rglob("rollout-*") if path.is_file())
