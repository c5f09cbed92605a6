"""One deadline per fetch, kept by a thread that closes the socket.

Neither `requests`' timeouts nor urllib3's `Retry` bound a server that sends one byte a second: each byte begins a new
read. So a watchdog looks on, and at the deadline (or when a stop event is set) shuts the connection down, which ends
whatever read is waiting on it. Only the look-up of a host name cannot be ended that way: it lasts as
long as the system's resolver takes.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Final, Literal, Self

Reason = Literal["deadline", "stop"]

# How often the fetches are looked at: nobody can wait for several events at once.
_LOOK_SECONDS: Final = 0.1
# Sockets and locks refuse waits of centuries.
_LONGEST_SECONDS: Final = 86_400.0
# Sockets wait a little longer than the watchdog, so that it is always the deadline that ends a fetch.
_SLACK_SECONDS: Final = 0.5


class Guard:
    """The bounds of one fetch, watched inside its `with` block, and the sockets it has open: leaving lets them go."""

    def __init__(self, watchdog: Watchdog, seconds: float, *stops: threading.Event | None) -> None:
        self.seconds = seconds
        self._watchdog = watchdog
        self.fired: Reason | None = None
        self._deadline = time.monotonic() + seconds
        self._stops = [stop for stop in stops if stop is not None]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._sockets: list[socket.socket] = []

    def remaining(self) -> float:
        """Seconds until the deadline, 0 and up."""
        return min(max(self._deadline - time.monotonic(), 0.0), _LONGEST_SECONDS)

    def patience(self) -> float:
        """Seconds that a single wait of a socket may last, where the watchdog cannot end it earlier."""
        return self.remaining() + _SLACK_SECONDS

    def watch(self, sock: socket.socket) -> None:
        """Shut this connection down when the bounds are reached.

        A duplicate of the handle is kept: TLS moves the handle into another object, and a duplicate reaches the
        connection whoever holds it, and never a stranger's that got the same number.
        """
        twin = socket.fromfd(sock.fileno(), sock.family, sock.type)
        with self._lock:
            self._sockets.append(twin)
            if self.fired:
                _shut(twin)

    def release(self) -> None:
        """Let the watched sockets go (an attempt is over)."""
        with self._lock:
            for twin in self._sockets:
                twin.close()
            self._sockets.clear()

    def check(self) -> Reason | None:
        """Why the fetch must end now, or None; when it must, its connections are shut down and its wait is over.

        Once it has said why, it keeps saying so.
        """
        stopped = any(stop.is_set() for stop in self._stops)
        if not self.fired and (stopped or time.monotonic() >= self._deadline):
            with self._lock:
                self.fired = self.fired or ("stop" if stopped else "deadline")
                for twin in self._sockets:
                    _shut(twin)
            self._ended.set()
        return self.fired

    def wait(self, seconds: float) -> bool:
        """Wait, interruptibly. Whether the whole time was waited, that is, nothing ended the fetch."""
        self._ended.wait(min(seconds, self.remaining()))
        return self.check() is None

    def __enter__(self) -> Self:
        self._watchdog.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.discard(self)
        self.release()


class Watchdog:
    """Looks at every running fetch of one client, with one daemon thread, which lives only while there is one."""

    def __init__(self) -> None:
        self._guards: set[Guard] = set()
        self._looks = False
        self._lock = threading.Lock()

    def add(self, guard: Guard) -> None:
        """Begin to watch."""
        with self._lock:
            self._guards.add(guard)
            if not self._looks:
                threading.Thread(target=self._run, name="quota-watchdog", daemon=True).start()
            self._looks = True

    def discard(self, guard: Guard) -> None:
        """Watch no longer."""
        with self._lock:
            self._guards.discard(guard)

    def _run(self) -> None:
        while True:
            with self._lock:
                guards = tuple(self._guards)
                self._looks = bool(guards)
            if not guards:
                return
            going = [guard.remaining() for guard in guards if not guard.check()]
            time.sleep(min([_LOOK_SECONDS, *going]))


def _shut(sock: socket.socket) -> None:
    # A connection that is gone already, or has not been made yet, needs no shutdown.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
