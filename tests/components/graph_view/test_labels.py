"""What is written on the boxes."""

from __future__ import annotations

import pytest

from components.graph_view.drawing import labels_of
from graphs.builder import GraphBuilder
from graphs.visible import visible

FREE_TEXT = "see http://example.com/a.html, and the rest of a long sentence."


@pytest.mark.parametrize(
    ("op_type", "title"),
    [
        ("aten.mul.Tensor", "aten.mul.Tensor"),
        ("pkg.onnxscript.torch_lib._aten_vector_norm_onnx", "torch_lib._aten_vector_norm_onnx"),
        ("com.example." + "x" * 60, "x" * 60),
        (FREE_TEXT, FREE_TEXT),
    ],
)
def test_a_long_domain_leaves_room_for_the_name(op_type: str, title: str) -> None:
    """Outer parts of a domain go before the name of the operator is cut."""
    builder = GraphBuilder("g")
    builder.add_node("n", op_type)
    [found] = labels_of(visible(builder.build())).titles
    assert found == title


def test_a_numbered_group_is_titled_after_its_list() -> None:
    """The third block of `layers` is not called 2."""
    builder = GraphBuilder("g")
    for block in range(3):
        for i in range(2):
            builder.add_node(f"n{block}{i}", "Add", f"layers/{block}")
    graph = builder.build()
    opened = [graph.namespaces.index("layers")]
    titles = labels_of(visible(graph, opened)).titles
    assert titles == ["layers", "layers.0", "layers.1", "layers.2"]
