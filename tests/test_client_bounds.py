"""Nothing outlasts its bounds: deadline, stop event, closing, threads, on real connections."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from client_support import (
    CHUNKED,
    HEADER_DRIP,
    USAGE,
    DrippingServer,
    LoopbackServer,
    account,
    always,
    drip_in,
    fetch,
    make_client,
)
from client_support import plain_environment as _plain_environment  # noqa: F401 - an autouse fixture

from quota_helpers.errors import (
    FetchTimeoutError,
    ServerError,
    UnreachableError,
)


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(drip_in(b"", HEADER_DRIP), id="headers"),
        pytest.param(drip_in(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 200), id="endless 100 Continue"),
        pytest.param(drip_in(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"[" * 5000), id="body"),
        pytest.param(drip_in(b"HTTP/1.1 200 OK\r\n\r\n", b"[" * 5000), id="body without a length"),
        pytest.param(drip_in(CHUNKED + b"\r\n", b"1\r\n[\r\n" * 800), id="chunked body"),
        pytest.param(drip_in(CHUNKED + b"\r\n", b"1;" + b"x" * 5000), id="chunk extension"),
        pytest.param(
            drip_in(CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + b"800\r\n", gzip.compress(bytes(range(256)) * 40)),
            id="gzip body",
        ),
        pytest.param(drip_in(b"HTTP/1.1 503 No\r\nContent-Length: 5000\r\n\r\n", b"x" * 5000), id="error body"),
        pytest.param(drip_in(b"HTTP/1.1 302 Go\r\nLocation: /\r\n\r\n", b"x" * 5000), id="redirect body"),
        pytest.param(lambda exchange: exchange.server.closing.wait(30), id="silence"),
    ],
)
def test_a_server_that_drips_or_is_silent_ends_at_the_deadline(handler):
    error, _ = fetch(handler, deadline=0.4)
    assert type(error) is FetchTimeoutError
    assert "0.4 s" in error.message
    assert error.exit_code == 2


def test_a_tls_handshake_that_drips_ends_at_the_deadline():
    """Nothing that urllib3 hands out could be closed here: the socket is inside the handshake."""
    with DrippingServer(b"\x16\x03\x03\x40\x00" + b"x" * 5000) as server:
        base = server.base.replace("http:", "https:")
        with make_client(base, deadline=0.4) as client, pytest.raises(FetchTimeoutError):
            client.fetch(account())


def test_a_proxy_that_drips_its_answer_ends_at_the_deadline(monkeypatch):
    with LoopbackServer(drip_in(b"", HEADER_DRIP)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with make_client("https://quota.example.com", deadline=0.4) as client, pytest.raises(FetchTimeoutError):
            client.fetch(account())


def test_the_deadline_is_one_for_all_attempts():
    """Each attempt alone is well within it."""

    def handler(exchange):
        exchange.server.closing.wait(0.15)
        exchange.reply(503, "busy")

    error, seen = fetch(handler, deadline=0.4, retries=50)
    assert isinstance(error, FetchTimeoutError | ServerError)
    assert len(seen) <= 3
    assert error.reply.status == 503


def test_a_stop_ends_a_fetch_that_waits_for_the_server():
    stop = threading.Event()
    with (
        LoopbackServer(lambda exchange: exchange.server.closing.wait(60)) as server,
        make_client(server, deadline=50) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        future = pool.submit(client.fetch, account(), stop=stop)
        assert server.asked.wait(20)
        stop.set()
        error = future.exception(timeout=20)
    assert type(error) is UnreachableError
    assert "interrupted" in error.message


def test_a_stop_ends_the_wait_between_two_attempts():
    stop = threading.Event()
    with LoopbackServer(always(429, "", [("Retry-After", "40")])) as server:
        with make_client(server, deadline=60) as client, ThreadPoolExecutor(1) as pool:
            future = pool.submit(client.fetch, account(), stop=stop)
            assert server.asked.wait(20)
            stop.set()
            error = future.exception(timeout=20)
        assert len(server.requests) == 1
    assert type(error) is UnreachableError


def test_a_stop_that_was_set_before_sends_nothing():
    stop = threading.Event()
    stop.set()
    with LoopbackServer(always(body=USAGE)) as server, make_client(server) as client:
        with pytest.raises(UnreachableError, match="interrupted"):
            client.fetch(account(), stop=stop)
        assert server.requests == []


def test_closing_the_client_ends_what_runs_and_refuses_more():
    with LoopbackServer(lambda exchange: exchange.server.closing.wait(60)) as server:
        client = make_client(server, deadline=50)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client.fetch, account())
            assert server.asked.wait(20)
            client.close()
            assert type(future.exception(timeout=20)) is UnreachableError
        with pytest.raises(UnreachableError, match="interrupted"):
            client.fetch(account())
        client.close()


def test_no_thread_outlives_the_fetches():
    with LoopbackServer(always(body=USAGE)) as server, make_client(server) as client:
        for number in range(5):
            client.fetch(account(f"n{number}"))
        watching = [thread for thread in threading.enumerate() if thread.name == "quota-watchdog"]
        assert all(thread.daemon for thread in watching)
        for thread in watching:
            thread.join(20)
            assert not thread.is_alive()
