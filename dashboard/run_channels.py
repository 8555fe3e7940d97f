"""Errors of weights by channel: a table beside a run's values, and its files.

A weight of k channels has k rows. Imports NumPy and `measures`, no widgets.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.error_measures import WEIGHT_MEASURES
from measures.weight_error import WeightError

MAX_ROWS = 2_000_000
IDS = tuple(one.id for one in WEIGHT_MEASURES)
TEXTS = ("node", "tensor")
NUMBERS = ("channel", "scale", *IDS)


@dataclass(frozen=True, slots=True, eq=False)
class ChannelErrors:
    """The channels of all weights, n of them; those of one weight stand together.

    Attributes
    ----------
    node, tensor : tuple of str, length n
        The node of the quantized model that reads the weight, and its name in the float model.
    numbers : mapping of str to float64 array, shape (n,)
        ``"channel"`` from 0, ``"scale"``: its quantization step, NaN without one, and
        a measure by its id, infinite where an error is none at all.
    """

    node: tuple[str, ...] = ()
    tensor: tuple[str, ...] = ()
    numbers: Mapping[str, NDArray[np.float64]] = field(
        default_factory=lambda: {name: np.zeros(0) for name in NUMBERS}
    )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.node)

    def of_node(self, node: str) -> list[tuple[str, dict[str, NDArray[np.float64]]]]:
        """Return (tensor, numbers of its channels) of each weight that a node reads."""
        found = []
        for start, end in self.weights():
            if self.node[start] == node:
                held = {name: column[start:end] for name, column in self.numbers.items()}
                found.append((self.tensor[start], held))
        return found

    def weights(self) -> Iterator[tuple[int, int]]:
        """Yield the rows (start, end) of each weight."""
        start = 0
        for row in range(1, len(self) + 1):
            is_end = row == len(self) or self._weight(row) != self._weight(start)
            if is_end or self.numbers["channel"][row] == 0:
                yield start, row
                start = row

    def _weight(self, row: int) -> tuple[str, str]:
        return self.node[row], self.tensor[row]


def channel_errors(
    weights: Sequence[WeightError], ids: Mapping[str, str]
) -> tuple[ChannelErrors, list[str]]:
    """Return the channels of all weights that have several, and a note of what was left out.

    Parameters
    ----------
    weights : sequence of WeightError
    ids : mapping of str to str
        Name that a runtime uses for a node -> node id.
    """
    told = [one for one in weights if one.channels]
    kept, n_rows = [], 0
    for one in told:
        n_rows += len(one.channels)
        kept += [one] if n_rows <= MAX_ROWS else []
    place = {one.key: i for i, one in reversed(list(enumerate(kept)))}
    kept.sort(key=lambda one: (place[one.key], -one.sums.n))  # of a node the largest first
    nodes = [ids.get(one.key, one.key) for one in kept for _ in one.channels]
    tensors = [one.tensor for one in kept for _ in one.channels]
    rows = [row for one in kept for row in _rows(one)]
    columns = np.array(rows, dtype=np.float64).reshape(-1, len(NUMBERS)).T
    numbers = dict(zip(NUMBERS, columns, strict=True))
    n_less = len(told) - len(kept)
    notes = [f"{n_less:,} weights are not kept by channel: too many channels"] if n_less else []
    return ChannelErrors(tuple(nodes), tuple(tensors), numbers), notes


def _rows(weight: WeightError) -> Iterator[tuple[float, ...]]:
    """Yield channel, scale and measures of each channel."""
    n = len(weight.channels)
    scales = weight.scales.tolist()
    steps = scales if len(scales) == n else [scales[0] if len(scales) == 1 else math.nan] * n
    for i, (sums, step) in enumerate(zip(weight.channels, steps, strict=True)):
        yield (float(i), step, *(measure.of(sums, step) for measure in WEIGHT_MEASURES))


def to_csv(table: ChannelErrors) -> str:
    """Return a row a channel; an exact channel's ratio is ``inf``."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*TEXTS, *NUMBERS])
    columns = [table.numbers[name].tolist() for name in NUMBERS]
    for node, tensor, *values in zip(table.node, table.tensor, *columns, strict=True):
        rows.writerow([node, tensor, int(values[0]), *map(_cell, values[1:])])
    return text.getvalue()


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def to_json(table: ChannelErrors) -> str:
    """Return a list of weights with an array a measure; JSON has no infinity: null stands there."""
    found: list[dict[str, Any]] = []
    for start, end in table.weights():
        own = {
            name: [float(f"{v:.6g}") if math.isfinite(v) else None
                   for v in table.numbers[name][start:end].tolist()]
            for name in ("scale", *IDS)
        }  # fmt: skip
        found.append({"node": table.node[start], "tensor": table.tensor[start], **own})
    return json.dumps(found, ensure_ascii=False, allow_nan=False) + "\n"
