"""ONNX files that are broken, hostile or no ONNX at all."""

from __future__ import annotations

import random

import pytest
from onnx import TensorProto, helper

from graphs.check import problems
from graphs.errors import DamagedSource, UnknownFormat, UnsupportedFeature
from graphs.ir import Model, NodeKind
from importers import read
from importers.base import Probe
from importers.onnx import look
from tests.helpers import onnx_models as models
from tests.helpers.importer_contract import Case, check_mutations

NOT_ONNX = {
    "nothing": b"",
    "html": b"<!DOCTYPE html><html><body>Not found</body></html>",
    "json": b'{"graphs": [], "label": "x"}',
    "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n",
    "tflite": b"\x1c\x00\x00\x00TFL3\x14\x00\x20\x00\x1c\x00\x18\x00" + bytes(64),
    "zip": b"PK\x03\x04" + bytes(64),
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00",
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(64),
    "graphdef": b"\x0a\x1d\x0a\x05input\x12\x0bPlaceholder",
    "savedmodel": b"\x08\x01\x12\x40\x0a\x3e\x12\x04meta" + bytes(64),
    "zeros": bytes(256),
    "ones": b"\xff" * 256,
    "version only": b"\x08\x08",
    "version out of range": b"\x08\xff\xff\x03:\x02\x12\x00",
    "graph of another kind": b"\x08\x08:\x04\xff\x01\x02\x03",
}


def opened(proto: object) -> Model:
    """Read a model that onnx's helper built; it must have no problems."""
    model = read(proto.SerializeToString(), name="m.onnx")  # type: ignore[attr-defined]
    for graph in model.graphs:
        assert problems(graph, model) == []
    return model


def noted(model: Model, message: str) -> bool:
    """Return whether a note holds that text."""
    return any(message in str(note) for note in model.notes)


@pytest.mark.parametrize("name", NOT_ONNX)
def test_other_content_is_not_accepted(name: str) -> None:
    """Content decides: what is no ONNX model is not looked at twice for its extension."""
    assert not look(Probe("model.onnx", content=NOT_ONNX[name]))


@pytest.mark.parametrize("name", ["model.onnx", "model.bin", "unknown"])
def test_a_model_is_accepted_whatever_its_name(name: str) -> None:
    """A name without the usual extension changes nothing."""
    assert look(Probe(name, content=models.small().SerializeToString()))


def test_a_long_head_hides_no_model() -> None:
    """A graph that begins after the first bytes is found by the fields before it."""
    proto = models.small()
    proto.doc_string = "a word " * 10_000
    content = proto.SerializeToString()
    assert look(Probe("m", content=content))
    assert read(content).graphs[0].n_operators == 3


def test_cycles_open_with_a_note() -> None:
    """Nodes that wait for each other are drawn as they are."""
    nodes = [
        models.node("Add", "x c", "a", "A"),
        models.node("Relu", "a", "b", "B"),
        models.node("Neg", "b", "c", "C"),
    ]
    model = opened(models.model_of(models.graph_of(nodes, outputs=("c",))))
    assert noted(model, "in a cycle")
    assert model.graphs[0].n_edges == 5


def test_a_wrong_order_opens_with_a_note() -> None:
    """Nodes out of order still find each other."""
    nodes = [models.node("Relu", "a", "y"), models.node("Neg", "x", "a")]
    model = opened(models.model_of(models.graph_of(nodes)))
    assert noted(model, "order of execution")
    assert not noted(model, "cycle")
    assert model.graphs[0].n_edges == 3


def test_missing_inputs_and_outputs_are_noted() -> None:
    """A value that nothing makes leaves its slot empty, and the note says where."""
    nodes = [models.node("Add", "x ghost", "a", "add")]
    model = opened(models.model_of(models.graph_of(nodes, outputs=("a", "never"))))
    assert noted(model, "ghost of add")
    assert noted(model, "never")
    assert model.graphs[0].n_edges == 2


def test_a_missing_value_of_a_body_is_noted_once_and_captured_nowhere() -> None:
    """A body that uses what no outer graph has leaves the outer nodes without extra inputs."""
    branch = models.graph_of([models.node("Neg", "ghost", "b", "neg")], (), ("b",))
    outer = models.node("If", "c", "y", "choose", then_branch=branch)
    model = opened(models.model_of(models.graph_of([outer], ("c",))))
    [note] = model.notes
    assert "ghost of neg" in str(note)
    assert note.n_times == 1
    assert model.graphs[0].n_edges == 2
    assert NodeKind.INPUT not in model.graphs[1].node_kind.tolist()


def test_names_used_twice_get_numbers() -> None:
    """Ids stay unique, the first producer of a value keeps its consumers."""
    nodes = [
        models.node("Relu", "x", "a", "same"),
        models.node("Neg", "x", "a", "same"),
        models.node("Abs", "a", "y", "same"),
    ]
    model = opened(models.model_of(models.graph_of(nodes)))
    graph = model.graphs[0]
    assert graph.node_ids[1:4] == ("same", "same#2", "same#3")
    assert noted(model, "Two tensors have one name")
    reader = graph.node(3).in_edges[0]
    assert graph.node_ids[graph.edge_source[reader]] == "same"


