"""Collects notes during one import: what was lost, guessed or found broken."""

from __future__ import annotations

from graphs.errors import quoted
from graphs.notes import Note, NoteKind

MAX_EXAMPLES = 5
MAX_NOTES = 200  # a hostile file could break in a million different ways


class Notes:
    """Counts equal notes, keeping a few examples of each."""

    def __init__(self) -> None:
        self._counts: dict[tuple[NoteKind, str], int] = {}
        self._examples: dict[tuple[NoteKind, str], list[str]] = {}

    def add(self, kind: NoteKind, message: str, example: str = "", n_times: int = 1) -> None:
        """Note one thing; `message` is one sentence, `example` where it happened."""
        key = (kind, message)
        if key not in self._counts and len(self._counts) >= MAX_NOTES:
            key = ("info", "More notes than fit here were left out")
        self._counts[key] = self._counts.get(key, 0) + n_times
        examples = self._examples.setdefault(key, [])
        if example and len(examples) < MAX_EXAMPLES:
            examples.append(quoted(example))

    def all(self) -> tuple[Note, ...]:
        """Return the notes in the order of their first appearance."""
        return tuple(
            Note(kind, message, n, tuple(self._examples[kind, message]))
            for (kind, message), n in self._counts.items()
        )
