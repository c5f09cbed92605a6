"""`QuotaPanel`: which login to use now, what runs out, what comes back when; pick accounts, refresh."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import tzinfo
from typing import Any, ClassVar, Final, Literal

import ipywidgets
import traitlets
from IPython import get_ipython

from ..errors import HistoryError, SettingsError
from ..history import History
from ..labels import of_kind
from ..outcomes import Collection
from ..outlook.bars import Show
from ..settings import change_setting, setting
from ..sources import Source
from ..workers import aside, call_in
from .alerts import guarded
from .controls import row, style, tabs, titled
from .keeping import Keeper
from .messages import progress_html, status_html
from .view import VIEWS, PanelView

AUTO_MINUTES: Final = (0, 1, 5, 15)
UPDATE_SECONDS: Final = 0.1  # a thousand messages a second and the server drops output
REMEMBERED: Final = ("show", "view", "tz", "more")
"""What the next panel begins with, in other kernels too (the demo's own choices end with its kernel)."""
CHOICES: Final = "panel"
"""Their name in the settings file."""

# What a cell holds is made anew when it is run again; what stands in a module stays.
_last_run: Final[dict[str, tuple[str, int]]] = {}  # cell -> (its last run, number of the last panel made in it)
_standing: Final[dict[tuple[str, int], QuotaPanel]] = {}


class QuotaPanel(PanelView):
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

    auto_minutes = traitlets.Enum(AUTO_MINUTES, default_value=0)
    keep_history = traitlets.Bool(default_value=False)

    minute_seconds: ClassVar[float] = 60.0
    """Length of an auto-refresh minute; a test has no time for real ones."""
    answer_seconds: ClassVar[float] = 5.0
    """How long an open page may take to say that it is there; it is asked three times."""

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
        wanted = "a source: qh.connect(), qh.demo() or qh.live(...) gives one; to draw readings: qh.plot_windows(frame)"
        of_kind(source, Source, "source", wanted)
        super().__init__(source, Keeper(source, history, self._decide))
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop = threading.Event()
        known = None if source.is_demo else setting(CHOICES)
        self._chosen = dict(known) if isinstance(known, dict) else {}
        if before := _takes_the_place_of(self):
            before.auto_minutes = 0
            self._chosen |= before._chosen  # noqa: SLF001 - another one of these
        self._build()
        self.tz = self._zone_name(None)
        given = {"show": show, "tz": None if tz is None else self._zone_name(tz), "reveal": reveal}
        chosen = self._chosen | {name: value for name, value in given.items() if value is not None}
        for name in {*REMEMBERED, "reveal"} & chosen.keys():
            # A settings file can say anything, and an own time zone ends with its kernel.
            with contextlib.suppress(traitlets.TraitError):
                setattr(self, name, chosen[name])
        self._wire()
        warned = collection is None and source.warning and in_loop()
        self._take(self._collection if warned else collection or source.collect())
        if warned:
            self.refresh()  # once this cell has shown what is to be known before
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
            self.auto_minutes = 0
            self._stop.set()
        super().close()

    def _build(self) -> None:
        self.tabs = tabs(VIEWS)
        self.button = ipywidgets.Button(
            description="Refresh", icon="refresh", tooltip="ask the server again for every account"
        )
        self.status = ipywidgets.HTML()
        self.auto = ipywidgets.ToggleButtons(
            options=[(f"{minutes} min" if minutes else "off", minutes) for minutes in AUTO_MINUTES],
            description="Auto refresh",
        )
        self.full_names = ipywidgets.Checkbox(description="e-mail addresses in full", indent=False)
        rest = row(self.zone, self.auto, self.full_names)
        self.folded.children = (self.window_picker, rest, self._keeper.details)
        self.children = (
            *(style(), self.headline, self.answers, self._keeper.question),
            row(self.picker, self.left_used, self.button, self.fold, self.status),
            *(self.folded, self.alerts, self.tabs, self.board, self.note, self.output),
        )

    def _wire(self) -> None:
        self._wire_choices({"view": self.tabs, "auto_minutes": self.auto, "reveal": self.full_names})
        self.button.on_click(self._on_refresh)
        self.observe(self._on_choice, ["selected", "windows", "show", "view", "tz", "reveal"])
        self.observe(self._on_memory, REMEMBERED)
        self.observe(self._on_auto, "auto_minutes")
        self.observe(self._on_keep, "keep_history")

    # Handlers: from a control or an attribute to what follows.

    @guarded("Refresh")
    def _on_refresh(self, _: object) -> None:
        self.refresh()

    def _on_memory(self, _: object) -> None:
        if not self._settled:  # what a run without history moves was not chosen
            return
        self._chosen = {name: getattr(self, name) for name in REMEMBERED}
        try:
            if not self._source.is_demo and setting(CHOICES) != self._chosen:
                change_setting(CHOICES, self._chosen)
        except SettingsError as error:
            # It is chosen all the same.
            self.alerts.error("Remembering", error)

    @guarded("Auto refresh")
    def _on_auto(self, change: Any) -> None:
        if timer := self._tasks.pop("timer", None):
            timer.cancel()
        if not change["new"]:
            return
        if not in_loop():
            self.auto_minutes = 0
            raise RuntimeError("Auto refresh needs a running event loop, as a notebook's kernel has. Use refresh().")
        self._once("timer", self._go_on)

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

    # Work.

    def _take(self, collection: Collection) -> None:
        """Show this run from now on. What was chosen stays chosen; whoever chose all has chosen what is new, too."""
        names = {account.key: account.name for account in self._source.accounts}
        for snapshot in collection.snapshots:
            key = snapshot.account_key or snapshot.account or "?"
            names.setdefault(key, snapshot.account or key)
        # A login file that cannot be read has no key: its name is all there is.
        failed = {one.account_key or f"login {one.account}": one.account for one in collection.failures}
        names |= {key: name for key, name in failed.items() if key not in names}
        everyone = self._keys == tuple(self._names)
        keys = tuple(names) if everyone else tuple(key for key in self._keys if key in names)
        windows = {window.name for one in collection.snapshots for window in one.windows}
        windows |= {"monthly" for one in collection.snapshots if one.spend_limits}
        self._collection, self._frame = collection, None
        self._offer(names, keys, windows, dict.fromkeys(failed, "failed"))
        self._repaint()

    def _repaint(self) -> None:
        """Draw from the last run: nothing is asked."""
        with self._unheard():
            self._move_choices(reveal=self.reveal)
            views = titled(view for view in VIEWS if view != "over time" or self._keeper.has_readings)
            if self.tabs.options != views:
                view = self.view if self.view in dict(views).values() else "windows"
                self.tabs.options = views  # which chooses the first of them
                self.view = view
        unread = self._keeper.keeps and self._keeper.frame is None and self._collection.beside
        if unread or (self.view == "over time" and not self._keeper.fresh):  # the past says what a reset is worth
            self._look()
        self._keeper.refresh(anything=bool(self._collection.snapshots))
        self._draw()

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
        self.button.disabled, self._stop = True, threading.Event()
        stop, loop, told = self._stop, asyncio.get_running_loop(), 0.0
        self.status.value = progress_html(0, len(self._names))

        def tell(done: int, total: int) -> None:
            nonlocal told
            if done == total or time.monotonic() - told >= UPDATE_SECONDS:
                told = time.monotonic()
                call_in(loop, lambda: self.status.set_trait("value", progress_html(done, total)))

        try:
            self._take(await aside(lambda: self._source.collect(progress=False, on_progress=tell, stop=stop)))
            self.status.value = ""
            if self.keep_history:
                await self._keep_aside()
        except Exception as error:
            self.status.value = status_html("not refreshed")
            self.alerts.error("Refresh", error)
            raise
        finally:
            stop.set()
            self.button.disabled = False
        self.alerts.clear("Refresh")

    async def _go_on(self) -> None:
        """Refresh again and again while somebody looks; an exception in it is shown there."""
        while await asyncio.sleep(self.auto_minutes * self.minute_seconds, result=True):
            if not await self.picker.is_watched(self.answer_seconds):
                self.auto_minutes = 0  # which cancels this
            else:
                await asyncio.wait([self._once("refresh", self._refresh_aside)])

    def _once(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
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


def _takes_the_place_of(panel: QuotaPanel) -> QuotaPanel | None:
    """The panel that stood where this one is made, for its cell is run again; None where there was none.

    None also where the front end does not tell which cell is running (JupyterLab does).
    """
    cell, run = _running_cell()
    if not cell:
        return None
    last, number = _last_run.get(cell, ("", 0))
    number = number + 1 if last == run else 0
    _last_run[cell] = (run, number)
    before = _standing.get((cell, number))
    _standing[cell, number] = panel
    return before


def _running_cell() -> tuple[str, str]:
    """Id of the cell and of its run, or empty texts."""
    shell: Any = get_ipython()
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return "", ""
    return str(parent.get("metadata", {}).get("cellId", "")), str(parent["header"].get("msg_id", ""))


def in_loop() -> bool:
    """Whether an event loop runs here: in a kernel yes, in plain Python no."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
