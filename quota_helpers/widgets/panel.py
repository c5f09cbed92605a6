"""`QuotaPanel`: which login to use now, what runs out, what comes back when; pick accounts, refresh."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, Final, Literal

import ipywidgets
import traitlets

from ..errors import HistoryError, SettingsError
from ..history import History
from ..outcomes import Collection
from ..outlook.bars import Show
from ..settings import change_setting, setting
from ..sources import Source
from ..workers import aside
from .alerts import guarded
from .controls import AUTO_MINUTES, row, style, titled
from .fetching import collect_aside
from .keeping import Keeper
from .messages import progress_html, status_html
from .place import place_in_notebook, remembered
from .state import PanelState, moved, roster_of
from .tasks import TIMERS, in_loop
from .view import VIEWS

REMEMBERED: Final = ("show", "view", "tz", "more")
"""What the next panel begins with, in other kernels too (the demo's own choices end with its kernel)."""


CHOICES: Final = "panel"
"""Their name in the settings file."""


class QuotaPanel(PanelState):
    """Which login to use now, what will not last and what comes back when, in words; then every window.

    The first reading is made when the panel is made, so that a saved notebook shows it; where something is to be known
    before anything is asked (`source.warning`), it is shown first. Every attribute below can be set, too: the controls
    follow, as the attributes follow the controls. The next panel, in this kernel or another, begins with what was
    chosen last.

    Args:
        source: Whom to ask: what `connect`, `live` or `demo` returned.
        reveal: Whether e-mail addresses are shown in full.
        history: A `History` in which every reading is kept from now on; None asks once, in a line, whether to keep one
            in the user's data folder (not for the demo), False offers none.
        show: "left" or "used"; None means what was chosen last, at first "left".
        tz: Time zone of all times; None means what was chosen last, at first UTC for the demo, else this machine's.
        collection: A run to begin with instead of asking.

    Attributes:
        selected: Labels of the accounts that are shown; all at first. Full names and keys can be set, too.
        windows: Names of the windows that are shown; all at first.
        show: "left" or "used".
        view: "windows", "resets", "over time" (where readings were kept or Codex has logged some) or "table".
        tz: Time zone by name, "local" for this machine's.
        more: Whether what is not always needed is unfolded.
        reveal: Whether e-mail addresses are shown in full.
        auto_minutes: Minutes between two refreshes: 0 (off), 1, 5 or 15. Ends by itself when nobody looks any more.
        keep_history: Whether every reading is kept.
        alerts: Messages about what went wrong.

    >>> import quota_helpers as qh
    >>> with qh.demo() as source:
    ...     QuotaPanel(source)
    QuotaPanel(DEMO, invented accounts: 13 read, 5 failed, 2026-11-16 09:00 UTC)
    """

    def __init__(
        self,
        source: Source,
        *,
        reveal: bool = False,
        history: History | Literal[False] | None = None,
        show: Show | None = None,
        tz: str | tzinfo | None = None,
        collection: Collection | None = None,
    ) -> None:
        super().__init__(source)
        self._place = place_in_notebook()
        # When the cell is run again, the panel that it made before has lost its place.
        TIMERS.stop(self._place)
        self._memory = remembered(self._place)
        before = self._last_chosen()
        self._view_count = 0  # from now on the browser counts
        self._keeper = Keeper(source, history, self._decide)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop = threading.Event()
        self._build()
        self.tz = self._zones.name(None)
        given = {"show": show, "tz": None if tz is None else self._zones.name(tz), "reveal": reveal}
        self._begin_with({**before, **{name: value for name, value in given.items() if value is not None}})
        self._wire()
        warned = collection is None and source.warning and in_loop()
        self._take(self._collection if warned else collection or source.collect())
        if warned:
            self.refresh()  # once this cell has shown what is to be known before
        if in_loop():
            self.auto_minutes = before.get("auto_minutes", 0)
        try:
            self.keep_history = self._keeper.keeps
        except HistoryError as error:
            if history:
                raise
            self._stop_keeping(error)

    def refresh(self) -> asyncio.Task[None] | None:
        """Ask again. In a kernel this returns at once with a task to await; in plain Python it returns when done."""
        if in_loop():
            return self._once("refresh", self._refresh_aside)
        self._take(self._source.collect())
        if self.keep_history:
            self._said_kept(self._keeper.keep(self._collection))
        return None

    def close(self) -> None:
        """Take the panel away; its timer and a run under way end."""
        if getattr(self, "_stop", None):
            TIMERS.stop(self._place)
            self._stop.set()
        super().close()

    def _build(self) -> None:
        self.tabs = ipywidgets.ToggleButtons(options=titled(VIEWS))
        self.tabs.add_class("qp-tabs")
        self.button = ipywidgets.Button(
            description="Refresh", icon="refresh", tooltip="ask the server again for every account"
        )
        self.status = ipywidgets.HTML()
        self.auto = ipywidgets.ToggleButtons(
            options=[("off" if not minutes else f"{minutes} min", minutes) for minutes in AUTO_MINUTES],
            description="Auto refresh",
        )
        self.full_names = ipywidgets.Checkbox(description="e-mail addresses in full", indent=False)
        rest = row(self.head.zone, self.auto, self.full_names)
        self.head.folded.children = (self.window_picker, rest, self._keeper.details)
        self.children = (
            *(style(), self._view.head, self._view.answers, self._keeper.question),
            row(self.picker, self.head.show, self.button, self.head.more, self.status),
            *(self.head.folded, self.alerts, self.tabs, self._view.board, self._view.note, self._view.output),
        )

    def _wire(self) -> None:
        self._wire_choices({"view": self.tabs, "auto_minutes": self.auto, "reveal": self.full_names})
        self.button.on_click(self._on_refresh)
        self.observe(self._on_choice, ["selected", "windows", "show", "view", "tz", "reveal"])
        self.observe(self._on_memory, [*REMEMBERED, "auto_minutes"])
        self.observe(self._on_auto, "auto_minutes")
        self.observe(self._on_keep, "keep_history")
        self.observe(self._on_view_count, "_view_count")

    def _last_chosen(self) -> dict[str, Any]:
        """What was chosen last: here, else in another kernel."""
        known = None if self._source.is_demo else setting(CHOICES)
        return {**(known if isinstance(known, dict) else {}), **self._memory}

    def _begin_with(self, chosen: dict[str, Any]) -> None:
        for name in (*REMEMBERED, "reveal"):
            # A settings file can say anything, and an own time zone ends with its kernel.
            with contextlib.suppress(traitlets.TraitError):
                setattr(self, name, chosen.get(name, getattr(self, name)))

    # Handlers: from a control or an attribute to what follows.

    @guarded("Refresh")
    def _on_refresh(self, _: object) -> None:
        self.refresh()

    def _on_memory(self, _: object) -> None:
        if not self._settled:  # what a run without history moves was not chosen
            return
        chosen = {name: getattr(self, name) for name in REMEMBERED}
        self._memory.update(chosen, auto_minutes=self.auto_minutes)
        try:
            if not self._source.is_demo and setting(CHOICES) != chosen:
                change_setting(CHOICES, chosen)
        except SettingsError as error:
            # It is chosen all the same.
            self.alerts.error("Remembering", error)

    @guarded("Auto refresh")
    def _on_auto(self, change: Any) -> None:
        TIMERS.stop(self._place, tell=False)
        if not (minutes := change["new"]):
            return
        if not in_loop():
            self.auto_minutes = 0
            raise RuntimeError("Auto refresh needs a running event loop, as a notebook's kernel has. Use refresh().")
        TIMERS.start(self._place, self._tick, minutes * self.minute_seconds, self._on_auto_ended)

    def _on_auto_ended(self) -> None:
        self.auto_minutes = 0

    @guarded("Keep history")
    def _decide(self, *, keep: bool) -> None:
        try:
            self._keeper.remember(keep=keep)
        finally:
            self.keep_history = keep
            self._repaint()

    @guarded("Keep history")
    def _on_keep(self, change: Any) -> None:
        self._keeper.switch(keep=change["new"])
        if not change["new"]:
            self._repaint()
        elif in_loop():
            self._once("keep", self._keep_aside)
        else:
            self._said_kept(self._keeper.keep(self._collection))

    def _on_view_count(self, change: Any) -> None:
        # The count alone is not enough: a page that is reloaded counts twice, one that is closed not at all.
        if change["new"] < change["old"] and self.auto_minutes and in_loop():
            self._once("look", self._end_unless_watched)

    # Work.

    def _take(self, collection: Collection) -> None:
        """Show this run from now on. What was chosen stays chosen; whoever chose all has chosen what is new, too."""
        roster = roster_of(self._source, collection)
        keys = moved(roster.names, self._roster.keys, self._keys)
        windows = {window.name for one in collection.snapshots for window in one.windows}
        windows |= {"monthly" for one in collection.snapshots if one.spend_limits}
        self._collection, self._frame = collection, None
        self._offer(roster, keys, windows)
        self._keeper.anything = bool(collection.snapshots)
        self._repaint()

    def _repaint(self) -> None:
        """Draw from the last run: nothing is asked."""
        with self._unheard():
            self._move_controls()
        if self.view == "over time" and not self._keeper.fresh:
            self._look()
        elif self._keeper.keeps and self._keeper.frame is None and self._collection.beside:
            self._look()  # what an earned reset is worth is the past's to say
        self._keeper.refresh()
        choice = self._choice(self._keeper.told, self._keeper.frame, self._keeper.foresight)
        self._view.draw(self._collection, lambda: self.frame, self._roster, choice, self._source.clock())

    def _move_controls(self) -> None:
        self._move_choices(reveal=self.reveal)
        views = [view for view in VIEWS if view != "over time" or self._keeper.has_readings]
        if self.tabs.options != titled(views):
            view = self.view if self.view in views else "windows"
            self.tabs.options = titled(views)  # which chooses the first of them
            self.view = view

    def _look(self) -> None:
        """Have the history read: in a kernel this returns at once, and draws when it is there."""
        if in_loop():
            self._once("history", self._look_aside)
            return
        with self._present_anyway():
            self._keeper.look()

    async def _look_aside(self) -> None:
        with self._present_anyway():
            await aside(self._keeper.look)
        self._repaint()

    @contextlib.contextmanager
    def _present_anyway(self) -> Iterator[None]:
        """Where no history can be read, this is said, and what is known of the present is shown all the same."""
        try:
            yield
        except HistoryError as error:
            self.alerts.error("Over time", error)
            self.view = "windows"

    async def _refresh_aside(self) -> None:
        button, status = self.button, self.status
        button.disabled, self._stop = True, threading.Event()
        status.value = progress_html(0, len(self._roster.keys))

        def tell(done: int, total: int) -> None:
            status.value = progress_html(done, total)

        try:
            self._take(await collect_aside(self._source, tell, self._stop))
            status.value = ""
            if self.keep_history:
                await self._keep_aside()
        except Exception as error:
            status.value = status_html("not refreshed")
            self.alerts.error("Refresh", error)
            raise
        finally:
            button.disabled = False
        self.alerts.clear("Refresh")

    async def _tick(self) -> bool:
        if not await self.picker.is_watched(self.answer_seconds):
            return False
        task = self._once("refresh", self._refresh_aside)
        await asyncio.wait([task])
        return True

    async def _end_unless_watched(self) -> None:
        if not await self.picker.is_watched(self.answer_seconds):
            self.auto_minutes = 0

    def _once(self, name: str, work: Any) -> asyncio.Task[None]:
        """The task of this name: the one that runs, or a new one."""
        task = self._tasks.get(name)
        if task is None or task.done():
            task = self._tasks[name] = asyncio.get_running_loop().create_task(work(), name=f"quota panel {name}")
        return task

    async def _keep_aside(self) -> None:
        collection = self._collection
        try:
            text = await aside(lambda: self._keeper.keep(collection))
        except Exception as error:
            self._stop_keeping(error)
            raise
        self._said_kept(text)

    def _stop_keeping(self, error: Exception) -> None:
        """In this panel, with the reason; the person's answer stays, for the file may come right again."""
        self.keep_history = False  # which takes an earlier message away
        self.alerts.error("Keep history", error)

    def _said_kept(self, text: str) -> None:
        self.status.value = status_html(text)
        self._repaint()
