"""Exported programs that are cut, changed or made to hurt."""

from __future__ import annotations

import copy
import json
import random
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from graphs.check import problems
from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from importers.pytorch_pickle import PickleRefused, stored_tensors
from tests.helpers import pytorch_files as files
from tests.helpers.importer_contract import (
    Case,
    check_limits,
    check_mutations,
    check_sources,
    outcomes,
)


def _open(whole):
    """Open a program, look at everything, and return the model."""
    model = importers.read(files.layout_2_9(whole, files.SMALL_WEIGHTS), name="net.pt2")
    for graph in model.graphs:
        assert problems(graph, model) == []
    check_sources(model)
    return model


def _notes(whole) -> list[str]:
    return [note.message for note in _open(whole).notes]


def _top(whole):
    return whole["graph_module"]["graph"]


def test_values_that_do_not_exist():
    """An argument that names nothing is left out with a note."""
    whole = files.small_program()
    _top(whole)["nodes"][0]["inputs"][1]["arg"] = files.tensor("nobody")
    assert _notes(whole) == ["An argument names a value that does not exist"]


def test_cycles_open_with_a_note():
    """A value that is read before it is produced opens, as a cycle."""
    whole = files.small_program()
    _top(whole)["nodes"][0]["inputs"][0]["arg"] = files.tensor("relu")
    assert _notes(whole) == ["A value is read before it is produced"]


def test_values_that_are_produced_twice():
    """The first producer of a value counts, and all nodes keep ids of their own."""
    whole = files.small_program()
    nodes = _top(whole)["nodes"]
    nodes[1] = nodes[0]
    assert "A value is produced twice; the first is shown" in _notes(whole)


def test_signatures_that_do_not_fit():
    """A signature with too few or too many inputs opens with a note."""
    for specs in ([], [files.user_input("x")], [files.user_input("x")] * 9):
        whole = files.small_program()
        whole["graph_module"]["signature"]["input_specs"] = specs
        assert bool(_notes(whole)) == bool(specs)


@pytest.mark.parametrize(
    "sizes",
    [
        [{"as_int": 1}] * 1000,
        [{"as_int": -1}],
        [{"as_int": 2**64}],
        [{}],
        [{"as_expr": {"expr_str": "Mul(" * 50_000}}],
        [{"as_expr": {"expr_str": "Symbol('a', x=True)" * 9}}],
        "x",
    ],
)
def test_sizes_that_cannot_be(sizes):
    """Any size opens; what cannot be one is unknown."""
    whole = files.small_program()
    _top(whole)["tensor_values"]["x"]["sizes"] = sizes
    _open(whole)


def test_weights_that_are_too_short():
    """A shape of more elements than are stored is refused, at once."""
    weights = dict(files.SMALL_WEIGHTS)
    members = files.members_2_9(files.small_program(), weights)
    config = "net/data/weights/model_weights_config.json"
    for sizes, strides in (
        ([1 << 40, 2], [2, 1]),
        ([3, 2], [1 << 61, 1]),
        ([1 << 40, 1], [0, 0]),
        ([3], [2, 1]),
        ([-1, 2], [2, 1]),
    ):
        entries = json.loads(members[config])
        meta = entries["config"]["block.0.w"]["tensor_meta"]
        meta["sizes"] = [{"as_int": n} for n in sizes]
        meta["strides"] = [{"as_int": n} for n in strides]
        changed = members | {config: json.dumps(entries).encode()}
        graph = importers.read(files.zipped(changed)).graphs[0]
        with pytest.raises(ReadError):
            graph.source.tensor(0)


def test_payload_paths_stay_in_the_archive():
    """A payload that names a file outside of the archive is refused."""
    members = files.members_2_9(files.small_program(), files.SMALL_WEIGHTS)
    config = "net/data/weights/model_weights_config.json"
    for path in ("../../../etc/hostname", "/etc/hostname", "weight_99", ""):
        entries = json.loads(members[config])
        entries["config"]["block.0.w"]["path_name"] = path
        changed = members | {config: json.dumps(entries).encode()}
        graph = importers.read(files.zipped(changed)).graphs[0]
        with pytest.raises(ReadError):
            graph.source.tensor(0)


