"""Time zones by name, as people type them."""

from __future__ import annotations

from datetime import tzinfo

from ..times import zone_name, zone_names, zone_of


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
        return self._own.get(name) or zone_of(name)
