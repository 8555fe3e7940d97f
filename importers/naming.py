"""Stable, unique ids for nodes that a file leaves unnamed or names twice."""

from __future__ import annotations

from collections.abc import Sequence

from importers.notes import Notes

MAX_ID_CHARS = 1024


class Namer:
    """Hands out unique ids in one graph.

    An unnamed node gets ``<op type>_<n>``, n counting the nodes of that op type
    in file order, so that the same file always gives the same ids.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def unique(self, wanted: str, stem: str, *, is_noted: bool = True) -> str:
        """Return `wanted` if it is free, else a name derived from it; from `stem` if empty.

        Parameters
        ----------
        wanted, stem : str
            The name in the file, and what an unnamed node is called after.
        is_noted : bool
            False where a format allows the clash, as ONNX does between the names
            of nodes and of values: nothing is broken then.
        """
        if wanted and wanted not in self._taken and len(wanted) <= MAX_ID_CHARS:
            self._taken.add(wanted)
            return wanted
        if len(wanted) > MAX_ID_CHARS:
            self._notes.add("lost", "A name was too long and was cut", wanted)
        elif wanted and is_noted:
            self._notes.add("guessed", "A name was taken already and got a number", wanted)
        base = (wanted or stem)[: MAX_ID_CHARS - 12]
        mark = "#" if wanted else "_"
        number = self._counts.get(base + mark, 1 if wanted else -1)
        while True:
            number += 1
            candidate = f"{base}{mark}{number}"
            if candidate not in self._taken:
                break
        self._counts[base + mark] = number
        self._taken.add(candidate)
        return candidate

    def unique_all(self, wanted: Sequence[str], stem: str, *, is_noted: bool = True) -> list[str]:
        """Return what `unique` gives for each; fast where all are free, as they usually are."""
        names = set(wanted)
        is_free = len(names) == len(wanted) and "" not in names and names.isdisjoint(self._taken)
        if is_free and max(map(len, wanted), default=0) <= MAX_ID_CHARS:
            self._taken = self._taken | names if self._taken else names
            return list(wanted)
        return [self.unique(name, stem, is_noted=is_noted) for name in wanted]
