"""Activation memory on the page: whose peak it names, and that it follows the session."""

from __future__ import annotations

from dashboard.open_model import OpenModel
from dashboard.panes.memory import MemoryPlot
from dashboard.session import Session
from graphs.builder import GraphBuilder
from graphs.ir import Model, NodeKind
from graphs.tensor_type import TensorType


def session_of(*shapes: tuple[int, ...] | None) -> Session:
    """Return a session with a chain of operators whose results have these shapes."""
    builder = GraphBuilder("main")
    node = builder.add_node("x", "Input", kind=NodeKind.INPUT)
    value = builder.add_value(node, 0, "", TensorType("float32", (1,)))
    for i, shape in enumerate(shapes):
        node = builder.add_node(f"op{i}", "MyOperator")
        builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0, "", TensorType("float32", shape))
    session = Session()
    session.add_model(OpenModel(Model("m", "ONNX", "tests", (builder.build(),))))
    return session


def said(plot: MemoryPlot) -> str:
    """What the line above the plot says."""
    text: str = plot.timeline._note.object
    return text


def test_the_peak_is_named_and_steps_select() -> None:
    """The operator that reads 256 values and writes 64 has most alive: 320 float32."""
    session = session_of((64,), (256,), (64,), (1,))
    plot = MemoryPlot(session)
    assert "1.25 KiB" in said(plot) and "op1" in said(plot)
    plot.timeline.choose(1.5, 1.5)
    assert session.selection.tolist() == [2]
    assert len(set(plot.timeline.colors)) == 2


def test_unknown_sizes_are_told() -> None:
    """A step with a tensor of unknown size is a lower bound, and the page says so."""
    plot = MemoryPlot(session_of((64,), None, (64,)))
    assert "2 of 3 steps" in said(plot)
