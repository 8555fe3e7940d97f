"""What a graph says of its inputs, and the reader of pairs."""

from __future__ import annotations

import pytest

from dashboard.run_inputs import free_dimensions, read_mapping
from graphs.builder import GraphBuilder
from graphs.errors import MeasureError
from graphs.ir import NodeKind
from graphs.tensor_type import TensorType


def test_free_dimensions_are_asked_for_by_their_names() -> None:
    """A named dimension once, one without a name as INPUT.AXIS, a fixed one not at all."""
    builder = GraphBuilder("main")
    for name, shape in (("a", ("batch", 3, None)), ("b", ("batch", -1)), ("c", (2,))):
        node = builder.add_node(name, "Input", kind=NodeKind.INPUT)
        builder.add_value(node, 0, name, TensorType("float32", shape))
    assert free_dimensions(builder.build()) == ["batch", "a.2", "b.1"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b'{"a": "b"'])
def test_a_mapping_that_is_none_is_refused(content: bytes) -> None:
    """Only an object of texts pairs tensors."""
    with pytest.raises(MeasureError, match="no JSON object"):
        read_mapping("pairs.json", content)
    assert read_mapping("pairs.json", b'{"a": "b"}') == {"a": "b"}
