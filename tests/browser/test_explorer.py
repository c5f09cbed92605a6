"""The field explorer in a real browser: search, filters, the way from a number to its field and back, the keyboard."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from chromium import assert_nothing_left_loopback, traffic
from lab import THEMES, Lab
from notebook_page import NotebookPage, open_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

DEMO = ["import quota_helpers as qh", "explorer = qh.FieldExplorer(qh.demo())\nexplorer"]
ODD = """import json, quota_helpers as qh
odd = {"<img src=x onerror=window.hacked=1>": "<script>window.hacked=1</script>", "nul\\x00key": "a\\u202eb",
       "list": [[1]], "javascript:alert(1)": None, "big": 12345678901234567890}
explorer = qh.FieldExplorer({"odd": [odd], "flat": {f"key {n:06}": n for n in range(100_000)}})
explorer"""


@pytest.fixture(autouse=True)
def _clean(page: Page) -> Iterator[None]:
    """Nothing leaves the machine and nothing complains, whatever a test does."""
    yield
    assert_nothing_left_loopback(page)
    assert traffic(page).errors == []


@pytest.fixture
def notebook(page: Page, lab: Lab, request: pytest.FixtureRequest) -> NotebookPage:
    """A notebook whose last cell shows an explorer; `indirect` parameters are its cells."""
    lab.write_notebook("explorer.ipynb", getattr(request, "param", DEMO))
    notebook = open_notebook(page, lab, "explorer.ipynb")
    notebook.run_all()
    lines(page).first.wait_for()
    return notebook


def lines(page: Page) -> Locator:
    return page.locator(".quota-explorer [role=treeitem]")


def line(page: Page, *parts: str) -> Locator:
    found = lines(page)
    for part in parts:
        found = found.filter(has_text=part)
    return found


def reading(page: Page, name: str) -> Locator:
    return page.locator(f".qx-reading[title='{name}']")


def detail(page: Page) -> Locator:
    return page.get_by_role("region", name="The chosen field")


def pick(page: Page, field: str, typed: str) -> None:
    box = page.get_by_role("combobox", name=field)
    box.click()
    box.fill(typed)
    box.press("Enter")


def in_kernel(notebook: NotebookPage, expression: str) -> str:
    """What an expression is in the kernel, evaluated beside the notebook's cells."""
    return str(
        notebook.page.evaluate(
            """async code => {
                 const {kernel} = quotaLab.panel().context.sessionContext.session;
                 const future = kernel.requestExecute({code: '', user_expressions: {answer: code}, silent: true});
                 const reply = await future.done;
                 return reply.content.user_expressions.answer.data['text/plain'];
               }""",
            expression,
        )
    )


def wait_for_kernel(notebook: NotebookPage, expression: str, expected: object) -> None:
    """Return when an expression has a value in the kernel; each question is answered after all earlier messages."""
    for _ in range(200):
        if in_kernel(notebook, expression) == repr(expected):
            return
        notebook.next_frames()
    assert in_kernel(notebook, expression) == repr(expected)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 800])
def test_it_shows_the_body_and_what_was_read(notebook, page):
    """Read fields have a sign, a word and their number; text is readable in both themes; nothing is wider than it."""
    row = line(page, '"used_percent": 31')
    expect(row.locator(".qx-sign")).to_have_text("✓")
    expect(row.locator(".qx-tag")).to_have_text("read codex.five_hour.used_percent = 31 %")
    expect(line(page, '"email"')).to_contain_text('"ad...@example.com"')
    expect(line(page, '"reset_after_seconds": 11400')).to_contain_text("ignored")
    inks = page.evaluate(
        """() => ['.qx-key', '.qx-tag', '.qx-reading b', '.qx-head', '.qx-button', '.qx-input'].map(selector => {
             const light = text => { const part = text.match(/[\\d.]+/g).slice(0, 3).map(value => {
               const share = value / 255; return share <= .04045 ? share / 12.92 : ((share + .055) / 1.055) ** 2.4; });
               return .2126 * part[0] + .7152 * part[1] + .0722 * part[2]; };
             let node = document.querySelector('.quota-explorer ' + selector);
             const ink = light(getComputedStyle(node).color);
             while (/, 0\\)$|transparent/.test(getComputedStyle(node).backgroundColor)) node = node.parentElement;
             const ground = light(getComputedStyle(node).backgroundColor);
             return [selector, (Math.max(ink, ground) + .05) / (Math.min(ink, ground) + .05)];
           })"""
    )
    assert all(contrast >= 4.5 for _, contrast in inks), inks
    wide = page.evaluate("""() => [...document.querySelectorAll('.quota-explorer, .qx-bar, .qx-main, .qx-readings')]
        .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)""")
    assert wide == []
    assert notebook.page.locator(".quota-explorer").count() == 1


