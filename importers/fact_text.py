"""How much of a file's text is shown beside a node. Imports nothing."""

from __future__ import annotations

MAX_CHARS = 4096
MAX_ITEMS = 256  # of a list; the rest is counted
MAX_FACTS = 512  # of a node, a value, a group or a graph


def cut(text: str, n_chars: int = MAX_CHARS) -> str:
    """Return `text`, cut at `n_chars` characters with an ellipsis."""
    return text if len(text) <= n_chars else text[: n_chars - 1] + "…"
