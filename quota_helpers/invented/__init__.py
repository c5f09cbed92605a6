"""The embedded demo: invented accounts with real login files, and a real HTTP server on loopback that knows them.

Everything is a pure function of the demo's own clock, so every run shows the same, and a refresh shows something new.
"""

from .meters import STEP, T0
from .server import DemoServer

__all__ = ["STEP", "T0", "DemoServer"]