def test_the_theme_is_followed_live(notebook, page):
    """Switching the theme colours an open explorer anew."""
    ground = notebook.css(".qx-left", "backgroundColor")
    notebook.set_theme("dark")
    assert notebook.css(".qx-left", "backgroundColor") != ground
    expect(line(page, '"used_percent": 31')).to_be_visible()


def test_search_finds_paths_and_values(notebook, page):
    """Without regard to case, in keys, in paths across objects, in values; the way to each stays visible."""
    search = page.get_by_role("searchbox", name="Search paths and values")
    search.fill("PRIMARY_window.used")
    expect(page.locator(".qx-found")).to_have_text("1 field found")
    assert [text.split(":")[0].strip() for text in page.locator(".qx-json").all_inner_texts()] == [
        "▾{…} 15 members", '▾"rate_limit"', '▾"primary_window"', '"used_percent"',
    ]  # fmt: skip
    search.fill("48.74")
    expect(line(page, '"balance"').locator("mark")).to_have_text("48.74")
    wait_for_kernel(notebook, "explorer.search", "48.74")
    search.fill("nothing like this")
    expect(page.locator(".qx-found")).to_have_text("0 fields found")
    expect(lines(page)).to_have_count(0)
    search.press("Escape")
    expect(page.locator(".qx-found")).to_have_text("48 fields")
    wait_for_kernel(notebook, "explorer.search", "")


def test_filters_by_status(notebook, page):
    """Each button says how many there are; several together; the kernel knows."""
    pick(page, "Account", "patchwork")
    page.get_by_role("button", name="! broken 1").click()
    expect(page.locator(".qx-found")).to_have_text("1 field found")
    expect(line(page, "expected a number, found str")).to_contain_text('"n/a"')
    page.get_by_role("button", name=re.compile(r"ignored 2")).click()
    expect(page.locator(".qx-found")).to_have_text("3 fields found")
    wait_for_kernel(notebook, "explorer.statuses", ["ignored", "broken"])
    expect(page.get_by_role("button", name="! broken 1")).to_have_attribute("aria-pressed", "true")


def test_a_number_leads_to_its_field_and_back(notebook, page):
    """Clicking a reading chooses its field even where that is collapsed; clicking a field marks its reading."""
    page.get_by_role("button", name="Collapse").click()
    expect(lines(page)).to_have_count(16)
    reading(page, "codex.weekly.used_percent").click()
    row = line(page, '"used_percent": 42')
    expect(row).to_have_attribute("aria-selected", "true")
    expect(detail(page)).to_contain_text("$.rate_limit.secondary_window.used_percent")
    expect(detail(page)).to_contain_text("codex.weekly.used_percent = 42 %")
    expect(detail(page)).to_contain_text("share of the window already spent")
    wait_for_kernel(notebook, "explorer.selected_path", "$.rate_limit.secondary_window.used_percent")
    page.get_by_role("button", name="Expand").click()
    line(page, '"limit_window_seconds": 18000').click()
    expect(reading(page, "codex.five_hour.window_seconds")).to_have_attribute("aria-selected", "true")
    expect(reading(page, "codex.weekly.used_percent")).to_have_attribute("aria-selected", "false")
    expect(detail(page)).to_contain_text("length 18000 s says five_hour; slot primary ignored")


def test_the_tree_keeps_its_keys(notebook, page):
    """Arrows, Home, End and Enter move within the tree; JupyterLab's command mode gets none of them."""
    cells = page.evaluate("() => [quotaLab.cells().length, quotaLab.panel().content.activeCellIndex]")
    tree = page.get_by_role("tree", name="Fields of the body")
    tree.focus()
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=treeitem][aria-selected=true]")
    expect(chosen).to_contain_text('"rate_limit"')
    expect(chosen).to_have_attribute("aria-expanded", "true")
    assert tree.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("ArrowLeft")
    expect(chosen).to_have_attribute("aria-expanded", "false")
    expect(chosen).to_contain_text("4 members")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text('"code_review_rate_limit"')
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(chosen).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    expect(chosen).to_contain_text('"allowed"')
    expect(chosen).to_have_attribute("aria-level", "3")
    page.keyboard.press("ArrowLeft")
    expect(chosen).to_contain_text('"rate_limit"')
    page.keyboard.press("Enter")
    expect(chosen).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("End")
    expect(chosen).to_contain_text('"ordinary_usage_allowed"')
    page.keyboard.press("Home")
    expect(chosen).to_have_attribute("aria-level", "1")
    for key in ("b", "d", "d", "x", "PageDown", "j"):  # in command mode: a new cell, delete the cell, cut it
        page.keyboard.press(key)
    wait_for_kernel(notebook, "explorer.account", "ada")
    assert page.evaluate("() => [quotaLab.cells().length, quotaLab.panel().content.activeCellIndex]") == cells


