"""A report taken apart: its elements, its texts, and its two pictures."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "img", "link"}


class Page(HTMLParser):
    """What a page holds: elements with their attributes, well nested, and texts by element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == [], "every element ends"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Take an element's end; it is the innermost that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep a text with the element that it is in."""
        self.texts.append((self.open[-1] if self.open else "", data))

    def said(self, tag: str) -> list[str]:
        """Return the texts directly in elements of a kind."""
        return [text for name, text in self.texts if name == tag]

    def all(self, tag: str, key: str) -> list[str]:
        """Return an attribute of all elements of a kind that have it."""
        return [value or "" for name, found in self.elements if name == tag
                for at, value in found.items() if at == key]  # fmt: skip


def pictures_of(text: str) -> list[str]:
    """Return the two pictures of a report."""
    found = re.findall(r'<svg [^>]*class="opscope-graph".*?</svg>', text, re.DOTALL)
    assert len(found) == 2
    return found
