"""A private JupyterLab for one test run: its own folders, its own port and token, the demo, and nobody's login.

The server is started as a user starts it (`python -m jupyterlab`), on a copy of the notebooks, so the working tree is
never written to. How a page of it is driven stands in `notebook_page`, the browser in `chromium`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Theme = Literal["light", "dark"]

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = REPOSITORY / "notebooks"
THEMES: Mapping[Theme, str] = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

_FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "HOME": "home",
    "USERPROFILE": "home",
    "CODEX_HOME": "codex",
    "XDG_CONFIG_HOME": "xdg/config",
    "XDG_DATA_HOME": "xdg/data",
    "XDG_CACHE_HOME": "xdg/cache",
    "XDG_STATE_HOME": "xdg/state",
}
_FOREIGN = ("JUPYTER", "IPYTHON", "PYTEST", "QUOTA_HELPERS")


class Lab:
    """A JupyterLab server, from `with Lab() as lab:` to the end of the block.

    Attributes:
        home: The private folder of this server; removed at the end.
        root: The folder JupyterLab shows: a copy of `notebooks`.
        base: Address of the server, such as `http://127.0.0.1:40001`.
        token: What a request must carry; handed to the server by its environment, because arguments are public.
    """

    def __init__(self, notebooks: Path = NOTEBOOKS, *, env: Mapping[str, str] | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="quota-lab-", dir=_short_temp()))
        self.root = self.home / "notebooks"
        self.token = secrets.token_hex(16)
        self.base = f"http://127.0.0.1:{_free_port()}"
        shutil.copytree(notebooks, self.root, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
        self._env = self._private_env(env or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._write_settings()
        self.set_theme("light")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, timeout: float = 60) -> None:
        """Start the server and return when it answers; `timeout` in seconds."""
        with (self.home / "lab.log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.root,
                start_new_session=True,
            )
        end = time.monotonic() + timeout
        while not self._answers():
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                if time.monotonic() < end:
                    continue
            msg = f"JupyterLab did not start (see requirements.txt for what it needs). Its log:\n{self.log()}"
            raise RuntimeError(msg)

    def close(self) -> None:
        """End the server with its kernels and remove its folder; safe to call twice."""
        if self._process is not None and self._process.poll() is None:
            if sys.platform == "win32":
                self.shut_down_kernels()  # terminate() there is the hard end, and would leave them behind
            self._process.terminate()  # SIGTERM on POSIX: kernels are ended, no question is asked
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        """What the server has said so far."""
        path = self.home / "lab.log"
        return path.read_text("utf-8", errors="replace") if path.exists() else "(nothing was said)"

    def url(self, name: str) -> str:
        """Address of a notebook under the root, in a fresh workspace; `name` with forward slashes."""
        return f"{self.base}/doc/tree/{urllib.parse.quote(name)}?reset&token={self.token}"

    def set_theme(self, theme: Theme) -> None:
        """Pages opened from now on have this theme; an open page is switched by `NotebookPage.set_theme`."""
        self._put_setting("@jupyterlab/apputils-extension/themes", {"theme": THEMES[theme]})

    def write_notebook(
        self, name: str, cells: Sequence[str], *, tags: Mapping[int, Sequence[str]] | None = None
    ) -> Path:
        """Write a scratch notebook of code cells into the root and return its path; `tags` by cell index."""
        notebook = {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "id": f"cell-{index}",
                    "metadata": {"tags": list(tags[index])} if tags and index in tags else {},
                    "outputs": [],
                    "source": source,
                }
                for index, source in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook), "utf-8")
        return path

    def shut_down_kernels(self) -> None:
        """End every kernel, so that one test's notebooks cost the next one nothing."""
        for session in self.request("GET", "/api/sessions"):
            self.request("DELETE", f"/api/sessions/{session['id']}")

    def request(self, method: str, path: str) -> Any:
        """One request to the server's own API; the answer's JSON, or None when it has no body."""
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Authorization", f"token {self.token}")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # HTTP_PROXY must not see loopback
        with direct.open(request, timeout=30) as reply:
            body = reply.read()
        return json.loads(body) if body else None

    def _answers(self) -> bool:
        try:
            self.request("GET", "/api/status")
        except OSError:
            return False
        return True

    def _command(self) -> list[str]:
        # ipc needs no port and no encryption; over tcp ipykernel warns on every start that it has none.
        transport = [] if sys.platform == "win32" else ["--KernelManager.transport=ipc"]
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.base.rpartition(':')[2]}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            "--ServerApp.terminals_enabled=False",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",  # the other one asks PyPI
            *transport,
        ]

    def _private_env(self, extra: Mapping[str, str]) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.upper().startswith(_FOREIGN)}
        # Packages installed with `pip install --user` stay importable although HOME is another one.
        env.setdefault("PYTHONUSERBASE", site.getuserbase())
        for name, folder in _FOLDERS.items():
            (self.home / folder).mkdir(parents=True, exist_ok=True)
            env[name] = str(self.home / folder)
        env |= {"JUPYTER_TOKEN": self.token, "JUPYTER_PLATFORM_DIRS": "1", "QUOTA_HELPERS_DEMO": "1"}
        return env | dict(extra)

    def _write_settings(self) -> None:
        self._put_setting(
            "@jupyterlab/apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False}
        )
        self._put_setting("@jupyterlab/docmanager-extension/plugin", {"autosave": False})
        # Every cell is in the page, and the page ends where the notebook ends: what a screenshot of all of it needs.
        self._put_setting("@jupyterlab/notebook-extension/tracker", {"windowingMode": "none", "scrollPastEnd": False})

    def _put_setting(self, name: str, value: Mapping[str, object]) -> None:
        path = self.home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), "utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _short_temp() -> str | None:
    """A folder for short paths: a socket's name has room for 104 bytes, of which a kernel's connection needs 80."""
    too_long = sys.platform != "win32" and len(tempfile.gettempdir()) > 24
    return "/tmp" if too_long else None  # noqa: S108 - mkdtemp makes a private folder in it
