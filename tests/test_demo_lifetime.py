"""The demo's server comes and goes without a trace: no thread, folder, listener or line of noise is left."""

from __future__ import annotations

import gc
import http.client
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.parse
from pathlib import Path

import pytest
from demo_support import ask, connect, headers_of, usage

from quota_helpers.invented import STEP, T0, DemoServer


def own_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("quota-demo")]


def test_close_leaves_nothing_behind():
    """No thread, no folder, no listener, also while a kept-alive connection is open."""
    before = own_threads()
    server = DemoServer()
    idle = connect(server)
    ask(server, headers_of(server, "ada"), connection=idle)
    assert server.account_dir.is_dir()

    server.close()
    server.close()

    assert server.closed
    assert own_threads() == before
    assert not server.account_dir.exists()
    with pytest.raises(ConnectionRefusedError):
        connect(server).connect()
    idle.close()


def test_close_does_not_wait_for_slow_answers():
    """An answer that would take an hour is dropped: the client sees the connection end."""
    before = own_threads()
    server = DemoServer(latency=3600)
    connection = connect(server)
    connection.request("GET", "/backend-api/wham/usage", headers=headers_of(server, "ada"))
    server.close()

    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.getresponse()
    connection.close()
    assert own_threads() == before


def test_a_forgotten_server_is_closed_when_it_is_collected():
    before = own_threads()
    server = DemoServer()
    folder = server.account_dir
    del server
    gc.collect()

    assert not folder.exists()
    assert own_threads() == before


def test_a_client_that_goes_away_makes_no_noise(capfd):
    """Half a request, none at all, or a reset before the answer: the next client is served, nothing is printed."""
    with DemoServer(latency=0.05) as server:
        address = ("127.0.0.1", urllib.parse.urlsplit(server.url).port)
        for request in (
            b"",
            b"GET /backend-api/wham",
            b"GET / HTTP/1.1\r\n\r\n" * 20,
            b"\x16\x03\x01\x00\xff nonsense\r\n",
        ):
            with socket.socket() as client:
                client.connect(address)
                client.sendall(request)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"[: _linger()])
        assert usage(server, "ada")["plan_type"] == "plus"

    assert capfd.readouterr() == ("", "")


def _linger():
    """Size of `struct linger`: two shorts on Windows, two ints elsewhere."""
    return 4 if sys.platform == "win32" else 8


def test_servers_live_side_by_side():
    with DemoServer() as one, DemoServer() as other:
        other.advance()
        assert one.url != other.url
        assert one.account_dir != other.account_dir
        assert (one.clock(), other.clock()) == (T0, T0 + STEP)
        assert usage(one, "ada") != usage(other, "ada")


def test_nothing_leaves_loopback_and_the_exit_cleans_up():
    """A whole life in a process of its own, every socket call watched, ended without `close`, warnings being errors."""
    script = textwrap.dedent("""
        import sys, json, http.client
        seen = []
        def watch(event, arguments):
            if event in ("socket.connect", "socket.bind", "socket.sendto"):
                seen.append((event, arguments[1][0]))
            elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"):
                seen.append((event, arguments[0] if isinstance(arguments[0], str) else arguments[0][0]))
        sys.addaudithook(watch)
        from quota_helpers.invented import DemoServer
        server = DemoServer()
        token = json.loads((server.account_dir / "ada.auth.json").read_text())["tokens"]["access_token"]
        line = http.client.HTTPConnection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))
        line.request("GET", "/backend-api/wham/usage", headers={"Authorization": "Bearer " + token})
        reply = line.getresponse()
        reply.read()
        line.close()
        events, addresses = (sorted(set(column)) for column in zip(*seen))
        print(json.dumps([reply.status, str(server.account_dir), events, addresses]))
    """)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
        timeout=60,
    )
    status, folder, events, addresses = json.loads(done.stdout)

    assert done.stderr == ""
    assert status == 200
    assert addresses == ["127.0.0.1"]
    assert "socket.gethostbyaddr" not in events, "the slow reverse look-up of the host's name"
    assert not Path(folder).exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_that_ends_does_not_take_the_parents_folder_along():
    script = textwrap.dedent("""
        import os, sys
        from quota_helpers.invented import DemoServer
        server = DemoServer()
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
        print(server.account_dir.exists())
    """)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
        timeout=60,
    )

    assert (done.stdout, done.stderr) == ("True\n", "")
