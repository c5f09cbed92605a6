"""What the demo's tests share: the invented people by name, and a plain HTTP client."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse

from quota_helpers.invented.accounts import ACCOUNTS

GOOD = tuple(account for account in ACCOUNTS if account.refusal is None)
BY_NAME = {account.name: account for account in ACCOUNTS}


def connect(server):
    return http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=20)


def login(server, name):
    return json.loads((server.account_dir / f"{name}.auth.json").read_text(encoding="utf-8"))


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def headers_of(server, name):
    return {
        "Authorization": f"Bearer {login(server, name)['tokens']['access_token']}",
        "ChatGPT-Account-Id": BY_NAME[name].seat.account_id,
    }


def ask(server, headers, path="/backend-api/wham/usage", connection=None):
    """One request; a connection that was not handed in is closed again."""
    line = connection or connect(server)
    try:
        line.request("GET", path, headers=headers)
        reply = line.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        if connection is None:
            line.close()


def usage(server, name):
    status, _, sent = ask(server, headers_of(server, name))
    assert status == 200, sent
    return json.loads(sent)
