"""The browser of the tests: the system's chromium, kept from every address but the one under test.

Playwright's own browser download is not used. What a page asked for, and what it complained about, is recorded.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Route, WebSocketRoute

HOW_TO_GET_IT = (
    "no chromium found: install Debian's package chromium: apt-get install chromium "
    "(elsewhere: Chromium or Google Chrome), or name its program in QUOTA_CHROMIUM"
)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_WINDOWS = (r"Google\Chrome\Application\chrome.exe", r"Chromium\Application\chrome.exe")
_WINDOWS_ROOTS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")

_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # whatever slips past the gate finds no address
)


def find_chromium() -> Path | None:
    """The program named by QUOTA_CHROMIUM, else the first chromium of this machine, else None.

    Raises:
        FileNotFoundError: QUOTA_CHROMIUM names something that is not there.
    """
    if named := os.environ.get("QUOTA_CHROMIUM"):
        if not (found := shutil.which(named)):
            msg = f"QUOTA_CHROMIUM names no program: {named}"
            raise FileNotFoundError(msg)
        return Path(found)
    usual = [Path(found) for name in _NAMES if (found := shutil.which(name))]
    usual += [Path(path) for path in _MACOS]
    usual += [Path(root, path) for name in _WINDOWS_ROOTS if (root := os.environ.get(name)) for path in _WINDOWS]
    return next((path for path in usual if path.is_file()), None)


def launch(playwright: Playwright, program: Path, home: Path) -> Browser:
    """Start the browser headless; its own files go below `home`."""
    as_root = sys.platform != "win32" and os.geteuid() == 0  # chromium refuses its sandbox to root
    return playwright.chromium.launch(
        executable_path=program,
        args=[*_QUIET, *(["--no-sandbox"] if as_root else [])],
        env={**os.environ, "HOME": str(home)},
    )


@dataclass
class Traffic:
    """What a page did besides showing itself.

    Attributes:
        blocked: Addresses outside the server under test that were asked for; none of them was reached.
        errors: Messages of level error in the console, and errors nobody caught.
    """

    blocked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Forget it, for the next test in the same page."""
        self.blocked.clear()
        self.errors.clear()


def open_page(browser: Browser, base: str, *, width: int = 1280, height: int = 1000) -> Page:
    """A page of its own context that reaches only `base`; its `traffic` is recorded."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        service_workers="block",  # their requests would pass by the gate
    )
    page = context.new_page()
    record = Traffic()
    page.quota_traffic = record  # type: ignore[attr-defined]  # lives and dies with its page

    def refuse(route: Route) -> None:
        record.blocked.append(route.request.url)
        route.abort()

    def refuse_socket(socket: WebSocketRoute) -> None:
        record.blocked.append(socket.url)
        socket.close()

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            record.errors.append(message.text)

    elsewhere = re.compile(rf"^(?!(?:{re.escape(base)}/|data:|blob:|about:))")
    context.route(elsewhere, refuse)
    context.route_web_socket(re.compile(rf"^(?!{re.escape(base.replace('http', 'ws', 1))}/)"), refuse_socket)
    page.on("console", listen)
    page.on("pageerror", lambda error: record.errors.append(str(error)))
    return page


def traffic(page: Page) -> Traffic:
    """What a page of `open_page` did so far."""
    record = getattr(page, "quota_traffic", None)
    if not isinstance(record, Traffic):
        msg = "this page is not watched: make it with open_page()"
        raise TypeError(msg)
    return record


def assert_nothing_left_loopback(page: Page) -> None:
    """Fail when the page asked for any address outside the server under test."""
    blocked = traffic(page).blocked
    assert not blocked, f"the page asked for {len(blocked)} addresses outside: {blocked[:5]}"
