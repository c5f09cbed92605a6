"""Time zones by name, as people type them."""

from __future__ import annotations

import functools
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from dateutil.tz import tzlocal

LOCAL: Final = "local"
UTC: Final = "UTC"


@functools.cache
def zone_names() -> tuple[str, ...]:
    """The words "local" and "UTC", then every zone of the IANA database by name."""
    return (LOCAL, UTC, *sorted(available_timezones() - {UTC, "localtime"}))


def zone_name(text: str) -> str:
    """The proper name of what was typed: case and blanks do not matter.

    Raises:
        ValueError: There is no such zone; the message names some that sound like it.
    """
    wanted = text.strip().replace(" ", "_").casefold()
    for name in zone_names():
        if name.casefold() == wanted:
            return name
    alike = [name for name in zone_names() if wanted and wanted in name.casefold()][:3]
    hint = f"Did you mean {', '.join(alike)}?" if alike else "Try UTC, local or a name such as Europe/Berlin."
    raise ValueError(f"There is no time zone {text.strip()!r}. {hint}")


class Zones:
    """The zones that a panel knows: those of the database, and those handed to it.

    Args:
        usual: Name of the zone that is meant when none is given.
    """

    def __init__(self, usual: str) -> None:
        self._usual = usual
        self._own: dict[str, tzinfo] = {}

    def name(self, tz: str | tzinfo | None) -> str:
        """The name under which a zone is known here.

        Raises:
            ValueError: There is no zone of that name.
        """
        if tz is None:
            return self._usual
        if isinstance(tz, str):
            return tz if tz in self._own else zone_name(tz)
        name = str(getattr(tz, "key", None) or tz)
        if name not in zone_names():
            self._own[name] = tz
        return name

    def __getitem__(self, name: str) -> tzinfo:
        # tzlocal, not today's fixed offset: a reset can lie beyond a change of daylight saving.
        return self._own.get(name) or (tzlocal() if name == LOCAL else ZoneInfo(name))