def test_readings_by_keyboard(notebook, page):
    """Down in the list of numbers chooses the next one and its field."""
    page.get_by_role("listbox", name="Numbers read from this body").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(reading(page, "codex.allowed")).to_have_attribute("aria-selected", "true")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_contain_text('"allowed": true')
    wait_for_kernel(notebook, "explorer.selected_path", "$.rate_limit.allowed")


def test_the_difference_to_another_account(notebook, page):
    """Added, removed and changed have a sign and a word; a button leaves nothing else."""
    pick(page, "Account", "comet")
    pick(page, "Compare to", "ada")
    expect(line(page, '"plan_type"')).to_contain_text("changed from plus")
    expect(line(page, '"plan_type"').locator(".qx-change")).to_have_text("≠")
    expect(line(page, '"tertiary_window"')).to_contain_text("added")
    search = page.get_by_role("searchbox", name="Search paths and values")
    search.fill("campaign")
    expect(line(page, '"campaign"')).to_contain_text("removed")
    search.fill("")
    page.get_by_role("button", name="≠ differences").click()
    expect(page.locator(".qx-found")).to_have_text("41 fields found")
    expect(line(page, '"allowed"')).to_have_count(0)
    assert in_kernel(notebook, "explorer.account, explorer.compare_to") == "('comet', 'ada')"


def test_an_earlier_body_of_the_same_account(notebook, page):
    """Reading again keeps what was there, and offers it first for comparison."""
    page.get_by_role("button", name="Read again").click()
    account = page.get_by_role("combobox", name="Account")
    expect(account).to_have_value("ada 2026-11-16 09:05:00")
    offered = page.locator("[id$=compare-list] option")
    expect(offered.nth(1)).to_have_attribute("value", "ada 2026-11-16 09:00:00")
    pick(page, "Compare to", "ada 09:00")
    expect(line(page, '"used_percent": 32')).to_contain_text("changed from 31")
    assert in_kernel(notebook, "explorer.compare_to") == "'ada 2026-11-16 09:00:00'"


def test_python_moves_the_page(notebook, page):
    """State set in a cell is shown at once."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:insert-cell-below')")
    code = "explorer.account = 'night-owl'; explorer.selected_path = '$.rate_limit.primary_window.used_percent'"
    page.evaluate("code => { quotaLab.panel().content.activeCell.model.sharedModel.source = code; }", code)
    notebook.run_cell(2)
    expect(page.get_by_role("combobox", name="Account")).to_have_value("night-owl")
    expect(detail(page)).to_contain_text("codex.weekly.used_percent = 58 %")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_contain_text('"used_percent": 58')


@pytest.mark.usefixtures("notebook")
def test_copies_redacted_json(page, lab):
    """Through the clipboard where the browser allows it, else through a field whose text is marked."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.base)
    page.get_by_role("button", name="Copy redacted JSON").click()
    expect(page.get_by_text("copied, redacted")).to_be_visible()
    copied = json.loads(page.evaluate("() => navigator.clipboard.readText()"))
    assert copied["email"] == "text_3"
    assert copied["rate_limit"]["primary_window"]["used_percent"] == 31
    page.context.clear_permissions()
    page.evaluate("() => { Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true}); }")
    page.get_by_role("button", name="Copy redacted JSON").click()
    area = page.get_by_role("textbox", name="Redacted JSON")
    expect(area).to_have_value(re.compile('"email": "text_3"'))
    page.get_by_role("button", name="Close").click()
    expect(area).to_have_count(0)
    page.evaluate("() => { delete navigator.clipboard; }")


