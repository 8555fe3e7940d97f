"""Facts as HTML: every text is escaped here, so that markup in a file stays text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

MAX_TEXT_CHARS = 4096

STYLE = """
<style>
.facts { width: 100%; border-collapse: collapse; table-layout: fixed;
  font-size: 12.5px; line-height: 1.45; }
.facts td { padding: 2px 6px 2px 0; vertical-align: top; overflow-wrap: anywhere; }
.facts td:first-child { width: 34%; opacity: .68; }
.facts-title { font-size: 15px; font-weight: 600; overflow-wrap: anywhere; margin: 2px 0; }
.facts-section { font-size: 11px; letter-spacing: .06em; text-transform: uppercase; opacity: .68;
  margin: 12px 0 2px; }
.facts-name { font-size: 14px; font-weight: 500; overflow-wrap: anywhere; }
.facts-empty { opacity: .68; font-size: 13px; }
</style>
"""


def text_html(text: object, css: str = "") -> str:
    """Return `text` escaped, in a div of class `css`."""
    shown = str(text)
    cut = shown if len(shown) <= MAX_TEXT_CHARS else shown[:MAX_TEXT_CHARS] + "…"
    return f'<div class="{css}">{escape(cut)}</div>'


def facts_html(title: str, rows: Iterable[tuple[object, object]]) -> str:
    """Return a section: a small title and a table of (name, text); nothing where it is empty."""
    body = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(text)[:MAX_TEXT_CHARS])}</td></tr>"
        for name, text in rows
    )
    return f'{text_html(title, "facts-section")}<table class="facts">{body}</table>' if body else ""
