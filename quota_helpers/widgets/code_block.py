"""Code to read, to select and to copy."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class CodeBlock(anywidget.AnyWidget):
    """Python in a frame with a button that copies it; nobody can write into it.

    Attributes:
        code: What is shown.
        caption: What it is, above it.
    """

    _esm = Path(__file__).with_name("code_block.js")
    _css = Path(__file__).with_name("builder.css")

    code = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode("Code").tag(sync=True)
