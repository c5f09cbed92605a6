"""`pytest notebooks` alone does not touch a person's logins either: importing `tests/isolation.py` forces the demo."""

import isolation  # noqa: F401 - its import is what counts
