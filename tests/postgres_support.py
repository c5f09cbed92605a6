"""A PostgreSQL server of its own for the tests: a throw-away cluster on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

HOW_TO_GET_IT = "no PostgreSQL here: apt-get install postgresql"
_USER = "postgres"
_TESTS = Path(__file__).parent
_WRITER = """
import sys
from datetime import timedelta
from history_support import T0, collection, logs
from quota_helpers.history import History
address, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with History(address, keep_bodies_days=None) as history:
    for number in range(count):
        at = T0 + timedelta(minutes=number)
        history.add(collection(at, name, "shared"))
        history.add_sessions(logs(50, start=at, session=f"{name}-{number}"))
        print(number, flush=True)
"""


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    there = shutil.which("initdb")
    return Path(there).parent if there else found[-1].parent if found else None


class Server:
    """A running server; `stop` and `start` as an administrator would."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder, self.bin = folder, bin_folder
        # The server refuses to run as root.
        self.user = {"user": _USER, "group": _USER, "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(folder, _USER)
        self._run("initdb", "-D", folder / "data", "-U", _USER, "--auth=trust", "--no-sync", "-E", "UTF8")

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [str(self.bin / program), *map(str, arguments)],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
            **self.user,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"q{uuid.uuid4().hex}"
        with psycopg.connect(host=str(self.folder), user=_USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{_USER}@/{name}?host={self.folder}"


@contextmanager
def running() -> Iterator[Server]:
    """A server that is gone afterwards, with all it held."""
    bin_folder = programs()
    assert bin_folder is not None, HOW_TO_GET_IT
    # Short: the path of a socket may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="qpg-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), bin_folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def writer(address: str, name: str, count: int = 1_000_000) -> subprocess.Popen[str]:
    """A process that keeps *count* readings and turns, its own and of a shared account, and says each as it stands."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(_TESTS), str(_TESTS.parent)])}
    command = [sys.executable, "-c", _WRITER, address, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
