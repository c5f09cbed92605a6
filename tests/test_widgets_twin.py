"""What a widget leaves in a saved notebook: escaped, without tokens, and short."""

from quota_helpers.html import Markup
from quota_helpers.widgets.twin import MOST_ROWS, StaticTwin, twin_html


def test_texts_are_escaped_and_markup_is_not():
    html = twin_html("<a>", "b & c.", heads=("<h>",), rows=[("<n>", "<c>", Markup("<b>m</b>"))], count=1)
    assert [text for text in ("<a>", "<h>", "<n>", "<c>") if text in html] == []
    assert "&lt;n&gt;" in html
    assert "<b>m</b>" in html
    assert "b &amp; c." in html


def test_as_many_rows_as_a_saved_notebook_has_room_for():
    """One more is counted, not kept."""
    whole, cut = (
        twin_html("t", "s.", heads=["n"], rows=([str(at)] for at in range(count)), count=count, more="accounts")
        for count in (MOST_ROWS, MOST_ROWS + 1)
    )
    assert whole.count("<tr>") == MOST_ROWS + 1, "the head is a row, too"
    assert "more accounts" not in whole
    assert cut.count("<tr>") == MOST_ROWS + 1
    assert "and 1 more accounts" in cut


def test_a_table_without_rows_is_none():
    assert "<table" not in twin_html("t", "s.", heads=("a",))


class Shown:
    """What a widget is to the mix-in: a display that may be nothing, a dict, or a dict with metadata."""

    def __init__(self, display):
        self._display = display

    def _repr_mimebundle_(self, **_):
        return self._display


class Twinned(StaticTwin, Shown):
    def __repr__(self):
        return "Twinned()"

    def _static_html(self):
        return "<p>sk-0123456789abcdefghij</p>"


def test_every_kind_of_display_gets_html_and_text_and_no_token():
    for display in ({"view": 1}, ({"view": 1}, {})):
        bundle = Twinned(display)._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert data == {"view": 1, "text/html": "<p>***</p>", "text/plain": "Twinned()"}
    assert Twinned(None)._repr_mimebundle_() is None
