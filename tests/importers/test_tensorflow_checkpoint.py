"""Variables of a SavedModel: shapes from the checkpoint's index, values from its data."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from graphs.errors import ReadError
from importers import read
from importers.snappy import unpacked
from importers.tensorflow_checkpoint import table_entries
from tests.helpers import tensorflow_models as made

KERNEL = np.arange(12, dtype=np.float32).reshape(4, 3)


def literal(block: bytes) -> bytes:
    """Compress with Snappy's literals alone."""
    return made.varint(len(block)) + b"\xf4" + struct.pack("<H", len(block) - 1) + block


@pytest.mark.parametrize("pack", [None, literal])
def test_variables_have_values(tmp_path: Path, pack: object) -> None:
    """A folder opens by itself; its variables have the checkpoint's shape and data."""
    made.write_folder(tmp_path / "net", made.tf2_meta(), {"dense/kernel": KERNEL}, pack)
    model = read(tmp_path / "net")
    assert (model.name, model.notes) == ("net", ())
    assert (model.n_parameters, model.parameter_bytes) == (12, 48)
    for graph_id in ("main", "__inference_model_7"):
        graph = model.graph(graph_id)
        row = graph.node_ids.index("dense/kernel")
        np.testing.assert_array_equal(graph.source.tensor(row), KERNEL)
        assert ("checkpoint_key", "dense/kernel") in graph.source.attributes(row)


def test_the_checkpoint_knows_a_shape_that_the_graph_does_not(tmp_path: Path) -> None:
    """An unknown shape in the graph is completed from the index."""
    meta = made.tf2_meta()
    made.shape(meta.graph_def.node[0].attr["shape"].shape, None)
    made.write_folder(tmp_path / "net", meta, {"dense/kernel": KERNEL})
    graph = read(tmp_path / "net").graph("main")
    assert str(graph.node(0).value_type(0)) == "float32[4,3]"


def test_names_of_objects_lead_to_their_keys(tmp_path: Path) -> None:
    """TF2 stores variables by the path of their object; the stored graph of objects names them."""
    from tensorboard.compat.proto.trackable_object_graph_pb2 import TrackableObjectGraph

    made.write_folder(tmp_path, made.tf2_meta(), {})
    objects = TrackableObjectGraph()
    key = "layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    objects.nodes.add().attributes.add(full_name="dense/kernel", checkpoint_key=key)
    text = objects.SerializeToString()
    stored = made.varint(len(text)) + b"\0\0\0\0" + text
    data = KERNEL.tobytes() + stored
    entries = {
        b"": b"\x08\x01",
        key.encode(): made.entry(1, KERNEL.shape, 0, KERNEL.nbytes),
        b"_CHECKPOINTABLE_OBJECT_GRAPH": made.entry(7, [], KERNEL.nbytes, len(stored)),
    }
    (tmp_path / "variables" / "variables.index").write_bytes(made.table(entries))
    (tmp_path / "variables" / "variables.data-00000-of-00001").write_bytes(data)
    graph = read(tmp_path).graph("main")
    np.testing.assert_array_equal(graph.source.tensor(0), KERNEL)
    assert ("checkpoint_key", key) in graph.source.attributes(0)


def test_data_that_is_missing_or_cut_is_an_error_on_demand(tmp_path: Path) -> None:
    """The model opens; only looking at the value is refused."""
    made.write_folder(tmp_path, made.tf2_meta(), {"dense/kernel": KERNEL})
    data = tmp_path / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(b"short")
    graph = read(tmp_path).graph("main")
    with pytest.raises(ReadError, match="ends before"):
        graph.source.tensor(0)
    data.unlink()
    with pytest.raises(ReadError, match="not in its folder"):
        graph.source.tensor(0)


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """Neither index nor data is read from outside the model's folder."""
    made.write_folder(tmp_path / "a", made.tf2_meta(), {"dense/kernel": KERNEL})
    made.write_folder(tmp_path / "b", made.tf2_meta(), {"dense/kernel": KERNEL})
    for name in ("variables.index", "variables.data-00000-of-00001"):
        own = tmp_path / "a" / "variables" / name
        own.unlink()
        own.symlink_to(tmp_path / "b" / "variables" / name)
    model = read(tmp_path / "a")
    assert [note.kind for note in model.notes] == ["lost"]
    assert model.graph("main").source.tensor(0) is None


def test_a_damaged_index_is_a_note(tmp_path: Path) -> None:
    """Every cut of the index, and every changed byte, leaves a model that opens."""
    made.write_folder(tmp_path, made.tf2_meta(), {"dense/kernel": KERNEL, "other": KERNEL})
    path = tmp_path / "variables" / "variables.index"
    whole = path.read_bytes()
    n_noted = 0
    broken = [whole[:n] for n in range(0, len(whole), 3)]
    broken += [whole[:n] + bytes([whole[n] ^ 255]) + whole[n + 1 :] for n in range(len(whole))]
    for content in broken:
        path.write_bytes(content)
        n_noted += any(note.kind == "damaged" for note in read(tmp_path).notes)
    assert n_noted > len(whole) // 3


def test_keys_repeat_the_start_of_the_one_before() -> None:
    """A block's keys share prefixes; a block that says so wrongly is refused."""
    block = b"\x00\x03\x01abcX" + b"\x02\x01\x01dY" + struct.pack("<II", 0, 1)
    handle = b"\x00" + made.varint(len(block))
    index = b"\x00\x01" + made.varint(len(handle)) + b"~" + handle + struct.pack("<II", 0, 1)
    footer = b"\x00\x00" + made.varint(len(block) + 5) + made.varint(len(index))
    end = footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    whole = block + bytes(5) + index + bytes(5) + end
    assert list(table_entries(whole)) == [(b"abc", b"X"), (b"abd", b"Y")]
    with pytest.raises(ValueError, match="leaves its block"):
        list(table_entries(whole.replace(b"\x02\x01\x01d", b"\x09\x01\x01d")))


def test_snappy_literals_and_copies() -> None:
    """Each kind of element, one that reads what it writes included, gives the right bytes."""
    parts = b"\x08abc" + b"\x09\x03" + b"\x1a\x03\x00" + b"\x00d"
    assert unpacked(made.varint(17) + parts, 100) == b"abc" + b"abcabc" + b"abcabca" + b"d"


@pytest.mark.parametrize(
    "packed", [b"", b"\x05\x00a", b"\x04\x05\x09", b"\xff\xff\xff\x7f\x00a", b"\x03\xf4\xff\xff"]
)
def test_broken_snappy_is_refused(packed: bytes) -> None:
    """A cut block, a copy from nowhere and a claim beyond the limit are errors."""
    with pytest.raises(ValueError, match="compressed block"):
        unpacked(packed, 1000)
