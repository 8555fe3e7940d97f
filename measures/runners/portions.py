"""Take many tensors of a run in portions that fit into memory; in the worker process only.

Imports the standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator

FIRST = 16


class Portions:
    """Divides n things into portions of at most `max_bytes`, learning how large each is.

    Until all sizes are known, portions begin with `FIRST` things and double as long as what
    was seen allows; each further portion costs a run of the models.

    Parameters
    ----------
    n : int
    max_bytes : int
        Of a portion; a single thing that is larger is a portion of its own.
    """

    def __init__(self, n: int, max_bytes: int) -> None:
        self._bytes: list[int] = [-1] * n
        self._max = max_bytes

    @property
    def total_bytes(self) -> int:
        """Bytes of all things whose size is known."""
        return sum(size for size in self._bytes if size > 0)

    def learn(self, index: int, n_bytes: int) -> None:
        """Note how large a thing is."""
        self._bytes[index] = max(self._bytes[index], n_bytes)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the indices of each portion, in order; sizes may be learned in between."""
        at, most = 0, FIRST
        while at < len(self._bytes):
            end = self._end(at, most)
            yield list(range(at, end))
            most = 2 * (end - at) if self._fits_twice(at, end) else max(1, (end - at) // 2)
            at = end

    def _end(self, begin: int, most_unknown: int) -> int:
        held, n_unknown = 0, 0
        for at in range(begin, len(self._bytes)):
            size = self._bytes[at]
            n_unknown += size < 0
            held += max(0, size)
            if at > begin and (held > self._max or n_unknown > most_unknown):
                return at
        return len(self._bytes)

    def _fits_twice(self, begin: int, end: int) -> bool:
        return 2 * sum(self._bytes[begin:end]) <= self._max