def test_pickles_are_never_executed(tmp_path):
    """A state dict that would write a file is refused, and the file is not written."""
    evil = tmp_path / "PICKLE_WAS_EXECUTED"
    pickled = files.canary(str(evil))
    with pytest.raises(PickleRefused, match="open"):
        stored_tensors(pickled)
    inner = files.zipped({"archive/data.pkl": pickled})
    content = files.zipped(
        {
            "serialized_exported_program.json": json.dumps(files.small_program()).encode(),
            "serialized_state_dict.pt": inner,
            "serialized_constants.pt": inner,
        }
    )
    graph = importers.read(content).graphs[0]
    with pytest.raises(DamagedSource, match="pickle"):
        graph.source.tensor(0)
    assert not evil.exists()


def test_every_cut_and_many_changes_of_a_pickle_are_refused():
    """A pickle that is cut or changed gives tensors or PickleRefused, nothing else."""
    import io

    with zipfile.ZipFile(io.BytesIO(files.torch_saved(files.SMALL_WEIGHTS))) as archive:
        whole = archive.read("archive/data.pkl")
    assert set(stored_tensors(whole)) == set(files.SMALL_WEIGHTS)
    for length in range(len(whole)):
        with pytest.raises(PickleRefused):
            stored_tensors(whole[:length])
    rng = random.Random(5)
    for _ in range(3000):
        changed = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(whole))] = rng.randrange(256)
        try:
            stored_tensors(bytes(changed))
        except PickleRefused:
            continue


def _nested(depth: int) -> files.Json:
    """Return a program whose graphs are nested."""
    inner = files.graph([], [], [], {})
    for _ in range(depth):
        call = files.node(
            "torch.ops.higher_order.scan", {"f": {"as_graph": {"name": "g", "graph": inner}}}, []
        )
        inner = files.graph([], [call], [], {})
    return files.program(inner, [], [])


def test_deeply_nested_graphs():
    """Sixty nested bodies open; more are refused with the reason, as is endless nesting."""
    assert len(_open(_nested(60)).graphs) == 61
    with pytest.raises(UnsupportedFeature, match="nested deeper"):
        _open(_nested(90))
    text = json.dumps(_nested(0)).replace('"guards_code": []', "")
    deep = text.replace('"module_call_graph": []', f'"x": {"[" * 200_000}{"]" * 200_000}')
    content = files.zipped({"net/models/model.json": deep.encode(), "net/a": b""})
    with pytest.raises(UnsupportedFeature, match="nested more deeply"):
        importers.read(content)


def test_bombs_end_in_time_and_memory(tmp_path):
    """A swollen archive, endless nesting and a claimed size are dealt with in 5 s and 500 MB."""
    small = json.dumps(files.small_program()).encode()
    bombs = {
        "swollen.pt2": {"net/models/model.json": small[:-1] + b" " * (200 << 20) + b"}"},
        "nodes.pt2": {"net/models/model.json": small.replace(b'"nodes": [', _many_nodes())},
        "names.pt2": {"net/models/model.json": small.replace(b'"tensor_values": {', _many_types())},
        "deep.pt2": {"net/models/model.json": b'{"graph_module": ' * 500_000},
        "chain.pt2": {"net/models/model.json": json.dumps(_chain(50_000)).encode()},
    }
    paths = []
    for name, members in bombs.items():
        path = tmp_path / name
        path.write_bytes(files.zipped({**members, "net/b": b""}, zipfile.ZIP_DEFLATED))
        paths.append(path)
    members = {f"net/models/{i}": b"" for i in range(30_000)}
    (tmp_path / "members.pt2").write_bytes(files.zipped(members | {"net/models/m.json": small}))
    found = outcomes([*paths, tmp_path / "members.pt2"])
    for outcome in found.values():
        check_limits(outcome)
    assert found["swollen.pt2"].error == "UnsupportedFeature"
    assert found["chain.pt2"].error == ""
    assert found["chain.pt2"].seconds < 4
    assert found["members.pt2"].error == ""


