"""What a graph says of its inputs."""

from __future__ import annotations

from dashboard.run_inputs import free_dimensions
from graphs.builder import GraphBuilder
from graphs.ir import NodeKind
from graphs.tensor_type import TensorType


def test_free_dimensions_are_asked_for_by_their_names() -> None:
    """A named dimension once, one without a name as INPUT.AXIS, a fixed one not at all."""
    builder = GraphBuilder("main")
    for name, shape in (("a", ("batch", 3, None)), ("b", ("batch", -1)), ("c", (2,))):
        node = builder.add_node(name, "Input", kind=NodeKind.INPUT)
        builder.add_value(node, 0, name, TensorType("float32", shape))
    assert free_dimensions(builder.build()) == ["batch", "a.2", "b.1"]
