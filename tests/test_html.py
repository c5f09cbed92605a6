"""What comes from files and servers is text, not markup."""

from quota_helpers.html import bullets, paragraph, table

BAD = "<script>alert('x')</script>"


def test_every_text_is_escaped():
    drawn = table([BAD, BAD], [[BAD, BAD]]) + paragraph(BAD) + bullets([BAD, (BAD, BAD)], title=BAD)
    assert "<script" not in drawn
    assert drawn.count("&lt;script&gt;") == 9


def test_a_long_table_says_how_much_is_left_out():
    rows = [["a"], ["b"], ["c"]]
    assert table(["name"], rows, most=2).endswith("<p>and 1 more</p>")
    assert "more" not in table(["name"], rows, most=3)


def test_nothing_to_list_is_nothing():
    assert bullets([], title="Failed:") == paragraph("") == ""
