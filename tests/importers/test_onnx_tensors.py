"""Weights and quantization of ONNX files are decoded when asked for, and never trusted."""

from __future__ import annotations

import os
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from graphs.ir import Graph
from importers import read
from tests.helpers import onnx_models as models

DTYPES = [
    np.float32, np.float64, np.float16, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32,
    np.int64, np.uint64, np.bool_, np.complex64, np.complex128, ml_dtypes.bfloat16,
    ml_dtypes.int4, ml_dtypes.uint4, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2,
    ml_dtypes.float4_e2m1fn, ml_dtypes.int2,
]  # fmt: skip


def graph_with(tensor: TensorProto) -> Graph:
    """Return the graph of a model whose only constant is `tensor`, named w."""
    proto = models.model_of(
        models.graph_of([models.node("Add", "x w", "y", "add")], initializers=[tensor])
    )
    return read(proto.SerializeToString(), name="m.onnx").graphs[0]


def constant(graph: Graph, node_id: str = "w") -> object:
    """Return the data of a node."""
    return graph.source.tensor(graph.node_ids.index(node_id))


def save(folder: Path, proto: ModelProto) -> Graph:
    """Write a model into a folder and return its graph, read from there."""
    path = folder / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    return read(path).graphs[0]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_raw_tensors_of_every_dtype_come_back(dtype: type) -> None:
    """What numpy wrote into a file is what is read, packed dtypes included."""
    wanted = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]]).astype(dtype)
    got = constant(graph_with(numpy_helper.from_array(wanted, "w")))
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("code", [c for c in range(1, 23) if c != TensorProto.STRING])
def test_tensors_in_typed_fields_come_back(code: int) -> None:
    """Numbers stored one by one, not as raw bytes, are read as onnx reads them."""
    tensor = helper.make_tensor("w", code, (3,), [1, 0, 1])
    np.testing.assert_array_equal(constant(graph_with(tensor)), numpy_helper.to_array(tensor))


def test_texts_are_objects() -> None:
    """Strings come back as text, bytes that are not UTF-8 as escapes."""
    tensor = helper.make_tensor("w", TensorProto.STRING, (2, 1), [b"a", b"\xff"])
    assert constant(graph_with(tensor)).tolist() == [["a"], ["\\xff"]]


def test_every_constant_value_comes_back() -> None:
    """Each of the ways in which a Constant can hold its value is decoded."""
    proto = models.every_attribute()
    graph = read(proto.SerializeToString(), name="m.onnx").graphs[0]
    got = [constant(graph, f"c{i}") for i in range(8)]
    assert [np.asarray(a).tolist() for a in got[:6]] == [
        2.5, [1.0, 2.0], 3, [4, 5, 6], "hi", ["a", "b"],
    ]  # fmt: skip
    dense = [[0, 0, 0, 0], [0, 0, 5, 0], [0, 0, 0, 6]]
    assert got[6].tolist() == dense
    assert got[7] is None
    assert constant(graph, "sp").tolist() == dense


def test_nodes_that_are_no_constants_have_no_data() -> None:
    """Inputs, operators and outputs hold no tensor."""
    graph = read(models.small().SerializeToString(), name="m.onnx").graphs[0]
    assert constant(graph, "x") is None
    assert constant(graph, "/block/Add") is None
    assert constant(graph, "y") is None


@pytest.mark.parametrize(
    ("dims", "n_bytes"), [((2**31, 2**31), 16), ((2, 3), 23), ((2, 3), 25), ((-1, 3), 12)]
)
def test_a_shape_that_the_bytes_do_not_fill_is_refused(dims: tuple, n_bytes: int) -> None:
    """Claimed sizes are compared with the bytes before anything is allocated."""
    tensor = TensorProto(name="w", data_type=1, dims=dims, raw_data=b"\0" * n_bytes)
    graph = graph_with(tensor)
    with pytest.raises(DamagedSource):
        constant(graph)


