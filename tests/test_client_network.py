"""The client, proxies and TLS: real tunnels and real certificates on loopback."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from client_support import (
    TOKEN,
    USAGE,
    ConnectProxy,
    DrippingServer,
    LoopbackServer,
    account,
    always,
    everything_in,
    make_client,
    server_tls,
)
from client_support import plain_environment as _plain_environment  # noqa: F401 - an autouse fixture

from quota_helpers.client.transport import proxies_for
from quota_helpers.errors import (
    UnreachableError,
)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "::1"])
def test_this_machine_is_never_asked_through_a_proxy(host, monkeypatch):
    """requests would hand the token to the proxy in clear text."""
    try:
        server = LoopbackServer(always(body=USAGE), host="::1" if host == "::1" else "127.0.0.1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with server, ConnectProxy(refuse=500) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        written = f"[{host}]" if ":" in host else host
        with make_client(f"http://{written}:{server.port}/backend-api", retries=0) as client:
            try:
                assert client.fetch(account()).payload == USAGE
            except UnreachableError:
                assert host == "127.0.0.2", "only Linux listens to all of 127.0.0.0/8"
        assert proxy.requests == []


def test_other_hosts_go_through_the_proxy_which_sees_no_token(tmp_path, monkeypatch):
    """A whole https exchange through a CONNECT tunnel, verified against the bundle that the environment names."""
    tls, bundle = server_tls(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with LoopbackServer(always(body=USAGE), tls=tls) as server, ConnectProxy(server) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with make_client("https://quota.example.com/backend-api") as client:
            assert client.fetch(account()).payload == USAGE
        assert [seen.line for seen in proxy.requests] == ["CONNECT quota.example.com:443 HTTP/1.1"] or [
            seen.line for seen in proxy.requests
        ] == ["CONNECT quota.example.com:443 HTTP/1.0"]
        assert "authorization" not in proxy.requests[0].headers
        assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_no_proxy_is_honoured(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com,10.0.0.0/8")
    assert proxies_for("https://quota.example.com/x") == {}
    assert proxies_for("https://10.1.2.3/x") == {}
    assert proxies_for("https://quota.example.org/x")["https"] == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("proxy", "word"),
    [("http://127.0.0.1:1", "proxy"), ("socks5h://127.0.0.1:1", "proxy"), ("http://", "proxy"), ("foo://x:1", "proxy")],
)
def test_a_proxy_that_cannot_be_used_is_unreachable(proxy, word, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with make_client("https://quota.example.com/backend-api") as client, pytest.raises(UnreachableError, match=word):
        client.fetch(account())


def test_a_socks_proxy_without_its_package_is_said_to_be_that(monkeypatch):
    if importlib.util.find_spec("socks"):
        pytest.skip("the package for SOCKS proxies is installed here")
    with LoopbackServer(always()) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://me:hunter2@127.0.0.1:{proxy.port}")
        with make_client("https://quota.example.com/backend-api") as client, pytest.raises(UnreachableError) as caught:
            client.fetch(account())
        assert proxy.requests == []
    assert "SOCKS" in caught.value.message
    assert "requests[socks]" in caught.value.hint
    assert "hunter2" not in everything_in(caught.value)


@pytest.mark.parametrize("proxy", ["http://", "foo://me:hunter2@x:1", "http://127.0.0.1:hunter2"])
def test_the_hint_for_a_proxy_is_about_the_proxy(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with make_client("https://quota.example.com/backend-api") as client, pytest.raises(UnreachableError) as caught:
        client.fetch(account())
    assert "HTTPS_PROXY" in caught.value.hint
    assert "hunter2" not in everything_in(caught.value)


def test_too_many_open_files_are_told_as_that():
    """In a process of its own, which fills its table of files."""
    resource = pytest.importorskip("resource", reason="this system sets no limit on open files")
    code = """
        import os, resource, sys
        from client_support import account
        from quota_helpers.client import UsageClient
        from quota_helpers.errors import UnreachableError
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        held = []
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        try:
            UsageClient(sys.argv[1], retries=0).fetch(account())
        except UnreachableError as error:
            for number in held:
                os.close(number)
            print(error)
    """
    assert resource.RLIMIT_NOFILE is not None
    with LoopbackServer(always(body=USAGE)) as server:
        for base in (server.base, server.base.replace("http:", "https:")):
            done = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(code), base],
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
                cwd=Path(__file__).parent,
            )
            assert "too many files open" in done.stdout
            assert "ulimit" in done.stdout


def test_a_proxy_that_refuses_is_named_with_its_status(monkeypatch):
    with ConnectProxy(refuse=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address.replace("//", "//me:hunter2@"))
        with make_client("https://quota.example.com/backend-api") as client, pytest.raises(UnreachableError) as caught:
            client.fetch(account())
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
    assert "407" in caught.value.message
    assert "NO_PROXY" in caught.value.hint
    assert "hunter2" not in everything_in(caught.value)


def test_https_to_this_machine_works_with_a_trusted_certificate(tmp_path, monkeypatch):
    tls, bundle = server_tls(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with LoopbackServer(always(body=USAGE), tls=tls) as server, make_client(server) as client:
        assert client.fetch(account()).payload == USAGE


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(tmp_path):
    tls, _ = server_tls(tmp_path)
    with LoopbackServer(always(body=USAGE), tls=tls) as server, make_client(server) as client:
        with pytest.raises(UnreachableError, match="certificate") as caught:
            client.fetch(account())
        assert server.requests == []
    assert "self" in caught.value.message  # OpenSSL's word for it: self-signed certificate


def test_a_certificate_for_another_name_is_refused(tmp_path, monkeypatch):
    tls, bundle = server_tls(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with LoopbackServer(always(body=USAGE), tls=tls) as server, ConnectProxy(server) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with make_client("https://other.example.com") as client, pytest.raises(UnreachableError, match="certificate"):
            client.fetch(account())
        assert server.requests == []


def test_https_to_a_server_that_speaks_http_is_unreachable():
    with (
        DrippingServer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server,
        make_client(server.base.replace("http:", "https:")) as client,
        pytest.raises(UnreachableError, match="TLS"),
    ):
        client.fetch(account())


@pytest.mark.parametrize("content", [None, b"no certificate in here"])
def test_a_certificate_bundle_that_cannot_be_read_is_a_clear_error(tmp_path, monkeypatch, content):
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with make_client("https://127.0.0.1:1") as client, pytest.raises(UnreachableError, match="certificate"):
        client.fetch(account())
