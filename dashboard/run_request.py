"""What a measurement is asked for, and what one gives. Imports no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dashboard.run_channels import ChannelErrors
from dashboard.run_files import FileSource
from dashboard.run_record import ErrorFacts, LatencyFacts, SetInfo
from graphs.errors import MeasureError
from graphs.ir import Graph, Model
from measures.latency import RUNTIMES, LatencySettings
from measures.quantization import N_RANDOM_SAMPLES
from measures.runners.worker import Limits

Kind = Literal["latency", "error"]
Column = tuple[SetInfo, NDArray[np.float64]]

MAX_TOLD = 5


@dataclass(frozen=True, slots=True)
class Request:
    """What is measured, and how.

    Attributes
    ----------
    model : Model
        Read from `file`; its first graph bears the results.
    file, reference, inputs : FileSource or None
        The reference is the float model; without inputs, seeded random data.
    kinds : tuple of Kind
        In this order.
    are_pictures : bool
        The inputs are a folder of pictures.
    mapping : FileSource or None
        Pairs of nodes where names differ, as `opscope compare` writes them.
    """

    model: Model
    file: FileSource
    kinds: tuple[Kind, ...]
    settings: LatencySettings = field(default_factory=LatencySettings)
    reference: FileSource | None = None
    inputs: FileSource | None = None
    are_pictures: bool = False
    n_samples: int = N_RANDOM_SAMPLES
    mapping: FileSource | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def graph(self) -> Graph:
        """The graph that bears the results."""
        return self.model.graphs[0]


@dataclass(frozen=True, slots=True)
class Part:
    """What one measurement gave: columns over the graph's nodes, and facts.

    `trouble` says what it lacks, `channels` are those of weights.
    """

    columns: list[Column]
    latency: LatencyFacts | None = None
    error: ErrorFacts | None = None
    trouble: MeasureError | None = None
    channels: ChannelErrors | None = None


def is_runnable(format: str) -> bool:
    """Return whether a model of that format can be measured."""
    return format in RUNTIMES


def unmatched_note(keys: Sequence[str]) -> list[str]:
    """Return a sentence on names that the runtime told and no node of the graph bears."""
    if not keys:
        return []
    shown = ", ".join(keys[:MAX_TOLD]) + (" …" if len(keys) > MAX_TOLD else "")
    return [f"{len(keys):,} measured names match no node of the graph: {shown}"]
