"""Python loads this in every process that the tests start (kernels, JupyterLab, the command line).

It refuses every connection and name look-up that would leave this machine, and writes down that it was tried.
"""

import contextlib
import ipaddress
import os
import sys

_CONNECTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"}


def _stays(host):
    if host in {None, "", "localhost", b"localhost"}:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    # Linux resolves the names of this machine itself without asking anybody.
    if name.rstrip(".").endswith("localhost"):
        return True
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(name.split("%")[0].strip("[]"))
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback or address.is_unspecified
    return False


def _watch(event, arguments):
    if event in _CONNECTS:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a Unix socket's address is a path
    elif event in _LOOKUPS:
        host = arguments[0]
    else:
        return
    if not _stays(host):
        if log := os.environ.get("QUOTA_TESTS_NETWORK_LOG"):
            with open(log, "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is not loaded this early
                file.write(f"{event} {host!r}\n")
        raise OSError(f"the tests may not leave this machine: {event} {host!r}")


sys.addaudithook(_watch)
