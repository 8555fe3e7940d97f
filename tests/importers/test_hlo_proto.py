"""Serialised HLO modules: bytes by hand, and what XLA itself writes."""

from __future__ import annotations

import struct

import jax
import numpy as np
import pytest

import importers
from graphs.errors import DamagedSource, ReadError
from importers.hlo_proto import looks_like_module
from importers.protobuf_wire import BrokenWire, fields, numbers
from tests.helpers.importer_contract import Case, check_contract, check_mutations
from tests.helpers.protobuf_writer import message


def _shape(code: int, *dims: int) -> bytes:
    return message((2, code), (3, dims), (5, message((1, tuple(reversed(range(len(dims))))))))


def _module(*more: tuple[int, object]) -> bytes:
    """Return a module: y = x + constant, with a reducer that is called."""
    x = message((1, "x"), (2, "parameter"), (3, _shape(11, 2)), (35, 1), (7, message((2, "x"))))
    literal = message((1, _shape(11, 2)), (8, struct.pack("<2f", 1.5, -2)))
    c = message((1, "c"), (2, "constant"), (3, _shape(11, 2)), (8, literal), (35, 2))
    meta = message((1, "add"), (2, "jit(f)/block/add"), (3, "model.py"), (4, 12), (15, 1))
    y = message((1, "y"), (2, "fusion"), (3, _shape(11, 2)), (7, meta), (11, "kLoop"), (35, 3),
                (36, (1, 2)), (37, (2,)), (38, (10,)), *more)  # fmt: skip
    entry = message((1, "main"), (2, x), (2, c), (2, y), (5, 11), (6, 3))
    p = message((1, "p"), (2, "parameter"), (3, _shape(11, 2)), (35, 5))
    other = message((1, "fused"), (2, p), (5, 10), (6, 5))
    frames = message((1, "model.py"), (2, "step"), (3, message((1, 1), (2, 1), (3, 44))),
                     (4, message((1, 1))))  # fmt: skip
    return message((1, "jit_f"), (2, "main"), (3, other), (3, entry), (6, 11), (17, frames))


def test_contract_of_a_module():
    """A module written by hand keeps all promises under any name; cuts between fields may open."""
    case = Case("m.hlo.pb", _module(), "HLO", n_graphs=2, n_operators=4, n_nodes=4, n_edges=4,
                n_parameters=2, cut_may_open=True)  # fmt: skip
    model = check_contract(case)
    graph = model.graphs[0]
    assert graph.node_ids == ("x", "c", "y", "output")
    assert graph.subgraphs == {2: ("fused",)}
    assert model.graphs[1].title == "fused (kLoop fusion)"
    facts = dict(graph.source.attributes(2))
    assert facts["kind"] == "kLoop"
    assert facts["op_name"] == "jit(f)/block/add"
    assert ("source", "model.py:12") in graph.source.attributes(2)
    assert ("source", "model.py:44 in step") in graph.source.attributes(2)
    np.testing.assert_array_equal(graph.source.tensor(1), np.array([1.5, -2], np.float32))
    assert graph.source.value_facts(0) == [("shape", "f32[2]{0}")]


def test_a_module_in_an_hlo_proto():
    """The same module inside an HloProto gives the same graphs."""
    inside = importers.read(message((1, _module())), name="m.pb")
    assert inside.format == "HLO"
    assert inside.graphs[0].node_ids == importers.read(_module(), name="m").graphs[0].node_ids


def test_attributes_of_messages():
    """Windows, dimension numbers, lists and strings are shown by name."""
    window = message((1, message((1, 3), (2, 2), (3, 1))), (1, message((1, 5))))
    dots = message((1, (1,)), (2, (0,)))
    graph = importers.read(
        _module(
            (15, window), (30, dots), (14, (0, 2)), (28, "kernel"), (24, struct.pack("<f", 0.5))
        )
    ).graphs[0]
    facts = dict(graph.source.attributes(2))
    assert facts["window"] == "size=3 stride=2 pad_low=1 × size=5"
    assert facts["dot_dimension_numbers"] == "lhs_contracting=1 rhs_contracting=0"
    assert facts["dimensions"] == "0, 2"
    assert facts["custom_call_target"] == "kernel"


def test_nested_tuples_end():
    """A shape that nests tuples a thousand deep is cut, not followed."""
    shape = _shape(11, 2)
    for _ in range(1000):
        shape = message((2, 13), (4, shape))
    x = message((1, "x"), (2, "parameter"), (3, shape), (35, 1))
    entry = message((1, "main"), (2, x), (5, 1), (6, 1))
    graph = importers.read(message((1, "m"), (2, "main"), (3, entry), (6, 1)), name="m").graphs[0]
    assert graph.types[0].dtype.startswith("tuple((((((((")


def test_tensorflow_graphs_are_not_taken_for_hlo():
    """A GraphDef begins with the same field numbers and is declined."""
    node = message((1, "a"), (2, "Const"), (3, "b"))
    assert not looks_like_module(message((1, node), (1, node)))
    assert looks_like_module(_module())
    assert not looks_like_module(b"")


def test_mutations_raise_nothing_else():
    """Changed bytes open as graphs without problems or end in a ReadError."""
    rng = np.random.default_rng(5)
    whole = _module()
    contents = []
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(len(data))] = rng.choice([0, 1, 8, 127, 128, 255, rng.integers(256)])
        contents.append(bytes(data))
    check_mutations(Case("m.hlo_proto", whole, "HLO"), contents)


def test_damage_is_said_with_its_place():
    """A module that ends inside a field says where."""
    with pytest.raises(DamagedSource, match="leaves its message"):
        importers.read(_module()[:-3], name="m.hlo_proto")
    with pytest.raises(ReadError):
        importers.read(message((1, "m"), (2, "main")), name="m.hlo_proto")


def test_wire_stays_in_bounds():
    """Lengths and numbers that leave the message are refused; negative numbers are read."""
    for broken in (b"\x0a\x05abc", b"\x08" + b"\xff" * 11, b"\x0b", b"\x00\x01", b"\x0d\x00"):
        with pytest.raises(BrokenWire):
            list(fields(broken, 0, len(broken)))
    minus = message((1, -1))
    assert numbers(minus, next(fields(minus, 0, len(minus)))) == [-1]


def test_the_message_and_the_text_of_xla_agree():
    """XLA's own message and its text of one module give the same nodes, types and edges."""

    def step(x):
        with jax.named_scope("block"):
            return jax.lax.while_loop(lambda c: c[1] < 3, lambda c: (c[0] * 2, c[1] + 1), (x, 0))

    hlo = jax.jit(step).lower(np.ones((2, 3), np.float32)).compiler_ir("hlo")
    of_text = importers.read(hlo.as_hlo_text().encode(), name="m.hlo")
    of_bytes = importers.read(hlo.as_serialized_hlo_module_proto(), name="m.hlo.pb")
    assert len(of_text.graphs) == len(of_bytes.graphs) > 2
    by_id = {graph.id: graph for graph in of_text.graphs}
    for graph in of_bytes.graphs:
        twin = by_id[graph.id]
        assert graph.value_names == twin.value_names
        assert [str(graph.types[t]) for t in graph.value_type] == [
            str(twin.types[t]) for t in twin.value_type
        ]
        np.testing.assert_array_equal(graph.edge_source, twin.edge_source)
        np.testing.assert_array_equal(graph.edge_target, twin.edge_target)
        assert graph.subgraphs == twin.subgraphs