@pytest.mark.parametrize("notebook", [[ODD]], indirect=True)
def test_odd_bodies_are_text(notebook, page):
    """HTML and control characters are text, large numbers keep every digit, a list that ends early says so."""
    expect(line(page, "<img src=x onerror")).to_contain_text("<script>window.hacked=1</script>")
    expect(line(page, "nul\\u0000")).to_contain_text(r'"nul\u0000key": "a\u202eb"')
    expect(line(page, "12345678901234567890")).to_be_visible()
    assert page.evaluate("() => window.hacked") is None
    assert page.locator(".quota-explorer img, .quota-explorer script").count() == 0
    line(page, "<img src=x onerror").click()
    expect(detail(page)).to_contain_text('$[0]["<img src=x onerror=window.hacked=1>"]')
    pick(page, "Account", "flat")
    expect(page.locator(".qx-found")).to_have_text("100,001 fields", timeout=30_000)
    page.get_by_role("tree").focus()
    page.keyboard.press("End")
    expect(line(page, '"key 099999": 99999')).to_be_visible()
    assert lines(page).count() < 60, "only what is in view is in the page"
    search = page.get_by_role("searchbox", name="Search paths and values")
    search.fill("key 05432")
    expect(page.locator(".qx-found")).to_have_text("10 fields found")
    line(page, '"key 054321"').click()
    wait_for_kernel(notebook, "explorer.selected_path", '$["key 054321"]')
    search.fill("")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_contain_text("54321")
    in_kernel(notebook, "setattr(__import__('sys').modules['quota_helpers.raw.explain'], 'MOST_PLACES', 50)")
    pick(page, "Account", "odd")
    expect(line(page, "12345678901234567890")).to_be_visible()  # two picks at once are one for the kernel
    pick(page, "Account", "flat")
    expect(page.locator(".qx-remark")).to_have_text("Only the first 50 fields are shown.")


FIVE_MEBIBYTES = """import quota_helpers as qh
body = qh.demo().fetch("ada").payload
entry = {"value": 0.142857, "flag": True, "nothing": None, "inner": {"a": [1, 2]}}
body["entries"] = [{"id": n, "name": f"entry {n}", **entry} for n in range(52_000)]
explorer = qh.FieldExplorer([body])
explorer"""


@pytest.mark.parametrize("notebook", [[FIVE_MEBIBYTES]], indirect=True)
def test_a_body_of_5_mib(notebook, page):
    """Half a million fields: shown, searched, scrolled to the end, expanded."""
    expect(page.locator(".qx-found")).to_have_text("520,049 fields")
    search = page.get_by_role("searchbox", name="Search paths and values")
    search.fill("entry 51999")
    expect(page.locator(".qx-found")).to_have_text("1 field found")
    expect(line(page, '"entries"')).to_contain_text("52,000 elements")
    line(page, '"entry 51999"').click()
    wait_for_kernel(notebook, "explorer.selected_path", "$.entries[51999].name")
    search.fill("")
    page.get_by_role("button", name="Expand").click()
    tree = page.get_by_role("tree")
    tree.focus()
    page.keyboard.press("End")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_contain_text("2")
    assert lines(page).count() < 60
    page.keyboard.press("Home")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_attribute("aria-level", "1")


CROWD = """import quota_helpers as qh
explorer = qh.FieldExplorer({f"seat-{n:03}": {"plan_type": "plus", "number": n} for n in range(1, 301)})
explorer"""


@pytest.mark.parametrize("notebook", [[CROWD]], indirect=True)
def test_300_accounts_by_typing(notebook, page):
    """The field offers all of them and finds by what is typed; Escape leaves everything as it was."""
    box = page.get_by_role("combobox", name="Account")
    expect(page.locator("[id$=account-list] option")).to_have_count(300)
    box.focus()
    expect(box).to_have_value("")  # so that the browser offers all
    page.keyboard.type("29")
    page.keyboard.press("Enter")
    expect(box).to_have_value("seat-029")
    page.keyboard.type("seat-129")
    page.keyboard.press("Enter")
    expect(box).to_have_value("seat-129")
    expect(line(page, '"number": 129')).to_be_visible()
    page.keyboard.type("30")
    page.keyboard.press("Escape")
    expect(box).to_have_value("seat-129")
    wait_for_kernel(notebook, "explorer.account", "seat-129")
    assert page.evaluate("() => quotaLab.cells().length") == 1


def test_errors_are_shown(notebook, page):
    """What a callback raises in the kernel stands in the explorer."""
    pick(page, "Account", "expired")
    expect(page.locator(".qx-trouble")).to_contain_text("codex login")
    page.get_by_role("button", name="Copy redacted JSON").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no body to copy.")
    pick(page, "Account", "ada")
    expect(line(page, '"used_percent": 31')).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert notebook.outputs(1)[0]["output_type"] == "execute_result"


def test_two_views_and_a_reload(notebook, page):
    """A second view shows the same state; after a reload of the page everything is there again."""
    reading(page, "codex.weekly.used_percent").click()
    wait_for_kernel(notebook, "explorer.selected_path", "$.rate_limit.secondary_window.used_percent")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:insert-cell-below')")
    page.evaluate("() => { quotaLab.panel().content.activeCell.model.sharedModel.source = 'explorer'; }")
    notebook.run_cell(2)
    expect(page.locator(".quota-explorer")).to_have_count(2)
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_count(2)
    notebook.save()
    page.reload()
    page.wait_for_function("() => window.quotaLab && quotaLab.kernel() === 'idle'")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_count(2)
