"""The fields of an object in an Opscope JSON file, each checked for its type. Imports no format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from graphs.errors import quoted
from graphs.ir import Facts
from graphs.notes import Note
from graphs.tensor_type import Dim, TensorType
from importers.notes import MAX_NOTES

MAX_INT32 = 2**31 - 1
MAX_NUMBER_DIGITS = 40


class BadField(ValueError):
    """A field is missing or is not what the format says; becomes a `DamagedSource`."""


class Fields:
    """One JSON object.

    Parameters
    ----------
    data : object
        What was parsed; anything but an object is refused.
    """

    def __init__(self, data: object) -> None:
        if not isinstance(data, dict):
            raise BadField("an object is expected where something else is")
        self._data = data

    def text(self, key: str) -> str:
        """Return a text."""
        found = self._data.get(key)
        if not isinstance(found, str):
            raise BadField(f"{key}: no text")
        return found

    def integer(self, key: str) -> int:
        """Return a number that is not negative; digits, where it is beyond 64 bits."""
        found = self._data.get(key)
        if isinstance(found, str) and found.isascii() and found.isdigit():
            found = int(found) if len(found) <= MAX_NUMBER_DIGITS else None
        if type(found) is not int or found < 0:
            raise BadField(f"{key}: no number")
        return found

    def inner(self, key: str) -> Fields:
        """Return an object."""
        return Fields(self._data.get(key))

    def each(self, key: str) -> list[Fields]:
        """Return a list of objects."""
        return [Fields(one) for one in self.entries(key)]

    def entries(self, key: str) -> list[object]:
        """Return a list of anything."""
        found = self._data.get(key)
        if not isinstance(found, list):
            raise BadField(f"{key}: no list")
        return found

    def texts(self, key: str, n: int | None = None) -> list[str]:
        """Return a list of texts, `n` of them if given."""
        found = self.entries(key)
        _check_length(key, found, n)
        if not set(map(type, found)) <= {str}:
            raise BadField(f"{key}: not every entry is a text")
        return cast("list[str]", found)

    def column(self, key: str, n: int | None, below: int) -> NDArray[np.int64]:
        """Return integers of the range ``0 <= i < below``, `n` of them if given, shape (n,)."""
        found = self.entries(key)
        _check_length(key, found, n)
        if not set(map(type, found)) <= {int}:
            raise BadField(f"{key}: not every entry is a whole number")
        numbers = cast("list[int]", found)
        if numbers and not 0 <= min(numbers) <= max(numbers) < below:
            raise BadField(f"{key}: an entry is negative or leads nowhere")
        return np.array(numbers, dtype=np.int64)

    def facts(self, key: str) -> Facts:
        """Return pairs of name and value."""
        return _facts(key, self._data.get(key))

    def facts_by_row(self, key: str, n: int) -> dict[int, Facts]:
        """Return the pairs of those of `n` rows that have any."""
        found: dict[int, Facts] = {}
        for entry in self.entries(key):
            match entry:
                case [int(row), list(pairs)] if _is_row(row, n) and row not in found:
                    found[row] = _facts(key, pairs)
                case _:
                    raise BadField(f"{key}: an entry is no row with pairs of texts")
        return found

    def types(self, key: str) -> list[TensorType]:
        """Return tensor types, each a dtype and a shape."""
        return [_type(key, one) for one in self.entries(key)]

    def notes(self, key: str) -> list[Note]:
        """Return notes, no more than an import makes."""
        return [_note(one) for one in self.each(key)[: MAX_NOTES + 1]]


def _check_length(key: str, found: Sequence[object], n: int | None) -> None:
    if n is not None and len(found) != n:
        raise BadField(f"{key}: {len(found):,} entries instead of {n:,}")


def _facts(key: str, pairs: object) -> Facts:
    found: Facts = []
    for pair in pairs if isinstance(pairs, list) else [None]:
        match pair:
            case [str(name), str(value)]:
                found.append((name, value))
            case _:
                raise BadField(f"{key}: no list of pairs of texts")
    return found


def _is_row(row: int, n: int) -> bool:
    return type(row) is int and 0 <= row < n  # True is an int, but no row


def _type(key: str, found: object) -> TensorType:
    match found:
        case [str(dtype), None]:
            return TensorType(dtype)
        case [str(dtype), list(dims)] if all(_is_dim(one) for one in dims):
            return TensorType(dtype, tuple(cast("list[Dim]", dims)))
    raise BadField(f"{key}: an entry is no dtype with a shape")


def _is_dim(dim: object) -> bool:
    return dim is None or isinstance(dim, str) or type(dim) is int


def _note(fields: Fields) -> Note:
    message, examples = quoted(fields.text("message")), fields.texts("examples")[:5]
    n_times = max(1, fields.integer("n_times"))
    match fields.text("kind"):
        case ("lost" | "guessed" | "damaged" | "info") as kind:
            return Note(kind, message, n_times, tuple(map(quoted, examples)))
        case kind:
            raise BadField(f"notes: there is no kind “{quoted(kind)}”")
