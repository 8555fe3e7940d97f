"""What a TFLite file tells on demand: options, quantization, data."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import importers
from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from tests.helpers.tflite_writer import (
    FLOAT32,
    INT4,
    STRING,
    Operator,
    Subgraph,
    Tensor,
    flexbuffer,
    quantization,
    small_model,
    tflite_bytes,
)

ADD = schema.BuiltinOperator.ADD


def _model(constant, **fields):
    """Return a graph whose node 1 is the given constant."""
    tensors = [Tensor("x"), constant, Tensor("y")]
    return importers.read(
        tflite_bytes([Subgraph(tensors, [Operator(ADD, [0, 1], [2])], [0], [2])], **fields)
    ).graphs[0]


def _attributes(operator):
    tensors = [Tensor("x"), Tensor("y")]
    graph = importers.read(tflite_bytes([Subgraph(tensors, [operator], [0], [1])])).graphs[0]
    return graph.source.attributes(1)


def test_options_show_defaults_and_names_of_enums():
    """A field that the file leaves out shows its default; an enum shows its name."""
    graph = importers.read(small_model()).graphs[0]
    assert graph.source.attributes(2) == [
        ("padding", "SAME"),
        ("stride_w", "2"),
        ("stride_h", "2"),
        ("fused_activation_function", "RELU6"),
        ("dilation_w_factor", "1"),
        ("dilation_h_factor", "1"),
        ("op_version", "3"),
    ]


def test_custom_options_are_read_as_a_flexbuffer():
    """The map of a custom operator gives one attribute for each key."""
    operator = Operator("Detect", [0], [1], custom=flexbuffer({"classes": 90, "nms": [0.5, 2.0]}))
    assert _attributes(operator) == [
        ("classes", "90"),
        ("nms", "[0.5, 2]"),
        ("op_version", "1"),
    ]


def test_custom_options_of_another_kind_are_shown_as_bytes():
    """Bytes that are no FlexBuffer are shown with their length, in hexadecimal."""
    facts = _attributes(Operator("Other", [0], [1], custom=b"\xff\xfe\xfd\xfc"))
    assert facts == [("custom_options", "4 bytes: ff fe fd fc"), ("op_version", "1")]


def test_text_is_cut():
    """A long text or list from the file is cut to 4,096 characters."""
    options = schema.VarHandleOptionsT()
    options.container, options.sharedName = "c" * 9000, ""
    facts = _attributes(Operator(schema.BuiltinOperator.VAR_HANDLE, [0], [1], options))
    assert len(dict(facts)["container"]) == 4096
    reshape = schema.ReshapeOptionsT()
    reshape.newShape = [1] * 9000
    facts = _attributes(Operator(schema.BuiltinOperator.RESHAPE, [0], [1], reshape))
    assert dict(facts)["new_shape"].endswith("1, …]")
    assert len(dict(facts)["new_shape"]) <= 4096


def test_quantization_of_one_scale():
    """One scale and zero point are shown as numbers, without a dimension."""
    found = {"quantization": quantization([0.0078125], [-128])}
    facts = _model(Tensor("w", data=bytes(16), extra=found)).source.value_facts(1)
    assert facts == [("tensor_index", "1"), ("scale", "0.0078125"), ("zero_point", "-128")]


def test_quantization_by_channel():
    """Many scales come with the dimension that they belong to, and long lists are cut."""
    found = {"quantization": quantization([0.5] * 96, [0] * 96, 3)}
    facts = dict(_model(Tensor("w", data=bytes(16), extra=found)).source.value_facts(1))
    assert facts["scale"].endswith(", 0.5, …] (96 values)")
    assert facts["quantized_dimension"] == "3"


@pytest.mark.parametrize(
    ("type", "data", "expected"),
    [
        (FLOAT32, struct.pack("<2f", 1.5, -2.0), np.array([1.5, -2.0], np.float32)),
        (1, struct.pack("<2e", 1.5, -2.0), np.array([1.5, -2.0], np.float16)),
        (3, b"\x01\xff", np.array([1, 255], np.uint8)),
        (4, struct.pack("<2q", 1, -1), np.array([1, -1], np.int64)),
        (6, b"\x01\x00", np.array([True, False])),
        (8, struct.pack("<4f", 1, 2, 3, 4), np.array([1 + 2j, 3 + 4j], np.complex64)),
        (INT4, b"\xf7", np.array([7, -1])),
        (20, b"\xf7", np.array([7, 15])),
        (19, b"\x0e", np.array([-2, -1])),
        (18, struct.pack("<2H", 0x3FC0, 0xC000), np.array([1.5, -2.0])),
    ],
)
def test_data_of_each_type(type, data, expected):
    """A constant's bytes become numbers of its type; below eight bits the low bits come first."""
    array = _model(Tensor("w", (2,), type, data)).source.tensor(1)
    assert array.shape == (2,)
    np.testing.assert_array_equal(array.astype(expected.dtype), expected)


def test_strings():
    """A text tensor is its number of strings, their offsets, and their bytes."""
    texts = [b"a", b"", "é".encode()]
    offsets = [4 * 5 + sum(map(len, texts[:i])) for i in range(4)]
    data = struct.pack("<5i", 3, *offsets) + b"".join(texts)
    array = _model(Tensor("w", (3,), STRING, data)).source.tensor(1)
    assert array.tolist() == ["a", "", "é"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x01",
        struct.pack("<i", 2**31 - 1),
        struct.pack("<3i", 1, 12, 2**31 - 1),
        struct.pack("<4i", 2, 16, 12, 16),
        struct.pack("<3i", 1, -4, 4),
    ],
)
def test_damaged_strings(data):
    """Counts and offsets of a text tensor that leave it are refused."""
    with pytest.raises(DamagedSource):
        _model(Tensor("w", (1,), STRING, data)).source.tensor(1)


