"""Groups from repeated structure: a run of items that occurs n times becomes n blocks.

Items are written down in an order in which wires go forward, the file's or depth first, as
tokens: their labels. Runs of tokens that occur several times come from the suffix array; an
occurrence counts if it overlaps no other and is wired inside exactly as the others are. The run
that shortens the sequence most is taken first, as in grammar-based compression (C. Nevill-Manning,
I. Witten: Off-line compression by greedy textual substitution, 2000); then the next.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphs.inferred_scope import Items, hangs_together, n_parts
from graphs.suffixes import repeated_runs

Int64s = NDArray[np.int64]

SHORTEST = 3  # items of a block
LEAST_SAVED = 5  # items that n blocks must spare: 2 of 7 do, 3 of 4, 7 of 2 would not
MAX_KINDS = 12  # of blocks in one scope: more cannot be told apart by a reader
MAX_SHIFTED = 512  # longer blocks begin where they were found
MAX_PERIODS = 64  # that a run is tried for: those of repeated blocks are its shortest
MAX_TRIES = 4000  # bounds the work on sequences that repeat at every length
MAX_PLACES = 4_000_000


def repeated_blocks(items: Items) -> list[list[Int64s]]:
    """Return for each kind of block the items of every occurrence; no item is in two."""
    n = len(items)
    orders = [depth_first(n, items.source, items.target)]
    if np.all(items.source < items.target):
        orders.insert(0, np.arange(n, dtype=np.int64))  # the file's: of two equally good the first
    best: list[list[Int64s]] = []
    most = 0
    for order in orders:
        found = _Sequence.of(items, order).blocks()
        saved = sum((len(starts) - 1) * (length - 1) for length, starts in found)
        if saved > most:
            most = saved
            best = [[order[s : s + length] for s in starts.tolist()] for length, starts in found]
    return best


def depth_first(n: int, source: Int64s, target: Int64s) -> Int64s:
    """Return items so that producers come first, depth first from the last consumers.

    What belongs together stays together. Wires that close a cycle may go back.

    Parameters
    ----------
    n : int
    source, target : int64 arrays, shape (m,)
        Wires, sorted by target.
    """
    ptr = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=n))]).tolist()
    producers = source.tolist()
    is_met = [False] * n
    found: list[int] = []
    is_read = np.zeros(n, dtype=bool)
    is_read[source] = True
    for root in [*np.flatnonzero(~is_read).tolist(), *range(n)]:
        stack = [] if is_met[root] else [(root, ptr[root])]
        is_met[root] = True
        while stack:
            item, at = stack.pop()
            if at == ptr[item + 1]:
                found.append(item)
                continue
            stack.append((item, at + 1))
            if not is_met[producers[at]]:
                is_met[producers[at]] = True
                stack.append((producers[at], ptr[producers[at]]))
    return np.array(found, dtype=np.int64)


def _saved(n: int, length: int) -> int:
    """Return how much shorter a sequence is with n runs written as one rule and n references."""
    return (n - 1) * (length - 1) - 1


def _repeats(run: Int64s) -> bool:
    """Whether a run is a shorter one, over and over; the last time may be cut."""
    half = len(run) // 2
    begins = np.flatnonzero(run[1 : half + 1] == run[0]) + 1
    ends = run[len(run) - 1 - begins] == run[-1]
    periods = begins[ends][:MAX_PERIODS].tolist()
    return any(np.array_equal(run[period:], run[:-period]) for period in periods)


@dataclass(slots=True, eq=False)
class _Sequence:
    """Items as tokens, and the wires into each place.

    Attributes
    ----------
    tokens : int64 array, shape (n,)
    ptr : int64 array, shape (n + 1,)
        The wires into place i are the rows ``ptr[i]:ptr[i + 1]``.
    source, target : int64 arrays, shape (m,)
        Places.
    ends : int64 array, shape (m, 4)
    is_taken : bool array, shape (n,)
        Places that are in a block already.
    alike : dict of (length, starts as bytes) to int64 array
        What `_equal` has found.
    """

    tokens: Int64s
    ptr: Int64s
    source: Int64s
    target: Int64s
    ends: Int64s
    is_taken: NDArray[np.bool_]
    alike: dict[tuple[int, bytes], Int64s] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Items, order: Int64s) -> _Sequence:
        """Write items down in an order."""
        n = len(items)
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(n)
        source, target = place[items.source], place[items.target]
        rows = np.lexsort((*items.ends.T[::-1], source, target))
        ptr = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=n))])
        return cls(
            items.label[order],
            ptr.astype(np.int64),
            source[rows],
            target[rows],
            items.ends[rows],
            np.zeros(n, dtype=bool),
        )

    def blocks(self) -> list[tuple[int, Int64s]]:
        """Return (length, starts) of each kind of block, the one that saves most first.

        What a run saves falls while others are taken: the best is looked at again before it counts.
        """
        runs = repeated_runs(self.tokens, SHORTEST)
        bound = np.minimum((runs.last - runs.first) * (runs.length - 1) - 1, len(self.tokens))
        # Occurrences so near each other make a run a repetition of a shorter one, found as well.
        gap = np.minimum(
            np.abs(runs.order[runs.first + 1] - runs.order[runs.first]),
            np.abs(runs.order[runs.last] - runs.order[runs.last - 1]),
        )
        rows = np.flatnonzero((bound >= LEAST_SAVED) & (2 * gap > runs.length))
        # Of equal bounds the shorter run, then the earlier one.
        heap = list(zip((-bound[rows]).tolist(), runs.length[rows].tolist(), rows.tolist(),
                        strict=True))  # fmt: skip
        heapq.heapify(heap)
        found: list[tuple[int, Int64s]] = []
        n_tries = n_places = 0
        while heap and len(found) < MAX_KINDS and n_tries < MAX_TRIES and n_places < MAX_PLACES:
            _, _, row = heapq.heappop(heap)
            n_tries += 1
            starts = np.sort(runs.order[runs.first[row] : runs.last[row] + 1])
            n_places += len(starts)
            saved, length, starts = self._best_of(int(runs.length[row]), starts)
            if saved < LEAST_SAVED:
                continue
            if heap and -heap[0][0] > saved:
                heapq.heappush(heap, (-saved, length, row))
                continue
            starts = self._shifted(length, starts)
            self.is_taken[(starts[:, None] + np.arange(length)).ravel()] = True
            found.append((length, starts))
            heapq.heappush(heap, (-saved, length, row))
        return found

    def _best_of(self, longest: int, starts: Int64s) -> tuple[int, int, Int64s]:
        """Return (saved, length, starts) of a run: as long as it is, or as its period."""
        gaps, count = np.unique(np.diff(starts), return_counts=True)
        usual = int(gaps[count.argmax()])
        lengths = [longest] if 2 * gaps[0] > longest else []
        if SHORTEST <= usual < longest:
            lengths.append(usual)
        best = (0, 0, starts)
        for length in lengths:
            kept = self._apart(length, starts)
            if _saved(len(kept), length) <= max(best[0], LEAST_SAVED - 1):
                continue
            if not self._is_block(int(kept[0]), length):
                continue
            kept = self._equal(length, kept)
            if _saved(len(kept), length) > best[0]:
                best = (_saved(len(kept), length), length, kept)
        return best

    def _apart(self, length: int, starts: Int64s) -> Int64s:
        """Return the occurrences that touch no taken place and no other occurrence."""
        taken = np.concatenate([[0], np.cumsum(self.is_taken)])
        free: Int64s = starts[taken[starts + length] == taken[starts]]
        if np.all(np.diff(free) >= length):
            return free
        found: list[int] = []
        end = -1
        for start in free.tolist():
            if start >= end:
                found.append(start)
                end = start + length
        return np.array(found, dtype=np.int64)

    def _inner(self, start: int, length: int) -> slice | NDArray[np.intp]:
        """Return the rows of the wires inside a run."""
        first, end = int(self.ptr[start]), int(self.ptr[start + length])
        source = self.source[first:end]
        return first + np.flatnonzero((source >= start) & (source < start + length))

    def _equal(self, length: int, starts: Int64s) -> Int64s:
        """Return the occurrences that are wired as most of them are."""
        asked = (length, starts.tobytes())  # runs of one period ask for the same, over and over
        if asked not in self.alike:
            self.alike[asked] = self._alike(length, starts)
        return self.alike[asked]

    def _alike(self, length: int, starts: Int64s) -> Int64s:
        by_wiring: dict[bytes, list[int]] = {}
        for start in starts.tolist():
            rows = self._inner(start, length)
            ends = (self.source[rows] - start, self.target[rows] - start, self.ends[rows])
            key = np.column_stack(ends).tobytes()
            by_wiring.setdefault(key, []).append(start)
        most = max(by_wiring.values(), key=len, default=[])
        return np.array(most, dtype=np.int64)

    def _is_block(self, start: int, length: int) -> bool:
        """Whether a run is not itself a repetition, and its items are near each other."""
        if _repeats(self.tokens[start : start + length]):
            return False
        rows = self._inner(start, length)
        group = np.zeros(length, dtype=np.int64)
        parts = n_parts(1, self.source[rows] - start, self.target[rows] - start, group)
        return hangs_together(length, int(parts[0]))

    def _shifted(self, length: int, starts: Int64s) -> Int64s:
        """Return the occurrences moved together to where the fewest values cross their borders.

        Blocks that follow each other repeat from any of their items on; a reader cuts where one
        value goes from block to block.
        """
        if length > MAX_SHIFTED:
            return starts
        fewest = self._n_crossing(length, starts)
        best, moved = starts, starts
        for step in (-1, 1):
            moved = starts
            for _ in range(length - 1):
                moved = moved + step
                edge = moved if step < 0 else moved + length - 1
                if edge[0] < 0 or edge[-1] >= len(self.tokens) or self.is_taken[edge].any():
                    break
                if len(np.unique(self.tokens[edge])) > 1:
                    break
                n_crossing = self._n_crossing(length, moved)
                if n_crossing < fewest and len(self._equal(length, moved)) == len(moved):
                    best, fewest = moved, n_crossing
        return best

    def _n_crossing(self, length: int, starts: Int64s) -> int:
        """Return how many different items are read across a border of the runs."""
        block = np.full(len(self.tokens), -1, dtype=np.int64)
        places = starts[:, None] + np.arange(length)
        block[places.ravel()] = np.repeat(np.arange(len(starts)), length)
        source, target = block[self.source], block[self.target]
        crossing = (source != target) & ((source >= 0) | (target >= 0))
        return len(np.unique(self.source[crossing]))
