"""TensorFlow files that are cut, changed, or made to hurt."""

from __future__ import annotations

import random
import struct
import time

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.compat.proto import graph_pb2

from graphs.errors import ReadError, UnsupportedFeature
from importers import read
from importers.tensorflow_wire import is_graph, is_saved_model
from tests.helpers import tensorflow_models as made
from tests.helpers.importer_contract import Case, check_mutations, check_truncations

SMALL = Case(
    "m.pb", made.small_graph().SerializeToString(), "TensorFlow GraphDef", cut_may_open=True
)
SAVED = Case("saved_model.pb", made.saved_model(made.tf2_meta()), "TensorFlow SavedModel")
TEXT = Case("m.pbtxt", text_format.MessageToString(made.small_graph()).encode(),
            "TensorFlow GraphDef", cut_may_open=True)  # fmt: skip


def mutations(content: bytes, seed: int, n: int) -> list[bytes]:
    """Return broken copies: changed bytes, numbers, and pieces that are cut out."""
    draw = random.Random(seed)
    found = []
    for _ in range(n):
        broken = bytearray(content)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(broken))
            way = draw.random()
            if way < 0.5:
                broken[at] = draw.choice((0, 1, 127, 128, 255, draw.randrange(256)))
            elif way < 0.8:
                broken[at : at + 4] = struct.pack("<I", draw.choice((0, 1, 2**31, 2**32 - 1)))
            else:
                del broken[at : at + draw.randint(1, 20)]
        found.append(bytes(broken))
    return found


@pytest.mark.parametrize("case", [SMALL, SAVED, TEXT], ids=["graph", "saved model", "text"])
def test_mutations_raise_nothing_else(case: Case) -> None:
    """400 broken copies of each kind open without problems, or end in one of our errors."""
    start = time.monotonic()
    check_mutations(case, mutations(case.content, 5, 400))
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("case", [SAVED, TEXT], ids=["saved model", "text"])
def test_truncations(case: Case) -> None:
    """A cut file is refused; a text may be cut between two nodes."""
    check_truncations(case)


def test_other_formats_are_not_taken_for_ours() -> None:
    """ONNX, HLO and random bytes are left to others."""
    onnx = b"\x08\x08\x12\x07pytorch\x3a\x04\x12\x02ab"
    hlo = b"\x0a\x30\x0a\x04main\x12\x07main.42\x1a\x1f\x0a\x04main\x12\x17\x0a\x03a.1\x12\x03add"
    for head in (b"", onnx, hlo, b"\x8b\x4a\xe5\xf1", b"\x0a", b"\x0a\x00", b"node of a tree"):
        assert not is_saved_model(head)
        assert not is_graph(head)


def test_claimed_shapes_allocate_nothing() -> None:
    """A constant of exabytes that repeats one value is counted as stored, and not unfolded."""
    graph = graph_pb2.GraphDef()
    node = made.add(graph, "big", "Const", dtype=made.FLOAT)
    tensor = node.attr["value"].tensor
    tensor.dtype = made.FLOAT
    made.shape(tensor.tensor_shape, [2**40, 2**20])
    tensor.float_val.append(1.0)
    model = read(graph.SerializeToString(), name="m.pb")
    assert model.n_parameters == 1
    with pytest.raises(UnsupportedFeature, match="repeated"):
        model.graphs[0].source.tensor(0)
    tensor.tensor_content = b"1234"
    with pytest.raises(ReadError, match="4 bytes"):
        read(graph.SerializeToString(), name="m.pb").graphs[0].source.tensor(0)


def test_claimed_outputs_are_bounded() -> None:
    """An operation that says it has a billion outputs gets those that are read."""
    graph = made.small_graph()
    for i in range(2000):
        made.add(graph, f"s{i}", "Split", ["axis", "x"], T=made.FLOAT, num_split=2**40)
    made.add(graph, "reader", "Neg", ["s0:99999"], T=made.FLOAT)
    start = time.monotonic()
    model = read(graph.SerializeToString(), name="m.pb").graphs[0]
    assert time.monotonic() - start < 3
    assert len(model.value_names) < 40_000
    assert "s0:99999" in model.value_names


def test_functions_that_call_themselves_and_each_other() -> None:
    """Recursion between functions ends, also behind a signature."""
    meta = made.tf2_meta()
    model = next(f for f in meta.graph_def.library.function if "model_7" in f.signature.name)
    del model.node_def[:]
    made.add(model, "again", "StatefulPartitionedCall", ["x", "resource"],
             f="__inference_signature_wrapper_9", Tin=[1, 20], Tout=[1])  # fmt: skip
    found = read(made.saved_model(meta))
    assert [graph.id for graph in found.graphs].count("__inference_model_7") == 1


def test_a_long_chain_of_functions_and_nodes() -> None:
    """Three thousand functions in a chain and 20,000 nodes in another need no recursion."""
    graph = graph_pb2.GraphDef()
    made.add(graph, "x", "Placeholder", dtype=made.FLOAT)
    made.add(graph, "call", "PartitionedCall", ["x"], f="f0", Tin=[1], Tout=[1])
    for i in range(20_000):
        made.add(graph, f"n{i}", "Neg", [f"n{i - 1}" if i else "x"], T=made.FLOAT)
    for i in range(3000):
        function = made.add_function(graph, f"f{i}", {"a": 1}, {"b": (1, "c:output:0")})
        made.add(function, "c", "PartitionedCall", ["a"], f=f"f{i + 1}", Tin=[1], Tout=[1])
    start = time.monotonic()
    model = read(graph.SerializeToString(), name="m.pb")
    assert time.monotonic() - start < 10
    assert len(model.graphs) == 3001


def test_fifty_thousand_nodes() -> None:
    """A graph of 50,000 nodes, binary or text, is read within the budget."""
    graph = graph_pb2.GraphDef()
    made.add(graph, "x", "Placeholder", dtype=made.FLOAT)
    values, last = np.zeros(4, np.float32), "x"
    for i in range(16_666):
        scope = f"model/block_{i // 40}/unit_{i % 40}"
        made.constant(graph, f"{scope}/kernel", values)
        made.add(graph, f"{scope}/MatMul", "MatMul", [last, f"{scope}/kernel"], T=made.FLOAT)
        made.add(graph, f"{scope}/Relu", "Relu", [f"{scope}/MatMul"], T=made.FLOAT,
                 _output_shapes=[[4]])  # fmt: skip
        last = f"{scope}/Relu"
    content = graph.SerializeToString()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert read(content, name="m.pb").graphs[0].n_nodes == 49_999
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 4
