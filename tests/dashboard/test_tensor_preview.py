"""The preview of constants: what is offered, what is read, and what is refused."""

from __future__ import annotations

import numpy as np
import panel as pn
import pytest
from numpy.typing import NDArray

from dashboard.panes import tensor_preview
from dashboard.panes.tensor_preview import TensorPreview, refusal, summary_facts, type_of
from dashboard.work import Work
from graphs.builder import GraphBuilder
from graphs.errors import ReadError
from graphs.ir import EmptySource, Graph, NodeKind
from graphs.tensor_summary import summarize
from graphs.tensor_type import TensorType
from tests.helpers.hostile_files import EVIL

WEIGHT = TensorType("float32", (2, 3))


class Held(EmptySource):
    """A source whose constants hold one array, and that counts how often it is asked."""

    def __init__(self, data: NDArray[np.generic] | ReadError | None) -> None:
        self.data, self.n_asked = data, 0

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the array, or raise what is held instead."""
        self.n_asked += 1
        if isinstance(self.data, ReadError):
            raise self.data
        return self.data


def _graph(source: Held, weight: TensorType = WEIGHT, n_weights: int = 1) -> Graph:
    """Weights: w0 --> ReadVariableOp --> conv, further ones straight into conv."""
    builder = GraphBuilder("main")
    kind = NodeKind.CONSTANT
    nodes = [builder.add_node(EVIL + f"w{i}", "Weight", kind=kind) for i in range(n_weights)]
    values = [builder.add_value(node, 0, "", weight) for node in nodes]
    read = builder.add_node("read", "ReadVariableOp")
    builder.add_edge(values[0], read, 0)
    values[0] = builder.add_value(read, 0)
    conv = builder.add_node("conv", "Conv2D")
    for slot, value in enumerate(values):
        builder.add_edge(value, conv, slot + 1)
    return builder.build(source)


def _preview(graph: Graph, name: str) -> TensorPreview:
    preview = TensorPreview(Work(lambda error: pytest.fail(str(error))))
    preview.offer(graph.node(graph.node_ids.index(name)))
    return preview


def _buttons(preview: TensorPreview) -> list[pn.widgets.Widget]:
    return [one for one in preview.buttons.objects if hasattr(one, "label")]


def test_a_weight_is_offered_by_its_consumer_and_read_when_asked() -> None:
    """An operator offers the weight behind a read; nothing is read before the button is pressed."""
    source = Held(np.arange(6, dtype=np.float32).reshape(2, 3))
    preview = _preview(_graph(source), "conv")
    (button,) = _buttons(preview)
    assert button.label.endswith("float32[2,3]") and source.n_asked == 0
    button.clicks += 1
    assert source.n_asked == 1
    assert "2×3" in preview.facts.object and EVIL not in preview.facts.object
    assert len(preview.plot) == 1


def test_another_selection_takes_the_values_away() -> None:
    """What is shown belongs to the node that is selected."""
    graph = _graph(Held(np.zeros((2, 3))))
    preview = _preview(graph, "conv")
    _buttons(preview)[0].clicks += 1
    preview.offer(graph.node(graph.node_ids.index("conv")))
    assert preview.facts.object
    preview.offer(None)
    assert not preview.facts.object and not len(preview.plot) and not _buttons(preview)


def test_a_node_with_many_weights_offers_some() -> None:
    """A thousand constants do not make a thousand buttons; the rest are counted."""
    preview = _preview(_graph(Held(None), n_weights=1000), "conv")
    assert len(_buttons(preview)) == tensor_preview.MAX_OFFERED
    assert "and 992 more" in preview.buttons[-1].object


@pytest.mark.parametrize(
    ("held", "told"),
    [(None, "The file holds no values."), (ReadError("m.onnx", "the data are cut"), "are cut")],
)
def test_what_cannot_be_read_is_told(held: ReadError | None, told: str) -> None:
    """A weight that the file lacks, or that is cut, is a sentence and no histogram."""
    preview = _preview(_graph(Held(held)), EVIL + "w0")
    _buttons(preview)[0].clicks += 1
    assert told in preview.facts.object and not len(preview.plot)


@pytest.mark.parametrize("dtype", ["float32", "string", ""])
def test_a_tensor_that_claims_a_huge_size_is_not_read(dtype: str) -> None:
    """The claim of the file is compared with the limit before the source is asked."""
    source = Held(None)
    preview = _preview(_graph(source, TensorType(dtype, (1 << 62,) * 40)), "conv")
    _buttons(preview)[0].clicks += 1
    assert source.n_asked == 0
    assert "read" in preview.facts.object


def test_a_sample_is_said_to_be_one() -> None:
    """Statistics of a part of a tensor say of how many elements they are."""
    data = np.broadcast_to(np.float16(0), (1 << 13, 1 << 11))
    assert dict(summary_facts(summarize(data), WEIGHT)).get("sampled") is None
    data = np.broadcast_to(np.float16(0), (1 << 13, 1 << 13))
    facts = dict(summary_facts(summarize(data), TensorType("float16", data.shape)))
    assert "of 67,108,864 elements" in facts["sampled"]
    assert facts["zeros"].endswith("100.0 %")
    assert refusal(TensorType("float16", data.shape)) == ""


def test_only_what_may_be_nan_is_counted_as_such() -> None:
    """Codes have no NaN; of floats the reader sees that there is none."""
    codes = dict(summary_facts(summarize(np.zeros(3, np.int8)), TensorType("int8", (3,))))
    floats = dict(summary_facts(summarize(np.array([np.nan, 1])), TensorType("float64", (2,))))
    assert "NaN, infinite" not in codes
    assert floats["NaN, infinite"] == "1, 0"


def test_the_type_of_a_constant_without_a_value_is_unknown() -> None:
    """A constant that produces nothing is offered without a type."""
    builder = GraphBuilder("main")
    builder.add_node("w", "Weight", kind=NodeKind.CONSTANT)
    assert str(type_of(builder.build().node(0))) == "?"
