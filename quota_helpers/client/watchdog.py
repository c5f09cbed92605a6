"""One deadline per fetch, kept by a thread that closes the socket.

Neither `requests`' timeouts nor urllib3's `Retry` bound a server that sends one byte a second: each byte begins a new
read. So a watchdog looks on, and at the deadline (or when the caller's stop event is set) shuts the connection down,
which ends whatever read is waiting on it. Only the look-up of a host name cannot be ended that way: it lasts as long
as the system's resolver takes.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Final, Literal, Self

Reason = Literal["deadline", "stop"]

# How often a stop event is looked at: nobody can wait for several events at once.
_LOOK_SECONDS: Final = 0.1
# Sockets and locks refuse waits of centuries.
_LONGEST_SECONDS: Final = 86_400.0
# Sockets wait a little longer than the watchdog, so that it is always the deadline that ends a fetch.
_SLACK_SECONDS: Final = 0.5


class Guard:
    """The bounds of one fetch, and the sockets it has open. A context manager: leaving it lets the sockets go."""

    def __init__(self, watchdog: Watchdog, seconds: float, stop: threading.Event | None) -> None:
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.fired: Reason | None = None
        self._stop = stop
        self._watchdog = watchdog
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._sockets: list[socket.socket] = []

    def remaining(self) -> float:
        """Seconds until the deadline, 0 and up."""
        return min(max(self.deadline - time.monotonic(), 0.0), _LONGEST_SECONDS)

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
        """Why the fetch must end now, or None. Once it has said why, it keeps saying so."""
        if not self.fired:
            if self._stop is not None and self._stop.is_set():
                self.fire("stop")
            elif time.monotonic() >= self.deadline:
                self.fire("deadline")
        return self.fired

    def fire(self, reason: Reason) -> None:
        """End the fetch: shut its connections down and wake it when it waits."""
        with self._lock:
            self.fired = self.fired or reason
            for twin in self._sockets:
                _shut(twin)
        self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Wait, interruptibly. Whether the whole time was waited, that is, nothing ended the fetch."""
        self._ended.wait(min(seconds, self.remaining()))
        return self.check() is None

    def next_look(self) -> float:
        """Seconds after which the watchdog should look again."""
        return self.remaining() if self._stop is None else min(self.remaining(), _LOOK_SECONDS)

    def __enter__(self) -> Self:
        self._watchdog.add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._watchdog.discard(self)
        self.release()


class Watchdog:
    """Watches every running fetch of one client with one daemon thread, which lives only while there is one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._guards: set[Guard] = set()
        self._thread: threading.Thread | None = None

    def guard(self, seconds: float, stop: threading.Event | None = None) -> Guard:
        """Bounds for one fetch, from now on; they are watched inside its `with` block."""
        return Guard(self, seconds, stop)

    def stop_all(self) -> None:
        """End every running fetch."""
        with self._condition:
            guards = tuple(self._guards)
        for guard in guards:
            guard.fire("stop")

    def add(self, guard: Guard) -> None:
        """Begin to watch."""
        with self._condition:
            self._guards.add(guard)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="quota-watchdog", daemon=True)
                self._thread.start()
            else:
                self._condition.notify()

    def discard(self, guard: Guard) -> None:
        """Watch no longer; the thread ends with the last one."""
        with self._condition:
            self._guards.discard(guard)
            if not self._guards:
                self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._guards:
                    self._thread = None
                    return
                for guard in tuple(self._guards):
                    if guard.check():
                        self._guards.discard(guard)
                self._condition.wait(min((guard.next_look() for guard in self._guards), default=0.0))


def _shut(sock: socket.socket) -> None:
    # A connection that is gone already, or has not been made yet, needs no shutdown.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
