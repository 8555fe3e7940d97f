"""Compare two models sample by sample, whatever runs them; in the worker process only.

A runner pairs the tensors and says what it computed of a sample; what is the same for
all of them is here: the loop over samples, the result, and the distribution of one
tensor's errors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from measures.error_histogram import ErrorHistogram, ErrorRange
from measures.error_sums import ErrorSums
from measures.runners.failure import MAX_TOLD, how_paired
from measures.runners.progress import report
from measures.samples import Feed, Samples

LocalResult = tuple[Any, Any] | str  # (float, quantized), or why there is none


class Reducer(Protocol):
    """Takes a tensor and its twin, one sample after the other, and keeps little of them."""

    def add(
        self,
        x: NDArray[np.generic],
        y: NDArray[np.generic],
        bounds: tuple[float, float] | None = None,
    ) -> None:
        """Add the elements of one sample."""


class Paired(Protocol):
    """A pair of tensors, as runners describe it."""

    @property
    def how(self) -> str:
        """What the pair was made by."""


class _Passed:
    """Takes what nobody asked for."""

    def add(
        self,
        x: NDArray[np.generic],
        y: NDArray[np.generic],
        bounds: tuple[float, float] | None = None,
    ) -> None:
        """Keep nothing."""


class Comparison(ABC):
    """Two models, their pairs of tensors, and what is kept of them.

    Parameters
    ----------
    tensors, keys, reference_keys : sequence of str
        Of each pair: the float tensor, and the node of the quantized and of the float model.
    found : sequence of Paired
    drawn : Samples

    Attributes
    ----------
    sums, local : list of Reducer
        Of the accumulated and of the local errors of each pair.
    skipped : dict of str to str
        Name of a node or tensor -> why it has no local error.
    failures : list of str
        What went wrong without ending the run.
    """

    method = ""

    def __init__(
        self,
        tensors: Sequence[str],
        keys: Sequence[str],
        reference_keys: Sequence[str],
        found: Sequence[Paired],
        drawn: Samples,
    ) -> None:
        self.tensors, self.keys, self.reference_keys = tensors, keys, reference_keys
        self.hows = [pair.how for pair in found]
        self.drawn = drawn
        self.sums: list[Any] = [ErrorSums() for _ in found]
        self.local: list[Any] = [ErrorSums() for _ in found]
        self.skipped: dict[str, str] = {}
        self.failures: list[str] = []
        self._dropped: set[int] = set()  # pairs whose local errors failed

    @abstractmethod
    def add(self, feed: Feed) -> None:
        """Run both models on one sample and add its errors."""

    @property
    @abstractmethod
    def steps(self) -> Sequence[float | None]:
        """The quantization step of each pair; None where there is not one."""

    def add_local(self, i: int, result: LocalResult) -> None:
        """Add what one pair gave alone; where that failed, former ones are forgotten."""
        if i in self._dropped:
            return
        if not isinstance(result, str):
            x, y = (np.asarray(one) for one in result)
            if x.shape == y.shape:
                self.local[i].add(x, y)
                return
            result = f"shapes {x.shape} and {y.shape} differ between the two"
        self._dropped.add(i)
        self.skipped[self.keys[i]] = result
        self.local[i] = ErrorSums()

    def run(self, what: str = "sample") -> None:
        """Run all samples."""
        feeds = self.drawn.feeds
        for i, feed in enumerate(feeds):
            report(i, len(feeds), f"{what} {i + 1} of {len(feeds)}")
            self.add(feed)

    def result(self, weights: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what a runner's ``error`` returns, as JSON types."""
        return {
            "tensors": list(self.tensors),
            "keys": list(self.keys),
            "reference_keys": list(self.reference_keys),
            "paired_by": self.hows,
            "scales": list(self.steps),
            "sums": [one.row() for one in self.sums],
            "local": [one.row() for one in self.local],
            "weights": weights,
            "notes": self.notes,
            **self._conditions(),
        }

    def distribution(self, tensor: str, kind: str) -> dict[str, Any]:
        """Return how the errors of one tensor are distributed, as JSON types.

        Parameters
        ----------
        tensor : str
            Of the float model.
        kind : str
            ``"accumulated"`` or ``"local"``.

        Raises
        ------
        NotRunnable
            The tensor has no twin, or no errors of that kind.
        """
        if tensor not in self.tensors:
            raise NotRunnable("the distribution of errors", f"a twin of the tensor {tensor[:100]}")
        place = list(self.tensors).index(tensor)
        found = ErrorRange()
        self._keep(place, kind, found)
        self.run("range of sample")
        histogram = ErrorHistogram(found)
        self._keep(place, kind, histogram)
        self.run("errors of sample")
        if not histogram.error_counts.sum() and not histogram.n_not_finite:
            why = self.skipped.get(self.keys[place], "") if kind == "local" else ""
            said = [f"{kind} errors of {tensor[:100]}", why, *self.failures]
            needs = "; ".join(filter(None, said))
            raise NotRunnable("the distribution of errors", needs, node=self.keys[place])
        return {
            **histogram.as_json(),
            "key": self.keys[place],
            "reference_key": self.reference_keys[place],
            "scale": list(self.steps)[place],
            "notes": self.notes,
            **self._conditions(),
        }

    def _keep(self, place: int, kind: str, reducer: Reducer) -> None:
        """Keep what `reducer` makes of one pair, and nothing of the others."""
        self.sums, self.local = [_Passed() for _ in self.hows], [_Passed() for _ in self.hows]
        (self.local if kind == "local" else self.sums)[place] = reducer

    @property
    def notes(self) -> list[str]:
        """What was guessed, and what could not be taken, and why."""
        told = [f"No local error of {name}: {why}" for name, why in self.skipped.items()]
        rest = len(told) - MAX_TOLD
        more = [f"and of {rest:,} more"] if rest > 0 else []
        return [
            *self.drawn.notes,
            *how_paired(self.hows),
            *self.failures,
            *told[:MAX_TOLD],
            *more,
        ]

    def _conditions(self) -> dict[str, Any]:
        feeds = self.drawn.feeds
        return {
            "n_samples": len(feeds),
            "inputs": {name: list(np.shape(value)) for name, value in feeds[0].items()},
            "data": self.drawn.origin,
            "method": self.method,
        }