def test_typed_fields_that_are_too_short_are_refused() -> None:
    """The same holds for numbers that are stored one by one, strings included."""
    for code, field in ((1, "float_data"), (6, "int32_data"), (22, "int32_data")):
        tensor = TensorProto(name="w", data_type=code, dims=[1000])
        getattr(tensor, field).extend([1, 2])
        with pytest.raises(DamagedSource, match="2 numbers"):
            constant(graph_with(tensor))
    texts = TensorProto(name="w", data_type=8, dims=[10**15])
    with pytest.raises(DamagedSource, match="0 strings"):
        constant(graph_with(texts))


def test_a_dtype_that_nobody_knows_is_refused() -> None:
    """A code from a later ONNX opens, is named in the type, and refuses to be decoded."""
    graph = graph_with(TensorProto(name="w", data_type=99, dims=[2], raw_data=b"12"))
    assert graph.types[graph.value_type[1]].dtype == "type_99"
    with pytest.raises(UnsupportedFeature, match="99"):
        constant(graph)


@pytest.mark.parametrize(
    "indices", [[6, 12], [-1, 3], [0]], ids=["too large", "negative", "too few"]
)
def test_a_sparse_tensor_that_points_outside_itself_is_refused(indices: list[int]) -> None:
    """Indices are checked before anything is written through them."""
    graph = models.graph_of([models.node("Relu", "x", "y")])
    sparse = graph.sparse_initializer.add()
    sparse.CopyFrom(models.sparse("sp"))
    sparse.indices.CopyFrom(models.weight("at", np.int64(indices)))
    got = read(models.model_of(graph).SerializeToString(), name="m.onnx").graphs[0]
    with pytest.raises(DamagedSource, match="sparse"):
        constant(got, "sp")


def test_a_huge_sparse_tensor_is_not_written_out() -> None:
    """A few stored values that claim a petabyte of zeros are refused."""
    graph = models.graph_of([models.node("Relu", "x", "y")])
    sparse = graph.sparse_initializer.add()
    sparse.CopyFrom(models.sparse("sp"))
    del sparse.dims[:]
    sparse.dims.extend([2**25, 2**25])
    got = read(models.model_of(graph).SerializeToString(), name="m.onnx").graphs[0]
    with pytest.raises(ReadError, match="written out"):
        constant(got, "sp")


def test_external_data_is_read_from_the_models_folder(tmp_path: Path) -> None:
    """Bytes at an offset of a file beside the model are the tensor; opening needs none of them."""
    wanted = np.arange(6, dtype=np.float32).reshape(2, 3)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w.bin").write_bytes(b"\xff" * 8 + wanted.tobytes())
    graph = save(tmp_path, models.external("sub/w.bin", "8"))
    np.testing.assert_array_equal(constant(graph), wanted)
    facts = dict(graph.source.attributes(graph.node_ids.index("w")))
    assert facts["external data"] == "sub/w.bin"


@pytest.mark.parametrize(
    ("location", "offset", "length", "reason"),
    [
        ("../w.bin", "0", "24", "outside the model's folder"),
        ("sub/../../w.bin", "0", "24", "outside the model's folder"),
        ("{absolute}", "0", "24", "outside the model's folder"),
        ("link.bin", "0", "24", "outside the model's folder"),
        ("..\\w.bin", "0", "24", "outside the model's folder"),
        ("/dev/zero", "0", "24", "outside the model's folder"),
        ("fifo", "0", "24", "no such file"),
        ("missing.bin", "0", "24", "no such file"),
        ("w\0.bin", "0", "24", "outside the model's folder"),
        ("here.bin", "1", "24", "ends before"),
        ("here.bin", "0", "25", "needs 24"),
        ("here.bin", "-1", "24", "no number of bytes"),
        ("here.bin", "9" * 30, "24", "no number of bytes"),
        ("", "0", "24", "no location"),
    ],
)
def test_external_data_is_never_read_from_elsewhere(
    tmp_path: Path, location: str, offset: str, length: str, reason: str
) -> None:
    """Traversal, absolute paths, links, devices and false lengths are noted, and refused."""
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(24))
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    (folder / "here.bin").write_bytes(bytes(24))
    os.mkfifo(folder / "fifo")
    location = location.format(absolute=tmp_path / "w.bin")
    path = folder / "m.onnx"
    path.write_bytes(models.external(location, offset, length).SerializeToString())
    model = read(path)
    with pytest.raises(ReadError, match=reason):
        constant(model.graphs[0])
    is_only_odd = length == "25"  # the file is long enough for what the entry says
    assert [note.kind for note in model.notes] != [] or is_only_odd


