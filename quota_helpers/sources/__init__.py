"""Where readings come from: your logins over the wire, or the demo. Everything above is the same for both."""

from .connect import connect, demo, demo_forced, live
from .source import Source

__all__ = ["Source", "connect", "demo", "demo_forced", "live"]
