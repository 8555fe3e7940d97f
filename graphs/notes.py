"""Notes: what an import lost or guessed, for the reader to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NoteKind = Literal["lost", "guessed", "damaged", "info"]


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that an import lost, guessed or found broken.

    Attributes
    ----------
    kind : {"lost", "guessed", "damaged", "info"}
        What happened to it.
    message : str
        One sentence for the reader.
    n_times : int
        How often it happened.
    examples : tuple of str
        Up to five places, e.g. node ids.
    """

    kind: NoteKind
    message: str
    n_times: int = 1
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the message with its count and examples on one line."""
        times = f" ({self.n_times:,}×)" if self.n_times > 1 else ""
        at = f": {', '.join(self.examples)}" if self.examples else ""
        return f"{self.message}{times}{at}"