def test_external_data_of_an_upload_is_out_of_reach() -> None:
    """Bytes have no folder, so nothing beside them is looked for."""
    content = models.external("m.onnx").SerializeToString()
    model = read(content, name="m.onnx")
    assert "without its folder" in str(model.notes[0])
    with pytest.raises(ReadError, match="without its folder"):
        constant(model.graphs[0])


def test_parameters_are_counted_from_sizes(tmp_path: Path) -> None:
    """External weights count though they are not read; a claim beyond the file does not."""
    path = tmp_path / "m.onnx"
    proto = models.external("missing.bin")
    lie = TensorProto(name="lie", data_type=1, dims=[2**31, 2**31], raw_data=bytes(16))
    proto.graph.initializer.append(lie)
    proto.graph.initializer.append(models.weight("int4", np.zeros((3, 3), ml_dtypes.int4)))
    path.write_bytes(proto.SerializeToString())
    model = read(path)
    assert (model.n_parameters, model.parameter_bytes) == (6 + 9, 24 + 5)
    assert any("more elements than the file can hold" in str(note) for note in model.notes)


def facts_of(graph: Graph, name: str) -> dict[str, str]:
    """Return what is known of the value of that name."""
    return dict(graph.source.value_facts(graph.value_names.index(name)))


def test_quantization_is_told_of_both_sides() -> None:
    """Scale and zero point stand at what a quantizer makes, and at what a dequantizer reads."""
    graph = read(models.quantized().SerializeToString(), name="m.onnx").graphs[0]
    assert facts_of(graph, "xq") == {"scale": "0.5", "zero_point": "128"}
    assert facts_of(graph, "xd") == {"scale": "0.5", "zero_point": "128"}
    assert facts_of(graph, "dq") == {"scale": "0.1 … 0.2 (20 values)", "axis": "1"}
    assert facts_of(graph, "q") == facts_of(graph, "dq")
    assert facts_of(graph, "y") == {}


def test_a_scale_from_outside_a_body_is_found() -> None:
    """A body can use its outer graph's constants as scales."""
    quantize = models.node("QuantizeLinear", "x s", "b", "quantize")
    branch = models.graph_of([quantize], (), ("b",))
    outer = models.node("If", "c", "y", "choose", then_branch=branch, else_branch=branch)
    graph = models.graph_of([outer], ("x", "c"), initializers=[models.weight("s", np.float32(2))])
    model = read(models.model_of(graph).SerializeToString(), name="m.onnx")
    assert facts_of(model.graphs[1], "b") == {"scale": "2"}


def test_quantization_annotations_are_facts() -> None:
    """What the file annotates is shown with the parameter's value, or its name if computed."""
    proto = models.quantized()
    annotation = proto.graph.quantization_annotation.add(tensor_name="x")
    annotation.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="s1")
    annotation.quant_parameter_tensor_names.add(key="ZERO_POINT_TENSOR", value="y")
    graph = read(proto.SerializeToString(), name="m.onnx").graphs[0]
    assert facts_of(graph, "x") == {"scale_tensor": "0.5", "zero_point_tensor": "computed: y"}


def test_attributes_are_text_of_bounded_length() -> None:
    """Every kind of attribute has a text; long ones are cut, and small tensors are shown."""
    graph = read(models.every_attribute().SerializeToString(), name="m.onnx").graphs[0]
    facts = dict(graph.source.attributes(graph.node_ids.index("odd")))
    assert facts["f"] == "1.5"
    assert facts["i"] == "-7"
    assert facts["s"] == "text"
    assert facts["fs"] == "[0.25, 0.5]"
    assert facts["is_"].endswith("255, … 300 in all]")
    assert facts["ss"] == "[a, b]"
    assert facts["t"] == "float32[2,3] 0, 1, 2, 3, 4, 5"
    assert facts["kind"] == "(attribute of unknown type 0)"
    assert len(facts["long"]) == 4096