def _many_nodes() -> bytes:
    node = b'{"target": "a.b.c", "inputs": [], "outputs": [], "metadata": {}},'
    return b'"nodes": [' + node * ((14 << 20) // len(node))


def _many_types() -> bytes:
    return b'"tensor_values": {' + b"".join(b'"v%d":0,' % i for i in range(1_000_000))


def _chain(n_nodes: int) -> files.Json:
    """Return a program of one long chain."""
    nodes = [
        files.node("torch.ops.aten.neg.default", {"x": files.tensor(f"v{i}")}, [])
        | {"outputs": [files.tensor(f"v{i + 1}")], "name": f"v{i + 1}"}
        for i in range(n_nodes)
    ]
    types = {f"v{i}": files.meta(2) for i in range(n_nodes + 1)}
    top = files.graph(["v0"], nodes, [files.tensor(f"v{n_nodes}")], types)
    return files.program(top, [files.user_input("v0")], [files.user_output(f"v{n_nodes}")])


def test_a_replaced_file_is_refused(tmp_path):
    """Weights are not read from a file that was replaced since it was opened."""
    path = tmp_path / "net.pt2"
    path.write_bytes(files.layout_2_9(files.small_program(), files.SMALL_WEIGHTS))
    graph = importers.read(path).graphs[0]
    time.sleep(0.01)
    path.write_bytes(files.layout_2_9(files.small_program(), {}))
    with pytest.raises(ReadError, match="replaced"):
        graph.source.tensor(0)


def _changed(content: bytes, rng: random.Random) -> bytes:
    """Return the content with a few bytes changed, dropped or repeated."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        kind = rng.random()
        if kind < 0.6:
            data[at] = rng.randrange(256)
        elif kind < 0.8:
            del data[at : at + rng.randint(1, 40)]
        else:
            data[at:at] = data[at : at + rng.randint(1, 40)]
    return bytes(data)


def _changed_json(rng: random.Random) -> bytes:
    """Return a program whose JSON text is changed inside an archive that is whole."""
    text = json.dumps(files.small_program()).encode()
    members = files.members_2_9(files.small_program(), files.SMALL_WEIGHTS)
    return files.zipped(members | {"net/models/model.json": _changed(text, rng)})


_SCRAPS = (None, 0, -1, 2**70, 1e308, "", "x", [], {}, True, [[]], {"name": "x"}, "relu")


def _swapped(rng: random.Random) -> bytes:
    """Return a program in whose JSON values are replaced by others of every kind."""
    whole = files.small_program()
    for _ in range(rng.randint(1, 3)):
        at = whole
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = rng.choice(keys)
            if not isinstance(at[key], (dict, list)) or not at[key] or rng.random() < 0.1:
                at[key] = copy.deepcopy(rng.choice(_SCRAPS))
                break
            at = at[key]
    return files.layout_2_9(whole, files.SMALL_WEIGHTS)


@given(st.integers(0, 2**40))
def test_mutations(seed: int):
    """Changed bytes, changed JSON and changed values end in our errors or in sound graphs."""
    rng = random.Random(seed)
    whole, weights = files.small_program(), files.SMALL_WEIGHTS
    contents = [
        _changed(files.layout_2_5(whole, weights), rng),
        _changed(files.layout_2_9(whole, weights), rng),
        _changed_json(rng),
        _changed_json(rng),
        _swapped(rng),
        _swapped(rng),
    ]
    check_mutations(Case("net.pt2", b"", "PyTorch ExportedProgram"), contents)
