"""`QuotaPanel`: pick accounts, see every window, refresh by hand or by itself."""

from __future__ import annotations

import asyncio
import threading
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final, Literal

import ipywidgets
import traitlets

from ..frames import to_frame
from ..history import History
from ..outcomes import Collection
from ..outlook.bars import Show
from ..sources import Source
from ..times import LOCAL
from ..workers import aside
from .alerts import Alerts, guarded
from .controls import Controls, window_order
from .fetching import collect_aside
from .keeping import Keeper
from .messages import progress_html, status_html
from .picker import AccountPicker, account_labels
from .place import place_in_notebook
from .state import PanelState
from .tasks import TIMERS, in_loop
from .watch import Watch

STYLE: Final = Path(__file__).with_name("panel.css")


class QuotaPanel(PanelState):
    """Pick accounts, see every window of them as table and chart, refresh.

    The first reading is made when the panel is made, so that a saved notebook shows it. Every attribute below can be
    set, too: the controls follow, as the attributes follow the controls.

    Args:
        source: Whom to ask: what `connect`, `live` or `demo` returned.
        reveal: Whether e-mail addresses are shown in full.
        history: A `History` in which every reading is kept from now on; None offers the one in the user's data folder
            (not for the demo), False offers none.
        show: "left" or "used".
        tz: Time zone of all times; None means UTC for the demo, else this machine's.
        collection: A run to begin with instead of asking.

    Attributes:
        selected: Names of the accounts that are shown; all at first.
        windows: Names of the windows that are shown; all at first.
        show: "left" or "used".
        chart: "windows" or "resets".
        tz: Time zone by name, "local" for this machine's.
        reveal: Whether e-mail addresses are shown in full.
        auto_minutes: Minutes between two refreshes: 0 (off), 1, 5 or 15. Ends by itself when nobody looks any more.
        keep_history: Whether every reading is kept.
        alerts: Messages about what went wrong.
    """

    def __init__(
        self,
        source: Source,
        *,
        reveal: bool = False,
        history: History | Literal[False] | None = None,
        show: Show = "left",
        tz: str | tzinfo | None = None,
        collection: Collection | None = None,
    ) -> None:
        super().__init__(source)
        self.add_class("quota-panel")
        self._place = place_in_notebook()
        # When the cell is run again, the panel that it made before has lost its place.
        TIMERS.stop(self._place)
        self._view_count = 0  # from now on the browser counts
        self._keeper = Keeper(history or None)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop = threading.Event()
        self._settled = False
        self._build(can_keep=history is not False and (history is not None or not source.is_demo))
        self.show, self.reveal, self.tz = show, reveal, self._zones.name(tz)
        self._wire()
        self._take(collection or source.collect())
        self.keep_history = bool(history)

    def refresh(self) -> asyncio.Task[None] | None:
        """Ask again. In a kernel this returns at once with a task to await; in plain Python it returns when done."""
        if in_loop():
            return self._once("refresh", self._refresh_aside)
        self._take(self._source.collect())
        if self.keep_history:
            self._keep_now()
        return None

    def close(self) -> None:
        """Take the panel away; its timer and a run under way end."""
        if getattr(self, "_stop", None):
            TIMERS.stop(self._place)
            self._stop.set()
        super().close()

    def _build(self, *, can_keep: bool) -> None:
        self.alerts = Alerts()
        self.picker = AccountPicker()
        self._watch = Watch(self.picker)
        self.controls = Controls(show=self.show, tz=LOCAL, can_keep=can_keep, keep=False)
        style = ipywidgets.HTML(f"<style>{STYLE.read_text('utf-8')}</style>")
        style.layout.display = "none"
        top = ipywidgets.HBox([self._view.head, self.controls.refresh, self.controls.status])
        top.add_class("qp-row")
        self.children = (
            *(style, top, self.picker, self.window_picker, self.controls.row),
            *(self.alerts, self._view.table, self._view.failures, self._view.output),
        )

    def _wire(self) -> None:
        controls = self.controls
        pairs = {"show": controls.show, "chart": controls.chart, "auto_minutes": controls.auto}
        for name, control in {**pairs, "keep_history": controls.keep}.items():
            traitlets.link((self, name), (control, "value"))
        self.picker.observe(self._on_chosen, "chosen")
        controls.zone.observe(self._on_zone, "value")
        controls.refresh.on_click(self._on_refresh)
        self.observe(self._on_choice, ["selected", "windows", "show", "chart", "tz", "reveal"])
        self.observe(self._on_auto, "auto_minutes")
        self.observe(self._on_keep, "keep_history")
        self.observe(self._on_view_count, "_view_count")

    # Handlers: from a control or an attribute to what follows.

    @guarded("Choosing accounts")
    def _on_chosen(self, change: Any) -> None:
        if self._settled:
            self.selected = tuple(self._names[number] for number in change["new"])

    @guarded("Time zone")
    def _on_zone(self, change: Any) -> None:
        try:
            self.tz = change["new"]
        except traitlets.TraitError as error:
            # A slip of the pen is no fault of the program: said, not raised.
            self.alerts.show("Zone", str(error))
        else:
            self.alerts.clear("Zone")

    @guarded("Refresh")
    def _on_refresh(self, _: object) -> None:
        self.refresh()

    @guarded("Drawing")
    def _on_choice(self, _: object) -> None:
        if self._settled:
            self._repaint()

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
    def _on_keep(self, change: Any) -> None:
        if not change["new"]:
            return
        if in_loop():
            self._once("keep", self._keep_aside)
        else:
            self._keep_now()

    def _on_view_count(self, change: Any) -> None:
        # The count alone is not enough: a page that is reloaded counts twice, one that is closed not at all.
        if change["new"] < change["old"] and self.auto_minutes and in_loop():
            self._once("look", self._end_unless_watched)

    # Work.

    def _take(self, collection: Collection) -> None:
        """Show this run from now on. What was chosen stays chosen; whoever chose all has chosen what is new, too."""
        read = (snapshot.account for snapshot in collection.snapshots if snapshot.account)
        names = tuple(dict.fromkeys([*self._source.accounts.names, *read]))
        frame = to_frame(collection, reveal=True)
        windows = window_order(set(frame["window"].dropna()))
        all_selected, all_windows = self.selected == self._names, self.windows == self.window_picker.names
        self._settled = False
        try:
            self._collection, self._frame, self._names = collection, frame, names
            self.window_picker.offer(windows, ())
            self.selected = names if all_selected else tuple(name for name in self.selected if name in names)
            self.windows = windows if all_windows else tuple(name for name in self.windows if name in windows)
        finally:
            self._settled = True
        self._repaint()

    def _repaint(self) -> None:
        """Draw from the last run: nothing is asked."""
        if self._collection is None:
            return
        self._settled = False
        try:
            self._move_controls(self._collection)
        finally:
            self._settled = True
        self._view.draw(self._collection, self._frame, self._choice(), self._source.clock())

    def _move_controls(self, collection: Collection) -> None:
        failed = {failure.account for failure in collection.failures}
        notes = ["failed" if name in failed else "" for name in self._names]
        chosen = [number for number, name in enumerate(self._names) if name in self.selected]
        self.picker.offer(account_labels(self._names, reveal=self.reveal), notes, chosen)
        self.window_picker.offer(self.window_picker.names, self.windows)
        self.controls.zone.value = self.tz

    async def _refresh_aside(self) -> None:
        button, status = self.controls.refresh, self.controls.status
        button.disabled, self._stop = True, threading.Event()
        status.value = progress_html(0, len(self._names))

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
        if not await self._watch.is_on(self.answer_seconds):
            return False
        task = self._once("refresh", self._refresh_aside)
        await asyncio.wait([task])
        return True

    async def _end_unless_watched(self) -> None:
        if not await self._watch.is_on(self.answer_seconds):
            self.auto_minutes = 0

    def _once(self, name: str, work: Any) -> asyncio.Task[None]:
        """The task of this name: the one that runs, or a new one."""
        task = self._tasks.get(name)
        if task is None or task.done():
            task = self._tasks[name] = asyncio.get_running_loop().create_task(work(), name=f"quota panel {name}")
        return task

    async def _keep_aside(self) -> None:
        collection = self._collection
        if collection is None:
            return
        try:
            text = await aside(lambda: self._keeper.keep(collection))
        except Exception as error:
            self.alerts.error("Keep history", error)
            self.keep_history = False
            raise
        self.controls.status.value = status_html(text)

    def _keep_now(self) -> None:
        if self._collection is not None:
            self.controls.status.value = status_html(self._keeper.keep(self._collection))
