"""Large ONNX files open without their weights, and give the same model as they do whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto

import importers.onnx
from graphs.errors import DamagedSource, ReadError
from graphs.text import canonical_text
from importers import read
from importers.onnx_slim import slim_model
from tests.helpers import onnx_models as models


def write(folder: Path, n_weights: int = 6000) -> Path:
    """Write a model with one large weight and some small ones; return its path."""
    tensors = [
        models.weight("w", np.arange(n_weights, dtype=np.float32)),
        models.weight("small"),
        TensorProto(name="typed", data_type=1, dims=[500], float_data=[0.5] * 500),
    ]
    nodes = [
        models.node("Add", "x w", "a", "add"),
        models.node("Add", "a small", "b", "add2"),
        models.node("Add", "b typed", "y", "add3"),
    ]
    path = folder / "large.onnx"
    path.write_bytes(
        models.model_of(models.graph_of(nodes, initializers=tensors)).SerializeToString()
    )
    return path


def test_only_large_raw_data_is_left_in_the_file(tmp_path: Path) -> None:
    """What is parsed lacks the large weight, says where it is, and keeps everything else."""
    path = write(tmp_path)
    slim = slim_model(path)
    assert slim is not None
    assert len(slim) < path.stat().st_size - 23_000
    proto, whole = ModelProto.FromString(slim), ModelProto.FromString(path.read_bytes())
    large = proto.graph.initializer[0]
    assert (large.name, large.data_location, large.HasField("raw_data")) == ("w", 1, False)
    for side in (proto, whole):
        del side.graph.initializer[0]
    assert proto == whole


def test_a_slim_model_is_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, counts and tensors do not change with the way a file is parsed, links included."""
    path = write(tmp_path)
    whole = read(path)
    monkeypatch.setattr(importers.onnx, "SLIM_ABOVE_BYTES", 0)
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.onnx"
    link.symlink_to(path)
    for slim in (read(path), read(link)):
        assert canonical_text(slim) == canonical_text(whole)
        for name in ("w", "small", "typed"):
            node = slim.graphs[0].node_ids.index(name)
            got, wanted = (m.graphs[0].source.tensor(node) for m in (slim, whole))
            np.testing.assert_array_equal(got, wanted)


def test_a_file_that_shrinks_after_opening_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights are read when asked for; if they are gone by then, that is our error."""
    monkeypatch.setattr(importers.onnx, "SLIM_ABOVE_BYTES", 0)
    path = write(tmp_path)
    graph = read(path).graphs[0]
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ReadError, match="ends before"):
        graph.source.tensor(graph.node_ids.index("w"))


def test_broken_files_are_refused_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the fields do not add up, the parser is asked, and its refusal is ours."""
    monkeypatch.setattr(importers.onnx, "SLIM_ABOVE_BYTES", 0)
    content = write(tmp_path, 400).read_bytes()
    path = tmp_path / "cut.onnx"
    for length in range(4, len(content), 37):
        path.write_bytes(content[:length])
        try:
            read(path)
        except ReadError:
            continue
        assert length > len(content) - 8  # between the last two fields
    path.write_bytes(content[:24] + b"\xff" * 20 + content[44:])
    with pytest.raises(DamagedSource):
        read(path)


@pytest.mark.slow
def test_a_gigabyte_of_weights_costs_no_memory(tmp_path: Path) -> None:
    """Opening a file of 3 GB, more than protobuf can parse, stays far below its size."""
    proto = models.model_of(models.graph_of([models.node("Add", "x w", "y", "add")]))
    body = TensorProto(name="w", data_type=1, dims=[3, 1 << 28]).SerializeToString()
    n_bytes = 3 << 30
    raw = b"\x4a" + _varint(n_bytes)
    tensor_head = b"\x2a" + _varint(len(body) + len(raw) + n_bytes) + body + raw
    graph = proto.graph.SerializeToString()
    head = b"\x08\x0a\x3a" + _varint(len(graph) + len(tensor_head) + n_bytes) + graph + tensor_head
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + n_bytes)  # a hole that takes no disk
        file.seek(0, 2)
        file.write(b"\x42\x02\x10\x11")
    code = (
        "import sys; from importers import read\n"
        "from tests.helpers.read_in_process import peak_mb\n"
        "model = read(sys.argv[1])\n"
        "assert model.n_parameters == 3 << 28, model.n_parameters\n"
        "print(peak_mb())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert float(done.stdout) < 300


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