def test_tensors_stored_twice_or_without_a_name_shift_nothing() -> None:
    """Odd inputs and initializers are nodes too, and what follows keeps its own edges."""
    nodes = [
        models.node("Add", "x w", "a", "add"),
        models.node("Clip", "a - w", "y", "clip"),
    ]
    tensors = [models.weight("w"), models.weight("w"), models.weight("")]
    graph = models.graph_of(nodes, ("x", "x", ""), initializers=tensors)
    model = opened(models.model_of(graph))
    got = model.graphs[0]
    assert noted(model, "Two tensors have one name")
    assert got.n_nodes == 3 + 3 - 1 + 2 + 1
    sources = [got.node_ids[i] for i in got.edge_source]
    targets = [got.node_ids[i] for i in got.edge_target]
    assert list(zip(sources, targets, got.edge_target_slot.tolist(), strict=True)) == [
        ("x", "add", 0),
        ("w", "add", 1),
        ("add", "clip", 0),
        ("w", "clip", 2),
        ("clip", "y", 0),
    ]


def test_names_that_are_not_utf8_stay_apart() -> None:
    """Two broken names that differ still name two values."""
    content = models.small().SerializeToString().replace(b"two", b"\xfe\xff\xfe")
    model = read(content.replace(b"/block/Add_out", b"/block/Add_\xff\xff\xff"))
    assert noted(model, "not UTF-8")
    assert "\\xfe\\xff\\xfe" in model.graphs[0].value_names
    assert model.graphs[0].n_edges == 5


def test_an_operator_set_that_is_not_imported_is_noted() -> None:
    """A domain in use that the file does not import is named; no import at all is a cut file."""
    nodes = [models.node("Thing", "x", "y", domain="my.ops")]
    model = opened(models.model_of(models.graph_of(nodes)))
    assert noted(model, "my.ops")
    content = models.small().SerializeToString()
    end = models.small().opset_import[0].ByteSize() + 2
    assert noted(read(content[:-end]), "may be cut")


def test_training_information_is_noted() -> None:
    """What is not shown is said to be lost."""
    proto = models.small()
    proto.training_info.add()
    assert noted(opened(proto), "Training information")


def test_a_function_defined_twice_is_noted() -> None:
    """The first definition is the one that calls lead to."""
    proto = models.with_functions()
    proto.functions.append(proto.functions[0])
    assert noted(opened(proto), "defined twice")


def test_a_function_that_calls_itself_is_no_loop_for_us() -> None:
    """Links between graphs are names, so recursion in the model costs nothing."""
    call = helper.make_node("F", ["a"], ["b"], domain="my.ops", name="again")
    imports = [models.OPSET, helper.make_opsetid("my.ops", 1)]
    function = helper.make_function("my.ops", "F", ["a"], ["b"], [call], imports)
    outer = helper.make_node("F", ["x"], ["y"], domain="my.ops")
    proto = models.model_of(models.graph_of([outer]), functions=[function], opset_imports=imports)
    assert opened(proto).graphs[1].subgraphs == {1: ("my.ops.F",)}


def test_bodies_nested_too_deep_are_refused() -> None:
    """Protobuf's own limit ends in our error."""
    graph = models.graph_of([models.node("Neg", "x", "y")], ("x",), ("y",))
    content = graph.SerializeToString()
    for _ in range(300):
        attribute = b"\x0a\x01b\x32" + _varint(len(content)) + content + b"\xa0\x01\x05"
        node = b"\x12\x01y\x22\x02If\x2a" + _varint(len(attribute)) + attribute
        content = b"\x0a" + _varint(len(node)) + node
    with pytest.raises(UnsupportedFeature, match="nested deeper"):
        read(b"\x08\x08\x3a" + _varint(len(content)) + content)


def test_bodies_nested_deep_open() -> None:
    """Thirty graphs inside each other are thirty graphs, found without recursion."""
    graph = models.graph_of([models.node("Neg", "x", "y", "end")], (), ("y",))
    for depth in range(29):
        call = models.node("If", "c", "y", f"if{depth}", then_branch=graph)
        graph = models.graph_of([call], (), ("y",))
    graph.input.extend([models.value("x"), models.value("c")])
    model = opened(models.model_of(graph))
    assert len(model.graphs) == 30
    assert model.notes == ()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def test_a_tensor_of_too_many_dimensions_opens_at_once() -> None:
    """A rank that no runtime has is noted, and its sizes are not multiplied."""
    tensor = TensorProto(name="w", data_type=1, dims=[2**62] * 200_000)
    graph = models.graph_of([models.node("Add", "x w", "y")], initializers=[tensor])
    assert noted(opened(models.model_of(graph)), "more than 255 dimensions")


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_ends_in_our_errors(seed: int) -> None:
    """Bytes changed, dropped or doubled give a graph without problems, or one of our errors."""
    makers = [models.small, models.branching, models.with_functions, models.every_attribute]
    content = makers[seed]().SerializeToString()
    rng = random.Random(seed)
    case = Case("m.onnx", content, "ONNX")
    check_mutations(case, (_mutated(content, rng) for _ in range(400)))


def _mutated(content: bytes, rng: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(broken))
        kind = rng.randrange(4)
        if kind == 0:
            broken[at] = rng.randrange(256)
        elif kind == 1:
            broken[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del broken[at : at + rng.randint(1, 3)]
        else:
            broken[at:at] = broken[at : at + rng.randint(1, 8)]
    return bytes(broken)


def test_a_cut_file_is_said_to_be_cut() -> None:
    """The usual damage, a download that stopped, is named."""
    content = models.small().SerializeToString()
    with pytest.raises(DamagedSource, match="cut"):
        read(content[: len(content) // 2], name="m.onnx")


def test_a_page_under_a_models_name_is_named() -> None:
    """The error says what the file is instead of a model."""
    with pytest.raises(UnknownFormat, match="HTML page"):
        read(NOT_ONNX["html"], name="m.onnx")
