"""The yardstick for the command line: what a person writes in half an hour. One login file, one request, two lines.

python plain_script.py LOGIN_FILE BASE_URL
"""

import json
import sys
from datetime import datetime

import requests

with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - as plain as it gets
    tokens = json.load(file)["tokens"]
reply = requests.get(
    sys.argv[2] + "/wham/usage",
    headers={
        "Authorization": f"Bearer {tokens['access_token']}",
        "ChatGPT-Account-Id": tokens["account_id"],
        "User-Agent": "Mozilla/5.0",
    },
    timeout=30,
)
reply.raise_for_status()
limits = reply.json()["rate_limit"]
five_hour, weekly = limits["primary_window"], limits["secondary_window"]
reset = datetime.fromtimestamp(weekly["reset_at"]).astimezone()
print("account  five_hour%  weekly%  weekly_reset")  # noqa: T201
print(sys.argv[1], 100 - five_hour["used_percent"], 100 - weekly["used_percent"], f"{reset:%Y-%m-%d %H:%M:%S %Z}")  # noqa: T201