def test_a_huge_claim_allocates_nothing():
    """A shape that claims more than the buffer holds is refused before anything is allocated."""
    graph = _model(Tensor("w", (2**31 - 1,) * 3, data=bytes(16)))
    with pytest.raises(DamagedSource, match="claims"):
        graph.source.tensor(1)


def test_a_missing_buffer_is_refused():
    """A tensor that names a buffer past the last one opens, and its data is refused."""
    graph = _model(Tensor("w", extra={"buffer": 123456}))
    with pytest.raises(DamagedSource, match="no buffer 123,456"):
        graph.source.tensor(1)


def test_no_data():
    """Nodes that are no constants have no data; an empty constant has an empty array."""
    graph = _model(Tensor("w", (0, 3)))
    assert graph.source.tensor(0) is None
    assert graph.source.tensor(2) is None
    assert graph.source.tensor(1).shape == (0, 3)


def test_sparse_and_typeless_data():
    """Sparse tensors and types without elements are said to be unsupported, not guessed."""
    sparse = schema.SparsityParametersT()
    sparse.traversalOrder = [0, 1]
    graph = _model(Tensor("w", data=bytes(16), extra={"sparsity": sparse}))
    assert ("sparsity", "stored sparse") in graph.source.attributes(1)
    for found in (graph, _model(Tensor("w", (1,), 14, data=bytes(4)))):
        with pytest.raises(UnsupportedFeature):
            found.source.tensor(1)


def _behind(n_missing=0):
    """Return a model whose weights, 1.0 to 4.0, lie behind the FlatBuffer."""
    data = struct.pack("<4f", 1, 2, 3, 4)

    def build(offset):
        buffer = schema.BufferT()
        buffer.offset, buffer.size = offset, len(data)
        tensors = [Tensor("x"), Tensor("w", extra={"buffer": 1}), Tensor("y")]
        graph = Subgraph(tensors, [Operator(ADD, [0, 1], [2])], [0], [2])
        return tflite_bytes([graph], buffers=[schema.BufferT(), buffer])

    head = build(1 << 20)
    return build(len(head)) + data[: len(data) - n_missing]


def test_weights_behind_the_flatbuffer():
    """A buffer with an offset and a size lies behind the FlatBuffer, as in files above 2 GB."""
    model = importers.read(_behind())
    assert model.graphs[0].source.tensor(1).tolist() == [[1.0, 2.0, 3.0, 4.0]]
    assert (model.n_parameters, model.parameter_bytes) == (4, 16)


def test_weights_behind_the_flatbuffer_that_are_cut():
    """A file that ends before such weights do is damaged."""
    with pytest.raises(DamagedSource, match="reach past its end"):
        importers.read(_behind(n_missing=4))


def _external(group, packing=""):
    entry, found = schema.ExternalBufferGroupT(), schema.ExternalBufferT()
    entry.name = group
    found.id, found.group, found.offset, found.length, found.packing = 5, 0, 4, 16, packing
    tensors = [Tensor("x"), Tensor("w", extra={"externalBuffer": 5}), Tensor("y")]
    return tflite_bytes(
        [Subgraph(tensors, [Operator(ADD, [0, 1], [2])], [0], [2])],
        externalBufferGroups=[entry],
        externalBuffers=[found],
    )


def test_external_weights(tmp_path):
    """Weights in another file of the model's folder are counted at once and read on demand."""
    path = tmp_path / "model.tflite"
    path.write_bytes(_external("weights.bin"))
    (tmp_path / "weights.bin").write_bytes(bytes(4) + struct.pack("<4f", 1, 2, 3, 4))
    model = importers.read(path)
    assert (model.n_parameters, model.parameter_bytes) == (4, 16)
    assert model.graphs[0].source.tensor(1).tolist() == [[1.0, 2.0, 3.0, 4.0]]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", ".", "", "a\0b", "link", "no"])
def test_external_weights_stay_in_the_folder(tmp_path, name):
    """Paths, links that lead out of the folder and missing files are refused."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(100))
    (folder / "link").symlink_to(tmp_path / "secret")
    path = folder / "model.tflite"
    path.write_bytes(_external(name))
    with pytest.raises(ReadError, match="not in its folder"):
        importers.read(path).graphs[0].source.tensor(1)


def test_external_weights_too_short_packed_or_uploaded(tmp_path):
    """External weights that are cut, packed or that an upload cannot have are refused."""
    path = tmp_path / "model.tflite"
    (tmp_path / "weights.bin").write_bytes(bytes(8))
    path.write_bytes(_external("weights.bin"))
    with pytest.raises(DamagedSource, match="too short"):
        importers.read(path).graphs[0].source.tensor(1)
    path.write_bytes(_external("weights.bin", "zip"))
    with pytest.raises(UnsupportedFeature, match="packed"):
        importers.read(path).graphs[0].source.tensor(1)
    with pytest.raises(UnsupportedFeature, match="upload"):
        importers.read(_external("weights.bin")).graphs[0].source.tensor(1)


def test_a_file_that_was_replaced_is_refused(tmp_path):
    """Data that was not read yet is not taken from another file under the same name."""
    path = tmp_path / "model.tflite"
    weights = Tensor("w", (1 << 16,), data=bytes(4 << 16))
    graph = Subgraph([Tensor("x"), weights, Tensor("y")], [Operator(ADD, [0, 1], [2])], [0], [2])
    path.write_bytes(tflite_bytes([graph]))
    found = importers.read(path).graphs[0]
    assert found.source.tensor(1).shape == (1 << 16,)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ReadError, match="replaced"):
        found.source.tensor(1)
    path.unlink()
    with pytest.raises(ReadError, match="cannot be read"):
        found.source.tensor(1)
