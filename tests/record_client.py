"""Records what the official client makes of the demo's bodies: `QUOTA_CODEX_BIN=... python tests/record_client.py`.

Writes quota_helpers/invented/recorded.json, and the client's own schema beside it.
Run it when the demo's bodies or the client's release change.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from quota_helpers.appserver import RATE_LIMITS, ask_client
from quota_helpers.invented import DemoServer
from quota_helpers.invented.accounts import ACCOUNTS

PLACE = Path(__file__).parent.parent / "quota_helpers" / "invented" / "recorded.json"


def main():
    # The invented logins must not be renewed anywhere.
    os.environ["CODEX_REFRESH_TOKEN_URL_OVERRIDE"] = "http://127.0.0.1:9/oauth/token"
    answers = {}
    with DemoServer() as server, tempfile.TemporaryDirectory() as folder:
        for account in ACCOUNTS:
            if account.refusal is not None:
                continue
            home = Path(folder) / account.seat.user_id
            home.mkdir()
            (home / "config.toml").write_text('cli_auth_credentials_store = "file"\n')
            (home / "auth.json").write_bytes((server.account_dir / f"{account.name}.auth.json").read_bytes())
            said = ask_client(home, codex_bin=os.environ["QUOTA_CODEX_BIN"], url=server.url, deadline=60)[RATE_LIMITS]
            message = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1", said.message)
            answers[account.name] = (
                {"result": said.result} if said.code is None else {"code": said.code, "message": message}
            )
        command = [os.environ["QUOTA_CODEX_BIN"], "app-server", "generate-json-schema", "--out", folder]
        subprocess.run(command, check=True, capture_output=True)
        schema = json.loads((Path(folder) / "v2" / "GetAccountRateLimitsResponse.json").read_text("utf-8"))
    PLACE.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    beside = PLACE.with_name("recorded_schema.json")
    beside.write_text(json.dumps(schema, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
