"""The parts of a page that measuring needs, without a server; and results that cost no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dashboard.arguments import parse
from dashboard.notices import Notices
from dashboard.opening import Opening
from dashboard.panes.measure import MeasurePane
from dashboard.run_record import ErrorFacts, LatencyFacts, SetInfo, TensorPair
from dashboard.run_request import Part, Request
from dashboard.runs import RunStore
from dashboard.session import Session
from dashboard.work import Work

HELD = {"method": "tests", "settings": {"n_threads": 1}, "versions": {"numpy": "2"}, "cpu": "CPU"}
PAIRS = (
    TensorPair("t", "float/a", "int8/a", "name"),
    TensorPair("u", "float/b", "int8/c", "place"),
)
EVIL = "<img src=x onerror=alert(1)>"


class Parts:
    """The parts of a page that measuring needs, with the digits sample open."""

    def __init__(self, folder: Path, *argv: str) -> None:
        self.session = Session()
        self.notices = Notices()
        self.work = Work(self.notices.add)
        arguments = parse(argv)
        store = RunStore(folder / "runs")
        self.opening = Opening(self.session, self.work, self.notices, arguments, store)
        self.pane = MeasurePane(self.session, self.work, self.notices, arguments, store)
        self.opening.open_at_start()

    @property
    def titles(self) -> list[str]:
        """What the list of runs shows."""
        return [item["label"] for item in self.pane.runs.list.items]

    @property
    def labels(self) -> list[str]:
        """What the graph may be coloured by."""
        return [data.label for data in self.session.node_data]

    def measure(self) -> None:
        """Press the button."""
        self.pane.start.clicks += 1

    def said(self) -> str:
        """What the reader was told."""
        return "\n".join(notice.text for notice in self.notices.shown)


def part_of(kind: str, request: Request, value: float = 2.0) -> Part:
    """What a measurement of three nodes gives, without running anything."""
    column = np.full(request.graph.n_nodes, np.nan)
    column[:3] = [value, 1.0, np.inf if kind == "error" else 3.0]
    if kind == "latency":
        facts = LatencyFacts(6.5, 6.0, 7.0, 6.5, 0.1, 0.92, 3, {"x": "why"}, {}, (EVIL,), HELD)
        return Part([(SetInfo("latency_ms", "latency", "ms", ("sum",), True), column)], facts)
    error = ErrorFacts("float.onnx", 4, False, f"trained apart {EVIL}", (), PAIRS, HELD)
    return Part([(SetInfo("sqnr_db", "SQNR", "dB", ("min",), False), column)], error=error)
